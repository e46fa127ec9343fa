-- SPDX-License-Identifier: MIT
--
-- The moonsip command as a child process.

local scratch <const> = require "spec.support.scratch"

local Program <const> = {}
Program.__index = Program

local command <const> = (os.getenv "BUILD" or "build") .. "/bin/moonsip"

local function command_line(arguments)
  local words = { command }
  for at, word in ipairs(arguments) do words[at + 1] = scratch.quote(word) end
  return table.concat(words, " ")
end

local function status_of(_, why, code)
  return why == "signal" and 128 + code or code
end

local function read_all(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

-- Runs it to its end: exit status, what it wrote to stdout and to stderr. `input` is
-- what it reads.
local function run(arguments, input)
  local folder <close> = scratch.folder()
  local err, from = folder.path .. "/err", folder:write("in", input or "")
  local words = command_line(arguments)
  local pipe = assert(io.popen(("exec %s <%s 2>%s"):format(words, from, err)))
  local out = pipe:read "a"
  return status_of(pipe:close()), out, read_all(err)
end

-- Starts it and returns at once. `read_line` gives its next line.
local function start(arguments)
  local folder = scratch.folder()
  local self = setmetatable({ folder = folder, err = folder.path .. "/err" }, Program)
  self.pipe = assert(io.popen(("echo $$; exec %s </dev/null 2>%s"):format(
    command_line(arguments), self.err)))
  self.pid = self.pipe:read "l"
  return self
end

function Program:read_line()
  return self.pipe:read "l"
end

-- Starts a script of this repository that says "listening on udp:IP:PORT, ...", and
-- gives the address.
local function serve(arguments)
  local self = start { "run", table.unpack(arguments) }
  self.first_line = self:read_line()
  if not self.first_line then
    local status, _, log = self:wait()
    error(("it ended at once, status %s: %s"):format(status, log), 2)
  end
  self.address = assert(self.first_line:match "udp:([%d.:]+)", self.first_line)
  return self
end

-- Sends a signal.
function Program:kill(name)
  os.execute(("kill -%s %s"):format(name, self.pid))
end

-- Waits for its end: exit status, what was left of stdout, and stderr.
function Program:wait()
  if not self.status then
    self.rest = self.pipe:read "a"
    self.status = status_of(self.pipe:close())
    self.log = read_all(self.err)
    self.folder:remove()
  end
  return self.status, self.rest, self.log
end

function Program:__close()
  if not self.status then self:kill "KILL" end
  self:wait()
end

return { run = run, start = start, serve = serve }
