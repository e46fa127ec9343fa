-- SPDX-License-Identifier: MIT
-- Tasks of a script's own: sip.go starts one, sip.group holds several together, so
-- that leaving a scope ends what was started in it.

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

---@class moonsip.Job
---@field done boolean       it ended
---@field private context moonsip.Context
---@field private task moonsip.Task?
---@field private group moonsip.Group?
---@field private waits moonsip.Wait[]
---@field private values table?       what its function returned
---@field private err any             what it raised
local Job = {}
Job.__index = Job
Job.__name = "moonsip.job"

---@class moonsip.Group
---@field count integer       tasks that did not end yet
---@field failed integer      tasks that raised
---@field private context moonsip.Context
---@field private jobs table<moonsip.Job, true>
---@field private cancelled moonsip.Error?
---@field private first_error any
local Group = {}
Group.__index = Group
Group.__name = "moonsip.group"

local group = {}

local function run(self, fn, ...)
  self.context.tasks.current.fn = fn -- whom the watchdog names
  self.values = table.pack(fn(...))
end

local function begin(context, owner_group, fn, ...)
  local self = setmetatable({
    context = context, group = owner_group, done = false, waits = {},
  }, Job)
  self.task = context.tasks:spawn(self, run, self, fn, ...)
  return self
end

--- Starts `fn(...)` as a task; it runs as soon as the caller waits or returns.
---@return moonsip.Job
function group.go(context, fn, ...)
  misuse.check("sip.go", "fn", fn, "function")
  return begin(context, nil, fn, ...)
end

local function start_wait(one, self)
  if self.done then
    if self.values then
      one:resolve(table.unpack(self.values, 1, self.values.n))
    else
      one:resolve(nil, self.err)
    end
  else
    table.insert(self.waits, one)
  end
end

--- Waits for the end: what the function returned, or `nil, err` with what it raised.
function Job:wait(callback)
  return wait.await(self.context, "job:wait", nil, callback, start_wait, self)
end

--- Its verbs return `nil, err` of kind "cancelled" from now on.
function Job:cancel()
  if self.task then
    self.context.tasks:cancel(self.task,
      errors.new("cancelled", "the task was cancelled"))
  end
end

Job.__close = Job.cancel

---@package
function Job:task_waits() end

---@package
function Job:task_done(task, err, trace)
  self.done, self.task, self.err = true, nil, err
  for _, one in ipairs(self.waits) do start_wait(one, self) end
  self.waits = {}
  if trace then self.context.report(task.fn, err, trace) end
  if self.group then self.group:job_done(self, err, trace) end
end

--- A group: `group:go(fn, ...)` starts tasks in it, `group:wait()` waits for them all,
--- and leaving the scope of a `<close>` group cancels those that still run.
---@return moonsip.Group
function group.new(context)
  return setmetatable({ context = context, jobs = {}, waits = {}, count = 0, failed = 0,
                        serial = 0 }, Group)
end

--- Starts a task in the group.
---@return moonsip.Job?
---@return moonsip.Error? err  the group was cancelled
function Group:go(fn, ...)
  misuse.check("group:go", "fn", fn, "function")
  if self.cancelled then return nil, self.cancelled end
  local job = begin(self.context, self, fn, ...)
  self.serial = self.serial + 1
  job.serial = self.serial
  self.jobs[job] = true
  self.count = self.count + 1
  return job
end

local function start_group_wait(one, self)
  if self.count > 0 then
    table.insert(self.waits, one)
  elseif self.first_error ~= nil then
    one:resolve(nil, self.first_error)
  else
    one:resolve(true)
  end
end

--- Waits until every task of the group has ended: true, or `nil, err` with the first
--- error that one of them raised. A task that raises does not end the others.
function Group:wait(callback)
  return wait.await(self.context, "group:wait", nil, callback, start_group_wait, self)
end

--- Every verb of its tasks returns `nil, err` of kind "cancelled" from now on.
function Group:cancel()
  if self.cancelled then return end
  self.cancelled = errors.new("cancelled", "the group was cancelled")
  local jobs = {}
  for job in pairs(self.jobs) do jobs[#jobs + 1] = job end
  -- In the order in which they were started: runs are to be repeatable.
  table.sort(jobs, function(a, b) return a.serial < b.serial end)
  for _, job in ipairs(jobs) do
    self.context.tasks:cancel(job.task, self.cancelled)
  end
end

Group.__close = Group.cancel

---@package
function Group:job_done(job, err, trace)
  self.jobs[job] = nil
  self.count = self.count - 1
  if trace then
    self.failed = self.failed + 1
    if self.first_error == nil then self.first_error = err end
  end
  if self.count > 0 then return end
  local waits = self.waits
  self.waits = {}
  for _, one in ipairs(waits) do start_group_wait(one, self) end
end

return group
