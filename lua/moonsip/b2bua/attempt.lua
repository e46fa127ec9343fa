-- SPDX-License-Identifier: MIT
-- One attempt to reach somebody on behalf of a call: the leg that is placed, and what of
-- its provisional responses the caller gets to see and hear (RFC 3261 13.2.1, RFC 3960).

local description = require "moonsip.description"
local policy = require "moonsip.b2bua.policy"
local record = require "moonsip.b2bua.record"
local relay = require "moonsip.b2bua.relay"

---@class moonsip.DialAttempt
---@field target table|false      of target.list
---@field uri string              that was called
---@field gateway string?         name of the gateway
---@field began number            sip.now()
---@field rang number?
---@field ended number?
---@field code integer?           status of a failure
---@field kind string?            of its error; nil: it answered, or goes on
---@field leg moonsip.Call|false  while it is under way
---@field provisional integer?    the last provisional status
---@field private dialling moonsip.Dialling|false
local Attempt = {}
Attempt.__index = Attempt

local attempt = {}

--- One that is to be placed.
---@param dialling moonsip.Dialling
---@param target table
---@return moonsip.DialAttempt
function attempt.new(dialling, target)
  local call = dialling.call
  local self = setmetatable({
    dialling = dialling, target = target, uri = target.uri,
    gateway = target.gateway and target.gateway.name or nil,
    began = call.agent.context:now() / 1000, leg = false, invite = nil, provisional = nil,
    rang = nil, ended = nil, final = nil, kind = nil, code = nil, is_joined = nil,
  }, Attempt)
  record.note(call, self)
  return self
end

--- The plan of all attempts, with what is this one's own.
local function plan_of(self, span_ms, sdp)
  local dialling = self.dialling
  local call, of, made = dialling.call, dialling.wish.policy, dialling.wish.plan
  if not dialling.is_single then
    made = {}
    for name, value in pairs(dialling.wish.plan) do made[name] = value end
  end
  made.timeout_ms, made.sdp, made.attempt = span_ms, sdp, self
  if self.target.is_moved then made.user = nil end -- a redirection says whom to call
  made.ack_later = sdp == false and of.media == "direct"
  if not call.req then return made end
  local flat = made.headers and table.move(made.headers, 1, #made.headers, 1, {})
  local hops = call.req.message.max_forwards
  if hops then -- RFC 7332 5
    flat = flat or {}
    flat[#flat + 1], flat[#flat + 2] = "Max-Forwards", tostring(math.max(hops - 1, 0))
  end
  made.headers = of:carry(call.req.message, call.agent, flat)
  return made
end

--- Places it: it may ring that long.
---@param span_ms integer
function Attempt:place(span_ms)
  local dialling = self.dialling
  local agent = dialling.call.agent
  local sdp, err, way = dialling:offer_for_leg()
  if err then return self:resolve(nil, err) end
  local leg = agent:invite("call:dial", { self.target }, plan_of(self, span_ms, sdp))
  leg.passage, leg.answer_wait = way or false, self
  leg.of_leg = dialling.call.is_leg or dialling.call.of_leg
  self.leg, self.invite, self.uri = leg, leg.invite, self.target.uri
end

--- Its outcome, as call.invite_done tells it to whoever waits for an answer.
---@package
function Attempt:resolve(leg, err)
  local dialling = self.dialling
  if not dialling then return end
  self.ended = dialling.call.agent.context:now() / 1000
  if err then
    self.kind, self.code = err.kind, err.code
    self:part()
  end
  self.final, self.leg = leg and self.invite.final or nil, false
  dialling:outcome(self, leg, err)
  if err then self:forget() end
end

--- It is over, for its record alone.
function Attempt:forget()
  self.dialling, self.target, self.invite = false, false, nil
end

--- It is given up: another one answered, or the caller did not wait.
---@param reason string?  a Reason
function Attempt:give_up(reason)
  local leg, dialling = self.leg, self.dialling
  self.kind, self.leg = "cancelled", false
  self.ended = dialling.call.agent.context:now() / 1000
  self:part()
  self:forget()
  if not leg then return end
  if reason then leg.farewell = { "Reason", reason } end
  leg:close()
end

-- ---- what rings

local function sound_of(call)
  local sound = call.sound
  return sound and sound.running and not sound.closed and sound or nil
end

--- Early media through us: what the leg says is heard as soon as both sides have agreed.
local function connect(self)
  local call = self.dialling.call
  local a, b = sound_of(call), sound_of(self.leg)
  if not a or not b or self.is_joined then return end
  self.is_joined = a.hub.core:bridge(a.id, b.id, {}) and true or false
end

--- The caller hears nothing of it any more.
function Attempt:part()
  local leg = self.leg
  if leg and leg.relay then leg.relay:part() end
  if not self.is_joined then return end
  self.is_joined = false
  local sound = sound_of(self.dialling.call)
  if sound then sound.hub.core:unbridge(sound.id) end
end

--- Whether a description of the leg's is for the caller: of one alone that rings, and an
--- answer to an offer.
local function has_early_media(self, text)
  local dialling = self.dialling
  return text and dialling.wish.policy.early == "relay" and #dialling.open == 1
    and (dialling.offer or description.of(dialling.call.req.message)) ~= nil
end

local function ring_through(self, message, text)
  local dialling = self.dialling
  local call, of = dialling.call, dialling.wish.policy
  local flat = of:carry(message, call.agent)
  if not has_early_media(self, text) then
    return call.req:reply_with(of.early == "ring" and 180 or message.code, flat)
  end
  local sdp = true
  if of.media == "direct" then sdp = relay.through(call, text, of) end
  if not sdp then return call.req:reply_with(message.code, flat) end
  -- What goes through is another one's when this attempt fails: said reliably it would stand
  -- (RFC 3262 5).
  local reliable
  if of.media == "direct" then reliable = call.req:has_token("Require", "100rel") end
  call.req:progress(message.code, { sdp = sdp, headers = policy.pairs(flat),
                                    reliable = reliable })
end

--- A provisional response came.
---@param message table  of the core
---@package
function Attempt:heard(message)
  local code, dialling = message.code, self.dialling
  if code == 100 or not dialling then return end
  local call, wish = dialling.call, dialling.wish
  local of = wish.policy
  self.provisional = code
  self.rang = self.rang or code ~= 199 and call.agent.context:now() / 1000 or nil
  if wish.heard then wish.heard(message) end
  if not of.early or code == 199 or not self.leg then return end -- RFC 6228: of one branch
  if call.state ~= "connected" and call.direction == "in" then
    ring_through(self, message, (description.of(message)))
  end
  if not self.dialling or #dialling.open > 1 then return end
  if self.leg.number and not self.leg.relay then relay.join(call, self.leg, of) end
  if of.media == "relay" and of.early == "relay" then
    connect(self)
  end
end

return attempt
