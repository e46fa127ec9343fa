-- SPDX-License-Identifier: MIT
-- How a hop treats datagrams: losing, doubling, delaying and reordering them by
-- chance. A stream over the same hop is only delayed: its own protocol repairs the
-- rest below what SIP sees.

local misuse = require "moonsip.misuse"

---@class moonsip.test.LinkOptions
---@field loss number?       probability that a datagram is lost, 0
---@field duplicate number?  that it arrives twice, 0
---@field reorder number?    that it is held back so that later ones overtake it, 0
---@field delay integer|integer[]|nil  ms one way, or { least, most }; 1
---@field mtu integer?       bytes of an IP packet; a larger datagram is lost; 65535

---@class moonsip.test.Link
---@field loss number
---@field duplicate number
---@field reorder number
---@field least_ms integer
---@field most_ms integer
---@field hold_ms integer
---@field mtu integer
local Link = {}
Link.__index = Link
Link.__name = "moonsip.test.link"

local link = {}

--- Names of the options.
link.options = { loss = true, duplicate = true, reorder = true, delay = true, mtu = true }

-- How much longer than its slowest fellow a datagram is held that is to be overtaken.
local least_hold_ms <const> = 20

-- Headers that count for an MTU (RFC 791 3.1, RFC 8200 3, RFC 768).
local ipv4_overhead <const>, ipv6_overhead <const> = 28, 48

-- A hop with nothing wrong.
local plain <const> = { loss = 0, duplicate = 0, reorder = 0, least_ms = 1, most_ms = 1,
                        mtu = 65535 }

local function probability(verb, options, name, default)
  local value = options[name]
  if value == nil then return default end
  if type(value) ~= "number" or not (value >= 0 and value <= 1) then
    misuse.argument(verb, name, "probability from 0 to 1 expected")
  end
  return value
end

local function delay_range(verb, value)
  local least, most
  if type(value) == "table" then
    least, most = value[1], value[2]
  else
    least, most = value, value
  end
  least = misuse.integer(verb, "delay", least, 0, 3600000)
  return least, misuse.integer(verb, "delay", most, least, 3600000)
end

--- A link; options not given are those of `base`.
---@param verb string  for errors
---@param options moonsip.test.LinkOptions
---@param base moonsip.test.Link?
---@return moonsip.test.Link
function link.new(verb, options, base)
  base = base or plain
  local self = setmetatable({}, Link)
  for _, name in ipairs { "loss", "duplicate", "reorder" } do
    self[name] = probability(verb, options, name, base[name])
  end
  self.least_ms, self.most_ms = base.least_ms, base.most_ms
  if options.delay ~= nil then
    self.least_ms, self.most_ms = delay_range(verb, options.delay)
  end
  self.hold_ms = math.max(least_hold_ms, self.most_ms - self.least_ms)
  self.mtu = misuse.integer(verb, "mtu", options.mtu or base.mtu, 68, 65535)
  return self
end

--- The time one piece of data takes.
---@param random moonsip.test.Random
---@return integer ms
function Link:delay(random)
  return random:between(self.least_ms, self.most_ms)
end

--- What becomes of a datagram: its delay, and that of a second copy if there is
--- one; or nil and why it is lost.
---@param random moonsip.test.Random
---@param size integer    bytes of payload
---@param is_ipv6 boolean
---@return integer? ms
---@return integer|string|nil second_or_why
function Link:fate(random, size, is_ipv6)
  local packet = size + (is_ipv6 and ipv6_overhead or ipv4_overhead)
  if packet > self.mtu then return nil, "mtu" end
  if random:chance(self.loss) then return nil, "loss" end
  local ms = random:between(self.least_ms, self.most_ms)
  if random:chance(self.reorder) then
    ms = self.most_ms + random:between(1, self.hold_ms)
  end
  if random:chance(self.duplicate) then
    return ms, random:between(self.least_ms, self.most_ms + self.hold_ms)
  end
  return ms
end

return link
