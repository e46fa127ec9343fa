-- SPDX-License-Identifier: MIT
-- call:stream and call:audio: frames of samples, both ways.

local ivr <const> = require "spec.support.ivr"

describe("call:audio", function()
  local stage
  after_each(function() stage:close() end)

  it("gives what the other side says, until the call ends", function()
    stage = ivr.stage [[
      local bytes, loud = 0, 0
      for frame in call:audio() do
        bytes = bytes + #frame
        for at = 1, #frame - 1, 2 do
          if math.abs((("<i2"):unpack(frame, at))) > 1000 then loud = loud + 1 end
        end
      end
      print(bytes // 16000, loud > 3000, call.state)
    ]]
    stage:call()
    stage.caller:says "welcome.wav"
    stage.net:advance "1s"
    stage.caller:hangup()
    assert.same({ "2	true	ended" }, stage:printed(1))
  end)

  it("stops when the loop is left", function()
    stage = ivr.stage [[
      local count, core = 0, call.sound.hub.core
      sip.sleep "100ms" -- the caller's own ears open
      local before = core:counts().verbs
      for _ in call:audio { rate = 16000 } do
        count = count + 1
        if count == 5 then break end
      end
      sip.sleep "100ms"
      print(count, core:counts().verbs - before)
      call:hangup()
    ]]
    stage:call()
    assert.same({ "5	0" }, stage:printed(1))
  end)

  it("is empty where there is no audio", function()
    stage = ivr.stage [[
      call:hangup()
      for _ in call:audio() do print "frame" end
      print "done"
    ]]
    stage:call()
    assert.same({ "done" }, stage:printed(1))
  end)
end)

describe("call:stream", function()
  local stage
  after_each(function() stage:close() end)

  it("echoes: what is read is written, and heard a moment later", function()
    stage = ivr.stage [[
      local stream <close> = assert(call:stream())
      while true do
        local bytes, err = stream:read()
        if not bytes then print(err.kind, stream.done) break end
        assert(stream:write(bytes))
      end
    ]]
    stage:call()
    stage.net:advance "100ms"
    local said_at <const> = stage.caller.calls[1].ear:count() / 8000
    stage.caller.calls[1]:play("welcome.wav", function() end)
    local at <const> = assert(stage.caller:hears "welcome.wav")
    assert.is_true(at - said_at < 0.3, at - said_at)
    stage.caller:hangup()
    assert.same({ "hangup	true" }, stage:printed(1))
  end)

  it("waits while more is written than the buffer holds (flow control)", function()
    stage = ivr.stage [[
      local stream <close> = assert(call:stream { buffer = "1s" })
      local began = sip.now()
      assert(stream:write(("\0\16"):rep(8000 * 3)))
      print(sip.now() - began > 1.5, sip.now() - began < 3.1)
      call:hangup()
    ]]
    stage:call()
    assert.same({ "true	true" }, stage:printed(1))
  end)

  it("says when all that was written is heard (marks), or was cleared", function()
    stage = ivr.stage [[
      local stream = assert(call:stream())
      local began = sip.now()
      stream:write(("\0\16"):rep(8000))
      print(stream:mark(), sip.now() - began > 0.95 and sip.now() - began < 1.1)
      stream:write(("\0\16"):rep(8000 * 5))
      stream:mark(function(ok, err) print(ok, err.kind) end)
      sip.sleep "1s"
      stream:clear()
      sip.sleep "100ms"
      stream:close()
      print(select(2, stream:write "\0\0").kind, select(2, stream:read()).kind,
            select(2, stream:mark()).kind)
      call:hangup()
    ]]
    stage:call()
    assert.same({ "true	true", "nil	cancelled", "cancelled	cancelled	cancelled" }, stage:printed(3))
  end)

  it("gives way to a prompt", function()
    stage = ivr.stage [[
      local stream <close> = assert(call:stream())
      stream:write(("\0\16"):rep(8000 * 4))
      call:play "welcome.wav"
      print "played"
      call:wait_end()
    ]]
    stage:call()
    assert(stage.caller:hears "welcome.wav")
    assert.same({ "played" }, stage:printed(1))
  end)

  it("ends a read that waits when the call ends", function()
    stage = ivr.stage [[
      local stream = assert(call:stream { what = "none" })
      print(select(2, stream:read()).kind)
    ]]
    stage:call()
    stage.net:advance "1s"
    stage.caller:hangup()
    assert.same({ "hangup" }, stage:printed(1))
  end)

  it("refuses what makes no sense at the script's line", function()
    stage = ivr.stage [[
      for _, options in ipairs { { rate = 44100 }, { what = "odd" }, { odd = 1 },
                                 { buffer = "x" } } do
        local ok, err = pcall(function() call:stream(options) end)
        print(ok, err:find "ivr.lua:%d+: bad argument" ~= nil)
      end
      call:hangup()
    ]]
    stage:call()
    for _, line in ipairs(stage:printed(4)) do assert.equal("false	true", line) end
  end)
end)
