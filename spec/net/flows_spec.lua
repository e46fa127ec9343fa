-- SPDX-License-Identifier: MIT
--
-- What every transport owes: both families of addresses, a bounded queue, and deadlines for
-- who is idle, stuck or does not read (bug classes 43 and 44).

local certificates <const> = require "spec.support.certificates"
local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"
local uv <const> = require "luv"
local web <const> = require "web_face"

local STREAMS <const> = { "tcp", "tls", "ws", "wss" }
local SECURE <const> = { tls = true, wss = true }
local TEXT <const>, CONTINUATION <const>, PING <const> = 1, 0, 9

local ca, tls

setup(function()
  ca = certificates.authority()
  local cert, key = ca:issue "localhost"
  tls = assert(core.tls { identities = { { certificate = cert, key = key } },
                          authorities = ca.path })
end)

teardown(function() ca:close() end)

local function service(options)
  local one <const> = ends.service(options)
  assert(one.loop:set_tls(one.engine, tls))
  return one
end

-- What a request to a port of this machine says.
local function asking(port, transport, ip)
  local scheme <const> = SECURE[transport] and "sips" or "sip"
  local name <const> = (transport == "wss" and "ws") or (transport == "tls" and "tcp") or transport
  return { method = "OPTIONS", from = "<sip:a@localhost>", transport = transport,
           uri = ("%s:localhost:%d;maddr=%s;transport=%s"):format(scheme, port, ip or "127.0.0.1",
             name) }
end

describe("A request and its response go", function()
  for _, transport in ipairs { "udp", "tcp", "tls", "ws", "wss" } do
    for family, ip in pairs { IPv4 = "127.0.0.1", IPv6 = "::1" } do
      it(("over %s and %s (RFC 3261 18)"):format(transport, family), function()
        local server <close> = service()
        local client <close> = service()
        local port <const> = server:listen(transport, ip, 0, { tls = tls })
        client:listen(transport, ip, 0, { tls = tls })
        local shown <const> = family == "IPv6" and "[::1]" or ip
        assert(client.engine:request(asking(port, transport, shown)))
        local event <const> = client:wait_event "response"
        assert.equal(200, event.message.code)
        assert.matches("^SIP/2.0/" .. transport:upper() .. " " .. (family == "IPv6" and "%[::1%]"
          or "127.0.0.1"), event.message.headers["Via"])
      end)
    end
  end
end)

describe("What waits for a connection", function()
  -- Sends requests until exactly `room` bytes of the queue are left.
  local function fill(client, max, ask, room)
    local before <const> = client:counts().queue_bytes
    ask(("x"):rep(1000))
    local each <const> = client:counts().queue_bytes - before
    local function left() return max - room - client:counts().queue_bytes end
    while left() > 3 * each do ask(("x"):rep(1000)) end
    ask(("x"):rep(1000 + left() // 2 - each)) -- lengths of four digits, all of them
    ask(("x"):rep(1000 + left() - each))
    assert.equal(max - room, client:counts().queue_bytes)
    return each
  end

  for _, transport in ipairs(STREAMS) do
    it(("may be max_queue bytes and not one more, before it is open, over %s"):format(transport),
      function()
        local max <const> = 100000
        local client <close> = service { loop = { max_queue = max } }
        client:listen(transport, "127.0.0.1", 0, { tls = tls })
        local full, fillers = ends.full_server()
        local function ask(body)
          local request <const> = asking(full.port, transport)
          request.body, request.content_type = body, "text/plain"
          assert(client.engine:request(request))
          client.loop:step(0)
        end
        local each <const> = fill(client, max, ask, 3000)
        ask(("x"):rep(1000 + 3000 - each)) -- the last byte
        assert.same({ max, 0 }, { client:counts().queue_bytes, client:counts().overflowed })
        ask "" -- one message more
        assert.same({ 0, 1 }, { client:counts().queue_bytes, client:counts().overflowed })
        assert.equal("LIMIT", client:wait_event("failed").code)
        for _, filler in ipairs(fillers) do filler:close() end
        full:close()
        uv.run "nowait"
      end)

    it(("may be max_queue bytes and not one more, when its peer reads nothing, over %s")
      :format(transport), function()
        local max <const> = 400000
        local server <const> = service()
        local client <close> = service { loop = { max_queue = max } }
        local port <const> = server:listen(transport, "127.0.0.1", 0, { tls = tls })
        client:listen(transport, "127.0.0.1", 0, { tls = tls })
        local function ask(body)
          local request <const> = asking(port, transport)
          request.body, request.content_type = body, "text/plain"
          assert(client.engine:request(request))
          client.loop:step(0)
        end
        ask ""
        client:wait_event "response"
        -- From here on nobody turns the server: the system's buffers fill, then the queue.
        local before
        repeat
          before = client:counts().queue_bytes
          if before < 100000 then ask(("x"):rep(30000)) end
          for _ = 1, 20 do client.loop:step(0) end
        until before >= 100000 and client:counts().queue_bytes == before
        local each <const> = fill(client, max, ask, 3000)
        ask(("x"):rep(1000 + 3000 - each))
        assert.same({ max, 0 }, { client:counts().queue_bytes, client:counts().overflowed })
        ask ""
        assert.equal(1, client:counts().overflowed)
        server:close()
      end)
  end

  it("may be one batch of datagrams; what is more is lost, and counted, over udp", function()
    assert.equal("64 sent, 1 dropped\n", (ends.failing_child [[
      local failing <const> = require "failing_calls"
      local ends <const> = require "spec.net.ends"
      local service <close> = ends.service()
      local peer <close> = ends.udp()
      service:listen "udp"
      failing.fail("sendmmsg", 1, "EAGAIN", 1000) -- the system takes none
      for _ = 1, 65 do service:ask(peer.port, "udp") end
      service.loop:step(0)
      failing.stop()
      ends.turn()
      print(service:counts().datagrams_out .. " sent, " .. service:counts().dropped .. " dropped")
    ]]))
  end)
end)

describe("A connection of a peer that is stuck", function()
  local handshake <const> = table.concat({ "GET / HTTP/1.1", "Host: x", "Upgrade: websocket",
    "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: sip", "Sec-WebSocket-Version: 13", "", "" }, "\r\n")

  -- A frame of a client, whose mask changes nothing.
  local function frame(opcode, data, is_part)
    return web.write(opcode, #data, not is_part, "\0\0\0\0") .. data
  end

  -- A WebSocket that has carried a message.
  local function web_peer(server)
    local port <const> = server:listen("ws", "127.0.0.1", 0)
    local peer <const> = server:own(ends.connect("127.0.0.1", port))
    peer:send(handshake .. frame(TEXT, ends.request { transport = "WS", sent_by = "x.invalid" }))
    peer:wait "200 OK"
    peer.text = ""
    return peer
  end

  local function is_ended_after(server, ms)
    server:advance(ms - 1)
    assert.equal(1, server:counts().connections)
    server:advance(1)
    assert.same({ 0, 1 }, { server:counts().connections, server:counts().timed_out })
    assert.is_true(server:is_quiet())
  end

  for what, bytes in pairs {
    ["in the head of a frame"] = "\x81",
    ["in a frame of text"] = frame(TEXT, "OPTIONS"):sub(1, -2),
    ["in a frame of control"] = frame(PING, "abc"):sub(1, -2),
    ["between two fragments"] = frame(TEXT, "OPTIONS", true),
  } do
    it(what .. " of a WebSocket ends after partial_ms (RFC 6455 5.4)", function()
      local server <close> = service { loop = { partial_ms = 20000 } }
      local peer <const> = web_peer(server)
      server:advance(60000) -- idle, and not stuck
      peer:send(bytes)
      ends.turn()
      is_ended_after(server, 20000)
    end)
  end

  for how, bytes in pairs {
    ["in the middle of a frame"] = frame(TEXT, "OPTIONS"):sub(1, -2),
    ["behind a length that lies"] = web.write(TEXT, 60000, true, "\0\0\0\0") .. "OPTIONS",
    ["between two fragments"] = frame(TEXT, "OPTIONS", true),
    ["after nothing"] = "",
  } do
    for _, leave in ipairs { "close", "reset", "shutdown" } do
      it(("leaves nothing that spins when it goes %s of a WebSocket, by %s (bug class 42)"):format(
        how, leave), function()
          local server <close> = service()
          local peer <const> = web_peer(server)
          peer:send(bytes)
          ends.turn()
          peer[leave](peer)
          ends.turn()
          assert.is_true(server:is_quiet())
          if leave == "shutdown" then peer:close() end
          ends.until_true(function() return server:counts().connections == 0 end, "its end")
          assert.is_true(server:is_quiet())
        end)
    end
  end

  for _, transport in ipairs(STREAMS) do
    for _, leave in ipairs { "close", "reset", "shutdown" } do
      it(("leaves nothing that spins when it goes in a handshake, over %s, by %s (bug class 42)")
        :format(transport, leave), function()
          local server <close> = service()
          local port <const> = server:listen(transport, "127.0.0.1", 0, { tls = tls })
          for _, bytes in ipairs { "", "\22", "\22\3\1\2\0\1\0\1\252\3\3",
                                   "GET / HTTP/1.1\r\nHost" } do
            local peer <const> = ends.connect("127.0.0.1", port)
            peer:send(bytes)
            ends.turn()
            peer[leave](peer)
            ends.turn()
            assert.is_true(server:is_quiet())
            if leave == "shutdown" then peer:close() end
            ends.until_true(function() return server:counts().connections == 0 end, "its end")
          end
        end)
    end
  end

  it("between two fragments is as stuck when it sends pings", function()
    local server <close> = service { loop = { partial_ms = 20000 } }
    local peer <const> = web_peer(server)
    peer:send(frame(TEXT, "OPTIONS", true))
    ends.turn()
    for _ = 1, 3 do
      server:advance(5000)
      peer:send(frame(PING, "still here"))
      peer:wait "\x8a\10still here"
      peer.text = ""
    end
    is_ended_after(server, 5000)
  end)

  it("is stuck no more when its message is whole", function()
    local server <close> = service { loop = { partial_ms = 20000 } }
    local peer <const> = web_peer(server)
    local text <const> = ends.request { transport = "WS", sent_by = "x.invalid" }
    for _ = 1, 3 do
      peer:send(frame(TEXT, text:sub(1, 10), true))
      ends.turn()
      server:advance(15000)
      peer:send(frame(CONTINUATION, text:sub(11)))
      peer:wait "200 OK"
      peer.text = ""
    end
    server:advance(60000)
    assert.equal(1, server:counts().connections)
  end)

  it("is none while a WebSocket pings (RFC 6455 5.5.2, RFC 7118 6): it is not even idle",
    function()
      local server <close> = service { loop = { idle_ms = 60000 } }
      local peer <const> = web_peer(server)
      for _ = 1, 3 do
        server:advance(50000)
        peer:send(frame(PING, ""))
        peer:wait "\x8a\0"
        peer.text = ""
      end
      is_ended_after(server, 60000)
    end)

  for _, transport in ipairs { "tls", "wss" } do
    it("in a record of TLS ends after partial_ms, over " .. transport, function()
      local server <close> = service { loop = { partial_ms = 20000 } }
      local client <close> = service()
      local port <const> = server:listen(transport, "127.0.0.1", 0, { tls = tls })
      client:listen(transport, "127.0.0.1", 0, { tls = tls })
      -- A relay that passes the first three bytes of what comes after its word.
      local relay <close> = ends.server()
      local left = 1 << 30
      local to <const> = uv.new_tcp()
      to:connect("127.0.0.1", port, function(err) assert(not err, err) end)
      assert(client.engine:request(asking(relay.port, transport)))
      local from <const> = relay:wait().handle
      from:read_stop()
      from:read_start(function(_, bytes)
        if not bytes or left == 0 then return end
        bytes = bytes:sub(1, left)
        left = left - #bytes
        to:write(bytes)
      end)
      to:write(relay.accepted[1].text)
      to:read_start(function(_, bytes) if bytes then from:write(bytes) end end)
      client:wait_event "response"
      server:advance(60000)
      left = 3
      assert(client.engine:request(asking(relay.port, transport)))
      ends.turn()
      is_ended_after(server, 20000)
      to:close()
    end)
  end

  for _, transport in ipairs(STREAMS) do
    it("is idle after idle_ms and not before, over " .. transport, function()
      local server <close> = service { loop = { idle_ms = 60000 } }
      local client <close> = service()
      local port <const> = server:listen(transport, "127.0.0.1", 0, { tls = tls })
      client:listen(transport, "127.0.0.1", 0, { tls = tls })
      assert(client.engine:request(asking(port, transport)))
      client:wait_event "response"
      is_ended_after(server, 60000)
    end)
  end
end)
