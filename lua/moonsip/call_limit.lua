-- SPDX-License-Identifier: MIT
-- sip.call_limit: at most so many calls at once for each key, say a user, a customer or the
-- trunk that a call came from. What is not held takes no memory.

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

---@class moonsip.CallLimit
---@field most integer    for each key
---@field private counts table<string, integer>
local CallLimit = {}
CallLimit.__index = CallLimit
CallLimit.__name = "moonsip.call_limit"

---@class moonsip.CallPlace
---@field key string
---@field private limit moonsip.CallLimit?
local Place = {}
Place.__index = Place
Place.__name = "moonsip.call_place"

local call_limit = {}

local max_places <const> = 1000000

---@param most integer
---@return moonsip.CallLimit
function call_limit.new(most)
  most = misuse.integer("sip.call_limit", "most", most, 1, max_places)
  return setmetatable({ most = most, counts = {} }, CallLimit)
end

--- A place for one more call of a key, which goes back when its `<close>` scope ends, or by
--- `:release()`.
---@param key string
---@return moonsip.CallPlace?
---@return moonsip.Error? err  busy, 486: there are as many
function CallLimit:take(key)
  misuse.check("limit:take", "key", key, "string")
  local count = self.counts[key] or 0
  if count >= self.most then
    return nil, errors.new("busy", ("%s has %d calls already"):format(key, count),
      { code = 486 })
  end
  self.counts[key] = count + 1
  return setmetatable({ limit = self, key = key }, Place)
end

--- How many a key has now.
---@param key string
---@return integer
function CallLimit:count(key)
  return self.counts[key] or 0
end

--- Gives it back. Doing it twice is fine.
function Place:release()
  local of, key = self.limit, self.key
  if not of then return end
  self.limit = nil
  local count = of.counts[key] - 1
  of.counts[key] = count > 0 and count or nil
end

Place.__close = Place.release

return call_limit
