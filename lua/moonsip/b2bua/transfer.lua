-- SPDX-License-Identifier: MIT
-- A REFER inside a bridge that is followed here (RFC 3515, RFC 5589): the other side is joined
-- with whom it names, without a message of that to its phone. Who asked is told how it goes;
-- when it fails the two go on as they were, or both are over when who asked has left.

local core = require "moonsip.core"
local dial = require "moonsip.dial"
local dialling = require "moonsip.b2bua.dialling"
local errors = require "moonsip.errors"
local replaces = require "moonsip.replaces"
local transferee = require "moonsip.transferee"

---@class moonsip.LocalTransfer
---@field joint moonsip.Joint
---@field from moonsip.Call       who asked
---@field other moonsip.Call      who is transferred
---@field req moonsip.Request     the REFER
---@field uri string              that it names
---@field fields table            header fields for the INVITE
---@field private wait moonsip.Wait
local Transfer = {}
Transfer.__index = Transfer

local transfer = {}

local verb <const> = "call:bridge"

--- What is dialled: as the script routes it, or the URI as it is.
local function wish_of(self, target, options)
  local other, of = self.other, self.joint.relay.policy
  local chosen = { from = of:identity(other.remote, other.agent) }
  for name, value in pairs(options or {}) do chosen[name] = value end
  local fields = {}
  for name, value in pairs(self.fields) do fields[name] = value end
  for name, value in pairs(chosen.headers or {}) do fields[name] = value end
  chosen.headers, chosen.media, chosen.early = fields, of.media, false
  local wish = dial.wish(verb, other, target, chosen)
  if not options then wish.policy = of:silent() end
  wish.heard = function(message) transferee.tell(self.req, message.code, message.reason) end
  return wish
end

local function hang_up(call)
  if call.state ~= "ended" then call:hangup() end
end

--- The dialling is over.
local function dialled(self, leg, err)
  local joint, from = self.joint, self.from
  joint.transfer = false
  if leg and joint.done then
    leg:hangup()
    leg, err = nil, errors.new("cancelled", "the bridge is over", { by = "local" })
  end
  local code = leg and 200 or err.code or (err:status())
  joint:note_transfer(self, code)
  if leg then
    joint:adopt(leg)
    joint:give_place(from, leg)
    return transferee.conclude(self.req, 200, nil, function() hang_up(from) end)
  end
  transferee.conclude(self.req, code, err.response and err.response.reason, function() end)
  if from.state == "ended" then joint:finish(from, from.why) end
end

--- Calls the target on behalf of who is transferred.
local function place(self, wish)
  self.joint.transfer = self
  self.wait = self.other:await(verb, function(leg, err) dialled(self, leg, err) end,
    dialling.start, self.other, wish)
end

--- Who asked has a second call through a bridge of ours, whose other side takes his place
--- (RFC 5589 7): nobody is called, and both calls of his are over.
local function attend(self, old)
  local from = self.from
  self.joint:note_transfer(self, 200)
  self.joint:absorb(old.joint, from, old)
  transferee.conclude(self.req, 200, nil, function()
    hang_up(from)
    hang_up(old)
  end)
end

--- Where the other side is to go; nil and a status.
local function route(joint, from, uri)
  local fn = joint.relay.transfer
  if type(fn) ~= "function" then return uri end
  return fn(core.uri(uri), from)
end

-- Would end the call at who asked, and not his wish alone (RFC 5057 5.1).
local ends_dialog <const> = { [404] = true, [410] = true, [416] = true, [480] = true,
                              [481] = true, [482] = true, [483] = true, [484] = true,
                              [485] = true, [502] = true, [604] = true }

local function refuse(req, status)
  return req:reply((not status or ends_dialog[status]) and 603 or status)
end

--- Who said it may be hidden.
local function mask(fields, of, agent)
  local by = of.hide and core.address(fields["Referred-By"] or "")
  if by then fields["Referred-By"] = of:identity(by, agent) end
end

--- Follows a REFER of one leg's. In the task of its handler.
---@param joint moonsip.Joint
---@param from moonsip.Call
---@param req moonsip.Request
function transfer.follow(joint, from, req)
  local is_routed = type(joint.relay.transfer) == "function"
  local uri, fields = transferee.read(req, is_routed)
  if not uri then return refuse(req, fields) end
  mask(fields, joint.relay.policy, from.agent)
  local self = setmetatable({ joint = joint, from = from, other = joint:other(from), req = req,
                              uri = uri, fields = fields }, Transfer)
  local old = fields.Replaces and replaces.named(from.agent, fields.Replaces)
  local met = old and old.joint
  if met == joint then return req:reply(400) end -- one of the two that it is about
  local target, options
  if not met then
    target, options = route(joint, from, uri)
    if not target then return refuse(req, options) end
  end
  -- One after the other, and not while a description crosses that is for who goes.
  if joint.done or joint.transfer or joint.relay:is_busy() or met and met.transfer then
    return req:reply(491)
  end
  local wish = not met and wish_of(self, target, options)
  if not transferee.accept(req) then return end
  if met then return attend(self, old) end
  return place(self, wish)
end

--- The bridge is over: nobody is called any more.
function Transfer:give_up()
  self.wait:cancel()
end

return transfer
