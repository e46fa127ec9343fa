-- SPDX-License-Identifier: MIT
--
-- Codecs: the static payload types, and which two are the same.

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

-- RFC 3551 6, tables 4 and 5, by hand.
local STATIC <const> = [[
0 PCMU 8000 1    3 GSM 8000 1     4 G723 8000 1    5 DVI4 8000 1    6 DVI4 16000 1
7 LPC 8000 1     8 PCMA 8000 1    9 G722 8000 1    10 L16 44100 2   11 L16 44100 1
12 QCELP 8000 1  13 CN 8000 1     14 MPA 90000 1   15 G728 8000 1   16 DVI4 11025 1
17 DVI4 22050 1  18 G729 8000 1   25 CelB 90000 1  26 JPEG 90000 1  28 nv 90000 1
31 H261 90000 1  32 MPV 90000 1   33 MP2T 90000 1  34 H263 90000 1
]]

describe("codecs", function()
  it("have the static payload types of RFC 3551 6, and no others", function()
    local expected <const> = {}
    for type, name, rate, channels in STATIC:gmatch "(%d+) (%w+) (%d+) (%d+)" do
      expected[math.tointeger(type)] = { name, math.tointeger(rate), math.tointeger(channels) }
    end
    for type = 0, 127 do
      local m <const> = descriptions.parsed { "m=audio 1 RTP/AVP " .. type }.media[1]
      local c <const> = m.codecs[1]
      assert.same(expected[type], c and { c.name, c.rate, c.channels }, type)
    end
  end)

  it("of an rtpmap come before the static ones (RFC 3551 6)", function()
    local s <const> = descriptions.parsed { "m=audio 1 RTP/AVP 0", "a=rtpmap:0 L8/11025/2" }
    assert.same({ { name = "L8", rate = 11025, channels = 2, payload_type = 0 } },
      s.media[1].codecs)
  end)

  -- Whether an answer in one may follow an offer of the other.
  local function same(a, b)
    local function described(codec)
      local map <const>, fmtp <const> = codec:match "^(%S+) ?(.*)$"
      local lines <const> = { "m=audio 1 RTP/AVP 96", "a=rtpmap:96 " .. map }
      if fmtp ~= "" then lines[3] = "a=fmtp:96 " .. fmtp end
      return descriptions.parsed(lines)
    end
    return core.sdp_check(described(a), described(b)) == true
  end

  it("are the same by name without case, clock rate and channels (RFC 8866 5.14)", function()
    assert.is_true(same("PCMU/8000", "pcmu/8000/1"))
    assert.is_false(same("PCMU/8000", "PCMA/8000"))
    assert.is_false(same("PCMU/8000", "PCMU/16000"))
    assert.is_false(same("L16/8000", "L16/8000/2"))
    assert.is_false(same("PCMU/8000", "PCMUX/8000"))
    assert.is_true(same("opus/48000/2 stereo=1", "opus/48000/2"))
  end)

  it("differ by the parameters that make another format (RFC 3264 6.1)", function()
    assert.is_true(same("AMR/8000", "AMR/8000 octet-align=0"))
    assert.is_false(same("AMR/8000", "AMR/8000 octet-align=1"))
    assert.is_true(same("AMR-WB/16000 mode-set=1; Octet-Align = 1", "amr-wb/16000 octet-align=1"))
    assert.is_true(same("H264/90000 profile-level-id=42e016;packetization-mode=1",
      "H264/90000 packetization-mode=1"))
    assert.is_false(same("H264/90000 packetization-mode=1", "H264/90000"))
    assert.is_false(same("G7221/16000 bitrate=24000", "G7221/16000 bitrate=32000"))
    assert.is_true(same("H264/90000 ;;packetization-mode", "H264/90000 packetization-mode=0"))
  end)

  it("that are no RTP are compared by their name (RFC 8866 5.14)", function()
    local function image(format)
      return descriptions.parsed { "m=image 4000 udptl " .. format }
    end
    assert.is_true(core.sdp_check(image "t38", image "t38"))
    assert.is_nil(core.sdp_check(image "t38", image "t39"))
  end)
end)
