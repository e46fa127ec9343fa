-- SPDX-License-Identifier: MIT
-- Functions that block, run in threads: each thread has a Lua state of its own, in which
-- the libraries that a function requires stay loaded. Arguments and results are copied.

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

---@class moonsip.Workers
---@field threads integer  that run at the same time, at most
---@field waiting integer  functions that may wait for one
---@field private context moonsip.Context
---@field package timeout_ms integer?  how long a function may take, for stores
---@field private core table?  of the driver; made when it is first used
local Workers = {}
Workers.__index = Workers
Workers.__name = "moonsip.workers"

local workers = {}

local default_threads <const>, max_threads <const> = 4, 256
local default_waiting <const>, max_waiting <const> = 1000, 1000000

local known <const> = { threads = true, waiting = true }

---@param context moonsip.Context
---@param options { threads: integer?, waiting: integer? }?
---@return moonsip.Workers
function workers.new(context, options)
  local verb <const> = "sip.workers"
  options = misuse.options(verb, options, known)
  return setmetatable({
    context = context,
    threads = misuse.integer(verb, "threads", options.threads or default_threads, 1,
      max_threads),
    waiting = misuse.integer(verb, "waiting", options.waiting or default_waiting, 0,
      max_waiting),
  }, Workers)
end

--- The code of a function that knows nothing of where it was written.
local function code_of(verb, fn)
  misuse.check(verb, "fn", fn, "function")
  if debug.getinfo(fn, "S").what == "C" then
    misuse.argument(verb, "fn", "a function of Lua expected, got one of C")
  end
  for at = 1, 255 do
    local name = debug.getupvalue(fn, at)
    if not name then break end
    if name ~= "_ENV" or at > 1 then
      misuse.argument(verb, "fn", ("it uses the local '%s' of outside, which stays in this "
        .. "thread: hand it over as an argument, or require it inside"):format(name))
    end
  end
  return string.dump(fn)
end

--- The error that a function raised in its thread.
local function raised(message, traceback)
  local reason = type(message) == "string" and message or "the function could not be run"
  return errors.new("invalid", reason, { cause = message, traceback = traceback })
end

local function start(one, self, verb, code, ...)
  local function done(well, ...)
    if well == nil then return one:resolve(nil, errors.new("cancelled", "the workers ended")) end
    if well then return one:resolve(...) end
    one:resolve(nil, raised(...))
  end
  local id, err = self.context.driver:work(self, code, done, ...)
  if id then
    if self.timeout_ms then
      one:expire_in(self.timeout_ms, errors.new("timeout", "no result in time"))
    end
    return
  end
  if err.at and err.at > 0 then
    misuse.argument(verb, "argument " .. err.at, "cannot be copied: " .. err.reason)
  end
  one:resolve(nil, err)
end

--- Runs `fn(...)` in a thread and waits for what it returns; `nil, err` when it raises
--- (`err.traceback`), and of kind limit when too many wait. A function as the last
--- argument is called with the results instead.
---@param fn function
---@param ... any  nil, booleans, numbers, strings, tables of these
function Workers:run(fn, ...)
  return workers.run(self, "workers:run", fn, ...)
end

---@package
function workers.run(self, verb, fn, ...)
  local code = code_of(verb, fn)
  local count = select("#", ...)
  local last = count > 0 and select(count, ...) or nil
  if type(last) ~= "function" then
    return wait.await(self.context, verb, nil, nil, start, self, verb, code, ...)
  end
  local arguments = table.pack(...)
  return wait.await(self.context, verb, nil, last, start, self, verb, code,
    table.unpack(arguments, 1, count - 1))
end

--- Ends its threads, and waits for what they run. Whoever waits for one gets `cancelled`.
function Workers:close()
  self.context.driver:end_work(self)
end

Workers.__close = Workers.close

return workers
