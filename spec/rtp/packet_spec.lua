-- SPDX-License-Identifier: MIT
--
-- RTP packets, read and written (RFC 3550 5.1, 5.3.1).

local face <const> = require "rtp_face"
local rtp <const> = require "spec.support.rtp"

describe("An RTP packet (RFC 3550 5.1)", function()
  local FULL <const> = {
    payload_type = 101, marker = true, sequence = 65535, timestamp = 0xfffffff0,
    ssrc = 0xdeadbeef, csrcs = { 1, 0xffffffff }, profile = 0xbede, extension = "12345678",
    payload = "audio",
  }

  it("is read field by field", function()
    assert.same({
      payload_type = 101, marker = true, sequence = 65535, timestamp = 0xfffffff0,
      ssrc = 0xdeadbeef, csrcs = "\0\0\0\1\xff\xff\xff\xff", profile = 0xbede,
      extension = "12345678", payload = "audio",
    }, face.packet(rtp.bytes(FULL)))
  end)

  it("needs twelve bytes, and two are version 2's", function()
    local whole = rtp.bytes { payload = "" }
    assert.equal(12, #whole)
    for len = 0, 11 do assert.is_nil(face.packet(whole:sub(1, len)), len) end
    assert.equal("", face.packet(whole).payload)
    for version = 0, 3 do
      assert.equal(version == 2, face.packet(rtp.bytes { version = version }) ~= nil)
    end
  end)

  it("has up to fifteen CSRCs, all of them there", function()
    local csrcs = {}
    for i = 1, 15 do csrcs[i] = i end
    local whole = rtp.bytes { csrcs = csrcs }
    assert.equal(60, #face.packet(whole).csrcs)
    for len = 12, #whole - 1 do assert.is_nil(face.packet(whole:sub(1, len)), len) end
  end)

  it("has an extension of as many words as it says (5.3.1)", function()
    local whole = rtp.bytes { extension = "abcdefgh" }
    assert.equal("abcdefgh", face.packet(whole).extension)
    for len = 12, #whole - 1 do assert.is_nil(face.packet(whole:sub(1, len)), len) end
    assert.is_nil(face.packet(rtp.bytes { extension = "abcd", words = 2 }))
    assert.is_nil(face.packet(rtp.bytes { extension = "abcd", words = 65535 }))
    assert.equal("", face.packet(rtp.bytes { extension = "" }).extension)
    local longest = face.packet(rtp.bytes { extension = ("x"):rep(65535 * 4), payload = "y" })
    assert.equal(65535 * 4, #longest.extension)
    assert.equal("y", longest.payload)
  end)

  it("has padding that counts itself, and leaves the header", function()
    local function payload(text, padding)
      local p = face.packet(rtp.bytes { payload = text, padding = padding })
      return p and p.payload
    end
    assert.equal("audio", payload("audio", "\1"))
    assert.equal("audio", payload("audio", "\0\0\3"))
    assert.equal("", payload("", "\0\0\0\4")) -- nothing but padding
    assert.is_nil(payload("audio", "\0")) -- no padding, though announced
    assert.equal("", payload("audio", "\6"))
    assert.is_nil(payload("audio", "\7")) -- one byte of the header
    assert.is_nil(payload("", "\255"))
    assert.is_nil(face.packet(rtp.bytes { csrcs = { 0x09090909 }, padding = "" })) -- into CSRCs
    assert.equal("", payload(("x"):rep(254), "\255"))
  end)

  it("is written as it is read", function()
    local bytes, head = face.write_packet(face.packet(rtp.bytes(FULL)))
    assert.equal(rtp.bytes(FULL), bytes)
    assert.equal(12 + 8 + 4 + 8, head)
    assert.equal(rtp.bytes { payload = "x" }, (face.write_packet { payload = "x" }))
    assert.equal(rtp.bytes { extension = "" }, (face.write_packet { extension = "" }))
  end)

  it("is written where its payload stands already, without a copy", function()
    assert.equal(rtp.bytes(FULL), face.write_in_place(face.packet(rtp.bytes(FULL))))
  end)

  it("is not written into too little room", function()
    local whole = rtp.bytes(FULL)
    local packet = face.packet(whole)
    for room = 0, #whole - 1 do assert.is_nil((face.write_packet(packet, room)), room) end
    assert.equal(whole, (face.write_packet(packet, #whole)))
  end)

  it("is not written with what its fields cannot say", function()
    assert.is_nil((face.write_packet { csrcs = ("\0"):rep(64) })) -- 16
    assert.is_nil((face.write_packet { extension = "123" }))
    assert.is_nil((face.write_packet({ extension = ("x"):rep(65536 * 4) }, 1 << 20)))
    assert.truthy((face.write_packet({ extension = ("x"):rep(65535 * 4) }, 1 << 20)))
    assert.is_nil((face.write_packet { payload_type = 128 }))
    assert.truthy((face.write_packet { payload_type = 127 }))
  end)
end)

describe("A datagram on a media port (RFC 7983 7)", function()
  it("is told by its first byte", function()
    local ranges <const> = {
      { 0, 3, "stun" }, { 4, 15, "none" }, { 16, 19, "zrtp" }, { 20, 63, "dtls" },
      { 64, 79, "turn" }, { 80, 127, "none" }, { 128, 191, "rtp" }, { 192, 255, "none" },
    }
    for _, range in ipairs(ranges) do
      for first = range[1], range[2] do
        assert.equal(range[3], face.demux(string.char(first, 0)), first)
      end
    end
  end)

  it("is RTCP by its second, of 192 to 223 (RFC 5761 4)", function()
    for second = 0, 255 do
      local rtcp = second >= 192 and second <= 223
      assert.equal(rtcp and "rtcp" or "rtp", face.demux(string.char(0x80, second)), second)
    end
    assert.equal("dtls", face.demux "\x16\xc8")
  end)

  it("of one byte or none is nothing", function()
    assert.equal("none", face.demux "")
    for first = 0, 255 do assert.equal("none", face.demux(string.char(first))) end
  end)
end)

describe("Media time", function()
  it("is counted in ticks without overflow, whatever the clock shows", function()
    local far <const> = math.maxinteger
    assert.equal(160, face.ticks(20 * rtp.MS, 8000))
    assert.equal(-160, face.ticks(-20 * rtp.MS, 8000))
    assert.equal(20 * rtp.MS, face.span(160, 8000))
    assert.equal(far // rtp.SECOND * 192000 + far % rtp.SECOND * 192000 // rtp.SECOND,
      face.ticks(far, 192000))
    for _, rate in ipairs { 8000, 11025, 16000, 44100, 48000 } do
      for _, count in ipairs { 1, 159, rate, rate * 3600 + 7 } do
        assert.truthy(math.abs(face.ticks(face.span(count, rate), rate) - count) <= 1)
      end
    end
  end)

  it("of two instants is kept within 64 bits", function()
    assert.equal(5, face.since(12, 7))
    assert.equal(math.maxinteger, face.since(math.maxinteger, -1))
    assert.equal(math.mininteger, face.since(math.mininteger, 1))
    assert.equal(math.maxinteger, face.after(math.maxinteger - 1, 2))
    assert.equal(math.mininteger, face.after(math.mininteger, -1))
  end)

  it("is told in NTP timestamps (RFC 3550 4)", function()
    local epoch = face.ntp(0)
    assert.equal(2208988800 << 32, epoch)
    assert.equal((2208988800 << 32) + (1 << 31), (face.ntp(rtp.SECOND // 2)))
    assert.equal((2208988799 << 32) + (1 << 31), (face.ntp(-rtp.SECOND // 2)))
    -- the middle 32 bits wrap every 18 hours, and all of them in 2036
    local _, middle = face.ntp(1500000000)
    assert.equal((2208988801 & 0xffff) << 16 | 0x8000, middle)
    assert.equal(0, face.ntp(2085978496 * rtp.SECOND))
  end)
end)
