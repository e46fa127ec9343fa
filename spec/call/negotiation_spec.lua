-- SPDX-License-Identifier: MIT
-- Offer and answer in the messages of a call (RFC 3261 13.2.1, 14; RFC 3264; RFC 6337 2).

local descriptions <const> = require "spec.support.descriptions"
local messages <const> = require "spec.support.messages"
local pair <const> = require "spec.support.pair"
local test <const> = require "moonsip.test"

local talks <const> = descriptions.talks

local function version(text)
  return math.tointeger(tonumber(text:match "\r\no=%S+ %d+ (%d+) "))
end

describe("the session of a call", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  local function answer(options)
    bob:on("INVITE", function(req) assert(req:answer(options)) end)
  end

  -- Alice calls bob; both ends of it.
  local function connect(options)
    local near <const> = assert(alice:call(bob, options))
    net:advance(1)
    return near, bob.calls[1]
  end

  -- What one end took a message's body for: the messages of a kind that carried any.
  local function bodies(filter)
    local found <const> = {}
    for _, record in ipairs(net:messages(filter)) do
      local body <const> = record.bytes:match "\r\n\r\n(.+)$"
      found[#found + 1] = body or false
    end
    return found
  end

  it("is offered in the INVITE and answered in the 200 (pattern 1)", function()
    answer()
    local near <const>, far <const> = connect()
    assert.same({ near.local_sdp }, bodies { method = "INVITE" })
    assert.same({ far.local_sdp }, bodies { method = "INVITE", code = 200 })
    assert.same({ false }, bodies { method = "ACK" })
    assert.equal("PCMU", near.media.codec.name)
    assert.same({ "inactive", 9 }, { far.media.direction, far.media.port })
  end)

  it("is offered in the 200 and answered in the ACK (pattern 2)", function()
    answer()
    local near <const>, far <const> = connect { sdp = false }
    assert.same({ false }, bodies { method = "INVITE" })
    assert.same({ far.local_sdp }, bodies { method = "INVITE", code = 200 })
    assert.same({ near.local_sdp }, bodies { method = "ACK" })
    assert.equal(near.local_sdp, far.remote_sdp)
    assert.equal("PCMU", far.media.codec.name)
  end)

  it("is asked for by an INVITE without one, also when no verb for calls sent it", function()
    answer()
    local near <const>, far <const> = connect()
    assert(near:request("INVITE"):wait())
    net:advance(1)
    assert.equal(2, #bodies { method = "ACK" })
    assert.equal(near.local_sdp, bodies({ method = "ACK" })[2])
    assert.equal("connected", far.state)
  end)

  it("has no media when the ACK brings no answer, and the call lasts", function()
    bob:on("INVITE", function(req) req:answer() end)
    local peer <const> = net:endpoint "10.0.9.9:5060"
    peer:send(messages.invite { uri = "sip:bob@x", contact = "<sip:peer@10.0.9.9>",
      via = "SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKa" }, bob.host.addresses[1] .. ":5060")
    local ok <const> = peer:expect(200).bytes
    peer:send(messages.ack { uri = "sip:bob@x", to_tag = messages.tag(ok, "To"),
      via = "SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKb" })
    net:advance(1)
    local call <const> = bob.calls[1]
    assert.same({ "connected", nil }, { call.state, call.media })
    -- The ACK was looked for although nobody handles any.
    assert.equal(0, bob.acks_wanted)
  end)

  it("takes the answer of a 1xx when the 200 has none, as some peers do", function()
    bob:on("INVITE", function(req)
      assert(req:progress { sdp = true })
      req:reply(200)
    end)
    local near <const> = assert(alice:call(bob))
    assert.equal("PCMU", near.media.codec.name)
  end)

  describe("in a description of a script's own", function()
    it("is sent as it is: text, or an object", function()
      local object <const> = descriptions.parsed { "m=audio 4002 RTP/AVP 0" }
      answer { sdp = object }
      local near <const>, far <const> = connect { sdp = talks(4000) }
      assert.equal(talks(4000), far.remote_sdp)
      assert.equal(tostring(object), near.remote_sdp)
      assert.same({ "sendrecv", 4002 }, { near.media.direction, near.media.port })
    end)

    it("may be an edit of the default: of the object, in place", function()
      answer { sdp = function(sdp) sdp.media[1].attributes["x-answered"] = "1" end }
      local near <const>, far <const> = connect {
        sdp = function(sdp) sdp.name = "call" return sdp end,
      }
      assert.matches("\r\ns=call\r\n", far.remote_sdp)
      assert.matches("\r\na=x%-answered:1\r\n", near.remote_sdp)
    end)

    it("edits every later description too", function()
      answer { sdp = function(sdp) sdp.media[1].attributes["x-mine"] = true end }
      local near <const> = connect()
      assert(near:reinvite { sdp = talks(4000) })
      assert.matches("\r\na=x%-mine\r\n", near.remote_sdp)
    end)

    it("stays the script's when the other end changes the session: directions follow", function()
      answer { sdp = talks(4002, { "a=x-kept" }) }
      local near <const>, far <const> = connect { sdp = talks(4000) }
      assert(near:reinvite { sdp = talks(4000, { "a=sendonly" }) })
      assert.matches("m=audio 4002 RTP/AVP 0\r\na=x%-kept\r\na=recvonly\r\n$", near.remote_sdp)
      assert.equal(version(talks(4002)) + 1, version(near.remote_sdp))
      assert.equal("recvonly", far.media.direction)
      -- Other m= lines than the session has do not fit it.
      local res <const>, err = near:reinvite { sdp = talks(4000, { "m=video 9 RTP/AVP 31" }) }
      assert.is_nil(res)
      assert.equal(488, err.code)
      assert.equal("recvonly", far.media.direction)
    end)

    it("may be none: then there is nothing that both know", function()
      answer { sdp = false }
      local near <const>, far <const> = connect { sdp = talks(4000) }
      assert.same({ "connected", "connected" }, { near.state, far.state })
      assert.is_nil(near.media)
      assert.is_nil(far.media)
    end)

    it("that is no string, object or function raises at the script's line", function()
      for _, wrong in ipairs { 7, function() return 7 end } do
        local _, message = pcall(function() alice:call(bob, { sdp = wrong }) end)
        assert.matches("negotiation_spec.lua:%d+: bad argument 'sdp' to 'agent:call'", message)
      end
    end)
  end)

  describe("changes", function()
    it("keep o= but for its version, which counts what differs (RFC 3264 8)", function()
      answer()
      local near <const>, far <const> = connect()
      local first <const> = near.local_sdp
      assert(near:reinvite())
      assert.equal(first, near.local_sdp)
      assert(near:reinvite { sdp = talks(4000) })
      local before <const> = far.local_sdp
      assert(near:reinvite { sdp = talks(4000, { "a=rtpmap:0 PCMU/8000" }) })
      assert.equal(before, far.local_sdp)
      assert(near:reinvite { sdp = descriptions.audio { "m=audio 4000 RTP/AVP 8" } })
      assert.equal(version(before) + 1, version(far.local_sdp))
      assert.equal(before:match "o=(%S+ %d+)", far.local_sdp:match "o=(%S+ %d+)")
    end)

    it("that fail leave what was agreed (14.1)", function()
      answer()
      local near <const>, far <const> = connect { sdp = talks(4000) }
      far:on("INVITE", function(req) req:reject(488) end)
      local ours <const>, theirs <const> = near.local_sdp, near.remote_sdp
      local res <const>, err = near:reinvite { sdp = talks(4444) }
      assert.is_nil(res)
      assert.equal("media", err.kind)
      assert.same({ ours, theirs }, { near.local_sdp, near.remote_sdp })
      assert.same({ ours, theirs }, { far.remote_sdp, far.local_sdp })
    end)

    it("have their turn one after the other, and at most nine at once", function()
      answer()
      local near <const> = connect()
      local done <const>, refused <const> = {}, {}
      for at = 1, 10 do
        near:reinvite({ sdp = talks(4000 + at) }, function(res, err)
          table.insert(res and done or refused, res and at or err.kind)
        end)
      end
      net:settle()
      assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, done)
      assert.same({ "limit" }, refused)
      assert.equal(talks(4009), near.local_sdp)
    end)

    it("wait for the end of one of theirs", function()
      answer()
      local near <const>, far <const> = connect()
      local done
      far:on("INVITE", function(req)
        far:reinvite({ sdp = talks(4001) }, function(res) done = res.code end)
        net:sleep "2s"
        req:answer()
      end)
      assert(near:reinvite())
      net:settle()
      assert.equal(200, done)
      assert.equal(0, net:count { method = "INVITE", code = 491 })
      assert.equal(talks(4001), near.remote_sdp)
    end)

    it("are given up when the call ends", function()
      answer()
      local near <const>, far <const> = connect()
      far:on("INVITE", function(req) req:defer() end)
      local kinds <const> = {}
      for at = 1, 3 do
        near:reinvite(function(_, err) kinds[at] = err.kind end)
      end
      net:advance(1)
      near:hangup()
      net:settle()
      assert.same({ "hangup", "hangup", "hangup" }, kinds)
    end)

    it("crossing one of ours are refused: UPDATE too (RFC 6337 4.3)", function()
      answer()
      local near <const>, far <const> = connect()
      far:on("INVITE", function(req)
        net:sleep "3s"
        req:answer()
      end)
      far:on("UPDATE", function() error("never seen by the script") end)
      local codes <const> = {}
      near:reinvite(function(res) codes.invite = res.code end)
      net:advance "500ms"
      -- An offer of near's own is under way: one more in an UPDATE gets 500, one by far 491.
      near:request("UPDATE", { body = talks(5000) }):wait(function(_, err)
        codes.second = err.code
        codes.again = tonumber(err.response.headers["Retry-After"])
      end)
      net:advance "500ms"
      assert.equal(500, codes.second)
      assert.is_true(codes.again >= 0 and codes.again <= 10)
      far:request("UPDATE", { body = talks(5001) }):wait(function(res, err)
        codes.crossing = res and res.code or err.code
      end)
      net:advance "100ms"
      assert.equal(1, net:count { method = "UPDATE", code = 491 })
      net:settle()
      assert.same({ 200, 200 }, { codes.invite, codes.crossing })
    end)

    it("by UPDATE are answered in its 200, and refresh the target without an offer", function()
      answer()
      local near <const>, far <const> = connect()
      assert(near:update { sdp = talks(4000) })
      assert.equal(talks(4000), far.remote_sdp)
      assert.equal(far.local_sdp, near.remote_sdp)
      local before <const> = far.remote_sdp
      assert(near:update { sdp = false })
      assert.same({ false }, { bodies({ method = "UPDATE", code = 200 })[2] })
      assert.equal(before, far.remote_sdp)
    end)

    it("by UPDATE with an offer are impossible while the INVITE's is open (RFC 3311 5.1)",
      function()
      local err
      bob:on("INVITE", function(req)
        req:ring()
        err = select(2, req.call:update())
        req:answer()
      end)
      assert(alice:call(bob))
      assert.equal("invalid", err.kind)
      assert.equal(0, net:count { method = "UPDATE" })
    end)

    it("keep the payload types that were given (RFC 3264 8.3.2)", function()
      bob:on("INVITE", function(req) req:answer { codecs = { "opus", "PCMU" } } end)
      local near <const>, far <const> = connect { sdp = descriptions.audio {
        "m=audio 4000 RTP/AVP 0 111", "a=rtpmap:111 opus/48000/2" } }
      assert.matches("m=audio 9 RTP/AVP 111\r\n", far.local_sdp) -- the script's order
      assert(far:reinvite())
      assert.matches("RTP/AVP 111\r\n", near.remote_sdp)
    end)
  end)

  it("gives codecs in the order that the script names", function()
    answer { codecs = { "PCMA", "PCMU" } }
    local near <const> = connect { codecs = { "PCMU", "L16/16000", "PCMA" } }
    assert.matches("m=audio 9 RTP/AVP 0 96 8\r\n.*a=rtpmap:96 L16/16000\r\n", near.local_sdp)
    assert.matches("m=audio 9 RTP/AVP 8\r\n", near.remote_sdp)
    for _, wrong in ipairs { {}, { "odd" }, { 7 }, { "PCMU\r\n" } } do
      assert.error_matches(function() alice:call(bob, { codecs = wrong }) end, "codecs")
    end
  end)

  it("is seen on requests and responses as an object", function()
    local seen <const> = {}
    bob:on("INVITE", function(req)
      seen.offer = req.sdp
      assert.equal(seen.offer, req.sdp)
      req:answer()
    end)
    alice:on("2xx", function(res) seen.answer = res.sdp end)
    local near <const> = connect { sdp = talks(4000) }
    assert.equal(4000, seen.offer.media[1].port)
    assert.equal(near.remote_sdp, seen.answer.text)
    bob:on("MESSAGE", function(req) seen.none = req.sdp == nil req:reply(200) end)
    assert(alice:request("MESSAGE", bob, { body = "hi" }):wait())
    assert.is_true(seen.none)
  end)

  it("is found in a body of several parts (RFC 5621 3.1)", function()
    answer()
    local body <const> = "--b\r\nContent-Type: application/isup\r\n"
      .. "Content-Disposition: signal;handling=optional\r\n\r\nx\r\n--b\r\n"
      .. "Content-Type: application/sdp\r\n\r\n" .. talks(4000) .. "\r\n--b--\r\n"
    assert(alice:request("INVITE", bob, { body = body,
      content_type = "multipart/mixed;boundary=b" }):wait())
    assert.equal(4000, bob.calls[1].media.port)
  end)
end)

describe("an INVITE that is challenged", function()
  it("has its credentials in the ACK that answers the offer of its 200 (22.1)", function()
    local net <const> = test.net()
    local alice <const> = net:agent("sip:alice@10.0.0.2", { address = "10.0.0.2" })
    local peer <const> = net:endpoint "10.0.0.9:5060"
    alice:start_call("sip:bob@10.0.0.9", { sdp = false, username = "alice", password = "w" })
    local first <const> = peer:expect "INVITE"
    peer:send(messages.answer(first.bytes, 401, { contact = false, lines = {
      'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"' } }))
    local second <const> = peer:expect "INVITE"
    peer:send(messages.answer(second.bytes, 200, { body = talks(4000),
      lines = { "Content-Type: application/sdp" } }))
    local ack <const> = peer:expect(function(bytes)
      return bytes:find "^ACK" ~= nil and bytes:find "m=audio" ~= nil
    end).bytes
    assert.equal(messages.header(second.bytes, "Authorization"),
      messages.header(ack, "Authorization"))
    net:close()
  end)

  it("answers the challenge of its BYE (22.2)", function()
    local net <const> = test.net()
    local alice <const> = net:agent("sip:alice@10.0.0.2", { address = "10.0.0.2" })
    local peer <const> = net:endpoint "10.0.0.9:5060"
    local call <const> = alice:start_call("sip:bob@10.0.0.9", { username = "alice",
      password = "w" })
    local asks <const> = { contact = false, lines = {
      'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"' } }
    peer:send(messages.answer(peer:expect("INVITE").bytes, 401, asks))
    peer:send(messages.answer(peer:expect("INVITE").bytes, 200, { body = talks(4000),
      lines = { "Content-Type: application/sdp" } }))
    net:advance(1)
    call:hangup()
    local bye <const> = peer:expect("BYE").bytes
    peer:send(messages.answer(bye, 401, { contact = false, lines = {
      'WWW-Authenticate: Digest realm="r", nonce="m", qop="auth", stale=true' } }))
    local again <const> = peer:expect(function(bytes)
      return bytes:find "^BYE" ~= nil and bytes:find 'nonce="m"' ~= nil
    end)
    assert.is_table(again)
    peer:send(messages.answer(again.bytes, 200, { contact = false }))
    net:settle()
    assert.equal(0, alice:counts().dialogs)
    net:close()
  end)
end)
