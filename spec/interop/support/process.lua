-- SPDX-License-Identifier: MIT
--
-- Child processes: started, watched and ended by these specs, each by its own number.
-- A child never outlives its spec: `<close>` or `process.end_all` kills what runs.

local turn <const> = require "spec.interop.support.turn"
local uv <const> = require "luv"

local process <const> = {}

---@class Process
---@field name string        for messages
---@field output string      of both streams, so far
---@field code integer?      exit status, once it has ended
---@field signal integer?    that killed it; 0 when none did
local Process <const> = {}
Process.__index = Process

local running <const> = {}

-- What a failure shows of a child's output.
local shown <const> = 6000

local packages <const> = { sipp = "sip-tester", sipsak = "sipsak",
                          ["sip-options"] = "sofia-sip-bin", svmap = "sipvicious",
                          svwar = "sipvicious", svcrack = "sipvicious", baresip = "baresip-core",
                          linphonec = "linphone-cli", kamailio = "kamailio",
                          perl = "libnet-sip-perl" }

local function environment(more)
  local list = {}
  for name, value in pairs(uv.os_environ()) do
    if not (more and more[name]) then list[#list + 1] = name .. "=" .. value end
  end
  for name, value in pairs(more or {}) do list[#list + 1] = name .. "=" .. value end
  return list
end

-- In front of what has to be in time on a machine that others use too: a soft-phone whose clock
-- stands still loses frames by itself. No real-time priority: one that spins would starve us.
local may_be_urgent
local function in_front(program)
  if not os.execute(("command -v %s >/dev/null"):format(program)) then return {} end
  if may_be_urgent == nil then
    may_be_urgent = os.execute "test \"$(nice -n -15 nice 2>/dev/null)\" -lt 0" or false
  end
  return may_be_urgent and { "nice", "-n", "-15" } or {}
end

local function missing(program, err)
  local package = packages[program]
  error(("cannot start %s: %s%s"):format(program, err, package
    and ("; it comes with the package %s, which `make test` installs"):format(package) or ""), 0)
end

--- Starts a program; raises when it cannot.
---@param command string[]  the program and its arguments
---@param options { env: table<string, string>?, cwd: string?, input: boolean?, group: boolean?, urgent: boolean? }?  group: it
---  has children of its own, which end with it; urgent: it keeps time
---@return Process
function process.start(command, options)
  options = options or {}
  local self = setmetatable({ name = command[1]:match "[^/]+$", output = "", open = 2 }, Process)
  local out, err = uv.new_pipe(), uv.new_pipe()
  self.stdin = options.input and uv.new_pipe() or nil
  local line = options.urgent and in_front(command[1]) or {}
  table.move(command, 1, #command, #line + 1, line)
  local handle, pid = uv.spawn(line[1], {
    args = { table.unpack(line, 2) },
    stdio = { self.stdin, out, err },
    env = environment(options.env),
    cwd = options.cwd,
    detached = options.group,
  }, function(code, signal)
    self.code, self.signal = code, signal
    self.handle:close()
    running[self] = nil
  end)
  if not handle then missing(command[1], pid) end
  self.handle, self.pid, self.is_group = handle, pid, options.group
  running[self] = true
  for _, pipe in ipairs { out, err } do
    pipe:read_start(function(_, data)
      if data then
        self.output = self.output .. data
      else
        self.open = self.open - 1
        pipe:close()
      end
    end)
  end
  return self
end

--- What a failure says about it.
function Process:tell()
  local state = self.code == nil and "runs"
    or self.signal ~= 0 and ("was killed by signal %d"):format(self.signal)
    or ("ended with status %d"):format(self.code)
  return ("---- %s %s, its output:\n%s"):format(self.name, state, self.output:sub(-shown))
end

--- Writes to its standard input; nil closes that.
function Process:write(text)
  if text then return self.stdin:write(text) end
  self.stdin:close()
  self.stdin = nil
end

--- Waits until its output has what a Lua pattern wants; returns the match. With
--- `from`, only what came after that byte counts.
---@param pattern string
---@param from integer?
function Process:expect(pattern, from)
  local found
  turn.until_true(("%q of %s"):format(pattern, self.name), function()
    found = table.pack(self.output:match(pattern, from))
    return found[1] ~= nil or self.code ~= nil and self.open == 0
  end, function() return self:tell() end)
  if found[1] == nil then
    error(("%s ended without %q\n%s"):format(self.name, pattern, self:tell()), 0)
  end
  return table.unpack(found, 1, found.n)
end

--- How often its output has a pattern.
---@return integer
function Process:count(pattern)
  local _, count = self.output:gsub(pattern, "")
  return count
end

--- Waits until it has ended and all it wrote is read.
---@return integer code
---@return integer signal
function Process:wait()
  turn.until_true("end of " .. self.name, function()
    return self.code ~= nil and self.open == 0
  end, function() return self:tell() end)
  return self.code, self.signal
end

---@param signal string  "sigint", "sigterm" ...
function Process:send_signal(signal)
  if self.code == nil then self.handle:kill(signal) end
end

--- Kills it, if it still runs. Waits, so that its ports are free again.
function Process:close()
  if self.stdin then self:write(nil) end
  if self.code == nil then
    if self.is_group then uv.kill(-self.pid, "sigkill") else self.handle:kill "sigkill" end
    turn.until_true("end of " .. self.name, function() return self.code ~= nil end)
  end
  uv.run "nowait" -- closes what was told to close
end

Process.__close = Process.close

--- Kills whatever a failed test left behind.
function process.end_all()
  for one in pairs(running) do one:close() end
end

return process
