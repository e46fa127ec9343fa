-- SPDX-License-Identifier: MIT
-- Two legs whose audio goes through us: each has offers and answers of its own, and what one
-- side says, presses or holds reaches the other.

local legs <const> = require "spec.support.legs"

local WELCOME <const>, GOODBYE <const> = "examples/prompts/welcome.wav",
  "examples/prompts/goodbye.wav"

describe("a bridge of audio", function()
  local stage, alice, bob, carol, net, sbc
  before_each(function()
    stage = legs.stage { media = true }
    alice, bob, carol, net, sbc = stage.alice, stage.bob, stage.carol, stage.net, stage.sbc
  end)
  after_each(function() stage:close() end)

  local function answers(who, options)
    who:on("INVITE", function(req)
      req:ring()
      net:sleep "1s"
      assert(req:answer(options))
    end)
  end

  local function connect(options)
    answers(bob, options)
    local near <const> = assert(alice:call(stage.to))
    net:advance "500ms"
    return near, bob.calls[1]
  end

  it("lets both hear each other, and neither learns where the other one is", function()
    stage:join { hide = true }
    local near <const>, far <const> = connect()
    assert.equal("10.0.0.1", near.media.address)
    assert.equal("10.0.0.1", far.media.address)
    assert(alice:says(WELCOME))
    assert(bob:hears(WELCOME))
    assert(bob:says(GOODBYE))
    assert(alice:hears(GOODBYE))
    near:hangup()
    stage:finish()
  end)

  it("lets the caller hear early media, of one carrier after the other (RFC 3960)", function()
    bob:on("INVITE", function(req)
      assert(req:progress { sdp = true })
      req.call:play(WELCOME)
      req:reply(503)
    end)
    carol:on("INVITE", function(req)
      assert(req:progress { sdp = true })
      req.call:play(GOODBYE)
      assert(req:answer())
    end)
    stage:join({ pdd = "3s" }, nil, { bob.contact, carol.contact })
    local near <const> = alice:start_call(stage.to)
    net:advance "10ms"
    assert(alice:hears(WELCOME))
    assert(alice:hears(GOODBYE))
    assert(near:wait())
    assert.matches("^183.* 200$", stage:statuses(alice))
    net:advance "500ms"
    assert(carol:says(WELCOME))
    assert(alice:hears(WELCOME))
    near:hangup()
    stage:finish()
  end)

  it("waits for the ACK of a caller who made no offer (13.2.1)", function()
    stage:join()
    answers(bob)
    local near <const> = assert(alice:call(stage.to, { sdp = false }))
    net:advance "500ms"
    assert(bob:says(WELCOME))
    assert(alice:hears(WELCOME))
    near:hangup()
    stage:finish()
  end)

  it("transcodes, offering the codecs that it was told", function()
    stage:join { codecs = { "PCMA" } }
    local near <const>, far <const> = connect()
    assert.same({ "PCMU", "PCMA" }, { near.media.codec.name, far.media.codec.name })
    assert(bob:says(WELCOME))
    assert(alice:hears(WELCOME))
    near:hangup()
    stage:finish()
  end)

  it("refuses a caller with whom it has no codec in common: 488, and the other leg ends",
    function()
      stage:join(nil, { codecs = { "PCMA" } })
      answers(bob)
      local none <const>, err = alice:call(stage.to, { codecs = { "PCMU" } })
      assert.is_nil(none)
      assert.equal(488, err.code)
      assert.same({ "failed", 488, "local" },
        { stage.record.disposition, stage.record.code, stage.record.by })
      stage:finish()
    end)

  for _, side in ipairs { "alice", "bob" } do
    it("puts one side on hold when the other one holds, and lets go with it: " .. side, function()
      stage:join()
      local near <const>, far <const> = connect()
      local holder <const> = side == "alice" and near or far
      local other <const> = side == "alice" and far or near
      assert(holder:hold())
      net:advance "100ms"
      assert.same({ true, false }, { other.held, holder.held })
      assert(holder:resume())
      net:advance "100ms"
      assert.is_false(other.held)
      assert(bob:says(WELCOME))
      assert(alice:hears(WELCOME))
      near:hangup()
      stage:finish()
    end)
  end

  it("plays music instead when it was told to", function()
    stage:join(nil, { hold_music = WELCOME })
    local near <const>, far <const> = connect()
    assert(near:hold())
    assert(bob:hears(WELCOME))
    assert.is_false(far.held)
    assert(near:resume())
    near:hangup()
    stage:finish()
  end)

  it("turns digits of INFO into telephone events, once each (RFC 4733, RFC 6086)", function()
    stage:join()
    local near <const>, far <const> = connect()
    local pressed <const> = {}
    far:on("dtmf", function(key, _, how) pressed[#pressed + 1] = key .. how.how end)
    assert(near:dtmf("15", { how = "info" }))
    assert(near:dtmf("9", { how = "rfc4733" }))
    net:advance "1s"
    assert.same({ "1rfc4733", "5rfc4733", "9rfc4733" }, pressed)
    assert.equal(0, net:count { method = "INFO", to = bob })
    near:hangup()
    stage:finish()
  end)

  it("plays digits as tones to a side that takes no telephone events, once each", function()
    stage:join()
    local near <const>, far <const> = connect { sdp = function(sdp)
      sdp.media[1].formats = { "0" }
    end }
    local pressed <const> = {}
    far:on("dtmf", function(key, _, how) pressed[#pressed + 1] = key .. how.how end)
    assert(near:dtmf("42", { how = "rfc4733" }))
    net:advance "2s"
    assert.same({ "4inband", "2inband" }, pressed)
    near:hangup()
    stage:finish()
  end)

  it("is taken apart when its time is up, and both are hung up on by their scopes", function()
    stage:join(nil, { limit = "10s" })
    connect()
    net:advance "11s"
    assert.same({ 0, 0 }, { #alice.calls, #bob.calls })
    assert.same({ "answered", "local", 10 },
      { stage.record.disposition, stage.record.by, stage.record.billsec })
    assert.is_nil(stage.record.left)
    stage:finish()
  end)

  it("becomes one of descriptions, and back: media go directly meanwhile", function()
    local legs_of, done = {}, {}
    sbc:on("INVITE", function(req)
      local a <close> = req:leg()
      local b <close> = assert(a:dial(bob.contact))
      legs_of = { a, b }
      done[1] = a:bridge(b, { limit = "3s" })
      done[2] = a:bridge(b, { media = "direct", limit = "3s" })
      a:reinvite()
      b:reinvite()
      done[3] = a:bridge(b, { media = "relay" })
    end)
    local near <const>, far <const> = connect()
    assert.equal("10.0.0.1", near.media.address)
    net:advance "4s"
    assert.same({ "10.2.0.1", "10.1.0.7" }, { near.media.address, far.media.address })
    assert(bob:says(WELCOME))
    assert(alice:hears(WELCOME))
    net:advance "4s"
    assert.same({ "10.0.0.1", "10.0.0.1" }, { near.media.address, far.media.address })
    assert(alice:says(GOODBYE))
    assert(bob:hears(GOODBYE))
    near:hangup()
    stage:finish()
    assert.equal(3, #done)
    assert.equal(2, #legs_of)
  end)

  it("needs audio: two calls without any are not joined", function()
    sbc:on("INVITE", function(req)
      local a <close> = req:leg()
      local b <close> = assert(a:dial(bob.contact, { sdp = legs.talks("10.0.0.1", 9):gsub("m=audio",
        "m=video") .. "" }))
      stage.record, stage.err = a:bridge(b)
    end)
    bob:on("INVITE", function(req) req:answer { sdp = false } end)
    alice:call(stage.to)
    assert.equal("media", stage.err.kind)
    assert.equal("failed", stage.record.disposition)
    stage:finish()
  end)
end)
