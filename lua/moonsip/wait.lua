-- SPDX-License-Identifier: MIT
-- What every waiting verb goes through: `await` finds out where it was called and
-- waits there. In a task it yields; with a trailing function it returns at once and
-- the function is called later, in a task of its own; in the main chunk it turns the
-- loop (api.md rules 2 and 3). Anywhere else waiting is impossible, and it says why.

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

local pack <const>, unpack <const> = table.pack, table.unpack

---@class moonsip.Wait
---@field verb string
---@field context moonsip.Context
---@field task moonsip.Task?   who waits: a task,
---@field callback function?   or a function; neither: the main chunk
---@field owner table?         of the task that runs the callback
---@field resolved boolean
---@field values table?        the results, until somebody takes them
---@field timer integer?       of expire_in
---@field undo function?       called when the wait is cancelled: stops what it waited for
local Wait = {}
Wait.__index = Wait
Wait.__name = "moonsip.wait"

local wait = {}

-- Verbs that a cancelled task, or the main chunk of a program that is being stopped,
-- may still call to clean up.
local max_refusals <const> = 100

--- True where a verb of ours may yield or turn the loop; else raises naming it.
local function place(tasks, verb)
  local running, is_main = coroutine.running()
  local current = tasks.current
  if is_main then
    if tasks.depth > 0 then
      misuse.raise("%s cannot wait in a filter, log or trace function; "
        .. "start a task with sip.go", verb)
    end
    return nil
  end
  if not current or current.co ~= running then
    misuse.raise("%s would wait, but the running coroutine is not one of moonsip's, so "
      .. "that nobody would resume it: call it in a handler or in sip.go, or give it a "
      .. "callback", verb)
  end
  if current.closing then
    misuse.raise("%s cannot wait while <close> variables are closed", verb)
  end
  if not coroutine.isyieldable() then
    misuse.raise("%s cannot wait inside table.sort, string.gsub, a metamethod or another "
      .. "function of C that calls back", verb)
  end
  return current
end

--- What a verb of the main chunk gives while the program is being stopped.
local function refuse_main(self)
  local context = self.context
  local err = errors.new("cancelled", "the program is being stopped")
  context.refusals = context.refusals + 1
  if context.refusals > max_refusals then error(err, 0) end
  self:cancel(err)
end

--- Turns the loop until the wait is over.
local function turn(self)
  local context = self.context
  while not self.resolved do
    if context.stopping then
      refuse_main(self)
    elseif not context.driver:step(nil) then
      self:cancel(errors.new("invalid", self.verb .. " waits for what can never happen"))
    end
  end
  return unpack(self.values, 1, self.values.n)
end

--- What a verb of a cancelled task gives. A loop that takes no notice of it, such as
--- `while true do sip.sleep(5) end`, would spin: past a bound the error is raised.
local function refuse(task)
  local err = task.cancelled
  task.refusals = task.refusals + 1
  if task.refusals > max_refusals then error(err, 0) end
  return nil, err
end

--- Waits for what `start(wait, ...)` sets going: it, or something later, calls
--- `wait:resolve(results...)`. Returns the results; with a callback, the wait
--- object, whose `:cancel()` gives up.
---@param context moonsip.Context
---@param verb string      its name, for error messages
---@param owner table?     of the callback's task
---@param callback function?
---@param start fun(wait: moonsip.Wait, ...)
function wait.await(context, verb, owner, callback, start, ...)
  local tasks = context.tasks
  if callback ~= nil and type(callback) ~= "function" then
    misuse.argument(verb, "callback", "function expected, got " .. type(callback))
  end
  local task = not callback and place(tasks, verb) or nil
  if task and task.cancelled then return refuse(task) end
  local self = setmetatable({
    verb = verb, context = context, owner = owner, task = task, callback = callback,
    resolved = false,
  }, Wait)
  start(self, ...)
  if callback then return self end
  if self.resolved then return unpack(self.values, 1, self.values.n) end
  if task then return tasks:suspend(self) end
  return turn(self)
end

--- Ends the wait with these results. Only the first time counts.
---@return boolean first
function Wait:resolve(...)
  if self.resolved then return false end
  self.resolved = true
  if self.timer then
    self.context.wheel:stop(self.timer)
    self.timer = nil
  end
  local tasks = self.context.tasks
  if self.callback then
    tasks:spawn(self.owner, self.callback, ...)
  elseif self.task and self.task.wait == self then
    tasks:wake(self.task, ...)
  else
    self.values = pack(...)
  end
  return true
end

--- Gives up: `nil, err` for who waits, and what was under way for it is stopped.
---@param err moonsip.Error?
function Wait:cancel(err)
  if self.resolved then return end
  self:resolve(nil, err or errors.new("cancelled", "cancelled"))
  if self.undo then self:undo() end
end

--- Resolves by itself after a span, with `true`, or with `nil, err` when one is given.
---@param ms integer
---@param err moonsip.Error?
function Wait:expire_in(ms, err)
  if self.resolved then return end
  self.timeout_error = err
  self.timer = self.context:start_timer(ms, self)
end

--- The timer of expire_in.
function Wait:expire()
  self.timer = nil
  if self.timeout_error then
    self:cancel(self.timeout_error)
  else
    self:resolve(true)
  end
end

return wait
