-- SPDX-License-Identifier: MIT
-- Each leg of a B2BUA is a dialog of its own for reliable provisional responses (RFC 3262)
-- and session timers (RFC 4028) too.

local legs <const> = require "spec.support.legs"
local messages <const> = require "spec.support.messages"

local talks <const> = legs.talks

local function media_of(text)
  return text:match "c=IN IP4 (%S+)" .. ":" .. text:match "m=audio (%d+)"
end

describe("a bridge of calls with extensions", function()
  local stage, alice, bob, carol, net, sbc
  before_each(function()
    stage = legs.stage()
    alice, bob, carol, net, sbc = stage.alice, stage.bob, stage.carol, stage.net, stage.sbc
  end)
  after_each(function() stage:close() end)

  local function call(options)
    options = options or {}
    if options.sdp == nil then options.sdp = talks("10.1.0.7", 4000) end
    return alice:call(stage.to, options)
  end

  it("acknowledges the reliable responses of the second leg, whose 200 has no answer any "
    .. "more (RFC 3262 5)", function()
    bob:on("INVITE", function(req)
      assert(req:progress(183, { sdp = talks("10.2.0.1", 5000), reliable = true }))
      net:sleep "1s"
      assert(req:answer())
    end)
    stage:join()
    local near <const> = assert(call())
    net:advance "1s"
    assert.equal("10.2.0.1:5000", media_of(near.remote_sdp))
    assert.equal(1, net:count { method = "PRACK", to = bob })
    near:hangup()
    stage:finish()
  end)

  it("says reliably what the caller requires to hear so, and more by a further INVITE when "
    .. "another carrier answers", function()
    bob:on("INVITE", function(req)
      req:progress(183, { sdp = talks("10.2.0.1", 5000) })
      net:sleep "1s"
      req:reply(503)
    end)
    carol:on("INVITE", function(req)
      req:progress(183, { sdp = talks("10.2.0.2", 6000) })
      net:sleep "1s"
      req:answer { sdp = talks("10.2.0.2", 6000) }
    end)
    stage:join(nil, nil, { bob.contact, carol.contact })
    local near <const> = assert(call { reliable = "required" })
    near:on("INVITE", function(req) req:answer { sdp = talks("10.1.0.7", 4000) } end)
    net:advance "2s"
    assert.equal("10.2.0.2:6000", media_of(near.remote_sdp))
    assert.is_true(net:count { method = "PRACK", to = sbc } >= 1)
    near:hangup()
    stage:finish()
  end)

  it("passes an UPDATE of an early dialog, and its answer (RFC 3311 5.1)", function()
    bob:on("INVITE", function(req)
      assert(req:progress(183, { sdp = talks("10.2.0.1", 5000), reliable = true }))
      req.call:on("UPDATE", function(update)
        assert(update:answer { sdp = talks("10.2.0.1", 5020) })
      end)
      net:sleep "5s"
      assert(req:answer())
    end)
    stage:join()
    local near <const> = alice:start_call(stage.to,
      { sdp = talks("10.1.0.7", 4000), reliable = "required" })
    net:advance "1s"
    assert(near:update { sdp = talks("10.1.0.7", 4020) })
    assert.equal("10.2.0.1:5020", media_of(near.remote_sdp))
    net:advance "6s"
    assert.equal("connected", near.state)
    assert.equal("10.1.0.7:4020", media_of(bob.calls[1].remote_sdp))
    near:hangup()
    stage:finish()
  end)

  it("offers no reliable responses to who has to make the offer for the caller", function()
    bob:on("INVITE", function(req)
      req:progress(183)
      net:sleep "1s"
      req:answer { sdp = talks("10.2.0.1", 5000) }
    end)
    stage:join()
    local near <const> = assert(call { sdp = false })
    assert.is_nil((messages.header(stage:first { method = "INVITE", to = bob }, "Supported") or "")
      :find "100rel")
    net:advance "1s"
    assert.equal("10.2.0.1:5000", media_of(near.remote_sdp))
    near:hangup()
    stage:finish()
  end)

  it("has a session timer on each leg, and the one that was asked for with the caller "
    .. "(RFC 4028)", function()
    bob:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.1", 5000) } end)
    stage:join({ session_timer = 600 }, { session_timer = 1200 })
    local near <const> = assert(call())
    net:advance "1s"
    assert.same({ 1200, 600 },
      { near.session_timer.interval, bob.calls[1].session_timer.interval })
    net:advance "2h"
    assert.same({ "connected", "connected" }, { near.state, bob.calls[1].state })
    net:cut(bob)
    net:advance "30m"
    assert.equal("ended", near.state)
    assert.same({ "answered", "local" }, { stage.record.disposition, stage.record.by })
    net:heal()
    net:advance "30m"
    stage:finish()
  end)
end)
