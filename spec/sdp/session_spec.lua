-- SPDX-License-Identifier: MIT
--
-- core.sdp: what a description says (RFC 8866), and what is taken from peers that
-- do not keep to it.

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local audio <const>, parsed <const> = descriptions.audio, descriptions.parsed

-- Made for these specs: every letter, in the order of 5.
local WHOLE <const> = descriptions.text {
  "v=0", "o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1", "s=A call", "i=Second try",
  "u=http://www.example.com/", "e=j.doe@example.com", "e=a@b", "p=+1 617 555-6011",
  "c=IN IP4 198.51.100.1", "b=CT:128", "b=X-Y:1", "t=0 0", "t=3724394400 3724398000",
  "r=7d 1h 0 25h", "z=3730928400 -1h", "k=prompt", "a=tool:x 1", "a=recvonly", "a=group:LS 1 2",
  "m=audio 49170 RTP/AVP 0 96", "i=voice", "c=IN IP6 2001:db8::2", "b=AS:64", "k=clear:x",
  "a=rtpmap:96 opus/48000/2", "a=fmtp:96 stereo=1", "a=ptime:20", "a=maxptime:120.5",
  "a=candidate:1 1 udp 1 192.0.2.2 49170 typ host", "a=candidate:2 1 udp 1 192.0.2.3 1 typ host",
  "a=rtcp:53020 IN IP4 192.0.2.9", "a=rtcp-mux", "a=sendonly", "a=x-unknown:y",
  "m=video 0 RTP/AVP 31", "m=image 4000 udptl t38", "a=T38FaxVersion:0",
}

describe("a description", function()
  it("has the fields of its session level (RFC 8866 5)", function()
    local s <const> = assert(core.sdp(WHOLE))
    assert.same({ username = "jdoe", session_id = "3724394400", session_version = "3724394405",
                  nettype = "IN", addrtype = "IP4", address = "198.51.100.1" }, s.origin)
    assert.same({ "A call", "Second try", "http://www.example.com/", "198.51.100.1", "recvonly" },
      { s.name, s.information, s.uri, s.address, s.direction })
    assert.same({ CT = 128, ["X-Y"] = 1 }, s.bandwidth)
    assert.same({ "j.doe@example.com", "a@b" }, s:lines "e")
    assert.same({ "0 0", "3724394400 3724398000" }, s:lines "t")
    assert.same({ "+1 617 555-6011", nil }, { s:line "p", s:line "m" })
    assert.equal("x 1", s.attributes.tool)
    assert.equal(3, #s.attributes)
  end)

  it("has its media with theirs (5.14)", function()
    local m <const> = assert(core.sdp(WHOLE)).media
    assert.equal(3, #m)
    assert.same({ "audio", 49170, 1, "RTP/AVP" },
      { m[1].type, m[1].port, m[1].port_count, m[1].proto })
    assert.same({ "voice", "2001:db8::2", "IP6", "sendonly" },
      { m[1].information, m[1].address, m[1].addrtype, m[1].direction })
    assert.same({ "0", "96" }, m[1].formats)
    assert.same({ { name = "PCMU", rate = 8000, channels = 1, payload_type = 0 },
                  { name = "opus", rate = 48000, channels = 2, payload_type = 96,
                    fmtp = "stereo=1" } }, m[1].codecs)
    assert.same({ 20, 120, { port = 53020, address = "192.0.2.9" }, true, { AS = 64 } },
      { m[1].ptime, m[1].maxptime, m[1].rtcp, m[1].rtcp_mux, m[1].bandwidth })
    assert.same({ "video", 0, { "31" } }, { m[2].type, m[2].port, m[2].formats })
    assert.same({ { name = "t38" } }, m[3].codecs)
    assert.same({ 1, 2, 3 }, { m[1].index, m[2].index, m[3].index })
  end)

  it("takes from its session level what a medium does not say (5.7, 6.7)", function()
    local m <const> = assert(core.sdp(WHOLE)).media
    assert.same({ "198.51.100.1", "IP4", "recvonly" },
      { m[3].address, m[3].addrtype, m[3].direction })
    assert.same({ false, { port = 4001, address = "198.51.100.1" } }, { m[3].rtcp_mux, m[3].rtcp })
    assert.is_nil(m[3].ptime)
    assert.is_nil(m[2].rtcp)
  end)

  it("is sendrecv when nothing says otherwise (6.7)", function()
    local s <const> = parsed { "m=audio 1 RTP/AVP 0", "m=audio 1 RTP/AVP 0", "a=inactive" }
    assert.same({ "sendrecv", "sendrecv", "inactive" },
      { s.direction, s.media[1].direction, s.media[2].direction })
  end)

  it("prints as it came, unknown lines in their places (5)", function()
    assert.equal(WHOLE, tostring(assert(core.sdp(WHOLE))))
    assert.equal(WHOLE, core.sdp(WHOLE):copy().text)
  end)

  it("gives attributes that it does not know as they are (5.13)", function()
    local m <const> = assert(core.sdp(WHOLE)).media[1]
    assert.same({ "1 1 udp 1 192.0.2.2 49170 typ host", "2 1 udp 1 192.0.2.3 1 typ host" },
      m:attribute_values "candidate")
    assert.same({ true }, m:attribute_values "rtcp-mux")
    assert.same({}, m:attribute_values "Candidate")
    assert.same({ "y", true, nil }, { m.attributes["x-unknown"], m.attributes.sendonly,
                                      m.attributes.recvonly })
    local names <const> = {}
    for name, value in pairs(m.attributes) do names[#names + 1] = { name, value } end
    assert.equal(10, #names)
    assert.same({ { "ptime", "20" }, { "sendonly", true } }, { names[3], names[9] })
  end)

  it("keeps rtpmap and fmtp of a format that is not listed, without meaning (6.6)", function()
    local m <const> = parsed { "m=audio 1 RTP/AVP 0", "a=rtpmap:96 opus/48000/2",
                               "a=fmtp:96 x=1", "a=fmtp:t38 y", "a=fmtp:0 z" }.media[1]
    assert.same({ { name = "PCMU", rate = 8000, channels = 1, payload_type = 0, fmtp = "z" } },
      m.codecs)
  end)

  it("has no codec for a payload type that nobody explains (RFC 3551 6)", function()
    local m <const> = parsed { "m=audio 1 RTP/AVP 96 1 19 77 8" }.media[1]
    assert.same({ "96", "1", "19", "77", "8" }, m.formats)
    assert.equal(1, #m.codecs)
  end)

  it("reads ptime as milliseconds greater than zero (6.4, RFC 3264 5.1)", function()
    for value, ms in pairs { ["20"] = 20, ["20.0"] = 20, ["2.5"] = 2, ["65535"] = 65535,
                             ["0"] = false, ["65536"] = false, ["-20"] = false, ["x"] = false,
                             [""] = false, ["0.9"] = false, ["20."] = false, ["20.x"] = false } do
      local m <const> = parsed { "m=audio 1 RTP/AVP 0", "a=ptime:" .. value }.media[1]
      assert.equal(ms or nil, m.ptime, value)
    end
    assert.is_nil(parsed { "m=audio 1 RTP/AVP 0", "a=ptime" }.media[1].ptime)
  end)

  it("reads rtcp, and the next port when it is none (RFC 3605 2.1)", function()
    for value, port in pairs { ["53020"] = 53020, ["53020 IN IP6 2001:db8::1"] = 53020,
                               ["0"] = 4001, ["65536"] = 4001, ["x"] = 4001, [""] = 4001,
                               ["1 IN IP4"] = 4001, ["1 IN IP4 2001:db8::1"] = 4001 } do
      local m <const> = parsed { "m=audio 4000 RTP/AVP 0", "a=rtcp:" .. value }.media[1]
      assert.equal(port, m.rtcp.port, value)
    end
    assert.is_nil(parsed { "m=audio 65535 RTP/AVP 0" }.media[1].rtcp)
  end)
end)

describe("from real peers", function()
  it("takes LF for a line end, also here and there (5)", function()
    local text <const> = audio { "m=audio 1 RTP/AVP 0", "a=sendonly" }
    for _, one in ipairs { (text:gsub("\r\n", "\n")), (text:gsub("\r\n", "\n", 3)) } do
      local s <const> = assert(core.sdp(one))
      assert.same({ one, "sendonly", "-" }, { s.text, s.media[1].direction, s.name })
    end
  end)

  it("takes a last line without end, and empty lines behind it", function()
    local text <const> = audio { "m=audio 1 RTP/AVP 0", "a=sendonly" }
    for _, tail in ipairs { "", "\n", "\r\n\r\n", "\r\n\n\r\n" } do
      local one <const> = text:gsub("\r\n$", "") .. tail
      local s <const> = assert(core.sdp(one))
      assert.same({ one, "sendonly" }, { s.text, s.media[1].direction })
    end
  end)

  it("takes session lines behind s= in another order, and no t= (RFC 3264 9, figure 1)", function()
    local s <const> = assert(core.sdp(descriptions.text {
      "v=0", "o=carol 28908764872 28908764872 IN IP4 100.3.6.6", "s=-", "t=0 0",
      "c=IN IP4 192.0.2.4", "m=audio 0 RTP/AVP 0 1 3", "a=rtpmap:0 PCMU/8000",
      "a=rtpmap:1 1016/8000", "a=rtpmap:3 GSM/8000" }))
    assert.equal("1016", s.media[1].codecs[2].name)
    assert(core.sdp(descriptions.text { "v=0", "o=- 1 1 IN IP4 h", "s=-" }))
  end)

  it("takes a direction or an rtpmap that is said twice", function()
    local s <const> = parsed { "m=audio 1 RTP/AVP 96", "a=sendonly", "a=sendonly",
                               "a=rtpmap:96 opus/48000/2", "a=rtpmap:96 OPUS/48000/2" }
    assert.equal("sendonly", s.media[1].direction)
  end)
end)

describe("what is refused", function()
  local function refused(text, name, line, at)
    local s <const>, err = core.sdp(text)
    assert.is_nil(s)
    assert.same({ name, line, at or err.at }, { err.name, err.line, err.at }, text)
    assert.matches(("line %d, byte %d$"):format(err.line, err.at), err.reason)
  end

  it("is what lacks v=, o= or s= (5)", function()
    refused("", "SDP_MISSING", 1, 1)
    refused("v=0\r\n", "SDP_MISSING", 2, 6)
    refused("v=0\r\no=- 1 1 IN IP4 h\r\n", "SDP_MISSING", 3)
    refused("o=- 1 1 IN IP4 h\r\n", "SDP_ORDER", 1, 1)
    refused("v=0\r\ns=-\r\n", "SDP_ORDER", 2, 6)
    refused("v=0\r\nv=0\r\n", "SDP_ORDER", 2, 6)
  end)

  it("is a line where it must not be (5)", function()
    for _, line in ipairs { "v=0", "o=- 1 1 IN IP4 h", "s=-", "c=IN IP4 192.0.2.1", "r=7d 1h 0" } do
      local text <const> = audio({}, { line })
      if line:find "^r" then
        refused(text:gsub("t=0 0\r\n", ""), "SDP_ORDER", 5)
      else
        refused(text, "SDP_ORDER", 6)
      end
    end
    for _, letter in ipairs { "i", "u", "k" } do
      refused(audio({}, { letter .. "=x", letter .. "=x" }), "SDP_ORDER", 7)
    end
    for _, line in ipairs { "v=0", "o=- 1 1 IN IP4 h", "s=-", "u=x", "e=x", "p=1", "t=0 0",
                            "r=7d 1h 0", "z=1 1" } do
      refused(audio { "m=audio 1 RTP/AVP 0", line }, "SDP_ORDER", 7)
    end
    refused(audio { "m=audio 1 RTP/AVP 0", "i=x", "i=x" }, "SDP_ORDER", 8)
  end)

  it("is what contradicts itself: directions, addresses, payload types", function()
    refused(audio { "m=audio 1 RTP/AVP 0", "a=sendonly", "a=recvonly" }, "SDP_ORDER", 8)
    refused(audio({}, { "a=sendonly", "a=recvonly" }), "SDP_ORDER", 7)
    refused(audio { "m=audio 1 RTP/AVP 0", "c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.2" },
      "SDP_ORDER", 8)
    refused(audio { "m=audio 1 RTP/AVP 96", "a=rtpmap:96 L8/8000", "a=rtpmap:96 L16/8000" },
      "SDP_ORDER", 8)
    assert(core.sdp(audio { "m=audio 1 RTP/AVP 0", "c=IN IP4 233.252.0.1/127",
                            "c=IN IP4 233.252.0.2/127" }))
  end)

  it("is a medium in use without address (5.7)", function()
    local text <const> = audio { "m=audio 0 RTP/AVP 0", "m=audio 1 RTP/AVP 0" }
    refused(text:gsub("c=[^\r]+\r\n", ""), "SDP_MISSING", 6)
    assert(core.sdp((text:gsub("c=[^\r]+\r\n", ""):gsub("audio 1", "audio 0"))))
  end)

  it("is an empty line in the middle", function()
    refused(audio({ "m=audio 1 RTP/AVP 0" }, { "" }), "SDP_LINE", 6)
  end)

  it("is CR alone or NUL, wherever it stands", function()
    local text <const> = audio { "m=audio 1 RTP/AVP 0", "a=x:y" }
    for _, byte in ipairs { "\r", "\0" } do
      for at = 1, #text do
        if text:byte(at) ~= 13 and text:byte(at) ~= 10 then
          local cut <const> = text:sub(1, at - 1) .. byte .. text:sub(at + 1)
          local s <const>, err = core.sdp(cut)
          -- A CR in front of CRLF does not end the line: CR CR LF.
          assert.is_nil(s, at)
          assert.is_true(err.at <= at)
        end
      end
    end
    refused("v=0\r", "SDP_LINE", 1, 4)
  end)
end)

describe("limits: one more is refused", function()
  local function over(text, line)
    local s <const>, err = core.sdp(text)
    assert.is_nil(s)
    assert.same({ "SDP_LIMIT", line }, { err.name, err.line })
  end

  it("of bytes: 65535", function()
    local base <const> = audio({}, {})
    local filler <const> = {}
    local left = 65535 - #base
    while left > 4000 do
      filler[#filler + 1] = "a=x:" .. ("y"):rep(3900 - 6)
      left = left - 3900
    end
    filler[#filler + 1] = "a=x:" .. ("y"):rep(left - 6)
    local text <const> = audio({}, filler)
    assert.equal(65535, #text)
    assert(core.sdp(text))
    over(text .. "\n", 5 + #filler + 1)
    over(text .. ("a=x\r\n"):rep(100000), 5 + #filler + 1)
  end)

  it("of lines: 1024", function()
    local lines <const> = {}
    for i = 1, 1024 - 5 do lines[i] = "a=x" end
    assert(core.sdp(audio({}, lines)))
    lines[#lines + 1] = "a=x"
    over(audio({}, lines), 1025)
  end)

  it("of a line's bytes: 4096", function()
    assert(core.sdp(audio({}, { "a=x:" .. ("y"):rep(4092) })))
    over(audio({}, { "a=x:" .. ("y"):rep(4093) }), 6)
    over(audio({}, { "i=" .. ("y"):rep(4095) }), 6)
  end)

  it("of m= lines: 32", function()
    local lines <const> = {}
    for i = 1, 32 do lines[i] = "m=audio 1 RTP/AVP 0" end
    assert.equal(32, #assert(core.sdp(audio(lines))).media)
    lines[33] = lines[1]
    over(audio(lines), 38)
  end)

  it("of formats of one m= line: 128", function()
    local every <const> = {}
    for type = 0, 127 do every[#every + 1] = tostring(type) end
    local line <const> = "m=audio 1 RTP/AVP " .. table.concat(every, " ")
    local s <const> = parsed { line, line }
    assert.same({ 128, 128 }, { #s.media[1].formats, #s.media[2].formats })
    over(audio { line, line .. " 0" }, 7)
  end)
end)

describe("any damage", function()
  it("at every byte is taken or refused with a place inside the text", function()
    for cut = 0, #WHOLE do
      local text <const> = WHOLE:sub(1, cut)
      local s <const>, err = core.sdp(text)
      if s then
        assert.equal(text, s.text)
        for _, m in ipairs(s.media) do assert.is_table(m.codecs) end
      else
        assert.is_true(err.at >= 1 and err.at <= cut + 1 and err.line >= 1, cut)
      end
    end
  end)

  it("to one byte is taken or refused", function()
    for _, byte in ipairs { "\0", "\n", "\r", " ", "\"", ":", "=", "/", "9", "\127", "\255" } do
      for at = 1, #WHOLE do
        local text <const> = WHOLE:sub(1, at - 1) .. byte .. WHOLE:sub(at + 1)
        local s <const>, err = core.sdp(text)
        assert.is_true(s and s.text == text or err.at <= #text + 1)
      end
    end
  end)
end)
