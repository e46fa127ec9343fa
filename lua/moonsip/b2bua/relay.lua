-- SPDX-License-Identifier: MIT
-- What passes between two legs of a B2BUA inside their dialogs, from the first response of
-- the second leg to the end of their bridge: where descriptions go through, every change
-- of the session (RFC 3261 14, RFC 3311) and the ACK that answers an offer; and requests
-- that are nobody's here, as INFO and MESSAGE. One change is under way at a time, whose
-- CANCEL passes too.

local defaults = require "moonsip.defaults"
local description = require "moonsip.description"
local passage = require "moonsip.b2bua.passage"
local plan = require "moonsip.plan"
local policy = require "moonsip.b2bua.policy"

---@class moonsip.Relay
---@field legs moonsip.Call[]
---@field policy moonsip.Policy
---@field transfer "local"|"pass"|"refuse"|fun(uri: userdata, by: moonsip.Call)
---@field private change { request: moonsip.Request, exchange: moonsip.Exchange }|false
local Relay = {}
Relay.__index = Relay
Relay.change, Relay.transfer = false, "refuse"

local relay = {}

local verb <const> = "call:bridge"

--- Joins the signalling of two calls.
---@param a moonsip.Call
---@param b moonsip.Call
---@param of moonsip.Policy
---@return moonsip.Relay
function relay.join(a, b, of)
  for _, leg in ipairs { a, b } do
    if leg.relay then leg.relay:part() end
  end
  local self = setmetatable({ legs = { a, b }, policy = of }, Relay)
  a.relay, b.relay = self, self
  return self
end

--- Each call is for itself again.
function Relay:part()
  for _, leg in ipairs(self.legs) do
    if leg.relay == self then leg.relay = false end
  end
end

function Relay:other(leg)
  return leg == self.legs[1] and self.legs[2] or self.legs[1]
end

--- A description of one leg as the other one gets it.
---@param to moonsip.Call
---@param text string
---@return string?
---@return moonsip.Error? err
function relay.through(to, text, of)
  to.passage = to.passage
    or passage.new(to.agent, of, to.direction == "out" and "callee" or "caller")
  local session = to.session
  return to.passage:write(text, session and session.last or nil)
end

-- ---- changes of the session

local function is_busy(leg)
  local session = leg.session
  return session and (session.changing or session.state ~= "IDLE")
end

--- The other leg has answered a change, or refused it.
local function answer_change(self, from, req, final, err)
  self.change = false
  if req.final then return end -- cancelled, or its call has ended
  if err then
    local code = err.code or 500
    -- A dialog that is gone, or silent, is so on that leg alone.
    return req:reply((code == 481 or code == 408) and 500 or code,
      { headers = err.response and self.policy:headers(err.response.message, from.agent) })
  end
  local text = description.of(final.message)
  local sdp, why
  if text then
    sdp, why = relay.through(from, text, self.policy)
    if not sdp then return req:reply(why.code) end
  end
  req:answer { sdp = sdp or false,
               headers = self.policy:headers(final.message, from.agent) }
end

local function begin_change(self, from, req, text)
  local to, message = self:other(from), req.message
  local made = plan.inside(verb, nil, message.method)
  made.headers = self.policy:carry(message, to.agent)
  made.sdp, made.content_type = text or false, description.content_type
  made.passes_glare, made.ack_later = true, not text
  local session = to:negotiation()
  session.changing = true
  req:defer()
  self.change = { request = req }
  local change = self.change
  change.exchange = to:start_request(verb, message.method, made, {
    session = session,
    on_done = function(_, final, err)
      session:change_done()
      if self.change == change then answer_change(self, from, req, final, err) end
    end })
end

--- An INVITE or an UPDATE with an offer. Two that cross get 491, from whichever leg the
--- second one comes: neither waits for the other.
local function pass_change(self, from, req)
  if self.change or is_busy(self:other(from)) then return req:reply(491) end
  local offer = description.of(req.message)
  local text, err
  if offer then
    text, err = relay.through(self:other(from), offer, self.policy)
    if not text then return req:reply(err.code) end
  end
  begin_change(self, from, req, text)
end

--- A change of a leg's was cancelled: that one goes on as it was, and so does the other.
---@param req moonsip.Request
---@package
function Relay:cancelled(req)
  local change = self.change
  if not change or change.request ~= req then return end
  self.change = false
  if change.exchange and not change.exchange.done then change.exchange:cancel() end
end

--- The ACK of a leg's came, with its answer or without: the 2xx with the other leg's offer
--- has its ACK now (13.2.2.4).
---@param from moonsip.Call
---@param text string?
---@package
function Relay:acknowledged(from, text)
  local to = self:other(from)
  local exchange = to.owed_ack
  if not exchange or to.state ~= "connected" then return end
  to.owed_ack = false
  local sdp = text and relay.through(to, text, self.policy)
  to.agent:acknowledge(to.number, exchange, sdp)
end

-- ---- requests of another kind

-- What is relayed, besides methods that nobody knows.
local relayed <const> = { INFO = true, MESSAGE = true }
local of_transfer <const> = { REFER = true, NOTIFY = true }

-- Header fields that say what such a request is.
local of_method <const> = {
  REFER = { "Refer-To", "Referred-By", "Refer-Sub", "Target-Dialog" },
  NOTIFY = { "Event", "Subscription-State" },
}

local function answer_request(self, from, req, final, err)
  if req.final then return end
  local of = err and err.response or final
  if not of then return req:reply(err.kind == "timeout" and 504 or 500) end
  local code = of.code
  -- What ends a dialog at its sender (RFC 5057 5.1) is no matter of this one.
  if code == 481 or code == 408 then code = 500 end
  local message = of.message
  local body = message.body ~= "" and message.body or nil
  req:reply(code, message.reason, { body = body,
    content_type = body and message.headers["Content-Type"] or nil,
    headers = self.policy:headers(message, from.agent) })
end

local function pass_request(self, from, req)
  local to, message = self:other(from), req.message
  local method = message.method
  local made = plan.inside(verb, nil, method)
  local flat = self.policy:carry(message, to.agent)
  local set = policy.names(flat)
  for _, name in ipairs(of_method[method] or {}) do
    local value = message.headers[name]
    if value and not set[name:lower()] then
      flat = flat or {}
      flat[#flat + 1], flat[#flat + 2] = name, value
    end
  end
  made.headers = flat
  if message.body ~= "" then
    made.body, made.content_type = message.body, message.headers["Content-Type"]
  end
  req:defer()
  to:start_request(verb, method, made, {
    on_done = function(_, final, err) answer_request(self, from, req, final, err) end })
end

--- True while descriptions are under way between the two.
function Relay:is_busy()
  return self.change ~= false or self.legs[1].owed_ack ~= false or self.legs[2].owed_ack ~= false
end

--- True when a request inside a leg passes to the other one, or is the bridge's own.
---@param from moonsip.Call
---@param req moonsip.Request
---@return boolean taken
---@package
function Relay:take(from, req)
  local method, to = req.message.method, self:other(from)
  if not to.number or to.state == "ended" then return false end
  if method == "INVITE" or method == "UPDATE" then
    local passes = self.policy.media == "direct"
      and (method == "INVITE" or req.message.body ~= "")
    if passes then pass_change(self, from, req) end
    return passes
  elseif relayed[method] or not defaults.known[method]
    or of_transfer[method] and self.transfer == "pass" then
    pass_request(self, from, req)
    return true
  elseif method == "REFER" and self.transfer ~= "refuse" and from.joint then
    from.joint:refer(from, req)
    return true
  end
  return false
end

return relay
