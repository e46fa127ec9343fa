-- SPDX-License-Identifier: MIT
--
-- Staying in the path (RFC 3261 16.4, 16.6 item 4, 16.12; RFC 5658): Record-Route, the
-- requests that come back through it, strict routers, and that nobody else gets through.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"
local wire <const> = require "spec.support.wire"

local A <const> = "10.0.0.21"
local CONTACT <const> = "<sip:bob@10.0.0.21:5060>"

-- A call through us that stays; what came of it.
local function called(options, o)
  o = o or {}
  local r <const> = relay.new(options)
  r:invite({ o.target or "sip:bob@" .. A }, { stay = "record_route" }, o)
  local invite <const> = r:last_to(A, "INVITE")
  local routes <const> = messages.headers(invite, "Record%-Route")
  r:answer(A, 200, { record_routes = routes, contact = CONTACT })
  r.routes, r.invite_text = routes, invite
  r.route = table.concat(routes, ", ")
  return r
end

-- The Route of the other end, which has them in the opposite order.
local function reversed(routes)
  local values <const> = {}
  for value in table.concat(routes, ","):gmatch "<[^>]*>" do table.insert(values, 1, value) end
  return table.concat(values, ",")
end

local function inside(method, r, o)
  o = o or {}
  o.to_tag = o.to_tag or "tag21"
  o.uri = o.uri or "sip:bob@10.0.0.21:5060"
  o.branch = o.branch or "z9hG4bK" .. method
  o.cseq = o.cseq or 2
  o.lines = o.lines or { "Route: " .. (o.route or r.route) }
  return messages[method](o)
end

-- The same from the side of who was called.
local function from_callee(method, r, o)
  o = o or {}
  o.uri = o.uri or "sip:peer@10.0.0.9:5060"
  o.from, o.to = "<sip:bob@10.0.0.1>;tag=tag21", "<sip:peer@10.0.0.9>;tag=peertag"
  o.via = "SIP/2.0/UDP 10.0.0.21:5060;branch=z9hG4bKc" .. method
  o.to_tag = false
  o.lines = { "Route: " .. (o.route or reversed(r.routes)) }
  o.cseq = o.cseq or 1
  o.contact = CONTACT
  return (messages[method](o):gsub(";tag=false", ""))
end

describe("Record-Route (16.6 item 4)", function()
  it("is a loose URI of ours in front of those there are", function()
    local r <const> = called(nil, { lines = { "Record-Route: <sip:before;lr>" } })
    assert.same(2, #r.routes)
    assert.truthy(r.routes[1]:find "^<sip:[0-9a-v]+@10%.0%.0%.1:5060;lr>$")
    assert.same("<sip:before;lr>", r.routes[2])
  end)

  it("is left out where nobody asked for it", function()
    local r <const> = relay.new()
    r:invite { "sip:bob@" .. A }
    assert.is_nil(messages.header(r:last_to(A), "Record%-Route"))
  end)

  it("is there twice when it leaves by another transport, ours to the far side first (RFC 5658 5)",
    function()
      local r <const> = relay.new()
      assert(r.net.engine:add_listener("tcp", "10.0.0.1", 5070))
      r:invite({ "sip:bob@10.0.0.21;transport=tcp" }, { stay = "record_route" })
      local value <const> = messages.header(r:last_to(A), "Record%-Route")
      local token <const> = value:match "sip:([0-9a-v]+)@"
      assert.same(("<sip:%s@10.0.0.1:5070;transport=tcp;lr>, <sip:%s@10.0.0.1:5060;lr>")
        :format(token, token), value)
    end)

  it("says what is advertised", function()
    local net <const> = wire.new()
    net.engine:remove_listener(net.listener)
    net.listener = assert(net.engine:add_listener("udp", "10.0.0.1", 5060, "p.example", 5099))
    local r <const> = relay.new()
    r.net = net
    r:invite({ "sip:bob@" .. A }, { stay = "record_route" })
    local value <const> = messages.header(r:last_to(A), "Record%-Route")
    assert.truthy(value:find("@p.example:5099;lr>", 1, true))
  end)

  it("is a sips URI when the Request-URI or the next Route is one, also unasked for", function()
    for _, o in ipairs {
      { uri = "sips:bob@far.example", via = "sip:" .. A },
      { uri = "sip:bob@far.example", routes = "<sips:10.0.0.21;lr>" },
    } do
      local r <const> = relay.new()
      r.net.engine:add_listener("tls", "10.0.0.1", 5061)
      r:receive "invite"
      r:proxy { o }
      assert.truthy(messages.header(r:last_to(A), "Record%-Route"):find "^<sips:")
    end
  end)

  it("goes along with target refresh requests of the dialog, unchanged (16.6 item 4)", function()
    local r <const> = called()
    r:deliver(inside("invite", r))
    assert.same(r.routes, messages.headers(r:last_to(A, "INVITE"), "Record%-Route"))
    r:deliver(inside("info", r, { cseq = 3 }))
    assert.is_nil(messages.header(r:last_to(A, "INFO"), "Record%-Route"))
  end)
end)

describe("a request inside the dialog", function()
  it("goes on to its Request-URI, without our Route, in either direction (16.4, 16.12)", function()
    local r <const> = called()
    r:deliver(inside("bye", r))
    local bye <const> = r:last_to(A, "BYE")
    assert.same("BYE sip:bob@10.0.0.21:5060 SIP/2.0", bye:match "^[^\r]+")
    assert.is_nil(messages.header(bye, "Route"))
    assert.same("69", messages.header(bye, "Max%-Forwards"))
    r:answer(A, 200, { to = "BYE" })
    assert.same({ 200, 200 }, r:upstream())

    local other <const> = called()
    other:deliver(from_callee("bye", other), { ip = A })
    assert.same("BYE sip:peer@10.0.0.9:5060 SIP/2.0", other:up("BYE"):match "^[^\r]+")
  end)

  it("never gets up to a script that did not ask", function()
    local r <const> = called()
    for _, method in ipairs { "ack", "info", "invite", "update", "message", "foo", "bye" } do
      r:deliver(inside(method, r, { cseq = method == "ack" and 1 or nil }))
      r:answer(A, 200, { to = method == "ack" and "INVITE" or method:upper() })
    end
    assert.same({ "request" }, r.net:heard())
  end)

  it("takes all of our Routes off, and the others follow", function()
    local r <const> = called()
    local own <const> = r.routes[1]
    for _, lines in ipairs {
      { "Route: " .. own .. ", <sip:10.0.0.21;lr>, <sip:b;lr>;x=\",\"" },
      { "Route: " .. own, "Route: <sip:10.0.0.21;lr>, <sip:b;lr>;x=\",\"" },
      { "Route: " .. own .. "," .. own .. " ,<sip:10.0.0.21;lr>", "Route: <sip:b;lr>;x=\",\"" },
      { "Route: " .. own, "Route: " .. own, "Route: <sip:10.0.0.21;lr>,  <sip:b;lr>;x=\",\"" },
    } do
      r:deliver(inside("info", r, { lines = lines, branch = "z9hG4bK" .. #table.concat(lines) ..
        #lines }))
      local values <const> = {}
      for _, line in ipairs(messages.headers(r:last_to(A, "INFO"), "Route")) do
        values[#values + 1] = line
      end
      assert.same("<sip:10.0.0.21;lr>,<sip:b;lr>;x=\",\"",
        (table.concat(values, ","):gsub(", +", ",")))
    end
  end)

  it("comes from a strict router: its last Route is the Request-URI again (16.4)", function()
    local r <const> = called()
    local own <const> = r.routes[1]:match "<(.*)>"
    r:deliver(inside("bye", r, { uri = own, route = "<sip:10.0.0.21;lr>, <sip:bob@10.9.9.9>" }))
    local bye <const> = r:last_to(A, "BYE")
    assert.same("BYE sip:bob@10.9.9.9 SIP/2.0", bye:match "^[^\r]+")
    assert.same({ "<sip:10.0.0.21;lr>" }, messages.headers(bye, "Route"))
  end)

  it("goes to a strict router: that is in the Request-URI, which is the last Route (16.12.1.2)",
    function()
      local r <const> = called()
      r:deliver(inside("bye", r, { route = r.route .. ", <sip:10.0.0.21>,<sip:p4;lr>" }))
      local bye <const> = r:last_to(A, "BYE")
      assert.same("BYE sip:10.0.0.21 SIP/2.0", bye:match "^[^\r]+")
      assert.same({ "<sip:p4;lr>", "<sip:bob@10.0.0.21:5060>" }, messages.headers(bye, "Route"))
    end)

  it("is answered by us when it has gone too far, or requires what we do not know", function()
    local r <const> = called()
    r:deliver(inside("bye", r, { max_forwards = 0 }))
    r:deliver(inside("bye", r, { branch = "z9hG4bKx", lines = { "Route: " .. r.route,
      "Proxy-Require: foo" } }))
    assert.same({ 200, 483, 420 }, r:upstream())
    assert.same("foo", messages.header(r:up(420), "Unsupported"))
    r:deliver(inside("ack", r, { max_forwards = 0 })) -- never answered
    assert.same(0, #r:sent_to(A, "ACK"))
  end)

  it("a re-INVITE that is cancelled is cancelled on the other side", function()
    local r <const> = called()
    r:deliver(inside("invite", r))
    r:answer(A, 180)
    r:deliver(inside("cancel", r, { branch = "z9hG4bKinvite", cseq = 2 }))
    assert.same("CANCEL", (messages.kind(r:last_to(A))))
    r:answer(A, 487)
    assert.same({ 200, 180, 200, 487 }, r:upstream())
  end)
end)

describe("an ACK", function()
  it("of a 2xx goes on without a transaction, each copy with the same branch (16.11)", function()
    local r <const> = called()
    local before <const> = r.net.engine:counts()
    r:deliver(inside("ack", r, { cseq = 1 })):deliver(inside("ack", r, { cseq = 1 }))
    local acks <const> = r:sent_to(A, "ACK")
    assert.same(2, #acks)
    assert.same(acks[1].text, acks[2].text)
    assert.same("ACK sip:bob@10.0.0.21:5060 SIP/2.0", acks[1].text:match "^[^\r]+")
    assert.same(2, #messages.headers(acks[1].text, "Via"))
    local after <const> = r.net.engine:counts()
    assert.same(before.client_transactions, after.client_transactions)
    assert.same(before.server_transactions, after.server_transactions)
  end)

  it("of a failure ends here", function()
    local r <const> = relay.new()
    r:invite({ "sip:bob@" .. A }, { stay = "record_route" })
    r:answer(A, 486)
    r:deliver(messages.ack { to_tag = "tag21" })
    assert.same({ "INVITE", "ACK" }, r:kinds_to(A))
    assert.same("z9hG4bK", messages.branch(r:last_to(A, "ACK")):sub(1, 7))
  end)

  it("with the INVITE's own branch goes on all the same, as some phones send it", function()
    local r <const> = called()
    r:deliver(inside("ack", r, { branch = "z9hG4bKpeer1", cseq = 1 }))
    assert.same(1, #r:sent_to(A, "ACK"))
  end)

  it("to a name waits until that is found, and leaves nothing", function()
    local r <const> = called()
    r:deliver(inside("ack", r, { cseq = 1, uri = "sip:bob@far.example" }))
    assert.same(0, #r:sent_to(A, "ACK"))
    local query <const>, host = r.net.engine:next_query()
    assert.same("far.example", host)
    r.net.engine:resolved(query, { { transport = "udp", ip = A, port = 5060 } })
    r.net:collect()
    assert.same(1, #r:sent_to(A, "ACK"))
    r:advance(32001)
    assert.same(0, r:live())
  end)

  it("to a name that is not found is lost, and leaves nothing", function()
    local r <const> = called()
    r:deliver(inside("ack", r, { cseq = 1, uri = "sip:bob@far.example" }))
    r.net.engine:resolved(r.net.engine:next_query(), nil, "DNS")
    r:advance(32001)
    assert.same(0, r:live())
  end)
end)

describe("nobody is let through (bug class 30)", function()
  -- Requests that a stranger sends: no token, another dialog's, a forged one.
  local function refused(r, text, from)
    local before <const> = #r.net.sent
    r:deliver(text, from)
    for at = before + 1, #r.net.sent do
      assert.same(481, (messages.kind(r.net.sent[at].text)))
    end
    return #r.net.sent - before
  end

  it("whose Route proves nothing: 481, and ACKs are dropped", function()
    local r <const> = called()
    local own <const> = r.routes[1]
    local token <const> = own:match "sip:(%w+)@"
    for at, route in ipairs {
      "<sip:10.0.0.1;lr>", "<sip:10.0.0.1:5060;lr>, <sip:victim;lr>",
      (own:gsub(token, token:gsub(".$", function(c) return c == "0" and "1" or "0" end))),
      (own:gsub(token, token:sub(2))), (own:gsub(token, token .. "0")),
      (own:gsub(token, token .. "x" .. token)), (own:gsub(token, token:upper())),
    } do
      assert.same(1, refused(r, inside("info", r, { route = route, branch = "z9hG4bK" .. at,
        uri = "sip:victim@10.0.0.66" })), route)
      assert.same(0, refused(r, inside("ack", r, { route = route, cseq = 1,
        uri = "sip:victim@10.0.0.66" })), route)
    end
    assert.same({}, r:sent_to "10.0.0.66")
  end)

  it("with the token of another dialog: another Call-ID, or neither tag", function()
    local r <const> = called()
    assert.same(1, refused(r, inside("info", r, { call_id = "other@10.0.0.9" })))
    assert.same(1, refused(r, inside("info", r, { from_tag = "x", branch = "z9hG4bK2" })))
    r:deliver(inside("info", r, { branch = "z9hG4bK3" }))
    assert.same(1, #r:sent_to(A, "INFO"))
  end)

  it("without a tag to begin with: that is a new request, and a script's to judge", function()
    local r <const> = called()
    r:deliver(messages.invite { branch = "z9hG4bKnew", call_id = "new", lines = { "Route: "
      .. r.route }, uri = "sip:victim@10.0.0.66" })
    assert.same("request", r.net:event().kind)
    assert.same({}, r:sent_to "10.0.0.66")
  end)

  it("by a storm of ACK, CANCEL, BYE, PRACK and 2xx out of the blue: nothing stays", function()
    local r <const> = called()
    r:advance(100000)
    local blocks <const>, sent = r:blocks(), #r.net.sent
    for at = 1, 200 do
      local o <const> = { branch = "z9hG4bKs" .. at, call_id = "s" .. at, to_tag = "x" }
      r:deliver(messages.ack(o)):deliver(messages.cancel(o)):deliver(messages.bye(o))
      r:deliver(messages.prack(o))
      r:deliver(messages.answer(r.invite_text, 200, { to_tag = "y" .. at }))
    end
    assert.same(3 * 200, #r.net.sent - sent) -- a 481 each, and nothing for ACK and 2xx
    assert.same(blocks, r:blocks())
    assert.same(0, r:live())
  end)
end)

describe("several of us", function()
  local SECRET <const> = "correct horse battery staple"

  it("with one secret: another takes over what this one forwarded (no shared state)", function()
    local r <const> = called { secret = SECRET, owner = "a3", seed = 1 }
    assert.truthy(r.routes[1]:find "@10.0.0.1:5060;lr>")
    assert.truthy(r.routes[1]:find "%.a3@")
    assert.truthy(messages.branch(r.invite_text):find "^z9hG4bKa3")
    local other <const> = relay.new { secret = SECRET, owner = "b7", seed = 99 }
    other:deliver(inside("bye", r))
    assert.same(1, #other:sent_to(A, "BYE"))
    other:deliver(from_callee("info", r), { ip = A })
    assert.same("INFO", (messages.kind(other:up())))
    other:deliver(inside("ack", r, { cseq = 1 }))
    assert.same(1, #other:sent_to(A, "ACK"))
  end)

  it("with different ones, or none, know nothing of each other", function()
    local r <const> = called { secret = SECRET, seed = 1 }
    for _, options in ipairs { { secret = SECRET .. "!", seed = 1 }, { seed = 1 }, { seed = 2 } } do
      local other <const> = relay.new(options)
      other:deliver(inside("bye", r))
      assert.same({ 481 }, other:upstream())
    end
  end)
end)

describe("what travels in the token", function()
  it("the caller's flow, when his Via does not say where he is: a request for him goes there",
    function()
      local r <const> = relay.new()
      r:deliver(messages.invite { via = "SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bKnat;rport",
        contact = "<sip:peer@192.168.1.5>" }, { port = 34567 })
      r.transaction = r.net:event("request").transaction
      r:proxy({ "sip:bob@" .. A }, { stay = "record_route" })
      r.routes = messages.headers(r:last_to(A), "Record%-Route")
      r:answer(A, 200, { record_routes = r.routes, contact = CONTACT })
      r:deliver(from_callee("bye", r, { uri = "sip:peer@192.168.1.5" }), { ip = A })
      local bye <const>, packet = r:up "BYE"
      assert.same("10.0.0.9:34567", packet.to)
      assert.same("BYE sip:peer@192.168.1.5 SIP/2.0", bye:match "^[^\r]+")
      -- And one of his goes to the callee's Contact.
      r.route = r.routes[1]
      r:deliver(inside("info", r), { port = 34567 })
      assert.same(1, #r:sent_to(A, "INFO"))
    end)

  it("the callee's flow, when he was called by one", function()
    local r <const> = relay.new()
    r:receive "invite"
    local flow <const> = core.flow("udp", "10.0.0.1", 5060, A, 40000, r.net.listener)
    r:proxy({ { uri = "sip:bob@192.168.7.7", flow = flow } }, { stay = "record_route" })
    assert.same(A .. ":40000", select(2, r:last_to(A)).to)
    r.routes = messages.headers(r:last_to(A), "Record%-Route")
    r.route = r.routes[1]
    r:answer(A, 200, { record_routes = r.routes, contact = "<sip:bob@192.168.7.7>" })
    r:deliver(inside("ack", r, { cseq = 1, uri = "sip:bob@192.168.7.7" }))
    r:deliver(inside("bye", r, { uri = "sip:bob@192.168.7.7" }))
    assert.same(A .. ":40000", select(2, r:last_to(A, "ACK")).to)
    assert.same(A .. ":40000", select(2, r:last_to(A, "BYE")).to)
    r:deliver(from_callee("info", r), { ip = A, port = 40000 })
    assert.same("INFO", (messages.kind(r:up())))
  end)

  it("a connection, and the URI again when that is gone", function()
    local r <const> = relay.new { transport = "tcp" }
    r:deliver(messages.invite { via = "SIP/2.0/TCP 10.0.0.9:5060;branch=z9hG4bKt" },
      { connection = 77, port = 51000 })
    r.transaction = r.net:event("request").transaction
    r:proxy({ "sip:bob@10.0.0.21;transport=tcp" }, { stay = "record_route" })
    r.routes = messages.headers(r:last_to(A), "Record%-Route")
    r:answer(A, 200, { record_routes = r.routes, contact = CONTACT })
    r:deliver((from_callee("bye", r, { uri = "sip:peer@10.0.0.9:5060;transport=tcp" })
      :gsub("SIP/2.0/UDP", "SIP/2.0/TCP")), { ip = A })
    local bye <const>, packet = r:up "BYE"
    assert.same(77, packet.flow.connection)
    assert.same("10.0.0.9:51000", packet.to)
    r.net.engine:send_failed(packet.owner, "TRANSPORT")
    r.net:collect()
    local again <const>, second = r:up "BYE"
    assert.same(0, second.flow.connection)
    assert.same("10.0.0.9:5060", second.to)
    assert.not_equal(messages.branch(bye), messages.branch(again))
  end)

  it("over IPv6, too", function()
    local net <const> = wire.new()
    local six <const> = assert(net.engine:add_listener("udp", "fd00::1", 5060))
    local r <const> = relay.new()
    r.net = net
    local flow <const> = core.flow("udp", "fd00::1", 5060, "fd00::21", 40000, six)
    r:receive "invite"
    r:proxy({ { uri = "sip:bob@[fd00::77]", flow = flow } }, { stay = "record_route" })
    local text <const> = r:last_to("fd00::21")
    local value <const> = messages.header(text, "Record%-Route")
    assert.truthy(value:find("@[fd00::1]:5060;lr>, <sip:", 1, true))
    r:answer("fd00::21", 200, { record_routes = { value }, to_tag = "tag21" })
    r.route = value:match ", (.*)$" .. ", " .. value:match "^(.-),"
    r:deliver(inside("bye", r, { uri = "sip:bob@[fd00::77]" }))
    assert.same(40000, select(2, r:last_to("fd00::21", "BYE")).flow.remote_port)
  end)

  it("which listener to leave by, when there are two Record-Routes (RFC 5658)", function()
    local r <const> = relay.new()
    local inner <const> = assert(r.net.engine:add_listener("udp", "10.0.0.1", 5080))
    r:receive "invite"
    local flow <const> = core.flow("udp", "10.0.0.1", 5080, A, 5060, inner)
    r:proxy({ { uri = "sip:bob@" .. A, flow = flow } }, { stay = "record_route" })
    local value <const> = messages.header(r:last_to(A), "Record%-Route")
    assert.truthy(value:find("@10.0.0.1:5080;lr>, <sip:", 1, true))
    assert.truthy(messages.header(r:last_to(A), "Via"):find("10.0.0.1:5080", 1, true))
    r:answer(A, 200, { record_routes = { value } })
    local outer <const>, second = value:match ", (.*)$", value:match "^(.-),"
    r:deliver(inside("bye", r, { route = outer .. "," .. second }))
    assert.truthy(messages.header(r:last_to(A, "BYE"), "Via"):find("10.0.0.1:5080", 1, true))
  end)
end)

describe("new requests with a Route", function()
  it("of ours have it taken off; the rest is followed when the script says so (16.4, 16.12)",
    function()
      local r <const> = relay.new()
      r:receive("invite", { uri = "sip:x@far.example",
        lines = { "Route: <sip:10.0.0.1;lr>, <sip:10.0.0.21;lr>" } })
      r:proxy { {} }
      assert.same({ "<sip:10.0.0.21;lr>" }, messages.headers(r:last_to(A), "Route"))
      assert.same("sip:x@far.example", r:last_to(A):match "^INVITE (%S+)")
    end)

  it("a domain of ours in it is us, too", function()
    local r <const> = relay.new()
    r.net.engine:domains { "Example.COM.", "other.example" }
    r:receive("invite", { uri = "sip:x@10.0.0.21", lines = { "Route: <sip:example.com;lr>" } })
    r:proxy { {} }
    assert.is_nil(messages.header(r:last_to(A), "Route"))
  end)

  it("a maddr that names us is as if it were not there (16.4)", function()
    local r <const> = relay.new()
    r:receive("invite", { uri = "sip:x@10.0.0.21;maddr=10.0.0.1;lr;transport=udp;y=1" })
    r:proxy { {} }
    assert.same("sip:x@10.0.0.21;lr;y=1", r:last_to(A):match "^INVITE (%S+)")
    -- One for another port, or of somebody else, is left alone.
    for _, uri in ipairs { "sip:x@10.0.0.21:5070;maddr=10.0.0.1",
      "sip:x@10.0.0.1;maddr=10.0.0.21" } do
      local other <const> = relay.new()
      other:receive("invite", { uri = uri })
      other:proxy { {} }
      assert.same(uri, other.net:last("INVITE"):match "^INVITE (%S+)")
    end
  end)
end)
