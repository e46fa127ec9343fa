-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local SUPPORTED <const>, REQUIRED <const> = "Supported: 100rel", "Require: 100rel"
local SDP <const> = "application/sdp"

-- A peer's INVITE on an engine that PRACKs are not shown to unless `handles` says so.
local function invited(line, options)
  options = options or {}
  options.handles = options.handles or { "INVITE" }
  local net <const> = wire.new(options)
  net.engine:identity { supported = "100rel, timer" }
  return net:deliver(messages.invite { lines = { line or SUPPORTED }, via = options.via })
end

-- Answers it: the dialog or nil and the error, the RSeq, whether it waits.
local function reply(net, status, body, options)
  local result <const> = table.pack(net.engine:reply(net:event("request").transaction, status, nil,
    nil, body and SDP, body, nil, options or { reliable = true }))
  net:collect()
  return table.unpack(result, 1, 3)
end

local function rseq(text) return math.tointeger(tonumber(messages.header(text, "RSeq"))) end

local count = 0

-- The peer's PRACK: of the response that was sent last, unless `rack` says otherwise.
local function prack(net, o)
  o = o or {}
  local of <const> = net:last(o.of or 183) or net:last(180)
  count = count + 1
  return net:deliver(messages.prack {
    branch = o.branch or "z9hG4bKprack" .. count, cseq = o.cseq or 1 + count,
    to_tag = messages.tag(of, "To"), body = o.body,
    lines = { o.rack ~= false and "RAck: " .. (o.rack or rseq(of) .. " 1 INVITE") or nil },
  })
end

describe("a reliable provisional response of ours (RFC 3262 3)", function()
  it("has Require and RSeq, and is sent again from T1, doubled without T2, until its PRACK",
    function()
    for _, transport in ipairs { "udp", "tcp" } do
      local via <const> = ("SIP/2.0/%s 10.0.0.9:5060;branch=z9hG4bKpeer1"):format(transport:upper())
      local net <const> = invited(SUPPORTED, { transport = transport, via = via })
      local dialog <const>, number <const>, waits <const> = reply(net, 183, "v=0\r\n")
      assert.is_true(dialog > 0 and not waits)
      assert.same({ "100rel", number }, { messages.header(net:last(183), "Require"),
        rseq(net:last(183)) })
      assert.is_true(number >= 1 and number < 2^31)
      net:advance(20000)
      assert.same({ 0, 500, 1500, 3500, 7500, 15500 }, net:times(183))
      prack(net)
      assert.same(1, net:count(200))
      net:advance(60000)
      assert.same(6, net:count(183))
    end
  end)

  it("is only where the INVITE supports it, always where it requires it, and never a 100",
    function()
    local net = invited "X-None: 1"
    assert.same({ 0 }, { (select(2, reply(net, 183, "v=0\r\n"))) })
    assert.is_nil(messages.header(net:last(183), "RSeq"))
    net = invited(SUPPORTED)
    assert.same(0, (select(2, reply(net, 180, nil, {}))))
    assert.same(0, (select(2, reply(net, 100))))
    net = invited(REQUIRED)
    assert.same(0, (select(2, reply(net, 100, nil, {}))))
    assert.is_true(select(2, reply(net, 180, nil, {})) > 0)
  end)

  it("without a PRACK for 64*T1 has the INVITE refused with 504, and its user told", function()
    local net <const> = invited()
    reply(net, 183, "v=0\r\n")
    net:advance(31999)
    assert.same(0, net:count(504))
    net:advance(1)
    assert.same(1, net:count(504))
    assert.same({ "request", "no_prack", "dialog_end" }, net:heard())
    net:deliver(messages.ack { to_tag = messages.tag(net:last(504), "To") }):advance(60000)
    assert.same(0, net:live())
  end)

  it("waits for the PRACK of the one before it, and has the next number", function()
    local net <const> = invited()
    local _, first <const> = reply(net, 180)
    local _, second <const>, waits <const> = reply(net, 183, "v=0\r\n")
    assert.same({ first + 1, true, 0 }, { second, waits, net:count(183) })
    prack(net, { of = 180 })
    assert.same({ 1, second }, { net:count(183), rseq(net:last(183)) })
    prack(net)
    assert.same({ 200, 183, 200 }, { table.unpack(net:kinds(), 2) })
  end)

  it("is not acknowledged by a PRACK with another RAck: 481 (bug class 30)", function()
    local net <const> = invited()
    local _, number <const> = reply(net, 183, "v=0\r\n")
    for at, rack in ipairs { number + 1 .. " 1 INVITE", number - 1 .. " 1 INVITE",
                             number .. " 2 INVITE", number .. " 1 UPDATE", "x", "0 1 INVITE",
                             "4294967295 1 INVITE", "99999999999999999999 1 INVITE",
                             number .. " 1", false } do
      prack(net, { rack = rack })
      assert.same({ at, 0 }, { net:count(481) + net:count(400), net:count(200) })
    end
    net:advance(500)
    assert.same(2, net:count(183))
    prack(net)
    assert.same(1, net:count(200))
    prack(net) -- of what was acknowledged
    assert.same(1, net:count(200))
  end)

  it("is stopped by the first copy of a PRACK, and every copy is answered", function()
    local net <const> = invited()
    reply(net, 183, "v=0\r\n")
    local cseq <const> = 900
    for _ = 1, 3 do prack(net, { branch = "z9hG4bKsame", cseq = cseq }) end
    assert.same(3, net:count(200))
    assert.same({ "request", "pracked" }, net:heard())
  end)

  it("with a description holds back the 2xx; then that goes behind the PRACK's 200", function()
    local net <const> = invited()
    reply(net, 183, "v=0\r\n")
    local dialog <const>, _, waits <const> = reply(net, 200)
    assert.is_true(waits)
    assert.is_true(net.engine:awaits_ack(dialog))
    assert.same("early", net.engine:dialog_info(dialog).state)
    assert.same(0, net:count(200))
    prack(net)
    local order <const> = {}
    for _, one in ipairs(net.sent) do
      order[#order + 1] = table.concat({ messages.kind(one.text) }, " ")
    end
    assert.same({ "183 INVITE", "200 PRACK", "200 INVITE" }, order)
    assert.same("confirmed", net.engine:dialog_info(dialog).state)
    net:advance(500)
    assert.same(3, net:count(200)) -- until its ACK
    net:deliver(messages.ack { branch = "z9hG4bKa", to_tag = messages.tag(net:last(200), "To") })
    net:advance(30000)
    assert.same(3, net:count(200))
  end)

  it("without one does not hold it back, and may be acknowledged afterwards", function()
    local net <const> = invited()
    reply(net, 180)
    assert.is_false((select(3, reply(net, 200))))
    assert.same(1, net:count(200))
    net:advance(500)
    assert.same(1, net:count(180))
    prack(net, { of = 180 })
    assert.same(1, net:count(481) + net:count(200) - 2)
    assert.same(0, net:count(481))
  end)

  it("is forgotten when the INVITE fails; what waits is never sent", function()
    local net <const> = invited()
    reply(net, 183, "v=0\r\n")
    reply(net, 180)
    reply(net, 486)
    net:deliver(messages.ack { to_tag = messages.tag(net:last(486), "To") }):advance(60000)
    assert.same({ 183, 486 }, net:kinds())
    assert.same(0, net:live())
  end)

  it("that was under way when the INVITE was refused gets its PRACK answered with 200 still, once",
    function() -- "MUST be prepared to process PRACK requests for those outstanding responses" (3)
    local net <const> = invited()
    reply(net, 183, "v=0\r\n")
    local number <const> = rseq(net:last(183))
    reply(net, 486)
    for at, o in ipairs { { rack = number + 1 .. " 1 INVITE" }, { rack = number .. " 2 INVITE" },
                          { rack = number .. " 1 UPDATE" }, { rack = false } } do
      prack(net, o)
      assert.same({ at, 0 }, { net:count(481) + net:count(400), net:count(200) })
    end
    prack(net, { body = "v=0\r\n" })
    assert.same(1, net:count(200))
    prack(net) -- of what was acknowledged
    assert.same({ 5, 1 }, { net:count(481), net:count(200) })
    assert.same({ "request", "dialog_end" }, net:heard())
    net:deliver(messages.ack { to_tag = messages.tag(net:last(486), "To") }):advance(60000)
    prack(net) -- of an INVITE that nobody remembers
    assert.same(6, net:count(481))
    assert.same(0, net:live())
  end)

  it("of which a 2xx waits may be cancelled: 487, and no 2xx", function()
    local net <const> = invited()
    reply(net, 183, "v=0\r\n")
    reply(net, 200)
    net:deliver(messages.cancel { contact = false })
    assert.same({ 183, 200, 487 }, net:kinds())
    prack(net)
    assert.same({ 0, 2 }, { net:count(481), net:count(200) })
    assert.same({ "request", "cancelled", "dialog_end" }, net:heard())
  end)

  it("and a 2xx that waits: nothing but a failure may follow", function()
    local net <const> = invited()
    reply(net, 183, "v=0\r\n")
    reply(net, 200)
    for _, status in ipairs { 180, 200 } do
      local done <const>, err <const> = reply(net, status)
      assert.same({ nil, "STATE" }, { done, err.name })
    end
    assert.truthy(reply(net, 500))
  end)

  it("may have eight others waiting for it, not nine", function()
    local net <const> = invited()
    for _ = 1, 9 do assert(reply(net, 180)) end
    local done <const>, err <const> = reply(net, 180)
    assert.same({ nil, "LIMIT" }, { done, err.name })
    assert(reply(net, 486))
  end)

  it("with a PRACK that its user answers: a refusal leaves it unacknowledged (RFC 6337 2.3)",
    function()
    local net <const> = invited(SUPPORTED, { handles = { "INVITE", "PRACK" } })
    reply(net, 183, "v=0\r\n")
    prack(net, { body = "v=0\r\n" })
    local one <const> = net:event "request"
    assert.same("PRACK", one.message.method)
    net:advance(10000)
    assert.same(1, net:count(183)) -- it arrived
    net:reply(488)
    net:advance(500)
    assert.same(2, net:count(183))
    prack(net)
    net:reply(200)
    net:advance(20000)
    assert.same(2, net:count(183))
  end)

  it("to a further INVITE makes its Contact the target already (RFC 6141 4.3)", function()
    local net <const> = wire.new()
    local dialog <const> = net:called()
    net:deliver(messages.invite { branch = "z9hG4bKre", cseq = 2, to_tag = net.to_tag,
      contact = "<sip:moved@10.0.0.9>", lines = { SUPPORTED } })
    reply(net, 183)
    assert.same("sip:moved@10.0.0.9", net.engine:dialog_info(dialog).target)
    net:reply(488)
    assert.same("sip:moved@10.0.0.9", net.engine:dialog_info(dialog).target)
  end)

  it("gives its memory back", function()
    local net <const> = invited()
    local blocks <const> = {}
    for round = 1, 2 do
      reply(net, 183, "v=0\r\n")
      reply(net, 183, "v=0\r\n")
      reply(net, 200)
      net:deliver(messages.cancel { contact = false, branch = "z9hG4bKpeer" .. round })
      net:deliver(messages.ack { to_tag = messages.tag(net:last(487), "To"),
        branch = "z9hG4bKpeer" .. round })
      net:advance(120000)
      assert.same(0, net:live())
      blocks[round] = net.engine:counts().live_blocks
      net:deliver(messages.invite { branch = "z9hG4bKpeer2", call_id = "b", lines = { SUPPORTED } })
    end
    assert.same(blocks[1], blocks[2])
  end)
end)

-- An INVITE of ours to which the peer answers reliably.
local function provisional(net, status, number, o)
  o = o or {}
  o.lines = { "Require: 100rel", "RSeq: " .. number, table.unpack(o.lines or {}) }
  o.to = "INVITE"
  return net:answer(status, o)
end

describe("a reliable provisional response of theirs (RFC 3262 4)", function()
  it("is acknowledged at once, and its copies by nothing", function()
    local net <const> = wire.new()
    net:request()
    provisional(net, 183, 4711)
    provisional(net, 183, 4711)
    assert.same({ "INVITE", "PRACK" }, net:kinds())
    local text <const> = net:last "PRACK"
    assert.same({ "4711 1 INVITE", "2 PRACK" },
      { messages.header(text, "RAck"), messages.header(text, "CSeq") })
    assert.same({ "reliable" }, net:heard())
    assert.same(0, net:event().code)
    net:advance(500)
    assert.same(2, net:count "PRACK") -- Timer E, not the copy
  end)

  it("is taken in order: what is behind a gap, and older ones, are not", function()
    local net <const> = wire.new()
    net:request()
    for _, number in ipairs { 7, 9, 8, 7, 9, 10, 9, 4294967295, 0 } do
      provisional(net, 183, number)
    end
    local seen <const> = {}
    for _, one in ipairs(net.sent) do seen[#seen + 1] = messages.header(one.text, "RAck") end
    assert.same({ "7 1 INVITE", "8 1 INVITE", "9 1 INVITE", "10 1 INVITE" }, seen)
  end)

  it("has numbers of its own in each branch, and a dialog", function()
    local net <const> = wire.new()
    net:request()
    provisional(net, 183, 100, { to_tag = "a" })
    provisional(net, 183, 5, { to_tag = "b" })
    provisional(net, 180, 101, { to_tag = "a" })
    assert.same(3, net:count "PRACK")
    local tags <const> = {}
    for _, one in ipairs(net.sent) do
      if messages.kind(one.text) == "PRACK" then tags[#tags + 1] = messages.tag(one.text, "To") end
    end
    assert.same({ "a", "b", "a" }, tags)
    assert.same(2, net.engine:counts().dialogs)
  end)

  it("without a number or without Require is an ordinary one, and a 100 always", function()
    local net <const> = wire.new()
    net:request()
    net:answer(180, { to = "INVITE", lines = { "Require: 100rel" } })
    net:answer(183, { to = "INVITE", lines = { "RSeq: 5" } })
    net:answer(100, { to = "INVITE", lines = { "Require: 100rel", "RSeq: 5" } })
    assert.same({ "INVITE" }, net:kinds())
    assert.same({ 180, 183, 100 }, net:heard())
  end)

  it("is left to a user who said so, or whose INVITE had no offer when it has a body", function()
    local net = wire.new()
    net:request { own_prack = true }
    provisional(net, 180, 1)
    assert.same({ "INVITE" }, net:kinds())
    assert.same({ "reliable", 1 }, { net:event().kind, net:event().code })
    assert(net:dialog_request(net:event().dialog,
      { method = "PRACK", headers = { "RAck", "1 1 INVITE" }, body = "x" }))
    net:answer(200, { to = "PRACK" })
    assert.same(200, net:event().code)

    net = wire.new()
    net:request { own_ack = true }
    provisional(net, 180, 1)
    provisional(net, 183, 2, { body = "v=0\r\n" })
    assert.same(1, net:count "PRACK")
    assert.same(1, net:event().code)
  end)

  it("with a body tells of the success of its PRACK", function()
    local net <const> = wire.new()
    net:request()
    provisional(net, 183, 1, { body = "v=0\r\n" })
    net:answer(200, { to = "PRACK" })
    assert.same({ "reliable", "pracked" }, net:heard())
    assert.same(0, net:event().transaction)
  end)

  it("whose PRACK gets no answer leaves its dialog to the INVITE's 2xx", function()
    local net <const> = wire.new()
    net:request()
    provisional(net, 183, 1)
    net:advance(40000)
    assert.same(11, net:count "PRACK")
    net:answer(200, { to = "INVITE" })
    assert.same(1, net:count "ACK")
    assert.same({ "reliable", 200 }, net:heard())
  end)

  it("of a further INVITE begins a new count", function()
    local net <const> = wire.new()
    local dialog <const> = net:call()
    for _, first in ipairs { 50, 3 } do
      assert(net:dialog_request(dialog, { method = "INVITE" }))
      provisional(net, 183, first)
      net:answer(200, { to = "INVITE" })
      assert.same(first .. " ", messages.header(net:last "PRACK", "RAck"):match "^%d+ ")
    end
  end)

  it("after the 2xx is nobody's", function()
    local net <const> = wire.new()
    net:call()
    provisional(net, 183, 1)
    assert.same(0, net:count "PRACK")
  end)
end)

describe("199 (RFC 6228)", function()
  it("ends the early dialog of its branch, and that one alone", function()
    local net <const> = wire.new()
    net:request()
    net:answer(183, { to = "INVITE", to_tag = "a" })
    net:answer(180, { to = "INVITE", to_tag = "b" })
    net:answer(199, { to = "INVITE", to_tag = "a" })
    assert.same({ 183, 180, 199, "dialog_end" }, net:heard())
    assert.same(199, net:event().code)
    net:answer(183, { to = "INVITE", to_tag = "a" }) -- late: it makes no other
    assert.same(1, net.engine:counts().dialogs)
    net:answer(200, { to = "INVITE", to_tag = "b" })
    assert.same(1, net:count "ACK")
  end)

  it("of a branch that nothing is known of makes no dialog", function()
    local net <const> = wire.new()
    net:request()
    net:answer(199, { to = "INVITE", to_tag = "a" })
    assert.same({ 199 }, net:heard())
    assert.same(0, net.engine:counts().dialogs)
  end)

  it("that is reliable is acknowledged first", function()
    local net <const> = wire.new()
    net:request()
    provisional(net, 183, 1, { to_tag = "a" })
    provisional(net, 199, 2, { to_tag = "a" })
    assert.same(2, net:count "PRACK")
    assert.same({ "reliable", "reliable", "dialog_end" }, net:heard())
    net:answer(200, { to = "PRACK" })
    net:answer(486, { to = "INVITE" })
    net:advance(60000)
    assert.same(0, net:live())
  end)
end)
