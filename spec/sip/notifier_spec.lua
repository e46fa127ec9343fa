-- SPDX-License-Identifier: MIT
--
-- The notifier in the core (RFC 6665 4.2), message by message.

local messages <const> = require "spec.support.messages"
local subscriptions <const> = require "spec.support.subscriptions"
local wire <const> = require "spec.support.wire"

local EVENT <const> = "Event: presence"
local CHALLENGE <const> = 'WWW-Authenticate: Digest realm="r", nonce="n"'

local subscribe <const> = subscriptions.subscribe
local accept <const> = subscriptions.accept
local accepted <const> = subscriptions.accepted
local state_of <const> = subscriptions.state_of
local refresh <const> = subscriptions.refresh
local body_of <const> = subscriptions.body_of

describe("a notifier (RFC 6665 4.2)", function()
  it("answers 200 with Expires and sends NOTIFY at once (4.2.1.2)", function()
    local net <const> = wire.new()
    subscribe(net, { expires = 600 })
    local number <const>, status = accept(net, { most = 3600, default = 3600 }, "open",
      "text/plain")
    assert.truthy(number > 0)
    assert.same(200, status)
    assert.same({ 200, "NOTIFY" }, net:kinds())
    local ok <const>, notify = net:last(200), net:last "NOTIFY"
    assert.same("600", messages.header(ok, "Expires"))
    assert.truthy(messages.header(ok, "Contact"))
    assert.same("presence", messages.header(notify, "Event"))
    assert.same("active;expires=600", state_of(net))
    assert.same("text/plain", messages.header(notify, "Content%-Type"))
    assert.same("open", body_of(notify))
    assert.same(messages.tag(ok, "To"), messages.tag(notify, "From"))
    assert.truthy(notify:find("^NOTIFY sip:peer@10.0.0.9:5060 "))
  end)

  it("keeps the id of Event, and nothing else of it (8.2.1)", function()
    local net <const> = accepted(nil, { event = "Event: presence;id=7;x=y" })
    assert.same("presence;id=7", messages.header(net:last "NOTIFY", "Event"))
  end)

  it("says nothing at first only when its user says nothing", function()
    local net = wire.new()
    subscribe(net)
    local number <const> = accept(net)
    assert.same({ 200 }, net:kinds())
    net.engine:notify(number, "now", "text/plain")
    net:collect():advance(0)
    assert.same(1, net:count "NOTIFY")
    assert.same("now", body_of(net:last "NOTIFY"))

    net = wire.new()
    subscribe(net)
    accept(net)
    net:advance(0)
    assert.same(1, net:count "NOTIFY")
    assert.same("", body_of(net:last "NOTIFY"))
  end)

  it("shortens what is too long and never lengthens (4.2.1.1)", function()
    for asked, granted in pairs { [600] = "300", [300] = "300", [10] = "10",
      [4294967295] = "300" } do
      local net <const> = wire.new()
      subscribe(net, { expires = asked })
      accept(net, { most = 300, default = 300 })
      assert.same(granted, messages.header(net:last(200), "Expires"))
    end
  end)

  it("takes the default where Expires is absent", function()
    local net <const> = wire.new()
    subscribe(net, { lines = { EVENT } })
    accept(net, { most = 3600, default = 1200 })
    assert.same("1200", messages.header(net:last(200), "Expires"))
  end)

  it("answers 423 to less than its minimum, unless that is an hour or more (4.2.1.1)", function()
    local net = wire.new()
    subscribe(net, { expires = 59 })
    local number <const>, status = accept(net, { least = 60, most = 3600, default = 3600 })
    assert.same({ 0, 423 }, { number, status })
    assert.same({ 423 }, net:kinds())
    assert.same("60", messages.header(net:last(423), "Min%-Expires"))
    assert.same(0, net.engine:counts().subscriptions)

    net = wire.new()
    subscribe(net, { expires = 60 })
    assert.same(200, select(2, accept(net, { least = 60, most = 3600, default = 3600 })))
    net = wire.new()
    subscribe(net, { expires = 3600 })
    assert.same(200, select(2, accept(net, { least = 7200, most = 9000, default = 9000 })))
  end)

  it("is refreshed without a word to its user, and says the newest state again (4.2.1.4)",
    function()
    local net <const> = accepted(nil, nil, "open", "text/plain")
    local heard <const> = #net.events
    net:advance(100000)
    refresh(net, 2, 600)
    assert.same("600", messages.header(net:last(200), "Expires"))
    assert.same(2, net:count "NOTIFY")
    assert.same("open", body_of(net:last "NOTIFY"))
    assert.same("active;expires=600", state_of(net))
    assert.same(heard, #net.events)
    net:answer(200, { to = "NOTIFY" }):advance(599000)
    assert.same(2, net:count "NOTIFY")
  end)

  it("tells its user of refreshes when he asks for that", function()
    local net <const>, number = accepted()
    assert.is_true(net.engine:hear_refreshes(number, true))
    refresh(net, 2, 300)
    assert.same({ "refreshed", number, 300 }, { net:event().kind, net:event().dialog,
      net:event().code })
  end)

  it("refuses a refresh that is too brief and lives on (4.2.1.4)", function()
    local net <const> = accepted { least = 60, most = 3600, default = 3600 }
    refresh(net, 2, 30)
    assert.same("60", messages.header(net:last(423), "Min%-Expires"))
    assert.same(1, net.engine:counts().subscriptions)
  end)

  it("ends with terminated;reason=timeout when nobody refreshes it (4.2.1.4)", function()
    local net <const>, number = accepted(nil, { expires = 60 })
    net:advance(60000)
    assert.same("terminated;reason=timeout", state_of(net))
    assert.same(1, net.engine:counts().subscriptions)
    net:answer(200, { to = "NOTIFY" })
    assert.same({ "subscription_end", number, 4 }, { net:event().kind, net:event().dialog,
      net:event().code })
    assert.same({ 0, 0 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
  end)

  it("ends for Expires 0, with the state (4.2.1.4)", function()
    local net <const> = accepted(nil, nil, "open", "text/plain")
    refresh(net, 2, 0)
    assert.same("0", messages.header(net:last(200), "Expires"))
    assert.same("terminated;reason=timeout", state_of(net))
    assert.same("open", body_of(net:last "NOTIFY"))
    net:answer(200, { to = "NOTIFY" })
    assert.same(0, net.engine:counts().dialogs)
  end)

  it("answers a fetch with one NOTIFY (4.4.3)", function()
    local net = wire.new()
    subscribe(net, { expires = 0 })
    accept(net, nil, "open", "text/plain")
    assert.same("terminated;reason=timeout", state_of(net))
    assert.same("open", body_of(net:last "NOTIFY"))
    net:answer(200, { to = "NOTIFY" }):advance(100000)
    assert.same({ 1, 0 }, { net:count "NOTIFY", net.engine:counts().subscriptions })

    net = wire.new()
    subscribe(net, { expires = 0 })
    local number <const> = accept(net)
    net.engine:notify(number, "later", "text/plain")
    net:collect():advance(0)
    assert.same({ 1, "later", "terminated;reason=timeout" },
      { net:count "NOTIFY", body_of(net:last "NOTIFY"), state_of(net) })

    net = wire.new()
    subscribe(net, { expires = 0 })
    accept(net)
    net:advance(0)
    assert.same("terminated;reason=timeout", state_of(net))
  end)

  it("has one NOTIFY under way, and then sends the newest state alone", function()
    local net <const>, number = accepted(nil, nil, "0", "text/plain")
    for i = 1, 5 do net.engine:notify(number, tostring(i), "text/plain") end
    net:collect()
    assert.same(2, net:count "NOTIFY")
    assert.same("1", body_of(net:last "NOTIFY"))
    net:answer(200, { to = "NOTIFY" })
    assert.same(3, net:count "NOTIFY")
    assert.same("5", body_of(net:last "NOTIFY"))
    net:answer(200, { to = "NOTIFY" })
    assert.same(3, net:count "NOTIFY")
  end)

  it("keeps the interval of its package between NOTIFYs, but not for a refresh", function()
    local net <const>, number = accepted({ most = 600, default = 600, interval = 5000 }, nil,
      "0", "text/plain")
    net:advance(1000)
    net.engine:notify(number, "1", "text/plain")
    net.engine:notify(number, "2", "text/plain")
    net:collect():advance(3999)
    assert.same(1, net:count "NOTIFY")
    net:advance(1)
    assert.same(2, net:count "NOTIFY")
    assert.same("2", body_of(net:last "NOTIFY"))
    net:answer(200, { to = "NOTIFY" })
    refresh(net, 2, 600)
    assert.same(3, net:count "NOTIFY")
  end)

  it("numbers the documents of each subscription by itself (RFC 4235 4.1)", function()
    local net <const>, number = accepted(nil, nil, '<x version=""/>', "text/xml", 12)
    assert.same('<x version="0"/>', body_of(net:last "NOTIFY"))
    net.engine:notify(number, '<y version=""/>', "text/xml", 12)
    net:collect():answer(200, { to = "NOTIFY" })
    assert.same('<y version="1"/>', body_of(net:last "NOTIFY"))
    refresh(net, 2, 600)
    assert.same('<y version="2"/>', body_of(net:last "NOTIFY"))
  end)

  it("says pending without the state until it is granted (4.2.2)", function()
    local net <const>, number = accepted({ most = 600, default = 600, pending = true }, nil,
      "secret", "text/plain")
    assert.same("pending;expires=600", state_of(net))
    assert.same("", body_of(net:last "NOTIFY"))
    assert.is_true(net.engine:grant(number))
    net:collect()
    assert.same("active;expires=600", state_of(net))
    assert.same("secret", body_of(net:last "NOTIFY"))
  end)

  it("ends as its user says, with reason and retry-after (4.2.2)", function()
    local net <const>, number = accepted()
    net.engine:terminate(number, "probation", 30)
    net:collect()
    assert.same("terminated;reason=probation;retry-after=30", state_of(net))
    assert.is_nil(net.engine:notify(number, "x", "text/plain"))
    net:answer(200, { to = "NOTIFY" })
    assert.same({ "subscription_end", 2 }, { net:event().kind, net:event().code })
    assert.has_error(function() net.engine:terminate(number, "because") end)
  end)

  for _, status in ipairs { 404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604 } do
    it(("is removed by %d to a NOTIFY (4.2.2)"):format(status), function()
      local net <const>, number = accepted()
      net.engine:notify(number, "x", "text/plain")
      net:collect():answer(status, { to = "NOTIFY" })
      assert.same({ 0, 0 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
      local found
      for _, event in ipairs(net.events) do
        if event.kind == "subscription_end" then found = event end
      end
      assert.same({ number, status }, { found.dialog, found.code })
    end)
  end

  it("is removed when no answer comes to a NOTIFY (4.2.2)", function()
    local net <const>, number = accepted()
    net.engine:notify(number, "x", "text/plain")
    net:collect():advance(32000)
    assert.same({ "subscription_end", "TIMEOUT" }, { net:event().kind, net:event().code })
    assert.same(0, net.engine:counts().dialogs)
  end)

  it("outlives other failures, and waits as long as Retry-After says", function()
    local net <const>, number = accepted()
    net.engine:notify(number, "x", "text/plain")
    net:collect():answer(500, { to = "NOTIFY" })
    net:advance(1000)
    assert.same({ 2, 1 }, { net:count "NOTIFY", net.engine:counts().subscriptions })
    net.engine:notify(number, "y", "text/plain")
    net:collect():answer(503, { to = "NOTIFY", lines = { "Retry-After: 10" } })
    net.engine:notify(number, "z", "text/plain")
    net:collect():advance(9999)
    assert.same(3, net:count "NOTIFY")
    net:advance(1)
    assert.same("z", body_of(net:last "NOTIFY"))
  end)

  it("sends a challenged NOTIFY again with proof, and gives up in the end (bug class 24)",
    function()
    local net <const>, number = accepted()
    net.engine:notify(number, "x", "text/plain")
    net:collect()
    for round = 1, 2 do
      net:answer(401, { to = "NOTIFY", lines = { CHALLENGE } })
      assert.same({ "challenged", number }, { net:event().kind, net:event().dialog })
      net.engine:prove(number, { "Authorization", 'Digest username="a", realm="r"' })
      net:collect()
      assert.same(round + 2, net:count "NOTIFY")
      assert.same('Digest username="a", realm="r"',
        messages.header(net:last "NOTIFY", "Authorization"))
    end
    local heard <const> = #net.events
    net:answer(401, { to = "NOTIFY", lines = { CHALLENGE } })
    assert.same({ heard, 4, 1 }, { #net.events, net:count "NOTIFY",
      net.engine:counts().subscriptions })
  end)

  it("answers 481 when there is no such subscription any more", function()
    local net <const> = accepted()
    refresh(net, 2, 0)
    net:answer(200, { to = "NOTIFY" })
    refresh(net, 3, 600)
    assert.same(1, net:count(481))
  end)

  it("does not share its dialog with another package (4.5.2)", function()
    local net <const> = accepted()
    refresh(net, 2, 600, "Event: dialog")
    assert.same(1, net:count(403))
    refresh(net, 3, 600, "Subject: none")
    assert.same(1, net:count(489))
  end)

  it("absorbs a SUBSCRIBE that comes twice", function()
    local net <const> = accepted()
    local text <const> = messages.subscribe { branch = "z9hG4bKtwice", cseq = 2,
      to_tag = messages.tag(net:last(200), "To"), lines = { EVENT, "Expires: 60" } }
    net:deliver(text):deliver(text)
    assert.same(2, net:count "NOTIFY")
    assert.same(3, net:count(200))
  end)

  it("accepts no more than max_subscriptions", function()
    local net <const> = wire.new { max_subscriptions = 2 }
    for i = 1, 3 do
      subscribe(net, { call_id = "c" .. i })
      local number <const>, err = accept(net)
      if i < 3 then assert.truthy(number > 0) else assert.same("LIMIT", err.name) end
    end
  end)

  it("needs an Event and a Contact", function()
    local net <const> = wire.new()
    subscribe(net, { lines = { "Expires: 60" } })
    assert.same("HEADER", select(2, accept(net)).name)
    subscribe(net, { contact = false, cseq = 2, call_id = "other" })
    assert.same("HEADER", select(2, accept(net)).name)
    assert.same(0, net.engine:counts().subscriptions)
  end)
end)
