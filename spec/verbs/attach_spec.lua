-- SPDX-License-Identifier: MIT
-- call:stream with a program at its other end: AudioSocket over TCP, and what servers do to it.

local ivr <const> = require "spec.support.ivr"
local loud <const> = require "spec.support.loud"

local HANGUP <const>, UUID <const>, DTMF <const>, AUDIO <const>, ERROR <const> =
  0x00, 0x01, 0x03, 0x10, 0xff

local function frame(kind, payload) return (">Bs2"):pack(kind, payload or "") end

-- Frames of what a server received, as { kind, payload }.
local function frames(bytes)
  local found, at = {}, 1
  while at + 2 <= #bytes do
    local kind, payload, after = (">Bs2"):unpack(bytes, at)
    found[#found + 1] = { kind, payload }
    at = after
  end
  assert(at == #bytes + 1, "half a frame")
  return found
end

local function of_kind(bytes, kind)
  local found = {}
  for _, one in ipairs(frames(bytes)) do
    if one[1] == kind then found[#found + 1] = one[2] end
  end
  return found
end

describe("call:stream { to }", function()
  local stage, server

  -- A call that is attached to a server; `serve(peer)` is what it does with a connection.
  local function attach(options, serve, script)
    stage = ivr.stage(([[
      local stream, err = call:stream { to = "audiosocket://10.0.0.9:9092", %s }
      print(stream and "attached" or err.kind, err and err.name, err and err.reason)
      if not stream then return call:hangup() end
      %s
      local done, why = stream:wait()
      print(done, why and why.kind, why and why.reason)
    ]]):format(options or "", script or ""))
    server = stage.net:server("10.0.0.9:9092", serve)
    stage:call()
    stage.net:advance "100ms"
    return server.peers[1]
  end

  after_each(function() stage:close() end)

  local function ended() return stage:printed(2)[2] end

  it("begins with a UUID, then has the audio, in frames of 20 ms", function()
    local peer <const> = attach [[uuid = "40325ec2-5efd-4bd3-805f-53576e581d13"]]
    stage.net:advance "1s"
    local all <const> = frames(peer.received)
    assert.equal(UUID, all[1][1])
    assert.equal("40325ec25efd4bd3805f53576e581d13",
      (all[1][2]:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)))
    assert.near(55, #all, 3)
    for at = 2, #all do
      assert.equal(AUDIO, all[at][1])
      assert.equal(320, #all[at][2])
    end
  end)

  it("makes a random UUID, other for each call (RFC 9562 5.4)", function()
    attach(nil, nil, "print(stream.uuid)")
    local uuid <const> = stage:printed(2)[2]
    assert.matches("^%x+%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$", uuid)
    assert.equal(36, #uuid)
  end)

  it("carries what is said to the server, and what the server says to the caller", function()
    attach(nil, function(peer)
      peer.on_data = function(_, bytes)
        for _, one in ipairs(frames(bytes)) do
          if one[1] == AUDIO then peer:send(frame(AUDIO, one[2])) end
        end
      end
    end)
    stage.net:advance "100ms"
    local said_at <const> = stage.caller.calls[1].ear:count() / 8000
    stage.caller.calls[1]:play("welcome.wav", function() end)
    local at <const> = assert(stage.caller:hears "welcome.wav")
    assert.is_true(at - said_at < 0.3, at - said_at)
  end)

  for rate, kind in pairs { [8000] = 0x10, [12000] = 0x11, [16000] = 0x12, [24000] = 0x13,
                            [32000] = 0x14, [48000] = 0x16 } do
    it(("has audio of %d Hz as kind 0x%02x, both ways"):format(rate, kind), function()
      local peer <const> = attach(("rate = %d"):format(rate), function(one)
        one:send(frame(kind, ("\0\32"):rep(rate // 5)))
      end)
      stage.net:advance "1s"
      local heard <const> = of_kind(peer.received, kind)
      assert.is_true(#heard > 40)
      assert.equal(rate // 50 * 2, #heard[1])
      assert.near(1600, (loud(stage.caller.calls[1].ear)), 330)
    end)
  end

  it("ends well when the server hangs up, when all is said", function()
    attach(nil, function(peer)
      peer:send(frame(AUDIO, ("\0\32"):rep(8000)) .. frame(HANGUP))
    end, "local began = sip.now()")
    local from <const> = stage.net:now()
    assert.equal("true	nil	nil", ended())
    assert.near(1, stage.net:now() - from, 0.2)
    stage.net:advance "100ms"
    assert.equal("end", server.peers[1].ended)
    assert.same({ frame(HANGUP) }, { server.peers[1].received:sub(-3) })
  end)

  it("tells the server of digits, and sends its own", function()
    local peer <const> = attach()
    stage.caller:press "4#"
    stage.net:advance "500ms"
    assert.same({ "4", "#" }, of_kind(peer.received, DTMF))
    local digits = {}
    stage.caller.calls[1]:on("dtmf", function(digit) table.insert(digits, digit) end)
    peer:send(frame(DTMF, "7") .. frame(DTMF, "\1"))
    stage.net:advance "1s"
    assert.same({ "7" }, digits)
  end)

  it("keeps digits to itself where it is told to", function()
    local peer <const> = attach "digits = false"
    stage.caller:press "4"
    stage.net:advance "500ms"
    assert.same({}, of_kind(peer.received, DTMF))
  end)

  it("says that the call ended: a hang-up frame, and the end", function()
    local peer <const> = attach()
    stage.net:advance "1s"
    stage.caller:hangup()
    assert.equal("nil	hangup	the other side hung up", ended())
    stage.net:advance "100ms"
    assert.equal(frame(HANGUP), peer.received:sub(-3))
    assert.equal("end", peer.ended)
  end)

  it("is closed by the script; the call goes on", function()
    local peer <const> = attach(nil, nil, [[
      sip.sleep "1s"
      stream:close()
      call:play "welcome.wav"
    ]])
    assert.equal("nil	cancelled	the stream has ended", ended())
    assert.equal(frame(HANGUP), peer.received:sub(-3))
    assert(stage.caller:hears "welcome.wav")
    assert.equal("connected", stage.caller.calls[1].state)
  end)

  it("drops what the server said when it is cleared (barge-in), also what did not fit", function()
    local peer <const> = attach([[buffer = "1s"]], function(one)
      one:send(frame(AUDIO, ("\0\32"):rep(30000)))
    end, [[
      sip.sleep "100ms"
      stream:mark(function(ok, err) print("mark", ok, err and err.kind) end)
      call:on("dtmf", function() stream:clear() end)
    ]])
    stage.net:advance "500ms"
    stage.caller:press "*"
    stage.net:advance "1s"
    local ear <const> = stage.caller.calls[1].ear
    local _, last <const> = loud(ear)
    assert.is_true(last / 8000 < 1, last / 8000)
    local from <const> = ear:count()
    assert.equal("mark	nil	cancelled", stage:printed(2)[2])
    peer:send(frame(AUDIO, ("\0\32"):rep(1600)))
    stage.net:advance "1s"
    assert.near(1600, (loud(ear, from)), 200)
  end)

  it("says when all that the server sent is said (marks)", function()
    attach(nil, function(peer) peer:send(frame(AUDIO, ("\0\32"):rep(8000))) end, [[
      sip.sleep "50ms"
      local began = sip.now()
      print(stream:mark(), sip.now() - began > 0.7 and sip.now() - began < 1.2)
    ]])
    assert.equal("true	true", stage:printed(2)[2])
  end)

  it("holds a server up that sends faster than people speak (flow control)", function()
    local peer <const> = attach([[buffer = "1s"]], function(one)
      for _ = 1, 1000 do one:send(frame(AUDIO, ("\0\32"):rep(800))) end
    end)
    stage.net:advance "3s"
    -- 1.6 MB: what is not said yet is a second, a window, and the rest with the server
    assert.is_true(#peer.unsent > 1600000 - (4 + 1) * 16000 - 2 * 65536 - 4000, #peer.unsent)
    local before <const> = #peer.unsent
    stage.net:advance "10s"
    assert.near(160000, before - #peer.unsent, 70000)
    assert.equal("connected", stage.caller.calls[1].state)
  end)

  it("leaves audio in its buffer for a server that reads slowly (bug class 44)", function()
    local peer <const> = attach [[buffer = "1s", patience = "60s"]]
    peer:hold(true)
    stage.net:advance "20s"
    peer:hold(false)
    stage.net:advance "500ms"
    local heard <const> = #of_kind(peer.received, AUDIO)
    -- a window of 64 KB is four seconds
    assert.is_true(heard > 5 * 50 and heard < 7 * 50, heard)
    local before <const> = heard
    stage.net:advance "1s"
    assert.near(50, #of_kind(peer.received, AUDIO) - before, 3)
  end)

  it("gives up a server that does not read: timeout", function()
    attach([[patience = "3s"]]):hold(true)
    stage.net:advance "8s"
    assert.matches("^nil	timeout	the server %l+ nothing for 3 s$", ended())
  end)

  it("gives up a server that vanished (half open): timeout", function()
    attach [[patience = "2s"]]
    stage.net:cut("10.0.0.9")
    stage.net:advance "10s"
    assert.equal("nil	timeout	the server acknowledged nothing for 2 s", ended())
  end)

  it("hears of a reset: transport", function()
    local peer <const> = attach()
    stage.net:advance "1s"
    peer:reset()
    assert.matches("^nil\ttransport\t.*the connection was reset", ended())
    assert.equal("connected", stage.caller.calls[1].state)
  end)

  it("hears of a server that closes without a hang-up, when all is said: gone", function()
    attach(nil, function(peer)
      peer:send(frame(AUDIO, ("\0\32"):rep(8000)))
      peer:close()
    end)
    local from <const> = stage.net:now()
    assert.equal("nil	gone	the server closed the connection without a hang-up", ended())
    assert.near(1, stage.net:now() - from, 0.2)
  end)

  it("gives up a server that is silent for longer than `idle`: timeout", function()
    attach [[idle = "5s"]]
    stage.net:advance "4s"
    assert.equal(1, #stage.ivr.output)
    assert.equal("nil	timeout	the server sent nothing for 5 s", ended())
  end)

  it("lets a server be silent that only listens, and one that is allowed to", function()
    for _, options in ipairs { "speak = false", "idle = false" } do
      attach(options)
      stage.net:advance "3m"
      assert.equal("attached	nil	nil", stage:printed()[1])
      assert.equal(1, #stage:printed())
      stage.caller:hangup()
      stage:close()
    end
  end)

  it("is told of a failure of the server's: rejected", function()
    attach(nil, function(peer) peer:send(frame(ERROR, "\4")) end)
    assert.equal("nil	rejected	the server failed with code 0x04", ended())
  end)

  for title, bytes in pairs {
    ["another protocol"] = "HTTP/1.1 400 Bad Request\r\n\r\n",
    ["half a sample"] = frame(AUDIO, "xyz"),
    ["audio of another rate"] = frame(0x12, "xxxx"),
    ["a UUID of 3 bytes"] = frame(UUID, "abc"),
    ["two digits at once"] = frame(DTMF, "12"),
  } do
    it("refuses " .. title .. ": invalid", function()
      attach(nil, function(peer) peer:send(bytes) end)
      assert.matches("^nil\tinvalid\t", ended())
    end)
  end

  it("reads frames that come byte by byte, empty ones, and the longest", function()
    attach(nil, function(peer)
      local bytes <const> = frame(AUDIO) .. frame(AUDIO, ("\0\32"):rep(32767)) .. frame(HANGUP)
      for at = 1, 2000 do peer:send(bytes:sub(at, at)) end
      peer:send(bytes:sub(2001))
    end)
    assert.equal("true	nil	nil", ended())
  end)

  it("is told that nobody listens there: transport", function()
    stage = ivr.stage [[
      local stream, err = call:stream { to = "audiosocket://10.0.0.9:9092" }
      print(stream, err.kind, err.name)
    ]]
    stage:call()
    assert.equal("nil	transport	ETIMEDOUT", stage:printed(1)[1])
    stage:close()
    stage = ivr.stage [[
      local stream, err = call:stream { to = "audiosocket://10.0.0.9:9093" }
      print(stream, err.kind, err.name)
      print(select(2, call:stream { to = "audiosocket://nowhere.example:1" }).kind)
    ]]
    stage.net:server "10.0.0.9:9092"
    stage:call()
    assert.same({ "nil	transport	ECONNREFUSED", "dns" }, stage:printed(2))
  end)

  it("gives up connecting after `timeout`, and with the call", function()
    stage = ivr.stage [[
      local stream, err = call:stream { to = "audiosocket://10.0.0.9:9092", timeout = "2s" }
      print(stream, err.kind, err.reason)
      stream, err = call:stream { to = "audiosocket://10.0.0.9:9092" }
      print(stream, err.kind)
    ]]
    stage.net:server "10.0.0.9:9092"
    stage.net:cut "10.0.0.9"
    stage:call()
    assert.equal("nil	timeout	10.0.0.9:9092 did not answer within 2 s", stage:printed(1)[1])
    stage.caller:hangup()
    assert.equal("nil	hangup", stage:printed(2)[2])
  end)

  it("is looked up by name, and opened by a callback too", function()
    stage = ivr.stage [[
      call:stream({ to = "audiosocket://voice.example:9092" }, function(stream, err)
        print(stream and "attached", err)
        print(select(2, stream:read()).kind, select(2, stream:write "xx").kind)
      end)
      call:wait_end()
    ]]
    stage.net:dns("voice.example", { "10.0.0.9" })
    stage.net:server "10.0.0.9:9092"
    stage:call()
    assert.same({ "attached	nil", "invalid	invalid" }, stage:printed(2))
  end)

  it("refuses what makes no sense at the script's line", function()
    stage = ivr.stage [[
      for _, options in ipairs {
        { to = "10.0.0.9:9092" }, { to = "audiosocket://10.0.0.9" }, { to = "http://a:1" },
        { to = "audiosocket://a:0" }, { to = "audiosocket://a:65536" },
        { to = "audiosocket://a:1", uuid = "7" }, { to = "audiosocket://a:1", rate = 11025 },
        { to = "audiosocket://a:1", what = "stereo" }, { to = "audiosocket://a\r\n:1" },
        { idle = "1s" }, { frame = "30ms" }, { frame = "2s" },
      } do
        local ok, err = pcall(function() call:stream(options) end)
        print(ok, tostring(err):find "ivr.lua:%d+: bad argument" ~= nil)
      end
      call:hangup()
    ]]
    stage:call()
    for _, line in ipairs(stage:printed(12)) do assert.equal("false	true", line) end
  end)

  it("leaves nothing behind when the call ends, but a moment for the server to close", function()
    attach()
    local ended_at <const> = stage.net:now()
    stage.caller:hangup()
    assert(stage.net:settle())
    assert.is_true(stage.net:now() - ended_at < 40, stage.net:now()) -- its transactions last 32 s
    local left <const>, parts <const> = stage.net:live()
    assert.equal(0, left, parts and next(parts))
  end)
end)
