-- SPDX-License-Identifier: MIT
-- REFER inside a bridged call (RFC 3515): passed on with its NOTIFYs, or declined. What is
-- followed here: local_transfer_spec.lua.

local legs <const> = require "spec.support.legs"

local talks <const> = legs.talks

describe("REFER inside a bridged call", function()
  local stage, alice, bob, net, near, far
  local function connect(bridge)
    stage = legs.stage()
    alice, bob, net = stage.alice, stage.bob, stage.net
    bob:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.1", 5000) } end)
    stage:join({ hide = true }, bridge)
    near = assert(alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) }))
    net:advance "1s"
    far = bob.calls[1]
  end
  after_each(function() stage:close() end)

  local wish <const> = { headers = { ["Refer-To"] = "<sip:carol@carrier.example>",
                                     ["Referred-By"] = "<sip:alice@10.1.0.7>" } }

  local function finish()
    near:hangup()
    stage:finish()
  end

  it("passes with transfer = \"pass\", and the NOTIFYs come back (RFC 3515 2.4.4)", function()
    connect { transfer = "pass" }
    local got, notified
    far:on("REFER", function(req)
      got = { tostring(req.headers["Refer-To"]), req.headers["Referred-By"] }
      req:reply(202)
    end)
    near:on("NOTIFY", function(req)
      notified = { req.headers["Event"], req.headers["Subscription-State"], req.body }
      req:reply(200)
    end)
    assert.equal(202, assert(near:request("REFER", wish):wait()).code)
    assert.same({ "<sip:carol@carrier.example>", "<sip:alice@10.1.0.7>" }, got)
    assert.equal(200, assert(far:request("NOTIFY", { body = "SIP/2.0 200 OK\r\n",
      content_type = "message/sipfrag", headers = { Event = "refer",
        ["Subscription-State"] = "terminated;reason=noresource" } }):wait()).code)
    assert.same({ "refer", "terminated;reason=noresource", "SIP/2.0 200 OK\r\n" }, notified)
    finish()
  end)

  for name, how in pairs { ["without a word"] = {}, ["with transfer = \"refuse\""] =
    { transfer = "refuse" } } do
    it("is declined " .. name .. ", when no handler takes it", function()
      connect(how)
      assert.equal(603, select(2, near:request("REFER", wish):wait()).code)
      assert.equal(0, net:count { method = "REFER", to = bob })
      finish()
    end)
  end

  it("is for a handler of the leg first", function()
    connect { transfer = "pass" }
    local got
    stage.a:on("REFER", function(req)
      got = tostring(req.headers["Refer-To"])
      req:reply(202)
    end)
    assert.equal(202, assert(near:request("REFER", wish):wait()).code)
    assert.equal("<sip:carol@carrier.example>", got)
    assert.equal(0, net:count { method = "REFER", to = bob })
    finish()
  end)

  it("knows no other policy", function()
    connect()
    local ok <const>, why = pcall(far.bridge, far, near, { transfer = "odd" })
    assert.is_false(ok)
    assert.matches("transfer", why)
    finish()
  end)
end)
