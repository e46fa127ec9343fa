-- SPDX-License-Identifier: MIT
--
-- RTCP (RFC 3550 6, A.2, A.7): read from friend and foe, written, and when to send it.

local face <const> = require "rtp_face"
local streams <const> = require "rtp_streams_face"
local rtp <const> = require "spec.support.rtp"

-- One packet of a compound. words: what its length field says, when not the truth.
local function packet(type, count, body, words, first)
  return (">BBI2"):pack(first or 0x80 | count, type, words or #body // 4) .. body
end

local function block(ssrc)
  return (">I4I4I4I4I4I4"):pack(ssrc, 0x40fffffe, 70000, 33, 0xb7052000, 0x00054000)
end

local SENDER <const> = (">I4I4I4I4I4I4"):pack(7, 0xb44db705, 0x20000000, 1234, 10, 1600)
local SR <const> = packet(200, 1, SENDER .. block(9))
local RR <const> = packet(201, 0, "\0\0\0\7")
local SDES <const> = packet(202, 1, "\0\0\0\7\1\5alice\0\0\0\0\0")
local BYE <const> = packet(203, 1, "\0\0\0\7")

describe("A compound RTCP packet (RFC 3550 A.2)", function()
  it("is walked packet by packet", function()
    local list = face.rtcp(SR .. SDES .. BYE, 9)
    assert.equal(3, #list)
    assert.same({ type = 200, count = 1, len = 48, sender = 7,
      info = { ntp = 0xb44db70520000000, timestamp = 1234, packets = 10, octets = 1600 },
      block = { ssrc = 9, fraction_lost = 64, lost = -2, highest = 70000, jitter = 33,
        last_sr = 0xb7052000, delay = 0x54000 },
    }, list[1])
    assert.equal(202, list[2].type)
    assert.equal(203, list[3].type)
  end)

  it("begins with a report, unless reduced size was negotiated (RFC 5506)", function()
    assert.truthy(face.rtcp(RR))
    assert.truthy(face.rtcp(SR))
    local eight <const> = ("x"):rep(8)
    for _, other in ipairs { SDES, BYE, packet(204, 0, eight), packet(205, 1, eight) } do
      assert.is_nil(face.rtcp(other))
      assert.truthy(face.rtcp(other, 0, true))
    end
  end)

  it("has lengths that add up", function()
    local whole = SR .. SDES .. BYE
    for len = 0, #whole - 1 do
      local sound = len == #SR or len == #SR + #SDES
      assert.equal(sound, face.rtcp(whole:sub(1, len)) ~= nil, len)
    end
    for _, tail in ipairs { "\0", "\x80", "\x80\xc9\0", "\x80\xc9\0\1" } do
      assert.is_nil(face.rtcp(RR .. tail))
    end
    assert.is_nil(face.rtcp(packet(201, 0, "\0\0\0\7", 2)))
    assert.is_nil(face.rtcp(packet(201, 0, "\0\0\0\7", 65535)))
    assert.truthy(face.rtcp(packet(201, 0, "\0\0\0\7", 0) .. "", 0) == nil)
  end)

  it("is of version 2 throughout", function()
    for version = 0, 3 do
      local other = packet(203, 0, "", 0, version << 6)
      assert.equal(version == 2, face.rtcp(RR .. other) ~= nil)
      assert.equal(version == 2, face.rtcp(packet(201, 0, "\0\0\0\7", 1, version << 6)) ~= nil)
    end
  end)

  it("is padded in whole words, and only at its end", function()
    local function padded(body) return packet(201, 0, body, nil, 0xa0) end
    assert.equal(4, face.rtcp(padded "\0\0\0\7\0\0\0\4")[1].len)
    assert.equal(0, face.rtcp(padded "\0\0\0\7\0\0\0\8")[1].len)
    for _, count in ipairs { 0, 1, 3, 5, 12, 252, 255 } do
      assert.is_nil(face.rtcp(padded("\0\0\0\7\0\0\0" .. string.char(count))), count)
    end
    assert.is_nil(face.rtcp(padded "\0\0\0\7\0\0\0\4" .. BYE))
    assert.truthy(face.rtcp(RR .. packet(203, 1, "\0\0\0\7\0\0\0\4", nil, 0xa1)))
  end)

  it("may hold what nobody asked for: APP, XR, feedback, and types to come", function()
    local whole = RR .. packet(204, 3, "\0\0\0\7nameDATA")
      .. packet(207, 0, "\0\0\0\7\4\0\0\2xxxxxxxx")
      .. packet(205, 1, "\0\0\0\7\0\0\0\9" .. "\0\1\0\0")
      .. packet(206, 3, "\0\0\0\7\0\0\0\9\0\0\0\0")
      .. packet(223, 31, "") .. packet(0, 0, "")
    local list = face.rtcp(whole, 9)
    assert.equal(7, #list)
    for i = 2, 5 do assert.equal(7, list[i].sender) end
    assert.equal(0, list[6].sender)
    assert.equal(31, list[6].count)
  end)
end)

describe("A report (RFC 3550 6.4)", function()
  local function about(ssrc, bytes)
    local list = face.rtcp(bytes, ssrc)
    return list and list[1].block
  end

  it("is found among up to 31", function()
    local body = "\0\0\0\7"
    for i = 1, 31 do body = body .. block(i) end
    local whole = packet(201, 31, body)
    for i = 1, 31 do assert.equal(i, about(i, whole).ssrc) end
    assert.is_nil(about(32, whole))
    assert.is_nil(about(31, packet(201, 30, body))) -- it says that there are 30
  end)

  it("is not there when the packet is shorter than its count", function()
    for count = 1, 31 do
      local blocks = block(9):rep(count - 1)
      assert.is_nil(about(9, packet(201, count, "\0\0\0\7" .. blocks .. block(9):sub(1, 20))))
      assert.is_nil(about(9, packet(200, count, SENDER .. blocks)))
    end
    assert.is_nil(face.rtcp(packet(200, 0, SENDER:sub(1, 20)))[1].info)
    assert.truthy(face.rtcp(packet(200, 0, SENDER))[1].info)
    assert.is_nil(face.rtcp(packet(200, 1, SENDER .. block(9):sub(1, 20)))[1].info)
    assert.equal(0, face.rtcp(packet(201, 0, ""))[1].sender)
  end)

  it("may have an extension behind its blocks (6.4.3)", function()
    assert.equal(9, about(9, packet(201, 1, "\0\0\0\7" .. block(9) .. "profile.")).ssrc)
  end)

  it("has a loss of 24 bits with a sign", function()
    local fields <const> = {
      [0] = 0, [8388607] = 0x7fffff, [-8388608] = 0x800000, [-1] = 0xffffff,
    }
    for lost, bits in pairs(fields) do
      local body = (">I4I4"):pack(9, bits) .. ("\0"):rep(16)
      assert.equal(lost, about(9, packet(201, 1, "\0\0\0\7" .. body)).lost)
    end
  end)
end)

describe("SDES (RFC 3550 6.5)", function()
  local function cname(count, body, ssrc)
    return face.rtcp(RR .. packet(202, count, body), ssrc or 7)[2].cname
  end

  it("has the CNAME of a source among chunks and items", function()
    assert.equal("alice", cname(1, "\0\0\0\7\1\5alice\0"))
    assert.equal("", cname(1, "\0\0\0\7\1\0\0\0"))
    assert.equal("bob", cname(2, "\0\0\0\8\1\5alice\0" .. "\0\0\0\7\2\1n\1\3bob\0\0\0\0"))
    assert.equal("bob", cname(2, "\0\0\0\8\1\6alice!\0\0\0\0" .. "\0\0\0\7\1\3bob\0\0\0"))
    assert.is_nil(cname(1, "\0\0\0\7\2\4name\0\0"))
    assert.is_nil(cname(1, "\0\0\0\8\1\5alice\0"))
    assert.is_nil(cname(0, ""))
  end)

  it("has items of up to 255 octets", function()
    assert.equal(255, #cname(1, "\0\0\0\7\1\255" .. ("x"):rep(255) .. "\0\0\0"))
  end)

  it("has no CNAME when an item or chunk does not end in time (A.5)", function()
    assert.is_nil(cname(1, "\0\0\0\7\1\6alice\0"))  -- the null octet is eaten
    assert.is_nil(cname(1, "\0\0\0\7\1\7alice\0"))  -- one too many
    assert.is_nil(cname(1, "\0\0\0\7\1\255alice\0"))
    assert.is_nil(cname(1, "\0\0\0\7\1\2al\2\6abcdef")) -- no null octet
    assert.is_nil(cname(1, "\0\0\0\7\1\1a\2"))      -- half an item
    assert.is_nil(cname(31, "\0\0\0\8\0\0\0\0"))    -- chunks that are not there
    assert.is_nil(cname(1, ""))
  end)
end)

describe("BYE (RFC 3550 6.6)", function()
  local function leaves(count, body, ssrc)
    local p = face.rtcp(RR .. packet(203, count, body), ssrc or 7)[2]
    return p.leaves, p.reason
  end

  it("names up to 31 sources, and maybe a reason", function()
    assert.is_true((leaves(1, "\0\0\0\7")))
    assert.is_nil((leaves(1, "\0\0\0\8")))
    assert.is_true((leaves(31, ("\0\0\0\8"):rep(30) .. "\0\0\0\7")))
    assert.is_nil((leaves(30, ("\0\0\0\8"):rep(30) .. "\0\0\0\7")))
    local _, reason = leaves(1, "\0\0\0\7\3bye")
    assert.equal("bye", reason)
    _, reason = leaves(2, "\0\0\0\8\0\0\0\7\5later\0\0")
    assert.equal("later", reason)
  end)

  it("is nothing when it is shorter than its count, and has no reason that does not fit", function()
    assert.is_nil((leaves(1, "")))
    assert.is_nil((leaves(31, "\0\0\0\7")))
    local gone, reason = leaves(1, "\0\0\0\7\4bye")
    assert.is_true(gone)
    assert.equal("", reason)
    gone, reason = leaves(1, "\0\0\0\7\255xyz")
    assert.is_true(gone)
    assert.equal("", reason)
  end)
end)

describe("RTCP of ours (RFC 3550 6.1)", function()
  local BLOCK <const> = {
    ssrc = 9, fraction_lost = 64, lost = -2, highest = 70000, jitter = 33,
    last_sr = 0xb7052000, delay = 0x54000,
  }

  it("is a report and our CNAME", function()
    local info = { ntp = 0xb44db70520000000, timestamp = 1234, packets = 10, octets = 1600 }
    assert.equal(SR .. packet(202, 1, "\0\0\0\7\1\5alice\0"),
      face.write_rtcp { ssrc = 7, sender = info, blocks = { BLOCK }, cname = "alice" })
    assert.equal(RR .. packet(202, 1, "\0\0\0\7\1\4anna\0\0"),
      face.write_rtcp { ssrc = 7, cname = "anna" })
  end)

  it("ends a CNAME with a null octet at least, at a whole word (6.5)", function()
    for len = 1, 255 do
      local bytes = face.write_rtcp { ssrc = 7, cname = ("c"):rep(len) }
      assert.equal(0, #bytes % 4)
      assert.equal(("c"):rep(len), face.rtcp(bytes, 7)[2].cname)
    end
  end)

  it("says BYE, with a reason when there is one", function()
    local list = face.rtcp(face.write_rtcp { ssrc = 7, cname = "a", bye = true }, 7)
    assert.is_true(list[3].leaves)
    assert.equal("", list[3].reason)
    for _, len in ipairs { 1, 2, 3, 4, 255 } do
      local bytes = face.write_rtcp { ssrc = 7, cname = "a", bye = true, reason = ("r"):rep(len) }
      assert.equal(("r"):rep(len), face.rtcp(bytes, 7)[3].reason)
    end
  end)

  it("keeps a loss within its 24 bits", function()
    for given, got in pairs { [9000000] = 8388607, [-9000000] = -8388608, [8388607] = 8388607 } do
      local blocks = { { ssrc = 9, lost = given } }
      local bytes = face.write_rtcp { ssrc = 7, cname = "a", blocks = blocks }
      assert.equal(got, face.rtcp(bytes, 9)[1].block.lost)
    end
  end)

  it("fits its room exactly, or is not written", function()
    local report = { ssrc = 7, cname = "alice", blocks = { BLOCK }, bye = true, reason = "done" }
    local whole = face.write_rtcp(report)
    for room = 0, #whole - 1 do assert.is_nil(face.write_rtcp(report, room), room) end
    assert.equal(whole, face.write_rtcp(report, #whole))
  end)

  it("has at most 31 blocks, a CNAME, and texts of up to 255 octets", function()
    local blocks = {}
    for i = 1, 31 do blocks[i] = { ssrc = i } end
    assert.equal(31, face.rtcp(face.write_rtcp { ssrc = 7, cname = "a", blocks = blocks })[1].count)
    blocks[32] = { ssrc = 32 }
    assert.is_nil(face.write_rtcp { ssrc = 7, cname = "a", blocks = blocks })
    assert.is_nil(face.write_rtcp { ssrc = 7, cname = "" })
    assert.is_nil(face.write_rtcp { ssrc = 7, cname = ("c"):rep(256) })
    assert.is_nil(face.write_rtcp { ssrc = 7, cname = "c", bye = true, reason = ("r"):rep(256) })
  end)
end)

describe("The interval of RTCP (RFC 3550 6.3.1, A.7)", function()
  local HALF <const>, LEAST <const>, MOST <const> = 1 << 31, 0, 0xffffffff

  local function seconds(time) return time / rtp.SECOND end

  it("is at least five seconds, half of that at first", function()
    local schedule = streams.schedule(64000, 0, HALF)
    local _, interval = schedule:get()
    assert.equal(2.5, seconds(interval))
    schedule:sent(100, 0, HALF)
    _, interval = schedule:get()
    assert.equal(5, seconds(interval))
  end)

  it("is spread over half to one and a half of that, over e - 3/2", function()
    for random, share in pairs { [LEAST] = 0.5, [HALF] = 1, [MOST] = 1.5 } do
      local at = streams.schedule(64000, 0, random):get()
      assert.truthy(math.abs(seconds(at) - 2.5 * share / 1.21828) < 1e-6)
    end
  end)

  it("grows with members, each of whom gets a share of 5 %", function()
    local schedule = streams.schedule(64000, 0, HALF)
    schedule:sent(100, 0, HALF)
    schedule:set { members = 1000, senders = 100 } -- 400 octets/s, of which 3/4 for receivers
    local _, interval = schedule:get()
    assert.truthy(math.abs(seconds(interval) - 128 * 900 / 300) < 1e-6)
    schedule:set { we_sent = true }
    _, interval = schedule:get()
    assert.truthy(math.abs(seconds(interval) - 128 * 100 / 100) < 1e-6)
    schedule:set { senders = 251 } -- more than a quarter: all alike
    _, interval = schedule:get()
    assert.truthy(math.abs(seconds(interval) - 128 * 1000 / 400) < 1e-6)
  end)

  it("is reconsidered when it is over (6.3.6)", function()
    local schedule = streams.schedule(64000, 0, HALF)
    local at = schedule:get()
    assert.is_false((schedule:due(at - 1, LEAST)))
    local due, later = schedule:due(at, MOST)
    assert.is_false(due)
    assert.truthy(later > at)
    assert.is_false((schedule:due(later - 1, LEAST)))
    assert.is_true((schedule:due(later, LEAST)))
  end)

  it("counts sizes with their headers, and a sixteenth of each new one (6.3.3)", function()
    local schedule = streams.schedule(64000, 0, HALF)
    assert.equal(128 + 160 / 16, schedule:received(128 + 160 - 28))
    assert.equal(138 - 16 / 16, schedule:sent(138 - 16 - 28, 0, HALF))
  end)

  it("is bounded for a session without bandwidth, and a clock far in the future", function()
    local schedule = streams.schedule(0, math.maxinteger - 5, MOST)
    local at, interval = schedule:get()
    assert.equal(math.maxinteger, at)
    assert.equal(3600, seconds(interval))
    assert.is_false((schedule:due(math.maxinteger - 1, MOST)))
  end)
end)
