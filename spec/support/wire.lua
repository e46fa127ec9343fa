-- SPDX-License-Identifier: MIT
--
-- One engine on a virtual wire with a peer made by hand: what the engine sends is
-- recorded with its time, what the peer sends is text. No socket, no real clock.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"

local Wire <const> = {}
Wire.__index = Wire

local ENGINE <const>, PEER <const> = "10.0.0.1", "10.0.0.9"

-- options: those of core.engine, and transport ("udp"), handles (methods or "*",
-- all of them unless said otherwise), listen (false: no listener of our own).
local function new(options)
  options = options or {}
  local settings <const> = { seed = 7, now = 0 }
  for key, value in pairs(options) do settings[key] = value end
  local transport <const> = options.transport or "udp"
  settings.transport, settings.handles = nil, nil
  local self <const> = setmetatable({
    engine = assert(core.engine(settings)),
    now = 0,
    sent = {},   -- { at =, text =, to =, owner =, transport = }
    events = {}, -- { kind, message, transaction, dialog, code }
    transport = transport,
  }, Wire)
  self.engine:identity { allow = "INVITE, ACK, BYE, CANCEL, OPTIONS",
    accept = "application/sdp",
    supported = "timer" }
  self.listener = assert(self.engine:add_listener(transport, ENGINE, 5060))
  for _, method in ipairs(options.handles or { "*", "BYE", "ACK" }) do
    self.engine:handles(method, true)
  end
  return self
end

function Wire:collect()
  while true do
    local text, flow, owner, fallback = self.engine:next_packet()
    if not text then break end
    self.sent[#self.sent + 1] = { at = self.now, text = text, owner = owner, flow = flow,
      fallback = fallback, to = ("%s:%d"):format(flow.remote_ip, flow.remote_port),
      transport = flow.transport }
  end
  while true do
    local event <const> = table.pack(self.engine:next_event())
    if event.n == 0 then break end
    self.events[#self.events + 1] = { kind = event[1], message = event[2],
      transaction = event[3],
      dialog = event[4], code = event[5] }
  end
  return self
end

-- The peer's message reaches the engine.
function Wire:deliver(text, from)
  from = from or {}
  local flow <const> = core.flow(from.transport or self.transport, ENGINE, 5060,
    from.ip or PEER,
    from.port or 5060, self.listener, from.connection or 0)
  self.engine:receive(flow, text)
  return self:collect()
end

function Wire:advance(ms)
  local until_ms <const> = self.now + ms
  while true do
    local at <const> = self.engine:deadline()
    if not at or at > until_ms then break end
    self.now = at
    self.engine:advance(at)
    self:collect()
  end
  self.now = until_ms
  self.engine:advance(until_ms)
  return self:collect()
end

-- The latest event, or the latest of a kind; nil when there is none.
function Wire:event(kind)
  for i = #self.events, 1, -1 do
    if not kind or self.events[i].kind == kind then return self.events[i] end
  end
end

-- Answers the latest request event.
function Wire:reply(status, ...)
  local id <const>, err = self.engine:reply(self:event("request").transaction, status,
    ...)
  self:collect()
  return id, err
end

-- A request of the engine's user to the peer.
function Wire:request(o)
  o = o or {}
  local options <const> = { method = "INVITE", uri = "sip:peer@10.0.0.9",
    from = "<sip:bob@10.0.0.1>" }
  for key, value in pairs(o) do options[key] = value end
  local id <const>, err = self.engine:request(options)
  self:collect()
  return id, err
end

function Wire:dialog_request(dialog, o)
  local id <const>, err = self.engine:dialog_request(dialog, o)
  self:collect()
  return id, err
end

-- The latest message sent, or the latest of a kind ("ACK", 200).
function Wire:last(kind)
  for i = #self.sent, 1, -1 do
    local one <const> = self.sent[i]
    if not kind or messages.kind(one.text) == kind then return one.text, one end
  end
end

function Wire:count(kind)
  return #self:times(kind)
end

-- When messages of a kind were sent.
function Wire:times(kind)
  local times <const> = {}
  for _, packet in ipairs(self.sent) do
    if messages.kind(packet.text) == kind then times[#times + 1] = packet.at end
  end
  return times
end

-- The kinds of all that was sent or of all events, in order.
function Wire:kinds()
  local kinds <const> = {}
  for i, packet in ipairs(self.sent) do kinds[i] = messages.kind(packet.text) end
  return kinds
end

function Wire:heard()
  local kinds <const> = {}
  for i, event in ipairs(self.events) do
    kinds[i] = event.kind == "response" and event.code or event.kind
  end
  return kinds
end

function Wire:live()
  local counts <const> = self.engine:counts()
  return counts.server_transactions + counts.client_transactions + counts.dialogs + counts.timers
end

-- Answers the latest request sent.
function Wire:answer(status, o)
  return self:deliver(messages.answer(self:last(o and o.to or nil), status, o))
end

-- An established call in which the peer called; the dialog's id.
function Wire:called(o)
  self:deliver(messages.invite(o))
  local dialog <const> = assert(self:reply(200))
  self.to_tag = messages.tag(self:last(200), "To")
  self:deliver(messages.ack { branch = "z9hG4bKack1", to_tag = self.to_tag })
  return dialog
end

-- An established call that the engine placed; the dialog's id.
function Wire:call(o, answer)
  self:request(o)
  self:deliver(messages.answer(self:last "INVITE", 200, answer))
  return self:event("response").dialog
end

return { new = new }
