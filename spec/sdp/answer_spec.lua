-- SPDX-License-Identifier: MIT
--
-- core.sdp_answer and core.sdp_check (RFC 3264 6, 7).

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local parsed <const>, capable <const> = descriptions.parsed, descriptions.capable
local media_lines <const> = descriptions.media_lines

-- The answer to an offer with these lines by somebody with these capabilities.
local function answer(lines, options)
  local offer <const> = type(lines) == "table" and parsed(lines) or lines
  return core.sdp_answer(offer, capable(options))
end

-- Its media lines.
local function answered(lines, options)
  return media_lines(assert(answer(lines, options)))
end

local function refused(lines, options)
  local none <const>, err = answer(lines, options)
  assert.is_nil(none)
  assert.same({ "SDP_MEDIA", "media" }, { err.name, err.kind })
end

local DIRECTIONS <const> = { "sendrecv", "sendonly", "recvonly", "inactive" }

describe("an answer (RFC 3264 6)", function()
  it("is a description of its own, with the t= of the offer", function()
    local offer <const> = core.sdp(descriptions.text {
      "v=0", "o=alice 1 1 IN IP4 192.0.2.1", "s=x", "c=IN IP4 192.0.2.1", "t=1 2",
      "m=audio 49170 RTP/AVP 0" })
    assert.equal(descriptions.text {
      "v=0", "o=- 7 1 IN IP4 192.0.2.7", "s=-", "c=IN IP4 192.0.2.7", "t=1 2",
      "m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:30", "a=sendrecv" },
      core.sdp_answer(offer, capable { ptime = 30 }).text)
  end)

  it("has the codecs of both in the order of the offer (6.1)", function()
    local list <const> = { "0=PCMU/8000", "8=PCMA/8000", "9=G722/8000" }
    assert.same("m=audio 4000 RTP/AVP 8 0",
      answered({ "m=audio 1 RTP/AVP 3 8 0 18" }, { codecs = list })[1])
  end)

  it("has them in our order when we want that (6.1)", function()
    local list <const> = { "0=PCMU/8000", "8=PCMA/8000", "9=G722/8000", "101=telephone-event/8000" }
    local lines <const> = { "m=audio 1 RTP/AVP 96 3 9 8 0", "a=rtpmap:96 telephone-event/8000" }
    assert.same("m=audio 4000 RTP/AVP 0 8 9 96",
      answered(lines, { codecs = list, our_order = true })[1])
    assert.same("m=audio 4000 RTP/AVP 96 9 8 0", answered(lines, { codecs = list })[1])
  end)

  it("has one codec, and what goes with it, when we want that (10.2)", function()
    local list <const> = { "9=G722/8000", "0=PCMU/8000", "opus/48000/2", "telephone-event/8000",
                           "telephone-event/48000" }
    local lines <const> = { "m=audio 1 RTP/AVP 97 98 96 0 9", "a=rtpmap:96 opus/48000/2",
                            "a=rtpmap:97 telephone-event/8000",
                            "a=rtpmap:98 telephone-event/48000" }
    assert.same("m=audio 4000 RTP/AVP 98 96",
      answered(lines, { codecs = list, one_codec = true })[1])
    assert.same("m=audio 4000 RTP/AVP 9 97",
      answered(lines, { codecs = list, one_codec = true, our_order = true })[1])
  end)

  it("knows dynamic payload types by name, and uses the offer's numbers (6.1)", function()
    assert.same({ "m=audio 4000 RTP/AVP 110 100", "a=rtpmap:110 opus/48000/2", "a=fmtp:110 x=1",
                  "a=rtpmap:100 pcmu/8000", "a=sendrecv" },
      answered({ "m=audio 1 RTP/AVP 110 100 96", "a=rtpmap:110 OPUS/48000/2",
                 "a=rtpmap:100 PCMU/8000", "a=rtpmap:96 unheard-of/8000" },
        { codecs = { "0=pcmu/8000", "96=opus/48000/2 x=1" } }))
  end)

  it("takes a codec once, with the number that comes first", function()
    assert.same("m=audio 4000 RTP/AVP 96",
      answered({ "m=audio 1 RTP/AVP 96 97 96", "a=rtpmap:96 L8/8000", "a=rtpmap:97 L8/8000" },
        { codecs = { "L8/8000" } })[1])
  end)

  it("picks telephone-event by the clock rate of its codecs (RFC 4733 2.1)", function()
    local list <const> = { "opus/48000/2", "0=PCMU/8000", "telephone-event/8000 0-15",
                           "telephone-event/48000 0-15", "CN/8000" }
    local events <const> = { "a=rtpmap:110 telephone-event/48000",
                             "a=rtpmap:126 telephone-event/8000", "a=rtpmap:111 opus/48000/2" }
    local function formats(offered)
      local lines <const> = { "m=audio 1 RTP/AVP " .. offered, table.unpack(events) }
      return answered(lines, { codecs = list })[1]
    end
    assert.same("m=audio 4000 RTP/AVP 111 110", formats "111 13 110 126")
    assert.same("m=audio 4000 RTP/AVP 0 13 126", formats "0 13 110 126")
    assert.same("m=audio 4000 RTP/AVP 111 0 13 110 126", formats "111 0 13 110 126")
  end)

  it("is none in telephone-event alone, unless nothing else was offered", function()
    local list <const> = { "0=PCMU/8000", "telephone-event/8000" }
    refused({ "m=audio 1 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000" }, { codecs = list })
    assert.same("m=audio 4000 RTP/AVP 101",
      answered({ "m=audio 1 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000" },
        { codecs = list })[1])
    refused({ "m=audio 1 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000" },
      { codecs = list, one_codec = true })
  end)

  for _, theirs in ipairs(DIRECTIONS) do
    for _, ours in ipairs(DIRECTIONS) do
      -- 6.1, by hand: offered, wished for -> said.
      local said <const> = ({
        sendrecv = { sendrecv = "sendrecv", sendonly = "sendonly", recvonly = "recvonly" },
        sendonly = { sendrecv = "recvonly", recvonly = "recvonly" },
        recvonly = { sendrecv = "sendonly", sendonly = "sendonly" },
        inactive = {},
      })[theirs][ours] or "inactive"

      it(("to %s is %s when we wish for %s (6.1)"):format(theirs, said, ours), function()
        for _, lines in ipairs { { "m=audio 1 RTP/AVP 0", "a=" .. theirs },
                                 { "a=" .. theirs, "m=audio 1 RTP/AVP 0" } } do
          local a <const> = assert(answer(lines, { direction = ours }))
          assert.equal(said, a.media[1].direction)
        end
      end)
    end
  end

  it("to c=0.0.0.0 keeps to the direction that is offered (RFC 6337 5.4)", function()
    for _, theirs in ipairs(DIRECTIONS) do
      local lines <const> = { "m=audio 1 RTP/AVP 0", "c=IN IP4 0.0.0.0", "a=" .. theirs }
      local reverse <const> = { sendonly = "recvonly", recvonly = "sendonly" }
      assert.equal(reverse[theirs] or theirs, answer(lines, {}).media[1].direction)
    end
  end)

  it("multiplexes RTCP when both want to (RFC 5761 5.1.1)", function()
    for _, case in ipairs { { true, true }, { true, false }, { false, true }, { false, false } } do
      local a <const> = answer({ "m=audio 1 RTP/AVP 0", case[1] and "a=rtcp-mux" or nil },
        { rtcp_mux = case[2], rtcp_port = 5000 })
      assert.equal(case[1] and case[2], a.media[1].rtcp_mux)
      assert.equal(not (case[1] and case[2]) and "5000" or nil, a.media[1].attributes.rtcp)
    end
  end)

  it("has as many m= lines as the offer, in its order, of its types (6)", function()
    local lines <const> = { "m=video 1 RTP/AVP 31", "m=audio 1 RTP/AVP 0", "m=image 1 udptl t38",
                            "m=audio 1 RTP/AVP 0", "m=x-new 1 a/b c d" }
    local a, used = answer(lines, {})
    assert.same({ "m=video 0 RTP/AVP 31", "m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000",
                  "a=sendrecv", "m=image 0 udptl t38", "m=audio 0 RTP/AVP 0", "m=x-new 0 a/b c" },
      media_lines(a))
    assert.same({ false, 1, false, false, false }, used)
    local both <const> = { { port = 1 }, { port = 2 } }
    a, used = answer(lines, { media = both })
    assert.same({ 1, 2 }, { a.media[2].port, a.media[4].port })
    assert.same({ false, 1, false, 2, false }, used)
  end)

  it("finds the medium of ours that has a codec in common", function()
    local _, used = answer({ "m=audio 1 RTP/AVP 8", "m=audio 1 RTP/AVP 0" },
      { media = { { port = 1 }, { port = 2, codecs = { "8=PCMA/8000" } } } })
    assert.same({ 2, 1 }, used)
  end)

  it("has port 0 where the offer has it (8.2), and may have nothing else", function()
    assert.same({ "m=audio 0 RTP/AVP 0" }, answered({ "m=audio 0 RTP/AVP 0 8", "a=sendonly" }, {}))
    assert.same({}, answered({}, {}))
  end)

  it("is refused when nothing fits: 488 (6, RFC 3261 21.4.26)", function()
    refused({ "m=audio 1 RTP/AVP 8" }, {})
    refused({ "m=audio 1 RTP/AVP 8", "m=audio 0 RTP/AVP 0" }, {})
    refused({ "m=audio 1 RTP/AVP 0" }, { media = {} })
    refused({ "m=audio 1 RTP/AVP 0" }, { port = 0 })
    refused({ "m=video 1 RTP/AVP 0" }, {})
  end)

  it("has only port 0 when nothing fits an offer in a response (RFC 6337 5.2.4)", function()
    assert.same({ "m=audio 0 RTP/AVP 8", "m=video 0 RTP/AVP 31" },
      answered({ "m=audio 1 RTP/AVP 8 3", "m=video 1 RTP/AVP 31" }, { cannot_refuse = true }))
  end)

  it("does not change the protocol: SAVP never becomes AVP (bug class 51)", function()
    refused({ "m=audio 1 RTP/SAVP 0" }, {})
    refused({ "m=audio 1 RTP/AVPF 0" }, {})
    assert.same({ "m=audio 0 RTP/SAVP 0", "m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000",
                  "a=sendrecv" },
      answered({ "m=audio 1 RTP/SAVP 0", "m=audio 1 RTP/AVP 0" }, {}))
  end)

  it("has an address of the offer's kind, or none (RFC 6157 4.1)", function()
    local ip6 <const> = { "m=audio 1 RTP/AVP 0", "c=IN IP6 2001:db8::1" }
    refused(ip6, {})
    refused({ "m=audio 1 RTP/AVP 0", "c=IN IP6 nowhere.invalid" }, {})
    refused({ "m=audio 1 RTP/AVP 0", "c=TN RFC2543 +1-201-406-4090" }, {})
    assert.equal("2001:db8::7", answer(ip6, { address = "2001:db8::7" }).media[1].address)
    assert.equal("2001:db8::9", answer(ip6, { media = { { port = 1, address = "2001:db8::9" } } })
      .media[1].address)
  end)

  it("rejects multicast, which it could not answer with an address of ours (6.2)", function()
    refused({ "m=audio 1 RTP/AVP 0", "c=IN IP4 233.252.0.1/127" }, {})
    refused({ "m=audio 1 RTP/AVP 0", "c=IN IP6 ff15::101" }, { address = "2001:db8::7" })
  end)

  it("uses formats by their names where there is no RTP", function()
    local image <const> = { type = "image", proto = "udptl", port = 5,
                            codecs = { { name = "t38" } } }
    local a <const> = core.sdp_answer(parsed { "m=image 1 udptl t38" },
      { id = 1, address = "192.0.2.7", media = { image } })
    assert.same({ "m=image 5 udptl t38", "a=sendrecv" }, media_lines(a))
  end)

  it("has nothing of the offer's k= and attributes (RFC 8866 5.12)", function()
    local lines <const> = { "m=audio 1 RTP/AVP 0", "k=clear:x", "a=crypto:1 x", "a=x" }
    local text <const> = answer(lines, {}).text
    assert.is_nil(text:find "k=" or text:find "crypto" or text:find "a=x")
  end)
end)

describe("an answer to a later offer (RFC 3264 8)", function()
  local offered <const> = { "m=audio 1 RTP/AVP 0", "m=audio 2 RTP/AVP 0" }
  local two <const> = { { port = 1 }, { port = 2 } }

  it("is the same text when nothing changed, else the next version", function()
    local sent <const> = answer(offered, { media = two })
    assert.equal(sent.text, answer(offered, { media = two, sent = sent }).text)
    local a <const> = answer({ "m=audio 1 RTP/AVP 0", "m=audio 0 RTP/AVP 0" },
      { media = two, sent = sent })
    assert.equal("2", a.origin.session_version)
  end)

  it("keeps each medium in its place", function()
    local sent <const> = answer(offered, { media = two })
    local a, used = answer({ "m=audio 0 RTP/AVP 0", "m=audio 2 RTP/AVP 0" },
      { media = two, sent = sent })
    assert.same({ { 0, 2 }, { false, 2 } }, { { a.media[1].port, a.media[2].port }, used })
    -- A place that is free again may go to a medium that has none.
    local three <const> = { { port = 1 }, { port = 2 }, { port = 3 } }
    local free <const> = a
    a, used = answer({ "m=audio 9 RTP/AVP 0", "m=audio 2 RTP/AVP 0", "m=audio 8 RTP/AVP 0" },
      { media = three, sent = free })
    assert.same({ { 1, 2, 3 }, { 1, 2, 3 } },
      { { a.media[1].port, a.media[2].port, a.media[3].port }, used })
  end)

  it("rejects a medium that changed to what its place cannot do", function()
    local sent <const> = answer(offered, { media = two })
    local a <const> = answer({ "m=audio 1 RTP/AVP 8", "m=audio 2 RTP/AVP 0" },
      { media = two, sent = sent })
    assert.same({ 0, 2 }, { a.media[1].port, a.media[2].port })
  end)

  it("is refused when m= lines of the session are missing (8)", function()
    local sent <const> = answer(offered, { media = two })
    local none <const>, err = answer({ "m=audio 1 RTP/AVP 0" }, { media = two, sent = sent })
    assert.is_nil(none)
    assert.equal("SDP_OFFER", err.name)
  end)
end)

describe("an answer of theirs (RFC 3264 7)", function()
  local offer <const> = { "m=audio 1 RTP/AVP 0 96", "a=rtpmap:96 opus/48000/2",
                          "m=video 0 RTP/AVP 31", "m=audio 2 RTP/SAVP 8", "a=sendonly" }

  local function check(lines)
    local ok <const>, err = core.sdp_check(parsed(offer), parsed(lines))
    return ok or err.name, err and err.media
  end

  it("may accept or reject each m= line", function()
    assert.is_true(check { "m=audio 1 RTP/AVP 0", "m=video 0 RTP/AVP 31", "m=audio 2 RTP/SAVP 8" })
    assert.is_true(check { "m=audio 0 RTP/AVP 0", "m=video 0 RTP/AVP 99", "m=audio 0 RTP/AVP 3" })
  end)

  it("may have another number for a codec, and codecs that were not offered (6.1)", function()
    assert.is_true(check { "m=audio 1 RTP/AVP 3 111", "a=rtpmap:111 opus/48000/2",
                           "m=video 0 RTP/AVP 31", "m=audio 0 RTP/SAVP 8" })
  end)

  it("is let pass with a direction that was not offered: real peers answer hold so", function()
    assert.is_true(check { "m=audio 1 RTP/AVP 0", "m=video 0 RTP/AVP 31", "m=audio 2 RTP/SAVP 8",
                           "a=sendrecv" })
  end)

  it("does not fit with other m= lines", function()
    local a <const>, v <const>, b <const> =
      "m=audio 1 RTP/AVP 0", "m=video 0 RTP/AVP 31", "m=audio 0 RTP/SAVP 8"
    assert.same({ "SDP_ANSWER", 3 }, { check { a, v } })
    assert.same({ "SDP_ANSWER", 4 }, { check { a, v, b, a } })
    assert.same({ "SDP_ANSWER", 1 }, { check {} })
    assert.same({ "SDP_ANSWER", 1 }, { check { v, a, b } })
    assert.same({ "SDP_ANSWER", 2 }, { check { a, "m=video 5 RTP/AVP 31", b } })
    assert.same({ "SDP_ANSWER", 1 }, { check { "m=audio 1 RTP/AVP 8", v, b } })
    assert.same({ "SDP_ANSWER", 1 }, { check { "m=audio 1 RTP/SAVP 0", v, b } })
    assert.same({ "SDP_ANSWER", 3 }, { check { a, v, "m=audio 2 RTP/AVP 8" } })
  end)
end)
