-- SPDX-License-Identifier: MIT
-- Answering: every form of reply, redirects, answers and what they refuse.

local errors = require "moonsip.errors"
local pair = require "spec.support.pair"

describe("a request that came", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  -- What alice gets for a PUBLISH that bob handles so: the response.
  local function answer_of(handler, options)
    bob:off "PUBLISH":on("PUBLISH", handler)
    local res, err = alice:request("PUBLISH", bob, options):wait()
    return res or err.response
  end

  describe("is answered", function()
    it("with a status and its registered phrase, or one of the script's own", function()
      assert.equal("OK", answer_of(function(req) req:reply(200) end).reason)
      assert.equal("Busy Here", answer_of(function(req) req:reply(486) end).reason)
      assert.equal("Not today", answer_of(function(req) req:reply(486, "Not today") end).reason)
      assert.equal("", answer_of(function(req) req:reply(486, "") end).reason)
    end)

    it("with headers: lists, numbers, pairs in their order", function()
      local res = answer_of(function(req)
        req:reply(415, { Accept = "text/plain", ["X-Number"] = 30, ["X-List"] = { "a", "b" } })
      end)
      assert.equal("text/plain", res.headers["Accept"])
      assert.equal("30", res.headers["X-Number"])
      local lines = {}
      for name, value in pairs(res.headers) do
        if name == "X-List" then lines[#lines + 1] = value end
      end
      assert.same({ "a", "b" }, lines)
      res = answer_of(function(req)
        req:reply(200, "OK", { headers = { { "X-B", "1" }, { "X-A", "2" }, { "X-B", "3" } } })
      end)
      assert.matches("X%-B: 1\r\nX%-A: 2\r\nX%-B: 3\r\n", tostring(res))
    end)

    it("with a body, and its type", function()
      local res = answer_of(function(req) req:reply(200, { body = "text" }) end)
      assert.equal("text", res.body)
      assert.equal("text/plain", res.content_type.value)
      res = answer_of(function(req)
        req:reply(200, "OK", { body = "<x/>", content_type = "application/xml", ["X-A"] = "1" })
      end)
      assert.equal("application/xml", res.content_type.value)
      assert.equal("1", res.headers["X-A"])
    end)

    it("with the status that fits an error (api.md rule 4)", function()
      assert.equal(404, answer_of(function(req) req:reply(errors.new("notfound", "x")) end).code)
      local res = answer_of(function(req) req:reply(errors.new("store", "x")) end)
      assert.equal(500, res.code)
      assert.equal("30", res.headers["Retry-After"])
      local carol = net:agent("sip:carol@example.com", { media = false })
      carol:on("MESSAGE", function(req) req:reply(480) end)
      res = answer_of(function(req)
        local _, err = bob:request("MESSAGE", carol.contact):wait()
        req:reply(err)
      end)
      assert.equal(480, res.code)
    end)

    it("with 487 when its handler lets a cancellation pass", function()
      local res = answer_of(function() error(errors.new("cancelled", "x")) end)
      assert.equal(487, res.code)
      assert.same({}, net.log_lines)
    end)

    it("where it came from, also over TCP", function()
      local res = answer_of(function(req)
        assert.equal("tcp", req.transport)
        assert.matches("^tcp:10%.0%.1%.1:%d+$", tostring(req.source))
        req:reply(200)
      end, { transport = "tcp" })
      assert.equal("tcp", res.transport)
    end)
  end)

  describe("refuses at the caller's line", function()
    local req
    before_each(function()
      bob:on("MESSAGE", function(one) req = one; one:defer() end)
      alice:request("MESSAGE", bob)
      net:advance(1)
    end)

    local function refused(pattern, fn)
      local here = debug.getinfo(2, "l").currentline
      local ok, err = pcall(fn)
      assert.is_false(ok)
      assert.matches(("^spec/lua/request_spec.lua:%d: "):format(here), err)
      assert.matches(pattern, err)
    end

    it("what is no status, phrase or option", function()
      refused("'code' to 'req:reply' %(integer from 100 to 699", function() req:reply(99) end)
      refused("bad argument 'code'", function() req:reply(700) end)
      refused("bad argument 'code'", function() req:reply("200") end)
      refused("bad argument 'code'", function() req:reply(200.5) end)
      refused("bad argument 'code'", function() req:reply() end)
      refused("bad argument 'reason'", function() req:reply(200, 7) end)
      refused("'bdy' to 'req:reply' %(no such", function() req:reply(200, { bdy = "x" }) end)
      refused("bad argument 'body'", function() req:reply(200, { body = 7 }) end)
      refused("bad argument 'content_type'", function() req:reply(200, { content_type = {} }) end)
      refused("bad argument 'headers'", function() req:reply(200, { headers = "X: y" }) end)
      refused("bad argument 'code' to 'req:reject'", function() req:reject(200) end)
      refused("bad argument 'code' to 'req:progress'", function() req:progress(200) end)
      refused("req:answer: only INVITE, UPDATE and PRACK", function() req:answer() end)
      refused("bad argument 'targets'", function() req:redirect {} end)
      refused("'code' to 'req:redirect'", function() req:redirect("sip:a@b", { code = 404 }) end)
    end)

    it("headers that are the core's, have no name, or are no text", function()
      for _, name in ipairs { "Via", "via", "v", "From", "To", "Call-ID", "CSeq", "l" } do
        refused("written by the core", function() req:reply(200, { headers = { [name] = "" } }) end)
      end
      refused("give content_type", function() req:reply(200, { ["Content-Type"] = "a/b" }) end)
      refused("is no header name", function() req:reply(200, { ["X A"] = "b" }) end)
      refused("is no header name", function() req:reply(200, { ["X:"] = "b" }) end)
      refused("is no header name", function() req:reply(200, { headers = { [""] = "b" } }) end)
      refused("'X%-A'", function() req:reply(200, { ["X-A"] = true }) end)
      refused("pairs of a name", function() req:reply(200, { headers = { { "X-A" } } }) end)
    end)
  end)

  it("is not answered with 1xx or 408 unless it is an INVITE (RFC 4320 4)", function()
    local got = {}
    answer_of(function(req)
      for _, code in ipairs { 180, 408 } do
        local ok, err = req:reply(code)
        got[code] = not ok and err.kind
      end
      req:reply(200)
    end)
    assert.same({ [180] = "invalid", [408] = "invalid" }, got)
  end)

  it("can be edited, which keeps every other byte", function()
    answer_of(function(req)
      local before = tostring(req)
      req.headers["X-New"] = "1"
      req.uri = "sip:new@example.org"
      assert.equal("new", req.uri.user)
      assert.equal("1", req.headers["X-New"])
      local after = tostring(req):gsub("X%-New: 1\r\n", "")
        :gsub("sip:new@example.org", "sip:bob@10.0.1.2:5060", 1)
      assert.equal(before, after)
      req.mine = "a field of the script's own"
      assert.equal("a field of the script's own", req.mine)
      req:reply(200)
    end)
    assert.same({}, net.log_lines)
  end)

  it("gives values of list headers, and finds tokens", function()
    answer_of(function(req)
      assert.same({ "a", "b", "c" }, req:header_values "Supported")
      assert.is_true(req:has_token("Supported", "B"))
      assert.is_false(req:has_token("Supported", "d"))
      req:reply(200)
    end, { headers = { Supported = { "a, b", "c" } } })
    assert.same({}, net.log_lines)
  end)

  describe("that is redirected", function()
    it("names the targets as Contact (8.3)", function()
      bob:on("INVITE", function(req)
        req:redirect({ "sip:a@example.com", "<sip:b@example.com>;q=0.5", req.from.uri },
          { code = 300, headers = { ["X-A"] = "1" } })
      end)
      local _, err = alice:call(bob)
      assert.equal(300, err.code)
      local list = {}
      for at, contact in ipairs(err.response.contacts) do list[at] = contact.uri.text end
      assert.same({ "sip:a@example.com", "sip:b@example.com", "sip:alice@example.com" }, list)
      assert.equal(0.5, err.response.contacts[2].q)
      assert.equal("1", err.response.headers["X-A"])
      bob:off "INVITE":on("INVITE", function(req) req:redirect "sip:c@example.com" end)
      assert.equal(302, select(2, alice:call(bob)).code)
    end)
  end)

  describe("that is an INVITE", function()
    local function call_with(body, content_type)
      local options = { body = body, content_type = content_type }
      local res, err = alice:request("INVITE", bob, options):wait()
      return res or err.response
    end
    before_each(function() bob:on("INVITE", function(req) req:answer() end) end)

    it("gets 488 for an offer in which nothing is known (13.3.1.3)", function()
      assert.equal(488, call_with("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\n"
        .. "c=IN IP4 1.2.3.4\r\nt=0 0\r\nm=audio 4000 RTP/AVP 99\r\na=rtpmap:99 odd/8000\r\n").code)
      assert.equal(488, call_with("v=0\r\nm=video 4000 RTP/AVP 31\r\n").code)
      assert.equal(488, call_with("v=0\r\nm=nonsense\r\n").code)
      assert.equal(488, call_with("v=0\r\n" .. ("m=audio 1 RTP/AVP 0\r\n"):rep(33)).code)
    end)

    it("gets 415 with Accept for a body that is no session description (8.2.3)", function()
      local res = call_with("<x/>", "application/xml")
      assert.equal(415, res.code)
      assert.equal("application/sdp", res.headers["Accept"])
    end)

    it("gets each section answered in its place, what is not known with port 0 (RFC 3264 6)",
      function()
        local sdp = call_with("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\n"
          .. "t=0 0\r\nm=video 4002 RTP/AVP 31 32\r\nm=audio 4000 RTP/AVP 99 96 0\r\n"
          .. "a=rtpmap:99 odd/8000\r\na=rtpmap:96 opus/48000/2\r\nm=audio 0 RTP/AVP 0\r\n"
          .. "m=audio 4004 RTP/SAVP 0\r\n").body
        local sections = {}
        for section in sdp:gmatch "m=([^\r]*)" do sections[#sections + 1] = section end
        assert.same({ "video 0 RTP/AVP 31", "audio 9 RTP/AVP 96", "audio 0 RTP/AVP 0",
                      "audio 0 RTP/SAVP 0" }, sections)
        assert.matches("a=rtpmap:96 opus/48000/2\r\na=inactive", sdp)
      end)

    it("is answered once: a second answer is nil, err", function()
      local second
      bob:off "INVITE":on("INVITE", function(req)
        req:answer()
        second = table.pack(req:answer())
      end)
      assert(alice:call(bob))
      assert.is_nil(second[1])
      assert.equal("invalid", second[2].kind)
      assert.equal("connected", bob.calls[1].state)
    end)

    it("is refused at the answer when it requires what we do not support", function()
      local got
      bob:off "INVITE":on("INVITE", function(req) got = table.pack(req:answer()) end)
      local _, err = alice:call(bob, { headers = { Require = "odd" } })
      assert.equal(420, err.code)
      assert.is_nil(got[1])
      assert.equal(420, got[2].code)
      assert.equal(0, #bob.calls)
    end)

    it("answered with reply is a call just as well", function()
      bob:off "INVITE":on("INVITE", function(req)
        req:reply(200, { body = alice.calls[1].local_sdp })
        assert.equal("connected", req.call.state)
      end)
      assert.equal("connected", assert(alice:call(bob)).state)
      assert.equal(1, #bob.calls)
      assert.same({}, net.log_lines)
    end)
  end)
end)
