-- SPDX-License-Identifier: MIT
-- How long a registration that failed is left alone (RFC 5626 4.5): twice as long each
-- time, up to a limit, and a part of it at random, so that a server which comes back is not
-- met by all of its clients in one second.

local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"

local backoff = {}

---@class moonsip.Backoff
---@field first integer    milliseconds; base-time while every flow has failed
---@field other integer    base-time while another flow is good
---@field most integer     max-time
---@field refused integer|false  after an answer that trying again will not change; false: never

-- RFC 5626 4.5.
local defaults <const> = { first = 30000, other = 90000, most = 1800000, refused = false }

local known <const> = { first = true, other = true, most = true, refused = true }

-- Past so many failures the limit is reached whatever the base, and 2^n stays an integer.
local max_doublings <const> = 30

-- What a Retry-After may ask for.
local max_told_ms <const> = 86400000

--- Reads the option `retry`.
---@param verb string
---@param given table?
---@return moonsip.Backoff
function backoff.read(verb, given)
  if given == nil then return defaults end
  misuse.options(verb, misuse.check(verb, "retry", given, "table"), known)
  local made = {}
  for name, default in pairs(defaults) do
    local value = given[name]
    if value == nil then
      made[name] = default
    elseif name == "refused" and value == false then
      made[name] = false
    else
      made[name] = duration.check(verb, "retry." .. name, value)
      if made[name] < 1000 then
        misuse.argument(verb, "retry." .. name, "at least a second expected")
      end
    end
  end
  if made.most < made.first then
    misuse.argument(verb, "retry.most", "not below retry.first")
  end
  return made
end

--- A number from 0 up to 1, from the core's randomness, so that simulations repeat.
---@param engine table
---@return number
function backoff.chance(engine)
  return tonumber(engine:token():sub(-4), 32) / 32 ^ 4
end

--- The wait after so many failures one after the other.
---@param of moonsip.Backoff
---@param engine table
---@param failures integer      1 and up
---@param has_other boolean     another flow of the line is good
---@return integer ms
function backoff.wait(of, engine, failures, has_other)
  local base = has_other and of.other or of.first
  -- The failure that is being waited for counts, as in the example of 4.5: 30 to 60 s after
  -- the first.
  local upper = math.min(of.most, base * 2 ^ math.min(failures, max_doublings))
  return math.floor(upper * (0.5 + backoff.chance(engine) / 2))
end

--- What Retry-After says, within reason; nil where it says nothing.
---@param message table?
---@return integer? ms
function backoff.told(message)
  local value = message and message:typed "Retry-After"
  return value and math.min(value.seconds * 1000, max_told_ms) or nil
end

return backoff
