-- SPDX-License-Identifier: MIT
--
-- core.sdp_stream: what an offer and its answer amount to (RFC 3264 6.1, 7).

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local parsed <const> = descriptions.parsed

local OURS <const> = { "m=audio 4000 RTP/AVP 0 96 101", "a=rtpmap:96 opus/48000/2",
                       "a=rtpmap:101 telephone-event/8000", "a=fmtp:96 stereo=0" }

local function stream(theirs, ours, number)
  return core.sdp_stream(parsed(ours or OURS), parsed(theirs), number or 1)
end

describe("a stream", function()
  it("sends with their payload types and receives with ours, in their order (6.1, 7)", function()
    local s <const> = stream { "m=audio 5000 RTP/AVP 110 0 97 8", "a=rtpmap:110 OPUS/48000/2",
                               "a=rtpmap:97 telephone-event/8000", "a=fmtp:110 stereo=1",
                               "a=ptime:40", "a=maxptime:60" }
    assert.same({
      { name = "OPUS", rate = 48000, channels = 2, payload_type = 110, receive = 96,
        fmtp = "stereo=1", own_fmtp = "stereo=0" },
      { name = "PCMU", rate = 8000, channels = 1, payload_type = 0, receive = 0 },
      { name = "telephone-event", rate = 8000, channels = 1, payload_type = 97, receive = 101 },
    }, s.codecs)
    assert.same(s.codecs[1], s.codec)
    assert.is_nil(s.events) -- its clock is not that of the codec
    assert.same({ true, "sendrecv", true, true, "192.0.2.1", 5000, 40, 60 },
      { s.active, s.direction, s.sends, s.receives, s.address, s.port, s.ptime, s.maxptime })
  end)

  it("sends events with the clock of its codec (RFC 4733 2.1)", function()
    local s <const> = stream({ "m=audio 5000 RTP/AVP 98 0 97 13",
                               "a=rtpmap:97 telephone-event/8000",
                               "a=rtpmap:98 telephone-event/48000" },
      { "m=audio 1 RTP/AVP 13 0 101 102", "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:102 telephone-event/48000" })
    assert.same({ "PCMU", 97, 13 },
      { s.codec.name, s.events.payload_type, s.comfort_noise.payload_type })
  end)

  it("does what both want (6.1)", function()
    for _, case in ipairs {
      { "sendrecv", "sendrecv", "sendrecv" }, { "sendonly", "recvonly", "sendonly" },
      { "sendonly", "sendrecv", "sendonly" }, { "recvonly", "sendrecv", "recvonly" },
      { "sendonly", "sendonly", "inactive" }, { "sendrecv", "inactive", "inactive" },
    } do
      local s <const> = stream({ "m=audio 1 RTP/AVP 0", "a=" .. case[2] },
        { "m=audio 1 RTP/AVP 0", "a=" .. case[1] })
      assert.equal(case[3], s.direction)
      assert.equal(case[3]:find "send" ~= nil, s.sends)
      assert.equal(case[3] == "sendrecv" or case[3] == "recvonly", s.receives)
    end
  end)

  it("is held by a direction, or by an address that is none (8.4, RFC 6157 4.1)", function()
    for line, held in pairs { ["a=sendonly"] = true, ["a=inactive"] = true, ["a=recvonly"] = false,
                              ["a=sendrecv"] = false, ["c=IN IP4 0.0.0.0"] = true,
                              ["c=IN IP6 ::"] = true, ["c=IN IP6 hold.invalid"] = true,
                              ["c=IN IP6 invalid.example"] = false } do
      local s <const> = stream { "m=audio 1 RTP/AVP 0", line }
      assert.equal(held, s.held, line)
      if held then assert.is_false(s.sends) end
    end
  end)

  it("sends RTCP to the next port, as a=rtcp says, or to the RTP port (RFC 3605, 5761)", function()
    local mux <const> = { "m=audio 1 RTP/AVP 0", "a=rtcp-mux" }
    assert.same({ port = 5001, address = "192.0.2.1" }, stream { "m=audio 5000 RTP/AVP 0" }.rtcp)
    assert.same({ port = 9, address = "192.0.2.1" },
      stream { "m=audio 5000 RTP/AVP 0", "a=rtcp:9" }.rtcp)
    assert.same({ port = 9, address = "192.0.2.9" },
      stream { "m=audio 5000 RTP/AVP 0", "a=rtcp:9 IN IP4 192.0.2.9" }.rtcp)
    local theirs <const> = { "m=audio 5000 RTP/AVP 0", "a=rtcp:9 IN IP4 192.0.2.9", "a=rtcp-mux" }
    assert.same({ port = 9, address = "192.0.2.9" }, stream(theirs).rtcp)
    assert.same({ port = 5000, address = "192.0.2.1" }, stream(theirs, mux).rtcp)
    assert.same({ true, false, false }, { stream(theirs, mux).rtcp_mux, stream(theirs).rtcp_mux,
                                          stream({ "m=audio 1 RTP/AVP 0" }, mux).rtcp_mux })
  end)

  it("is not active when one side rejected it, or without a codec in common", function()
    assert.is_false(stream { "m=audio 0 RTP/AVP 0" }.active)
    assert.is_false(stream({ "m=audio 1 RTP/AVP 0" }, { "m=audio 0 RTP/AVP 0" }).active)
    local s <const> = stream { "m=audio 1 RTP/AVP 8" }
    assert.same({ false, {} }, { s.active, s.codecs })
  end)

  it("is there for each m= line of both", function()
    local two <const> = { "m=audio 1 RTP/AVP 0", "m=audio 2 RTP/AVP 0" }
    assert.equal(2, stream(two, two, 2).port)
    assert.is_nil(stream(two, { two[1] }, 2))
    assert.is_nil(stream({ two[1] }, two, 2))
    for _, number in ipairs { 0, -1, 3, math.maxinteger, math.mininteger } do
      assert.is_nil(stream(two, two, number))
    end
  end)

  it("has at most 32 codecs", function()
    local every <const>, maps = {}, {}
    for type = 35, 95 do
      every[#every + 1] = tostring(type)
      maps[#maps + 1] = ("a=rtpmap:%d x-%d/8000"):format(type, type)
    end
    local lines <const> = { "m=audio 1 RTP/AVP " .. table.concat(every, " "), table.unpack(maps) }
    local s <const> = stream(lines, lines)
    assert.same({ 32, 66 }, { #s.codecs, s.codecs[32].receive })
  end)
end)
