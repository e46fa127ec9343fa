-- SPDX-License-Identifier: MIT
--
-- Both ends of a subscription, made by hand, beside an engine on a virtual wire.

local messages <const> = require "spec.support.messages"
local wire <const> = require "spec.support.wire"

local EVENT <const> = "Event: presence"

local subscriptions <const> = {}

local branches = 0

function subscriptions.subscribe(net, o)
  o = o or {}
  branches = branches + 1
  o.branch = "z9hG4bKs" .. branches
  o.lines = o.lines or { o.event or EVENT, o.expires and "Expires: " .. o.expires
    or "Expires: 600" }
  return net:deliver(messages.subscribe(o))
end

function subscriptions.accept(net, wish, ...)
  local number <const>, status = net.engine:accept(net:event("request").transaction,
    wish or { most = 3600, default = 3600 }, ...)
  net:collect()
  return number, status
end

-- A subscription that was accepted, whose first NOTIFY was answered.
function subscriptions.accepted(wish, o, ...)
  local net <const> = wire.new()
  subscriptions.subscribe(net, o)
  local number <const> = subscriptions.accept(net, wish, ...)
  net:advance(0)
  if net:last "NOTIFY" then net:answer(200, { to = "NOTIFY", contact = false }) end
  return net, number
end

function subscriptions.state_of(net)
  return messages.header(net:last "NOTIFY", "Subscription%-State")
end

-- A further SUBSCRIBE inside the dialog.
function subscriptions.refresh(net, cseq, expires, event)
  return subscriptions.subscribe(net, { cseq = cseq, to_tag = messages.tag(net:last(200), "To"),
    expires = expires, event = event })
end

function subscriptions.body_of(text) return text:match "\r\n\r\n(.*)$" end

function subscriptions.watch(net, o)
  o = o or {}
  local number <const> = assert(net.engine:watch { call_id = "w1", from_tag = "me",
    event = o.event or "presence", expires = o.expires or 600,
    headers = { "Accept", "application/pidf+xml" } })
  net:request { method = "SUBSCRIBE", call_id = "w1", from_tag = "me", subscription = number,
    headers = { "Event", o.event or "presence", "Expires", tostring(o.expires or 600) } }
  return number
end

local notified = 0

function subscriptions.notify(net, o)
  o = o or {}
  notified = notified + 1
  local lines <const> = { o.event or EVENT }
  if o.state ~= false then
    lines[2] = "Subscription-State: " .. (o.state or "active;expires=600")
  end
  for _, line in ipairs(o.lines or {}) do lines[#lines + 1] = line end
  return net:deliver(messages.notify { call_id = o.call_id or "w1", to_tag = o.to_tag or "me",
    from_tag = o.from_tag or "them", cseq = o.cseq or notified, contact = o.contact,
    branch = "z9hG4bKn" .. notified, lines = lines, body = o.body,
    from = o.from })
end

function subscriptions.watched(o)
  local net <const> = wire.new()
  local number <const> = subscriptions.watch(net, o)
  net:answer(200, { to = "SUBSCRIBE", to_tag = "them",
    lines = { "Expires: " .. (o and o.expires or 600) } })
  subscriptions.notify(net, o and o.notify)
  return net, number
end

return subscriptions
