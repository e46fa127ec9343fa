-- SPDX-License-Identifier: MIT
-- A call: an INVITE dialog as a script sees it, from its first message to its last.
--
--   out: calling -> ringing -> connected -> ended
--   in:  incoming -> ringing -> connected -> ended

local core = require "moonsip.core"
local answer = require "moonsip.answer"
local callflow = require "moonsip.callflow"
local change = require "moonsip.change"
local dial = require "moonsip.dial"
local dialog = require "moonsip.dialog"
local description = require "moonsip.description"
local ending = require "moonsip.ending"
local early_media = require "moonsip.early_media"
local errors = require "moonsip.errors"
local forks = require "moonsip.forks"
local handlers = require "moonsip.handlers"
local info_method = require "moonsip.info"
local misuse = require "moonsip.misuse"
local prack = require "moonsip.prack"
local recv_info = require "moonsip.recv_info"
local refer = require "moonsip.refer"
local session = require "moonsip.session"
local session_timer = require "moonsip.session_timer"
local sound = require "moonsip.sound"
local transfer = require "moonsip.transfer"

---@class moonsip.Call: moonsip.Dialog
---@field direction "in"|"out"
---@field state "calling"|"incoming"|"ringing"|"connected"|"ended"
---@field id string              unique, fit for a file name
---@field from userdata          address of who calls
---@field to userdata            address of who is called
---@field req moonsip.Request?   an incoming call's INVITE
---@field local_sdp string?      the last description of ours
---@field remote_sdp string?     the last of theirs
---@field remote userdata        address of the other side, as it says now (RFC 4916)
---@field session_timer { interval: integer, refresher: "us"|"them", ends_in: number }?
---@field early_media string|false  the last P-Early-Media of an outgoing call (RFC 5009)
local Call = {}
Call.__name = "moonsip.call"

local call = {}

local none <const> = {}

-- Lines of what it did that a call keeps for its ladder.
local max_notes <const> = 32

-- What the core answers itself unless somebody wants it.
local shown <const> = { BYE = true, PRACK = true, UPDATE = true, INFO = true }

local getters <const> = {}

--- Minted when first asked for: most calls never are.
function getters:id()
  local id = self.agent.engine:token()
  self.id = id
  return id
end

--- An outgoing call has it from the start.
function getters:call_id() return self.req and self.req.message.call_id end

function getters:from()
  return self.req and self.req.message.from or core.address(self.from_text)
end

function getters:to()
  return self.req and self.req.message.to or core.address(self.to_text)
end

--- Before our first response there is only what their INVITE said.
function getters:remote_sdp()
  if self.session then return (select(2, self.session:texts())) end
  return self.req and (description.of(self.req.message)) or nil
end

function getters:local_sdp()
  return self.session and (self.session:texts()) or nil
end

--- Who the other side is now: it may say so anew within the call (RFC 4916).
function getters:remote()
  local info = self.number and self.agent.engine:dialog_info(self.number)
  if info then return (core.address(info.remote_uri)) end
  return self.direction == "in" and self.from or self.to
end

function getters:session_timer() return session_timer.of(self) end
function getters:media() return self.session and self.session:audio() or nil end
function getters:held() return self.session and self.session:is_held() or false end
function getters:holding() return self.session and self.session.holding or false end

for name, method in pairs(dialog.Dialog) do
  if type(method) == "function" and not name:find "^__" then Call[name] = method end
end
dialog.class(Call, getters)
handlers.mixin(Call, "call", function(self, key)
  if shown[key] then self.agent:show(key, self.handlers and recv_info.is_told(self.handlers)) end
  if key == "ACK" and not self.hears_acks and self.state ~= "ended" then
    self.hears_acks = true
    self.agent:want_acks(1)
  end
end)
Call.is_call = true

-- What few calls ever have; set when they do. Of calls through a B2BUA (b2bua/): how the
-- record stands, what passes between two, and their bridge; descriptions that go through; an ACK
-- that waits for the other leg's.
Call.is_leg, Call.of_leg, Call.is_served, Call.is_told = false, false, false, false
Call.passage, Call.owed_ack, Call.permit, Call.limit_timer = false, false, false, false
Call.attempts, Call.dialled, Call.last_record, Call.farewell = false, false, false, false
Call.branches, Call.early_policy, Call.early_media, Call.credentials = false, false, false, false
Call.failing, Call.hears_acks, Call.awaits_answer = false, false, false
Call.info_state = false -- Info Packages (recv_info.lua)

-- Objects are made with the fields that most of their kind get: a table that grows is made
-- anew each time.

--- The call of an INVITE that came.
---@param request moonsip.Request
---@return moonsip.Call
function call.incoming(request)
  local agent = request.agent
  return setmetatable({
    agent = agent, number = false, handlers = false, agent_handlers = agent.handlers,
    exchanges = false, waits = false, end_waits = false, state = "incoming", why = false,
    direction = "in", began_at = agent.context:now(), answered_at = false, invite = false,
    req = request, bye = false, session = false, sound = false, serial = 0, is_call = true,
    relay = false, joint = false, is_leg = false, farewell = false,
  }, Call)
end

--- A call like another that was placed, from the same INVITE (forks.lua).
---@return moonsip.Call
---@package
function Call.another(agent, of)
  local one = call.outgoing(agent, of.from_text, of.to_text)
  one.call_id, one.credentials = of.call_id, of.credentials
  return one
end

--- A call that is about to be placed.
---@return moonsip.Call
function call.outgoing(agent, from, to)
  return setmetatable({
    agent = agent, number = false, handlers = false, agent_handlers = agent.handlers,
    exchanges = false, waits = false, end_waits = false, state = "calling", why = false,
    direction = "out", began_at = agent.context:now(), answered_at = false, invite = false,
    req = false, bye = false, session = false, sound = false, serial = 0, is_call = true,
    relay = false, joint = false, from_text = from, to_text = to, call_id = nil,
    answer_wait = nil, of_leg = false,
  }, Call)
end

local function tell_watchers(self)
  local agent = self.agent
  if agent.call_watchers[1] then agent:call_changed(self) end
end

--- An early or confirmed dialog of this call is known (from the dispatcher).
---@param status integer  of the response that made or confirmed it
---@package
function Call:bind(number, status)
  if status < 200 then
    if self.state == "calling" or self.state == "incoming" then self.state = "ringing" end
    self.number = self.number or number
    tell_watchers(self)
    return
  end
  self.number = number
  self.state = "connected"
  self.answered_at = self.agent.context:now()
  if self.sound then self:note "connected" end
  if self.early_policy then self:session_changed() end
  tell_watchers(self)
end

--- Where its offers and answers stand.
---@return moonsip.Session
---@package
function Call:negotiation()
  if not self.session then
    self.session = session.new(self)
    if self.req and not self.req.final then self.session:hear_request(self.req) end
  end
  return self.session
end

--- Its sound, opened when a description of ours first needs a port; `peer` is an address
--- that it should lead to.
---@param peer string?
---@return moonsip.Sound?
---@return moonsip.Error? err
---@package
function Call:open_sound(peer)
  if self.sound then return self.sound end
  local opened, err = sound.open(self, peer)
  if not opened then return nil, err end
  self.sound, self.notes = opened, {}
  if self.direction == "in" then
    self:note("from %s to %s", self.from.uri, self.to.uri)
  else
    self:note("to %s", self.to_text)
  end
  return opened
end

--- What was agreed on is another thing now.
---@package
function Call:session_changed()
  if not self.sound then return end
  self.sound:apply(not early_media.is_closed(self) and self.session:audio() or nil)
  if self.joint then self.joint:session_changed() end
  local on_audio = self.agent.on_audio
  if on_audio and self.sound.running then on_audio(self) end
end

--- They put us on hold, or took us off.
---@package
function Call:held_changed(is_held)
  self:note(is_held and "held" or "taken off hold")
  if self.joint then self.joint:hold_changed(self, is_held) end
  self:fire(is_held and "hold" or "resume", self)
end

--- A line in the log for who watches: calls with audio are told of step by step.
---@param format string
---@package
function Call:note(format, ...)
  if not self.sound then return end
  local text = select("#", ...) > 0 and format:format(...) or format
  local context, notes = self.agent.context, self.notes
  context.log:info("call %d: %s", self.serial, text)
  if #notes >= 2 * max_notes then table.move(notes, 3, #notes + 2, 1) end
  notes[#notes + 1], notes[#notes + 2] = context:now(), text
end

--- Runs the handlers of an event of this call: its own, then those of the agent.
---@package
function Call:fire(name, ...)
  local tasks = self.agent.context.tasks
  local own = self.handlers and self.handlers:of_event(name)
  for _, fn in ipairs(own or none) do tasks:spawn(self, fn, ...) end
  for _, fn in ipairs(self.agent_handlers:of_event(name)) do tasks:spawn(self, fn, ...) end
end

--- Our 2xx made an offer, so that an ACK without its answer matters too.
---@package
function Call:want_ack()
  if self.awaits_answer then return end
  self.awaits_answer = true
  self.agent:want_acks(1)
end

--- RTP and RTCP of its audio, both ways; after the end the last figures.
---@return table?
---@return moonsip.Error? err  media when it has no audio of ours
function Call:stats()
  if self.sound then return self.sound:stats() end
  return nil, errors.new("media", "the call has no audio of ours")
end

--- It was placed through a gateway, where it takes a place until its end.
---@package
function Call:keep_permit(permit)
  if self.state == "ended" then return permit:release() end
  self.permit = permit
end

local function start_wait_answer(one, self)
  if self.state == "connected" then return one:resolve(self) end
  if self.state == "ended" then return one:resolve(nil, self.why) end
  self.answer_wait = one
  one.undo = function() self:close() end
end

--- Waits until a call that was started is answered.
---@return moonsip.Call?
---@return moonsip.Error? err  busy, noanswer, rejected ...
function Call:wait(callback)
  return self:await("call:wait", callback, start_wait_answer, self)
end

--- Its INVITE is over (on_done of the exchange).
function call.invite_done(invite, _, err)
  local self = invite.call
  self.invite = false
  local one = self.answer_wait
  self.answer_wait = nil
  if err then self:ended(err) else forks.expect(invite) end
  if one then
    one.undo = nil
    if err then one:resolve(nil, err) else one:resolve(self) end
  end
end

--- Its call flow so far, in ASCII, as far as its messages are still kept.
---@param options { width: integer? }?  width: 100
---@return string
function Call:ladder(options)
  options = misuse.options("call:ladder", options, { width = true })
  return callflow.draw(self.agent, self.call_id, options.width, self.notes)
end

--- A handler of its own ended; one that raised ends the call (api.md rule 6).
---@package
function Call:task_done(task, err, trace)
  if err == nil then return end
  if trace then
    self.agent:handler_failed(task.fn, err, trace, nil, self.call_id)
    self:close(err)
  end
end

answer.call_mixin(Call)
change.mixin(Call)
dial.mixin(Call)
ending.mixin(Call)
forks.mixin(Call)
info_method.mixin(Call, getters)
prack.mixin(Call)
refer.mixin(Call, "call")
transfer.mixin(Call)
for _, name in ipairs { "play", "gather", "menu", "record", "dtmf", "detect", "bridge",
                        "stream" } do
  require("moonsip.verbs." .. name).mixin(Call)
end

call.Call = Call

return call
