-- SPDX-License-Identifier: MIT
-- A seeded source of chance (splitmix64): the same seed gives the same run on every
-- machine, which math.random, shared by the whole process, cannot promise.

---@class moonsip.test.Random
---@field private state integer
local Random = {}
Random.__index = Random
Random.__name = "moonsip.test.random"

local random = {}

---@param seed integer
---@return moonsip.test.Random
function random.new(seed)
  return setmetatable({ state = seed * 0x2545F4914F6CDD1D }, Random)
end

--- 64 random bits.
---@return integer
function Random:bits()
  local state = self.state + 0x9E3779B97F4A7C15
  self.state = state
  state = (state ~ (state >> 30)) * 0xBF58476D1CE4E5B9
  state = (state ~ (state >> 27)) * 0x94D049BB133111EB
  return state ~ (state >> 31)
end

--- True with this probability.
---@param probability number  0 to 1
function Random:chance(probability)
  return probability > 0 and (self:bits() >> 11) * 0x1p-53 < probability
end

--- An integer of the range, each as likely.
---@param least integer
---@param most integer
---@return integer
function Random:between(least, most)
  if most <= least then return least end
  return least + (self:bits() >> 11) % (most - least + 1)
end

return random
