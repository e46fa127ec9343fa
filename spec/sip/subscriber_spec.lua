-- SPDX-License-Identifier: MIT
--
-- The subscriber in the core (RFC 6665 4.1), message by message.

local messages <const> = require "spec.support.messages"
local subscriptions <const> = require "spec.support.subscriptions"
local wire <const> = require "spec.support.wire"

local CHALLENGE <const> = 'WWW-Authenticate: Digest realm="r", nonce="n"'

local watch <const> = subscriptions.watch
local notify <const> = subscriptions.notify
local watched <const> = subscriptions.watched

describe("a subscriber (RFC 6665 4.1)", function()
  it("hears of each NOTIFY, which is answered", function()
    local net <const>, number = watched()
    assert.same({ "SUBSCRIBE", 200 }, net:kinds())
    assert.same({ "notified", number, number }, { net:event().kind, net:event().transaction,
      net:event().dialog })
    assert.same({ 1, 1 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
  end)

  it("takes a NOTIFY before the answer to its SUBSCRIBE (4.1.2.4)", function()
    local net <const> = wire.new()
    watch(net)
    notify(net, { state = "active" })
    net:answer(200, { to = "SUBSCRIBE", to_tag = "them", lines = { "Expires: 600" } })
    assert.same({ "notified", 200 }, net:heard())
    assert.same(1, net.engine:counts().dialogs)
    net:advance(560000)
    assert.same(2, net:count "SUBSCRIBE")
    assert.same("2 SUBSCRIBE", messages.header(net:last "SUBSCRIBE", "CSeq"))
  end)

  it("makes its dialog from the NOTIFY, with that one's routes (4.4.1)", function()
    local net <const> = watched { notify = { contact = "<sip:there@10.0.0.8>",
      lines = { "Record-Route: <sip:p1;lr>, <sip:p2;lr>" } } }
    net:advance(560000)
    assert.truthy(net.engine:next_query())
  end)

  it("refreshes in time without a word to its user (4.1.2.2)", function()
    local net <const> = watched()
    net:advance(559999)
    assert.same(1, net:count "SUBSCRIBE")
    net:advance(1)
    local text <const> = net:last "SUBSCRIBE"
    assert.same({ "600", "presence", "application/pidf+xml", "them" },
      { messages.header(text, "Expires"), messages.header(text, "Event"),
        messages.header(text, "Accept"), messages.tag(text, "To") })
    local heard <const> = #net.events
    net:answer(200, { to = "SUBSCRIBE", lines = { "Expires: 600" } })
    assert.same(heard, #net.events)
    notify(net)
    net:advance(560000)
    assert.same(3, net:count "SUBSCRIBE")
  end)

  it("believes what a NOTIFY says of the time left (4.1.3)", function()
    local net <const> = watched { notify = { state = "active;expires=100" } }
    net:advance(59999)
    assert.same(1, net:count "SUBSCRIBE")
    net:advance(1)
    assert.same(2, net:count "SUBSCRIBE")
  end)

  for _, seconds in ipairs { 1, 2, 4294967295 } do
    it(("survives Expires %d (bug class 27)"):format(seconds), function()
      local net <const> = watched { expires = seconds,
        notify = { state = "active;expires=" .. seconds } }
      net:advance(400)
      assert.same(1, net:count "SUBSCRIBE")
      net:advance(2000)
      local times <const> = net:count "SUBSCRIBE"
      assert.truthy(seconds > 2 and times == 1 or times > 1 and times < 10, times)
    end)
  end

  it("is over at once when it is told Expires 0 (bug class 27)", function()
    local net <const> = watched { notify = { state = "active;expires=0" } }
    net:advance(0)
    assert.same("subscription_end", net:event().kind)
    assert.same(0, net.engine:counts().subscriptions)
  end)

  it("asks again for longer when an interval is too brief (423)", function()
    local net <const> = watched()
    net:advance(560000)
    net:answer(423, { to = "SUBSCRIBE", lines = { "Min-Expires: 1200" } })
    assert.same("1200", messages.header(net:last "SUBSCRIBE", "Expires"))
    net:answer(423, { to = "SUBSCRIBE", lines = { "Min-Expires: 1200" } })
    assert.same(3, net:count "SUBSCRIBE")
    assert.same(1, net.engine:counts().subscriptions)
  end)

  for _, status in ipairs { 404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604 } do
    it(("is over when a refresh gets %d (4.1.2.2)"):format(status), function()
      local net <const> = watched()
      net:advance(560000)
      net:answer(status, { to = "SUBSCRIBE" })
      assert.same({ 0, 0 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
    end)
  end

  it("lives until it expires when a refresh fails otherwise (4.1.2.2)", function()
    local net, number = watched()
    net:advance(560000)
    net:answer(500, { to = "SUBSCRIBE" })
    notify(net)
    assert.same("notified", net:event().kind)
    net = watched()
    net:advance(560000)
    net:answer(503, { to = "SUBSCRIBE" })
    net:advance(31999)
    assert.same(1, net.engine:counts().subscriptions)
    net:advance(8001)
    assert.same({ "subscription_end", number }, { net:event().kind, net:event().dialog })
  end)

  it("fails when no NOTIFY comes within Timer N (4.1.2.4)", function()
    local net <const> = wire.new()
    local number <const> = watch(net)
    net:answer(200, { to = "SUBSCRIBE", lines = { "Expires: 600" } })
    assert.same(0, net.engine:counts().dialogs)
    net:advance(32000)
    assert.same({ "subscription_end", number, "TIMEOUT" }, { net:event().kind,
      net:event().dialog, net:event().code })
  end)

  it("fails when no NOTIFY comes after a refresh (4.1.2.2)", function()
    local net <const> = watched()
    net:advance(560000)
    net:answer(200, { to = "SUBSCRIBE", lines = { "Expires: 600" } })
    net:advance(32000)
    assert.same({ "subscription_end", "TIMEOUT" }, { net:event().kind, net:event().code })
  end)

  it("expects none after 204 (RFC 5839 5.2)", function()
    local net <const> = watched()
    net:advance(560000)
    net:answer(204, { to = "SUBSCRIBE", lines = { "Expires: 600" } })
    net:advance(32000)
    assert.same(1, net.engine:counts().subscriptions)
  end)

  it("has one subscription for each fork that sends NOTIFY (4.1.4)", function()
    local net <const>, number = watched()
    notify(net, { from_tag = "fork2", cseq = 1 })
    notify(net, { from_tag = "fork3", cseq = 1 })
    assert.same({ 3, 3 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
    assert.same(number, net:event().transaction)
    assert.are_not.equal(number, net:event().dialog)
    net:advance(32000)
    notify(net, { from_tag = "late", cseq = 1 })
    assert.same(1, net:count(481))
    net:advance(560000 - 32000)
    assert.same(4, net:count "SUBSCRIBE")
  end)

  it("answers 481 to forks past its bound", function()
    local net <const> = watched()
    for i = 1, 33 do notify(net, { from_tag = "f" .. i, cseq = 1 }) end
    assert.same(1, net:count(481))
    assert.same(33, net.engine:counts().subscriptions)
  end)

  it("leaves with Expires 0 and waits for the last NOTIFY (4.1.2.3)", function()
    local net <const>, number = watched()
    assert.is_true(net.engine:unsubscribe(number))
    net:collect()
    assert.same("0", messages.header(net:last "SUBSCRIBE", "Expires"))
    net:answer(200, { to = "SUBSCRIBE", lines = { "Expires: 0" } })
    assert.same(1, net.engine:counts().subscriptions)
    notify(net, { state = "terminated;reason=timeout" })
    assert.same({ 0, 0 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
    assert.same({ "subscription_end", 4 }, { net:event().kind, net:event().code })
  end)

  it("does not wait for it for ever", function()
    local net <const>, number = watched()
    net.engine:unsubscribe(number)
    net:collect():answer(200, { to = "SUBSCRIBE" })
    net:advance(32000)
    assert.same(0, net.engine:counts().subscriptions)
  end)

  it("leaves nothing behind when it leaves before the first NOTIFY", function()
    local net <const> = wire.new()
    net.engine:unsubscribe(watch(net))
    net:answer(200, { to = "SUBSCRIBE", lines = { "Expires: 600" } })
    notify(net)
    assert.same(1, net:count(481))
    assert.same({ 0, 0 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
  end)

  for code, reason in ipairs { "deactivated", "probation", "rejected", "timeout", "giveup",
    "noresource", "invariant", "whatever" } do
    it("is over when a NOTIFY says terminated, " .. reason .. " (4.1.3)", function()
      local net <const>, number = watched()
      notify(net, { state = "terminated;reason=" .. reason, body = "last" })
      local event <const> = net:event()
      assert.same({ "subscription_end", number, code }, { event.kind, event.dialog, event.code })
      assert.same("last", event.message.body)
      assert.same({ 0, 0 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
    end)
  end

  it("is told of the state by a fetch, and keeps no dialog for it (4.4.1)", function()
    local net <const> = wire.new()
    watch(net, { expires = 0 })
    net:answer(200, { to = "SUBSCRIBE", lines = { "Expires: 0" } })
    notify(net, { state = "terminated;reason=timeout", body = "state" })
    assert.same({ "subscription_end", "state" }, { net:event().kind, net:event().message.body })
    assert.same(0, net.engine:counts().dialogs)
  end)

  it("answers 481 to a NOTIFY for nothing (4.1.3, bug class 30)", function()
    local net <const> = wire.new { handles = {} }
    notify(net, { call_id = "unknown" })
    notify(net, { call_id = "unknown", to_tag = false })
    local net2 <const> = watched()
    notify(net2, { event = "Event: dialog" })
    notify(net2, { event = "Event: presence;id=4" })
    notify(net2, { to_tag = "notme" })
    assert.same(3, net2:count(481))
    assert.truthy(net:count(481) >= 1)
  end)

  it("answers 400 without Subscription-State and 489 without Event", function()
    local net <const> = watched()
    notify(net, { state = false })
    assert.same(1, net:count(400))
    notify(net, { state = ";;" })
    assert.same(2, net:count(400))
    notify(net, { event = "Subject: x" })
    assert.same(1, net:count(489))
    assert.same(1, net.engine:counts().subscriptions)
  end)

  it("makes no dialog of a NOTIFY without Contact", function()
    local net <const> = wire.new()
    watch(net)
    notify(net, { contact = false })
    assert.same(1, net:count(400))
    notify(net)
    assert.same("notified", net:event().kind)
  end)

  it("is sent again with proof when it is challenged", function()
    local net <const>, number = watched()
    net:advance(560000)
    net:answer(401, { to = "SUBSCRIBE", lines = { CHALLENGE } })
    assert.same({ "challenged", number, number }, { net:event().kind, net:event().transaction,
      net:event().dialog })
    net.engine:prove(number, { "Authorization", "Digest x=y" })
    net:collect()
    assert.same({ 3, "Digest x=y" }, { net:count "SUBSCRIBE",
      messages.header(net:last "SUBSCRIBE", "Authorization") })
    net:answer(200, { to = "SUBSCRIBE", lines = { "Expires: 600" } })
    notify(net)
    net:advance(560000)
    assert.is_nil(messages.header(net:last "SUBSCRIBE", "Authorization"))
  end)

  it("can't be opened with an Event that breaks lines", function()
    local net <const> = wire.new()
    local number <const>, err = net.engine:watch { call_id = "c", from_tag = "t",
      event = "presence\r\nX: y" }
    assert.is_nil(number)
    assert.same("HEADER", err.name)
  end)
end)
