-- SPDX-License-Identifier: MIT
-- The responses of an exchange one by one, for a generic `for` (api.md rule 10).

local wait = require "moonsip.wait"

---@class moonsip.Stream
---@field private exchange moonsip.Exchange
---@field private reader moonsip.Wait?  who waits for the next one
---@field private told boolean          the error step was given
local Stream = {}
Stream.__index = Stream
Stream.__name = "moonsip.stream"

local stream = {}

-- Kept for a reader that is slow; past it the oldest goes: provisional responses may be
-- repeated for ever.
local max_kept <const> = 64

---@param exchange moonsip.Exchange
function stream.new(exchange)
  return setmetatable({ exchange = exchange, exchange.final, told = false }, Stream)
end

--- What comes last: nothing after a final response, else a step that carries the error,
--- since a nil would end the loop without a word.
local function last(self)
  local of = self.exchange
  if of.final or self.told then return nil end
  self.told = true
  local err = of.error
  return { error = err, code = err.code, reason = err.reason, request = of }
end

--- Puts a response (nil: the end) where the reader finds it.
function Stream:feed(one)
  local reader = self.reader
  self.reader = nil
  if reader and not reader.resolved then return reader:resolve(one or last(self)) end
  if not one then return end
  if #self >= max_kept then table.remove(self, 1) end
  self[#self + 1] = one
end

local function start_next(one, self)
  if #self > 0 then return one:resolve(table.remove(self, 1)) end
  if self.exchange.done then return one:resolve(last(self)) end
  self.reader = one
end

--- The iterator's function: waits for the next response.
---@param self moonsip.Stream
function stream.next(self)
  return wait.await(self.exchange.agent.context, "exchange:responses", nil, nil, start_next,
    self)
end

return stream
