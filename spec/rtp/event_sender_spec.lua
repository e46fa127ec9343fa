-- SPDX-License-Identifier: MIT
--
-- Telephone events sent (RFC 4733 2.5.1): digits, gaps, pauses and long events.

local face <const> = require "rtp_face"
local playout <const> = require "rtp_playout_face"
local rtp <const> = require "spec.support.rtp"

describe("A sender of events (RFC 4733 2.5.1)", function()
  local events, at

  before_each(function()
    events, at = playout.events(), 0xffffffe0
  end)

  -- What the next ticks of 20 ms send: "M 160", "320", "E 800", or "-" for audio.
  local function ticks(count)
    local list = {}
    for i = 1, count do
      local got = events:tick(at & 0xffffffff, 160)
      at = at + 160
      local e = got and face.event(got.payload)
      list[i] = not got and "-"
        or (got.marker and "M " or "") .. (e.stop and "E " or "") .. e.duration
    end
    return table.concat(list, " | ")
  end

  it("sends a digit of 100 ms, its end three times (2.5.1.4)", function()
    assert.is_true(events:push { code = 5 })
    assert.equal("M 160 | 320 | 480 | 640 | E 800 | E 800 | E 800 | - | -", ticks(9))
    assert.is_true(events:is_busy())
    ticks(1)
    assert.is_false(events:is_busy())
  end)

  it("keeps one timestamp for an event, one volume and code", function()
    events:push { code = 11, volume = 63 }
    for _ = 1, 7 do
      local got = events:tick(at & 0xffffffff, 160)
      at = at + 160
      assert.equal(0xffffffe0, got.timestamp)
      local e = face.event(got.payload)
      assert.equal(11, e.code)
      assert.equal(63, e.volume)
    end
  end)

  it("sends digits one after the other with at least 70 ms between", function()
    events:push { code = 1 }
    events:push { code = 1 }
    assert.equal("M 160 | 320 | 480 | 640 | E 800 | E 800 | E 800 | - | - | M 160", ticks(10))
  end)

  it("sends the last end of one before the next begins, whatever the gap is", function()
    events:push { code = 1, duration = 160, gap = 0 }
    events:push { code = 2, duration = 160, gap = 0 }
    assert.equal("M E 160 | E 160 | E 160 | M E 160 | E 160 | E 160 | -", ticks(7))
  end)

  it("rounds no duration: the end says how long it was", function()
    events:push { code = 1, duration = 560 }
    assert.equal("M 160 | 320 | 480 | E 560 | E 560 | E 560 | -", ticks(7))
    events:push { code = 1, duration = 1 }
    assert.equal("M E 1 | E 1 | E 1", ticks(3))
  end)

  it("is silent for a pause", function()
    events:push { pause = true, duration = 4000, gap = 0 }
    events:push { code = 9 }
    assert.equal(("- | "):rep(25) .. "M 160", ticks(26))
  end)

  it("sends a long event in segments of 65535 ticks (2.5.1.3)", function()
    local receiver = playout.receiver()
    events:push { code = 16, duration = 65535 * 2 + 400, gap = 0 }
    local reports, markers, stamps, full = {}, 0, {}, 0
    for i = 1, 900 do
      local timestamp = at & 0xffffffff
      local got = events:tick(timestamp, 160)
      at = at + 160
      if got then
        local e = face.event(got.payload)
        markers = markers + (got.marker and 1 or 0)
        if stamps[#stamps] ~= got.timestamp then stamps[#stamps + 1] = got.timestamp end
        if e.duration == 65535 then
          full = full + 1
          assert.is_false(e.stop)
        end
        for _, r in ipairs(receiver:packet(got, i * 20 * rtp.MS)) do reports[#reports + 1] = r end
      end
    end
    assert.equal(1, markers)
    assert.equal(6, full) -- each segment's last packet three times
    assert.same({ 0xffffffe0, 0xffdf, 0x1ffde }, stamps) -- 65535 apart
    assert.equal(2, #reports)
    assert.equal("ended", reports[2].phase)
    assert.equal(65535 * 2 + 400, reports[2].duration)
  end)

  it("sends 65535 ticks as one segment, and 65536 as two", function()
    for duration, segments in pairs { [65535] = 1, [65536] = 2 } do
      events, at = playout.events(), 0
      events:push { code = 16, duration = duration, gap = 0 }
      local stamps, last = {}, nil
      while events:is_busy() do
        local got = events:tick(at, 160)
        at = at + 160
        if got then
          stamps[got.timestamp] = true
          last = face.event(got.payload)
        end
      end
      local count = 0
      for _ in pairs(stamps) do count = count + 1 end
      assert.equal(segments, count)
      assert.is_true(last.stop)
      assert.equal(segments == 1 and 65535 or 1, last.duration)
    end
  end)

  it("ends at once when it is stopped, and gives up what waits", function()
    events:push { code = 1 }
    events:push { code = 2 }
    assert.equal("M 160 | 320", ticks(2))
    events:stop()
    assert.equal("E 320 | E 320 | E 320 | - | -", ticks(5))
    assert.is_false(events:is_busy())
    events:push { code = 3 }
    events:stop() -- it had not begun
    assert.is_false(events:is_busy())
    assert.equal("-", ticks(1))
  end)

  it("ends an event whose length shows only then, and goes on with what waits", function()
    events:push { code = 1, duration = 0x7fffffff }
    assert.equal("M 160 | 320 | 480", ticks(3))
    events:shorten(320)
    assert.equal("E 480 | E 480 | E 480", ticks(3)) -- what was sent cannot be taken back
    events:push { code = 2, duration = 8000 }
    events:shorten(320) -- it waits
    assert.equal("- | M 160 | E 320 | E 320 | E 320 | -", ticks(6))
    events:shorten(160) -- it is over
    ticks(4)
    assert.is_false(events:is_busy())
    events:shorten(160)
    events:push { code = 3, duration = 320, gap = 0 }
    events:shorten(8000) -- never longer
    assert.equal("M 160 | E 320 | E 320 | E 320 | -", ticks(5))
  end)

  it("holds 32 orders, and no 33rd", function()
    for i = 1, 32 do assert.is_true(events:push { code = i % 16 }) end
    assert.is_false(events:push { code = 1 })
    ticks(10)
    assert.is_true(events:push { code = 1 })
  end)

  it("takes no order that makes no sense", function()
    assert.is_false(events:push { duration = 0 })
    assert.is_false(events:push { volume = 64 })
    assert.is_true(events:push { volume = 63 })
    assert.is_false(events:push { duration = 0x80000000 })
    assert.is_true(events:push { duration = 0x7fffffff })
    assert.is_false(events:push { gap = 0x40000000 })
  end)
end)
