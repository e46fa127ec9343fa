-- SPDX-License-Identifier: MIT
--
-- Datagrams on real sockets.

local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"

local LOOPBACK <const> = { IPv4 = "127.0.0.1", IPv6 = "::1" }

describe("a UDP listener", function()
  for name, ip in pairs(LOOPBACK) do
    it("answers to where the request came from, over " .. name
      .. " (RFC 3261 18.2.2, RFC 3581 4)", function()
      local service <close> = ends.service()
      local port = service:listen("udp", ip)
      local peer <close> = ends.udp(ip)
      peer:send(ends.request { sent_by = "192.0.2.1:9" }, ip, port)
      local text, from = peer:wait()
      assert.matches("^SIP/2.0 200 ", text)
      assert.matches("rport=" .. peer.port, text)
      assert.same({ ip, port }, { from.ip, from.port })
    end)
  end

  it("is one of several of an engine, and each answers for itself", function()
    local service <close> = ends.service()
    local ports <const> = { service:listen("udp"), service:listen("udp", "127.0.0.2"),
      service:listen("udp", "::1") }
    local peer <close> = ends.udp "0.0.0.0"
    local peer6 <close> = ends.udp "::1"
    peer:send(ends.request(), "127.0.0.1", ports[1])
    local _, from = peer:wait(1)
    assert.same({ "127.0.0.1", ports[1] }, { from.ip, from.port })
    peer:send(ends.request(), "127.0.0.2", ports[2])
    _, from = peer:wait(2)
    assert.same({ "127.0.0.2", ports[2] }, { from.ip, from.port })
    peer6:send(ends.request(), "::1", ports[3])
    assert.matches("^SIP/2.0 200 ", (peer6:wait()))
    assert.equal(3, service:counts().listeners)
  end)

  it("belongs to its engine: two engines of one loop do not meet", function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local port = service:listen "udp"
    local seen = 0
    local second
    second = service:add_engine({}, function()
      while second:next_event() do seen = seen + 1 end
    end)
    second:handles("MESSAGE", true)
    local _, _, second_port = assert(service.loop:listen(second, "udp", "127.0.0.1", 0))
    local peer <close> = ends.udp()
    peer:send(ends.request { method = "MESSAGE" }, "127.0.0.1", second_port)
    ends.until_true(function() return seen == 1 end)
    assert.equal(0, #service.events)
    peer:send(ends.request { method = "MESSAGE" }, "127.0.0.1", port)
    service:wait_event "request"
    assert.equal(1, seen)
    second:close()
  end)

  it("tells a port in use by its address, and says what is wrong", function()
    local service <close> = ends.service()
    for _, transport in ipairs { "udp", "tcp" } do
      for _, ip in pairs(LOOPBACK) do
        local port = service:listen(transport, ip)
        local number, err = service.loop:listen(service.engine, transport, ip, port)
        assert.is_nil(number)
        assert.equal("io", err.kind)
        assert.equal("EADDRINUSE", err.name)
        local shown = ip:find ":" and "[" .. ip .. "]" or ip
        assert.equal(("%s %s:%d: address already in use"):format(transport, shown, port),
          err.reason)
      end
    end
    assert.equal(4, service:counts().listeners)
  end)

  it("of one family leaves the port to the other, also on wildcards", function()
    local service <close> = ends.service()
    for _, transport in ipairs { "udp", "tcp" } do
      local port = service:listen(transport, "0.0.0.0")
      assert.equal(port, (service:listen(transport, "::", port)))
    end
  end)

  it("refuses what is no address of this machine, no IP, no transport", function()
    local service <close> = ends.service()
    local loop <const>, engine <const> = service.loop, service.engine
    local number, err = loop:listen(engine, "udp", "192.0.2.77", 0)
    assert.is_nil(number)
    assert.equal("EADDRNOTAVAIL", err.name)
    number, err = loop:listen(engine, "udp", "localhost", 0)
    assert.is_nil(number)
    assert.equal("'localhost' is no IP address", err.reason)
    number, err = loop:listen(engine, "tls", "127.0.0.1", 0)
    assert.is_nil(number)
    assert.equal("NO_ROUTE", err.name)
    assert.has_error(function() loop:listen(engine, "udp", "127.0.0.1", 65536) end)
    assert.has_error(function() loop:listen(engine, "udp", "127.0.0.1", -1) end)
  end)

  it("takes at most as many siblings as the engine has numbers for", function()
    local service <close> = ends.service()
    local number, err
    for _ = 1, 65 do
      number, err = service.loop:listen(service.engine, "udp", "::1", 0)
    end
    assert.is_nil(number)
    assert.equal("LIMIT", err.name)
    assert.equal(64, service:counts().listeners)
  end)

  it("stops when it is removed, once", function()
    local service <close> = ends.service()
    local port, number = service:listen "udp"
    assert.is_true(service.loop:unlisten(service.engine, number))
    local again, err = service.loop:unlisten(service.engine, number)
    assert.is_nil(again)
    assert.equal("GONE", err.name)
    assert.equal(port, (service:listen("udp", "127.0.0.1", port)))
  end)

  it("answers a burst in turns of one batch, with one call of the script each",
    function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local port = service:listen "udp"
    local peer <close> = ends.udp()
    for _ = 1, 200 do
      peer:send(ends.request { method = "MESSAGE" }, "127.0.0.1", port)
    end
    service.loop:step(0)
    assert.equal(64, #service.events)
    assert.equal(1, service.crossings)
    ends.until_true(function() return #service.events == 200 end)
    assert.equal(4, service.crossings)
    assert.equal(200, service:counts().datagrams_in)
  end)

  it("takes the largest datagram there is, and nothing from an empty one", function()
    local service <close> = ends.service()
    local port = service:listen "udp"
    local peer <close> = ends.udp()
    local head = #ends.request { body = ("x"):rep(60000) } - 60000
    peer:send(ends.request { body = ("x"):rep(65507 - head) }, "127.0.0.1", port)
    assert.matches("^SIP/2.0 200 ", (peer:wait()))
    assert.equal(65507, service:counts().bytes_in)
    peer:send("", "127.0.0.1", port)
    ends.until_true(function() return service:counts().datagrams_in == 2 end)
    assert.is_true(service:is_quiet())
  end)
end)

describe("a wildcard UDP listener", function()
  it("answers from the address that was reached, over IPv4 (RFC 3261 18.2.2)", function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local port = service:listen("udp", "0.0.0.0")
    local peer <close> = ends.udp "0.0.0.0"
    for i, ip in ipairs { "127.0.0.1", "127.0.0.2", "127.1.2.3" } do
      peer:send(ends.request(), ip, port)
      local _, from = peer:wait(i)
      assert.same({ ip, port }, { from.ip, from.port })
    end
    peer:send(ends.request { method = "MESSAGE" }, "127.0.0.9", port)
    assert.equal("127.0.0.9", service:wait_event("request").message.local_ip)
  end)

  it("answers from the address that was reached, over IPv6 (RFC 3261 18.2.2)", function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local port = service:listen("udp", "::")
    local peer <close> = ends.udp "::1"
    peer:send(ends.request(), "::1", port)
    local _, from = peer:wait()
    assert.same({ "::1", port }, { from.ip, from.port })
    peer:send(ends.request { method = "MESSAGE" }, "::1", port)
    assert.equal("::1", service:wait_event("request").message.local_ip)
  end)

  for name, ip in pairs(LOOPBACK) do
    it("names an address that leads to the target in Via, over " .. name
      .. " (RFC 3261 18.1.1)", function()
      local service <close> = ends.service()
      local port = service:listen("udp", ip == "::1" and "::" or "0.0.0.0")
      local peer <close> = ends.udp(ip)
      local shown = ip == "::1" and "[::1]" or ip
      assert(service.engine:request {
        method = "OPTIONS", uri = ("sip:%s:%d"):format(shown, peer.port),
        from = "<sip:a@example.com>",
      })
      local text = peer:wait()
      assert.truthy(text:find(("Via: SIP/2.0/UDP %s:%d;"):format(shown, port), 1, true))
    end)
  end

  it("names what it was told to advertise", function()
    local service <close> = ends.service()
    service:listen("udp", "0.0.0.0", 0,
      { advertise_host = "sip.example.com", advertise_port = 5070 })
    local peer <close> = ends.udp()
    assert(service.engine:request {
      method = "OPTIONS", uri = "sip:127.0.0.1:" .. peer.port,
      from = "<sip:a@example.com>",
    })
    assert.matches("Via: SIP/2.0/UDP sip.example.com:5070;", (peer:wait()))
  end)
end)

describe("a datagram that cannot be sent", function()
  local function request(service, uri, fields)
    local options = { method = "OPTIONS", uri = uri, from = "<sip:a@example.com>" }
    for key, value in pairs(fields or {}) do options[key] = value end
    return assert(service.engine:request(options))
  end

  for name, ip in pairs(LOOPBACK) do
    it("fails its request on an ICMP error, over " .. name
      .. " (RFC 3261 8.1.3.1, 18.4)", function()
      local service <close> = ends.service()
      service:listen("udp", ip)
      local closed = ends.udp(ip)
      local port = closed.port
      closed:close()
      local answering <close> = ends.udp(ip)
      local host = ip == "::1" and "[::1]" or ip
      local well = request(service, ("sip:%s:%d"):format(host, answering.port))
      local failing = request(service, ("sip:%s:%d"):format(host, port))
      local event = service:wait_event "failed"
      assert.equal(failing, event.transaction)
      assert.equal("ECONNREFUSED", event.code)
      assert.equal(1, service:counts().icmp_errors)
      answering:wait()
      assert.equal(1, #service.events)
      assert.not_equal(well, failing)
      assert.is_true(service:is_quiet())
    end)
  end

  it("fails its request when it is too large for a datagram", function()
    local service <close> = ends.service()
    service:listen "udp"
    local peer <close> = ends.udp()
    local uri <const> = "sip:127.0.0.1:" .. peer.port
    request(service, uri, { body = ("x"):rep(60000), no_tcp = true })
    local head = #peer:wait() - 60000
    request(service, uri, { body = ("x"):rep(65520 - head), no_tcp = true })
    assert.equal("EMSGSIZE", service:wait_event("failed").code)
    assert.equal(1, service:counts().send_errors)
  end)

  it("fails its request when no listener speaks the target's family", function()
    local service <close> = ends.service()
    service:listen("udp", "127.0.0.1")
    local _, err = service.engine:request {
      method = "OPTIONS", uri = "sip:[::1]:5060", from = "<sip:a@example.com>" }
    assert.equal("NO_ROUTE", err.name)
  end)
end)

describe("core.loop:counts", function()
  it("counts datagrams and bytes both ways", function()
    local service <close> = ends.service()
    local port = service:listen "udp"
    local peer <close> = ends.udp()
    local text = ends.request()
    peer:send(text, "127.0.0.1", port)
    local reply = peer:wait()
    local counts = service:counts()
    assert.same({ 1, 1, #text, #reply }, { counts.datagrams_in, counts.datagrams_out,
      counts.bytes_in, counts.bytes_out })
  end)

  it("shows that datagrams allocate nothing in net once a listener is open", function()
    local service <close> = ends.service()
    local port = service:listen "udp"
    local peer <close> = ends.udp()
    local before = service:counts().live_blocks
    for i = 1, 100 do
      peer:send(ends.request(), "127.0.0.1", port)
      peer:wait(i)
    end
    assert.equal(before, service:counts().live_blocks)
  end)

  it("is empty for a loop without anything", function()
    local loop <close> = core.loop()
    local counts = loop:counts()
    assert.same({ 0, 0, 0, 0 },
      { counts.listeners, counts.connections, counts.queue_bytes, counts.lookups })
  end)
end)
