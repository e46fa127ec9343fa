-- SPDX-License-Identifier: MIT
-- Tasks: every handler runs in a coroutine out of a pool, resumed only from here,
-- by ordinary Lua code on the main coroutine (api.md rule 2). A task ends, or waits
-- by yielding a token that no script can get hold of, or raises: then the traceback
-- is taken first and the coroutine closed after it, since one that raised does not
-- run its `<close>` variables by itself.
--
-- Who started a task is its owner, told what became of it:
--   owner:task_waits(task)                    it waits for the first time, and again
--   owner:task_done(task, err, trace)         it ended; without err, well
-- What its function returns is nobody's: who wants that (group.lua) has it stored.

local errors = require "moonsip.errors"

local create <const>, resume <const>, yield <const> =
  coroutine.create, coroutine.resume, coroutine.yield
local pack <const>, unpack <const> = table.pack, table.unpack

---@class moonsip.Task
---@field co thread
---@field fn function       what it runs
---@field owner table|false      who is told of its end
---@field wait moonsip.Wait|false     what it waits for
---@field values table|false     what it will be resumed with, while in the queue
---@field cancelled moonsip.Error|false  what every verb of it returns from now on
---@field refusals integer       verbs that it was refused since
---@field closing boolean        its `<close>` variables are being run: no verb may wait
---@field serial integer    of its last wait, over all tasks of the scheduler

---@class moonsip.Tasks
local Tasks = {}
Tasks.__index = Tasks

local task = {}

-- What a worker yields: IDLE when its function returned, WAIT inside a verb.
local IDLE <const>, WAIT <const> = {}, {}

-- Coroutines kept for the next handler, about 1 KB each.
local max_idle <const> = 1024

-- Resumptions in one turn before the sockets are looked at again.
local max_resumed <const> = 10000

-- As many arguments as `start` takes, since to adjust a list of them takes time.
local function work(fn, a, b, c, d)
  fn(a, b, c, d)
  return work(yield(IDLE))
end

-- What was given as a list.
local function apply(fn, values)
  return fn(unpack(values, 1, values.n))
end

--- The scheduler of a context.
---@param host table  { driver, wheel, watchdog, report = function(fn, err, trace) }
function task.new(host)
  return setmetatable({
    host = host,
    watchdog = host.watchdog,
    current = nil, -- the task whose coroutine runs
    depth = 0,     -- entries from the driver that are under way
    idle = {}, idle_count = 0,
    queue = {}, first = 1, last = 0,
    waiting = {}, -- those that wait, as keys
    serial = 0,
    kicked = false,
  }, Tasks)
end

--- A task object with a coroutine at rest. Fields that come and go are false when
--- absent: cheaper to set again than nil.
local function take(self)
  local count = self.idle_count
  if count > 0 then
    self.idle_count = count - 1
    return self.idle[count]
  end
  local one = { co = create(work), fn = false, owner = false, wait = false,
                cancelled = false, refusals = 0, closing = false, values = false,
                serial = 0 }
  self.watchdog:watch(one.co)
  return one
end

--- Puts a task that ended back into the pool.
local function give(self, one)
  one.cancelled, one.refusals = false, 0
  local count = self.idle_count + 1
  if count <= max_idle then
    self.idle_count = count
    self.idle[count] = one
  end
end

local function text_of(err)
  local ok, text = pcall(tostring, err)
  return ok and text or "error object without a text"
end

--- Takes the traceback, runs the `<close>` variables, tells the owner.
local function fail(self, one, err)
  local trace = not errors.is_quiet(err) and debug.traceback(one.co, text_of(err)) or nil
  local outer = self.current
  self.current, one.closing = one, true
  self.watchdog:unwatch(one.co)
  local _, second = coroutine.close(one.co)
  self.current = outer
  local fn, owner = one.fn, one.owner
  if trace and second ~= nil and second ~= err then
    trace = trace .. "\nand while closing: " .. text_of(second)
  end
  if owner then
    owner:task_done(one, err, trace)
  elseif trace then
    self.host.report(fn, err, trace)
  end
end

local function after(self, one, outer, ok, signal)
  self.current = outer
  self.watchdog:check(one)
  if signal == IDLE and ok then
    local owner = one.owner
    if owner then owner:task_done(one) end
    give(self, one)
  elseif signal == WAIT and ok then
    local owner = one.owner
    if owner then owner:task_waits(one) end
  elseif ok then
    fail(self, one, "coroutine.yield in a handler: nobody would resume it; "
      .. "wait with a verb of moonsip")
  else
    fail(self, one, signal)
  end
end

--- Runs `fn` as a task, now, up to its first wait, with at most four arguments.
---@param owner table?
---@param fn function
function Tasks:start(owner, fn, a, b, c, d)
  local one = take(self)
  one.fn, one.owner = fn, owner or false
  local outer = self.current
  self.current = one
  return after(self, one, outer, resume(one.co, fn, a, b, c, d))
end

--- Nobody is there to drain the queue: a timer that is due at once will.
local function kick(self)
  if self.kicked then return end
  self.kicked = true
  self.host.wheel:start(self.host.driver:now(), self)
  self.host.driver:changed()
end

local function enqueue(self, one, values)
  one.values = values
  self.last = self.last + 1
  self.queue[self.last] = one
  if self.depth == 0 then kick(self) end
end

--- The same with any number, as soon as what runs now has ended or waits.
---@return moonsip.Task
function Tasks:spawn(owner, fn, ...)
  local one = take(self)
  one.fn, one.owner = fn, owner or false
  enqueue(self, one, pack(apply, fn, pack(...)))
  return one
end

--- Puts a waiting task into the queue, to go on with these results of its verb.
function Tasks:wake(one, ...)
  one.wait = false
  self.waiting[one] = nil
  enqueue(self, one, pack(...))
end

--- Every verb of this task returns `nil, err` from now on, the one it is in too.
function Tasks:cancel(one, err)
  one.cancelled = one.cancelled or err
  if one.wait then one.wait:cancel(one.cancelled) end
end

--- Forgets every waiting task of a context: not another line of it runs, no `<close>`
--- variable either. What a simulated loss of power is.
function Tasks:abandon(context)
  for one in pairs(self.waiting) do
    if one.wait.context == context then self.waiting[one] = nil end
  end
end

--- Cancels every waiting task of a context, in the order in which they began to wait.
function Tasks:cancel_all(context, err)
  local found = {}
  for one in pairs(self.waiting) do
    if one.wait.context == context then found[#found + 1] = one end
  end
  table.sort(found, function(a, b) return a.serial < b.serial end)
  for _, one in ipairs(found) do self:cancel(one, err) end
end

--- Tasks that wait, or are about to run.
---@return integer
function Tasks:count()
  local count = self.last - self.first + 1
  for _ in pairs(self.waiting) do count = count + 1 end
  return count
end

--- Suspends the running task; returns what it is woken with.
function Tasks:suspend(wait)
  local one = self.current
  local serial = self.serial + 1
  self.serial, one.serial = serial, serial
  one.wait = wait
  self.waiting[one] = true
  return yield(WAIT)
end

local function drain(self)
  local left = max_resumed
  while self.first <= self.last and left > 0 do
    local one = self.queue[self.first]
    self.queue[self.first] = nil
    self.first = self.first + 1
    local values = one.values
    one.values = false
    local outer = self.current
    self.current = one
    after(self, one, outer, resume(one.co, unpack(values, 1, values.n)))
    left = left - 1
  end
  if self.first > self.last then self.first, self.last = 1, 0 end
end

--- The one way in from a driver: runs `fn(...)`, which starts or wakes tasks, then
--- what became ready. An error in it is the library's own, reported and contained.
function Tasks:enter(fn, ...)
  self.depth = self.depth + 1
  self.watchdog:mark_turn()
  local ok, trace = xpcall(fn, debug.traceback, ...)
  if not ok then self.host.report(fn, trace, trace) end
  if self.first <= self.last then drain(self) end
  self.depth = self.depth - 1
  if self.depth > 0 then return end
  self.watchdog:rest()
  if self.first <= self.last then kick(self) end
end

--- The timer of `kick`: the caller, which is inside `enter`, drains.
function Tasks:expire()
  self.kicked = false
end

--- The task of the running coroutine; nil in the main chunk and in coroutines
--- that are not ours.
---@return moonsip.Task?
function Tasks:running()
  local one = self.current
  if one and one.co == coroutine.running() then return one end
end

return task
