-- SPDX-License-Identifier: MIT
-- The session of a call: where offer and answer stand (RFC 3264, 6337), and what was
-- agreed on. Which message carries what is the core's table (core.sdp_exchange); here is
-- what each of its verdicts does. Our descriptions are made in proposal.lua.

local core = require "moonsip.core"
local description = require "moonsip.description"
local errors = require "moonsip.errors"
local proposal = require "moonsip.proposal"

---@class moonsip.Session
---@field call moonsip.Call
---@field state string            of the table: "IDLE", "UAS_OFFERED" ...
---@field ours string|false       what was agreed on, both together
---@field theirs string|false
---@field open string|false       an offer without its answer
---@field open_is_ours boolean
---@field preview table|false     { ours, theirs }: in a 1xx that was not reliable (3.1.1)
---@field last string|false       the last description that we sent
---@field before table|false      what an INVITE that fails goes back to
---@field edit function|false     of the script's: every description of ours goes through it
---@field own string|false         our description, where the script gives it as text
---@field codecs moonsip.Codec[]|false  that the script wants in this call
---@field holding boolean         we have them on hold
---@field invite moonsip.Request|false  the last of theirs that the table heard
---@field update moonsip.Request|false
---@field number integer|false   the dialog it is of, once a response said so
---@field success_due boolean     our 2xx waits for a PRACK
---@field changing boolean        a change of ours is under way
---@field queue function[]|false  changes that wait for it
local Session = {}
Session.__index = Session

local session = {}

local S <const> = ("S"):byte()

-- Changes of a session that wait for the one before them.
local max_queue <const> = 8

for _, name in ipairs { "ours", "theirs", "open", "open_is_ours", "preview", "last", "before",
                        "edit", "own", "codecs", "holding", "changing", "queue",
                        "invite", "update", "prack", "payloads", "id", "number",
                        "success_due" } do
  Session[name] = false
end

---@param call moonsip.Call
---@return moonsip.Session
function session.new(call)
  return setmetatable({ call = call, state = "IDLE", ours = false, theirs = false, open = false,
                        open_is_ours = false, last = false, own = false, number = false,
                        invite = false, before = false, preview = false, stream = nil,
                        codecs = false, id = false, changing = false }, Session)
end

--- That of another branch of our INVITE (RFC 3261 12.1.2): its offer is under way, and
--- nothing else of it happened there.
---@param from moonsip.Session
---@param invite moonsip.Exchange
---@param call moonsip.Call?  that it is of; the same
---@return moonsip.Session
function session.forked(from, invite, call)
  local one = session.new(call or from.call)
  local offer = invite.body
  one.state, one.open, one.open_is_ours = offer and "UAC_OFFERED" or "UAC_EMPTY", offer or false,
    offer ~= nil
  one.last, one.id = offer or from.last, from.id
  one.edit, one.own, one.codecs, one.holding = from.edit, from.own, from.codecs, from.holding
  return one
end

-- ---- what the table says, and what comes of it

--- Puts in force what both sides say. What it amounts to is worked out when somebody
--- asks, or when it changed.
local function settle(self, ours, theirs)
  local had_session = self.ours and ours
  local was_held = had_session and self:is_held()
  self.ours, self.theirs, self.stream = ours or false, theirs or false, nil
  self.call:session_changed()
  if had_session and self:is_held() ~= was_held then
    self.call:held_changed(not was_held)
  end
end

local act <const> = {}

function act.OFFER(self, text, is_ours)
  self.open, self.open_is_ours = text, is_ours
end

function act.ANSWER(self, text, is_ours)
  local offer = self.open
  self.open, self.preview = false, false
  if not text then return end -- an UPDATE's success without its answer
  settle(self, is_ours and text or offer, is_ours and offer or text)
  if self.payloads then
    for _, each in ipairs { self.ours, self.theirs } do
      local object = core.sdp(each)
      if object then self.payloads:note(object) end
    end
  end
end

function act.PREVIEW(self, text, is_ours)
  local offer = self.open
  self.preview = { ours = is_ours and text or offer, theirs = is_ours and offer or text }
  self.stream = nil
  self.call:session_changed()
end

function act.WITHDRAW(self)
  self.open = false
end

function act.ROLLBACK(self)
  local before = self.before
  self.open, self.preview = false, false
  settle(self, before and before.ours, before and before.theirs)
end

function act.FAULT(self)
  self.open = false
end

--- One message: `event` as of core.sdp_exchange, with the description it carries.
---@param event string
---@param text string?
---@return string verdict
function Session:step(event, text)
  local verdict
  if self.state == "IDLE" and self.ours then
    self.before = { ours = self.ours, theirs = self.theirs }
  end
  local is_ours = event:byte() == S -- SEND_, not RECV_
  if is_ours and text then self.last = text end
  self.state, verdict = core.sdp_exchange(self.state, event)
  local fn = act[verdict]
  if fn then fn(self, text, is_ours) end
  if self.success_due and self.state == "UAS_SETTLED" then -- the core has sent it now
    self.success_due = false
    self.state = core.sdp_exchange(self.state, "SEND_SUCCESS")
  end
  if self.state == "IDLE" then
    self.before = false
    self:next_change()
  end
  return verdict
end

--- A final response that the table has no arrow for, as of a script that answers an
--- offer with nothing: the exchange is over, and nothing was agreed on.
local function void(self)
  self.state, self.open, self.preview = "IDLE", false, false
  self:next_change()
end

-- ---- requests that came

--- What an INVITE, an UPDATE or a PRACK is in the table, and the field that keeps it; nil
--- for an UPDATE that offers nothing.
local function event_of(method, offer)
  if method == "INVITE" then return offer and "RECV_INVITE_OFFER" or "RECV_INVITE", "invite" end
  if method == "PRACK" then return offer and "RECV_PRACK_SDP" or "RECV_PRACK", "prack" end
  return offer and "RECV_UPDATE", "update"
end

--- An INVITE, UPDATE or PRACK in this call. A status when it must be refused at once: one
--- of ours is under way (491), or one of theirs (500).
---@param req moonsip.Request
---@return integer? status
function Session:hear_request(req)
  if self.invite == req or self.update == req or self.prack == req then return nil end
  local offer = description.of(req.message)
  local event, slot = event_of(req.message.method, offer)
  if not event then return nil end
  local verdict = self:step(event, offer)
  if verdict == "REFUSE_491" then return 491 end
  if verdict == "REFUSE_500" then return 500 end
  self[slot] = req
  if slot == "prack" and verdict == "FAULT" then self:break_off() end
end

--- They acknowledged our offer without an answer: there is no session (RFC 6337 table 2).
---@private
function Session:break_off()
  self.call:fail(errors.new("media", "the PRACK has no answer to our offer", { code = 488 }))
end

-- Nothing more is to be said in these: the answer has gone, or an offer of ours.
local has_nothing_to_say <const> = {
  UAS_OFFER_1XX = true, UAS_OFFER_2XX = true, UAS_ANSWER_1XX = true, UAS_PRACK = true,
  UAS_SETTLED = true, UAS_UPDATE_SENT = true, UPDATE_SENT = true,
}

--- True when a response carries no description of ours any more (RFC 6337 3.1).
---@return boolean
function Session:is_silent() return has_nothing_to_say[self.state] or false end

--- Our description for a response to the request that came: the answer to its offer, or
--- an offer of ours.
---@param verb string
---@param wanted any
---@return string? text  nil without an error: none is needed
---@return moonsip.Error? err
function Session:describe(verb, wanted)
  if self:is_silent() then return nil end
  local early = self.preview
  if early and wanted == nil then return early.ours end -- that very answer again (13.2.1)
  if self.open and not self.open_is_ours then
    return proposal.answer(self, verb, self.open, wanted)
  end
  return proposal.offer(self, verb, wanted)
end

--- A response of ours to it has left, with a description or without.
---@param req moonsip.Request
---@param status integer
---@param text string?
---@param is_reliable boolean?  a 1xx that is sent again until its PRACK
---@param is_held boolean?      a 2xx that waits for one
function Session:replied(req, status, text, is_reliable, is_held)
  self:hear_request(req)
  local verdict
  if self.update == req then
    if status < 200 then return end
    self.update = false
    verdict = self:step(status < 300 and "SEND_UPDATE_SUCCESS" or "SEND_UPDATE_FAILURE", text)
  elseif self.prack == req then
    return self:replied_to_prack(status, text)
  elseif self.invite ~= req then -- an UPDATE without offer, or one that was refused
    return
  elseif status < 200 then
    if is_reliable then
      self:step(text and "SEND_RELIABLE_SDP" or "SEND_RELIABLE", text)
    elseif text then
      self:step("SEND_PREVIEW", text)
    end
    return
  elseif is_held then
    self.success_due = true
    return
  elseif status >= 300 then
    verdict = self:step "SEND_FAILURE"
  else
    verdict = self:step(text and "SEND_SUCCESS_SDP" or "SEND_SUCCESS", text)
    if self.state == "UAS_OFFER_2XX" then self.call:want_ack() end
  end
  if verdict == "NONE" then void(self) end
end

---@private
function Session:replied_to_prack(status, text)
  if status < 200 then return end
  self.prack = false
  if status < 300 then
    self:step(text and "SEND_PRACK_SUCCESS_SDP" or "SEND_PRACK_SUCCESS", text)
  else
    self:step "SEND_PRACK_FAILURE"
  end
end

--- A PRACK without a description came and the core answered it, or one of ours was.
---@param is_theirs boolean
function Session:pracked(is_theirs)
  if not is_theirs then
    self:step "RECV_PRACK_SUCCESS"
    return
  end
  if self:step "RECV_PRACK" == "FAULT" then return self:break_off() end
  self:step "SEND_PRACK_SUCCESS"
end

--- The ACK of our 2xx came.
---@param text string?
function Session:hear_ack(text)
  if self.state ~= "UAS_OFFER_2XX" then return end
  self:step(text and "RECV_ACK_SDP" or "RECV_ACK", text)
end

-- ---- requests of ours

--- The answer to the offer of a reliable 1xx, or the offer that the script wants to make.
local function ask_by_prack(self, exchange)
  local plan, text, err = exchange.plan, nil, nil
  if self.state == "UAC_OWES_PRACK" then
    text, err = proposal.answer(self, exchange.verb, self.open, plan.sdp, true)
  elseif plan.sdp then
    text, err = proposal.offer(self, exchange.verb, plan.sdp ~= true and plan.sdp or nil)
  end
  if err then return nil, err end
  local verdict = self:step(text and "SEND_PRACK_SDP" or "SEND_PRACK", text)
  exchange.is_offering = verdict ~= "NONE"
  if text and not exchange.is_offering then
    return nil, errors.new("invalid", "no offer may be made in this PRACK (RFC 6337 2.2)")
  end
  return text
end

--- The description that an INVITE, UPDATE or PRACK of ours carries, just before it leaves;
--- nil for none.
---@param exchange moonsip.Exchange
---@return string? body
---@return moonsip.Error? err
function Session:ask(exchange)
  local plan, method = exchange.plan, exchange.method
  if method == "PRACK" then return ask_by_prack(self, exchange) end
  local text, err
  if plan.is_raw then
    text = plan.content_type == description.content_type and plan.body or nil
  elseif plan.sdp ~= false then
    if plan.holding ~= nil then self.holding = plan.holding end
    text, err = proposal.offer(self, exchange.verb, plan.sdp)
    if not text then return nil, err end
  end
  if method == "UPDATE" and not text then return plan.body end
  local event = method == "UPDATE" and "SEND_UPDATE"
    or text and "SEND_INVITE_OFFER" or "SEND_INVITE"
  exchange.is_offering = self:step(event, text) ~= "NONE"
  if not exchange.is_offering and not plan.is_raw then
    return nil, errors.new("invalid", ("no offer may be made now (RFC 6337 2.2): %s")
      :format(self.state:lower():gsub("_", " ")))
  end
  return text or plan.body
end

local function hear_success(self, method, text)
  if method == "PRACK" then
    return self:step(text and "RECV_PRACK_SUCCESS_SDP" or "RECV_PRACK_SUCCESS", text)
  end
  if method == "UPDATE" then return self:step("RECV_UPDATE_SUCCESS", text) end
  local early = self.preview
  local verdict = self:step(text and "RECV_SUCCESS_SDP" or "RECV_SUCCESS", text)
  -- Answered in a 1xx alone, which was not reliable: wrong, common, and clear.
  if verdict == "FAULT" and early then
    self.preview = false
    settle(self, early.ours, early.theirs)
  end
end

--- A response to one of ours that carried an offer, or asked for one.
---@param exchange moonsip.Exchange
---@param message table
---@param is_reliable boolean?
function Session:hear_response(exchange, message, is_reliable)
  if not exchange.is_offering then return end
  local code, method = message.code, exchange.method
  local text = code < 300 and description.of(message) or nil
  if code < 200 then
    if is_reliable then
      self:step(text and "RECV_RELIABLE_SDP" or "RECV_RELIABLE", text)
    elseif text and method == "INVITE" then
      self:step("RECV_PREVIEW", text)
    end
  elseif code < 300 then
    hear_success(self, method, text)
  else
    self:hear_failure(exchange)
  end
end

local failure_of <const> = { INVITE = "RECV_FAILURE", UPDATE = "RECV_UPDATE_FAILURE",
                            PRACK = "RECV_PRACK_FAILURE" }

--- It failed, or nothing came at all.
---@param exchange moonsip.Exchange
function Session:hear_failure(exchange)
  if not exchange.is_offering then return end
  exchange.is_offering = false
  self:step(failure_of[exchange.method])
end

--- The answer for the ACK of a 2xx that made an offer (13.2.2.4); nil for none.
---@param given string?  when it is not ours to make
---@return string? text
function Session:answer_in_ack(given)
  if self.state ~= "UAC_OWES_ACK" then return nil end
  local text = proposal.answer(self, "agent:call", self.open, given, true)
  if not text then
    void(self)
    return nil
  end
  self:step("SEND_ACK_SDP", text)
  return text
end

-- ---- changes, one after the other

--- Runs `fn` when no offer is under way in this call.
---@param fn function
---@return boolean  false when too many wait
function Session:when_free(fn)
  if not self.changing and self.state == "IDLE" then
    self.changing = true
    fn()
    return true
  end
  self.queue = self.queue or {}
  if #self.queue >= max_queue then return false end
  table.insert(self.queue, fn)
  return true
end

--- The change under way is over.
function Session:change_done()
  self.changing = false
  self:next_change()
end

local function run_change(self)
  local fn = not self.changing and self.state == "IDLE" and table.remove(self.queue, 1)
  if not fn then return end
  self.changing = true
  fn()
end

--- The next one that waits has its turn, when what runs now is through.
function Session:next_change()
  if not self.queue or #self.queue == 0 or self.changing then return end
  self.call.agent.context.tasks:spawn(self.call, run_change, self)
end

-- ---- looking at it

--- The audio that was agreed on, or that a preview says.
---@return moonsip.Media?
function Session:audio()
  if self.stream == nil then
    local from = self.preview or self
    self.stream = description.audio(from.ours or nil, from.theirs or nil) or false
  end
  return self.stream or nil
end

--- True when they have us on hold (RFC 3264 8.4).
---@return boolean
function Session:is_held()
  local stream = self:audio()
  return stream ~= nil and stream.held
end

--- The last description of ours that counts, and of theirs.
function Session:texts()
  local from = self.preview or self
  return from.ours or self.open_is_ours and self.open or nil,
    from.theirs or not self.open_is_ours and self.open or nil
end

return session
