-- SPDX-License-Identifier: MIT
--
-- The limits of the jitter buffer: packets, bytes, delays, clocks.

local playout <const> = require "rtp_playout_face"
local rtp <const> = require "spec.support.rtp"

describe("The jitter buffer", function()
  local buffer
  local hand <const> = rtp.by_hand(function() return buffer end)
  local put <const>, get <const>, flow <const>, stats <const> =
    hand.put, hand.get, hand.flow, hand.stats

  before_each(function() buffer = playout.jitter {} end)

  it("survives a loss of thousands of packets", function()
    flow(0, 10)
    for tick = 11, 40 do get(tick * 20) end
    flow(2900, 2910)
    assert.equal("n2910", get(2911 * 20))
    assert.equal(0, stats().overflow)
    assert.equal(0, stats().late)
    assert.equal(2889, stats().lost)
  end)

  it("holds 64 packets, and gives up the oldest for the next", function()
    buffer = playout.jitter { memory = 1 << 16 }
    flow(0, 2) -- one is played, two wait
    for n = 3, 64 do put(n, 60) end
    assert.equal(0, stats().overflow)
    put(65, 60)
    assert.equal(1, stats().overflow)
  end)

  it("holds as many bytes as it was given, and gives up the oldest for more", function()
    buffer = playout.jitter { memory = 82 * 10 } -- ten cells of 80 bytes
    assert.equal(10, stats().cells)
    for n = 0, 9 do put(n, 0, { payload = ("x"):rep(80) }) end
    assert.equal(0, stats().overflow)
    assert.equal(0, stats().free_cells)
    put(10, 0, { payload = "y" })
    assert.equal(1, stats().overflow)
    put(11, 0, { payload = ("x"):rep(800) }) -- all of them
    assert.equal(11, stats().overflow)
    assert.equal(0, stats().free_cells)
    put(12, 0, { payload = ("x"):rep(801) }) -- one too many: not taken
    assert.equal(12, stats().overflow)
    assert.equal(0, stats().free_cells)
  end)

  it("does not give up what is newer for what is older", function()
    buffer = playout.jitter { memory = 82 * 4 }
    put(5, 0, { payload = ("x"):rep(320) })
    put(4, 0, { payload = "y" })
    assert.equal(1, stats().overflow)
    assert.equal(("x"):rep(320), get(60))
  end)

  it("gives its cells back", function()
    local sum = rtp.run {
      seconds = 60, jitter = 90, overtake = true, loss = 0.1, duplicate = 0.1, listen = 62,
      talks = function(n) return n % 90 < 70 end,
    }
    assert.equal(sum.stats.cells, sum.stats.free_cells)
  end)

  it("has memory for twice its maximum, however it is cut into packets", function()
    for _, ptime in ipairs { 10, 20, 30, 60 } do
      buffer = playout.jitter { memory = playout.jitter_memory(8000, 200) }
      for n = 0, 400 // ptime - 1 do
        local ticks = ptime * 8
        put(n, 0, { payload = ("x"):rep(ticks), ticks = ticks, timestamp = n * ticks })
      end
      assert.equal(0, stats().overflow)
    end
  end)

  it("gives no payload that does not fit into the room, and goes on", function()
    flow(0, 4)
    local result, frame = buffer:get(100 * rtp.MS, false, 1)
    assert.equal("lost", result)
    assert.equal(160, frame.ticks)
    assert.equal("n4", get(120))
    assert.equal(1, stats().overflow)
  end)

  it("asks for concealment in pieces of at most 20 ms", function()
    for n = 0, 3 do put(n, n * 60, { ticks = 480, timestamp = n * 480 }) end
    put(5, 300, { ticks = 480, timestamp = 2400 })
    put(6, 360, { ticks = 480, timestamp = 2880 })
    for n = 0, 3 do assert.equal("n" .. n, get(40 + n * 60)) end
    assert.equal("lost 160", get(300))
    assert.equal("lost 160", get(320))
    assert.equal("lost 160", get(340))
    assert.equal("n5", get(360))
  end)

  it("loses what comes in the middle of its concealment", function()
    flow(0, 4)
    put(7)
    put(8)
    get(100)
    get(120)
    assert.equal("lost 160", get(140)) -- for 5
    put(5, 141)
    assert.equal(1, stats().late)
    put(6, 142) -- this one is in time
    assert.equal("n6", get(160))
    assert.equal(1, stats().lost)
  end)

  it("counts bursts from ahead of time, and cuts them to its maximum", function()
    for n = 0, 39 do put(n, 0) end -- 800 ms at once
    assert.truthy(stats().early > 20)
    local played = 0
    for tick = 0, 60 do
      if tick >= 40 then put(tick) end
      if get(tick * 20):match "^n" then played = played + 1 end
    end
    assert.truthy(stats().delay <= 260 * 8)
  end)

  it("refuses a configuration that makes no sense", function()
    for _, config in ipairs {
      { rate = 0 }, { rate = 999 }, { rate = 192001 }, { min = 100, max = 50 }, { min = 300 },
      { memory = 81 }, { memory = 0 },
    } do
      assert.is_nil(playout.jitter(config))
    end
    for _, config in ipairs {
      { rate = 192000 }, { rate = 1000 }, { min = 50, max = 50 }, { memory = 82 },
    } do
      assert.truthy(playout.jitter(config))
    end
  end)

  it("keeps between its minimum and its maximum", function()
    for _, ms in ipairs { 40, 100 } do
      local sum = rtp.run { seconds = 20, buffer = { min = ms, start = 1 } }
      assert.equal(ms * 8, sum.stats.target)
      assert.truthy(sum.stats.delay >= ms * 8 and sum.stats.delay < ms * 8 + 160)
    end
    local sum = rtp.run {
      seconds = 20, jitter = 100, overtake = true, buffer = { max = 50, start = 400 },
    }
    assert.equal(400, sum.stats.target)
  end)

  it("reckons with a clock far in the future, and one at its beginning", function()
    local far <const> = math.maxinteger - 100 * rtp.SECOND
    for _, from in ipairs { far, 0, -50 * rtp.SECOND, math.mininteger } do
      for _, rate in ipairs { 8000, 192000 } do
        local sum = rtp.run {
          seconds = 20, from = from, jitter = 20, rate = rate, len = 160, buffer = { rate = rate },
        }
        assert.equal(0, sum.lost)
        assert.truthy(sum.frame >= 995)
      end
    end
  end)

  it("shortens its delay too where the clock is before its beginning", function()
    local sum = rtp.run {
      seconds = 20, from = -1000 * rtp.SECOND, quiet = function() return true end,
      stall = function(at) return at < -990 * rtp.SECOND and at > -990100 * rtp.MS end,
    }
    assert.truthy(sum.skipped >= 80 * 8)
  end)

  it("stands a clock that goes back", function()
    flow(0, 10)
    assert.truthy(get(-1000000):match "^n")
    put(11, -5000)
    get(-5000)
    flow(12, 20)
    assert.truthy(get(22 * 20))
  end)
end)
