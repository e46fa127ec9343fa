-- SPDX-License-Identifier: MIT
--
-- A folder of temporary files, and commands run beside them.

local Scratch <const> = {}
Scratch.__index = Scratch

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- A new empty folder; `remove` it, or let `<close>` do so.
local function folder()
  local pipe <close> = assert(io.popen("mktemp -d"))
  return setmetatable({ path = assert(pipe:read("l")) }, Scratch)
end

-- Writes a file, with the folders on its way; returns its path.
function Scratch:write(name, text)
  local path = self.path .. "/" .. name
  assert(os.execute("mkdir -p " .. quote(path:match("^(.*)/"))))
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text))
  return path
end

-- Runs a shell command from the root of the checkout: what it printed on both
-- streams, and its exit status (128 + signal for a killed one).
function Scratch:run(command)
  local pipe = assert(io.popen(("{ %s\n} 2>&1 </dev/null"):format(command)))
  local output = pipe:read("a")
  local _, why, code = pipe:close()
  return output, why == "signal" and 128 + code or code
end

function Scratch:remove()
  os.execute("rm -rf " .. quote(self.path))
end

Scratch.__close = Scratch.remove

-- The root of the checkout: where the suite runs.
local function root()
  local pipe <close> = assert(io.popen("pwd"))
  return pipe:read("l")
end

return { root = root, folder = folder, quote = quote }
