-- SPDX-License-Identifier: MIT
-- A script under test: loaded unchanged into a context of its own on a host of the
-- network. `require "moonsip"` gives it that context's face, what it prints is kept,
-- and its sip.run() waits as it would on a real machine.

local context = require "moonsip.context"
local errors = require "moonsip.errors"
local face = require "moonsip.face"
local misuse = require "moonsip.misuse"
local web = require "moonsip.web"

---@class moonsip.test.Script
---@field path string
---@field name string              its column in ladders
---@field state "loading"|"running"|"ended"|"failed"|"down"
---@field output string[]          lines that it printed
---@field log string[]             lines of its log
---@field sip table                its face, as `require "moonsip"` gave it
---@field context moonsip.Context
---@field host moonsip.test.Host
---@field err string?              why it failed, with a traceback
local Script = {}
Script.__index = Script
Script.__name = "moonsip.test.script"

local script = {}

-- Libraries of Lua itself, and ours beside the face, are shared with the spec.
local function is_shared(name)
  return name:find "^moonsip%." or package.loaded[name] ~= nil and _G[name] ~= nil
end

-- `require` as the script sees it: its own modules are loaded into its environment,
-- so that they too get its face; C libraries and libraries without a file are shared.
local function requirer(self)
  local loaded = { moonsip = self.sip, ["moonsip.http"] = web.of(self.context) }
  return function(name)
    if loaded[name] ~= nil then return loaded[name] end
    local path = not is_shared(name) and package.searchpath(name, package.path)
    if not path then return require(name) end
    local chunk = assert(loadfile(path, "bt", self.env))
    local value = chunk(name, path)
    if value == nil then value = true end
    loaded[name] = value
    return value, path
  end
end

local function printer(lines)
  return function(...)
    local parts = table.pack(...)
    for at = 1, parts.n do parts[at] = tostring(parts[at]) end
    lines[#lines + 1] = table.concat(parts, "\t")
  end
end

local function environment(self, args)
  local env = setmetatable({}, { __index = _G })
  env._G, env.print = env, printer(self.output)
  env.arg = { [0] = self.path, table.unpack(args) }
  self.env = env
  env.require = requirer(self)
  return env
end

-- The context of the running life of the script; a restart begins another.
local function begin(self)
  local driver = self.net:new_driver(self.host)
  self.context = context.new {
    driver = driver, tasks = self.net.root.tasks,
    log = { write = function(line) self.log[#self.log + 1] = line end },
  }
  self.net:adopt(self.context)
  self.context:look_beside(self.path)
  self.net:share_prompts(self.context)
  self.sip = face.of(self.context)
  local chunk, why = loadfile(self.path, "bt", environment(self, self.args))
  if not chunk then return nil, why end
  self.state = "loading"
  local tasks = self.net.root.tasks
  tasks:enter(function()
    tasks:start(self, function(...)
      self.context.main_task = tasks:running()
      return chunk(...)
    end, table.unpack(self.args))
  end)
  return self
end

---@param net moonsip.test.Network
---@param host moonsip.test.Host
---@param path string
---@param args string[]
---@return moonsip.test.Script?
---@return string? why  a syntax error, a file that cannot be read
function script.new(net, host, path, args)
  local self = setmetatable({
    net = net, host = host, path = path, name = host.name, args = args,
    output = {}, log = {}, state = "down",
  }, Script)
  return begin(self)
end

-- The task of its main chunk waits: in sip.run that is what a program does.
function Script:task_waits(task)
  if task.wait.verb == "sip.run" then self.state = "running" end
end

function Script:task_done(_, err, trace)
  if self.state == "down" then return end
  self.state = err ~= nil and "failed" or "ended"
  if err ~= nil and not errors.is_quiet(err) then
    self.err = trace
    self.log[#self.log + 1] = trace
  end
end

--- True when a line that it printed matches a Lua pattern.
---@param pattern string
---@return boolean
function Script:printed(pattern)
  for _, line in ipairs(self.output) do
    if line:find(pattern) then return true end
  end
  return false
end

--- Ends it as sip.stop does: calls get their BYE, sip.run returns. Nothing while it has no power.
---@param grace number|string|nil
function Script:stop(grace)
  if self.state == "down" then return end
  self.sip.stop(grace)
end

--- Cuts its power: not a byte leaves it any more, and its connections are reset.
function Script:kill()
  if self.state == "down" then return end
  self.state, self.host.is_down = "down", true
  self.net.wire:reset_streams(self.host)
  self.net:forget(self.context)
end

--- Starts it anew, with empty memory and the same arguments; kills it before if need be.
function Script:restart()
  self:kill()
  self.host.is_down = false
  local ok, why = begin(self)
  if not ok then misuse.raise("script:restart: %s", why) end
  self.net:await_loaded(self)
end

return script
