-- SPDX-License-Identifier: MIT
--
-- A stream of ours (RFC 3550 5.1), through pauses, digits and overruns.

local streams <const> = require "rtp_streams_face"
local rtp <const> = require "spec.support.rtp"

describe("A stream of ours", function()
  local sender, now

  before_each(function()
    now = 1000 * rtp.SECOND
    sender = streams.sender {
      ssrc = 9, timestamp = 0xffffff00, sequence = 65534, start_at = now,
    }
  end)

  -- A tick of 20 ms, and an audio packet with it.
  local function speak()
    sender:tick(now)
    now = now + 20 * rtp.MS
    return sender:audio(0, 160, 160)
  end

  local function silence(ms) now = now + ms * rtp.MS end

  it("counts on from random beginnings, and round (5.1)", function()
    local function packet(marker, sequence, timestamp)
      return {
        payload_type = 0, marker = marker, sequence = sequence, timestamp = timestamp, ssrc = 9,
      }
    end
    assert.same(packet(true, 65534, 0xffffff00), speak())
    assert.same(packet(false, 65535, 0xffffffa0), speak())
    assert.same(packet(false, 0, 0x40), speak())
  end)

  it("steps 160 ticks for each of 3000 packets, without drift", function()
    local last = speak().timestamp
    for _ = 2, 3000 do
      local packet = speak()
      assert.equal(last + 160 & 0xffffffff, packet.timestamp)
      assert.is_false(packet.marker)
      last = packet.timestamp
    end
  end)

  it("marks the packet that begins a talk spurt (RFC 3551 4.1), true to time", function()
    speak()
    silence(400)
    local packet = speak()
    assert.is_true(packet.marker)
    assert.equal(0xffffff00 + 160 + 3200 & 0xffffffff, packet.timestamp)
    assert.equal(65535, packet.sequence) -- no number is skipped
    assert.is_false(speak().marker)
  end)

  it("is true to time after an overrun", function()
    for _ = 1, 10 do speak() end
    silence(137 * 20) -- the thread did not run; its schedule skips what is over
    local packet = speak()
    assert.is_true(packet.marker)
    assert.equal(0xffffff00 + (10 + 137) * 160 & 0xffffffff, packet.timestamp)
  end)

  it("sends digits in its own count, with the timestamp of the event (RFC 4733 2.5.1.2)", function()
    local first = speak()
    sender:tick(now)
    local event = sender:other { marker = true, timestamp = first.timestamp + 160, len = 4 }
    assert.equal(first.sequence + 1, event.sequence)
    assert.equal(101, event.payload_type)
    silence(100)
    assert.is_true(speak().marker) -- audio did not go on meanwhile
  end)

  it("goes on without a marker when events came between its packets", function()
    speak()
    sender:other { marker = true, timestamp = 1 }
    assert.is_false(speak().marker)
  end)

  it("has another payload type without another SSRC", function()
    speak()
    sender:tick(now)
    local packet = sender:audio(8, 160, 160)
    assert.equal(8, packet.payload_type)
    assert.is_false(packet.marker)
  end)

  it("tells in its reports what it sent, and when on both clocks (6.4.1)", function()
    local start <const> = now
    speak()
    speak()
    sender:other { timestamp = 5, len = 4 }
    assert.same({ ntp = 77, timestamp = 0xffffff00 + 200 & 0xffffffff, packets = 3, octets = 324 },
      sender:info(start + 25 * rtp.MS, 77))
    assert.is_true(sender:is_active(start))
    assert.is_false(sender:is_active(start + 21 * rtp.MS))
  end)

  it("is not active before its first packet", function()
    assert.is_false(sender:is_active(math.mininteger))
  end)

  it("learns the round trip from the peer's report (6.4.1, figure 2)", function()
    -- A 0xb710:8000, LSR 0xb705:2000, DLSR 0x0005:4000: 6.125 s
    local arrival <const> = 0xb7108000 << 16
    local block = { ssrc = 9, last_sr = 0xb7052000, delay = 0x00054000 }
    assert.equal(6125 * rtp.MS, sender:note_report(block, arrival))
  end)

  it("learns none of a report without a sender report, or on another stream", function()
    assert.equal(-1, sender:note_report({ ssrc = 9, last_sr = 0, delay = 0 }, 1 << 40))
    assert.equal(-1, sender:note_report({ ssrc = 8, last_sr = 1, delay = 0 }, 1 << 40))
  end)

  it("has a round trip of 0 where two clocks' steps make it less", function()
    local block = { ssrc = 9, last_sr = 0x10000, delay = 0x101 }
    assert.equal(0, sender:note_report(block, 0x10100 << 16))
    -- and it wraps as the middle bits do
    block = { ssrc = 9, last_sr = 0xffff8000, delay = 0x4000 }
    assert.equal(rtp.SECOND // 2, sender:note_report(block, 0x4000 << 16))
  end)

  it("counts ticks of 44100 Hz to the nearest below, and is contiguous", function()
    sender = streams.sender { rate = 44100, start_at = now }
    for i = 0, 100 do
      sender:tick(now + i * 10 * rtp.MS)
      local packet = sender:audio(10, 441, 1764)
      assert.equal(i * 441, packet.timestamp)
      assert.equal(i == 0, packet.marker)
    end
  end)

  it("counts on when the clock is far in the future", function()
    now = math.maxinteger - rtp.SECOND
    sender = streams.sender { start_at = now, rate = 48000 }
    sender:tick(now + 900 * rtp.MS)
    assert.equal(43200, sender:audio(96, 960, 60).timestamp)
  end)
end)
