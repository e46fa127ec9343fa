-- SPDX-License-Identifier: MIT
--
-- Connections of the test network as the real one has them: handshakes of TLS and WebSocket
-- that take their rounds or stay half done, idle and stuck connections, peers that read
-- nothing (bug classes 43 and 44).

local test <const> = require "moonsip.test"

local SECURE <const> = { cert = "read by nobody.pem" }

local listens <const> = { tcp = 5060, tls = 5061, ws = 8080, wss = 8443 }

-- Bob, who listens on everything, and an endpoint of one transport.
local function pair(transport)
  local net <const>, list = test.net(), {}
  for name, port in pairs(listens) do list[#list + 1] = ("%s:0.0.0.0:%d"):format(name, port) end
  table.sort(list)
  local bob <const> = net:agent("sip:bob@example.com", { listen = list, tls = SECURE })
  bob:on("MESSAGE", function(req) return req:reply(200) end)
  local peer <const> = net:endpoint(("%s:10.0.0.9:%d"):format(transport, listens[transport]))
  return net, bob, peer, "10.0.1.1:" .. listens[transport]
end

local branch = 0

local function message(fields)
  fields = fields or {}
  branch = branch + 1
  return table.concat({ "MESSAGE sip:bob@10.0.1.1 SIP/2.0",
    ("Via: SIP/2.0/%s 10.0.0.9;branch=z9hG4bK%d"):format(fields.transport or "TCP", branch),
    "Max-Forwards: 70", "To: <sip:bob@10.0.1.1>", "From: <sip:a@10.0.0.9>;tag=1",
    "Call-ID: c" .. branch, "CSeq: 1 MESSAGE",
    "Content-Length: " .. #(fields.body or ""), "", fields.body or "" }, "\r\n")
end

describe("A hop of the test network", function()
  local rounds <const> = { tcp = 0, tls = 1, ws = 1, wss = 2 }
  for transport, round in pairs(rounds) do
    it(("over %s opens after %d round trips, and carries both ways"):format(transport, 1 + round),
      function()
        local net <close>, _, peer, to = pair(transport)
        peer:send(message { transport = transport:upper() }, to)
        assert.equal(200, assert(peer:expect(200)).seen.code)
        assert.equal((2 + 2 * round + 2) / 1000, net:now()) -- 1 ms each way
        assert.equal(2, net:count { transport = transport })
      end)
  end

  it("is one of TLS where a URI or a listener says so (RFC 3261 26.2.2)", function()
    local net <close> = test.net()
    local options <const> = { listen = { "tls:0.0.0.0:5061", "udp:0.0.0.0:5060" }, tls = SECURE }
    local alice, bob = net:agent("sip:alice@a", options), net:agent("sip:bob@b", options)
    local came <const> = {}
    bob:on("MESSAGE", function(req)
      came[#came + 1] = req.transport
      return req:reply(200)
    end)
    for _, target in ipairs { bob, "sips:bob@10.0.1.2", "sip:bob@10.0.1.2" } do
      assert(alice:request("MESSAGE", target):wait())
    end
    assert.same({ "tls", "tls", "udp" }, came)
  end)

  it("over WebSocket keeps messages apart, however they end (RFC 7118 5.1)", function()
    local net <close>, _, peer, to = pair "ws"
    local text <const> = message { transport = "WS" }
    peer:send((text:gsub("Content%-Length: 0\r\n", "")), to)
    assert.truthy(peer:expect(200))
    peer:send("\r\n\r\n", to)
    assert.equal("\r\n", assert(peer:expect()).bytes)
    peer:send("\r\n", to)
    net:advance "1s"
    assert.equal(0, #peer.received)
  end)
end)

describe("A handshake that does not get on", function()
  for _, transport in ipairs { "tls", "ws", "wss" } do
    it("is ended by who accepted it after 30 s, over " .. transport .. " (bug class 43)",
      function()
        local net <close>, _, peer, to = pair(transport)
        peer.shakes_hands = false
        peer:connect(to)
        net:advance(30)
        assert.is_nil(peer.closed)
        net:advance(0.002)
        assert.equal("EOF", peer.closed)
      end)

    it("is given up by who began it after 4 s, over " .. transport .. ": the next server "
      .. "has its turn (RFC 3263 4.3)", function()
        local net <close> = test.net()
        local options <const> = { listen = transport .. ":0.0.0.0:5061", tls = SECURE }
        local alice, bob = net:agent("sip:alice@a", options), net:agent("sip:bob@b", options)
        bob:on("MESSAGE", function(req) return req:reply(200) end)
        local stuck <const> = net:endpoint(transport .. ":10.0.0.9:5061")
        stuck.shakes_hands = false
        net:dns("servers.example", { { ip = "10.0.0.9", port = 5061, transport = transport },
                                     { ip = "10.0.1.2", port = 5061, transport = transport } })
        local res = assert(alice:request("MESSAGE", "sip:bob@servers.example"):wait())
        assert.equal(200, res.code)
        assert.near(4.01, net:now(), 0.01)
        assert.equal("EOF", stuck.closed)
        assert(alice:request("MESSAGE", "sip:bob@servers.example"):wait())
        assert.near(4.012, net:now(), 0.01) -- the dead one is remembered
      end)

    it("leaves nothing behind when either side goes, over " .. transport, function()
      local net <close>, bob, peer, to = pair(transport)
      peer.shakes_hands = false
      peer:connect(to)
      net:advance(0.01)
      peer:disconnect()
      net:advance "1s"
      peer:connect(to)
      net:advance(0.01)
      bob:close()
      net:advance "1s"
      assert.equal("EOF", peer.closed)
    end)
  end
end)

describe("A connection of the test network", function()
  it("that never brought a message has 30 s, whatever pings it sends (bug class 43)", function()
    for _, transport in ipairs { "tcp", "tls", "ws" } do
      local net <close>, _, peer, to = pair(transport)
      peer:connect(to)
      net:advance "20s"
      peer:send("\r\n\r\n", to)
      net:advance "9s"
      assert.is_nil(peer.closed)
      net:advance "2s"
      assert.equal("EOF", peer.closed)
    end
  end)

  it("with half a message has 30 s from its first byte (bug class 43)", function()
    for _, transport in ipairs { "tcp", "tls" } do
      local net <close>, _, peer, to = pair(transport)
      peer:send(message(), to)
      assert(peer:expect(200))
      local text <const> = message()
      for at = 1, 29 do
        peer:send(text:sub(at, at), to)
        net:advance "1s"
      end
      assert.is_nil(peer.closed)
      net:advance "2s"
      assert.equal("EOF", peer.closed)
    end
  end)

  it("that is idle ends after 65 minutes, and lives on by pings (RFC 5626 3.5.1)", function()
    local net <close>, _, peer, to = pair "tls"
    peer:send(message(), to)
    assert(peer:expect(200))
    net:advance "60m"
    peer:send("\r\n\r\n", to)
    net:advance "64m"
    assert.is_nil(peer.closed)
    net:advance "2m"
    assert.equal("EOF", peer.closed)
  end)

  -- Bob's requests to a peer that has answered one of them and reads nothing since.
  local function fill(net, bob, peer, size)
    local failed <const> = {}
    local target <const> = ("sip:peer@10.0.0.9:%d;transport=%s"):format(peer.port,
      peer.transport)
    local function send()
      bob:request("OPTIONS", target, { body = ("x"):rep(size), timeout = "10m" })
        :wait(function(_, err) failed[#failed + 1] = err and err.name end)
      net:advance(0.001)
    end
    send()
    peer:reply(assert(peer:expect "OPTIONS"), 200, "OK")
    net:advance(0.01)
    peer:hold(true)
    return send, failed
  end

  for _, transport in ipairs { "tcp", "tls", "ws", "wss" } do
    it("whose other end reads nothing is cut at 1 MB that waits, over " .. transport
      .. " (bug class 44)", function()
        local net <close>, bob, peer = pair(transport)
        local send, failed = fill(net, bob, peer, 60000)
        local sent = 0
        repeat
          send()
          sent = sent + 1
        until failed[1] or sent == 30
        assert.same({ "LIMIT", 18 }, { failed[1], sent }) -- 17 of them have 1 030 000 bytes
        assert.equal(18, #failed)
      end)

    it("whose other end reads nothing for 30 s is ended, over " .. transport, function()
      local net <close>, bob, peer = pair(transport)
      local send, failed = fill(net, bob, peer, 100)
      send()
      net:advance(29.9)
      assert.same({}, failed)
      net:advance(0.2)
      assert.same({ "TIMEOUT" }, failed)
      peer:hold(false)
      net:advance(1)
      assert.equal("EOF", peer.closed)
    end)

    it("that reads again gets everything in order, over " .. transport, function()
      local net <close>, bob, peer = pair(transport)
      local send, failed = fill(net, bob, peer, 100)
      for _ = 1, 5 do
        send()
        net:advance "5s"
      end
      peer:hold(false)
      for _ = 1, 5 do peer:reply(assert(peer:expect "OPTIONS"), 200, "OK") end
      net:advance "1s"
      assert.same({}, failed)
    end)
  end
end)

describe("An endpoint", function()
  it("has no connections over UDP, and says so", function()
    local net <close> = test.net()
    local one <const> = net:endpoint "10.0.0.9:5060"
    assert.has_error(function() one:connect "10.0.0.1:5060" end)
    assert.has_error(function() one:hold() end)
  end)
end)

describe("docs/test.md", function()
  it("shows a hop of TLS and a handshake that stays half done", function()
    local file <close> = assert(io.open "docs/test.md")
    local code = file:read("a"):match "### Which transport.-\n```lua\n(.-)\n```"
    assert(load(code, "=docs/test.md", "t", setmetatable({ test = test }, { __index = _G })))()
  end)
end)
