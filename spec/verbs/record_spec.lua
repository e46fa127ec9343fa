-- SPDX-License-Identifier: MIT
-- call:record, call:start_record and call:monitor: WAV files of what is said.

local core <const> = require "moonsip.core"
local ivr <const> = require "spec.support.ivr"

describe("call:record", function()
  local stage
  local function serve(script, options)
    stage = ivr.stage(script, options)
    stage:call()
  end
  after_each(function() stage:close() end)

  -- What one recording gave.
  local function records(options)
    serve(([[
      local info, err = call:record(%s)
      if info then
        print(info.why, info.seconds, info.file == folder .. "/out.wav", info.digit)
      else
        print(nil, err.kind, err.recording and err.recording.seconds)
      end
      sip.sleep "1s"
      call:hangup()
    ]]):format(options))
  end

  it("keeps what is said until a key, without the key's own sound", function()
    records [[{ file = folder .. "/out.wav", beep = false }]]
    stage.caller:says "welcome.wav"
    stage.caller:press "#"
    local out <const> = stage:printed(1)[1]
    assert.matches("^key	1%.%d+	true	#$", out)
    local samples <const>, rate = stage:read "out.wav"
    assert.equal(8000, rate)
    local share <const> = core.likeness(ivr.samples "welcome.wav", samples)
    assert.is_true(share > 0.95, share)
  end)

  it("begins after a beep", function()
    records [[{ file = folder .. "/out.wav" }]]
    stage.net:advance "500ms"
    stage.caller:press "1"
    assert.matches("^key	0%.[0-4]", stage:printed(1)[1])
  end)

  it("ends when nothing is said any more, and leaves that out", function()
    records [[{ file = folder .. "/out.wav", beep = false, silence = "2s" }]]
    stage.caller:says "welcome.wav"
    local why <const>, seconds = stage:printed(1)[1]:match "^(%l+)	([%d.]+)"
    assert.equal("silence", why)
    assert.near(1.2, tonumber(seconds), 0.3)
  end)

  it("ends at its limit", function()
    records [[{ file = folder .. "/out.wav", beep = false, max = "700ms", stop = "" }]]
    stage.caller:says { "welcome.wav", loop = 3 }
    assert.matches("^max	0%.7	", stage:printed(1)[1])
  end)

  it("keeps the file when the caller hangs up, complete when the script goes on", function()
    serve [[
      local info, err = call:record { file = folder .. "/out.wav", beep = false }
      local file = io.open(folder .. "/out.wav", "rb")
      local bytes = file:read "a"
      print(info, err.kind, err.recording.seconds > 1, #bytes == 44 + ("<I4"):unpack(bytes, 41))
    ]]
    stage.caller:says "welcome.wav"
    stage.caller:hangup()
    assert.same({ "nil	hangup	true	true" }, stage:printed(1))
    local share <const> = core.likeness(ivr.samples "welcome.wav", (stage:read "out.wav"))
    assert.is_true(share > 0.95)
  end)

  it("is nil, io where nothing can be written, and the call goes on", function()
    records [[{ file = "/nonexistent/out.wav", beep = false }]]
    assert.matches("^nil	io", stage:printed(1)[1])
    stage.net:advance "500ms"
    assert.equal("connected", stage.caller.calls[1].state)
  end)

  -- A file system of 64 KB in the stage's folder, where we may make one.
  local function small_disk(fn)
    local path <const> = stage:path "small"
    local output, status = stage.folder:run(("mkdir %s && mount -t tmpfs -o size=64k none %s")
      :format(path, path))
    if status ~= 0 then return assert.not_equal("0\n", (stage.folder:run "id -u"), output) end
    local ok, err = pcall(fn, path)
    stage.folder:run("umount " .. path)
    if not ok then error(err, 0) end
  end

  it("ends with a named error when the disk is full; what it wrote is there", function()
    stage = ivr.stage [[
      local info, err = call:record { file = folder .. "/small/out.wav", beep = false,
                                      silence = false, stop = "" }
      print(info, err.kind, err.name, err.recording.seconds > 3, call.state)
      call:play "welcome.wav"
      call:hangup()
    ]]
    small_disk(function(path)
      stage:call()
      stage.caller.calls[1]:play({ "welcome.wav", loop = 9 }, function() end)
      assert.equal("nil	io	ENOSPC	true	connected", stage:printed(1)[1])
      assert(stage.caller:hears "welcome.wav")
      local samples <const> = stage:read "small/out.wav"
      assert.is_true(#samples > 48000, #samples)
      local share <const> = core.likeness(ivr.samples "welcome.wav", samples)
      assert.is_true(share > 0.95, share)
      assert.equal("", (stage.folder:run("soxi " .. path .. "/out.wav | grep -i fail")))
    end)
  end)

  it("leaves so much of the disk free as it is told to (min_free)", function()
    stage = ivr.stage [[
      local wish = { file = folder .. "/small/out.wav", beep = false, silence = false, stop = "",
                     min_free = 32768 }
      local info, err = call:record(wish)
      print(info, err.kind, err.name, err.recording.seconds > 1)
      wish.min_free = 1 << 40
      print(select(2, call:record(wish)).name)
      call:hangup()
    ]]
    small_disk(function(path)
      stage:call()
      assert.same({ "nil	io	ENOSPC	true", "ENOSPC" }, stage:printed(2))
      local size <const> = tonumber((stage.folder:run("stat -c %s " .. path .. "/out.wav")))
      assert.is_true(size < 32768 + 16000, size)
    end)
  end)

  it("has its turn behind a prompt", function()
    serve [[
      call:play("welcome.wav", function() print "played" end)
      local info = call:record { file = folder .. "/out.wav", beep = false, max = "1s" }
      print(info.why)
      call:hangup()
    ]]
    assert(stage.caller:hears "welcome.wav")
    stage.caller:says { "welcome.wav", loop = 3 }
    assert.same({ "played", "max" }, stage:printed(2))
  end)

  it("appends, and writes other encodings", function()
    serve [[
      local wish = { file = folder .. "/out.wav", beep = false, max = "500ms", append = true,
                     trim = false, silence = false }
      call:record(wish)
      call:record(wish)
      call:record { file = folder .. "/ulaw.wav", beep = false, max = "500ms", format = "ulaw" }
      print "done"
      call:hangup()
    ]]
    stage.caller:says { "welcome.wav", loop = 5 }
    stage:printed(1)
    assert.near(8000, #(stage:read "out.wav") // 2, 200)
    local info <const> = stage.folder:run("soxi -e " .. stage:path "ulaw.wav")
    assert.matches("u%-law", info)
  end)

  it("refuses what makes no sense at the script's line", function()
    serve [[
      for _, options in ipairs { {}, { file = 7 }, { file = "x", channels = 3 },
                                 { file = "x", what = "odd" }, { file = "x", format = "mp3" },
                                 { file = "x", stop = "y" }, { file = "x", odd = 1 } } do
        local ok, err = pcall(function() call:record(options) end)
        print(ok, err:find "ivr.lua:%d+: bad argument" ~= nil)
      end
      call:hangup()
    ]]
    for _, line in ipairs(stage:printed(7)) do assert.equal("false	true", line) end
  end)
end)

describe("a recording in the background", function()
  local stage
  local function serve(script, options)
    stage = ivr.stage(script, options)
    stage:call()
  end
  after_each(function() stage:close() end)

  it("has both sides, mixed, while verbs run", function()
    serve([[
      local tape = assert(call:monitor(folder .. "/both.wav"))
      call:play "welcome.wav"
      call:gather { max = 1 }
      tape:stop()
      local info = tape:wait()
      print(info.why, tape.done)
      call:hangup()
    ]], { prompts = { "welcome.wav", "mine.wav" } })
    stage.caller:hears "welcome.wav"
    stage.caller:says "mine.wav"
    stage.caller:press "1"
    assert.same({ "stopped	true" }, stage:printed(1))
    local samples <const> = stage:read "both.wav"
    assert.is_true(core.likeness(ivr.samples "welcome.wav", samples) > 0.9)
    assert.is_true(core.likeness(ivr.samples "mine.wav", samples) > 0.9)
  end)

  it("has them apart in two channels", function()
    serve([[
      local tape <close> = assert(call:monitor { file = folder .. "/stereo.wav", channels = 2 })
      call:play "welcome.wav"
      sip.sleep "2s"
      call:hangup()
    ]], { prompts = { "welcome.wav", "mine.wav" } })
    stage.caller:says "mine.wav"
    stage.net:advance "4s"
    local sides <const> = stage:read "stereo.wav"
    assert.is_true(core.likeness(ivr.samples "mine.wav", sides[1]) > 0.9)
    assert.is_true(core.likeness(ivr.samples "welcome.wav", sides[2]) > 0.9)
    assert.is_true(core.likeness(ivr.samples "mine.wav", sides[2]) < 0.3)
  end)

  it("of start_record has what they say", function()
    serve([[
      local tape = assert(call:start_record { file = folder .. "/in.wav" })
      call:play "welcome.wav"
      call:wait_end()
      print(tape:wait().why)
    ]], { prompts = { "welcome.wav", "mine.wav" } })
    stage.caller:says "mine.wav"
    stage.caller:hangup()
    assert.same({ "hangup" }, stage:printed(1))
    local samples <const> = stage:read "in.wav"
    assert.is_true(core.likeness(ivr.samples "mine.wav", samples) > 0.9)
    assert.is_true(core.likeness(ivr.samples "welcome.wav", samples) < 0.3)
  end)

  it("is silent while it is paused", function()
    serve [[
      local tape = assert(call:start_record { file = folder .. "/in.wav" })
      sip.sleep "500ms"
      tape:pause()
      sip.sleep "1s"
      tape:resume()
      sip.sleep "500ms"
      call:hangup()
      print(tape:wait().seconds)
    ]]
    stage.caller:says { "welcome.wav", loop = 3 }
    assert.near(2, tonumber(stage:printed(1)[1]), 0.1)
    local samples <const> = stage:read "in.wav"
    local function loud(from, to)
      local sum = 0
      for at = from * 16000 // 1 + 1, to * 16000 // 1 - 1, 2 do
        sum = sum + math.abs((("<i2"):unpack(samples, at)))
      end
      return sum / ((to - from) * 8000)
    end
    assert.is_true(loud(0.1, 0.4) > 500)
    assert.is_true(loud(0.7, 1.3) < 10)
    assert.is_true(loud(1.7, 1.95) > 500)
  end)

  it("is nil, err where there is nothing to record", function()
    serve [[
      call:hangup()
      local tape, err = call:start_record "x.wav"
      print(tape, err.kind)
    ]]
    assert.same({ "nil	hangup" }, stage:printed(1))
  end)
end)
