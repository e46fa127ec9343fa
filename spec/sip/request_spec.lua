-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

describe("a request that is written (RFC 3261 8.1.1)", function()
  it("has Via with branch and rport, Max-Forwards, From tag, To, Call-ID, CSeq",
    function()
    local net <const> = wire.new()
    net:request { method = "MESSAGE", body = "hi", content_type = "text/plain" }
    local text <const> = net:last()
    assert.truthy(text:find("^MESSAGE sip:peer@10.0.0.9 SIP/2.0\r\n"
      .. "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK%w+;rport\r\n"))
    assert.same("70", messages.header(text, "Max%-Forwards"))
    assert.truthy(messages.tag(text, "From"))
    assert.same("<sip:peer@10.0.0.9>", messages.header(text, "To"))
    assert.same("1 MESSAGE", messages.header(text, "CSeq"))
    assert.same("2", messages.header(text, "Content%-Length"))
    assert.is_nil(messages.header(text, "Contact"))
  end)

  it("gives its own address in Contact where the method needs one (8.1.1.8)", function()
    local net <const> = wire.new()
    net:request { from = '"B" <sip:bob@example.com>' }
    assert.same("<sip:bob@10.0.0.1:5060>", messages.header(net:last(), "Contact"))
  end)

  it("puts a bare URI into brackets, so that its parameters stay its own (20)", function()
    local net <const> = wire.new()
    net:request { from = "sip:bob@example.com", to = "sip:peer@example.com" }
    assert.truthy(messages.header(net:last(), "From"):find "^<sip:bob@example.com>;tag=")
    assert.same("<sip:peer@example.com>", messages.header(net:last(), "To"))
  end)

  it("mints what is not given, and no two alike (19.3)", function()
    local net <const> = wire.new()
    local seen <const> = {}
    for _ = 1, 2000 do
      net:request { method = "MESSAGE" }
      local text <const> = net:last()
      for _, token in ipairs { messages.branch(text), messages.tag(text, "From"),
        messages.header(text, "Call%-ID") } do
        assert.is_nil(seen[token])
        seen[token] = true
      end
    end
  end)

  it("carries the owner in every token it mints", function()
    local net <const> = wire.new { owner = "n7" }
    net:request()
    local text <const> = net:last()
    assert.truthy(messages.branch(text):find "^z9hG4bKn7")
    assert.truthy(messages.tag(text, "From"):find "^n7")
    assert.truthy(messages.header(text, "Call%-ID"):find "^n7")
  end)

  it("goes to the first route when it is loose (8.1.2)", function()
    local net <const> = wire.new()
    net:request { uri = "sip:peer@far.example",
      routes = "<sip:10.0.0.8:5070;lr>, <sip:10.0.0.7;lr>" }
    local text <const>, packet <const> = net:last()
    assert.truthy(text:find "^INVITE sip:peer@far.example SIP")
    assert.same("<sip:10.0.0.8:5070;lr>, <sip:10.0.0.7;lr>", messages.header(text,
      "Route"))
    assert.same("10.0.0.8:5070", packet.to)
  end)

  it("puts a strict route into the Request-URI and the target last (12.2.1.1)", function()
    local net <const> = wire.new()
    net:request { uri = "sip:peer@far.example",
      routes = "<sip:10.0.0.8>, <sip:10.0.0.7;lr>" }
    local text <const>, packet <const> = net:last()
    assert.truthy(text:find "^INVITE sip:10.0.0.8 SIP")
    assert.same("<sip:10.0.0.7;lr>, <sip:peer@far.example>", messages.header(text,
      "Route"))
    assert.same("10.0.0.8:5060", packet.to)
  end)

  it("loses what a Request-URI must not carry (19.1.1)", function()
    local net <const> = wire.new()
    net:request { uri = "sip:peer@10.0.0.9;method=REGISTER;x=1?Subject=hi" }
    assert.truthy(net:last():find "^INVITE sip:peer@10.0.0.9;x=1 SIP")
  end)

  it("follows maddr, port and transport of its target (RFC 3263 4)", function()
    local net <const> = wire.new { transport = "tcp" }
    net:request { uri = "sip:peer@far.example:5071;maddr=10.0.0.5;transport=tcp" }
    local _ <const>, packet <const> = net:last()
    assert.same({ "10.0.0.5:5071", "tcp" }, { packet.to, packet.transport })
  end)

  it("refuses line breaks, NUL and malformed parts (bug class 34)", function()
    local net <const> = wire.new()
    for _, bad in ipairs { "a\rb", "a\nb", "a\0b", "a\r\nEvil: 1" } do
      for _, field in ipairs { "uri", "from", "to", "call_id", "from_tag", "routes",
        "contact",
        "content_type", "method" } do
        local id <const>, err = net:request { [field] = bad }
        assert.is_nil(id, field)
        assert.same("INJECTION", err.name, field)
      end
      assert.same("INJECTION", select(2, net:request { headers = { "X-A", bad } }).name)
      assert.same("HEADER_NAME", select(2, net:request { headers = { bad, "x" } }).name)
    end
    assert.same("URI", select(2, net:request { uri = "not a uri" }).name)
    assert.same("HEADER", select(2, net:request { from = "<sip:a@b" }).name)
    assert.same("HEADER", select(2, net:request { routes = "<sip:a" }).name)
    assert.same("INVALID", select(2, net:request { method = "BAD METHOD" }).name)
    assert.same("INVALID", select(2, net:request { call_id = "a b" }).name)
    assert.same("INVALID", select(2, net:request { method = "ACK" }).name)
    assert.same("INVALID", select(2, net:request { method = "CANCEL" }).name)
    assert.same("URI", select(2, net:request { uri = "tel:+123" }).name)
    assert.same({}, net.sent)
    assert.same(0, net:live())
  end)

  it("fails without a listener for the transport", function()
    local net <const> = wire.new()
    local id <const>, err = net:request { uri = "sip:peer@10.0.0.9;transport=tcp" }
    assert.is_nil(id)
    assert.same("NO_ROUTE", err.name)
    assert.same("transport", err.kind)
  end)

  it("past max_transactions is refused, and nothing is left of it", function()
    local net <const> = wire.new { max_transactions = 2 }
    assert.truthy(net:request())
    assert.truthy(net:request())
    assert.same("LIMIT", select(2, net:request()).name)
    assert.same(2, net.engine:counts().client_transactions)
  end)
end)

describe("a request larger than the path allows (RFC 3261 18.1.1)", function()
  local big <const> = ("x"):rep(1300)

  local function both()
    local net <const> = wire.new()
    assert(net.engine:add_listener("tcp", "10.0.0.1", 5060))
    return net
  end

  it("goes over TCP where that is spoken", function()
    local net <const> = both()
    net:request { method = "PUBLISH", body = big, content_type = "text/plain" }
    local text <const>, packet <const> = net:last()
    assert.same("tcp", packet.transport)
    assert.truthy(messages.header(text, "Via"):find "^SIP/2.0/TCP ")
  end)

  it("falls back to UDP when TCP fails, with a Via that says so, and tells", function()
    local net <const> = both()
    net:request { body = big, content_type = "text/plain" }
    net.engine:send_failed(net.sent[1].owner, "TRANSPORT")
    net:collect()
    local text <const>, packet <const> = net:last()
    assert.same("udp", packet.transport)
    assert.truthy(messages.header(text, "Via"):find "^SIP/2.0/UDP ")
    assert.same("<sip:bob@10.0.0.1:5060>", messages.header(text, "Contact"))
    assert.same(1, #messages.headers(text, "Via"))
    assert.same({ "fell_back" }, net:heard())
    net:advance(500)
    assert.same({ 0, 0, 500 }, net:times "INVITE")
    net.engine:send_failed(net.sent[1].owner, "TRANSPORT")
    net:collect()
    assert.same({ "fell_back", "failed" }, net:heard())
  end)

  it("stays on UDP where told to, and where TCP is not spoken", function()
    local net <const> = both()
    net:request { method = "PUBLISH", body = big, content_type = "text/plain",
      no_tcp = true }
    assert.same("udp", net.sent[1].transport)
    local udp_only <const> = wire.new()
    udp_only:request { method = "PUBLISH", body = big, content_type = "text/plain" }
    assert.same("udp", udp_only.sent[1].transport)
  end)

  it("stays on UDP up to the limit (mtu less 200)", function()
    local net <const> = wire.new { mtu = 20000 }
    assert(net.engine:add_listener("tcp", "10.0.0.1", 5060))
    net:request { method = "MESSAGE", body = big, content_type = "text/plain" }
    assert.same("udp", net.sent[1].transport)
  end)
end)

describe("a target with a name (RFC 3263)", function()
  it("is asked for, and the request waits", function()
    local net <const> = wire.new()
    net:request { uri = "sip:peer@far.example:5070" }
    assert.same({}, net.sent)
    local id <const>, host, port, transport, secure = net.engine:next_query()
    assert.same({ "far.example", 5070, nil, false }, { host, port, transport, secure })
    assert.is_nil(net.engine:next_query())
    net.engine:resolved(id, { { transport = "udp", ip = "10.0.0.9", port = 5070 } })
    net:collect()
    assert.same("10.0.0.9:5070", net.sent[1].to)
  end)

  it("tries the next address on a transport error, with a new branch (4.3)", function()
    local net <const> = wire.new()
    net:request { uri = "sip:peer@far.example" }
    net.engine:resolved(net.engine:next_query(), { { ip = "10.0.0.8", port = 5060 },
      { ip = "10.0.0.9", port = 5060 } })
    net:collect()
    net.engine:send_failed(net.sent[1].owner, "TRANSPORT")
    net:collect()
    assert.same("10.0.0.9:5060", net.sent[2].to)
    assert.are_not.equal(messages.branch(net.sent[1].text),
      messages.branch(net.sent[2].text))
    assert.same({}, net:heard())
    net:answer(486)
    assert.same({ 486 }, net:heard())
  end)

  it("fails with kind dns when nobody knows it", function()
    local net <const> = wire.new()
    net:request { uri = "sip:peer@far.example" }
    net.engine:resolved(net.engine:next_query(), nil, "DNS")
    net:collect()
    assert.same({ "failed" }, net:heard())
    assert.same("DNS", net:event().code)
    assert.same(0, net:live())
  end)

  it("may be cancelled while it is looked up", function()
    local net <const> = wire.new()
    local id <const> = net:request { uri = "sip:peer@far.example" }
    local query <const> = net.engine:next_query()
    assert.is_true(net.engine:cancel(id))
    net:collect()
    assert.same({ "failed" }, net:heard())
    assert.same("CANCELLED", net:event().code)
    net.engine:resolved(query, { { ip = "10.0.0.9", port = 5060 } })
    net:collect()
    assert.same({}, net.sent)
  end)

  it("gives up with Timer F when no answer comes", function()
    local net <const> = wire.new()
    net:request { method = "OPTIONS", uri = "sip:peer@far.example" }
    net:advance(32000)
    assert.same("TIMEOUT", net:event().code)
    assert.same(0, net:live())
  end)

  it("on a wildcard listener asks which address of ours leads there", function()
    local net <const> = wire.new()
    net.engine:remove_listener(net.listener)
    assert(net.engine:add_listener("udp", "0.0.0.0", 5060))
    net:request { method = "OPTIONS" }
    local id <const>, host = net.engine:next_query()
    assert.same("10.0.0.9", host)
    net.engine:resolved(id, { { transport = "udp", ip = "10.0.0.9", port = 5060,
      local_ip = "10.0.0.1" } })
    net:collect()
    assert.truthy(messages.header(net:last(), "Via"):find "^SIP/2.0/UDP 10.0.0.1:5060;")
    net:request { method = "OPTIONS" } -- known by now
    assert.same(2, net:count "OPTIONS")
  end)

  -- An engine that does not know which of its addresses leads anywhere.
  local function on_wildcard()
    local net <const> = wire.new()
    net.engine:remove_listener(net.listener)
    assert(net.engine:add_listener("udp", "0.0.0.0", 5060))
    return net
  end

  it("asks for that too when whoever knew the name did not say it", function()
    local net <const> = on_wildcard()
    net:request { method = "OPTIONS", uri = "sip:peer@far.example" }
    net.engine:resolved(net.engine:next_query(), { { ip = "10.0.0.8", port = 5070 } })
    local id <const>, host, port, transport = net.engine:next_query()
    assert.same({ "10.0.0.8", 5070, "udp" }, { host, port, transport })
    assert.same({}, net:collect().sent)
    net.engine:resolved(id, { { ip = "10.0.0.8", port = 5070, local_ip = "10.0.0.1" } })
    net:collect()
    assert.same("10.0.0.8:5070", net.sent[1].to)
    assert.truthy(messages.header(net:last(), "Via"):find "^SIP/2.0/UDP 10.0.0.1:5060;")
    assert.same({}, net:heard())
  end)

  it("tries the next target when none of our addresses leads to one (4.3)", function()
    local net <const> = on_wildcard()
    net:request { method = "OPTIONS", uri = "sip:peer@far.example" }
    net.engine:resolved(net.engine:next_query(), { { ip = "10.0.0.7", port = 5060 },
      { ip = "10.0.0.8", port = 5060 }, { ip = "10.0.0.9", port = 5060 } })
    local first <const>, host = net.engine:next_query()
    assert.same("10.0.0.7", host)
    net.engine:resolved(first, { { ip = "10.0.0.7", port = 5060 } }) -- says nothing again
    local second <const>, next_host = net.engine:next_query()
    assert.same("10.0.0.8", next_host)
    net.engine:resolved(second, nil, "NO_ROUTE")
    net.engine:resolved(net.engine:next_query(),
      { { ip = "10.0.0.9", port = 5060, local_ip = "10.0.0.1" } })
    net:collect()
    assert.same({ 1, "10.0.0.9:5060" }, { #net.sent, net.sent[1].to })
    assert.same({}, net:heard())
  end)

  it("fails when no address of ours leads to any target", function()
    local net <const> = on_wildcard()
    net:request { method = "OPTIONS", uri = "sip:peer@far.example" }
    net.engine:resolved(net.engine:next_query(), { { ip = "10.0.0.8", port = 5060 } })
    net.engine:resolved(net.engine:next_query(), { { ip = "10.0.0.8", port = 5060 } })
    net:collect()
    assert.same({ "failed" }, net:heard())
    assert.same("NO_ROUTE", net:event().code)
    assert.same(0, net:live())
    assert.is_nil(net.engine:next_query())
  end)
end)
