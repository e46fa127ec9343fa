-- SPDX-License-Identifier: MIT
-- What may come to an RTP port: everything.

local support = require "spec.support.media"

describe("an RTP port", function()
  local stage

  before_each(function() stage = support.stage { tap = false } end)
  after_each(function() stage:close() end)

  local silence <const> = ("\xff"):rep(160)

  -- A session that a hand-made peer at 10.9.9.9:4000 talks to, and what it counted.
  local peer <const> = "10.9.9.9:4000"

  local function session(options)
    local a = stage:side "10.0.0.1"
    a:apply(options, { ip = "10.9.9.9", port = 4000, address = peer })
    return a
  end

  -- `count` packets of a stream, 20 ms apart.
  local function speak(a, count, o)
    o = o or {}
    for i = 0, count - 1 do
      a:inject(support.packet { type = o.type or 0, seq = (o.seq or 0) + i & 0xffff,
        ts = ((o.ts or 0) + 160 * i) & 0xffffffff, ssrc = o.ssrc, payload = o.payload or silence },
        o.from or peer)
      stage:run(20)
    end
  end

  local function received(a) return a:stats().received end

  it("takes the peer's packets and nobody else's once it has latched (bug class 45)", function()
    local a = session()
    speak(a, 50)
    local latched = stage:find("latched", a.id)
    assert.same({ "10.9.9.9", 4000 }, { latched[1], latched[2] })
    a:listen()
    speak(a, 10, { seq = 50, ts = 8000 })
    a:heard()
    local loud <const> = ("\x80"):rep(160)
    for i = 0, 49 do -- a stranger injects, and a stranger who guessed the SSRC does
      speak(a, 1, { seq = 60 + i, ts = 9600 + 160 * i })
      local guessed = { type = 0, seq = 60 + i, ts = 9600 + 160 * i, payload = loud }
      a:inject(support.packet(guessed), "10.6.6.6:4000")
      local blind = { type = 0, seq = i, ts = 160 * i, ssrc = 99, payload = loud }
      a:inject(support.packet(blind), "10.9.9.9:4001")
    end
    stage:run(2)
    assert.equal(100, received(a).strangers)
    assert.is_true(support.loudness(a:heard()) < 10)
    assert.equal(4000, a:stats().remote_port)
  end)

  it("sends a stranger nothing before it has proved itself (bug class 45)", function()
    local a = stage:side "10.0.0.1"
    a:apply(nil, nil) -- no address by SDP
    local before = a:stats().sent.packets
    a:inject(support.packet { type = 0, seq = 1, ts = 0, payload = silence }, "10.6.6.6:4000")
    stage:run(100)
    assert.equal(before, a:stats().sent.packets)
    speak(a, 10, { from = "10.6.6.6:4000" })
    assert.equal("10.6.6.6", a:stats().remote_ip)
    assert.is_true(a:stats().latched)
  end)

  it("only counts what is no RTP: one byte, other versions, cut headers (class 46)", function()
    local a = session()
    speak(a, 5)
    for _, bytes in ipairs { "\x80", "\x80\0", "\0\1\2\3", ("\x40"):rep(40), "\x8f\0\0\1",
                             "\x90\0\0\1\0\0\0\0\0\0\0\0\0\0\xff\xff",
                             "\xa0\0\0\1\0\0\0\0\0\0\0\0\xff", "OPTIONS sip:x SIP/2.0\r\n\r\n" } do
      a:inject(bytes)
    end
    stage:run(40)
    assert.equal(8, received(a).malformed)
    assert.equal(5, received(a).packets)
  end)

  it("counts payload types that nobody agreed on", function()
    local a = session()
    speak(a, 5)
    for payload_type = 1, 127 do
      if payload_type ~= 101 and not (payload_type >= 64 and payload_type <= 95) then
        a:inject(support.packet { type = payload_type, seq = 5, ts = 800, payload = silence })
      end
    end
    stage:run(40)
    assert.equal(94, received(a).wrong_type)
    assert.equal(5, received(a).packets)
  end)

  it("does not play another SSRC before it has proved itself, and follows one that has", function()
    local a = session()
    speak(a, 20)
    a:inject(support.packet { type = 0, seq = 7000, ts = 1, ssrc = 77, payload = silence })
    stage:run(20)
    speak(a, 5, { seq = 20, ts = 3200 })
    assert.equal(1, received(a).wrong_ssrc)
    assert.equal(25, received(a).packets)
    speak(a, 10, { seq = 30000, ts = 5, ssrc = 78 }) -- a re-INVITE at the other end
    assert.equal(78, a:stats().remote_ssrc)
  end)

  it("outlives a flood, which is counted (bug class 52)", function()
    local a = session()
    a:listen()
    speak(a, 10)
    for i = 1, 20000 do
      local packet = support.packet { type = 0, seq = i & 0xffff, ts = i, ssrc = i, payload = "x" }
      a:inject(packet, "10.6.6.6:" .. 1024 + i % 60000)
      if i % 1000 == 0 then stage:run(1) end
    end
    stage:run(20)
    assert.equal(20000, received(a).strangers)
    speak(a, 10, { seq = 10, ts = 1600 })
    assert.equal(20, received(a).packets)
  end)

  it("outlives a flood of the peer's own", function()
    local a = session()
    a:listen()
    speak(a, 10)
    for i = 1, 5000 do
      a:inject(support.packet { type = 0, seq = 10 + i, ts = 1600 + 160 * i, payload = silence })
    end
    stage:run(1000)
    assert.equal(5010, received(a).packets)
    assert.is_true(received(a).discarded + received(a).late > 4000)
    assert.is_true(a:stats().jitter_buffer <= 200)
  end)

  it("knows that nobody is there any more, and that somebody is again", function()
    local a = session { inactivity = 1000 }
    stage:run(999)
    assert.is_nil(stage:find("inactivity", a.id))
    stage:run(30)
    assert.equal(1, #stage:all("inactivity", a.id))
    stage:run(5000)
    assert.equal(1, #stage:all("inactivity", a.id))
    speak(a, 10)
    assert.equal(1, #stage:all("activity", a.id))
    stage:run(2000)
    assert.equal(2, #stage:all("inactivity", a.id))
  end)

  it("does not miss anybody while it is not to receive", function()
    local a = session { inactivity = 1000, receive = false }
    stage:run(5000)
    assert.is_nil(stage:find("inactivity", a.id))
    a:apply({ inactivity = 1000 }, a.remote)
    stage:run(1100)
    assert.is_truthy(stage:find("inactivity", a.id))
  end)

  it("takes RTCP of the peer's host, and says so when the peer leaves", function()
    local a = session()
    speak(a, 50)
    local function report(more) return string.pack(">BBI2I4", 0x80, 201, 1, 0x1234) .. more end
    local bye = string.pack(">BBI2I4", 0x81, 203, 1, 0x1234)
    a:inject(report(bye), "10.6.6.6:4001", true)
    stage:run(5)
    assert.is_nil(stage:find("bye", a.id))
    a:inject(report(bye), "10.9.9.9:4001", true)
    stage:run(5)
    assert.is_truthy(stage:find("bye", a.id))
  end)

  it("takes no harm of broken RTCP (bug class 49)", function()
    local a = session()
    speak(a, 10)
    for length = 0, 70 do
      for _, kind in ipairs { 192, 200, 201, 202, 203, 204, 205, 206, 207, 223 } do
        for _, count in ipairs { 0, 1, 31 } do
          local head = string.pack(">BBI2", 0x80 | count, kind, length)
          a:inject(head .. ("\xff"):rep(length % 37), "10.9.9.9:4001", true)
        end
      end
      stage:run(1)
    end
    speak(a, 10, { seq = 10, ts = 1600 })
    assert.equal(20, received(a).packets)
  end)

  it("keeps its accounts when the clock is far in the future (bug class 53)", function()
    stage:close()
    stage = support.stage { now = 1 << 42, tap = false } -- 139 years
    local a = session()
    a:listen()
    speak(a, 100)
    stage:run(1000)
    local stats = a:stats()
    assert.same({ 100, 0 }, { stats.received.packets, stats.received.lost })
    assert.is_true(stats.jitter < 1, stats.jitter)
    stage:run(3600000)
    assert.equal(180000 + 150, a:stats().sent.packets, 300)
  end)

  it("has reports go out and come back, with the round trip (RFC 3550 6.4)", function()
    stage:close()
    stage = support.stage { link = { delay = 30 } }
    local a, b = stage:pair()
    stage:run(20000)
    local one, other = a:stats(), b:stats()
    assert.is_true(one.rtcp.sent >= 3 and one.rtcp.received >= 3)
    assert.near(60, one.rtcp.rtt, 3)
    assert.same({ 0, 0 }, { one.rtcp.remote_lost, other.received.lost })
  end)

  it("hears through loss, copies and reordering: no more is lost than on the way", function()
    stage:close()
    stage = support.stage {
      seed = 3, link = { loss = 0.02, duplicate = 0.01, reorder = 0.01, jitter = 40 },
    }
    local a, b = stage:pair()
    b:listen()
    a:play { { tone = "440", ms = 60000 } }
    stage:run(61000)
    local lost = 0
    for _, packet in ipairs(stage.packets) do
      if packet.from == a.address and packet.lost then lost = lost + 1 end
    end
    local stats = b:stats().received
    assert.is_true(stats.lost + stats.late <= lost * 1.2, stats.lost + stats.late .. " of " .. lost)
    assert.is_true(stats.duplicates > 10 and stats.reordered > 5)
    assert.is_true(support.share(b:heard():sub(20001, 60000), 440) > 0.9)
  end)
end)
