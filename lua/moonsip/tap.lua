-- SPDX-License-Identifier: MIT
-- Taps on the messages of an agent: agent:trace writes them to a file, or hands each to
-- a function, while it happens (api.md rule 12).

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local trace = require "moonsip.trace"

---@class moonsip.Tap
---@field private context moonsip.Context
---@field private engine table
---@field private fn fun(record: moonsip.Record)
---@field private file file*?
local Tap = {}
Tap.__index = Tap
Tap.__name = "moonsip.tap"

local tap = {}

local trace_options <const> = { file = true, append = true }

--- A function that writes records as text, a message each.
local function writer(file)
  return function(record)
    file:write(trace.text(record))
    file:flush()
  end
end

--- Shows every message of an agent that comes or goes from now on.
---@param agent moonsip.Agent
---@param where string|table|(fun(record: moonsip.Record))  a file's name, options, or who gets them
---@return moonsip.Tap?
---@return moonsip.Error? err  the file cannot be written
function tap.open(agent, where)
  local verb <const> = "agent:trace"
  local self = setmetatable({ context = agent.context, engine = agent.engine }, Tap)
  if type(where) == "function" then
    self.fn = where
  else
    local options = type(where) == "string" and { file = where }
      or misuse.options(verb, where, trace_options)
    misuse.check(verb, "file", options.file, "string")
    local file, why = io.open(options.file, options.append and "a" or "w")
    if not file then return nil, errors.new("io", why) end
    self.file, self.fn = file, writer(file)
  end
  self.context:add_tap(self)
  return self
end

--- Gets a record of some agent of the context.
---@package
function Tap:see(record, engine)
  if engine ~= self.engine then return end
  local ok, why = pcall(self.fn, record)
  if not ok then
    self:stop()
    self.context.log:error("agent:trace was stopped: %s", tostring(why))
  end
end

--- Shows no more. Doing it twice is fine.
function Tap:stop()
  self.context:remove_tap(self)
  if self.file then
    self.file:close()
    self.file = nil
  end
end

Tap.__close = Tap.stop

return tap
