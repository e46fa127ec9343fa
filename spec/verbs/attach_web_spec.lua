-- SPDX-License-Identifier: MIT
-- call:stream with a program at the other end of a WebSocket (RFC 6455): binary audio behind a
-- message of JSON, and audio in JSON; and what servers do to it.

local core <const> = require "moonsip.core"
local ivr <const> = require "spec.support.ivr"
local loud <const> = require "spec.support.loud"
local web_server <const> = require "spec.support.web_server"

local function loud_samples(seconds) return ("\0\32"):rep(8000 * seconds // 1) end

describe("call:stream { to = ws:// }", function()
  local stage, server

  -- A call that is attached; `wish` is how the server answers.
  local function attach(options, wish, script)
    stage = ivr.stage(([[
      local stream, err = call:stream { to = "ws://10.0.0.9:8080/audio?x=1", %s }
      print(stream and "attached" or err.kind, err and err.code, err and err.reason)
      if not stream then return call:hangup() end
      %s
      local done, why = stream:wait()
      print(done, why and why.kind, why and why.reason)
    ]]):format(options or "", script or ""))
    stage.net:server("10.0.0.9:8080", function(peer)
      server = web_server.serve(peer, wish)
      if wish and wish.on_peer then wish.on_peer(peer) end
    end)
    stage:call()
    stage.net:advance "100ms"
    return server
  end

  after_each(function() stage:close() end)

  local function ended() return stage:printed(2)[2] end
  local function ear() return stage.caller.calls[1].ear end
  local json <const> = 'framing = "json"'

  it("asks for a WebSocket by its path, host, protocol and headers (RFC 6455 4.1)", function()
    attach 'headers = { Authorization = "Bearer x" }'
    local head <const> = server.head
    assert.matches("^GET /audio%?x=1 HTTP/1.1\r\nHost: 10.0.0.9:8080\r\n", head)
    assert.truthy(head:find("\r\nSec-WebSocket-Protocol: audio.jambonz.org\r\n", 1, true))
    assert.truthy(head:find("\r\nAuthorization: Bearer x\r\n", 1, true))
    stage:close()
    attach(json)
    assert.is_nil(server.head:find "Sec%-WebSocket%-Protocol")
  end)

  describe("with binary audio", function()
    it("begins with JSON, then has the audio in frames of 20 ms", function()
      attach [[uuid = "40325ec2-5efd-4bd3-805f-53576e581d13", metadata = { agent = "eva" }]]
      stage.net:advance "1s"
      local first <const> = server.objects[1]
      assert.same({ "40325ec2-5efd-4bd3-805f-53576e581d13", 8000, "mono", "eva", "inbound" },
        { first.callSid, first.sampleRate, first.mixType, first.agent, first.direction })
      assert.matches("^sip:", first.from)
      assert.near(55, #server.pieces, 3)
      for _, piece in ipairs(server.pieces) do assert.equal(320, #piece) end
    end)

    for _, rate in ipairs { 8000, 16000, 24000, 48000 } do
      it(("has audio of %d Hz, both ways"):format(rate), function()
        attach(("rate = %d"):format(rate), { on_open = function(one)
          one:send("binary", ("\0\32"):rep(rate // 5))
        end })
        stage.net:advance "1s"
        assert.equal(rate, server.objects[1].sampleRate)
        assert.equal(rate // 50 * 2, #server.pieces[1])
        assert.near(1600, (loud(ear())), 330)
      end)
    end

    it("has both sides apart where it is told to", function()
      attach 'what = "stereo"'
      stage.net:advance "500ms"
      assert.equal("stereo", server.objects[1].mixType)
      assert.equal(640, #server.pieces[1])
    end)

    it("takes playAudio, killAudio, mark, clearMarks and disconnect", function()
      attach(nil, { on_open = function(one)
        one:say { type = "playAudio", data = { audioContentType = "raw", sampleRate = 8000,
                                               audioContent = core.base64(loud_samples(1)) } }
        one:say { type = "mark", data = { name = "a" } }
      end })
      stage.net:advance "500ms"
      assert.same({}, server:of_event "mark")
      stage.net:advance "1s"
      assert.same({ { type = "mark", data = { name = "a", event = "playout" } } },
        server:of_event "mark")
      server:send("binary", loud_samples(5))
      server:say { type = "mark", data = { name = "b" } }
      server:say { type = "clearMarks" }
      stage.net:advance "100ms"
      server:say { type = "mark", data = { name = "c" } }
      local from <const> = ear():count()
      server:say { type = "killAudio" }
      stage.net:advance "2s"
      local told <const> = {}
      for _, one in ipairs(server:of_event "mark") do
        told[#told + 1] = one.data.name .. " " .. one.data.event
      end
      assert.same({ "a playout", "b cleared", "c cleared" }, told)
      assert.is_true(loud(ear(), from) < 4000)
      server:say { type = "disconnect" }
      assert.equal("true	nil	nil", ended())
    end)

    it("tells the server of digits", function()
      attach()
      stage.caller:press "4#"
      stage.net:advance "500ms"
      local digits <const> = server:of_event "dtmf"
      assert.same({ "4", "#" }, { digits[1].dtmf, digits[2].dtmf })
    end)
  end)

  describe("with audio in JSON", function()
    it("says connected, start, media, and stop at the end", function()
      attach(json .. [[, uuid = "40325ec2-5efd-4bd3-805f-53576e581d13",
        metadata = { agent = "eva" }]])
      stage.net:advance "500ms"
      local start <const> = server.objects[2]
      assert.equal("connected", server.objects[1].event)
      assert.same({ "start", "1" }, { start.event, start.sequenceNumber })
      assert.same({ encoding = "audio/x-mulaw", sampleRate = 8000, channels = 1 },
        start.start.mediaFormat)
      assert.same({ agent = "eva" }, start.start.customParameters)
      local media <const> = server:of_event "media"
      assert.near(28, #media, 3)
      assert.same({ "1", "0", "inbound", "2" }, { media[1].media.chunk, media[1].media.timestamp,
        media[1].media.track, media[1].sequenceNumber })
      assert.same({ "2", "20" }, { media[2].media.chunk, media[2].media.timestamp })
      assert.equal(160, #core.unbase64(media[1].media.payload))
      assert.equal("40325ec2-5efd-4bd3-805f-53576e581d13", media[1].streamSid)
      stage.caller:hangup()
      stage.net:advance "100ms"
      assert.equal("stop", server.objects[#server.objects].event)
      assert.equal(1000, server.closed)
    end)

    it("hears media of the server's, in ulaw or l16", function()
      attach(json, { on_open = function(one)
        one:say { event = "media", media = { payload = core.base64(core.ulaw(loud_samples(0.2))) } }
      end })
      stage.net:advance "500ms"
      assert.near(1600, (loud(ear())), 200)
      stage:close()
      attach(json .. ', encoding = "l16", rate = 16000', { on_open = function(one)
        one:say { event = "media", media = { payload = core.base64(("\0\32"):rep(3200)) } }
      end })
      stage.net:advance "500ms"
      assert.equal("audio/x-l16", server.objects[2].start.mediaFormat.encoding)
      assert.near(1600, (loud(ear())), 200)
    end)

    it("sends a mark back when all before it is said, or cleared (barge-in)", function()
      attach(json, { on_open = function(one)
        one:say { event = "media", media = { payload = core.base64(core.ulaw(loud_samples(1))) } }
        one:say { event = "mark", mark = { name = "first" } }
      end })
      stage.net:advance "700ms"
      assert.same({}, server:of_event "mark")
      stage.net:advance "600ms"
      assert.equal("first", server:of_event "mark"[1].mark.name)
      server:say { event = "media",
                   media = { payload = core.base64(core.ulaw(loud_samples(9))) } }
      server:say { event = "mark", mark = { name = "second" } }
      stage.net:advance "200ms"
      local from <const> = ear():count()
      server:say { event = "clear" }
      stage.net:advance "2s"
      assert.equal("second", server:of_event "mark"[2].mark.name)
      assert.is_true(loud(ear(), from) < 1600)
      server:say { event = "media",
                   media = { payload = core.base64(core.ulaw(loud_samples(0.2))) } }
      local later <const> = ear():count()
      stage.net:advance "1s"
      assert.near(1600, (loud(ear(), later)), 200)
    end)

    it("tells of digits both ways, and of what it does not know nothing", function()
      attach(json)
      stage.caller:press "4"
      stage.net:advance "500ms"
      local digit <const> = server:of_event "dtmf"[1]
      assert.same({ digit = "4", track = "inbound_track" }, digit.dtmf)
      local heard <const> = {}
      stage.caller.calls[1]:on("dtmf", function(one) table.insert(heard, one) end)
      server:say { event = "dtmf", dtmf = { digit = "7" } }
      server:say { event = "news" }
      stage.net:advance "1s"
      assert.same({ "7" }, heard)
      server:say { event = "stop" }
      assert.equal("true	nil	nil", ended())
    end)
  end)

  it("answers pings, and reads fragments, also with control frames in between (RFC 6455 5.4, 5.5)",
    function()
      local pongs <const> = {}
      attach(json)
      local socket <const> = server.socket
      local feed <const> = server.peer.on_data
      server.peer.on_data = function(peer, bytes)
        if bytes:byte() == 0x8a then pongs[#pongs + 1] = #bytes end
        return feed(peer, bytes)
      end
      local text <const> = '{"event":"stop"}'
      server.peer:send("\1\5" .. text:sub(1, 5) .. socket:frame("ping", "hello")
        .. "\128\11" .. text:sub(6))
      assert.equal("true	nil	nil", ended())
      assert.same({ 11 }, pongs)
    end)

  it("holds a server up that sends faster than people speak (flow control)", function()
    attach([[buffer = "1s", ahead = 0]], { on_open = function(one)
      for _ = 1, 1000 do one:send("binary", ("\0\32"):rep(800)) end
    end })
    stage.net:advance "3s"
    local before <const> = #server.peer.unsent
    assert.is_true(before > 1600000 - 5 * 16000 - 2 * 65536 - 8000, before)
    stage.net:advance "10s"
    assert.near(160000, before - #server.peer.unsent, 70000)
    assert.equal("connected", stage.caller.calls[1].state)
  end)

  it("reads two minutes ahead, so that a server can take back what it said too soon", function()
    attach(json .. [[, buffer = "1s"]], { on_open = function(one)
      for at = 1, 60 do
        one:say { event = "media", media = { payload = core.base64(core.ulaw(loud_samples(1))) } }
        one:say { event = "mark", mark = { name = tostring(at) } }
      end
    end })
    stage.net:advance "3s"
    assert.equal("", server.peer.unsent)
    local told <const> = #server:of_event "mark"
    assert.is_true(told >= 1 and told <= 3, told)
    local from <const> = ear():count()
    server:say { event = "clear" }
    stage.net:advance "1s"
    local marks <const> = server:of_event "mark"
    assert.equal(60, #marks)
    for at, one in ipairs(marks) do assert.equal(tostring(at), one.mark.name) end
    assert.is_true(loud(ear(), from) < 1600)
    for _ = 1, 180 do
      server:say { event = "media", media = { payload = core.base64(core.ulaw(loud_samples(1))) } }
    end
    stage.net:advance "1s"
    assert.is_true(#server.peer.unsent > 0) -- and not more
  end)

  it("leaves audio in its buffer for a server that reads slowly", function()
    attach [[buffer = "1s", patience = "60s"]]
    server.peer:hold(true)
    stage.net:advance "20s"
    server.peer:hold(false)
    stage.net:advance "500ms"
    assert.is_true(#server.pieces > 5 * 50 and #server.pieces < 7 * 50, #server.pieces)
  end)

  it("ends well when the server closes with 1000 or no code, when all is said", function()
    for _, code in ipairs { "", (">I2"):pack(1000) } do
      attach(nil, { on_open = function(one)
        one:send("binary", loud_samples(1))
        one.has_closed = true
        one:send("close", code)
      end })
      local from <const> = stage.net:now()
      assert.equal("true	nil	nil", ended())
      assert.near(1, stage.net:now() - from, 0.2)
      stage.net:advance "3s"
      assert.equal("end", server.peer.ended)
      stage:close()
    end
  end)

  it("is closed by the script: stop, close frame, end; the call goes on", function()
    attach(json, nil, [[
      sip.sleep "1s"
      stream:close()
      call:play "welcome.wav"
    ]])
    assert.equal("nil	cancelled	the stream has ended", ended())
    stage.net:advance "1s"
    assert.same({ "stop", 1000 }, { server.objects[#server.objects].event, server.closed })
    assert.equal("connected", stage.caller.calls[1].state)
  end)

  -- How a server goes wrong, and what is told of it.
  local function close_with(code)
    return { on_open = function(one)
      one.has_closed = true
      one:send("close", (">I2"):pack(code))
    end }
  end
  local function sends(bytes)
    return { on_open = function(one) one.peer:send(bytes) end }
  end
  local function says(text) return { on_open = function(one) one:send("text", text) end } end

  for title, case in pairs {
    ["closes with 1011"] = { close_with(1011), "gone", "1011" },
    ["closes with 1001, as it goes away"] = { close_with(1001), "gone", "1001" },
    ["ends the connection without a close frame"] = { { on_open = function(one)
      one.peer:close()
    end }, "gone", "without a close frame" },
    ["resets"] = { { on_open = function(one) one.peer:reset() end }, "transport", "was reset" },
    ["sends what is no JSON"] = { says "{", "invalid", "no JSON" },
    ["sends JSON that is no object"] = { says "[1]", "invalid", nil },
    ["sends JSON without its event"] = { says "{}", "invalid", "without its event" },
    ["sends media without a payload"] = { says '{"event":"media"}', "invalid", "payload" },
    ["sends a payload that is no base64"] = {
      says '{"event":"media","media":{"payload":"?"}}', "invalid", "base64" },
    ["sends a mark without a name"] = { says '{"event":"mark","mark":{}}', "invalid", "name" },
    ["sends binary among JSON"] = { { on_open = function(one) one:send("binary", "xx") end },
      "invalid", "binary" },
    ["sends text that is no UTF-8"] = { sends "\129\1\255", "invalid", "UTF%-8" },
    ["sends a masked frame"] = { sends "\129\129\0\0\0\0x", "invalid", "no frame\0?" },
    ["sends a reserved opcode"] = { sends "\131\0", "invalid", nil },
    ["announces a message of a megabyte and one byte"] = {
      sends("\130\127" .. (">I8"):pack(1048577)), "limit", "too large" },
  } do
    it("is told of a server that " .. title .. ": " .. case[2], function()
      attach(json, case[1])
      local done, kind, reason = ended():match "^(%S+)\t(%S+)\t(.*)$"
      assert.same({ "nil", case[2] }, { done, kind }, reason)
      if case[3] and not title:find "masked" then assert.matches(case[3], reason) end
      assert.equal("connected", stage.caller.calls[1].state)
    end)
  end

  it("tells a server that breaks the protocol why, in a close frame (RFC 6455 7.4.1)", function()
    for bytes, code in pairs { ["\131\0"] = 1002, ["\129\1\255"] = 1007,
                               ["\130\127" .. (">I8"):pack(1048577)] = 1009 } do
      attach(json, sends(bytes))
      stage.net:advance "1s"
      assert.equal(code, server.closed)
      stage:close()
    end
    attach(json, says "{")
    stage.net:advance "1s"
    assert.equal(1003, server.closed)
  end)

  it("takes half a sample of binary audio for what it is: invalid", function()
    attach(nil, { on_open = function(one) one:send("binary", "xyz") end })
    assert.matches("^nil\tinvalid\t.*half a sample", ended())
  end)

  it("takes a message of a megabyte", function()
    attach([[buffer = "2m"]], { on_open = function(one)
      one:send("binary", ("\0\32"):rep(524288))
    end })
    stage.net:advance "5s"
    assert.equal(1, #stage:printed())
  end)

  for title, case in pairs {
    ["with 401"] = { "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "rejected", "401" },
    ["with 200"] = { "HTTP/1.1 200 OK\r\n\r\n", "invalid", "nil" },
    ["for another key"] = { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      .. "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
      "invalid", "nil" },
    ["by another protocol"] = { "SSH-2.0-OpenSSH_9.2\r\n\r\n", "invalid", "nil" },
    ["without end"] = { ("X"):rep(9000), "invalid", "nil" },
  } do
    it("hears of a handshake that is answered " .. title .. ": " .. case[2], function()
      attach(nil, { answer = case[1] })
      local kind, code = stage:printed(1)[1]:match "^(%S+)\t(%S+)"
      assert.equal(case[2], kind)
      if case[3] == "401" then assert.equal("401", code) end
    end)
  end

  it("refuses a protocol that nobody asked for, and does without one (RFC 6455 4.1)", function()
    attach(nil, { protocol = "chat" })
    assert.matches("^invalid\t", stage:printed(1)[1])
    stage:close()
    attach(nil, { protocol = "audio.jambonz.org" })
    assert.matches("^attached\t", stage:printed(1)[1])
  end)

  it("gives up a handshake that nobody answers: timeout", function()
    attach([[timeout = "2s"]], { answer = "" })
    assert.equal("timeout	408	10.0.0.9:8080 did not answer within 2 s", stage:printed(1)[1])
  end)

  it("hears of a server that closes in the handshake: gone", function()
    attach(nil, { answer = "", on_peer = function(peer) peer:close() end })
    assert.matches("^gone\t.*in the handshake", stage:printed(1)[1])
  end)

  it("gives up a server that vanished (half open), and one that says nothing: timeout", function()
    attach [[patience = "2s"]]
    stage.net:cut("10.0.0.9")
    stage.net:advance "10s"
    assert.equal("nil	timeout	the server acknowledged nothing for 2 s", ended())
    stage:close()
    attach [[idle = "5s"]]
    assert.equal("nil	timeout	the server sent nothing for 5 s", ended())
  end)

  it("gives up a server that asks and does not read: limit", function()
    attach(json .. [[, patience = "60s"]])
    server.peer:hold(true)
    for _ = 1, 6000 do server:send("ping", ("x"):rep(125)) end
    assert.matches("^nil\tlimit\t", ended())
  end)

  it("waits for a thousand marks, and not for one more: limit", function()
    attach(json, { on_open = function(one)
      one:say { event = "media", media = { payload = core.base64(core.ulaw(loud_samples(9))) } }
      for at = 1, 1000 do one:say { event = "mark", mark = { name = tostring(at) } } end
    end })
    stage.net:advance "1s"
    assert.equal(1, #stage:printed())
    server:say { event = "mark", mark = { name = "one more" } }
    assert.matches("^nil\tlimit\tmore than 1000 marks", ended())
  end)

  it("goes over TLS by wss, at port 443", function()
    stage = ivr.stage [[
      local stream, err = call:stream { to = "wss://voice.example/a", tls = { verify = false } }
      print(stream and "attached", err)
      stream:wait()
    ]]
    stage.net:dns("voice.example", { "10.0.0.9" })
    stage.net:server("10.0.0.9:443", function(peer) server = web_server.serve(peer) end)
    stage:call()
    assert.equal("attached	nil", stage:printed(1)[1])
    assert.matches("\r\nHost: voice.example\r\n", server.head)
  end)

  it("refuses what makes no sense at the script's line", function()
    stage = ivr.stage [[
      for _, options in ipairs {
        { to = "ws://a", framing = "xml" }, { to = "ws://a", encoding = "opus" },
        { to = "ws://a", encoding = "ulaw" }, { to = "ws://a", framing = "json", rate = 16000 },
        { to = "ws://a", framing = "json", what = "stereo" }, { to = "ws://a b" },
        { to = "ws://a/x y" }, { to = "ws://user@a" }, { to = "ws://a:0" }, { to = "ws://a/#x" },
        { to = "ws://a", protocol = "a b" }, { to = "ws://a", tls = {} },
        { to = "wss://a", tls = { name = "x" } }, { to = "ws://a", metadata = "x" },
        { to = "ws://a", headers = { ["X\r\n"] = "y" } }, { to = "audiosocket://a:1/x" },
        { to = "audiosocket://a:1", framing = "json" }, { framing = "json" },
      } do
        local ok, err = pcall(function() call:stream(options) end)
        print(ok, tostring(err):find "ivr.lua:%d+: bad argument" ~= nil)
      end
      call:hangup()
    ]]
    stage:call()
    for at, line in ipairs(stage:printed(18)) do assert.equal("false	true", line, at) end
  end)

  it("leaves nothing behind when the call ends", function()
    attach(json)
    stage.caller:hangup()
    assert(stage.net:settle())
    local left <const>, parts <const> = stage.net:live()
    assert.equal(0, left, parts and next(parts))
  end)
end)
