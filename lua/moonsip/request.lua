-- SPDX-License-Identifier: MIT
-- A request that came: what a handler gets, and how it answers.

local answer = require "moonsip.answer"
local description = require "moonsip.description"
local errors = require "moonsip.errors"
local headers = require "moonsip.headers"
local info_package = require "moonsip.info_package"
local leg = require "moonsip.b2bua.leg"
local message = require "moonsip.message"
local misuse = require "moonsip.misuse"
local pager = require "moonsip.pager"
local provisional = require "moonsip.provisional"
local proxy = require "moonsip.proxy"
local record = require "moonsip.b2bua.record"
local recv_info = require "moonsip.recv_info"
local session_timer = require "moonsip.session_timer"
local replaces = require "moonsip.replaces"
local subscription = require "moonsip.subscription"
local transferee = require "moonsip.transferee"

---@class moonsip.Request
---@field message table            the core's message; its fields are this object's
---@field agent moonsip.Agent
---@field call moonsip.Call?       of an INVITE, or that it came in
---@field dialog moonsip.Dialog?   that it made, or came in
---@field final integer|false      the final status it was answered with
---@field cancelled boolean        a CANCEL came before the final answer
---@field deferred boolean         its handler said that the answer comes later
local Request = {}
Request.__name = "moonsip.request"

local request = {}

-- A status that is one, as the integer that it is.
local statuses <const> = {}
for status = 1, 699 do statuses[status] = status >= 100 and status end

local getters <const> = {}

--- The call of a new INVITE comes to be when it is first asked for.
function getters:call()
  local dialog = self.dialog
  if dialog then return dialog.is_call and dialog or nil end
  if self.message.method ~= "INVITE" then return nil end
  return self.agent:call_of(self)
end

--- The line that it was sent to.
function getters:line() return self.agent:line_of(self.message) end

--- The calls that it names: to take the place of, to join, or as a sign that it is let in.
function getters:replaces() return (replaces.call_of(self, "Replaces")) end
function getters:joins() return (replaces.call_of(self, "Join")) end
function getters:target_dialog() return (replaces.call_of(self, "Target-Dialog")) end

--- What an INFO carries of its Info Package (RFC 6086 4.3).
function getters:info() return info_package.content(self.message) end

--- When a MESSAGE is not worth reading any more (RFC 3428 7).
function getters:expires_at()
  local at = pager.expires_at(self)
  rawset(self, "expires_at", at)
  return at
end

message.class(Request, getters)
proxy.mixin(Request)
subscription.mixin(Request)
transferee.mixin(Request)

local sdp_type <const> = description.content_type

-- What most requests never change; such fields are set when they do.
Request.cancelled, Request.deferred, Request.timer = false, false, false
Request.says_info = false -- what its answer says that we receive (recv_info.lua)
Request.to_gruu = false -- of a request inside a dialog of others: gruu.lua
Request.proof = false -- of digest.lua: what a 2xx says of the authentication

---@param agent moonsip.Agent
---@param of table         the core's message
---@param transaction integer  0 for an ACK
---@param dialog moonsip.Dialog?
---@param method string?  of a request that is to be answered
---@return moonsip.Request
function request.new(agent, of, transaction, dialog, method)
  -- Seven fields, so that one more (`authenticated`) does not double the table.
  return setmetatable({
    message = of, agent = agent, transaction = transaction, dialog = dialog or false,
    final = false, checked = false, is_invite = method == "INVITE",
  }, Request)
end

--- Why no answer is possible any more.
local function too_late(self)
  if self.cancelled then return errors.new("cancelled", "the request was cancelled") end
  if self.final then
    return errors.new("invalid", ("already answered with %d"):format(self.final))
  end
  if self.agent.closed then return errors.new("gone", "the agent is closed") end
  return errors.new("invalid", "an ACK is never answered")
end

--- Tells the session of a call what left with a response.
local function note(self, of, status, content_type, body, rseq, is_held)
  local method = self.message.method
  if method ~= "INVITE" and method ~= "UPDATE" and method ~= "PRACK" then return end
  -- Nothing was negotiated in a call that is refused at once.
  if status >= 300 and not of.session then return end
  local is_description = content_type and content_type:lower() == sdp_type
  of:negotiation():replied(self, status, is_description and body or nil, rseq ~= 0, is_held)
end

--- Why it was refused, which its sender has been told.
local function check(self, also)
  self.checked = true
  local refusal, lines = self.agent.engine:check(self.transaction, also)
  if refusal == 0 and self.is_invite then refusal = replaces.trouble(self) or 0 end
  if refusal == 0 then return nil end
  request.send(self, refusal, nil, lines)
  return errors.new("rejected", "the request was refused", { code = refusal })
end

--- The checks of a user agent, made by who accepts, not by who rejects (8.2); when it
--- fails them it has been answered. `also`: extensions that are supported for it.
---@return true?
---@return moonsip.Error? err
function request.check(self, also)
  local err = request.refusal(self) or check(self, also)
  if err then return nil, err end
  return true
end

--- It has its final answer, and no dialog came of it.
local function answered(self, status)
  self.final = status
  local agent = self.agent
  if agent.requests[self.transaction] then agent:forget_request(self) end
end

request.answered = answered

--- Why there can be no answer to it, or nil.
function request.refusal(self)
  local agent = self.agent
  if self.final or self.transaction == 0 or agent.closed then return too_late(self) end
end

--- Header fields with Authentication-Info; those of the core's own making are lines.
local function with_info(flat, value)
  if type(flat) == "string" then return ("%sAuthentication-Info: %s\r\n"):format(flat, value) end
  flat = flat or {}
  flat[#flat + 1], flat[#flat + 2] = "Authentication-Info", value
  return flat
end

local dialog_makers <const> = { INVITE = true, SUBSCRIBE = true, REFER = true }

--- A request for a line is answered with the GRUU of that (RFC 5627 4.4), unless the script
--- gives a Contact.
local function with_gruu(self, flat)
  local line = dialog_makers[self.message.method] and self.agent:line_of(self.message)
  local gruu = line and line:request_contact()
  if not gruu then return flat end
  for at = 1, flat and #flat or 0, 2 do
    if flat[at]:lower() == "contact" or flat[at] == "m" then return flat end
  end
  flat = flat or {}
  flat[#flat + 1], flat[#flat + 2] = "Contact", ("<%s>"):format(gruu)
  return flat
end

local reliable_one <const> = { reliable = true }

--- What a 1xx to an INVITE carries: our offer where it has to make one, and whether it is to
--- be reliable (RFC 3262).
---@return string? content_type
---@return string? body
---@return table? extra
---@return moonsip.Error? err  there is no offer to make
local function early_parts(self, content_type, body, extra)
  if not body and provisional.must_offer(self) then
    local offer, err = self.call:negotiation():describe "req:reply"
    if err then return nil, nil, nil, err end
    if offer then content_type, body = sdp_type, offer end
  end
  -- The first reliable response to an INVITE without an offer has to make one (13.2.1).
  if provisional.is_wanted(self.agent, body, extra and extra.reliable)
    and (body or self.call.session or description.of(self.message)) then
    extra = reliable_one
  end
  return content_type, body, extra
end

--- Why the core took no response.
local function why_not(self, err)
  if err.name ~= "STATE" then return err end
  if self.proxied then return errors.new("invalid", "it is being forwarded") end
  -- The core has answered a CANCEL whose event is still to come.
  self.cancelled, self.final = true, 487
  return too_late(self)
end

--- Sends a response; the arguments are right. `extra`: { stateless, reliable } and the
--- fields of session_timer.lua.
local function send(self, status, reason, flat, content_type, body, extra)
  local agent = self.agent
  if self.final or self.transaction == 0 or agent.closed then
    return nil, too_late(self)
  end
  local engine, err = agent.engine
  local reply = engine.reply
  if status >= 300 then
    if extra and extra.stateless then reply = engine.reply_stateless end
  elseif status > 100 then
    if not self.checked then
      err = check(self)
      if err then return nil, err end
    end
    if status < 200 and self.is_invite then
      content_type, body, extra, err = early_parts(self, content_type, body, extra)
      if err then return nil, err end
    elseif status >= 200 and self.proof then
      flat = with_info(flat, self.proof:value(body))
    end
  end
  if agent.speaks_info then flat = recv_info.answer(self, status, flat) end
  if agent.lines[1] and status > 100 and status < 300 and type(flat) ~= "string" then
    flat = with_gruu(self, flat)
  end
  local dialog, rseq, is_held = reply(engine, self.transaction, status, reason, flat,
    content_type, body, nil, extra)
  if not dialog then return nil, why_not(self, rseq) end
  if agent.speaks_info and self.says_info then recv_info.answered(self, status, dialog) end
  if dialog ~= 0 then
    if status >= 200 then self.final = status end
    agent:dialog_of_reply(self, dialog, status)
  elseif status >= 200 then
    answered(self, status)
  end
  local of = self.dialog
  if of and of.is_call and (status >= 200 or body) then
    note(self, of, status, content_type, body, rseq, is_held)
  end
  return true
end

request.send = send

--- An answer of our own making.
---@param flat string[]?  header fields
---@package
function Request:reply_with(status, flat)
  return send(self, status, nil, flat)
end

local stateless_one <const> = { stateless = true }

local reply_options <const> = { headers = true, body = true, content_type = true,
                                stateless = true, reliable = true, session_timer = true }

--- Splits what follows a status into options and header fields: names in lower case
--- are options.
local function split(verb, given)
  misuse.check(verb, "options", given, "table")
  local options, fields = {}, nil
  for name, value in pairs(given) do
    if reply_options[name] then
      options[name] = value
    elseif type(name) == "string" and name:find "^%l" then
      misuse.argument(verb, name, "no such option; names of headers begin with a capital")
    else
      fields = fields or {}
      fields[name] = value
    end
  end
  local flat = headers.flatten(verb, options.headers)
  flat = headers.flatten(verb, fields, flat)
  if options.body ~= nil then misuse.check(verb, "body", options.body, "string") end
  if options.content_type ~= nil then
    misuse.text(verb, "content_type", options.content_type)
  end
  return options, flat
end

--- What is no field of the message, for the core.
local function extra_options(verb, options)
  if options.reliable == nil and options.session_timer == nil then
    return options.stateless and stateless_one or nil
  end
  local extra = options.session_timer ~= nil and session_timer.read(verb, options.session_timer)
    or {}
  if options.reliable ~= nil then
    extra.reliable = misuse.check(verb, "reliable", options.reliable, "boolean")
  end
  extra.stateless = options.stateless
  return extra
end

--- Answers with a status, or with the status that fits an error. In the table, names
--- in lower case are options, others are header fields.
---@param code integer|moonsip.Error
---@param reason string|table?   the phrase (default: the registered one), or the table
---@param options { headers: table?, body: string?, content_type: string?, stateless: boolean?, reliable: boolean?, session_timer: any }?
---@return true?
---@return moonsip.Error? err  answered already, cancelled, refused by the checks of 8.2
function Request:reply(code, reason, options)
  if reason == nil and options == nil then
    local status = statuses[code]
    if status then return send(self, status) end
  end
  if type(reason) == "table" then
    reason, options = nil, reason
  elseif reason ~= nil then
    misuse.text("req:reply", "reason", reason)
  end
  local retry_after
  if errors.is(code) then code, retry_after = code:status(self) end
  local status = misuse.integer("req:reply", "code", code, 100, 699)
  if not options and not retry_after then return send(self, status, reason) end
  local flat
  options, flat = split("req:reply", options or {})
  if status // 100 == 2 and self.message.method == "MESSAGE" then
    pager.check_reply("req:reply", options, flat)
  end
  if retry_after then
    flat = flat or {}
    flat[#flat + 1], flat[#flat + 2] = "Retry-After", tostring(retry_after)
  end
  local content_type = options.content_type
  if options.body and not content_type then
    content_type = self.message.method == "INVITE" and sdp_type or "text/plain"
  end
  return send(self, status, reason, flat, content_type, options.body,
    extra_options("req:reply", options))
end

--- Rejects it: reply with a status of 300 and up.
---@param code integer
---@param reason string|table?
---@param options table?
function Request:reject(code, reason, options)
  if not errors.is(code) then misuse.integer("req:reject", "code", code, 300, 699) end
  return self:reply(code, reason, options)
end

--- 180 Ringing.
---@param options table?  as for reply
function Request:ring(options)
  return self:reply(180, options)
end

--- 183 Session Progress, or the provisional status given. With `sdp` (true: ours) it
--- answers the offer early, and what is played is heard before the call is answered.
---@param code integer|table?
---@param options table?  as for reply, or sdp, codecs and headers
---@return moonsip.Call|true|nil  the call when it has our description
---@return moonsip.Error? err
function Request:progress(code, options)
  if type(code) == "table" then code, options = nil, code end
  code = misuse.integer("req:progress", "code", code or 183, 101, 199)
  local early = options and (options.sdp or options.codecs)
  if not early then return self:reply(code, options) end
  return self:answer_early(code, options)
end

--- Tells the caller to try elsewhere (8.3): 302 with the targets as Contact.
---@param targets string|userdata|(string|userdata)[]  URIs or addresses
---@param options { code: integer?, headers: table? }?
function Request:redirect(targets, options)
  options = misuse.options("req:redirect", options, { code = true, headers = true })
  local code = misuse.integer("req:redirect", "code", options.code or 302, 300, 399)
  local list = type(targets) == "table" and targets or { targets }
  if #list == 0 then misuse.argument("req:redirect", "targets", "the list is empty") end
  local flat = headers.flatten("req:redirect", options.headers) or {}
  for _, target in ipairs(list) do
    local text = misuse.text("req:redirect", "targets", tostring(target))
    flat[#flat + 1] = "Contact"
    flat[#flat + 1] = text:find("<", 1, true) and text or "<" .. text .. ">"
  end
  return send(self, code, nil, flat)
end

--- The handler may return now; the answer comes later. A request that is no INVITE
--- and is not answered within 64*T1 gets no answer at all (RFC 4320 4.2).
function Request:defer()
  self.deferred = true
  self.agent:keep_request(self)
  return self
end

--- Nobody answered it in time: its sender has given up (RFC 4320 4.2).
---@package
function Request:expire()
  self.timer = false
  self.final = 408
  self.agent:forget_request(self)
  local method = self.message.method
  self.agent.context.log:rarely("warn", method,
    "%s was not answered in time (RFC 4320 4.2)", method)
end

--- Its handler's task waits: from now on a CANCEL has somebody to find.
---@package
function Request:task_waits()
  self.agent:keep_request(self)
end

local function handler_done(self, task, err, trace)
  if err == nil then
    if self.final or self.deferred or self.forwarded or self.proxy_wait then return end
    if self.proxied then return self:finish() end
  end
  return self.agent:handler_ended(self, task.fn, err, trace)
end

--- Its handler's task ended.
---@package
function Request:task_done(task, err, trace)
  handler_done(self, task, err, trace)
  local of = self.dialog
  if of and of.is_leg and of.req == self then record.serve(of) end
end

answer.mixin(Request, send)
leg.mixin(Request, request.check, send)

request.Request = Request

return request
