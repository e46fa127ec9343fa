-- SPDX-License-Identifier: MIT
-- Every way a call ends: hang-up, scope, limit, failure, the other side; and what is left
-- to be done then.

local description = require "moonsip.description"
local dialog = require "moonsip.dialog"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local exchange = require "moonsip.exchange"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"

local Ending = {}

local ending = {}

--- Gives its verbs to the class of calls.
function ending.mixin(class)
  for name, method in pairs(Ending) do class[name] = method end
  class.__close = Ending.close
end

--- The ACK of our 2xx came (nil: it will not come any more).
---@param message table?
---@package
function Ending:acknowledged(message)
  if self.awaits_answer then
    self.awaits_answer = false
    self.agent:want_acks(-1)
  end
  local text = message and description.of(message) or nil
  if message and self.session then self.session:hear_ack(text) end
  if self.relay then self.relay:acknowledged(self, text) end
  local bye = self.bye
  if not bye then return end
  self.bye = false
  self.agent:want_acks(-1)
  self.agent.engine:dialog_request(self.number, bye)
  self.agent:forget_dialog(self)
end

--- Sends the BYE, but not before the ACK of our 2xx (15). One that proves who we are may
--- be challenged once more.
local function send_bye(self, flat)
  local agent = self.agent
  if self.owed_ack then -- its answer will not come from the other leg any more
    self.owed_ack = false
    agent.engine:ack(self.number)
  end
  if agent.engine:awaits_ack(self.number) then
    self.bye = { method = "BYE", headers = flat, orphan = true }
    agent:want_acks(1)
  elseif self.credentials then
    exchange.start(agent, "call:hangup", "BYE", { {} }, { headers = flat },
      { dialog = self, call = self, is_farewell = true })
  else
    agent.engine:dialog_request(self.number, { method = "BYE", headers = flat, orphan = true })
  end
end

--- A flat list of names and values as pairs.
local function pairs_of(flat)
  local list = {}
  for at = 1, #flat, 2 do list[#list + 1] = { flat[at], flat[at + 1] } end
  return list
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
    local options = flat and { headers = pairs_of(flat) } or nil
    local done, err = self.req:reply(status, options)
    if not done then return err end
  end
end

--- Ends it because it cannot go on: the other side is told why (RFC 3326).
---@param err moonsip.Error
---@package
function Ending:fail(err)
  if self.state == "ended" then return end
  self.failing = err
  local text = err.reason:gsub('[%c"\\]', "?")
  leave(self, err.code or 480,
    { "Reason", ('SIP;cause=%d;text="%s"'):format(err.code or 480, text) })
  self:ended(err)
end

local hangup_options <const> = { headers = true, reason = true, code = true }

--- Ends the call as its state asks for: BYE, CANCEL, or a rejection of an INVITE that was
--- not answered (`code`, 480). It returns at once; doing it twice is fine.
---@param options { headers: table?, reason: string?, code: integer? }?  reason: a Reason header (RFC 3326)
---@return boolean done  false when the call had ended
function Ending:hangup(options)
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
function Ending:close(err)
  if self.state == "ended" then return end
  leave(self, (err ~= nil or self.is_leg) and 500 or 480, self.farewell or nil)
  self:ended(errors.new("hangup", "closed", { by = "local" }))
end

--- Cleans up after the end; tells the agent's `cdr` handlers.
---@param why moonsip.Error
---@return boolean first
---@package
function Ending:ended(why)
  if not dialog.Dialog.ended(self, why) then return false end
  if self.hears_acks then
    self.hears_acks = false
    self.agent:want_acks(-1)
  end
  if self.awaits_answer and not self.bye then self:acknowledged() end
  if self.sound then
    self:note("ended: %s", why.reason)
    self.sound:close()
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
  if self.permit then self.permit:release() end
  self.agent:call_ended(self)
  return true
end

--- What on("cdr") gets.
---@package
function Ending:summary()
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
function Ending:limit(span)
  local ms = duration.check("call:limit", "span", span)
  if self.state == "ended" then return end
  local context = self.agent.context
  if self.limit_timer then context.wheel:stop(self.limit_timer) end
  self.limit_timer = context:start_timer(ms, setmetatable({ call = self }, Limit))
end

return ending
