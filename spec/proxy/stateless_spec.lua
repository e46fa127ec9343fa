-- SPDX-License-Identifier: MIT
--
-- Forwarding without state (RFC 3261 16.11, 16.10).

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local A <const> = "10.0.0.21"

-- Forwards the latest request, or stray, to A.
local function pass(r, o)
  o = o or {}
  local kind <const> = o.kind or "request"
  local event <const> = r.net:event(kind)
  local ok <const>, err = r.net.engine:proxy_stateless(kind == "stray" and 0 or event.transaction,
    event.message, o.stay, o.uri or "sip:bob@" .. A, o.via, o.routes, o.headers, o.drop, o.flow,
    o.transport)
  r.net:collect()
  return ok, err
end

local function passed(method, o, options)
  local r <const> = relay.new(options)
  r:receive(method or "invite", o)
  assert(pass(r))
  return r
end

describe("a request that is forwarded without state", function()
  it("leaves none, and gets no 100 (16.11)", function()
    local r <const> = passed()
    assert.same({ "INVITE" }, r:kinds_to(A))
    assert.same(0, r:live())
    r:advance(10000)
    assert.same({ "INVITE" }, r:kinds_to(A))
    assert.same({}, r:upstream())
  end)

  it("changes as any other: Request-URI, hops, breadth, Via, received", function()
    local r <const> = passed("invite", { via = "SIP/2.0/UDP pc;branch=z9hG4bKx;rport" })
    local text <const> = r:last_to(A)
    assert.same("INVITE sip:bob@10.0.0.21 SIP/2.0", text:match "^[^\r]+")
    assert.same("69", messages.header(text, "Max%-Forwards"))
    assert.same("SIP/2.0/UDP pc;branch=z9hG4bKx;received=10.0.0.9;rport=5060",
      messages.headers(text, "Via")[2])
  end)

  it("is the same again when it comes again, its CANCEL and its ACK have its branch (16.11)",
    function()
      local r <const> = relay.new()
      r.net.engine:handles_routed("stray", true)
      r:receive "invite"
      pass(r)
      r:receive "invite"
      pass(r)
      local sent <const> = r:sent_to(A)
      assert.same(sent[1].text, sent[2].text)
      r:cancel()
      assert.same("stray", r.net:event().kind)
      assert.is_true(pass(r, { kind = "stray" }))
      r:deliver(messages.ack { to_tag = "x" })
      assert.is_true(pass(r, { kind = "stray" }))
      for _, kind in ipairs { "CANCEL", "ACK" } do
        assert.same(messages.branch(sent[1].text), messages.branch(r:last_to(A, kind)))
      end
      assert.same(0, r:live())
    end)

  it("another has another branch, with and without the magic cookie", function()
    local seen <const> = {}
    for _, o in ipairs { {}, { branch = "z9hG4bKpeer2" }, { via = "SIP/2.0/UDP 10.0.0.9" },
      { via = "SIP/2.0/UDP 10.0.0.9", cseq = 2 }, { via = "SIP/2.0/UDP 10.0.0.9", call_id = "y" },
      { via = "SIP/2.0/UDP 10.0.0.9;branch=1", from_tag = "z" },
      { via = "SIP/2.0/UDP 10.0.0.8;branch=z9hG4bKpeer1" } } do
      local branch <const> = messages.branch(passed("invite", o):last_to(A))
      assert.is_nil(seen[branch])
      assert.truthy(branch:find "^z9hG4bKz")
      seen[branch] = true
    end
  end)

  it("its responses go back by their next Via, all of them, as they come (16.11)", function()
    local r <const> = passed("invite", { via = "SIP/2.0/UDP pc:5099;branch=z9hG4bKx;rport" })
    for _, status in ipairs { 100, 180, 200, 200, 486 } do r:answer(A, status) end
    assert.same({ 100, 180, 200, 200, 486 }, r:upstream())
    assert.same({ "SIP/2.0/UDP pc:5099;branch=z9hG4bKx;received=10.0.0.9;rport=5060" },
      messages.headers(r:up(), "Via"))
    assert.same("10.0.0.9:5060", select(2, r:up()).to)
  end)

  it("to the port of the sent-by without rport (18.2.2)", function()
    local r <const> = passed("options", { via = "SIP/2.0/UDP 10.0.0.9:5099;branch=z9hG4bKx" })
    r:answer(A, 200, { to = "OPTIONS" })
    assert.same("10.0.0.9:5099", select(2, r:up()).to)
  end)

  it("a response that nobody was asked for goes nowhere (RFC 6026 7.3)", function()
    local r <const> = passed()
    local vias <const> = messages.headers(r:last_to(A), "Via")
    local text <const> = r:last_to(A)
    for _, changed in ipairs {
      { (vias[1]:gsub("branch=z9hG4bKz", "branch=z9hG4bKzz")), vias[2] },
      { (vias[1]:gsub("(branch=z9hG4bKz)(.)", function(a, c)
        return a .. (c == "0" and "1" or "0")
      end)), vias[2] },
      { vias[1], (vias[2]:gsub("peer1", "peer2")) },
      { vias[1], (vias[2]:gsub("10%.0%.0%.9", "10.0.0.66")) },
      { vias[1], "gibberish" },
      { vias[1] },
    } do
      r:deliver(messages.answer(text, 200, { vias = changed }), { ip = A })
    end
    assert.same({}, r:upstream())
    assert.same({}, r:sent_to "10.0.0.66")
    assert.same(6, r.net.engine:counts().dropped)
  end)

  it("waits for the address of a name, and is forgotten when it is sent or is not", function()
    for _, found in ipairs { true, false } do
      local r <const> = relay.new()
      r:receive "message"
      assert.is_true(pass(r, { uri = "sip:bob@far.example" }))
      local query <const> = r.net.engine:next_query()
      r.net.engine:resolved(query, found and { { transport = "udp", ip = A, port = 5060 } } or nil,
        "DNS")
      r.net:collect()
      assert.same(found and { "MESSAGE" } or {}, r:kinds_to(A))
      r:advance(40000)
      assert.same(found and 1 or 0, #r:sent_to(A))
      assert.same(0, r:live())
    end
  end)

  it("is refused when it has been answered, or is proxied", function()
    local r <const> = relay.new()
    r:invite { "sip:bob@" .. A }
    assert.same("STATE", select(2, pass(r)).name)
    local other <const> = relay.new()
    other:receive "invite"
    other.net:reply(180)
    assert.same("STATE", select(2, pass(other)).name)
    other.net:reply(486)
    assert.same("STATE", select(2, pass(other)).name)
  end)
end)

describe("an ACK or a CANCEL that belongs to nothing", function()
  it("is nobody's business unless a script asks for strays", function()
    local r <const> = relay.new()
    r:deliver(messages.ack { to_tag = "x" }):cancel()
    assert.same({ 481 }, r:upstream())
    assert.same({}, r.net:heard())
  end)

  it("then is handed up, and may be refused", function()
    local r <const> = relay.new()
    r.net.engine:handles_routed("stray", true)
    r:cancel()
    assert.same({}, r:upstream())
    r.net.engine:refuse(r.net:event("stray").message, 481)
    r.net:collect()
    assert.same({ 481 }, r:upstream())
    r:deliver(messages.ack { to_tag = "x" })
    r.net.engine:refuse(r.net:event("stray").message, 481)
    r.net:collect()
    assert.same({ 481 }, r:upstream()) -- an ACK is never answered
  end)
end)
