-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local TCP <const> = "sip:peer@10.0.0.9;transport=tcp"

-- An engine that speaks TCP; `packet` goes by a connection, in a net that says so.
local function over_tcp(options)
  options = options or {}
  options.transport = "tcp"
  local net <const> = wire.new(options)

  function net.goes_by(self, packet, connection, is_used)
    self.engine:sent_by(packet.owner, connection, is_used)
  end

  function net.break_connection(self, connection, why)
    self.engine:connection_lost(connection, why or "ECONNRESET")
    return self:collect()
  end

  -- The latest packet.
  function net.newest(self) return self.sent[#self.sent] end

  return net
end

describe("a connection that breaks while a request waits on it (RFC 3261 18.4)", function()
  for _, method in ipairs { "INVITE", "OPTIONS" } do
    it("fails an unanswered " .. method .. " at once (17.1.4)", function()
      local net <const> = over_tcp()
      local id <const> = net:request { method = method, uri = TCP }
      net:goes_by(net.sent[1], 5, false)
      net:break_connection(5)
      assert.same({ "failed" }, net:heard())
      assert.same({ id, "ECONNRESET" }, { net:event().transaction, net:event().code })
      assert.same({ 1, 0 }, { #net.sent, net:live() })
    end)

    it("sends an " .. method .. " to the next target (RFC 3263 4.3)", function()
      local net <const> = over_tcp()
      net:request { method = method, uri = "sip:peer@far.example;transport=tcp" }
      net.engine:resolved(net.engine:next_query(), {
        { transport = "tcp", ip = "10.0.0.8", port = 5060 },
        { transport = "tcp", ip = "10.0.0.9", port = 5060 } })
      net:collect()
      net:goes_by(net.sent[1], 5, false)
      net:break_connection(5)
      assert.same({ "10.0.0.8:5060", "10.0.0.9:5060" }, { net.sent[1].to, net.sent[2].to })
      assert.are_not.equal(messages.branch(net.sent[1].text),
        messages.branch(net.sent[2].text))
      net:goes_by(net.sent[2], 6, false)
      net:break_connection(5) -- has nothing to do with it any more
      net:answer(200)
      assert.same({ 200 }, net:heard())
    end)
  end

  it("leaves an INVITE alone that has a provisional response (figure 5, 18.2.2)", function()
    local net <const> = over_tcp()
    net:request { uri = TCP }
    net:goes_by(net.sent[1], 5, true)
    net:answer(180)
    net:break_connection(5)
    assert.same({ 180 }, net:heard())
    net:deliver(messages.answer(net:last "INVITE", 200), { connection = 6 })
    assert.same({ 180, 200 }, net:heard())
  end)

  it("fails another request that has one (figure 6)", function()
    local net <const> = over_tcp()
    net:request { method = "OPTIONS", uri = TCP }
    net:goes_by(net.sent[1], 5, true)
    net:answer(100)
    net:break_connection(5)
    assert.same({ 100, "failed" }, net:heard())
    assert.same(0, net:live())
  end)

  it("changes nothing for requests that are answered, and those of other connections",
    function()
    local net <const> = over_tcp()
    net:request { uri = TCP }
    net:goes_by(net.sent[1], 5, false)
    net:answer(200)
    net:request { method = "OPTIONS", uri = "sip:peer@10.0.0.8;transport=tcp" }
    net:goes_by(net:newest(), 6, false)
    net:break_connection(5)
    net:break_connection(7)
    assert.same({ 200 }, net:heard())
  end)

  it("falls back to UDP when size alone had made it TCP (18.1.1)", function()
    local net <const> = wire.new()
    assert(net.engine:add_listener("tcp", "10.0.0.1", 5060))
    net:request { method = "INFO", body = ("x"):rep(1300) }
    net.engine:sent_by(net.sent[1].owner, 5, false)
    net.engine:connection_lost(5, "EOF")
    net:collect()
    assert.same({ "tcp", "udp" }, { net.sent[1].transport, net.sent[2].transport })
    assert.same({ "fell_back" }, net:heard())
  end)

  it("does not fall back with a MESSAGE (RFC 3428 8), unless it is small enough after all",
    function()
      for size, seen in pairs { [1300] = "failed NEEDS_TCP", [950] = "fell_back" } do
        local net <const> = wire.new()
        assert(net.engine:add_listener("tcp", "10.0.0.1", 5060))
        net:request { method = "MESSAGE", body = ("x"):rep(size) }
        assert.equal("tcp", net.sent[1].transport)
        net.engine:sent_by(net.sent[1].owner, 5, false)
        net.engine:connection_lost(5, "EOF")
        net:collect()
        local event <const> = net.events[#net.events]
        assert.equal(seen, event.kind .. (event.kind == "failed" and " " .. event.code or ""))
      end
    end)

  it("may have lost a CANCEL: that ends, and the INVITE at 64*T1 (9.1)", function()
    local net <const> = over_tcp()
    local id <const> = net:request { uri = TCP }
    net:goes_by(net.sent[1], 5, false)
    net:answer(180)
    net.engine:cancel(id)
    net:collect()
    net:goes_by(net:newest(), 5, false)
    net:break_connection(5)
    assert.same(1, net.engine:counts().client_transactions)
    net:advance(32000)
    assert.same({ 180, "failed", "dialog_end" }, net:heard())
    assert.same(0, net:live())
  end)

  it("fails them in the order in which they were sent", function()
    local net <const> = over_tcp()
    local wanted <const>, seen <const> = {}, {}
    for i = 1, 200 do
      wanted[i] = net:request { method = "OPTIONS", uri = TCP }
      net:goes_by(net:newest(), 5, false)
    end
    net:break_connection(5)
    for i, event in ipairs(net.events) do seen[i] = event.transaction end
    assert.same(wanted, seen)
    assert.same(0, net:live())
  end)
end)

describe("a connection that was open before the request (RFC 3261 18)", function()
  it("is made up for by another, once, with the same packet (17.2.3)", function()
    local net <const> = over_tcp()
    net:request { method = "OPTIONS", uri = TCP }
    net:goes_by(net.sent[1], 5, true)
    net:break_connection(5, "EOF")
    assert.same({}, net:heard())
    assert.same({ net.sent[1].text, "10.0.0.9:5060", 0 },
      { net.sent[2].text, net.sent[2].to, net.sent[2].flow.connection })
    net:goes_by(net.sent[2], 6, true)
    net:break_connection(6, "EOF")
    assert.same({ "failed" }, net:heard())
    assert.same({ 2, 0 }, { #net.sent, net:live() })
  end)

  it("is made up for when it breaks while the request is written, too", function()
    local net <const> = over_tcp()
    net:request { method = "OPTIONS", uri = TCP }
    net:goes_by(net.sent[1], 5, true)
    net.engine:send_failed(net.sent[1].owner, "EPIPE")
    net:collect()
    assert.same(net.sent[1].text, net.sent[2].text)
    net:break_connection(5, "EPIPE")
    assert.same({ 2, 0 }, { #net.sent, #net.events })
  end)

  it("keeps requests of a dialog in their order (12.2.1.1)", function()
    local net <const> = over_tcp()
    local dialog <const> = net:call({ uri = TCP },
      { contact = "<sip:peer@10.0.0.9;transport=tcp>" })
    for _ = 1, 3 do
      assert(net:dialog_request(dialog, { method = "INFO" }))
      net:goes_by(net:newest(), 5, true)
    end
    local before <const> = #net.sent
    net:break_connection(5)
    local numbers <const> = {}
    for i = before + 1, #net.sent do
      numbers[#numbers + 1] = messages.header(net.sent[i].text, "CSeq")
    end
    assert.same({ "2 INFO", "3 INFO", "4 INFO" }, numbers)
  end)

  it("of a dialog's own gives way to one to the peer's Contact (12.2.1.1)", function()
    local net <const> = over_tcp()
    net:deliver(messages.invite { via = "SIP/2.0/TCP 10.0.0.9;branch=z9hG4bKpeer1",
      contact = "<sip:peer@10.0.0.9:5070;transport=tcp>" },
      { port = 61000, connection = 9 })
    local dialog <const> = net:reply(200)
    net:dialog_request(dialog, { method = "INFO" })
    assert.same({ 9, "10.0.0.9:61000" },
      { net:newest().flow.connection, net:newest().to })
    net:goes_by(net:newest(), 9, true)
    net:break_connection(9, "EOF")
    assert.same({ 0, "10.0.0.9:5070" },
      { net:newest().flow.connection, net:newest().to })
  end)

  it("is not made up for when it was the caller's wish, or cut off by us", function()
    local net <const> = over_tcp()
    net:request { method = "OPTIONS", uri = TCP, ip = "10.0.0.9", port = 61000,
      transport = "tcp", connection = 5 }
    net:goes_by(net.sent[1], 5, true)
    net:break_connection(5)
    for at, why in ipairs { "LIMIT", "TIMEOUT" } do
      net:request { method = "OPTIONS", uri = TCP }
      net:goes_by(net:newest(), 5 + at, true)
      net:break_connection(5 + at, why)
    end
    assert.same({ "failed", "failed", "failed" }, net:heard())
    assert.same(3, #net.sent)
  end)

  it("carries a CANCEL again as well (9.1)", function()
    local net <const> = over_tcp()
    local id <const> = net:request { uri = TCP }
    net:answer(180)
    net.engine:cancel(id)
    net:collect()
    net:goes_by(net:newest(), 5, true)
    net:break_connection(5)
    assert.same({ 0, 0 }, net:times "CANCEL")
  end)
end)

describe("without memory to remember who waits", function()
  it("a request learns of the loss by Timer F", function()
    local net <const> = over_tcp()
    net:request { method = "OPTIONS", uri = TCP }
    net.engine:fail_allocation(1)
    net:goes_by(net.sent[1], 5, false)
    net.engine:fail_allocation(0)
    net:break_connection(5)
    assert.same({}, net:heard())
    net:advance(32000)
    assert.same("TIMEOUT", net:event().code)
    assert.same(0, net:live())
  end)
end)
