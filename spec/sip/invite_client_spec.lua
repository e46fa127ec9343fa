-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

describe("an INVITE client transaction (RFC 3261 17.1.1, RFC 6026)", function()
  it("sends again at Timer A's doubling intervals until Timer B", function()
    local net <const> = wire.new()
    net:request()
    net:advance(40000)
    assert.same({ 0, 500, 1500, 3500, 7500, 15500, 31500 }, net:times "INVITE")
    assert.same({ "failed" }, net:heard())
    assert.same("TIMEOUT", net:event().code)
    assert.same(0, net:live())
  end)

  it("times out after what the request asked for", function()
    local net <const> = wire.new()
    net:request { timeout = 1000 }
    net:advance(1000)
    assert.same({ "failed" }, net:heard())
    assert.same(0, net:live())
  end)

  it("sends once over TCP", function()
    local net <const> = wire.new { transport = "tcp" }
    net:request { uri = "sip:peer@10.0.0.9;transport=tcp" }
    net:advance(31999)
    assert.same({ 0 }, net:times "INVITE")
    net:advance(1)
    assert.same({ "failed" }, net:heard())
  end)

  it("stops sending at the first provisional", function()
    local net <const> = wire.new()
    net:request()
    net:answer(100):advance(60000)
    assert.same({ 0 }, net:times "INVITE")
    assert.same({ 100 }, net:heard())
  end)

  it("acknowledges a failure itself, and each copy of it until Timer D", function()
    local net <const> = wire.new()
    net:request()
    local busy <const> = messages.answer(net:last "INVITE", 486)
    net:deliver(busy):deliver(busy):advance(31999):deliver(busy)
    assert.same({ 0, 0, 31999 }, net:times "ACK")
    assert.same({ 486 }, net:heard())
    net:advance(1):deliver(busy)
    assert.same(3, net:count "ACK")
    assert.same(0, net:live())
  end)

  it("builds that ACK from the INVITE (17.1.1.3)", function()
    local net <const> = wire.new()
    net:request { routes = "<sip:10.0.0.8;lr>", headers = { "Max-Forwards", "12" } }
    local invite <const> = net:last "INVITE"
    net:answer(486)
    local ack <const>, packet <const> = net:last "ACK"
    assert.same(messages.header(invite, "Via"), messages.header(ack, "Via"))
    assert.same(1, #messages.headers(ack, "Via"))
    assert.same(messages.header(invite, "From"), messages.header(ack, "From"))
    assert.same(messages.header(invite, "Route"), messages.header(ack, "Route"))
    assert.same(messages.header(invite, "Call%-ID"), messages.header(ack, "Call%-ID"))
    assert.same("answertag", messages.tag(ack, "To"))
    assert.same("1 ACK", messages.header(ack, "CSeq"))
    assert.same(invite:match "^INVITE (%S+)", ack:match "^ACK (%S+)")
    assert.same("10.0.0.8:5060", packet.to)
  end)

  it("passes a 2xx up and stays for forked ones until Timer M (RFC 6026 8.4)", function()
    local net <const> = wire.new()
    net:request()
    local invite <const> = net:last "INVITE"
    net:answer(200):advance(31999)
    net:deliver(messages.answer(invite, 200, { to_tag = "other" }))
    assert.same({ 200, 200 }, net:heard())
    assert.are_not.equal(net.events[1].dialog, net.events[2].dialog)
    net:advance(1)
    assert.same(0, net.engine:counts().client_transactions)
  end)

  it("drops responses that match no transaction, branch or sent-by (18.1.2)", function()
    local net <const> = wire.new()
    net:request()
    local invite <const> = net:last "INVITE"
    local via <const> = messages.header(invite, "Via")
    local other_branch <const> = via:gsub("branch=%w+", "branch=z9hG4bKx")
    local other_host <const> = via:gsub("10.0.0.1", "10.0.0.2")
    net:deliver(messages.answer(invite, 200, { vias = { other_branch } }))
    net:deliver(messages.answer(invite, 200, { vias = { other_host } }))
    net:deliver(messages.answer(invite, 200, { cseq = "1 BYE" }))
    assert.same({}, net:heard())
    assert.same(3, net.engine:counts().dropped)
  end)

  it("drops a response with a second Via (8.1.3.3)", function()
    local net <const> = wire.new()
    net:request()
    local invite <const> = net:last "INVITE"
    local vias <const> = { messages.header(invite, "Via"),
      "SIP/2.0/UDP 10.0.0.77;branch=z9hG4bKy" }
    net:deliver(messages.answer(invite, 200, { vias = vias }))
    assert.same({}, net:heard())
  end)

  it("fails at once on a transport error", function()
    local net <const> = wire.new()
    net:request()
    net.engine:send_failed(net.sent[1].owner, "TRANSPORT")
    net:collect()
    assert.same({ "failed" }, net:heard())
    assert.same("TRANSPORT", net:event().code)
    assert.same(0, net:live())
  end)

  it("cancels by Timer C when no final response follows (16.8)", function()
    local net <const> = wire.new { timer_c = 200000 }
    net:request()
    net:answer(180):advance(199999)
    assert.same(0, net:count "CANCEL")
    net:advance(1)
    assert.same(1, net:count "CANCEL")
  end)
end)

describe("CANCEL at a client (RFC 3261 9.1)", function()
  it("waits for a provisional response", function()
    local net <const> = wire.new()
    local id <const> = net:request()
    assert.is_true(net.engine:cancel(id))
    net:collect()
    assert.same(0, net:count "CANCEL")
    net:answer(100)
    assert.same(1, net:count "CANCEL")
  end)

  it("copies the INVITE's Via, Route, From, To, Call-ID and CSeq number", function()
    local net <const> = wire.new()
    local id <const> = net:request { routes = "<sip:10.0.0.9;lr>" }
    local invite <const> = net:last "INVITE"
    net:answer(180)
    net.engine:cancel(id, { "Reason", "SIP;cause=200" })
    net:collect()
    local cancel <const> = net:last "CANCEL"
    for _, name in ipairs { "Via", "Route", "From", "To", "Call%-ID" } do
      assert.same(messages.headers(invite, name), messages.headers(cancel, name))
    end
    assert.same("1 CANCEL", messages.header(cancel, "CSeq"))
    assert.same("SIP;cause=200", messages.header(cancel, "Reason"))
  end)

  it("is sent again by Timer E until answered, and its answer is nobody's event",
    function()
    local net <const> = wire.new()
    local id <const> = net:request()
    net:answer(180)
    net.engine:cancel(id)
    net:collect():advance(600)
    assert.same({ 0, 500 }, net:times "CANCEL")
    net:deliver(messages.answer(net:last "CANCEL", 200)):advance(5000)
    assert.same({ 0, 500 }, net:times "CANCEL")
    assert.same({ 180 }, net:heard())
  end)

  it("is sent once however often asked for", function()
    local net <const> = wire.new()
    local id <const> = net:request()
    net:answer(180)
    for _ = 1, 3 do assert.is_true(net.engine:cancel(id)) end
    net:collect()
    assert.same(1, net:count "CANCEL")
  end)

  it("gives the INVITE up 64*T1 later when no final response comes", function()
    local net <const> = wire.new()
    local id <const> = net:request()
    net:answer(180)
    net.engine:cancel(id)
    net:collect():advance(32000)
    assert.same({ 180, "failed", "dialog_end" }, net:heard())
    assert.same(0, net:live())
  end)

  it("that crosses a 200 leaves an answered call (9.1)", function()
    local net <const> = wire.new()
    local id <const> = net:request()
    net:answer(180)
    net.engine:cancel(id)
    net:collect():deliver(messages.answer(net:last "INVITE", 200))
    assert.same({ 180, 200 }, net:heard())
    assert.same("confirmed", net.engine:dialog_info(net:event().dialog).state)
    assert.same(1, net:count "ACK")
  end)

  it("is refused after the final response, and for what is no INVITE", function()
    local net <const> = wire.new()
    local id <const> = net:request()
    net:answer(486)
    local ok <const>, err = net.engine:cancel(id)
    assert.is_nil(ok)
    assert.same("STATE", err.name)
    local other <const> = net:request { method = "OPTIONS" }
    assert.same("STATE", select(2, net.engine:cancel(other)).name)
    assert.same("GONE", select(2, net.engine:cancel(99)).name)
  end)
end)
