-- SPDX-License-Identifier: MIT
-- Offers that cannot be accepted, and those that look as if they could not (RFC 3261
-- 13.3.1.3, 21.4.26; RFC 3264 6).

local descriptions <const> = require "spec.support.descriptions"
local pair <const> = require "spec.support.pair"

describe("an offer", function()
  local net, alice, bob
  before_each(function()
    net, alice, bob = pair.new()
    bob:on("INVITE", function(req) req:answer() end)
  end)
  after_each(function() net:close() end)

  -- The final response to an INVITE with this body.
  local function call_with(body, options)
    options = options or {}
    options.body = body
    local res <const>, err = alice:request("INVITE", bob, options):wait()
    return res or err.response
  end

  local function offer(...) return descriptions.audio { ... } end

  it("that comes with an Accept for something else gets 406 (RFC 3261 20.1)", function()
    local body <const> = offer "m=audio 4000 RTP/AVP 0"
    for accept, code in pairs {
      ["application/sdp"] = 200, ["text/plain, APPLICATION/SDP;level=1"] = 200, ["*/*"] = 200,
      ["application/*"] = 200, ["text/plain"] = 406, ["text/*"] = 406, [""] = 406,
      ["application/sdp;q=0, text/plain"] = 406, ["application/sdpx"] = 406,
    } do
      local res <const> = call_with(body, { headers = { Accept = accept } })
      assert.equal(code, res.code, accept)
      net:advance(1)
      for _, call in ipairs(alice.calls) do call:hangup() end
      net:settle()
      assert.equal(0, #bob.calls)
    end
  end)

  for name, case in pairs {
    ["without a codec in common"] = { "305", "no codec in common: offered odd, ODDER, here PCMU",
      offer("m=audio 4000 RTP/AVP 96 97", "a=rtpmap:96 odd/8000", "a=rtpmap:97 ODDER/16000") },
    ["of formats that nobody knows"] = { "305", "offered none that is known",
      offer "m=audio 4000 RTP/AVP 96 97" },
    ["of events alone"] = { "305", "telephone%-event",
      offer("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000") },
    ["without audio"] = { "304", "no audio is offered", offer "m=video 4000 RTP/AVP 31" },
    ["of audio in another protocol"] = { "302", "RTP/SAVP is not spoken here",
      offer "m=audio 4000 RTP/SAVP 0" },
    ["of audio over DTLS alone"] = { "302", "UDP/TLS/RTP/SAVPF",
      offer "m=audio 4000 UDP/TLS/RTP/SAVPF 0" },
    ["that is no description"] = { "399", "line 1", "hello" },
    ["with a line that breaks its grammar"] = { "399", "line 6, byte",
      offer "m=audio x RTP/AVP 0" },
    ["without c="] = { "399", "incomplete", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
      .. "m=audio 4000 RTP/AVP 0\r\n" },
    ["of more media than anybody has"] = { "399", "too large",
      offer(table.unpack((function()
        local lines <const> = {}
        for at = 1, 33 do lines[at] = "m=audio 1 RTP/AVP 0" end
        return lines
      end)())) },
  } do
    it(name .. " gets 488 with Warning " .. case[1] .. " that says why (20.43)", function()
      local res <const> = call_with(case[3])
      assert.equal(488, res.code)
      local warning <const> = res.headers["Warning"]
      assert.matches("^" .. case[1] .. ' 10%.0%.1%.2 "', warning)
      assert.matches(case[2], warning)
      assert.equal(1, #res.message:typed "Warning")
      assert.equal(0, #bob.calls)
    end)
  end

  for name, body in pairs {
    ["telephone events"] = offer("m=audio 4000 RTP/AVP 101",
      "a=rtpmap:101 telephone-event/8000"),
    ["comfort noise"] = offer "m=audio 4000 RTP/AVP 13",
  } do
    it(("of %s alone gets 488 where both are known (RFC 4733 1.2, RFC 3389 4)"):format(name),
      function()
        local carol <const> = net:agent("sip:carol@example.com",
          { media = { comfort_noise = true } })
        carol:on("INVITE", function(req) req:answer() end)
        local _, err = alice:request("INVITE", carol, { body = body }):wait()
        assert.equal(488, err.code)
        assert.equal(0, #carol.calls)
      end)
  end

  it("inside a call that fits nothing gets 488, and the session stays (14.2)", function()
    local near <const> = assert(alice:call(bob))
    local before <const> = near.remote_sdp
    local res <const>, err = near:reinvite { sdp = offer "m=video 4000 RTP/AVP 31" }
    assert.is_nil(res)
    assert.equal(488, err.code)
    assert.matches("^304 ", err.response.headers["Warning"])
    assert.same({ "connected", before }, { near.state, near.remote_sdp })
    assert.equal(near.local_sdp, bob.calls[1].remote_sdp)
  end)

  it("in a body of another type gets 415 with Accept (8.2.3)", function()
    local res <const> = call_with("<x/>", { content_type = "application/xml" })
    assert.same({ 415, "application/sdp" }, { res.code, res.headers["Accept"] })
  end)

  it("in a body that is encoded gets 415 with Accept-Encoding (8.2.3)", function()
    local res <const> = call_with("x", { headers = { ["Content-Encoding"] = "gzip" },
                                         content_type = "application/sdp" })
    assert.same({ 415, "identity" }, { res.code, res.headers["Accept-Encoding"] })
  end)

  it("in several parts one of which is strange and not optional gets 415 (RFC 5621 8)",
    function()
    local parts <const> = "--b\r\nContent-Type: application/odd\r\n\r\nx\r\n--b\r\n"
      .. "Content-Type: application/sdp\r\n\r\n" .. offer "m=audio 4000 RTP/AVP 0"
      .. "\r\n--b--\r\n"
    local kind <const> = { content_type = "multipart/mixed;boundary=b" }
    assert.equal(415, call_with(parts, kind).code)
    assert.equal(415, call_with("no parts", kind).code)
  end)

  it("in a body that is not for the session is none (20.11)", function()
    local body <const> = offer "m=audio 4000 RTP/AVP 0"
    for disposition, expected in pairs {
      ["session"] = "audio 9 RTP/AVP 0", ["Session;handling=required"] = "audio 9 RTP/AVP 0",
      ["early-session;handling=optional"] = "audio 9 RTP/AVP 0 8", -- an offer of bob's
    } do
      local res <const> = call_with(body, { headers = { ["Content-Disposition"] = disposition } })
      assert.equal(200, res.code)
      assert.equal(expected, res.body:match "m=([^\r]*)", disposition)
    end
    assert.equal(415, call_with(body,
      { headers = { ["Content-Disposition"] = "early-session" } }).code)
  end)

  it("of 64 codecs is answered with one of them", function()
    local lines <const> = {}
    local formats <const> = {}
    for at = 1, 64 do
      formats[at] = 63 + at
      lines[#lines + 1] = ("a=rtpmap:%d odd%d/8000"):format(63 + at, at)
    end
    formats[64] = 8
    local res <const> = call_with(offer("m=audio 4000 RTP/AVP " .. table.concat(formats, " "),
      table.unpack(lines)))
    assert.equal(200, res.code)
    assert.matches("m=audio 9 RTP/AVP 8\r\n", res.body)
  end)

  it("with attributes and lines that nobody knows is answered", function()
    local res <const> = call_with(descriptions.audio({
      "m=audio 4000 RTP/AVP 0", "i=a title", "b=X-YZ:12", "k=prompt", "a=x-what",
      "a=x-ever:with a value" }, { "a=x-session", "a=group:LS 1 2" }))
    assert.equal(200, res.code)
  end)

  it("of port 0 is accepted, and there is no audio (RFC 3264 6)", function()
    local res <const> = call_with(offer "m=audio 0 RTP/AVP 0")
    assert.equal(200, res.code)
    assert.matches("m=audio 0 RTP/AVP 0", res.body)
    assert.is_nil(bob.calls[1].media)
  end)

  it("of no media at all is accepted too (RFC 3264 5)", function()
    assert.equal(200, call_with(offer()).code)
  end)

  it("of IPv6 in a call over IPv4 is answered where we have an address of that kind (RFC 6157 4.1)",
    function()
    local ipv6 <const> = offer("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::7")
    local res <const> = call_with(ipv6)
    assert.equal(488, res.code)
    assert.matches('^301 10.0.1.2 "IP6 is offered, IP4 is spoken here"', res.headers["Warning"])
    local carol <const> = net:agent("sip:carol@example.com",
      { media = false, address = { "10.0.3.1", "fd00::3" } })
    carol:on("INVITE", function(req) req:answer() end)
    local answer <const> = assert(alice:request("INVITE", carol, { body = ipv6 }):wait()).body
    assert.matches("c=IN IP6 fd00::3\r\n", answer)
    local media <const> = carol.calls[1].media
    assert.same({ "2001:db8::7", 4000 }, { media.address, media.port })
  end)

  it("is refused once: a script that answers again is told so", function()
    local second
    bob:off("INVITE"):on("INVITE", function(req)
      local call <const>, err = req:answer()
      assert.is_nil(call)
      assert.equal(488, err.code)
      second = select(2, req:answer())
    end)
    assert.equal(488, call_with(offer "m=video 4000 RTP/AVP 31").code)
    assert.equal("invalid", second.kind)
  end)
end)

describe("an answer", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  for name, lines in pairs {
    ["of another codec than was offered"] = { "m=audio 4000 RTP/AVP 9" },
    ["of port 0"] = { "m=audio 0 RTP/AVP 0" },
    ["of fewer media"] = {},
  } do
    it(name .. " leaves the call without audio", function()
      bob:on("INVITE", function(req) req:answer { sdp = descriptions.audio(lines) } end)
      local near <const> = assert(alice:call(bob))
      assert.is_nil(near.media)
      assert.equal("connected", near.state)
    end)
  end

  it("that is no description leaves the call without audio", function()
    bob:on("INVITE", function(req) req:answer { sdp = "hello" } end)
    assert.is_nil(assert(alice:call(bob)).media)
  end)

  it("in the ACK to an offer of ours that fits nothing refuses every m= line (RFC 6337 5.2.4)",
    function()
    bob:on("INVITE", function(req)
      req:answer { sdp = descriptions.audio { "m=video 4000 RTP/AVP 31" } }
    end)
    assert(alice:call(bob, { sdp = false }))
    net:advance(1)
    assert.matches("m=video 0 RTP/AVP 31", bob.calls[1].remote_sdp)
  end)
end)
