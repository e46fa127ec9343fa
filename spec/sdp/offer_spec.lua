-- SPDX-License-Identifier: MIT
--
-- core.sdp_offer: first offers (RFC 3264 5), and later ones (8).

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local capable <const> = descriptions.capable
local media_lines <const> = descriptions.media_lines

local function offer(options)
  return assert(core.sdp_offer(capable(options)))
end

describe("an offer (RFC 3264 5)", function()
  it("is a description of what we can do, best first", function()
    local list <const> = { "0=PCMU/8000", "8=PCMA/8000", "101=telephone-event/8000 0-15" }
    local o <const> = offer { codecs = list, ptime = 20, maxptime = 60 }
    assert.equal(descriptions.text {
      "v=0", "o=- 7 1 IN IP4 192.0.2.7", "s=-", "c=IN IP4 192.0.2.7", "t=0 0",
      "m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
      "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20", "a=maxptime:60",
      "a=sendrecv" }, o.text)
  end)

  it("names each direction (5.1)", function()
    for _, direction in ipairs { "sendrecv", "sendonly", "recvonly", "inactive" } do
      assert.equal(direction, offer { direction = direction }.media[1].direction)
    end
  end)

  it("gives free dynamic payload types to codecs without a wish (RFC 3551 6)", function()
    local o <const> = offer { codecs = { "opus/48000/2", "L16/16000", "96=iLBC/8000", "PCMA/8000",
                                         "0=speex/8000" } }
    assert.same({ "96", "97", "98", "8", "99" }, o.media[1].formats)
  end)

  it("takes 35 to 63 when 96 to 127 are given away, and then no more (RFC 5761 4)", function()
    local list <const> = {}
    for i = 1, 32 + 29 do list[i] = ("x-%d/8000"):format(i) end
    local formats <const> = offer { codecs = list }.media[1].formats
    assert.same({ "96", "127", "35", "63" }, { formats[1], formats[32], formats[33], formats[61] })
    list[#list + 1] = "x-62/8000"
    local none <const>, err = core.sdp_offer(capable { codecs = list })
    assert.is_nil(none)
    assert.equal("SDP_LIMIT", err.name)
  end)

  it("says where RTCP is when that is not the next port (RFC 3605 2.1)", function()
    assert.is_nil(offer { rtcp_port = 4001 }.media[1].attributes.rtcp)
    assert.equal("5000", offer { rtcp_port = 5000 }.media[1].attributes.rtcp)
    local mux <const> = offer { rtcp_port = 5000, rtcp_mux = true }.media[1]
    assert.same({ true, nil }, { mux.attributes["rtcp-mux"], mux.attributes.rtcp })
  end)

  it("has an address for each medium that wants its own, also of IPv6", function()
    local o <const> = offer { address = "2001:db8::7", media = {
      { port = 1 }, { port = 2, address = "2001:db8::8" }, { port = 3, address = "192.0.2.9" } } }
    assert.same({ "2001:db8::7", "2001:db8::8", "192.0.2.9" },
      { o.media[1].address, o.media[2].address, o.media[3].address })
    assert.equal("- 7 1 IN IP6 2001:db8::7", o:line "o")
  end)

  it("may have no media, and media that are not wanted yet (5, 5.1)", function()
    assert.same({}, offer { media = {} }.media)
    assert.same({ "m=audio 0 RTP/AVP 96" },
      media_lines(offer { media = { { port = 0, codecs = { "opus/48000/2" } } } }))
  end)

  it("has formats by their names where there is no RTP", function()
    local image <const> = { type = "image", proto = "udptl", port = 4000,
                            codecs = { { name = "t38" } } }
    local o <const> = core.sdp_offer { id = 1, address = "192.0.2.1", media = { image } }
    assert.same({ "m=image 4000 udptl t38", "a=sendrecv" }, media_lines(o))
  end)

  it("begins with a version that can be counted on (5)", function()
    assert.equal("9", offer { version = 9 }.origin.session_version)
    assert.has_error(function() offer { version = (1 << 62) - 1 } end)
    assert.equal("jdoe", offer { username = "jdoe" }.origin.username)
  end)

  it("is refused when it could not be written", function()
    local function bad(change)
      local options <const> = capable { codecs = { "opus/48000/2" } }
      change(options, options.media[1], options.media[1].codecs[1])
      assert.has_error(function() core.sdp_offer(options) end)
    end
    bad(function(o) o.address = nil end)
    bad(function(o) o.address = "x\r\ny" end)
    bad(function(o) o.address = "224.0.0.1" end)
    bad(function(o) o.username = "a b" end)
    bad(function(o) o.username = "a\nb" end)
    bad(function(o) o.id = -1 end)
    bad(function(o) o.media = nil end)
    bad(function(o) o.media = { 1 } end)
    bad(function(_, m) m.type = "au dio" end)
    bad(function(_, m) m.proto = "RTP/" end)
    bad(function(_, m) m.port = 65536 end)
    bad(function(_, m) m.address = "[::1]" end)
    bad(function(_, m) m.direction = "both" end)
    bad(function(_, m) m.codecs = {} end)
    bad(function(_, m) m.codecs = "PCMU" end)
    bad(function(_, m) m.ptime = 65536 end)
    bad(function(_, _, c) c.name = "o pus" end)
    bad(function(_, _, c) c.name = "opus\n" end)
    bad(function(_, _, c) c.name = nil end)
    bad(function(_, _, c) c.rate = 0 end)
    bad(function(_, _, c) c.rate = 1 << 32 end)
    bad(function(_, _, c) c.channels = 0 end)
    bad(function(_, _, c) c.payload_type = 128 end)
    bad(function(_, _, c) c.fmtp = "a\r\na=b" end)
    bad(function(o) for i = 2, 33 do o.media[i] = o.media[1] end end)
    bad(function(_, m) for i = 2, 129 do m.codecs[i] = m.codecs[1] end end)
  end)
end)

describe("a later offer (RFC 3264 8)", function()
  local first <const> = { codecs = { "0=PCMU/8000", "96=opus/48000/2" } }

  local function later(options, sent)
    options.sent = sent or offer(first)
    return offer(options)
  end

  it("is the same text when nothing changed", function()
    assert.equal(offer(first).text, later(first).text)
    assert.equal(offer(first).text, later(first, later(first)).text)
  end)

  it("has the next version when anything changed, and nothing else of o= new", function()
    local o = later { codecs = { "0=PCMU/8000" } }
    assert.equal("- 7 2 IN IP4 192.0.2.7", o:line "o")
    o = later({ codecs = { "0=PCMU/8000" }, address = "192.0.2.99" }, o)
    assert.same({ "- 7 3 IN IP4 192.0.2.7", "192.0.2.99" }, { o:line "o", o.address })
    assert.equal("- 7 4 IN IP4 192.0.2.7", later({ port = 1 }, o):line "o")
  end)

  it("goes on from a version that a script made, or says it cannot (RFC 6337 5.2.5)", function()
    local function from(version)
      return descriptions.text { "v=0", "o=me 5 " .. version .. " IN IP4 h", "s=-",
                                 "c=IN IP4 192.0.2.7", "t=0 0" }
    end
    assert.equal("me 5 9223372036854775807 IN IP4 h",
      later({}, core.sdp(from "9223372036854775806")):line "o")
    local last <const> = core.sdp(from "9223372036854775807")
    local none <const>, err = core.sdp_offer(capable { sent = last })
    assert.is_nil(none)
    assert.equal("NUMBER", err.name)
  end)

  it("keeps every m= line in its place, with port 0 when it is over (8.2)", function()
    local video <const> = { port = 2, type = "video", codecs = { "31=H261/90000" } }
    local two <const> = offer { media = { { port = 1 }, video } }
    local o <const> = later({ media = { { port = 1 } } }, two)
    assert.same({ "m=audio 1 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=sendrecv",
                  "m=video 0 RTP/AVP 31" }, media_lines(o))
    local p <const> = later({ media = { { port = 0 }, video } }, two)
    assert.same({ 0, 2 }, { p.media[1].port, p.media[2].port })
  end)

  it("adds media below, or in a place that is free (8.1)", function()
    local o <const> = later { media = { { port = 0 }, { port = 2 } } }
    assert.same({ 0, 2 }, { o.media[1].port, o.media[2].port })
    local text <const> = { port = 3, type = "text", codecs = { "98=t140/1000" } }
    local p <const> = later({ media = { text, { port = 2 } } }, o)
    assert.same({ "text", 3, 2 }, { p.media[1].type, p.media[1].port, p.media[2].port })
  end)

  it("keeps the t= that the session has (6)", function()
    local sent <const> = assert(core.sdp(descriptions.text {
      "v=0", "o=- 7 1 IN IP4 192.0.2.7", "s=-", "c=IN IP4 192.0.2.7", "t=1 2", "t=3 4" }))
    assert.same({ "1 2", "3 4" }, later({}, sent):lines "t")
  end)

  it("keeps the payload types of the session (8.3.2)", function()
    local payloads <const> = core.sdp_payloads()
    local function next_formats(list)
      local o <const> = offer { codecs = list, payloads = payloads }
      payloads:note(o)
      return o.media[1].formats
    end
    assert.same({ "96", "97" }, next_formats { "96=opus/48000/2", "97=L16/8000" })
    -- Another wish for a codec that has one; 96 is opus, also while opus is not offered.
    assert.same({ "97", "98" }, next_formats { "99=L16/8000", "96=iLBC/8000" })
    assert.same({ "96", "98", "97" }, next_formats { "opus/48000/2", "ILBC/8000", "L16/8000" })
    -- What the other side said counts too, on its m= line.
    payloads:note(descriptions.parsed { "m=audio 1 RTP/AVP 111", "a=rtpmap:111 speex/8000" })
    assert.same({ "111", "112" }, next_formats { "110=speex/8000", "112=speex/16000" })
    assert.same({ "99" }, next_formats { "111=G7221/16000 bitrate=32000" })
    assert.equal(6, #payloads)
  end)

  it("keeps payload types for each m= line by itself (8.3.2)", function()
    local payloads <const> = core.sdp_payloads()
    payloads:note(descriptions.parsed { "m=audio 1 RTP/AVP 96", "a=rtpmap:96 opus/48000/2",
                                        "m=audio 1 RTP/AVP 96", "a=rtpmap:96 L16/8000" })
    local o <const> = offer { payloads = payloads, media = {
      { port = 1, codecs = { "L16/8000", "opus/48000/2" } },
      { port = 1, codecs = { "L16/8000", "opus/48000/2" } } } }
    assert.same({ { "97", "96" }, { "96", "97" } }, { o.media[1].formats, o.media[2].formats })
  end)

  it("does not remember static payload types, nor more than 64 others", function()
    local payloads <const> = core.sdp_payloads()
    payloads:note(descriptions.parsed { "m=audio 1 RTP/AVP 0 8", "a=rtpmap:0 PCMU/8000" })
    assert.equal(0, #payloads)
    local lines <const>, maps = { "m=audio 1 RTP/AVP" }, {}
    for type = 20, 99 do
      lines[1] = lines[1] .. " " .. type
      maps[#maps + 1] = ("a=rtpmap:%d x-%d/8000"):format(type, type)
    end
    table.move(maps, 1, #maps, 2, lines)
    payloads:note(descriptions.parsed(lines))
    assert.equal(64, #payloads)
  end)
end)

describe("core.sdp_revise (RFC 3264 8)", function()
  local function text(origin, name)
    return core.sdp(descriptions.text { "v=0", "o=" .. origin, "s=" .. name, "t=0 0" })
  end
  local sent <const> = text("- 7 5 IN IP4 192.0.2.7", "-")

  it("gives a changed description our o= and the next version", function()
    assert.equal(text("- 7 6 IN IP4 192.0.2.7", "new").text,
      core.sdp_revise(text("x 1 1 IN IP4 h", "new"), sent).text)
  end)

  it("leaves the version to one that says the same", function()
    assert.equal(sent.text, core.sdp_revise(text("x 1 99 IN IP4 h", "-"), sent).text)
  end)

  it("works with LF and without a line end", function()
    local one <const> = core.sdp((text("x 1 1 IN IP4 h", "new").text:gsub("\r", "")))
    assert.equal("v=0\no=- 7 6 IN IP4 192.0.2.7\ns=new\nt=0 0\n", core.sdp_revise(one, sent).text)
    local bare <const> = core.sdp "v=0\no=x 1 1 IN IP4 h\ns=-"
    assert.equal("v=0\no=- 7 6 IN IP4 192.0.2.7\ns=-", core.sdp_revise(bare, sent).text)
  end)
end)
