-- SPDX-License-Identifier: MIT
--
-- Symmetric RTP (RFC 4961) and those who would abuse it: RTP bleed, floods, hijacks.

local streams <const> = require "rtp_streams_face"
local rtp <const> = require "spec.support.rtp"

local SDP <const>, SIP <const> = "192.0.2.1:4000", "198.51.100.7:5060"
local NAT <const>, STRANGER <const> = "198.51.100.7:61000", "203.0.113.66:4000"

describe("Symmetric RTP", function()
  local latch, now

  -- A latch that expects what SDP names; nothing came yet.
  local function begin(mode, secure)
    latch, now = streams.latch(mode, secure), 1000 * rtp.SECOND
    latch:expect(SDP, SIP, now)
  end

  -- A stream from that address: a function that sends its next packets, `step` ms apart,
  -- and returns how many of each verdict there were.
  local function stream(from, fields)
    fields = fields or {}
    local sequence, ssrc = fields.sequence or 100, fields.ssrc or 1
    return function(count, step, authenticated)
      local verdicts = { accept = 0, learnt = 0, refuse = 0 }
      for _ = 1, count do
        local packet = { sequence = sequence & 0xffff, ssrc = ssrc }
        local verdict = latch:receive(from, packet, now, authenticated)
        verdicts[verdict] = verdicts[verdict] + 1
        sequence = sequence + 1
        now = now + math.floor((step or 20) * rtp.MS)
      end
      return verdicts
    end
  end

  local function remote() return latch:get().remote end

  before_each(function() begin() end)

  it("sends where SDP says until packets come", function()
    assert.equal(SDP, remote())
    assert.is_false(latch:get().learnt)
  end)

  it("takes the address that SDP names at its first packet", function()
    local peer = stream(SDP)
    assert.same({ accept = 0, learnt = 1, refuse = 0 }, peer(1))
    assert.same({ accept = 50, learnt = 0, refuse = 0 }, peer(50))
    assert.equal(0, latch:get().moves)
  end)

  it("learns the address that packets come from, losing none of them", function()
    assert.same({ accept = 49, learnt = 1, refuse = 0 }, stream(NAT)(50))
    assert.equal(NAT, remote())
    assert.equal(1, latch:get().moves)
  end)

  it("learns from packets of 10 ms as well, and from those of 60", function()
    for _, ptime in ipairs { 10, 30, 60 } do
      begin()
      assert.same({ accept = 3, learnt = 1, refuse = 0 }, stream(NAT)(4, ptime))
    end
  end)

  it("learns an address when SDP named none: a hold of old, port 0", function()
    for _, address in ipairs { "0.0.0.0:4000", "192.0.2.1:0", "[::]:4000" } do
      latch = streams.latch()
      latch:expect(address, nil, now)
      assert.equal("", remote())
      assert.equal(1, stream(NAT)(4).learnt)
    end
    latch = streams.latch()
    assert.equal(1, stream(NAT)(4).learnt) -- nothing is expected at all
  end)

  it("accepts at most five packets before it learnt (RTP bleed)", function()
    local accepted = 0
    for i = 1, 200 do -- many strangers, none of whom sends enough in a row
      local from = ("203.0.113.%d:%d"):format(i, 4000 + i)
      accepted = accepted + stream(from)(1, 7).accept
    end
    assert.equal(5, accepted)
    assert.equal(195, latch:get().refused)
    assert.is_false(latch:get().learnt)
    assert.equal(1, stream(NAT)(9).learnt) -- the peer is heard all the same
  end)

  it("accepts no stranger after it learnt", function()
    local peer, stranger = stream(SDP), stream(STRANGER, { ssrc = 2 })
    peer(1)
    for _ = 1, 500 do
      assert.equal(1, stranger(1, 10).refuse)
      assert.equal(1, peer(1, 10).accept)
    end
    assert.equal(SDP, remote())
  end)

  it("accepts no stranger who uses the peer's SSRC and numbers, while the peer speaks", function()
    local peer = stream(SDP)
    peer(10)
    local thief = stream(STRANGER, { sequence = 111 })
    for _ = 1, 100 do
      assert.equal(1, thief(1, 10).refuse)
      assert.equal(1, peer(1, 10).accept)
    end
    assert.equal(SDP, remote())
  end)

  it("keeps to a port: the same host on another is a stranger", function()
    stream(SDP)(1)
    local stranger = stream("192.0.2.1:4002", { ssrc = 2 })
    local peer = stream(SDP, { sequence = 101 })
    for _ = 1, 20 do
      peer(1, 10)
      assert.equal(1, stranger(1, 10).refuse)
    end
  end)

  it("lets SDP's address take over for a while after it learnt another", function()
    stream(STRANGER, { ssrc = 2 })(10)
    assert.equal(STRANGER, remote())
    assert.equal(1, stream(SDP)(1).learnt)
    assert.equal(SDP, remote())
    assert.equal(1, stream(STRANGER, { ssrc = 2, sequence = 110 })(1).refuse)
  end)

  it("lets it take over later too, when it proved itself", function()
    local stranger, peer = stream(STRANGER, { ssrc = 2 }), stream(SDP)
    stranger(100)
    local verdicts = { refuse = 0, learnt = 0 }
    for _ = 1, 4 do
      stranger(1, 10)
      local got = peer(1, 10)
      verdicts.refuse, verdicts.learnt = verdicts.refuse + got.refuse, verdicts.learnt + got.learnt
    end
    assert.same({ refuse = 3, learnt = 1 }, verdicts)
    assert.equal(SDP, remote())
  end)

  it("follows a stream that goes on elsewhere: a NAT that rebinds", function()
    stream(NAT)(50)
    local moved = stream("198.51.100.7:61002", { sequence = 150 })
    assert.same({ accept = 16, learnt = 1, refuse = 3 }, moved(20))
    assert.equal("198.51.100.7:61002", remote())
  end)

  it("does not follow the same SSRC with numbers that do not go on, before silence", function()
    stream(NAT)(50)
    now = now - 20 * rtp.MS
    local other = stream(STRANGER, { sequence = 20000 })
    assert.equal(8, other(8).refuse)
    assert.equal(1, other(3).learnt) -- 200 ms are over
  end)

  it("may be taken over after 200 ms of silence, and a proof", function()
    local peer = stream(NAT)
    peer(50)
    now = now - 20 * rtp.MS -- the last packet is now
    local other = stream(STRANGER, { ssrc = 2 })
    assert.same({ accept = 0, learnt = 0, refuse = 10 }, other(10, 20)) -- 0 .. 180 ms
    assert.same({ accept = 0, learnt = 1, refuse = 0 }, other(1))
    assert.equal(STRANGER, remote())
    assert.equal(1, peer(1).refuse)
  end)

  it("is not taken over after silence by packets out of a row", function()
    stream(NAT)(50)
    now = now + rtp.SECOND
    for i = 1, 30 do
      assert.equal(1, stream(STRANGER, { ssrc = 2, sequence = i * 2 })(1).refuse)
      assert.equal(1, stream(STRANGER, { ssrc = 100 + i, sequence = i })(1).refuse)
    end
    assert.equal(NAT, remote())
  end)

  it("learns once and for all where that is asked for", function()
    begin "once"
    stream(NAT)(10)
    now = now + 10 * rtp.SECOND
    assert.equal(50, stream(STRANGER, { ssrc = 2 })(50).refuse)
    assert.equal(50, stream(SDP)(50).refuse)
    assert.equal(1, stream(NAT, { sequence = 110 })(1).accept)
    begin "once"
    stream(NAT)(10)
    assert.equal(1, stream(SDP)(1).learnt) -- within the window
  end)

  it("learns nothing where that is asked for", function()
    begin "off"
    assert.equal(50, stream(NAT)(50).refuse)
    assert.same({ accept = 49, learnt = 1, refuse = 0 }, stream(SDP)(50))
    now = now + rtp.SECOND
    assert.equal(50, stream(NAT)(50).refuse)
    assert.equal(SDP, remote())
  end)

  it("begins anew when SDP names another address, and not when it repeats itself", function()
    stream(NAT)(10)
    latch:expect(SDP, SIP, now)
    assert.equal(NAT, remote())
    assert.equal(1, stream(NAT, { sequence = 110 })(1).accept)
    latch:expect("192.0.2.9:7000", SIP, now)
    assert.equal("192.0.2.9:7000", remote())
    -- what still comes from the old place does not keep the new one out
    stream(NAT, { sequence = 111 })(10)
    assert.equal(1, stream("192.0.2.9:7000", { ssrc = 5 })(1).learnt)
    assert.equal("192.0.2.9:7000", remote())
  end)

  it("wants a new proof of everybody then", function()
    for _, from in ipairs { NAT, STRANGER } do
      begin()
      local peer = stream(from)
      assert.equal(3, peer(3).accept)
      latch:expect("192.0.2.9:7000", SIP, now)
      assert.equal(3, peer(3).accept)
      assert.equal(1, peer(1).learnt)
    end
  end)

  it("knows IPv4 in IPv6's clothes (RFC 4291 2.5.5.2)", function()
    latch:expect("[::ffff:192.0.2.1]:4000", nil, now)
    assert.equal(1, stream(SDP)(1).learnt)
  end)

  it("knows IPv6", function()
    latch:expect("[2001:db8::1]:4000", nil, now)
    assert.equal(1, stream("[2001:db8::2]:4000")(4).learnt)
    assert.equal("[2001:db8::2]:4000", remote())
  end)

  describe("in a flood (while learning)", function()
    it("does not take a source that is faster than any stream", function()
      local got = stream(STRANGER, { ssrc = 2 })(10000, 0.1)
      assert.same({ accept = 5, learnt = 0, refuse = 9995 }, got)
      assert.equal(1, latch:get().floods)
      assert.equal(1, stream(NAT)(6).learnt)
    end)

    it("lets thirty packets in 100 ms pass for a stream, and not one more", function()
      local burst = stream(NAT) -- what a network held back
      burst(29, 0)
      now = now + 40 * rtp.MS
      assert.equal(1, burst(1).learnt)
      begin()
      burst = stream(NAT)
      burst(30, 0)
      now = now + 40 * rtp.MS
      assert.equal(1, burst(1).refuse)
      assert.equal(1, latch:get().floods)
    end)

    it("takes a source again when it slows down", function()
      local burst = stream(NAT)
      burst(40, 1)
      assert.equal(1, latch:get().floods)
      assert.equal(1, burst(12).learnt) -- 200 ms later, and a proof
    end)

    it("of SSRCs from one address counts as one", function()
      for i = 1, 100 do stream(STRANGER, { ssrc = i })(1, 1) end
      assert.equal(1, latch:get().floods)
    end)

    it("from everywhere does not take the place of a likely peer", function()
      local peer = stream(NAT) -- of the host that the signalling comes from
      local learnt = 0
      for i = 1, 5 do
        for j = 1, 200 do
          stream(("203.0.%d.%d:%d"):format(i, j, j + 1), { ssrc = i * j })(1, 0.1)
        end
        learnt = learnt + peer(1, 0).learnt
      end
      assert.equal(1, learnt)
      assert.equal(NAT, remote())
    end)
  end)

  describe("with SRTP", function()
    before_each(function() begin(nil, true) end)

    it("accepts nothing that was not authenticated", function()
      assert.equal(100, stream(SDP)(100).refuse)
      assert.equal(100, stream(NAT)(100).refuse)
      assert.equal(SDP, remote())
    end)

    it("learns at the first packet that was, wherever it comes from", function()
      assert.same({ accept = 9, learnt = 1, refuse = 0 }, stream(NAT)(10, 20, true))
      assert.equal(1, stream(STRANGER, { ssrc = 2 })(1).refuse)
      assert.equal(NAT, remote())
    end)

    it("moves with packets that go on, not with one that was held back", function()
      stream(NAT)(10, 20, true)
      assert.equal(1, stream("198.51.100.7:61002", { sequence = 110 })(1, 20, true).learnt)
      assert.equal(1, stream(NAT, { sequence = 109 })(1, 20, true).refuse)
    end)

    it("stays where it is when it learns once", function()
      begin("once", true)
      stream(NAT)(10, 20, true)
      assert.equal(1, stream(STRANGER, { sequence = 110 })(1, 20, true).refuse)
    end)
  end)

  it("accepts RTCP of the host that media goes to, and of no other", function()
    assert.is_true(latch:rtcp "192.0.2.1:4001")
    assert.is_false(latch:rtcp(STRANGER))
    stream(NAT)(4)
    assert.is_true(latch:rtcp "198.51.100.7:61001")
    assert.is_false(latch:rtcp "192.0.2.1:4001")
    assert.is_false(streams.latch():rtcp(STRANGER)) -- nobody is known yet
    begin(nil, true)
    assert.is_false(latch:rtcp(SDP))
    assert.is_true(latch:rtcp(SDP, true))
  end)

  it("reckons with a clock far in the future, and one at its beginning", function()
    for _, at in ipairs { math.maxinteger - 5 * rtp.SECOND, math.mininteger, -rtp.SECOND } do
      latch, now = streams.latch(), at
      latch:expect(SDP, nil, now)
      assert.same({ accept = 19, learnt = 1, refuse = 0 }, stream(NAT)(20))
    end
  end)
end)
