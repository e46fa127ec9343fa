-- SPDX-License-Identifier: MIT
-- What is under way on an agent: calls, dialogs, and requests whose answer comes later.
-- Methods of the agent that its own parts call; scripts have no use for them.

local call = require "moonsip.call"
local description = require "moonsip.description"
local dialog = require "moonsip.dialog"
local errors = require "moonsip.errors"
local record = require "moonsip.b2bua.record"

local Underway = {}

local underway = {}

--- Gives them to a class.
function underway.mixin(class)
  for name, method in pairs(Underway) do class[name] = method end
end

function Underway:add_call(one)
  self.serial = self.serial + 1
  one.serial = self.serial
  self.call_set[one] = true
  if self.call_watchers[1] then self:call_changed(one) end
end

--- Who hears of each step of each call: `one:changed(call)`.
function Underway:watch_calls(one)
  table.insert(self.call_watchers, one)
end

function Underway:unwatch_calls(one)
  for at, other in ipairs(self.call_watchers) do
    if other == one then return table.remove(self.call_watchers, at) end
  end
end

local function tell_watchers(self, one)
  for _, watcher in ipairs({ table.unpack(self.call_watchers) }) do watcher:changed(one) end
end

--- A call began, rings, is connected or has ended. Called when somebody watches.
function Underway:call_changed(one)
  self.context.tasks:spawn(self, tell_watchers, self, one)
end

--- The call of an INVITE that came.
---@param req moonsip.Request
function Underway:call_of(req)
  local one = call.incoming(req)
  req.dialog = one
  self:add_call(one)
  self:keep_request(req)
  return one
end

--- A reply of ours made or confirmed a dialog.
---@param req moonsip.Request
function Underway:dialog_of_reply(req, number, status)
  local of = req.dialog
  if req.message.method == "INVITE" then
    of = of or self:call_of(req)
    if of.number ~= number or of.state ~= "connected" then -- else a further INVITE
      of:bind(number, status)
    end
  elseif not of then
    of = dialog.new(self, number)
    req.dialog = of
  end
  self.dialogs[number] = of
  if status >= 200 then self:forget_request(req) end
end

--- Remembers a request whose answer comes later: a CANCEL finds it, draining waits.
---@param req moonsip.Request
function Underway:keep_request(req)
  local number = req.transaction
  if self.requests[number] or req.final or number == 0 then return end
  self.requests[number] = req
  if req.message.method ~= "INVITE" and not req.proxied then
    req.timer = self.context:start_timer(self.deferred_ms, req)
  end
end

--- It was answered, or cannot be any more. An INVITE that was refused ends its call.
---@param req moonsip.Request
function Underway:forget_request(req)
  if self.requests[req.transaction] then
    self.requests[req.transaction] = nil
    if req.timer then
      self.context.wheel:stop(req.timer)
      req.timer = false
    end
  end
  local of, final = req.dialog, req.final
  if of and of.is_call and final and final >= 300 and of.req == req
    and of.state ~= "ended" then
    of:ended(of.failing or errors.new("rejected", "not answered",
      { code = final, by = "local" }))
  end
end

function Underway:forget_dialog(of)
  if of.number and not of.bye then self.dialogs[of.number] = nil end
end

--- A BYE came: the dialog is over whatever its handler answers (15.1.2).
function Underway:remote_bye(of, bye) -- luacheck: ignore self
  of:ended(errors.hangup(bye))
end

--- Answers the offer of a 2xx in its ACK (13.2.2.4).
---@param exchange moonsip.Exchange  of the INVITE
---@param given string?  the answer, when it is not ours to make
function Underway:acknowledge(number, exchange, given)
  local sdp = exchange.session and exchange.session:answer_in_ack(given)
  self.engine:ack(number, { headers = exchange:ack_headers(), body = sdp,
                            content_type = sdp and description.content_type or nil })
end

--- A call is over.
function Underway:call_ended(one)
  self.call_set[one] = nil
  if self.call_watchers[1] then self:call_changed(one) end
  if one.is_leg then return record.settle(one) end
  if not one.of_leg and self.handlers:has "cdr" then self:emit("cdr", one:summary()) end
end

--- The id of a session description of ours (RFC 4566 5.2).
function Underway:session_number()
  self.sessions = (self.sessions or self.context:now()) + 1
  return self.sessions
end

return underway
