-- SPDX-License-Identifier: MIT
--
-- SIP over WebSocket on real sockets (RFC 7118, 6455), between two loops of the core, and
-- from peers of bytes.

local certificates <const> = require "spec.support.certificates"
local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"
local web <const> = require "web_face"

local TEXT <const>, BINARY <const>, CLOSE <const>, PING <const> = 1, 2, 8, 9

local handshake <const> = table.concat({ "GET / HTTP/1.1", "Host: x", "Upgrade: websocket",
  "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Protocol: sip", "Sec-WebSocket-Version: 13", "", "" }, "\r\n")

-- A frame of a client, whose mask changes nothing.
local function frame(opcode, data)
  return web.write(opcode, #data, true, "\0\0\0\0") .. data
end

describe("A WebSocket", function()
  local server, port

  before_each(function()
    server = ends.service()
    server.refusals = {}
    server.loop:on_refused(function(_, why) server.refusals[#server.refusals + 1] = why end)
    port = server:listen("ws", "127.0.0.1", 0)
  end)

  after_each(function()
    server:close()
    assert.same({}, server.errors)
  end)

  local function connect()
    local peer = server:own(ends.connect("127.0.0.1", port))
    peer:send(handshake)
    peer:wait "HTTP/1.1 101 .-\r\n\r\n"
    peer.text = ""
    return peer
  end

  local function options()
    return ends.request { transport = "WS", sent_by = "x.invalid" }
  end

  it("carries requests of a client, in frames of text and of bytes (RFC 7118 4.2)", function()
    local peer = connect()
    for _, opcode in ipairs { TEXT, BINARY } do
      peer:send(frame(opcode, options()))
      peer:wait "^\x81~..SIP/2.0 200 OK\r\n"
      peer.text = ""
    end
    assert.equal(1, server:counts().accepted)
    assert.equal(2, server:counts().messages_in)
  end)

  it("answers the CRLFs of RFC 5626 3.5.1 with one, in a message of its own (6)", function()
    local peer = connect()
    peer:send(frame(TEXT, "\r\n\r\n"))
    peer:wait "^\x81\2\r\n$"
    peer:send(frame(TEXT, "\r\n") .. frame(TEXT, ""))
    ends.turn()
    assert.equal("\x81\2\r\n", peer.text)
  end)

  it("answers a ping (RFC 6455 5.5.2), and closes as it is told (5.5.1)", function()
    local peer = connect()
    peer:send(frame(PING, "you?"))
    peer:wait "^\x8a\4you%?$"
    peer:send(frame(CLOSE, "\3\xe9away"))
    peer:wait "\x88\2\3\xe9$"
    peer:wait_end()
    ends.until_true(function() return server:counts().connections == 0 end, "an end")
  end)

  it("is told what it does wrong, and ended (7.1.7)", function()
    for code, bytes in pairs {
      ["\3\xea"] = "\x81\5hello",                              -- not masked
      ["\3\xef"] = frame(TEXT, "\xff"),                         -- no UTF-8
      ["\3\xf1"] = web.write(BINARY, 1 << 40, true, "\0\0\0\0"), -- too big
    } do
      local peer = connect()
      peer:send(bytes)
      peer:wait("\x88\2" .. code)
      peer:wait_end()
    end
    ends.until_true(function() return server:counts().connections == 0 end, "an end")
  end)

  it("is refused to plain HTTP, and to who does not end a handshake", function()
    local peer = server:own(ends.connect("127.0.0.1", port))
    peer:send "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    peer:wait "^HTTP/1.1 426 Upgrade Required\r\n.*SIP server"
    peer:wait_end()
    local long = server:own(ends.connect("127.0.0.1", port))
    long:send("GET / HTTP/1.1\r\nX: " .. ("y"):rep(8192))
    long:wait "^HTTP/1.1 431 "
    long:wait_end()
    assert.equal(2, #server.refusals)
  end)

  it("is ended at its deadline when its handshake does not get on (bug class 43)", function()
    for length = 0, 5 do
      server:own(ends.connect("127.0.0.1", port)):send(handshake:sub(1, length * 10))
    end
    ends.until_true(function() return server:counts().accepted == 6 end, "connections")
    server:advance(29999)
    assert.equal(6, server:counts().connections)
    server:advance(2)
    assert.equal(0, server:counts().connections)
  end)

  it("is cut after each byte of its handshake and first message, and nothing is left", function()
    local text = handshake .. frame(TEXT, options())
    for length = 0, #text do
      local peer = ends.connect("127.0.0.1", port)
      peer:send(text:sub(1, length))
      ends.turn(2)
      peer:reset()
    end
    ends.until_true(function() return server:counts().connections == 0 end, "an end")
    local peer = connect()
    peer:send(frame(TEXT, options()))
    peer:wait "200 OK"
  end)

  it("takes a handshake and a message that come byte by byte, or all at once", function()
    local peer = server:own(ends.connect("127.0.0.1", port))
    for byte in (handshake .. frame(TEXT, options())):gmatch "." do
      peer:send(byte)
      ends.turn(1)
    end
    peer:wait "200 OK"
    local second = server:own(ends.connect("127.0.0.1", port))
    second:send(handshake .. frame(TEXT, options()) .. frame(TEXT, options()))
    second:wait "200 OK.*200 OK"
  end)

  it("serves others beside two hundred dribbling upgrades", function()
    local slow = {}
    for at = 1, 200 do
      slow[at] = server:own(ends.connect("127.0.0.1", port))
      slow[at]:send(handshake:sub(1, at % #handshake))
    end
    local peer = connect()
    peer:send(frame(TEXT, options()))
    peer:wait "200 OK"
    assert.equal(201, server:counts().connections)
  end)
end)

describe("Between two of ours", function()
  local ca, tls

  setup(function()
    ca = certificates.authority()
    local cert, key = ca:issue "localhost"
    tls = assert(core.tls { identities = { { certificate = cert, key = key } },
                            authorities = ca.path })
  end)

  teardown(function() ca:close() end)

  for _, transport in ipairs { "ws", "wss" } do
    describe(transport, function()
      local server, client, port

      before_each(function()
        server, client = ends.service { handles = { "MESSAGE" } }, ends.service()
        for _, one in ipairs { server, client } do assert(one.loop:set_tls(one.engine, tls)) end
        port = server:listen(transport, "127.0.0.1", 0, { tls = tls })
        client:listen(transport, "127.0.0.1", 0, { tls = tls })
      end)

      after_each(function()
        client:close()
        server:close()
        assert.same({}, server.errors)
        assert.same({}, client.errors)
      end)

      local function ask(fields)
        local scheme = transport == "wss" and "sips" or "sip"
        local request = { method = "MESSAGE", from = "<sip:a@localhost>", transport = transport,
          content_type = "text/plain",
          uri = ("%s:localhost:%d;maddr=127.0.0.1;transport=ws"):format(scheme, port) }
        for name, value in pairs(fields) do request[name] = value end
        assert(client.engine:request(request))
        local event = server:wait_event "request"
        server.events = {}
        return event
      end

      it("messages of any size and content go one by one", function()
        local all = {}
        for byte = 0, 255 do all[byte + 1] = string.char(byte) end
        for _, body in ipairs { "", "x", ("y"):rep(60000), table.concat(all), "\u{20ac}" } do
          local event = ask { body = body }
          assert.equal(body, event.message.body or "")
          assert(server.engine:reply(event.transaction, 200, nil, nil, "text/plain", body))
          ends.turn()
          local response = client:wait_event "response"
          client.events = {}
          assert.equal(body, response.message.body or "")
        end
        assert.equal(1, client:counts().connected)
      end)

      it("a server that stops reading holds no more than the queue may", function()
        ask { body = "first" }
        local body, sent = ("x"):rep(40000), 0
        repeat
          client.engine:request { method = "OPTIONS", from = "<sip:a@localhost>", body = body,
            content_type = "text/plain", transport = transport,
            uri = ("%s:localhost:%d;maddr=127.0.0.1;transport=ws"):format(
              transport == "wss" and "sips" or "sip", port) }
          sent = sent + 1
          client.loop:step(0)
        until client:counts().queue_bytes > 200000 or sent == 400
        assert.is_true(client:counts().queue_bytes > 200000)
        ends.until_true(function() return client:counts().queue_bytes == 0 end, "an empty queue")
      end)
    end)
  end
end)
