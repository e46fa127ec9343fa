-- SPDX-License-Identifier: MIT
-- Audio to and from a script: frames, marks, clearing, flow control.

local support = require "spec.support.media"

describe("a stream", function()
  local stage

  before_each(function() stage = support.stage() end)
  after_each(function() stage:close() end)

  it("gives what is heard as 16-bit frames, each once", function()
    local a, b = stage:pair()
    local verb = a:stream { what = "in", speak = false }
    b:play { { tone = "440", ms = 2000 } }
    stage:run(1000)
    local first = stage.media:read(a.id, verb)
    assert.near(16000, #first, 640)
    assert.is_true(support.share(first:sub(3201), 440) > 0.99)
    assert.equal("", stage.media:read(a.id, verb))
    stage:run(200)
    assert.near(3200, #stage.media:read(a.id, verb), 320)
  end)

  it("says that there are frames once, until all were read", function()
    local a = stage:pair()
    local verb = a:stream { what = "in" }
    stage:run(500)
    assert.equal(1, #stage:all("frames", a.id))
    assert.equal(320, #stage.media:read(a.id, verb, 320))
    stage:run(100)
    assert.equal(1, #stage:all("frames", a.id))
    while stage.media:read(a.id, verb) ~= "" do end
    stage:run(100)
    assert.equal(2, #stage:all("frames", a.id))
  end)

  it("gives both sides, mixed or on two channels, at the rate that is wanted", function()
    local a, b = stage:pair()
    a:play { { tone = "1000", ms = 3000 } }
    b:play { { tone = "440", ms = 3000 } }
    local both = a:stream { what = "both", speak = false }
    local stereo = a:stream { what = "stereo", speak = false, rate = 16000 }
    local out = a:stream { what = "out", speak = false, rate = 16000 }
    stage:run(1000)
    local mixed = stage.media:read(a.id, both):sub(4001)
    assert.near(0.5, support.share(mixed, 440), 0.05)
    assert.near(0.5, support.share(mixed, 1000), 0.05)
    local frames, left, right = stage.media:read(a.id, stereo), {}, {}
    for i = 16001, #frames - 3, 4 do
      left[#left + 1], right[#right + 1] = frames:sub(i, i + 1), frames:sub(i + 2, i + 3)
    end
    assert.is_true(support.share(table.concat(left), 440, 16000) > 0.98)
    assert.is_true(support.share(table.concat(right), 1000, 16000) > 0.98)
    assert.is_true(support.share(stage.media:read(a.id, out):sub(8001), 1000, 16000) > 0.98)
  end)

  for _, rate in ipairs { 8000, 12000, 16000, 24000, 32000, 48000 } do
    it(("hears and says at %d Hz"):format(rate), function()
      local a, b = stage:pair()
      b:listen()
      local verb = a:stream { what = "in", rate = rate }
      b:play { { tone = "440", ms = 2000 } }
      stage.media:write(a.id, verb, support.sine(1000, 1000, rate))
      stage:run(1000)
      local frames = stage.media:read(a.id, verb)
      assert.near(rate * 2, #frames, rate // 10)
      assert.is_true(support.share(frames:sub(rate // 5 * 2 + 1), 440, rate) > 0.98)
      assert.is_true(support.share(b:heard():sub(3201, 14000), 1000) > 0.98)
    end)
  end

  it("sends what is written, in the place of bridge and silence", function()
    local a, b = stage:pair()
    b:listen()
    local verb = a:stream { what = "none" }
    local samples = support.sine(440, 1000)
    assert.equal(#samples, stage.media:write(a.id, verb, samples))
    stage:run(1200)
    local heard = b:heard()
    assert.is_true(support.share(heard:sub(3201, 14000), 440) > 0.99)
    assert.is_true(support.loudness(heard:sub(-1600)) < 10)
  end)

  it("lets a verb speak first, and goes on after it without a loss", function()
    local a, b = stage:pair()
    b:listen()
    local verb = a:stream { what = "none" }
    stage.media:write(a.id, verb, support.sine(440, 1000))
    stage:run(500)
    a:play { { tone = "1000", ms = 1000 } }
    stage:run(2200)
    local heard = b:heard()
    local loud = { ["440"] = 0, ["1000"] = 0 }
    for at = 1, #heard - 320, 320 do
      local frame = heard:sub(at, at + 319)
      if support.loudness(frame) > 200 then
        for _, hz in ipairs { "440", "1000" } do
          if support.share(frame, tonumber(hz)) > 0.5 then loud[hz] = loud[hz] + 1 end
        end
      end
    end
    assert.near(50, loud["440"], 3)
    assert.near(50, loud["1000"], 3)
  end)

  it("tells marks when what was written before them was sent", function()
    local a = stage:pair()
    local verb = a:stream { what = "none" }
    stage.media:mark(a.id, verb, 1)
    stage.media:write(a.id, verb, support.sine(440, 500))
    stage.media:mark(a.id, verb, 2)
    stage.media:write(a.id, verb, support.sine(440, 500))
    stage.media:mark(a.id, verb, 3)
    stage:run(1200)
    local marks = stage:all("mark", a.id)
    local told = {}
    for i, mark in ipairs(marks) do told[i] = { mark[2], mark[3] } end
    assert.same({ { 1, false }, { 2, false }, { 3, false } }, told)
    assert.near(20, marks[1].at, 20)
    assert.near(500, marks[2].at, 21)
    assert.near(1000, marks[3].at, 21)
  end)

  it("is cleared at once: barge-in within 40 ms, its marks told as cleared", function()
    local a = stage:pair()
    local verb = a:stream { what = "none" }
    stage.media:write(a.id, verb, support.sine(440, 500))
    stage.media:mark(a.id, verb, 1)
    stage.media:write(a.id, verb, support.sine(440, 5000))
    stage.media:mark(a.id, verb, 2)
    stage:run(1000)
    assert(stage.media:clear(a.id, verb))
    stage.media:write(a.id, verb, support.sine(1000, 100))
    stage.media:mark(a.id, verb, 3)
    local cleared_at = stage.fabric:now()
    stage:run(500)
    local told = {}
    for i, mark in ipairs(stage:all("mark", a.id)) do told[i] = { mark[2], mark[3] } end
    assert.same({ { 1, false }, { 2, true }, { 3, false } }, told)
    local loud_after = 0
    for _, packet in ipairs(stage:sent(a, 0)) do
      if packet.at > cleared_at and packet.payload ~= ("\xff"):rep(160) then
        loud_after = loud_after + 1
        assert.is_true(packet.at <= cleared_at + 140)
      end
    end
    assert.equal(5, loud_after)
  end)

  it("holds no more than its buffer: xoff, and xon when half of it is free", function()
    local a = stage:pair()
    local verb = a:stream { what = "none", buffer = 1000 }
    local second = support.sine(440, 1000)
    assert.equal(14400, stage.media:write(a.id, verb, second:sub(1, 14400)))
    assert.equal(0, #stage:all("xoff", a.id))
    assert.equal(1600, stage.media:write(a.id, verb, second))
    assert.equal(1, #stage:all("xoff", a.id))
    assert.equal(0, stage.media:write(a.id, verb, second))
    assert.equal(1, #stage:all("xoff", a.id))
    stage:run(480)
    assert.equal(0, #stage:all("xon", a.id))
    stage:run(60)
    assert.equal(1, #stage:all("xon", a.id))
    assert.is_true(stage.media:write(a.id, verb, second) > 8000)
  end)

  it("never grows past its buffer when nobody reads; what is lost is said", function()
    local a = stage:pair()
    local verb = a:stream { what = "in", buffer = 1000, speak = false }
    stage:run(10000)
    assert.is_true(#stage.media:read(a.id, verb) <= 16384 * 2)
    stage.media:stop(a.id, verb)
    local ended = stage:ended(a.id, verb)
    assert.equal("stopped", ended.why)
    assert.near(9000, ended.info.dropped, 1100)
  end)

  it("is finished when all was sent", function()
    local a = stage:pair()
    local verb = a:stream { what = "none" }
    stage.media:write(a.id, verb, support.sine(440, 500))
    stage.media:finish(a.id, verb)
    local ended = stage:ended(a.id, verb)
    assert.equal("done", ended.why)
    assert.near(500, ended.at, 41)
    assert.equal("gone", select(2, stage.media:write(a.id, verb, "")).kind)
  end)

  it("echoes with at most 80 ms added", function()
    local a, b = stage:pair()
    b:listen()
    local verb = a:stream { what = "in" }
    stage.on = function(event)
      if event.kind ~= "frames" or event.id ~= a.id then return end
      repeat
        local frames = stage.media:read(a.id, verb)
        stage.media:write(a.id, verb, frames)
      until frames == ""
    end
    stage:run(500)
    b:play { stage:clip(support.sine(440, 100)) }
    local said_at = stage.fabric:now()
    stage:run(1000)
    local began
    for _, packet in ipairs(stage:sent(a, 0)) do
      local loud = packet.at >= said_at and packet.payload:find "[^\xff\x7f\xfe\x7e]"
      began = began or loud and packet.at
    end
    -- one frame of the caller, the jitter buffer (40 ms at first), and us
    assert.is_true(began - said_at <= 20 + 40 + 80, began - said_at)
  end)

  it("refuses what is no sample, and streams that have ended", function()
    local a = stage:pair()
    local verb = a:stream {}
    assert.has_error(function() stage.media:write(a.id, verb, "x") end)
    local deaf = a:stream { speak = false }
    assert.equal("invalid", select(2, stage.media:write(a.id, deaf, "xx")).kind)
    assert.equal("gone", select(2, stage.media:read(a.id, 99)).kind)
    assert.has_error(function() a:stream { rate = 11025 } end)
    assert.has_error(function() a:stream { buffer = 0 } end)
  end)

  it("has at most 64 marks on their way (limit)", function()
    local a = stage:pair()
    local verb = a:stream { what = "none" }
    stage.media:write(a.id, verb, support.sine(440, 500))
    for i = 1, 64 do assert(stage.media:mark(a.id, verb, i)) end
    assert.equal("limit", select(2, stage.media:mark(a.id, verb, 65)).kind)
    stage:run(1000)
    assert.equal(64, #stage:all("mark", a.id))
  end)
end)
