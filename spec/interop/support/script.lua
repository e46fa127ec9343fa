-- SPDX-License-Identifier: MIT
--
-- Scripts under test, run as users run them: `moonsip run SCRIPT ADDRESS ...`.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local turn <const> = require "spec.interop.support.turn"

local script <const> = {}

local command <const> = (os.getenv "BUILD" or "build") .. "/bin/moonsip"

--- Starts a script, whose first argument is where it listens.
---@param path string
---@param arguments string[]?  what follows; `address` among them is not needed
---@param options { command: string[]?, input: boolean?, address: string?, env: table<string, string>? }?
---@return Process  with `address`
function script.run(path, arguments, options)
  options = options or {}
  local line = { command, "run", "--log", options.log or "warn" } -- calls say what they do
  for _, each in ipairs(options.command or {}) do line[#line + 1] = each end
  line[#line + 1] = path
  local address = options.address or place.address()
  line[#line + 1] = address
  for _, each in ipairs(arguments or {}) do line[#line + 1] = each end
  local self = process.start(line, { input = options.input, env = options.env })
  self.name, self.address = path:match "[^/]+$", address
  return self
end

--- The same, and waits until it listens on UDP and TCP.
---@return Process
function script.serve(path, arguments, options)
  local self = script.run(path, arguments, options)
  turn.until_true(self.name .. " listening at " .. self.address, function()
    return self.code or place.is_open("udp", self.address) and place.is_open("tcp", self.address)
  end, function() return self:tell() end, true)
  if self.code then error(self:tell(), 0) end
  return self
end

--- Ends a script as a terminal does, or a service manager; it must end by itself,
--- with success.
---@param self Process
---@param signal string?
function script.stop(self, signal)
  self:send_signal(signal or "sigint")
  local code, by = self:wait()
  if code ~= 0 or by ~= 0 then error("no clean end\n" .. self:tell(), 0) end
end

return script
