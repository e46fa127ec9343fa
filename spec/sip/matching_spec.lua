-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local function requests(net)
  local n = 0
  for _, event in ipairs(net.events) do if event.kind == "request" then n = n + 1 end end
  return n
end

describe("matching requests to transactions (RFC 3261 17.2.3)", function()
  it("goes by branch, sent-by and method", function()
    local net <const> = wire.new():deliver(messages.message())
    net:deliver(messages.message())
    assert.same(1, requests(net))
    net:deliver(messages.message { branch = "z9hG4bKother" })
    net:deliver(messages.message { via = "SIP/2.0/UDP 10.0.0.9:5061;branch=z9hG4bKpeer1" })
    net:deliver(messages.info())
    assert.same(4, requests(net))
  end)

  it("compares sent-by without case and the branch with it", function()
    local net <const> = wire.new():deliver(
      messages.message { via = "SIP/2.0/UDP PC.example:5060;branch=z9hG4bKAbc" })
    net:deliver(messages.message { via = "SIP/2.0/UDP pc.EXAMPLE:5060;branch=z9hG4bKAbc" })
    assert.same(1, requests(net))
    net:deliver(messages.message { via = "SIP/2.0/UDP pc.example:5060;branch=z9hG4bKabC" })
    assert.same(2, requests(net))
  end)

  it("knows peers without the magic cookie by what RFC 2543 compares", function()
    local via <const> = "SIP/2.0/UDP 10.0.0.9:5060;branch=1"
    local invite <const> = messages.invite { via = via }
    local net <const> = wire.new():deliver(invite):deliver(invite)
    assert.same(1, requests(net))
    net:reply(486)
    net:deliver(messages.ack { via = via, to_tag = messages.tag(net:last(486), "To") })
    net:advance(4000)
    assert.same({ 0 }, net:times(486))
    net:deliver(messages.invite { via = via, cseq = 2 })
    net:deliver(messages.invite { via = via, call_id = "other" })
    net:deliver(messages.invite { via = via, from_tag = "other" })
    net:deliver(messages.invite { via = via, uri = "sip:else@10.0.0.1" })
    net:deliver(messages.invite { via = "SIP/2.0/UDP 10.0.0.9:5060;branch=2" })
    assert.same(6, requests(net))
  end)

  it("finds the INVITE of such a peer's CANCEL", function()
    local via <const> = "SIP/2.0/UDP 10.0.0.9:5060"
    local net <const> = wire.new():deliver(messages.invite { via = via })
    net:deliver(messages.cancel { via = via })
    assert.same({ 200, 487 }, net:kinds())
  end)

  it("takes keys of every length (bug class 1, bug class 5)", function()
    local net <const> = wire.new()
    for _, n in ipairs { 1, 15, 16, 17, 31, 32, 63, 64, 255, 256, 4000 } do
      local branch <const> = "z9hG4bK" .. ("b"):rep(n)
      local o <const> = { branch = branch, call_id = ("c"):rep(n),
        from_tag = ("f"):rep(n) }
      local before <const> = requests(net)
      net:deliver(messages.invite(o)):deliver(messages.invite(o))
      assert.same(before + 1, requests(net), n)
      net:reply(486)
      net:deliver(messages.ack(o))
    end
    net:advance(60000)
    assert.same(0, net:live())
  end)
end)

describe("merged requests (RFC 3261 8.2.2.2)", function()
  local function merged(o)
    local net <const> = wire.new():deliver(messages.invite { branch = "z9hG4bKa" })
    local first <const> = net:event().transaction
    o = o or {}
    o.branch = "z9hG4bKb"
    net:deliver(messages.invite(o))
    return net, first, net:event().transaction
  end

  it("get 482 when a user agent is about to accept one", function()
    local net <const>, first, second = merged()
    assert.same({ 0, 482 }, { net.engine:check(first), (net.engine:check(second)) })
    net.engine:reply(first, 486)
    assert.same(482, net.engine:check(second))
  end)

  it("are none with another CSeq, Call-ID or From tag, or inside a dialog", function()
    for _, o in ipairs { { cseq = 2 }, { call_id = "x" }, { from_tag = "x" } } do
      local net <const>, first, second = merged(o)
      assert.same({ 0, 0 }, { net.engine:check(first), (net.engine:check(second)) })
    end
  end)
end)

describe("what nobody waits for (bug class 30)", function()
  it("stray ACKs and responses change nothing and are not answered", function()
    local net <const> = wire.new()
    for i = 1, 200 do
      net:deliver(messages.ack { branch = "z9hG4bKs" .. i, to_tag = "t" .. i })
      net:deliver(("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK%d\r\n"
        .. "From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=2\r\nCall-ID: x\r\n"
        .. "CSeq: 1 INVITE\r\n\r\n"):format(i))
    end
    assert.same({}, net.sent)
    assert.same({}, net.events)
    assert.same(0, net:live())
    assert.same(200, net.engine:counts().dropped)
  end)

  it("stray CANCEL, BYE, PRACK and re-INVITE get 481 each, without state", function()
    local net <const> = wire.new()
    for i = 1, 50 do
      net:deliver(messages.cancel { branch = "z9hG4bKc" .. i })
      for _, method in ipairs { "bye", "prack", "invite", "update", "info", "refer" } do
        net:deliver(messages[method] { branch = "z9hG4bK" .. method .. i,
          to_tag = "none" })
      end
    end
    assert.same(350, net:count(481))
    assert.same(0, net:live())
    assert.same({}, net.events)
  end)
end)

describe("limits of the engine", function()
  it("answer 503 with Retry-After past max_transactions", function()
    local net <const> = wire.new { max_transactions = 3 }
    for i = 1, 4 do net:deliver(messages.message { branch = "z9hG4bK" .. i,
      call_id = "c" .. i }) end
    assert.same({ "request", "request", "request" }, net:heard())
    assert.same({ 503 }, net:kinds())
    assert.truthy(messages.header(net:last(), "Retry%-After"))
    net:advance(64000)
    net:deliver(messages.message { branch = "z9hG4bKlater" })
    assert.same("request", net:event().kind)
  end)

  it("answer 503 past max_events that nobody takes", function()
    local net <const> = wire.new { max_events = 2 }
    local core <const> = require "moonsip.core"
    local flow <const> = core.flow("udp", "10.0.0.1", 5060, "10.0.0.9", 5060, 1, 0)
    for i = 1, 3 do net.engine:receive(flow, messages.message { branch = "z9hG4bK"
      .. i }) end
    net:collect()
    assert.same({ "request", "request" }, net:heard())
    assert.same({ 503 }, net:kinds())
  end)

  it("refuse a dialog past max_dialogs", function()
    local net <const> = wire.new { max_dialogs = 1 }
    net:called()
    net:deliver(messages.invite { branch = "z9hG4bKnext", call_id = "next" })
    local id <const>, err = net:reply(200)
    assert.is_nil(id)
    assert.same("LIMIT", err.name)
    assert.same(0, net:reply(503))
  end)

  it("refuse what they would have to cut: 256 bytes to advertise, a To tag of 64", function()
    local net <const> = wire.new()
    local number <const> = net.engine:add_listener("udp", "10.0.0.2", 5060, ("a"):rep(255))
    assert.same(2, number)
    local none <const>, err = net.engine:add_listener("udp", "10.0.0.2", 5060, ("a"):rep(256))
    assert.is_nil(none)
    assert.same("INVALID", err.name)
    net:deliver(messages.invite())
    local id <const>, why = net:reply(180, nil, nil, nil, nil, ("t"):rep(64))
    assert.is_nil(id)
    assert.same("INVALID", why.name)
    assert(net:reply(180, nil, nil, nil, nil, ("t"):rep(63)))
    assert.same(("t"):rep(63), messages.tag(net:last(180), "To"))
  end)

  it("try 32 targets of a name and leave out further ones", function()
    local net <const>, targets <const> = wire.new(), {}
    for i = 1, 33 do targets[i] = { ip = "10.0.1." .. i, port = 5060 } end
    net:request { method = "OPTIONS", uri = "sip:peer@far.example" }
    net.engine:resolved(net.engine:next_query(), targets)
    for at = 1, 32 do
      net:collect()
      assert.same("10.0.1." .. at .. ":5060", net.sent[at].to)
      net.engine:send_failed(net.sent[at].owner)
    end
    net:collect()
    assert.same({ 32, "failed" }, { #net.sent, net:event().kind })
  end)

  it("draining: no new calls, the live ones go on", function()
    local net <const> = wire.new()
    net:called()
    net.engine:draining(7)
    net:deliver(messages.invite { branch = "z9hG4bKnew", call_id = "new" })
    assert.same({ 200, 503 }, net:kinds())
    assert.same("7", messages.header(net:last(503), "Retry%-After"))
    net:deliver(messages.info { branch = "z9hG4bKinfo", cseq = 2, to_tag = net.to_tag })
    net:reply(200)
    assert.same({ 200, 503, 200 }, net:kinds())
  end)
end)
