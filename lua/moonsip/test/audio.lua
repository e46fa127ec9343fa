-- SPDX-License-Identifier: MIT
-- The audio of a test network: one core.media_fabric for all hosts, beside the wire of
-- the signalling and on the same clock. It lives from the first call with audio on.

local core = require "moonsip.core"

---@class moonsip.test.Audio
---@field fabric userdata
---@field private wire moonsip.test.Wire
---@field private has_told boolean  something was told since this was cleared
local Audio = {}
Audio.__index = Audio
Audio.__name = "moonsip.test.audio"

local audio = {}

---@param wire moonsip.test.Wire
---@param seed integer
---@return moonsip.test.Audio
function audio.new(wire, seed)
  local self = setmetatable({
    wire = wire, fabric = core.media_fabric { seed = seed, now = wire.now }, has_told = false,
  }, Audio)
  self:set_links()
  return self
end

-- How long audio is run on its own at most, before it is asked again whether it may end.
local longest_ms <const> = 1000

-- Beyond this no jitter buffer would wait either.
local max_delay_ms <const>, max_jitter_ms <const> = 900, 900

--- What a link of the wire is to packets of audio.
local function settings_of(link, is_cut)
  return {
    loss = is_cut and 1 or link.loss, duplicate = link.duplicate, reorder = link.reorder,
    delay = math.min(link.least_ms, max_delay_ms),
    jitter = math.min(link.most_ms - link.least_ms, max_jitter_ms),
  }
end

--- Makes its hops as those of the wire are.
function Audio:set_links()
  local wire = self.wire
  self.fabric:link(nil, nil, settings_of(wire.default_link))
  for from, row in pairs(wire.hops) do
    for to, hop in pairs(row) do
      local settings = settings_of(hop.link, hop.is_cut)
      for _, a in ipairs(from.addresses) do
        for _, b in ipairs(to.addresses) do self.fabric:link(a, b, settings) end
      end
    end
  end
end

--- A core.media of it, whose events go to `fn`.
function Audio:open(fn)
  local media = self.fabric:media()
  media:on_event(function(...)
    self.has_told = true
    self.wire:set_now(self.fabric:now())
    fn(...)
  end)
  return media
end

--- When something may happen that a script hears of; nil: never, as things are.
---@return integer? ms
function Audio:deadline()
  return self.fabric:deadline()
end

--- Does the next thing there is to do, on the wire or here: what audio tells comes first.
--- False when there is nothing, or not by then.
---@param limit integer?
---@return boolean
function Audio:turn(limit)
  local wire = self.wire
  local at, due = wire.queue:next_at(), self:deadline()
  if at and limit and at > limit then at = nil end
  if not due or limit and due > limit then
    if not at then return false end
    return self:run(at) or wire:next(at) ~= nil
  end
  local until_at = at or limit or due + longest_ms
  if self:run(until_at) then return true end
  return not at or wire:next(at) ~= nil
end

--- Runs until an instant, or until something was told. True when something was.
---@param at integer
---@return boolean told
function Audio:run(at)
  self.has_told = false
  local now = self.fabric:advance(at)
  self.wire:set_now(now)
  return now < at or self.has_told -- it stops where something is told
end

--- A number that tells two runs apart.
---@return integer
function Audio:digest()
  return self.fabric:digest()
end

function Audio:close()
  self.fabric:close()
end

return audio
