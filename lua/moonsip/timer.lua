-- SPDX-License-Identifier: MIT
-- sip.sleep, sip.after and sip.every.

local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

---@class moonsip.Timer
---@field private context moonsip.Context
---@field private fn function
---@field private period_ms integer?  nil: fires once
---@field private id integer?         of the wheel, nil when stopped
---@field private running boolean     the task of the last firing did not end yet
local Timer = {}
Timer.__index = Timer
Timer.__name = "moonsip.timer"

local timer = {}

-- Even "every 0" leaves room for the sockets.
local least_period_ms <const> = 1

local function start_sleep(self, ms)
  self:expire_in(ms)
end

--- Waits for a span. True, or `nil, err` when the wait was cancelled.
function timer.sleep(context, value, callback)
  local ms = duration.check("sip.sleep", "duration", value)
  return wait.await(context, "sip.sleep", nil, callback, start_sleep, ms)
end

local function start(context, verb, value, fn, repeats)
  local ms = duration.check(verb, "duration", value)
  misuse.check(verb, "fn", fn, "function")
  if repeats then ms = math.max(ms, least_period_ms) end
  local self = setmetatable({
    context = context, fn = fn, period_ms = repeats and ms or nil, running = false,
  }, Timer)
  self.id = context:start_timer(ms, self)
  self.at = context:now() + ms
  return self
end

--- Runs `fn()` once, in a task of its own, after a span.
---@return moonsip.Timer
function timer.after(context, value, fn)
  return start(context, "sip.after", value, fn, false)
end

--- Runs `fn()` again and again, each time in a task of its own. A firing is left out
--- while the one before still waits, so that a slow peer cannot pile tasks up.
---@return moonsip.Timer
function timer.every(context, value, fn)
  return start(context, "sip.every", value, fn, true)
end

--- The wheel's timer is due.
---@package
function Timer:expire()
  self.id = nil
  local context = self.context
  if self.period_ms then
    -- From instant to instant: lateness does not add up; missed ones are left out.
    local now = context:now()
    self.at = math.max(self.at + self.period_ms, now)
    self.id = context.wheel:start(self.at, self)
    if self.running then return end
  end
  self.running = true
  context.tasks:start(self, self.fn)
end

--- No further firing; one that runs goes on.
function Timer:stop()
  if self.id then
    self.context.wheel:stop(self.id)
    self.id = nil
  end
end

Timer.__close = Timer.stop

--- The task of a firing waits.
---@package
function Timer:task_waits() end

--- The task of a firing ended.
---@package
function Timer:task_done(task, err, trace)
  self.running = false
  if trace then self.context.report(task.fn, err, trace) end
end

return timer
