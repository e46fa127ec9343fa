-- SPDX-License-Identifier: MIT
--
-- The jitter buffer behind networks that delay, lose, copy and reorder, on a virtual
-- clock: what is heard, and how much later than it could be.

local playout <const> = require "rtp_playout_face"
local rtp <const> = require "spec.support.rtp"

-- Frames came in order, none twice.
local function assert_in_order(sum)
  for i = 2, #sum.numbers do assert.truthy(sum.numbers[i] > sum.numbers[i - 1], i) end
end

-- All that was sent is heard, and nothing was concealed.
local function assert_whole(sum)
  assert_in_order(sum)
  assert.equal(0, sum.lost)
  assert.equal(0, sum.skipped)
  -- what is still under way or waits at the end
  assert.truthy(sum.sent - sum.frame <= 12, sum.sent - sum.frame)
end

describe("The jitter buffer", function()
  for _, ptime in ipairs { 10, 20, 30, 40, 60 } do
    it("plays packets of " .. ptime .. " ms without a fault when the network has none", function()
      for _, tick in ipairs { 10, 20 } do
        local sum = rtp.run { seconds = 30, ptime = ptime, tick = tick, from = 123456789 }
        assert_whole(sum)
        assert.truthy(sum.stats.delay <= 60 * 8)
      end
    end)

    it("loses what the network loses, of packets of " .. ptime .. " ms, and no more", function()
      local sum = rtp.run { seconds = 60, ptime = ptime, loss = 0.02, seed = ptime }
      assert_in_order(sum)
      assert.equal(sum.injected, sum.stats.lost)
      -- the last packets may be among them
      assert.truthy(math.abs(sum.stats.concealed - sum.injected * ptime * 8) <= 2 * ptime * 8)
    end)
  end

  it("plays 16000 and 48000 Hz as well", function()
    for _, rate in ipairs { 16000, 44100, 48000 } do
      local sum = rtp.run {
        seconds = 20, rate = rate, len = 80, jitter = 30, overtake = true,
        buffer = { rate = rate, start = 60 },
      }
      assert_whole(sum)
    end
  end)

  it("is 20 to 40 ms behind a network without jitter, from its first window on", function()
    local sum = rtp.run { seconds = 20, quiet = function() return true end, jitter = 1 }
    assert.truthy(sum.stats.delay <= 40 * 8)
    assert.equal(160, sum.stats.target)
    assert.truthy(sum.skipped <= 320) -- the start was more careful
  end)

  it("loses at most 1.2 times what is lost, with 60 ms of jitter, copies and overtaking", function()
    for seed = 1, 5 do
      local sum = rtp.run {
        seconds = 120, jitter = 60, overtake = true, loss = 0.02, duplicate = 0.01, seed = seed,
        from = seed * 3777777,
      }
      assert_in_order(sum)
      assert.truthy(sum.lost <= 1.2 * sum.injected + 3, seed) -- three: until it knows the network
      assert.equal(0, sum.skipped)
      assert.truthy(sum.stats.reordered > 1000)
      assert.truthy(sum.stats.duplicate > 0)
      assert.truthy(sum.stats.delay <= 100 * 8)
    end
  end)

  it("does the same where packets wait for their turn", function()
    local sum = rtp.run { seconds = 120, jitter = 60, loss = 0.02, duplicate = 0.01 }
    assert.truthy(sum.lost <= 1.2 * sum.injected)
    assert.equal(0, sum.stats.reordered)
  end)

  it("learns jitter of 150 ms within seconds", function()
    local sum = rtp.run { seconds = 60, jitter = 150, overtake = true, seed = 3 }
    assert_in_order(sum)
    assert.truthy(sum.lost <= 15, sum.lost)
    local late = 0
    for _, got in ipairs(sum.heard) do
      if got.result == "lost" and got.at > 5 * rtp.SECOND then late = late + 1 end
    end
    assert.truthy(late <= 3)
  end)

  it("lags no further behind than its maximum, in a network of half a second's jitter", function()
    local sum = rtp.run { seconds = 120, jitter = 500, overtake = true, seed = 3 }
    assert_in_order(sum)
    local over = 0
    for _, got in ipairs(sum.heard) do
      if got.n and got.at - got.n * 20 * rtp.MS > (200 + 60) * rtp.MS then over = over + 1 end
    end
    -- Some are heard later: after a silence of 200 ms it believes that the sender paused,
    -- until a packet proves it wrong.
    assert.truthy(over <= 0.05 * sum.frame, over)
    assert.truthy(sum.stats.late > 1000)
  end)

  it("forgets a spike after some seconds, in quiet passages", function()
    local function run(quiet)
      local sent = rtp.speech { seconds = 60 }
      local arrivals = rtp.network(sent, { jitter = 3 })
      for _, a in ipairs(arrivals) do -- a stall of 160 ms
        if a.at > 10 * rtp.SECOND and a.at < 10160 * rtp.MS then a.at = 10160 * rtp.MS end
      end
      return rtp.summary(rtp.play(playout.jitter {}, arrivals, { seconds = 60, quiet = quiet }))
    end
    local sum = run(function(n) return (n or 0) % 50 < 5 end)
    assert_in_order(sum)
    assert.truthy(sum.skipped >= 100 * 8 and sum.skipped <= 180 * 8, sum.skipped)
    sum = run(nil) -- never quiet: only what is 60 ms too much
    assert.truthy(sum.skipped > 0 and sum.skipped < 120 * 8, sum.skipped)
  end)

  it("keeps the whole of a stall that it may lag behind", function()
    local sent = rtp.speech { seconds = 4 }
    local arrivals = rtp.network(sent, {})
    for _, a in ipairs(arrivals) do
      if a.at > 2 * rtp.SECOND and a.at < 2100 * rtp.MS then a.at = 2100 * rtp.MS end
    end
    local sum = rtp.summary(rtp.play(playout.jitter {}, arrivals, { seconds = 4 }))
    assert_in_order(sum)
    for i, n in ipairs(sum.numbers) do assert.equal(i - 1, n) end
    assert.equal(2, sum.lost) -- waited for: 40 of the 100 ms were in store
  end)

  it("cuts short what a stall of two seconds held back", function()
    local sent = rtp.speech { seconds = 10 }
    local arrivals = rtp.network(sent, {})
    for _, a in ipairs(arrivals) do
      if a.at > 2 * rtp.SECOND and a.at < 4 * rtp.SECOND then a.at = 4 * rtp.SECOND end
    end
    local sum = rtp.summary(rtp.play(playout.jitter {}, arrivals, { seconds = 10 }))
    assert_in_order(sum)
    local last = sum.numbers[#sum.numbers]
    assert.truthy(last >= 487, last) -- at most 260 ms behind at the end
  end)

  for _, ppm in ipairs { 300, -300 } do
    for _, jitter in ipairs { 5, 60 } do
      it(("keeps up with a clock that is off by %d ppm for 30 min, with %d ms of jitter")
        :format(ppm, jitter), function()
        local sum = rtp.run { seconds = 1800, ppm = ppm, jitter = jitter, overtake = true }
        assert_in_order(sum)
        local most, least = 0, math.huge
        for _, got in ipairs(sum.heard) do
          if got.n and got.at > 20 * rtp.SECOND then
            local delay = (got.at - got.n * 20 * rtp.MS / (1 + ppm / 1e6)) / rtp.MS
            most, least = math.max(most, delay), math.min(least, delay)
          end
        end
        assert.truthy(most <= jitter + 20 + 60 + 20, most) -- target, a tick, the excess allowed, skew
        assert.truthy(least >= 0)
        -- 540 ms are 27 frames: each costs one, or two where jitter hides it
        assert.truthy(sum.skipped / 160 <= 28)
        assert.truthy(sum.lost <= 60, sum.lost)
      end)
    end
  end

  it("shortens and lengthens where it is quiet first", function()
    local sum = rtp.run {
      seconds = 600, ppm = 300, jitter = 2, quiet = function(n) return (n or 0) % 100 < 10 end,
    }
    assert.truthy(sum.skipped >= 8 * 160)
    local most = 0
    for _, got in ipairs(sum.heard) do
      if got.skipped > 0 then assert.truthy(got.n % 100 <= 12, got.n) end
      if got.n then most = math.max(most, got.at - got.n * 20 * rtp.MS / 1.0003) end
    end
    assert.truthy(most <= 62 * rtp.MS)
  end)

  it("catches up with a playout that did not run", function()
    local sum = rtp.run {
      seconds = 20,
      stall = function(at) return at > 5 * rtp.SECOND and at < 5500 * rtp.MS end,
    }
    assert_in_order(sum)
    assert.truthy(sum.skipped >= 300 * 8)
    local last = sum.numbers[#sum.numbers]
    assert.truthy(last >= 992, last)
    -- one cut, not a burst of them
    local cuts = 0
    for _, got in ipairs(sum.heard) do cuts = cuts + (got.skipped > 0 and 1 or 0) end
    assert.equal(1, cuts)
  end)

  it("does the same for the same seed", function()
    local function trace()
      local sum = rtp.run {
        seconds = 30, jitter = 80, overtake = true, loss = 0.05, duplicate = 0.02, seed = 9,
      }
      local list = {}
      for i, got in ipairs(sum.heard) do list[i] = got.result .. (got.n or "") .. got.ticks end
      return table.concat(list, " ")
    end
    assert.equal(trace(), trace())
  end)
end)

describe("The jitter buffer, of a sender with silence suppression,", function()
  -- Talks for 1 s and is silent for 600 ms.
  local function talks(n) return n % 80 < 50 end

  it("plays talk spurts whole, and pauses as pauses", function()
    local sum = rtp.run { seconds = 32, talks = talks, jitter = 30, overtake = true }
    assert_in_order(sum)
    assert.equal(sum.sent, sum.frame + 0)
    local spurts = 0
    for _, got in ipairs(sum.heard) do spurts = spurts + (got.spurt and 1 or 0) end
    assert.equal(20, spurts)
    assert.equal(0, sum.stats.lost)
    assert.equal(0, sum.stats.late)
    assert.truthy(sum.nothing > 20 * 10)
  end)

  it("hears nothing of a loss in pauses, and of losses what was lost", function()
    local sum = rtp.run { seconds = 64, talks = talks, jitter = 30, overtake = true, loss = 0.02 }
    assert_in_order(sum)
    assert.truthy(sum.stats.lost <= sum.injected)
    assert.truthy(sum.frame >= sum.sent - sum.injected - 2)
  end)

  it("goes on after a long pause, however the clocks moved apart", function()
    for _, ppm in ipairs { 300, -300 } do
      local sum = rtp.run {
        seconds = 3700, listen = 3705, ppm = ppm, jitter = 5,
        talks = function(n) return n < 500 or n >= 180000 end, -- an hour of hold
      }
      assert.equal(0, sum.skipped)
      assert.equal(0, sum.stats.late)
      assert.equal(sum.sent, sum.frame)
      assert.equal(0, sum.stats.restarts)
    end
  end)

  it("goes on when the sender's timestamps stood still in a pause", function()
    local sent, shift = {}, 0
    for i, s in ipairs(rtp.speech { seconds = 30 }) do
      if i == 500 then shift = 5000 end
      sent[#sent + 1] = s
      s.at = s.at + shift * rtp.MS
    end
    local sum = rtp.run { sent = sent, seconds = 36 }
    assert.equal(1500, sum.frame)
    assert.truthy(sum.stats.delay <= 60 * 8)
    assert.equal(0, sum.stats.late)
    assert.equal(0, sum.skipped)
  end)
end)
