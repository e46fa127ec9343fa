-- SPDX-License-Identifier: MIT
-- call:dial: a second leg, placed on behalf of a call and given up with it. The legs are
-- joined by call:bridge.

local core = require "moonsip.core"
local misuse = require "moonsip.misuse"
local plan = require "moonsip.plan"
local prompt = require "moonsip.prompt"
local target = require "moonsip.target"

local Dial = {}

local dial = {}

-- How long the new leg may ring unless told.
local default_ring <const> = "30s"

--- Gives its verb to the class of calls.
function dial.mixin(class)
  for name, method in pairs(Dial) do class[name] = method end
end

--- Who calls, without the tag that is this leg's own.
local function caller_of(self)
  if self.direction == "out" then return nil end
  local given = self.from
  local made = core.address(("<%s>"):format(given.uri))
  if made and given.display then made.display = given.display end
  return made and tostring(made)
end

local function start_dial(one, self, targets, made)
  if self.state == "ended" then return one:resolve(nil, self.why) end
  self:keep_wait(one)
  self:note("dial %s", targets[1].uri)
  local leg = self.agent:invite("call:dial", targets, made.plan)
  leg.answer_wait = {
    resolve = function(_, answered, err)
      if #made.items > 0 and self.sound then self.sound:play_beside {} end
      self:note("%s: %s", targets[1].uri, answered and "answered" or tostring(err))
      one.undo = nil
      one:resolve(answered, err)
    end,
  }
  one.undo = function() leg:close() end
  if #made.items == 0 or not self.sound or self.sound:trouble() then return end
  self.sound:play_beside(made.items, function() return not one.resolved end)
end

--- Places a call on behalf of this one, from the same caller, and waits until it is
--- answered: a call of its own, not joined to this one yet. When this one ends first, the
--- other is given up.
---@param given any      as for agent:call
---@param options table? of agent:call; ring: 30 s; hold_music or ringback (true, or a country): what this side hears meanwhile
---@param callback fun(leg: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Dial:dial(given, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local chosen, items = { ring = default_ring }, {}
  for name, value in pairs(misuse.optional("call:dial", "options", options, "table") or {}) do
    chosen[name] = value
  end
  if chosen.hold_music ~= nil then
    items = prompt.items("call:dial", chosen.hold_music)
  elseif chosen.ringback then
    local tone = chosen.ringback == true and "ringback" or "ringback/" .. chosen.ringback
    items = { { tone = misuse.text("call:dial", "ringback", tone) } }
  end
  chosen.hold_music, chosen.ringback = nil, nil
  local via = chosen.via
  if chosen.from == nil and not (type(via) == "table" and via.from) then
    chosen.from = caller_of(self)
  end
  local targets = target.list("call:dial", given, self.agent.credential_sets)
  local made = plan.call(self.agent, "call:dial", chosen)
  return self:await("call:dial", callback, start_dial, self, targets,
    { plan = made, items = items })
end

return dial
