-- SPDX-License-Identifier: MIT
-- sip.queue: messages that wait for somebody, under a key such as his name, until they are
-- delivered or expire. Who takes one has it for a while; when he neither says that it is done
-- nor gives it back, another may take it. So each is delivered at least once, whatever ends
-- in between, and twice when its deliverer was killed after he had delivered it.

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local handlers = require "moonsip.handlers"
local memory = require "moonsip.queue.memory"
local misuse = require "moonsip.misuse"
local sqlite = require "moonsip.queue.sqlite"
local value = require "moonsip.queue.value"

---@class moonsip.Queue
---@field store string     what keeps the messages: "memory" or "sqlite"
---@field package context moonsip.Context
---@field private keeper table          queue/memory.lua, queue/sqlite.lua
---@field private wish table            most, per_key, tries; spans in seconds
---@field private lent table<table, table>  what a script has, by the message
---@field private timer integer?
---@field private due_at integer?       when it fires
local Queue = {}
Queue.__index = Queue
Queue.__name = "moonsip.queue"

handlers.mixin(Queue, "queue")

local queue = {}

local verb <const> = "sip.queue"

local defaults <const> = { most = 10000, per_key = 100, size = 65536, tries = 10 }
local most_of <const> = { most = 100000000, per_key = 100000000, size = 16777216,
                          tries = 1000000 }
local spans <const> = { expires = "3d", lease = "1m" }
local default_retry <const> = { "30s", "1h" }

local known <const> = { most = true, per_key = true, size = true, tries = true, expires = true,
                        lease = true, retry = true }

-- Between two looks for whose turn has come.
local least_pause_ms <const> = 1000

--- What fires when the next turn has come, or the next message expires.
local Sweep = {}
Sweep.__index = Sweep

-- ---- making one

local function seconds_of(name, given)
  local ms = duration.check(verb, name, given)
  if ms < 1 then misuse.argument(verb, name, "at least a millisecond expected") end
  return ms / 1000
end

local function wish_of(options)
  local wish = {}
  for name, default in pairs(defaults) do
    local given = options[name]
    wish[name] = misuse.integer(verb, name, given == nil and default or given, 1, most_of[name])
  end
  for name, default in pairs(spans) do wish[name] = seconds_of(name, options[name] or default) end
  local retry = misuse.optional(verb, "retry", options.retry, "table") or default_retry
  wish.first = seconds_of("retry", retry[1])
  wish.longest = seconds_of("retry", retry[2] or retry[1])
  if wish.first > wish.longest then
    misuse.argument(verb, "retry", "{ first, longest } expected")
  end
  return wish
end

---@param context moonsip.Context
---@param where string?   "memory" (default), or "sqlite:PATH"
---@param options { most: integer?, per_key: integer?, size: integer?, tries: integer?, expires: any, lease: any, retry: any[]? }?
---@return moonsip.Queue
function queue.new(context, where, options)
  if type(where) == "table" then where, options = nil, where end
  options = misuse.options(verb, options, known)
  local path
  if where ~= nil and where ~= "memory" then
    path = misuse.text(verb, "store", where):match "^sqlite:(.+)$"
    if not path then misuse.argument(verb, "store", '"memory" or "sqlite:PATH" expected') end
  end
  local self = setmetatable({
    context = context, store = path and "sqlite" or "memory", wish = wish_of(options),
    keeper = path and sqlite.new(context, path) or memory.new(),
    lent = setmetatable({}, { __mode = "k" }), texts = {},
  }, Queue)
  self.sweep = setmetatable({ queue = self }, Sweep)
  self:arm(0)
  return self
end

-- ---- the store

local function now_of(self) return self.context.driver:wall() / 1000 end

--- One function of the store: what it gives, or nil, err of kind store.
local function ask(self, name, ...)
  if self.closed then return nil, errors.new("gone", "the queue is closed") end
  local first, second = self.keeper[name](...)
  if first == nil and errors.is(second) and second.kind ~= "cancelled" then
    second = second.kind == "store" and second
      or errors.new("store", second.reason, { cause = second })
  end
  return first, second
end

--- A failure that nobody waits for.
local function tell_failure(self, err)
  self.context.log:error("a queue could not be asked: %s", tostring(err))
  for _, fn in ipairs(self.handlers and self.handlers:of_event "error" or {}) do
    self.context.tasks:spawn(nil, fn, err)
  end
end

-- ---- what a script has

--- Strings are the same when they are equal, tables when they are one.
local function key_of_text(key, text) return ("%d:%s%s"):format(#key, key, text) end

local function lend(self, key, message, record)
  if type(message) == "table" then
    self.lent[message] = record
  else
    self.texts[key_of_text(key, tostring(message))] = record
  end
end

local function record_of(self, key, message)
  if type(message) == "table" then return self.lent[message] end
  return self.texts[key_of_text(key, tostring(message))]
end

local function forget(self, record)
  record.is_settled = true
  if type(record.message) == "table" then
    self.lent[record.message] = nil
  else
    self.texts[key_of_text(record.key, tostring(record.message))] = nil
  end
end

--- When it is tried again: longer after each try.
local function next_try(self, tries)
  local wish = self.wish
  return now_of(self) + math.min(wish.first * 2.0 ^ (tries - 1), wish.longest)
end

local function give_back(self, record)
  local kept, err = ask(self, "give_back", record.id, record.tries, now_of(self),
    next_try(self, record.tries))
  if kept == nil then return nil, err end
  forget(self, record)
  if not kept then return nil, errors.new("gone", "the message has expired") end
  self:arm(0)
  return true
end

-- ---- the verbs

local function check_key(name, key)
  if type(key) == "number" then key = tostring(math.tointeger(key) or key) end
  return misuse.check(name, "key", key, "string")
end

local push_options <const> = { expires = true, expires_at = true }

local function expiry_of(self, name, options)
  if options.expires_at ~= nil then
    return misuse.check(name, "expires_at", options.expires_at, "number")
  end
  local span = options.expires ~= nil and duration.check(name, "expires", options.expires) / 1000
  return now_of(self) + (span or self.wish.expires)
end

--- Keeps a message for somebody. One that `pending` gave out, the same table, goes back in its
--- place, and is tried again later.
---@param key string|number  whom it is for
---@param message any        strings, numbers, booleans and tables of these
---@param options { expires: any, expires_at: number? }?  how long it is worth keeping
---@return true?
---@return moonsip.Error? err  limit: full, or too large; gone: it has expired; store
function Queue:push(key, message, options)
  local name <const> = "queue:push"
  key = check_key(name, key)
  options = misuse.options(name, options, push_options)
  local record = record_of(self, key, message)
  if record and record.key == key and not record.is_settled then return give_back(self, record) end
  if message == nil then misuse.argument(name, "message", "nothing to keep") end
  local text, why = value.write(message)
  if not text then misuse.argument(name, "message", "cannot be kept: " .. why) end
  local wish, now = self.wish, now_of(self)
  if #text > wish.size then
    return nil, errors.new("limit", ("a message of more than %d bytes"):format(wish.size))
  end
  local expires_at = expiry_of(self, name, options)
  if expires_at <= now then return nil, errors.new("gone", "the message has expired") end
  local id, err = ask(self, "add", key, text, now,
    { most = wish.most, per_key = wish.per_key, expires_at = expires_at })
  if id == false then
    local full = err == "key" and ("%d messages for %s"):format(wish.per_key, key)
      or ("%d messages"):format(wish.most)
    return nil, errors.new("limit", "the queue is full: " .. full)
  end
  if not id then return nil, err end
  self:arm(math.ceil((expires_at - now) * 1000))
  return true
end

local function done_of(self, record)
  return function()
    if record.is_settled then return true end
    local done, err = ask(self, "done", record.id)
    if done == nil then return nil, err end
    forget(self, record)
    return true
  end
end

--- The next of a key: the message and what says that it was delivered.
local function take(self, loop)
  local now = now_of(self)
  local found, err = ask(self, "take", loop.key, loop.at, now,
    { lent_until = now + self.wish.lease, tries = self.wish.tries, last = loop.last })
  loop.record = nil
  if not found then
    if err and err.kind ~= "gone" then tell_failure(self, err) end
    return nil
  end
  local message = value.read(found.text)
  local record = { id = found.id, tries = found.tries, key = loop.key, message = message,
                   lent_until = now + self.wish.lease }
  loop.at, loop.last, loop.record = found.id, found.last, record
  if message == nil then -- damaged by whoever has the file too
    ask(self, "done", found.id)
    return take(self, loop)
  end
  lend(self, loop.key, message, record)
  self:arm(math.ceil(self.wish.lease * 1000))
  return message, done_of(self, record)
end

local Loop = {}
Loop.__index = Loop

--- The loop was left by an error: what it had in hand goes back.
function Loop:__close(err)
  local record, of = self.record, self.queue
  self.record = nil
  if not err or not record or record.is_settled or of.closed then return end
  of.context.tasks:spawn(nil, function() give_back(of, record) end)
end

--- For `for message, done in queue:pending(key) do`: those that wait for somebody now, the
--- oldest first, each lent to the loop. `done()` when it was delivered, now or later; to push it gives
--- it back; what is neither by the end of the lease is tried again. A store that fails ends the
--- loop; its error goes to on("error").
---@param key string|number
function Queue:pending(key)
  local loop = setmetatable({ queue = self, key = check_key("queue:pending", key), at = 0 }, Loop)
  return function() return take(self, loop) end, nil, nil, loop
end

--- How many messages wait or are lent: all, or those of a key.
---@param key (string|number)?
---@return integer?
---@return moonsip.Error? err  store
function Queue:count(key)
  return ask(self, "count", key ~= nil and check_key("queue:count", key) or nil)
end

-- ---- turns and expiry

--- Looks for whose turn has come in so many milliseconds, at the earliest in a second.
---@package
function Queue:arm(ms)
  if self.closed then return end
  local context = self.context
  local at = context:now() + math.max(ms, least_pause_ms)
  if self.due_at and self.due_at <= at then return end
  if self.timer then context.wheel:stop(self.timer) end
  self.due_at, self.timer = at, context:start_timer(at - context:now(), self.sweep)
end

local function sweep(self)
  local now = now_of(self)
  local found, err = ask(self, "sweep", now, self.wish.tries)
  if self.closed then return end
  if not found then
    tell_failure(self, err)
    return self:arm(10 * least_pause_ms)
  end
  for key, record in pairs(self.texts) do
    if record.lent_until <= now then self.texts[key] = nil end
  end
  local own, tasks = self.handlers, self.context.tasks
  for _, one in ipairs(found.dropped) do
    for _, fn in ipairs(own and own:of_event "dropped" or {}) do
      tasks:spawn(nil, fn, one.key, value.read(one.text), one.why)
    end
  end
  for _, key in ipairs(found.due) do
    for _, fn in ipairs(own and own:of_event "due" or {}) do tasks:spawn(nil, fn, key) end
  end
  if found.next_at < math.huge then self:arm(math.ceil((found.next_at - now) * 1000)) end
end

function Sweep:expire()
  local of = self.queue
  of.timer, of.due_at = nil, nil
  of.context.tasks:spawn(nil, sweep, of)
end

--- Lets go of the store. Doing it twice is fine.
function Queue:close()
  if self.closed then return end
  self.closed = true
  if self.timer then self.context.wheel:stop(self.timer) end
  self.timer = nil
  self.keeper.close()
end

Queue.__close = Queue.close

return queue
