-- SPDX-License-Identifier: MIT
-- sip.pool: at most so many at once. sip.rate: at most so many in a span.

local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

---@class moonsip.Pool
---@field size integer  slots there are
---@field free integer  slots nobody holds
---@field private context moonsip.Context
---@field private queue moonsip.Wait[]
local Pool = {}
Pool.__index = Pool
Pool.__name = "moonsip.pool"

---@class moonsip.Slot
---@field private pool moonsip.Pool?
local Slot = {}
Slot.__index = Slot
Slot.__name = "moonsip.slot"

local pool = {}

local max_size <const> = 1000000

---@param size integer
---@return moonsip.Pool
function pool.new(context, size)
  size = misuse.integer("sip.pool", "size", size, 1, max_size)
  return setmetatable({ context = context, size = size, free = size, queue = {},
                        first = 1, last = 0 }, Pool)
end

local function slot(self)
  self.free = self.free - 1
  return setmetatable({ pool = self }, Slot)
end

local function start_take(one, self)
  if self.free > 0 then
    one:resolve(slot(self))
  else
    self.last = self.last + 1
    self.queue[self.last] = one
  end
end

--- Waits for a slot. It goes back when its `<close>` scope ends, or by `:release()`.
---@return moonsip.Slot?
---@return moonsip.Error? err
function Pool:take(callback)
  return wait.await(self.context, "pool:take", nil, callback, start_take, self)
end

--- Gives the slot back, to who has waited longest. Doing it twice is fine.
function Slot:release()
  local of = self.pool
  if not of then return end
  self.pool = nil
  of.free = of.free + 1
  while of.first <= of.last do
    local one = of.queue[of.first]
    of.queue[of.first] = nil
    of.first = of.first + 1
    if not one.resolved then -- else its waiter gave up
      one:resolve(slot(of))
      return
    end
  end
end

Slot.__close = Slot.release

---@class moonsip.Rate
---@field count integer  at most so many
---@field span number    in so many seconds
---@field private context moonsip.Context
---@field private times integer[]  the last `count` instants that were granted, a ring
---@field private at integer       next place in it
local Rate = {}
Rate.__index = Rate
Rate.__name = "moonsip.rate"

local rate = {}

local max_count <const> = 100000

--- How many in which span a text such as "5/1s" or "5/s" says; nil when it is none.
---@param text any
---@return integer? count
---@return integer? span_ms
function rate.parse(text)
  if type(text) ~= "string" then return nil end
  local number, span = text:match "^%s*(%d+)%s*/%s*(.-)%s*$"
  local count = math.tointeger(tonumber(number))
  local span_ms = span and duration.parse(span:find "^%a" and "1" .. span or span)
  if not count or not span_ms or count < 1 or count > max_count or span_ms < 1 then
    return nil
  end
  return count, span_ms
end

--- A rate such as "5/1s": in no span of that length more than so many.
---@return moonsip.Rate
function rate.new(context, text)
  misuse.check("sip.rate", "rate", text, "string")
  local count, span_ms = rate.parse(text)
  if not count then
    misuse.argument("sip.rate", "rate", ("%q is no rate such as \"5/1s\""):format(text))
  end
  return setmetatable({ context = context, count = count, span = span_ms / 1000,
                        span_ms = span_ms, times = {}, at = 1 }, Rate)
end

--- Milliseconds until the next one may go; it is granted.
local function grant(self)
  local now = self.context:now()
  local earlier = self.times[self.at]
  local at = now
  if earlier then at = math.max(now, earlier + self.span_ms) end
  self.times[self.at] = at
  self.at = self.at % self.count + 1
  return at - now
end

local function start_rate(one, ms)
  if ms == 0 then one:resolve(true) else one:expire_in(ms) end
end

--- Waits for its turn: true, or `nil, err` when the wait was cancelled.
function Rate:wait(callback)
  return wait.await(self.context, "rate:wait", nil, callback, start_rate, grant(self))
end

--- True when one may go now; it is counted then.
---@return boolean
function Rate:allow()
  local earlier = self.times[self.at]
  if earlier and earlier + self.span_ms > self.context:now() then return false end
  grant(self)
  return true
end

return { pool = pool, rate = rate }
