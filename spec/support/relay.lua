-- SPDX-License-Identifier: MIT
--
-- One engine that proxies, on the virtual wire of wire.lua: the caller is its peer, at
-- 10.0.0.9, those who are called are addresses that the test answers for.

local messages <const> = require "spec.support.messages"
local wire <const> = require "spec.support.wire"

local Relay <const> = {}
Relay.__index = Relay

local CALLER <const> = "10.0.0.9"

local function new(options)
  return setmetatable({ net = wire.new(options) }, Relay)
end

-- A request of the caller; its transaction.
function Relay:receive(method, o)
  self.net:deliver(messages[method](o))
  local event <const> = self.net:event "request"
  self.transaction = event and event.transaction
  return self.transaction
end

-- Adds a target: a URI, or a table with what proxy_add takes.
function Relay:add(target)
  if type(target) == "string" then target = { uri = target } end
  return self.net.engine:proxy_add(self.transaction, target.uri, target.via, target.routes,
    target.headers, target.drop, target.flow, target.transport, target.timeout, target.group)
end

-- wish: stay, finish (true), watch, recursions, message
function Relay:start(wish)
  wish = wish or {}
  local ok <const>, err = self.net.engine:proxy(self.transaction, wish.message, wish.stay,
    wish.finish ~= false, wish.watch, wish.recursions)
  self.net:collect()
  return ok, err
end

-- Both, for the request that came last.
function Relay:proxy(targets, wish)
  for _, target in ipairs(targets) do assert(self:add(target)) end
  return self:start(wish)
end

-- An INVITE that is proxied to these.
function Relay:invite(targets, wish, o)
  self:receive("invite", o)
  assert(self:proxy(targets, wish))
  return self
end

local function ip_of(packet) return packet.to:match "^%[?(.-)%]?:%d+$" end

-- What was sent to an address: all, or of a kind.
function Relay:sent_to(ip, kind)
  local found <const> = {}
  for _, packet in ipairs(self.net.sent) do
    if ip_of(packet) == ip and (not kind or messages.kind(packet.text) == kind) then
      found[#found + 1] = packet
    end
  end
  return found
end

-- The kinds of what was sent to an address, in order.
function Relay:kinds_to(ip)
  local kinds <const> = {}
  for at, packet in ipairs(self:sent_to(ip)) do kinds[at] = messages.kind(packet.text) end
  return kinds
end

-- The latest of a kind that was sent to an address.
function Relay:last_to(ip, kind)
  local all <const> = self:sent_to(ip, kind)
  return all[#all] and all[#all].text, all[#all]
end

function Relay:up(kind) return self:last_to(CALLER, kind) end
function Relay:upstream() return self:kinds_to(CALLER) end

-- One who was called answers the latest request of a kind that he got (INVITE).
function Relay:answer(ip, status, o)
  local text <const>, packet = self:last_to(ip, o and o.to or "INVITE")
  assert(text, "nothing was sent to " .. ip)
  local parts <const> = setmetatable({}, { __index = o })
  parts.to_tag = parts.to_tag or (status > 100 and "tag" .. ip:match "%d+$" or nil)
  self.net:deliver(messages.answer(text, status, parts), { ip = ip,
    port = packet.flow.remote_port, transport = packet.transport,
    connection = packet.flow.connection })
  return self
end

-- The script's turn: how it came out, or nil.
function Relay:outcome()
  local event <const> = self.net:event "proxied"
  return event and event.code, event
end

function Relay:advance(ms)
  self.net:advance(ms)
  return self
end

function Relay:deliver(text, from)
  self.net:deliver(text, from)
  return self
end

-- The caller gives up.
function Relay:cancel(o)
  self.net:deliver(messages.cancel(o))
  return self
end

-- Transactions, dialogs and timers that live; and blocks of memory.
function Relay:live() return self.net:live() end
function Relay:blocks() return self.net.engine:counts().live_blocks end

return { new = new, CALLER = CALLER }
