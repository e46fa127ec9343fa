-- SPDX-License-Identifier: MIT
--
-- What a session hears: sequence numbers, loss, jitter (RFC 3550 A.1, A.3, A.8), and what
-- is reported of it (6.4.1).

local streams <const> = require "rtp_streams_face"
local rtp <const> = require "spec.support.rtp"

describe("Sequence numbers (RFC 3550 A.1)", function()
  -- Verdicts of a list of numbers.
  local function verdicts(sequence, ...)
    local list = {}
    for i, number in ipairs { ... } do list[i] = sequence:receive(number) end
    return list
  end

  it("make a source valid when two came in a row", function()
    local sequence = streams.sequence()
    assert.same({ "probation", "newer", "newer" }, verdicts(sequence, 7, 8, 9))
    assert.equal(2, sequence:get().received) -- the first does not count
    assert.same({ "probation", "probation", "probation", "newer" },
      verdicts(streams.sequence(), 7, 9, 65535, 0))
  end)

  it("make it valid at once where somebody else validates", function()
    local sequence = streams.sequence(1)
    assert.same({ "newer" }, verdicts(sequence, 7))
    assert.same({ highest = 7, received = 1, lost = 0, fraction_lost = 0 }, sequence:get())
  end)

  it("go round, as often as they like", function()
    local sequence = streams.sequence(1)
    sequence:receive(0)
    for step = 1, 200 do assert.equal("newer", sequence:receive(step * 2999 & 0xffff)) end
    assert.equal(200 * 2999, sequence:get().highest)
  end)

  it("step 2999 ahead and are a loss, 3000 and are none of this source's", function()
    local sequence = streams.sequence(1)
    assert.same({ "newer", "newer" }, verdicts(sequence, 100, 3099))
    assert.equal(2998, sequence:get().lost)
    assert.same({ "newer", "stray" }, verdicts(streams.sequence(1), 100, 3100))
  end)

  it("step 99 back and are reordered, 100 and are none of this source's", function()
    assert.same({ "newer", "older" }, verdicts(streams.sequence(1), 50, 65487))
    assert.same({ "newer", "stray" }, verdicts(streams.sequence(1), 50, 65486))
    assert.same({ "newer", "older" }, verdicts(streams.sequence(1), 50, 50))
  end)

  it("restart when two that are far off come in a row", function()
    local sequence = streams.sequence(1)
    assert.same({ "newer", "stray", "restarted", "newer" },
      verdicts(sequence, 100, 40000, 40001, 40002))
    assert.same({ highest = 40002, received = 2, lost = 0, fraction_lost = 0 }, sequence:get())
  end)

  it("do not restart when one in sequence came between", function()
    assert.same({ "newer", "stray", "newer", "stray" },
      verdicts(streams.sequence(1), 100, 40000, 101, 40001))
    assert.same({ "newer", "stray", "stray", "stray" },
      verdicts(streams.sequence(1), 100, 40000, 50000, 40001))
  end)

  it("tell what was lost, in all and since the last look (A.3)", function()
    local sequence = streams.sequence(1)
    verdicts(sequence, 10, 11, 13, 14)
    assert.same({ highest = 14, received = 4, lost = 1, fraction_lost = 51 }, sequence:get())
    verdicts(sequence, 15, 16)
    assert.same({ highest = 16, received = 6, lost = 1, fraction_lost = 0 }, sequence:get())
    verdicts(sequence, 12) -- late, and no loss then
    assert.equal(0, sequence:get().lost)
    verdicts(sequence, 16, 16) -- copies make it negative
    assert.equal(-2, sequence:get().lost)
    verdicts(sequence, 2999)
    assert.equal(255, sequence:get().fraction_lost)
  end)
end)

describe("A source (RFC 3550 6.4)", function()
  local source

  before_each(function() source = streams.source(8000) end)

  -- Packets number `from` to `to`, 20 ms apart, each `late(i)` ms late.
  local function hear(from, to, late, fields)
    local verdict
    for i = from, to do
      local packet = { sequence = i & 0xffff, timestamp = i * 160 & 0xffffffff, payload = "1234" }
      for name, value in pairs(fields or {}) do packet[name] = value end
      verdict = source:receive(packet, math.floor((i * 20 + (late and late(i) or 0)) * rtp.MS))
    end
    return verdict
  end

  it("is the first that is heard", function()
    assert.equal("changed", hear(5, 5))
    assert.equal("valid", hear(6, 9))
    assert.same({ ssrc = 1, jitter = 0, octets = 20, changes = 1, strays = 0 }, source:get())
  end)

  it("has no jitter when packets come as they were sent", function()
    hear(0, 500)
    assert.equal(0, source:get().jitter)
  end)

  it("has the jitter of A.8: a sixteenth of each change", function()
    hear(0, 0)
    hear(1, 1, function() return 10 end) -- 80 ticks later than the one before
    assert.equal(80 // 16, source:get().jitter)
    hear(2, 1000, function(i) return i % 2 * 10 end)
    assert.truthy(math.abs(source:get().jitter - 80) <= 1)
  end)

  it("keeps its jitter when timestamps jump, which is none", function()
    hear(0, 100, function(i) return i % 2 * 10 end)
    local before = source:get().jitter
    source:receive({ sequence = 101, timestamp = 0x70000000 }, 2020 * rtp.MS)
    assert.equal(before, source:get().jitter)
    source:receive({ sequence = 102, timestamp = 0x700000a0 }, 2040 * rtp.MS)
    assert.truthy(source:get().jitter <= before)
  end)

  it("reckons with a clock far in the future", function()
    for _, from in ipairs { math.maxinteger - 10 * rtp.SECOND, 1 << 62, 0 } do
      source = streams.source(48000)
      for i = 0, 400 do
        local packet = { sequence = i, timestamp = i * 960 }
        source:receive(packet, from + i * 20 * rtp.MS + i % 2 * 10 * rtp.MS)
      end
      assert.truthy(math.abs(source:get().jitter - 480) <= 2, from)
      source:note_sr({ ntp = 1 << 32 }, from)
      assert.equal(8 * 65536, source:report(from + 8 * rtp.SECOND).delay)
    end
  end)

  it("stays the one it is when a packet of another SSRC strays in", function()
    hear(0, 10)
    assert.equal("probation", hear(500, 500, nil, { ssrc = 2 }))
    assert.equal("valid", hear(11, 11))
    assert.equal("probation", hear(501, 501, nil, { ssrc = 2 })) -- not in a row any more
    assert.same({ ssrc = 1, jitter = 0, octets = 48, changes = 1, strays = 2 }, source:get())
  end)

  it("changes to another SSRC that sends two in a row", function()
    hear(0, 10)
    assert.equal("probation", hear(500, 500, nil, { ssrc = 2 }))
    assert.equal("changed", hear(501, 501, nil, { ssrc = 2 }))
    local got = source:get()
    assert.equal(2, got.ssrc)
    assert.equal(2, got.changes)
    assert.equal(4, got.octets)
  end)

  it("begins anew when it restarts its sequence", function()
    hear(0, 10)
    assert.equal("stray", hear(30000, 30000))
    assert.equal("changed", hear(30001, 30001))
    assert.equal(2, source:get().changes)
    assert.equal(0, source:report(0).lost)
  end)

  it("proves itself first, where that is asked for", function()
    source = streams.source(8000, 2)
    assert.equal("probation", hear(0, 0))
    assert.is_nil(source:report(0))
    assert.equal("probation", hear(1, 1, nil, { ssrc = 2 }))
    assert.equal("probation", hear(1, 1))
    assert.equal("changed", hear(2, 2))
  end)

  it("is reported with its loss, jitter and last sender report (6.4.1)", function()
    assert.is_nil(source:report(0))
    hear(65530, 65539)
    hear(65541, 65545)
    assert.same({
      ssrc = 1, fraction_lost = 16, lost = 1, highest = 65545, jitter = 0, last_sr = 0, delay = 0,
    }, source:report(0))
    source:note_sr({ ntp = 0x1234567890abcdef, packets = 3 }, rtp.SECOND)
    local block = source:report(6250 * rtp.MS)
    assert.equal(0x567890ab, block.last_sr)
    assert.equal(0x00054000, block.delay) -- 5.25 s
    assert.equal(0, block.fraction_lost)
  end)

  it("is reported with a delay and a loss that fit their fields", function()
    hear(0, 1)
    source:note_sr({ ntp = 1 << 20 }, 0)
    assert.equal(0xffffffff, source:report(1 << 62).delay)
    source:note_sr({ ntp = 1 << 20 }, 1000)
    assert.equal(0, source:report(0).delay) -- a clock that went back
    for _ = 1, 3000 do hear(1, 1) end
    assert.equal(-3000, source:report(0).lost)
  end)

  it("measures jitter anew on another clock", function()
    hear(0, 100, function(i) return i % 2 * 10 end)
    source:set_clock_rate(8000)
    assert.truthy(source:get().jitter > 0) -- the same clock
    source:set_clock_rate(16000)
    assert.equal(0, source:get().jitter)
  end)
end)
