-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local function info(net, dialog)
  return net.engine:dialog_info(dialog)
end

describe("a dialog that we answered (RFC 3261 12.1.1)", function()
  it("has its parts from the request, and routes in order", function()
    local net <const> = wire.new()
    local dialog <const> = net:called { cseq = 17, lines = {
      "Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>",
        "Record-Route: <sip:p0.example;lr>" } }
    local d <const> = info(net, dialog)
    assert.same("confirmed", d.state)
    assert.is_true(d.is_uas)
    assert.same({ "call-1@10.0.0.9", "peertag", net.to_tag }, { d.call_id, d.remote_tag,
      d.local_tag })
    assert.same({ "<sip:bob@10.0.0.1>", "<sip:peer@10.0.0.9>" }, { d.local_uri,
      d.remote_uri })
    assert.same("sip:peer@10.0.0.9:5060", d.target)
    assert.same("<sip:p2.example;lr>, <sip:p1.example;lr>, <sip:p0.example;lr>", d.routes)
    assert.same({ 17, 0 }, { d.remote_cseq, d.local_cseq })
  end)

  it("is early with a 1xx above 100 and confirmed with a 2xx", function()
    local net <const> = wire.new():deliver(messages.invite())
    assert.same(0, net:reply(100))
    local dialog <const> = net:reply(183)
    assert.same("early", info(net, dialog).state)
    assert.same(dialog, (net:reply(200)))
    assert.same("confirmed", info(net, dialog).state)
  end)

  it("ends with a failure answer", function()
    local net <const> = wire.new():deliver(messages.invite())
    local dialog <const> = net:reply(180)
    net:reply(486)
    assert.same({ "request", "dialog_end" }, net:heard())
    assert.same({ dialog, 486 }, { net:event().dialog, net:event().code })
    assert.same("gone", select(2, info(net, dialog)).kind)
  end)

  it("can't be made without a Contact (12.1.1, bug class 15)", function()
    local net <const> = wire.new():deliver(messages.invite { contact = false })
    local id <const>, err = net:reply(200)
    assert.is_nil(id)
    assert.same("HEADER", err.name)
    assert.same(0, net:reply(400))
  end)

  it("sends its 2xx again from T1 up to T2 until the ACK, over TCP too (13.3.1.4)",
    function()
    for _, transport in ipairs { "udp", "tcp" } do
      local net <const> = wire.new { transport = transport }
      local via <const> = ("SIP/2.0/%s 10.0.0.9:5060;branch=z9hG4bKpeer1"):format(transport:upper())
      net:deliver(messages.invite { via = via })
      net:reply(200)
      net:advance(12000)
      assert.same({ 0, 500, 1500, 3500, 7500, 11500 }, net:times(200))
      net:deliver(messages.ack { via = via .. "x", to_tag = messages.tag(net:last(200),
        "To") })
      net:advance(30000)
      assert.same(6, net:count(200))
      assert.same("ack", net:event().kind)
    end
  end)

  it("tells when no ACK comes for 64*T1", function()
    local net <const> = wire.new():deliver(messages.invite())
    local dialog <const> = net:reply(200)
    net:advance(32000)
    assert.same({ "request", "no_ack" }, net:heard())
    assert.same(dialog, net:event().dialog)
    local sent <const> = net:count(200)
    net:advance(60000)
    assert.same(sent, net:count(200))
  end)

  it("is not acknowledged by an ACK with another CSeq", function()
    local net <const> = wire.new():deliver(messages.invite())
    net:reply(200)
    net:deliver(messages.ack { branch = "z9hG4bKack", cseq = 2,
      to_tag = messages.tag(net:last(200), "To") })
    net:advance(500)
    assert.same(2, net:count(200))
  end)
end)

describe("a dialog that we asked for (RFC 3261 12.1.2)", function()
  it("has its parts from the answer, and routes reversed", function()
    local net <const> = wire.new()
    local dialog <const> = net:call({ from = "<sip:bob@example.com>",
      to = "<sip:peer@example.com>" },
      { record_routes = { "<sip:p0.example;lr>, <sip:p1.example;lr>",
        '"Two" <sip:p2.example;lr>' } })
    local d <const> = info(net, dialog)
    assert.same({ "confirmed", false }, { d.state, d.is_uas })
    assert.same({ "answertag", messages.tag(net:last "INVITE", "From") }, { d.remote_tag,
      d.local_tag })
    assert.same({ "<sip:bob@example.com>", "<sip:peer@example.com>" }, { d.local_uri,
      d.remote_uri })
    assert.same('"Two" <sip:p2.example;lr>, <sip:p1.example;lr>, <sip:p0.example;lr>',
      d.routes)
    assert.same({ 1, 0 }, { d.local_cseq, d.remote_cseq })
  end)

  it("is acknowledged at once, and again for each copy of the 2xx (13.2.2.4)", function()
    local net <const> = wire.new()
    net:call()
    net:answer(200, { to = "INVITE" }):answer(200, { to = "INVITE" })
    assert.same({ "INVITE", "ACK", "ACK", "ACK" }, net:kinds())
    assert.same({ 200 }, net:heard())
    assert.same(net.sent[2].text, net.sent[4].text)
    assert.same("1 ACK", messages.header(net:last "ACK", "CSeq"))
    assert.are_not.equal(messages.branch(net:last "INVITE"),
      messages.branch(net:last "ACK"))
  end)

  it("repeats the INVITE's credentials in the ACK (22.1)", function()
    local net <const> = wire.new()
    net:call { headers = { "Authorization", 'Digest username="bob", realm="r"',
      "Proxy-Authorization",
      'Digest username="bob", realm="p"', "X-Other", "1" } }
    local ack <const> = net:last "ACK"
    assert.same('Digest username="bob", realm="r"', messages.header(ack, "Authorization"))
    assert.same('Digest username="bob", realm="p"', messages.header(ack,
      "Proxy%-Authorization"))
    assert.is_nil(messages.header(ack, "X%-Other"))
  end)

  it("waits for the user's ACK when he wants to send it, with its answer", function()
    local net <const> = wire.new()
    local dialog <const> = net:call { own_ack = true }
    net:answer(200, { to = "INVITE" })
    assert.same(0, net:count "ACK")
    assert.same({ 200 }, net:heard())
    assert.is_true(net.engine:ack(dialog, { body = "v=0\r\n",
      content_type = "application/sdp" }))
    net:collect():answer(200, { to = "INVITE" })
    assert.same(2, net:count "ACK")
    assert.truthy(net:last("ACK"):find("\r\n\r\nv=0\r\n", 1, true))
  end)

  it("is one per fork: several early ones from one INVITE (12.1, 13.2.2.4)", function()
    local net <const> = wire.new()
    net:request()
    net:answer(180, { to_tag = "a" }):answer(180, { to_tag = "b" }):answer(183,
      { to_tag = "a" })
    local a <const>, b <const> = net.events[1].dialog, net.events[2].dialog
    assert.are_not.equal(a, b)
    assert.same(a, net.events[3].dialog)
    net:answer(200, { to_tag = "b", to = "INVITE" })
    assert.same(b, net:event().dialog)
    assert.same({ "early", "confirmed" }, { info(net, a).state, info(net, b).state })
    net:advance(32000)
    assert.same({ 180, 180, 183, 200, "dialog_end" }, net:heard())
    assert.same(a, net:event().dialog)
    assert.same("confirmed", info(net, b).state)
  end)

  it("is one per 2xx of a fork, each with its own ACK", function()
    local net <const> = wire.new()
    net:request()
    local invite <const> = net:last "INVITE"
    net:deliver(messages.answer(invite, 200, { to_tag = "a",
      contact = "<sip:a@10.0.0.8>" }))
    net:deliver(messages.answer(invite, 200, { to_tag = "b",
      contact = "<sip:b@10.0.0.7>" }))
    net:deliver(messages.answer(invite, 200, { to_tag = "a",
      contact = "<sip:a@10.0.0.8>" }))
    local to <const> = {}
    for _, packet in ipairs(net.sent) do to[#to + 1] = packet.to end
    assert.same({ "10.0.0.9:5060", "10.0.0.8:5060", "10.0.0.7:5060", "10.0.0.8:5060" },
      to)
  end)

  it("ends, each fork of it, when the INVITE fails (13.2.2.3)", function()
    local net <const> = wire.new()
    net:request()
    net:answer(180, { to_tag = "a" }):answer(180, { to_tag = "b" }):answer(486)
    assert.same({ 180, 180, 486, "dialog_end", "dialog_end" }, net:heard())
    assert.same(0, net.engine:counts().dialogs)
  end)

  it("takes its route set from the 2xx, not from the 1xx (13.2.2.4)", function()
    local net <const> = wire.new()
    net:request()
    net:answer(180, { record_routes = { "<sip:10.0.0.3;lr>" } })
    net:answer(200, { record_routes = { "<sip:10.0.0.4;lr>" } })
    assert.same("<sip:10.0.0.4;lr>", info(net, net:event().dialog).routes)
    assert.same("10.0.0.4:5060", select(2, net:last "ACK").to)
  end)
end)

describe("requests inside a dialog (RFC 3261 12.2)", function()
  it("count up from the last, and carry the dialog's parts", function()
    local net <const> = wire.new()
    local dialog <const> = net:call()
    net:dialog_request(dialog, { method = "INFO" })
    net:dialog_request(dialog, { method = "INFO" })
    local text <const> = net:last()
    assert.same("3 INFO", messages.header(text, "CSeq"))
    assert.same("answertag", messages.tag(text, "To"))
    assert.same(messages.tag(net:last "INVITE", "From"), messages.tag(text, "From"))
    assert.truthy(text:find "^INFO sip:peer@10.0.0.9:5060 SIP")
  end)

  it("go along the route set, loose or strict (12.2.1.1)", function()
    local net = wire.new()
    local loose <const> = net:call({}, { record_routes = { "<sip:10.0.0.3;lr>",
      "<sip:10.0.0.2;lr>" } })
    net:dialog_request(loose, { method = "INFO" })
    local text <const>, packet = net:last()
    assert.same("<sip:10.0.0.2;lr>, <sip:10.0.0.3;lr>", messages.header(text, "Route"))
    assert.same("10.0.0.2:5060", packet.to)
    net = wire.new()
    local strict <const> = net:call({}, { record_routes = { "<sip:10.0.0.3;lr>",
      "<sip:10.0.0.2>" } })
    net:dialog_request(strict, { method = "INFO" })
    assert.truthy(net:last():find "^INFO sip:10.0.0.2 SIP")
    assert.same("<sip:10.0.0.3;lr>, <sip:peer@10.0.0.9:5060>",
      messages.header(net:last(), "Route"))
  end)

  it("use the connection that an adjacent peer holds", function()
    local net <const> = wire.new { transport = "tcp" }
    local via <const> = "SIP/2.0/TCP host.invalid;branch=z9hG4bKpeer1"
    net:deliver(messages.invite { via = via,
      contact = "<sip:peer@host.invalid;transport=tcp>" },
      { port = 61000, connection = 9 })
    local dialog <const> = net:reply(200)
    net:deliver(messages.ack { via = via .. "a", to_tag = messages.tag(net:last(200),
      "To") },
      { port = 61000, connection = 9 })
    net:dialog_request(dialog, { method = "BYE" })
    local _ <const>, packet <const> = net:last "BYE"
    assert.same({ 9, "10.0.0.9:61000" }, { packet.flow.connection, packet.to })
  end)

  it("go to the Contact, and not back to a proxy that left no Record-Route (12.2.1.1)", function()
    -- Who was called: two Vias.
    local net <const> = wire.new { transport = "tcp" }
    local vias <const> = { "SIP/2.0/TCP 10.0.0.7:5060;branch=z9hG4bKproxy",
                           "SIP/2.0/TCP 10.0.0.8:5060;branch=z9hG4bKpeer1" }
    net:deliver(messages.invite { vias = vias, contact = "<sip:peer@10.0.0.8;transport=tcp>" },
      { ip = "10.0.0.7", connection = 9 })
    local dialog <const> = net:reply(200)
    net:deliver(messages.ack { via = "SIP/2.0/TCP 10.0.0.8:5060;branch=z9hG4bKack",
      to_tag = messages.tag(net:last(200), "To") }, { ip = "10.0.0.8", connection = 10 })
    net:dialog_request(dialog, { method = "INFO" }) -- the ACK came from him, by his connection
    local _, packet = net:last "INFO"
    assert.same({ 10, "10.0.0.8:5060" }, { packet.flow.connection, packet.to })
    net:deliver(messages.info { vias = { vias[1] .. "2", vias[2] .. "2" }, cseq = 2,
      to_tag = messages.tag(net:last(200), "To") }, { ip = "10.0.0.7", connection = 9 })
    net:reply(200)
    net:dialog_request(dialog, { method = "BYE" })
    _, packet = net:last "BYE"
    assert.same({ 0, "10.0.0.8:5060" }, { packet.flow.connection, packet.to })
  end)

  it("of who called go by the connection only to where the Contact says (12.2.1.1)", function()
    for contact, expected in pairs {
      ["<sip:bob@10.0.0.9:5060;transport=tcp>"] = { "10.0.0.9:5060", 7 },
      ["<sip:bob@10.0.0.8:5060;transport=tcp>"] = { "10.0.0.8:5060", 0 },
      ["<sip:bob@10.0.0.9:5062;transport=tcp>"] = { "10.0.0.9:5062", 0 },
    } do
      local net <const> = wire.new { transport = "tcp" }
      net:request { method = "INVITE", uri = "sip:bob@10.0.0.9;transport=tcp" }
      net:deliver(messages.answer(net:last "INVITE", 200, { to_tag = "x", contact = contact }),
        { connection = 7 })
      local ack <const>, packet = net:last "ACK"
      assert.truthy(ack)
      assert.same(expected, { packet.to, packet.flow.connection }, contact)
    end
  end)

  it("from the peer must count up; gaps are fine, steps back get 500 (12.2.2)", function()
    local net <const> = wire.new()
    net:called { cseq = 10 }
    local function info_with(cseq)
      net:deliver(messages.info { cseq = cseq, branch = "z9hG4bKi" .. cseq .. #net.sent,
        to_tag = net.to_tag })
      if net:event().kind == "request" then net:reply(200) end
      return (messages.kind(net:last()))
    end
    assert.same(200, info_with(11))
    assert.same(200, info_with(4000))
    assert.same(500, info_with(3999))
    assert.same(500, info_with(4000))
    assert.same(200, info_with(4001))
  end)

  it("of an unknown dialog get 481", function()
    local net <const> = wire.new()
    net:called()
    net:deliver(messages.info { branch = "z9hG4bKi", cseq = 2, to_tag = "wrong" })
    net:deliver(messages.info { branch = "z9hG4bKj", cseq = 2, to_tag = net.to_tag,
      from_tag = "wrong" })
    net:deliver(messages.info { branch = "z9hG4bKk", cseq = 2, to_tag = net.to_tag,
      call_id = "wrong" })
    assert.same(3, net:count(481))
  end)

  it("refresh the remote target by re-INVITE and UPDATE, once accepted (RFC 5057 5.1)", function()
    local net <const> = wire.new()
    local dialog <const> = net:called()
    net:deliver(messages.invite { branch = "z9hG4bKre", cseq = 2, to_tag = net.to_tag,
      contact = "<sip:moved@10.0.0.5>" })
    net:reply(488)
    assert.same("sip:peer@10.0.0.9:5060", info(net, dialog).target)
    net:deliver(messages.update { branch = "z9hG4bKup", cseq = 3, to_tag = net.to_tag,
      contact = "<sip:moved@10.0.0.5>" })
    net:reply(200)
    assert.same("sip:moved@10.0.0.5", info(net, dialog).target)
    net:deliver(messages.info { branch = "z9hG4bKin", cseq = 4, to_tag = net.to_tag,
      contact = "<sip:evil@10.6.6.6>" })
    net:reply(200)
    assert.same("sip:moved@10.0.0.5", info(net, dialog).target)
  end)

  it("refresh the remote target by the 2xx to ours", function()
    local net <const> = wire.new()
    local dialog <const> = net:call()
    net:dialog_request(dialog, { method = "INVITE" })
    net:answer(200, { contact = "<sip:moved@10.0.0.5>" })
    assert.same("sip:moved@10.0.0.5", info(net, dialog).target)
    assert.same("2 ACK", messages.header(net:last "ACK", "CSeq"))
    assert.same("10.0.0.5:5060", select(2, net:last "ACK").to)
  end)
end)

describe("the end of a dialog", function()
  it("comes with the peer's BYE, answered by us when nobody handles it (15.1.2)",
    function()
    local net <const> = wire.new { handles = { "INVITE" } }
    local dialog <const> = net:called()
    net:deliver(messages.bye { branch = "z9hG4bKbye", cseq = 2, to_tag = net.to_tag,
      lines = { "Reason: Q.850;cause=16" } })
    assert.same("2 BYE", messages.header(net:last(200), "CSeq"))
    local ended <const> = net:event()
    assert.same({ "dialog_end", dialog }, { ended.kind, ended.dialog })
    assert.same("BYE", ended.message.method)
    net:deliver(messages.bye { branch = "z9hG4bKbye2", cseq = 3, to_tag = net.to_tag })
    assert.same(481, (messages.kind(net:last())))
  end)

  it("comes with our BYE and its answer, whatever it is (15.1.1)", function()
    for _, status in ipairs { 200, 481, 500, 603 } do
      local net <const> = wire.new()
      local dialog <const> = net:call()
      net:dialog_request(dialog, { method = "BYE" })
      assert.same("terminated", info(net, dialog).state)
      assert.same("STATE", select(2, net:dialog_request(dialog,
        { method = "INFO" })).name)
      net:answer(status)
      assert.same({ 200, status, "dialog_end" }, net:heard())
      assert.same(0, net.engine:counts().dialogs)
    end
  end)

  it("is not undone by a copy of the 2xx that comes later (13.2.2.4)", function()
    local net <const> = wire.new()
    local dialog <const> = net:call()
    local ok <const> = messages.answer(net:last "INVITE", 200)
    net:dialog_request(dialog, { method = "BYE" })
    net:answer(200, { to = "BYE" })
    local heard <const>, sent <const> = #net.events, #net.sent
    net:deliver(ok)
    assert.same({ heard, sent }, { #net.events, #net.sent })
    assert.same(0, net.engine:counts().dialogs)
    -- One of another fork is another call.
    net:deliver(messages.answer(net:last "INVITE", 200, { to_tag = "elsewhere" }))
    assert.same(1, net.engine:counts().dialogs)
    assert.same("ACK", (messages.kind(net.sent[#net.sent].text)))
  end)

  it("waits for a BYE that is challenged to be sent again", function()
    local net <const> = wire.new()
    local dialog = net:call()
    net:dialog_request(dialog, { method = "BYE" })
    net:answer(401)
    assert.truthy(net:dialog_request(dialog, { method = "BYE" }))
    net:answer(200)
    assert.same({ 200, 401, 200, "dialog_end" }, net:heard())
    dialog = net:call { call_id = "second" }
    net:dialog_request(dialog, { method = "BYE" })
    net:answer(407)
    net:advance(32000)
    assert.same("dialog_end", net:event().kind)
    assert.same(0, net.engine:counts().dialogs)
  end)

  it("comes with 481 and 408 inside it, and a BYE (12.2.1.2)", function()
    for _, status in ipairs { 481, 408 } do
      local net <const> = wire.new()
      local dialog <const> = net:call()
      net:dialog_request(dialog, { method = "INFO" })
      net:answer(status)
      assert.same({ 200, status, "dialog_end" }, net:heard())
      assert.same(1, net:count "BYE")
      assert.same("gone", select(2, info(net, dialog)).kind)
    end
  end)

  it("comes when a request inside it is never answered (12.2.1.2)", function()
    local net <const> = wire.new()
    local dialog <const> = net:call()
    net:dialog_request(dialog, { method = "INFO" })
    net:advance(32000)
    assert.same({ 200, "failed", "dialog_end" }, net:heard())
    assert.same(dialog, net:event().dialog)
    net:advance(64000)
    assert.same(0, net:live())
  end)

  it("does not come with answers about the request alone (RFC 5057 5.1)", function()
    local net <const> = wire.new()
    local dialog <const> = net:call()
    for _, status in ipairs { 400, 401, 403, 405, 415, 420, 488, 491, 500, 503, 603 } do
      net:dialog_request(dialog, { method = "INFO" })
      net:answer(status)
      assert.same("confirmed", info(net, dialog).state, status)
    end
  end)

  it("may be silent: dropped without a message or an event", function()
    local net <const> = wire.new()
    local dialog <const> = net:call()
    local sent <const>, heard <const> = #net.sent, #net.events
    net.engine:dialog_drop(dialog)
    net:collect()
    assert.same({ sent, heard }, { #net.sent, #net.events })
    assert.same("gone", select(2, info(net, dialog)).kind)
    assert.same("gone", select(2, net:dialog_request(dialog, { method = "BYE" })).kind)
  end)
end)

describe("a BYE while an INVITE waits (RFC 3261 15.1.2)", function()
  it("gets 487 sent to that INVITE", function()
    local net <const> = wire.new():deliver(messages.invite())
    net:reply(180)
    net:deliver(messages.bye { branch = "z9hG4bKbye", cseq = 2,
      to_tag = messages.tag(net:last(180), "To") })
    net:reply(200)
    assert.same({ 180, 487, 200 }, net:kinds())
    assert.same({ "request", "request", "dialog_end" }, net:heard())
  end)
end)

describe("a dialog under pressure", function()
  it("forgets no BYE that could not be taken", function()
    local net <const> = wire.new { max_transactions = 2 }
    local dialog <const> = net:called()
    net:deliver(messages.message { branch = "z9hG4bKm", call_id = "other" })
    net:deliver(messages.bye { branch = "z9hG4bKbye", cseq = 2, to_tag = net.to_tag })
    assert.same(1, net:count(503))
    assert.same("confirmed", info(net, dialog).state)
    net:advance(33000)
    net:deliver(messages.bye { branch = "z9hG4bKbye3", cseq = 2, to_tag = net.to_tag })
    net:reply(200)
    assert.same("dialog_end", net:event().kind)
  end)
end)

describe("dialogs of other methods (RFC 6665 4.4.1)", function()
  it("are made by a 2xx to SUBSCRIBE and REFER, on both sides", function()
    for _, method in ipairs { "SUBSCRIBE", "REFER" } do
      local net <const> = wire.new():deliver(messages.request { method = method })
      local dialog <const> = net:reply(202)
      assert.same("confirmed", info(net, dialog).state)
      net:dialog_request(dialog, { method = "NOTIFY" })
      assert.same("1 NOTIFY", messages.header(net:last(), "CSeq"))
      net:request { method = method, call_id = "ours" }
      net:answer(200)
      assert.same("confirmed", info(net, net:event().dialog).state)
    end
  end)

  it("end without a BYE", function()
    local net <const> = wire.new():deliver(messages.request { method = "SUBSCRIBE" })
    net:dialog_request(net:reply(200), { method = "NOTIFY" })
    net:answer(481)
    assert.same(0, net:count "BYE")
    assert.same("dialog_end", net:event().kind)
  end)
end)
