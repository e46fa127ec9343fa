-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local function answered(o, from, options)
  local net <const> = wire.new(options):deliver(messages.message(o), from)
  net:reply(200)
  return net.sent[1], messages.header(net.sent[1].text, "Via")
end

describe("where a response goes (RFC 3261 18.2, RFC 3581)", function()
  it("over UDP: to the source address and the sent-by port", function()
    local packet <const>,
      via <const> = answered({ via = "SIP/2.0/UDP 10.0.0.9:5090;branch=z9hG4bKa" },
      { port = 61000 })
    assert.same("10.0.0.9:5090", packet.to)
    assert.same("SIP/2.0/UDP 10.0.0.9:5090;branch=z9hG4bKa", via)
  end)

  it("to port 5060 when sent-by has none", function()
    local packet <const> = answered({ via = "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKa" },
      { port = 61000 })
    assert.same("10.0.0.9:5060", packet.to)
  end)

  it("with received when sent-by is another address or a name (18.2.1)", function()
    local packet, via = answered { via = "SIP/2.0/UDP 192.168.1.5:5090;branch=z9hG4bKa" }
    assert.same("10.0.0.9:5090", packet.to)
    assert.same("SIP/2.0/UDP 192.168.1.5:5090;branch=z9hG4bKa;received=10.0.0.9", via)
    packet, via = answered { via = "SIP/2.0/UDP pc.example:5090;branch=z9hG4bKa" }
    assert.same("10.0.0.9:5090", packet.to)
    assert.same("SIP/2.0/UDP pc.example:5090;branch=z9hG4bKa;received=10.0.0.9", via)
  end)

  it("to the source port when asked by rport, which is filled in (RFC 3581 4)", function()
    local packet <const>, via <const> = answered(
      { via = "SIP/2.0/UDP 10.0.0.9:5090;rport;branch=z9hG4bKa;x=1" }, { port = 61000 })
    assert.same("10.0.0.9:61000", packet.to)
    assert.same("SIP/2.0/UDP 10.0.0.9:5090;branch=z9hG4bKa;x=1;received=10.0.0.9;rport=61000", via)
  end)

  it("never to a received or rport that the peer made up", function()
    local packet <const>, via <const> = answered(
      { via = "SIP/2.0/UDP 10.0.0.9:5090;received=10.6.6.6;branch=z9hG4bKa;rport=1" },
        { port = 61000 })
    assert.same("10.0.0.9:61000", packet.to)
    assert.is_nil(via:find("10.6.6.6", 1, true))
  end)

  it("to maddr when there is one", function()
    local packet <const> = answered {
      via = "SIP/2.0/UDP 10.0.0.9:5090;maddr=10.0.0.77;branch=z9hG4bKa" }
    assert.same("10.0.0.77:5090", packet.to)
  end)

  it("over TCP: on its connection, else to the source and the sent-by port", function()
    local packet <const> = answered({ via = "SIP/2.0/TCP 10.0.0.9:5090;branch=z9hG4bKa" },
      { port = 61000, connection = 77 }, { transport = "tcp" })
    assert.same(77, packet.flow.connection)
    assert.same("10.0.0.9:61000", packet.to)
    assert.same("10.0.0.9:5090", packet.fallback)
  end)

  it("touches no Via but the top one, also on one line", function()
    local net <const> = wire.new():deliver(messages.message { vias = {
      "SIP/2.0/UDP pc.example;branch=z9hG4bKa;rport, SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKb;rport",
      "SIP/2.0/TLS 10.2.2.2;branch=z9hG4bKc;rport" } }, { port = 61000 })
    net:reply(200)
    assert.same({
      "SIP/2.0/UDP pc.example;branch=z9hG4bKa;received=10.0.0.9;rport=61000, "
        .. "SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKb;rport",
      "SIP/2.0/TLS 10.2.2.2;branch=z9hG4bKc;rport" }, messages.headers(net:last(), "Via"))
  end)
end)

describe("what a response says (RFC 3261 8.2.6)", function()
  it("copies From, Call-ID and CSeq as they came, and To with a tag", function()
    local net <const> = wire.new():deliver(messages.message {
      from = '"A \\"x\\"" <sip:a@b>;tag=1;y=z', call_id = "odd!call@id", cseq = 77 })
    net:reply(200)
    local text <const> = net:last()
    assert.same('"A \\"x\\"" <sip:a@b>;tag=1;y=z', messages.header(text, "From"))
    assert.same("odd!call@id", messages.header(text, "Call%-ID"))
    assert.same("77 MESSAGE", messages.header(text, "CSeq"))
    assert.truthy(messages.tag(text, "To"))
  end)

  it("keeps one To tag for a whole transaction, or the tag it is given", function()
    local net = wire.new():deliver(messages.invite())
    net:reply(180)
    net:reply(200)
    assert.same(messages.tag(net:last(180), "To"), messages.tag(net:last(200), "To"))
    net = wire.new():deliver(messages.invite())
    net:reply(180, nil, nil, nil, nil, "mine")
    net:reply(200)
    assert.same("mine", messages.tag(net:last(200), "To"))
  end)

  it("has the registered reason, another one, or none", function()
    for given, line in pairs { [false] = "486 Busy Here",
      ["On a call"] = "486 On a call", [""] = "486 " } do
      local net <const> = wire.new():deliver(messages.invite())
      net:reply(486, given or nil)
      assert.same("SIP/2.0 " .. line, net:last():match "^[^\r]*")
    end
  end)

  it("brings Contact and Record-Route when it makes a dialog (12.1.1)", function()
    local routes <const> = { "<sip:p2.example;lr>", "<sip:p1.example;lr>" }
    local net = wire.new():deliver(messages.invite {
      uri = "sip:bob@example.com", lines = { "Record-Route: " .. routes[1],
        "Record-Route: " .. routes[2] } })
    net:reply(180)
    net:reply(200)
    for _, status in ipairs { 180, 200 } do
      assert.same(routes, messages.headers(net:last(status), "Record%-Route"))
      assert.same("<sip:bob@10.0.0.1:5060>", messages.header(net:last(status), "Contact"))
    end
    net = wire.new():deliver(messages.invite { lines = { "Record-Route: "
      .. routes[1] } })
    net:reply(486)
    assert.is_nil(messages.header(net:last(), "Record%-Route"))
    assert.is_nil(messages.header(net:last(), "Contact"))
  end)

  it("says what we can in the 2xx to an INVITE (13.3.1.4)", function()
    local net <const> = wire.new():deliver(messages.invite())
    net:reply(200)
    assert.truthy(messages.header(net:last(), "Allow"):find "INVITE")
    assert.same("timer", messages.header(net:last(), "Supported"))
  end)

  it("takes the user's headers, his own Contact included", function()
    local net <const> = wire.new():deliver(messages.invite())
    net:reply(200, nil, { "X-A", "1", "Contact", "<sip:me@nat.example>", "X-A", "2" },
      "text/plain", "hi")
    assert.same({ "<sip:me@nat.example>" }, messages.headers(net:last(), "Contact"))
    assert.same({ "1", "2" }, messages.headers(net:last(), "X%-A"))
    local tail <const> = "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"
    assert.truthy(net:last():find(tail, 1, true))
  end)

  it("refuses line breaks and NUL anywhere (bug class 34)", function()
    local net <const> = wire.new():deliver(messages.message())
    for _, bad in ipairs { "a\rb", "a\nb", "a\0b" } do
      assert.same("INJECTION", select(2, net:reply(200, bad)).name)
      assert.same("INJECTION", select(2, net:reply(200, nil, { "X", bad })).name)
      assert.same("HEADER_NAME", select(2, net:reply(200, nil, { bad, "x" })).name)
      assert.same("INJECTION", select(2, net:reply(200, nil, nil, bad, "body")).name)
      assert.same("INVALID", select(2, net:reply(200, nil, nil, nil, nil, bad)).name)
    end
    assert.same({}, net.sent)
  end)

  it("refuses headers that the stack writes itself", function()
    local net <const> = wire.new():deliver(messages.message())
    for _, name in ipairs { "Via", "v", "From", "TO", "Call-ID", "i", "CSeq",
      "Content-Length", "l" } do
      assert.same("RESERVED", select(2, net:reply(200, nil, { "X", "1", name,
        "x" })).name, name)
      assert.same("RESERVED", select(2, net:request { headers = { name, "x" } }).name,
        name)
    end
    assert.same({}, net.sent)
  end)

  it("has one To tag for all copies of a request that is refused without state (8.2.7)",
    function()
    local net <const> = wire.new()
    for _ = 1, 2 do
      net:deliver(messages.invite())
      net.engine:reply_stateless(net:event().transaction, 403)
      net:collect()
    end
    assert.same(messages.tag(net.sent[1].text, "To"), messages.tag(net.sent[2].text,
      "To"))
  end)

  it("names us only when told to", function()
    local net = wire.new():deliver(messages.message())
    net.engine:identity { user_agent = "moonsip test" }
    net:reply(200)
    assert.same("moonsip test", messages.header(net:last(), "Server"))
    net = wire.new():deliver(messages.message())
    net:reply(200)
    assert.is_nil(messages.header(net:last(), "Server"))
  end)
end)
