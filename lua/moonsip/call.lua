-- SPDX-License-Identifier: MIT
-- A call: an INVITE dialog as a script sees it, from its first message to its last.
--
--   out: calling -> ringing -> connected -> ended
--   in:  incoming -> ringing -> connected -> ended

local core = require "moonsip.core"
local callflow = require "moonsip.callflow"
local dialog = require "moonsip.dialog"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local handlers = require "moonsip.handlers"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local plan = require "moonsip.plan"
local silence = require "moonsip.silence"

---@class moonsip.Call: moonsip.Dialog
---@field direction "in"|"out"
---@field state "calling"|"incoming"|"ringing"|"connected"|"ended"
---@field id string              unique, fit for a file name
---@field from userdata          address of who calls
---@field to userdata            address of who is called
---@field req moonsip.Request?   an incoming call's INVITE
---@field local_sdp string?      the last description of ours
---@field remote_sdp string?     the last of theirs
local Call = {}
Call.__name = "moonsip.call"

local call = {}

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

for name, method in pairs(dialog.Dialog) do
  if type(method) == "function" and not name:find "^__" then Call[name] = method end
end
dialog.class(Call, getters)
handlers.mixin(Call, "call", function(self, key)
  if key == "BYE" then self.agent:show_bye() end
  if key == "ACK" and not self.hears_acks and self.state ~= "ended" then
    self.hears_acks = true
    self.agent:want_acks(1)
  end
end)
Call.is_call = true

local function fields(agent, direction, state)
  local self = dialog.fields(agent)
  self.direction, self.state = direction, state
  self.began_at, self.answered_at = agent.context:now(), false
  self.invite, self.limit_timer, self.req, self.bye = false, false, false, false
  self.hears_acks = false
  return self
end

--- The call of an INVITE that came.
---@param request moonsip.Request
---@return moonsip.Call
function call.incoming(request)
  local self = fields(request.agent, "in", "incoming")
  self.req = request
  return setmetatable(self, Call)
end

--- A call that is about to be placed.
---@return moonsip.Call
function call.outgoing(agent, from, to)
  local self = fields(agent, "out", "calling")
  self.from_text, self.to_text = from, to
  return setmetatable(self, Call)
end

--- An early or confirmed dialog of this call is known (from the dispatcher).
---@param status integer  of the response that made or confirmed it
---@package
function Call:bind(number, status)
  if status < 200 then
    if self.state == "calling" or self.state == "incoming" then self.state = "ringing" end
    self.number = self.number or number
    return
  end
  self.number = number
  self.state = "connected"
  self.answered_at = self.agent.context:now()
end

--- The ACK of our 2xx came, or will not come any more.
---@package
function Call:acknowledged(description)
  if description then self.remote_sdp = description end
  local bye = self.bye
  if not bye then return end
  self.bye = false
  self.agent:want_acks(-1)
  self.agent.engine:dialog_request(self.number, bye)
  self.agent:forget_dialog(self)
end

--- Sends the BYE, but not before the ACK of our 2xx (15).
local function send_bye(self, flat)
  local bye = { method = "BYE", headers = flat, orphan = true }
  local agent = self.agent
  if agent.engine:awaits_ack(self.number) then
    self.bye = bye
    agent:want_acks(1)
  else
    agent.engine:dialog_request(self.number, bye)
  end
end

--- Ends the signalling in whatever state it is; nothing here waits.
---@param status integer  for an INVITE that nobody answered
---@return moonsip.Error? err
local function leave(self, status, flat)
  local state = self.state
  if state == "connected" then
    send_bye(self, flat)
  elseif self.direction == "out" then
    if self.invite then self.agent.engine:cancel(self.invite.transaction or 0, flat) end
  else
    local options = flat and { headers = call.pairs(flat) } or nil
    local done, err = self.req:reply(status, options)
    if not done then return err end
  end
end

--- A flat list of names and values as pairs.
function call.pairs(flat)
  local list = {}
  for at = 1, #flat, 2 do list[#list + 1] = { flat[at], flat[at + 1] } end
  return list
end

local hangup_options <const> = { headers = true, reason = true, code = true }

--- Ends the call as its state asks for: BYE, CANCEL, or a rejection of an INVITE that was
--- not answered (`code`, 480). It returns at once; doing it twice is fine.
---@param options { headers: table?, reason: string?, code: integer? }?  reason: a Reason header (RFC 3326)
---@return boolean done  false when the call had ended
function Call:hangup(options)
  options = misuse.options("call:hangup", options, hangup_options)
  local flat = headers.flatten("call:hangup", options.headers)
  if options.reason then
    flat = flat or {}
    local reason = misuse.text("call:hangup", "reason", options.reason)
    flat[#flat + 1], flat[#flat + 2] = "Reason", reason
  end
  local code = misuse.integer("call:hangup", "code", options.code or 480, 300, 699)
  if self.state == "ended" then return false end
  leave(self, code, flat)
  self:ended(errors.new("hangup", "we hung up", { by = "local" }))
  return true
end

--- Leaving its scope ends it: with the status an error deserves when one passes.
function Call:close(err)
  if self.state == "ended" then return end
  leave(self, err ~= nil and 500 or 480)
  self:ended(errors.new("hangup", "closed", { by = "local" }))
end

Call.__close = Call.close

--- Cleans up after the end; tells the agent's `cdr` handlers.
---@param why moonsip.Error
---@return boolean first
---@package
function Call:ended(why)
  if not dialog.Dialog.ended(self, why) then return false end
  if self.hears_acks then
    self.hears_acks = false
    self.agent:want_acks(-1)
  end
  local context = self.agent.context
  if self.limit_timer then
    context.wheel:stop(self.limit_timer)
    self.limit_timer = false
  end
  local invite = self.invite
  if invite then
    self.invite = false
    invite:abandon(why)
  end
  self.agent:call_ended(self)
  return true
end

--- What on("cdr") gets.
---@package
function Call:record()
  local now, answered = self.agent.context:now(), self.answered_at
  return {
    call = self, why = self.why, direction = self.direction, from = self.from, to = self.to,
    began = self.began_at / 1000, answered = answered and answered / 1000 or nil,
    ended = now / 1000, seconds = answered and (now - answered) / 1000 or 0,
  }
end

local Limit = {}
Limit.__index = Limit

function Limit:expire()
  self.call.limit_timer = false
  self.call:hangup()
end

--- Ends the call by itself after a span from now. Setting it again replaces it.
---@param span number|string  a duration
function Call:limit(span)
  local ms = duration.check("call:limit", "span", span)
  if self.state == "ended" then return end
  local context = self.agent.context
  if self.limit_timer then context.wheel:stop(self.limit_timer) end
  self.limit_timer = context:start_timer(ms, setmetatable({ call = self }, Limit))
end

--- An UPDATE or a further INVITE that no handler took: the session stays as it was
--- (14.2, RFC 3311 5.2).
---@param request moonsip.Request
---@package
function Call:refresh(request)
  local has_offer = request.message.body ~= ""
  if request.message.method == "UPDATE" and not has_offer then
    return request:reply(200)
  end
  local same = self.has_own_sdp or not has_offer
  return request:answer { sdp = same and self.local_sdp or nil }
end

--- A description of ours for an answer to `offer` (nil: an offer), the session's next
--- version (RFC 3264 8).
---@param offer string?
---@param ip string
---@return string? sdp
---@return moonsip.Error? err
---@package
function Call:describe(offer, ip)
  self.session = self.session or self.agent:session_number()
  self.version = (self.version or 0) + 1
  if offer then return silence.answer(offer, ip, self.session, self.version) end
  return silence.offer(ip, self.session, self.version)
end

local function start_change(one, self, method, options, verb)
  self:hold(one)
  local made = plan.inside(verb, {
    headers = options.headers, timeout = options.timeout,
    body = options.sdp or self.local_sdp,
  }, method)
  self:start_request(verb, method, made, { on_done = function(_, final, err)
    if err then return one:resolve(nil, err) end
    self.local_sdp = made.body
    if final.body ~= "" then self.remote_sdp = final.body end
    one:resolve(final)
  end })
end

local change_options <const> = { sdp = true, headers = true, timeout = true }

local function change(self, method, verb, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options(verb, options, change_options)
  misuse.optional(verb, "sdp", options.sdp, "string")
  if self.state == "ended" then
    local err = self.why
    return self:await(verb, callback, function(one) one:resolve(nil, err) end)
  end
  return self:await(verb, callback, start_change, self, method, options, verb)
end

--- Changes the session by a further INVITE (14): with `sdp`, or the last one of ours.
---@param options { sdp: string?, headers: table?, timeout: (number|string)? }?
---@return moonsip.Response?
---@return moonsip.Error? err
function Call:reinvite(options, callback)
  return change(self, "INVITE", "call:reinvite", options, callback)
end

--- The same by UPDATE (RFC 3311), also before the call is answered.
---@param options { sdp: string?, headers: table?, timeout: (number|string)? }?
---@return moonsip.Response?
---@return moonsip.Error? err
function Call:update(options, callback)
  return change(self, "UPDATE", "call:update", options, callback)
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
function call.invite_done(invite, final, err)
  local self = invite.call
  self.invite = false
  if final and final.body ~= "" then self.remote_sdp = final.body end
  local one = self.answer_wait
  self.answer_wait = nil
  if err then self:ended(err) end
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
  return callflow.draw(self.agent, self.call_id, options.width)
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

call.Call = Call

return call
