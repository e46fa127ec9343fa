-- SPDX-License-Identifier: MIT
-- Two legs whose session descriptions go through, so that media take their own way: what
-- one side says of the session reaches the other (RFC 3261 13, 14; RFC 3264; RFC 3311).

local legs <const> = require "spec.support.legs"

local talks <const> = legs.talks

local function media_of(text)
  local address <const>, port <const> = text:match "c=IN IP4 (%S+)", text:match "m=audio (%d+)"
  return address .. ":" .. port
end

local function origin(text) return text:match "\no=([^\r\n]*)" end

local function version(text) return tonumber(origin(text):match "^%S+ %d+ (%d+)") end

describe("a bridge of descriptions", function()
  local stage, alice, bob, net
  before_each(function()
    stage = legs.stage()
    stage:join { media = "direct", early = "relay" }
    alice, bob, net = stage.alice, stage.bob, stage.net
  end)
  after_each(function() stage:close() end)

  -- A call that bob answers: both ends.
  local function connect(answer)
    bob:on("INVITE", function(req)
      assert(req:answer { sdp = answer or talks("10.2.0.1", 5000) })
    end)
    local near <const> = assert(alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) }))
    net:advance(1)
    return near, bob.calls[1]
  end

  it("offers what the caller offers, and answers what the called one does (13.2.1)", function()
    local near <const>, far <const> = connect()
    assert.equal("10.1.0.7:4000", media_of(far.remote_sdp))
    assert.equal("10.2.0.1:5000", media_of(near.remote_sdp))
    assert.not_equal(origin(near.local_sdp), origin(far.remote_sdp))
    assert.matches("^%- %d+ 1 IN IP4 10%.0%.0%.1$", origin(far.remote_sdp))
    near:hangup()
    net:advance(1)
    assert.equal("answered", stage.record.disposition)
    stage:finish()
  end)

  it("lets early media through, and the answer again (RFC 3960)", function()
    local heard
    bob:on("INVITE", function(req)
      req:ring()
      net:sleep "1s"
      req:progress(183, { sdp = talks("10.2.0.1", 5000) })
      net:sleep "2s"
      req:answer { sdp = talks("10.2.0.1", 5000) }
    end)
    alice:on(183, function(res) heard = media_of(res.sdp.text) end)
    local near <const> = assert(alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) }))
    assert.equal("180 183 200", stage:statuses(alice))
    assert.equal("10.2.0.1:5000", heard)
    assert.equal(1, version(near.remote_sdp))
    near:hangup()
    stage:finish()
  end)

  it("asks for an offer when the caller made none, and holds the ACK back until his answer "
    .. "is there (13.2.2.4)", function()
    bob:on("INVITE", function(req) assert(req:answer { sdp = talks("10.2.0.1", 5000) }) end)
    local near <const> = assert(alice:call(stage.to, { sdp = false }))
    net:advance(1)
    assert.equal("10.2.0.1:5000", media_of(near.remote_sdp))
    local far <const> = bob.calls[1]
    assert.matches("m=audio", far.remote_sdp)
    assert.equal("PCMU", far.media.codec.name)
    local ack <const> = stage:first { method = "ACK", to = bob }
    assert.matches("m=audio", ack)
    near:hangup()
    stage:finish()
  end)

  it("passes a further INVITE on, and its answer back (14)", function()
    local near <const>, far <const> = connect()
    far:on("INVITE", function(req) assert(req:answer { sdp = talks("10.2.0.1", 5010) }) end)
    assert(near:reinvite { sdp = talks("10.1.0.7", 4010) })
    assert.equal("10.1.0.7:4010", media_of(far.remote_sdp))
    assert.equal("10.2.0.1:5010", media_of(near.remote_sdp))
    assert.same({ 2, 2 }, { version(far.remote_sdp), version(near.remote_sdp) })
    near:on("INVITE", function(req) assert(req:answer { sdp = talks("10.1.0.7", 4020) }) end)
    assert(far:reinvite { sdp = talks("10.2.0.1", 5020) })
    assert.equal("10.1.0.7:4020", media_of(far.remote_sdp))
    assert.equal("10.2.0.1:5020", media_of(near.remote_sdp))
    far:hangup()
    stage:finish()
    assert.equal("callee", stage.record.by)
  end)

  it("passes a further INVITE without an offer on, and the answer of its ACK", function()
    local near <const>, far <const> = connect()
    far:on("INVITE", function(req) assert(req:answer { sdp = talks("10.2.0.1", 5010) }) end)
    assert(near:reinvite { sdp = false })
    net:advance(1)
    assert.equal("10.2.0.1:5010", media_of(near.remote_sdp))
    assert.equal("10.1.0.7:4000", media_of(far.remote_sdp))
    near:hangup()
    stage:finish()
  end)

  it("passes on that a change is refused, and the session stays", function()
    local near <const>, far <const> = connect()
    far:on("INVITE", function(req) req:reject(488) end)
    local res <const>, err = near:reinvite { sdp = talks("10.1.0.7", 4010) }
    assert.is_nil(res)
    assert.equal(488, err.code)
    assert.equal("10.1.0.7:4000", media_of(far.remote_sdp))
    assert.same({ "connected", "connected" }, { near.state, far.state })
    near:hangup()
    stage:finish()
  end)

  it("passes hold and resume, which the other side hears of (RFC 3264 8.4)", function()
    local near <const>, far <const> = connect()
    local heard <const> = {}
    far:on("hold", function() heard[#heard + 1] = "hold" end)
    far:on("resume", function() heard[#heard + 1] = "resume" end)
    assert(near:hold())
    assert.same({ true, true }, { far.held, near.holding })
    assert.matches("a=recvonly", near.remote_sdp)
    assert(near:resume())
    assert.is_false(far.held)
    assert.same({ "hold", "resume" }, heard)
    near:hangup()
    stage:finish()
  end)

  it("passes an UPDATE with an offer; one without is answered here (RFC 3311 5.2)", function()
    local near <const>, far <const> = connect()
    far:on("UPDATE", function(req) assert(req:answer { sdp = talks("10.2.0.1", 5010) }) end)
    assert(near:update { sdp = talks("10.1.0.7", 4010) })
    assert.equal("10.1.0.7:4010", media_of(far.remote_sdp))
    assert.equal("10.2.0.1:5010", media_of(near.remote_sdp))
    assert(near:update { sdp = false })
    assert.equal(1, net:count { method = "UPDATE", to = bob })
    near:hangup()
    stage:finish()
  end)

  it("passes digits as INFO has them, and the answer back (RFC 6086 4.2)", function()
    local near <const>, far <const> = connect()
    local got <const> = {}
    far:on("INFO", function(req)
      got[#got + 1] = req.content_type.value .. " " .. req.body:match "Signal=%s*(%S+)"
      req:reply(req.body:find "Signal=9" and 415 or 200)
    end)
    local function press(key)
      local res <const>, err = near:request("INFO", { content_type = "application/dtmf-relay",
        body = ("Signal=%s\r\nDuration=160\r\n"):format(key) }):wait()
      return res and res.code or err.code
    end
    assert.same({ 200, 200, 415 }, { press "1", press "#", press "9" })
    assert.same({ "application/dtmf-relay 1", "application/dtmf-relay #",
      "application/dtmf-relay 9" }, got)
    near:hangup()
    stage:finish()
  end)

  it("answers the second of two changes that cross with 491, and each is tried again "
    .. "(14.1)", function()
    local near <const>, far <const> = connect()
    near:on("INVITE", function(req) assert(req:answer { sdp = talks("10.1.0.7", 4020) }) end)
    far:on("INVITE", function(req) assert(req:answer { sdp = talks("10.2.0.1", 5020) }) end)
    local done <const> = {}
    near:reinvite({ sdp = talks("10.1.0.7", 4010) }, function(res) done[1] = res and res.code end)
    far:reinvite({ sdp = talks("10.2.0.1", 5010) }, function(res) done[2] = res and res.code end)
    net:advance "30s"
    assert.same({ 200, 200 }, done)
    assert.is_true(net:count { method = "INVITE", code = 491 } >= 1)
    near:hangup()
    stage:finish()
  end)

  it("passes the CANCEL of a change on: both calls go on as they were (9.1)", function()
    local near <const>, far <const> = connect()
    local cancelled
    far:on("INVITE", function(req)
      net:sleep "5s"
      cancelled = req.cancelled
    end)
    local change <const> = near:request("INVITE", { body = talks("10.1.0.7", 4010),
      content_type = "application/sdp" })
    net:advance "1s"
    change:cancel()
    net:advance "10s"
    assert.is_true(cancelled)
    assert.equal(1, net:count { method = "CANCEL", to = bob })
    assert.same({ "connected", "connected" }, { near.state, far.state })
    assert.equal("10.2.0.1:5000", media_of(near.remote_sdp))
    far:on("INVITE", function(req) assert(req:answer { sdp = talks("10.2.0.1", 5030) }) end)
    near:hangup()
    stage:finish()
  end)

  it("takes other codecs out of offers, and refuses one that has no other", function()
    stage.sbc:off "INVITE"
    stage:join { media = "direct", codecs = { "PCMA" } }
    local wide <const> = talks("10.1.0.7", 4000):gsub("RTP/AVP 0", "RTP/AVP 0 8 101")
      .. "a=rtpmap:101 telephone-event/8000\r\n"
    bob:on("INVITE", function(req)
      assert(req:answer { sdp = talks("10.2.0.1", 5000):gsub("AVP 0", "AVP 8") .. "" })
    end)
    local near <const> = assert(alice:call(stage.to, { sdp = wide }))
    assert.matches("m=audio 4000 RTP/AVP 8 101\r\n", bob.calls[1].remote_sdp)
    near:hangup()
    local none <const>, err = alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) })
    assert.is_nil(none)
    assert.equal(488, err.code)
    stage:finish()
  end)

  it("has a script edit what goes through, both ways", function()
    stage.sbc:off "INVITE"
    local seen <const> = {}
    stage:join { sdp = function(sdp, whom)
      seen[#seen + 1] = whom
      sdp.media[1]:add_attribute("x-for", whom)
      if whom == "caller" then return tostring(sdp) end
    end }
    local near <const>, far <const> = connect()
    assert.matches("\na=x%-for:callee\r\n", far.remote_sdp)
    assert.matches("\na=x%-for:caller\r\n", near.remote_sdp)
    assert(near:hold())
    assert.matches("a=sendonly.*a=x%-for:callee", far.remote_sdp)
    assert.same({ "callee", "caller", "callee", "caller" }, seen)
    near:hangup()
    stage:finish()
  end)

  it("refuses what a script's function breaks, and tells of it; nothing else notices", function()
    stage.sbc:off "INVITE"
    local fn
    stage:join { sdp = function(...) return fn(...) end }
    bob:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.1", 5000) } end)
    for _, wrong in ipairs { function() error "odd" end, function() return "odd" end,
      function(_, whom) if whom == "caller" then error "odd" end end } do
      fn = wrong
      local none <const>, err = alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) })
      assert.is_nil(none)
      assert.equal(500, err.code)
    end
    assert.equal(2, #stage.errors)
    assert.matches("odd", stage.errors[1])
    stage.errors = {}
    stage:finish()
  end)

  it("joins two calls that were answered before: each is told of the other's media "
    .. "(RFC 3725 4)", function()
    stage.sbc:off "INVITE"
    local waiting
    stage.sbc:on("INVITE", function(req)
      local call <const> = assert(req:answer { sdp = talks("10.0.0.1", 3000) })
      if not waiting then
        waiting = call
        return
      end
      stage.record = call:bridge(waiting, { media = "direct" })
    end)
    local near <const> = assert(alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) }))
    local far <const> = assert(bob:call(stage.to, { sdp = talks("10.2.0.1", 5000) }))
    near:on("INVITE", function(req) req:answer { sdp = talks("10.1.0.7", 4000) } end)
    far:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.1", 5000) } end)
    net:advance "1s"
    assert.equal("10.2.0.1:5000", media_of(near.remote_sdp))
    assert.equal("10.1.0.7:4000", media_of(far.remote_sdp))
    assert.same({ 2, 2 }, { version(near.remote_sdp), version(far.remote_sdp) })
    near:hangup()
    far:hangup()
    stage:finish()
  end)
end)
