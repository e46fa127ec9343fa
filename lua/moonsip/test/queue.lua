-- SPDX-License-Identifier: MIT
-- What is going to happen, by instant: a list for each instant, and a binary heap of
-- the instants. What shares an instant comes out in the order it was put in, so that
-- runs repeat.

---@class moonsip.test.Queue
---@field private heap integer[]   instants that have a list
---@field private size integer
---@field private lists table<integer, { first: integer, last: integer }>
---@field private cancelled table<any, boolean>  what is still in a list
local Queue = {}
Queue.__index = Queue
Queue.__name = "moonsip.test.queue"

local queue = {}

---@return moonsip.test.Queue
function queue.new()
  return setmetatable({ heap = {}, size = 0, lists = {}, cancelled = {} }, Queue)
end

local function push(self, at)
  local heap = self.heap
  local hole = self.size + 1
  self.size = hole
  while hole > 1 do
    local parent = hole // 2
    local above = heap[parent]
    if above < at then break end
    heap[hole] = above
    hole = parent
  end
  heap[hole] = at
end

local function pop(self)
  local heap, size = self.heap, self.size
  local at = heap[size]
  heap[size] = nil
  size = size - 1
  self.size = size
  if size == 0 then return end
  local hole, child = 1, 2
  while child <= size do
    local least, right = heap[child], heap[child + 1]
    if right and right < least then child, least = child + 1, right end
    if at < least then break end
    heap[hole] = least
    hole, child = child, 2 * child
  end
  heap[hole] = at
end

---@param at integer
---@param what any
function Queue:put(at, what)
  local list = self.lists[at]
  if not list then
    self.lists[at] = { what, first = 1, last = 1 }
    return push(self, at)
  end
  local last = list.last + 1
  list.last, list[last] = last, what
end

-- Takes the first of all.
local function take(self, at)
  local list = self.lists[at]
  local first = list.first
  local what = list[first]
  list[first] = nil
  if first == list.last then
    self.lists[at] = nil
    pop(self)
  else
    list.first = first + 1
  end
  return what, at
end

--- The instant of what comes next; nil when nothing does.
---@return integer?
function Queue:next_at()
  local cancelled, at = self.cancelled, self.heap[1]
  while at and cancelled[self.lists[at][self.lists[at].first]] do
    cancelled[take(self, at)] = nil
    at = self.heap[1]
  end
  return at
end

--- Takes what comes next.
---@return any what
---@return integer at
function Queue:take()
  return take(self, self:next_at())
end

--- Never gives something that was put in, once.
---@param what table
function Queue:cancel(what)
  self.cancelled[what] = true
end

return queue
