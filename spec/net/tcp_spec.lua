-- SPDX-License-Identifier: MIT
--
-- Connections on real sockets: what comes, what goes, and which one it goes by.

local ends <const> = require "spec.net.ends"
local messages <const> = require "spec.support.messages"

local LOOPBACK <const> = { IPv4 = "127.0.0.1", IPv6 = "::1" }

local function options_over_tcp(fields)
  fields = fields or {}
  fields.transport = "TCP"
  return ends.request(fields)
end

-- A request of the service's own to a port of this machine.
local function ask(service, port, fields)
  return assert(service:ask(port, "tcp", fields))
end

describe("a TCP listener", function()
  for name, ip in pairs(LOOPBACK) do
    it("answers over the connection that the request came by, over " .. name
      .. " (RFC 3261 18.2.2)", function()
      local service <close> = ends.service()
      local port = service:listen("tcp", ip)
      local peer <close> = ends.connect(ip, port)
      peer:send(options_over_tcp { sent_by = "192.0.2.1:9" })
      assert.matches("^SIP/2.0 200 ", peer:wait "\r\n\r\n")
      assert.equal(1, service:counts().accepted)
    end)
  end

  it("tells the script both ends of the connection", function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local port = service:listen("tcp", "0.0.0.0")
    local peer <close> = ends.connect("127.0.0.3", port)
    peer:send(options_over_tcp { method = "MESSAGE" })
    local message = service:wait_event("request").message
    assert.same({ "tcp", "127.0.0.3", port, "127.0.0.1", peer.port },
      { message.transport, message.local_ip, message.local_port, message.source_ip,
        message.source_port })
  end)

  it("reads a message that comes byte by byte (RFC 3261 18.3)", function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    for byte in options_over_tcp({ body = "hello" }):gmatch "." do
      peer:send(byte)
      ends.turn(1)
    end
    assert.matches("^SIP/2.0 200 ", peer:wait "\r\n\r\n")
    assert.equal(1, service:counts().messages_in)
  end)

  it("reads several messages of one segment, and the half of another", function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    local last = options_over_tcp { body = "hello" }
    peer:send(options_over_tcp() .. options_over_tcp { body = "body" } .. last:sub(1, -3))
    ends.until_true(function() return ends.count(peer.text, "SIP/2.0 200 ") == 2 end)
    peer:send(last:sub(-2))
    ends.until_true(function() return ends.count(peer.text, "SIP/2.0 200 ") == 3 end)
  end)

  it("writes the answers of a turn in order, however many", function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    local requests <const>, branches <const> = {}, {}
    for i = 1, 300 do
      branches[i] = "order" .. i
      requests[i] = options_over_tcp { branch = branches[i] }
    end
    peer:send(table.concat(requests))
    ends.until_true(function() return ends.count(peer.text, "SIP/2.0 200 ") == 300 end)
    local seen <const> = {}
    for branch in peer.text:gmatch "z9hG4bK(order%d+)" do seen[#seen + 1] = branch end
    assert.same(branches, seen)
    assert.equal(300, service:counts().messages_out)
  end)

  it("answers a ping with a pong, however it is split (RFC 5626 3.5.1)", function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    peer:send "\r\n\r\n"
    ends.until_true(function() return peer.text == "\r\n" end)
    for byte in ("\r\n\r\n"):gmatch "." do
      peer:send(byte)
      ends.turn(2)
    end
    ends.until_true(function() return peer.text == "\r\n\r\n" end)
    peer:send(options_over_tcp())
    peer:wait "SIP/2.0 200 "
  end)

  it("takes a pong, and a CRLF before a message, for nothing (RFC 3261 7.5)", function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    peer:send("\r\n" .. options_over_tcp())
    peer:wait "SIP/2.0 200 "
    peer:send "\r\n"
    ends.turn()
    assert.matches("^SIP", peer.text)
    assert.equal(1, service:counts().connections)
  end)

  it("answers a peer that has closed its sending side, then closes", function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    peer:send(options_over_tcp())
    peer:shutdown()
    peer:wait_end()
    assert.matches("^SIP/2.0 200 ", peer.text)
    assert.equal("EOF", peer.ended)
    assert.equal(0, service:counts().connections)
  end)

  it("takes its connections along when it is removed", function()
    local service <close> = ends.service()
    local port, number = service:listen "tcp"
    local _, other = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    peer:send(options_over_tcp())
    peer:wait "SIP/2.0 200 "
    assert(service.loop:unlisten(service.engine, other))
    assert.equal(1, service:counts().connections)
    assert(service.loop:unlisten(service.engine, number))
    assert.equal(0, service:counts().connections)
    peer:wait_end()
  end)

  it("refuses the connection over max_connections", function()
    local service <close> = ends.service { loop = { max_connections = 2 } }
    local port = service:listen "tcp"
    local first <close> = ends.connect("127.0.0.1", port)
    local second <close> = ends.connect("127.0.0.1", port)
    local third <close> = ends.connect("127.0.0.1", port)
    third:wait_end()
    assert.same({ 2, 1 }, { service:counts().connections, service:counts().refused })
    first:close()
    ends.until_true(function() return service:counts().connections == 1 end)
    local fourth <close> = ends.connect("127.0.0.1", port)
    fourth:send(options_over_tcp())
    fourth:wait "SIP/2.0 200 "
    assert.is_nil(second.ended)
  end)
end)

describe("a request over TCP", function()
  it("opens a connection, and the next one goes by it (RFC 3261 18)", function()
    local service <close> = ends.service()
    service:listen "tcp"
    local server <close> = ends.server()
    ask(service, server.port)
    ask(service, server.port)
    local peer = server:wait()
    ends.until_true(function() return ends.count(peer.text, "OPTIONS sip:") == 2 end)
    ask(service, server.port)
    ends.until_true(function() return ends.count(peer.text, "OPTIONS sip:") == 3 end)
    assert.equal(1, #server.accepted)
    assert.same({ 1, 1 }, { service:counts().connections, service:counts().connected })
  end)

  it("goes by a connection that the peer opened from that very address", function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    ends.until_true(function() return service:counts().accepted == 1 end)
    ask(service, peer.port)
    peer:wait "OPTIONS sip:"
    assert.equal(0, service:counts().connected)
  end)

  it("goes by the connection that is named, wherever the URI leads (RFC 5626 5.3)",
    function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local port = service:listen "tcp"
    local peer <close> = ends.connect("127.0.0.1", port)
    peer:send(options_over_tcp { method = "MESSAGE" })
    local flow = service:wait_event("request").message.flow
    ask(service, 1, { ip = flow.remote_ip, port = flow.remote_port, transport = "tcp",
      connection = flow.connection })
    peer:wait "OPTIONS sip:"
  end)

  it("leaves from the listener's address, unless that is a wildcard", function()
    local service <close> = ends.service()
    service:listen("tcp", "127.0.0.7")
    local server <close> = ends.server()
    ask(service, server.port)
    assert.equal("127.0.0.7", server:wait().handle:getpeername().ip)
  end)

  it("is answered over its connection", function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    ask(service, port) -- to itself: both ends are ours
    local event = service:wait_event "response"
    assert.equal(200, event.message.code)
    assert.equal(2, service:counts().connections)
  end)

  it("fails when nobody listens there (RFC 3261 8.1.3.1)", function()
    local service <close> = ends.service()
    service:listen "tcp"
    local closed = ends.server()
    closed:close()
    local transaction = ask(service, closed.port)
    local event = service:wait_event "failed"
    assert.same({ transaction, "ECONNREFUSED" }, { event.transaction, event.code })
    assert.equal(0, service:counts().connections)
    assert.is_true(service:is_quiet())
  end)

  it("fails when the connection does not open in connect_ms", function()
    local service <close> = ends.service { loop = { connect_ms = 700 } }
    service:listen "tcp"
    local server <close>, fillers <const> = ends.full_server()
    ask(service, server.port)
    ends.turn()
    service:advance(699)
    assert.equal(0, #service.events)
    assert.equal(1, service:counts().connections)
    service:advance(1)
    assert.equal("TIMEOUT", service:wait_event("failed").code)
    assert.equal(0, service:counts().connections)
    for _, filler in ipairs(fillers) do filler:close() end
  end)

  it("waits for its connection, with others, in order", function()
    local service <close> = ends.service()
    service:listen "tcp"
    local server <close> = ends.server()
    for i = 1, 5 do ask(service, server.port, { call_id = "waits" .. i }) end
    local peer = server:wait()
    ends.until_true(function() return ends.count(peer.text, "OPTIONS sip:") == 5 end)
    local seen <const> = {}
    for id in peer.text:gmatch "Call%-ID: (waits%d)" do seen[#seen + 1] = id end
    assert.same({ "waits1", "waits2", "waits3", "waits4", "waits5" }, seen)
  end)

  it("of another engine does not use this one's connection", function()
    local service <close> = ends.service()
    service:listen "tcp"
    local second <const> = service:add_engine()
    assert(service.loop:listen(second, "tcp", "127.0.0.1", 0))
    local server <close> = ends.server()
    ask(service, server.port)
    server:wait(1)
    assert(second:request { method = "OPTIONS", from = "<sip:a@example.com>",
      uri = ("sip:127.0.0.1:%d;transport=tcp"):format(server.port) })
    server:wait(2)
    second:close()
    assert.equal(1, service:counts().connections)
  end)
end)

describe("a request whose connection breaks before its answer (RFC 3261 18.4)", function()
  local how <const> = {
    EOF = function(peer) peer:close() end,
    ECONNRESET = function(peer) peer:reset() end,
    TRANSPORT = function(peer) peer:send "SIP/2.0 200 OK\r\nBad\r\n\r\n" end,
  }

  for name, break_it in pairs(how) do
    it("fails at once, without a timer: " .. name, function()
      local service <close> = ends.service()
      service:listen "tcp"
      local server <close> = ends.server()
      local transaction = ask(service, server.port)
      local peer = server:wait()
      peer:wait "OPTIONS sip:"
      break_it(peer)
      local event = service:wait_event "failed"
      assert.same({ transaction, name }, { event.transaction, event.code })
      assert.equal(0, service.engine:counts().client_transactions)
    end)
  end

  it("goes by a new one when the old had served before", function()
    local service <close> = ends.service()
    service:listen "tcp"
    local server <close> = ends.server()
    ask(service, server.port)
    local peer = server:wait()
    peer:send(messages.answer(peer:wait "\r\n\r\n", 200))
    service:wait_event "response"
    ask(service, server.port, { method = "MESSAGE" })
    ends.until_true(function() return peer.text:find "MESSAGE sip:" end)
    peer:close()
    local again = server:wait(2):wait "MESSAGE sip:.*\r\n\r\n"
    assert.equal(peer.text:match "MESSAGE sip:.*", again)
    server.accepted[2]:send(messages.answer(again, 202))
    ends.until_true(function() return #service.events == 2 end)
    assert.equal(202, service.events[2].message.code)
  end)

  it("is answered by a connection of the peer's when that knows it already (18.2.2)",
    function()
    local service <close> = ends.service()
    local port = service:listen "tcp"
    local server <close> = ends.server()
    ask(service, server.port, { method = "INVITE" })
    local peer = server:wait()
    local invite = peer:wait "\r\n\r\n"
    peer:send(messages.answer(invite, 180))
    service:wait_event "response"
    peer:close()
    ends.until_true(function() return service:counts().connections == 0 end)
    local second <close> = ends.connect("127.0.0.1", port)
    second:send(messages.answer(invite, 486))
    ends.until_true(function() return #service.events == 3 end)
    assert.same({ "response", 486 },
      { service.events[2].kind, service.events[2].message.code })
  end)

  it("is forgotten when its engine goes", function()
    local service <close> = ends.service()
    service:listen "tcp"
    local server <close> = ends.server()
    ask(service, server.port)
    server:wait():wait "OPTIONS sip:"
    assert(service.loop:detach(service.engine))
    assert.equal(1, service.engine:counts().client_transactions)
    ends.turn()
    assert.same({}, service.events)
  end)
end)

describe("a response over TCP", function()
  local function ask_and_leave(service, leave)
    local port = service:listen "tcp"
    local server = ends.server()
    local peer = ends.connect("127.0.0.1", port)
    peer:send(options_over_tcp { method = "MESSAGE",
      sent_by = "127.0.0.1:" .. server.port })
    local event = service:wait_event "request"
    leave(peer)
    ends.until_true(function() return service:counts().connections == 0 end)
    return event, server
  end

  it("goes to the Via's address when its connection is gone (RFC 3261 18.2.2)", function()
    for _, how in ipairs { "close", "reset" } do
      local service <close> = ends.service { handles = { "MESSAGE" } }
      local event, server = ask_and_leave(service, function(peer) peer[how](peer) end)
      assert(service.engine:reply(event.transaction, 202))
      server:wait():wait "^SIP/2.0 202 "
      server:close()
    end
  end)

  it("is reported unsent when nobody is there either (RFC 3261 17.2.4)", function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local event, server = ask_and_leave(service, function(peer) peer:close() end)
    server:close()
    assert(service.engine:reply(event.transaction, 202))
    local unsent = service:wait_event "unsent"
    assert.equal(event.transaction, unsent.transaction)
  end)
end)

describe("a request too large for UDP (RFC 3261 18.1.1)", function()
  local function ask_large(service, port)
    return assert(service.engine:request { method = "PUBLISH", from = "<sip:a@example.com>",
      uri = "sip:127.0.0.1:" .. port, body = ("x"):rep(2000) })
  end

  local function is_told(service, kind)
    for _, event in ipairs(service.events) do
      if event.kind == kind then return true end
    end
  end

  it("goes by TCP when the peer takes it", function()
    local service <close> = ends.service()
    service:listen "udp"
    service:listen "tcp"
    local server <close> = ends.server()
    ask_large(service, server.port)
    server:wait():wait "^PUBLISH sip:.*Via: SIP/2.0/TCP "
    assert.is_nil(is_told(service, "fell_back"))
  end)

  it("goes by UDP when nobody listens there", function()
    local service <close> = ends.service()
    service:listen "udp"
    service:listen "tcp"
    local peer <close> = ends.udp()
    local transaction = ask_large(service, peer.port)
    assert.matches("^PUBLISH sip:.*Via: SIP/2.0/UDP ", (peer:wait()))
    assert.equal(transaction, service:wait_event("fell_back").transaction)
  end)

  it("goes by UDP when the connection does not open in connect_ms", function()
    local service <close> = ends.service { loop = { connect_ms = 700 } }
    service:listen "udp"
    service:listen "tcp"
    local server <close>, fillers <const> = ends.full_server()
    local peer <close> = ends.udp("127.0.0.1", server.port)
    ask_large(service, server.port)
    ends.turn()
    service:advance(699)
    assert.same({}, peer.inbox)
    service:advance(1)
    assert.matches("^PUBLISH sip:", (peer:wait()))
    for _, filler in ipairs(fillers) do filler:close() end
  end)
end)
