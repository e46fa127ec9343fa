-- SPDX-License-Identifier: MIT
--
-- Nodes that share a secret: what only one of them can do is handed over to it while it is
-- up, and done as well as can be without it. Two engines, a and b, on wires of their own; what
-- one sends to the other's place is carried over by hand.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local A <const>, B <const> = "10.0.0.2", "10.0.0.3" -- places of the nodes
local CALLEE <const>, CALLER <const> = "10.0.0.21", "10.0.0.9"
local SECRET <const> = "0123456789abcdef"

local function node(name, o)
  local options <const> = { owner = name, secret = SECRET }
  for key, value in pairs(o or {}) do options[key] = value end
  local r <const> = relay.new(options)
  for other, place in pairs { a = A .. ":5060", b = B .. ":5060;transport=udp" } do
    if other ~= name then assert(r.net.engine:set_node(other, place, true)) end
  end
  return r
end

-- A call through a by a phone behind an address translation; its Record-Route.
local function called(a)
  a:invite({ "sip:bob@" .. CALLEE }, { stay = "record_route" },
    { via = "SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bKpeer1;rport" })
  local routes <const> = messages.headers(a:last_to(CALLEE, "INVITE"), "Record%-Route")
  a:answer(CALLEE, 200, { record_routes = routes, contact = "<sip:bob@10.0.0.21:5060>" })
  return table.concat(routes, ", ")
end

-- From the callee: the last hop is the caller, whose Contact is an address of its own net.
local function from_callee(method, route)
  local text <const> = messages[method] {
    uri = "sip:peer@192.168.1.5:5060", from = "<sip:bob@10.0.0.1>;tag=tag21",
    to = "<sip:peer@10.0.0.9>;tag=peertag", to_tag = false, cseq = 1,
    via = "SIP/2.0/UDP 10.0.0.21:5060;branch=z9hG4bKc" .. method,
    contact = "<sip:bob@10.0.0.21:5060>", lines = { "Route: " .. route } }
  return (text:gsub(";tag=false", ""))
end

-- What b sent to the place of a reaches a.
local function carry(b, a, kind)
  local text <const> = b:last_to(A, kind)
  assert(text, "nothing went to " .. A)
  a:deliver(text, { ip = B })
  return text
end

describe("a request inside a dialog that another node proxied", function()
  it("is handed over to the node that has the flow, which alone goes on by it", function()
    local a <const>, b <const> = node "a", node "b"
    local route <const> = called(a)
    b:deliver(from_callee("bye", route), { ip = CALLEE })
    local handed <const> = carry(b, a, "BYE")
    local token <const> = route:match "sip:(.-)@"
    assert.truthy(token:find "%.a$")
    assert.same({ ("<sip:%s@%s:5060;lr>"):format(token, A) }, messages.headers(handed, "Route"))
    local bye <const>, packet = a:last_to(CALLER, "BYE")
    assert.same("BYE sip:peer@192.168.1.5:5060 SIP/2.0", bye:match "^[^\r]+")
    assert.is_nil(messages.header(bye, "Route"))
    assert.same(CALLER .. ":5060", packet.to)
    assert.same({ "BYE" }, b:kinds_to(A)) -- once, and nowhere else
    assert.same({}, b:sent_to(CALLER))
  end)

  it("is answered by way of both, and leaves nothing behind", function()
    local a <const>, b <const> = node "a", node "b"
    b:deliver(from_callee("bye", called(a)), { ip = CALLEE })
    carry(b, a, "BYE")
    a:answer(CALLER, 200, { to = "BYE" })
    b:deliver(a:last_to(B, 200), { ip = A })
    assert.same(1, #b:sent_to(CALLEE, 200))
    b:advance(40000)
    assert.same(0, b:live())
  end)

  it("needs nobody where its URI leads there", function()
    local a <const>, b <const> = node "a", node "b"
    local route <const> = called(a)
    b:deliver(messages.bye { uri = "sip:bob@10.0.0.21:5060", to_tag = "tag21", cseq = 2,
      lines = { "Route: " .. route } })
    assert.same({ "BYE" }, b:kinds_to(CALLEE))
  end)

  it("of a node that is down goes by the same addresses from here", function()
    local a <const>, b <const> = node "a", node "b"
    local route <const> = called(a)
    b.net.engine:set_node("a", A .. ":5060", false)
    b:deliver(from_callee("bye", route), { ip = CALLEE })
    assert.same({}, b:sent_to(A))
    assert.same({ "BYE" }, b:kinds_to(CALLER))
  end)

  it("of a node that turns out to be gone does the same: refused, silent (Timer F), or down",
    function()
    for _, lose in ipairs {
      function(b) b.net.engine:send_failed(select(2, b:last_to(A)).owner, "ECONNREFUSED") end,
      function(b) b:advance(32000) end,
      function(b) b.net.engine:set_node("a", A .. ":5060", false) end,
    } do
      local a <const>, b <const> = node "a", node "b"
      b:deliver(from_callee("bye", called(a)), { ip = CALLEE })
      assert.same({}, b:sent_to(CALLER))
      lose(b)
      b.net:collect()
      assert.same("BYE", (messages.kind(b:last_to(CALLER))))
      assert.is_nil(messages.header(b:last_to(CALLER, "BYE"), "Route"))
    end
  end)

  it("whose connection died with its node goes by its URI", function()
    local a <const>, b <const> = node("a", { transport = "tcp" }), node "b"
    a.net.engine:add_listener("udp", "10.0.0.1", 5060)
    b.net.engine:add_listener("tcp", "10.0.0.1", 5060)
    a:deliver(messages.invite { via = "SIP/2.0/TCP 10.0.0.9:5060;branch=z9hG4bKpeer1" },
      { connection = 7, port = 44444 })
    a.transaction = a.net:event("request").transaction
    a:proxy({ "sip:bob@" .. CALLEE }, { stay = "record_route" })
    local route <const> = messages.header(a:last_to(CALLEE), "Record%-Route")
      :gsub("(<.->), (<.->)", "%2, %1")
    b.net.engine:set_node("a", A .. ":5060", false)
    b:deliver((from_callee("bye", route):gsub("192%.168%.1%.5:5060", "10.0.0.77;transport=tcp")),
      { ip = CALLEE, transport = "udp" })
    local _, packet = b:last_to("10.0.0.77", "BYE")
    assert.same({ "tcp", 0 }, { packet.transport, packet.flow.connection })
  end)

  it("is an ACK: handed over too, without a transaction", function()
    local a <const>, b <const> = node "a", node "b"
    local route <const> = called(a)
    b:deliver(from_callee("ack", route), { ip = CALLEE })
    carry(b, a, "ACK")
    assert.same({ "ACK" }, { (messages.kind(a:last_to(CALLER))) })
    assert.same(0, b:live())
    b.net.engine:set_node("a", A .. ":5060", false)
    b:deliver(from_callee("ack", route), { ip = CALLEE })
    assert.same({ "ACK" }, b:kinds_to(CALLER))
  end)

  it("is no loop to the node that has it, and is one that comes back (RFC 5393 4.2)", function()
    local a <const>, b <const> = node "a", node "b"
    local route <const> = called(a)
    b:deliver(from_callee("invite", route), { ip = CALLEE })
    local handed <const> = carry(b, a, "INVITE")
    assert.same("INVITE", (messages.kind(a:last_to(CALLER, "INVITE"))))
    -- The Route that it had when it came to b is in what its loop is told by.
    b:deliver((handed:gsub("branch=z9hG4bKb", "branch=z9hG4bKb", 1)
      :gsub("\r\nRoute: [^\r]*", "\r\nRoute: " .. route)), { ip = A })
    assert.same(1, #b:sent_to(A, 482))
  end)

  it("with a forged token is nobody's: 481", function()
    local a <const>, b <const> = node "a", node "b"
    local route <const> = called(a):gsub("sip:.", function(text)
      return text == "sip:0" and "sip:1" or "sip:0"
    end)
    b:deliver(from_callee("bye", route), { ip = CALLEE })
    assert.same({}, b:sent_to(A))
    assert.same({ 481 }, b:kinds_to(CALLEE))
  end)
end)

-- The flow of a phone that registered at a.
local function flow_of(a, o)
  o = o or {}
  return core.flow(o.transport or "udp", "10.0.0.1", 5060, CALLER, 33333,
    o.listener or a.net.listener, o.connection or 0)
end

-- What another node sends for that phone.
local function for_phone(token, o)
  o = o or {}
  return messages[o.method or "invite"] { uri = "sip:bob@192.168.1.5:5060",
    via = "SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKb" .. (o.method or "invite"),
    lines = { ("Route: <sip:%s@%s:5060;lr>"):format(token, A) } }
end

describe("a request along a flow that another node found", function()
  it("goes on by that flow without a script, and we stay in its path", function()
    local a <const> = node "a"
    local token <const> = a.net.engine:flow_token(flow_of(a))
    a:deliver(for_phone(token), { ip = B })
    local invite <const>, packet = a:last_to(CALLER, "INVITE")
    assert.same(CALLER .. ":33333", packet.to)
    assert.same("INVITE sip:bob@192.168.1.5:5060 SIP/2.0", invite:match "^[^\r]+")
    assert.truthy(messages.header(invite, "Record%-Route"):find "%.a@")
    assert.same({}, a.net:heard "request")
    -- And later requests go by the same flow.
    local routes <const> = messages.headers(invite, "Record%-Route")
    a:answer(CALLER, 200, { record_routes = routes })
    a:deliver(messages.bye { uri = "sip:bob@192.168.1.5:5060", to_tag = "tag10", cseq = 2,
      via = "SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKbye",
      lines = { "Route: " .. table.concat(routes, ",") } }, { ip = B })
    assert.same(CALLER .. ":33333", select(2, a:last_to(CALLER, "BYE")).to)
  end)

  it("is 430 when that flow is gone (RFC 5626 11.6), and never tried at its URI", function()
    local a <const> = node "a"
    local tcp <const> = a.net.engine:add_listener("tcp", "10.0.0.1", 5060)
    local token <const> = a.net.engine:flow_token(flow_of(a, { transport = "tcp", connection = 7,
      listener = tcp }))
    a:deliver(for_phone(token), { ip = B })
    local _, packet = a:last_to(CALLER, "INVITE")
    assert.same({ "tcp", 7 }, { packet.transport, packet.flow.connection })
    a.net.engine:send_failed(packet.owner, "TRANSPORT")
    a.net:collect()
    assert.same(1, #a:sent_to(B, 430))
    assert.same(0, #a:sent_to "192.168.1.5")
  end)

  it("is checked as every other (16.3), and still let through while we drain", function()
    local a <const> = node "a"
    local token <const> = a.net.engine:flow_token(flow_of(a))
    a.net.engine:draining(10)
    a:deliver((for_phone(token):gsub("Max%-Forwards: 70", "Max-Forwards: 0")), { ip = B })
    assert.same(1, #a:sent_to(B, 483))
    a:deliver((for_phone(token, { method = "message" })), { ip = B })
    assert.same(1, #a:sent_to(CALLER, "MESSAGE"))
  end)

  it("with a forged token, or one of another secret, is a script's to judge", function()
    local a <const> = node "a"
    local other <const> = node("a", { secret = "another secret of 16" })
    local token <const> = other.net.engine:flow_token(flow_of(other))
    a:deliver(for_phone(token), { ip = B })
    assert.same({}, a:sent_to(CALLER))
    assert.same("request", a.net:event().kind)
  end)

  it("opens no dialog's door: inside one it is 481", function()
    local a <const> = node "a"
    local token <const> = a.net.engine:flow_token(flow_of(a))
    a:deliver((for_phone(token, { method = "bye" }):gsub("(\r\nTo: [^\r]*)", "%1;tag=x")),
      { ip = B })
    assert.same({ 481 }, a:kinds_to(B))
  end)
end)

describe("what names another node", function()
  local function tag_of(r) return r.net.engine:token() end

  it("in the tag of a dialog of its own is handed over, ACKs too", function()
    local a <const>, b <const> = node "a", node "b"
    local tag <const> = tag_of(a)
    for _, method in ipairs { "bye", "ack", "info" } do
      b:deliver(messages[method] { uri = "sip:ivr@10.0.0.1", to_tag = tag, cseq = 2,
        branch = "z9hG4bK" .. method })
      local sent <const> = b:last_to(A, method:upper())
      assert.truthy(sent:find("^" .. method:upper() .. " sip:ivr@10%.0%.0%.1 "))
    end
    assert.same({ "BYE", "ACK", "INFO" }, b:kinds_to(A))
    -- It was not a's dialog either; nobody sends it on from there.
    carry(b, a, "BYE")
    assert.same({ 481 }, a:kinds_to(B))
  end)

  it("in the branch of a response brings it there as it is", function()
    local a <const>, b <const> = node "a", node "b"
    a:invite { "sip:bob@" .. CALLEE }
    local answer <const> = messages.answer(a:last_to(CALLEE, "INVITE"), 180, { to_tag = "x" })
    b:deliver(answer, { ip = CALLEE })
    assert.same(answer, (b:last_to(A)))
    a:deliver(answer, { ip = B })
    assert.same({ 180 }, { (messages.kind(a:up(180))) })
  end)

  it("goes nowhere while that node is down, or when it is nobody", function()
    local a <const>, b <const> = node "a", node "b"
    local tag <const> = tag_of(a)
    b.net.engine:set_node("a", A .. ":5060", false)
    b:deliver(messages.bye { to_tag = tag, branch = "z9hG4bK1" })
    for at, other in ipairs { "c" .. tag:sub(2), tag .. "0", tag:sub(1, -2), "a", "" } do
      b.net.engine:set_node("a", A .. ":5060", true)
      b:deliver((messages.bye { to_tag = other, branch = "z9hG4bKx" .. at }))
    end
    assert.same({}, b:sent_to(A))
  end)
end)

describe("the table of nodes", function()
  it("takes 64 of them, each once", function()
    local r <const> = relay.new { owner = "me", secret = SECRET }
    local engine <const> = r.net.engine
    for at = 1, 64 do assert.is_true(engine:set_node("n" .. at, "10.0.0.2:5060", true)) end
    assert.is_true(engine:set_node("n64", "10.0.0.3:5060", false))
    assert.same("LIMIT", select(2, engine:set_node("n65", "10.0.0.2:5060", true)).name)
  end)

  it("refuses names and places that are none, and our own name", function()
    local r <const> = relay.new { owner = "me", secret = SECRET }
    for _, bad in ipairs { { "", "10.0.0.2" }, { "123456789", "10.0.0.2" }, { "a", "" },
      { "a", "u@10.0.0.2" }, { "a", "10.0.0.2\r\nX: y" }, { "me", "10.0.0.2" },
      { "a", ("h"):rep(256) } } do
      assert.same("INVALID", select(2, r.net.engine:set_node(bad[1], bad[2], true)).name)
    end
    assert.is_true(r.net.engine:set_node("a", ("h"):rep(255), true))
  end)
end)

describe("without memory", function()
  it("handing over fails cleanly, at each of its allocations", function()
    local a <const> = node "a"
    local route <const>, token <const> = called(a), a.net.engine:token()
    local along <const> = a.net.engine:flow_token(flow_of(a))
    local answer <const> = messages.answer(a:last_to(CALLEE, "INVITE"), 180, { to_tag = "x" })
    local function all(r)
      r:deliver(from_callee("bye", route), { ip = CALLEE })
      r:deliver(from_callee("ack", route), { ip = CALLEE })
      r:deliver(messages.info { to_tag = token, cseq = 2, branch = "z9hG4bKinfo" })
      r:deliver(messages.ack { to_tag = token, cseq = 1, branch = "z9hG4bKack" })
      r:deliver(answer, { ip = CALLEE })
      r:deliver(for_phone(along), { ip = B })
    end
    local probe <const> = node "b"
    local before <const> = probe.net.engine:fail_allocation(0)
    all(probe)
    local count <const> = probe.net.engine:fail_allocation(0) - before
    assert.is_true(count > 10)
    for n = 1, count do
      local b <const> = node "b"
      b.net.engine:fail_allocation(n)
      all(b)
      b.net.engine:fail_allocation(0)
      b:advance(400000)
      assert.same(0, b:live(), n)
      b:deliver((from_callee("bye", route):gsub("z9hG4bKcbye", "z9hG4bKagain")), { ip = CALLEE })
      assert.same("BYE", (messages.kind(b:last_to(A, "BYE"))))
      b.net.engine:close()
    end
  end)
end)
