-- SPDX-License-Identifier: MIT
-- What of a call is heard before its answer: the option early_media (RFC 3960 3, RFC 5009).

local ivr <const> = require "spec.support.ivr"
local test <const> = require "moonsip.test"

describe("P-Early-Media (RFC 5009)", function()
  local net, alice, bob
  before_each(function()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { media = false })
    bob = net:agent("sip:bob@example.com", { media = false })
  end)
  after_each(function() net:close() end)

  it("is offered by a call that wants early media to be authorized", function()
    bob:on("INVITE", function(req) req:answer() end)
    assert(alice:call(bob, { early_media = "authorized" }))
    assert(alice:call(bob))
    local invites <const> = net:messages { method = "INVITE" }
    assert.matches("P%-Early%-Media: supported", invites[1].bytes)
    assert.is_nil(invites[2].bytes:find("P-Early-Media", 1, true))
  end)

  it("tells each change once, with the first direction of each response", function()
    bob:on("INVITE", function(req)
      req:progress { sdp = true, authorize = "sendonly" }
      req:progress { sdp = true, authorize = "sendonly" }
      for _, value in ipairs { "inactive, sendrecv", "gated", "x" } do
        net:sleep "1s"
        req:reply(183, { ["P-Early-Media"] = value })
      end
      net:sleep "1s"
      req:answer()
    end)
    local heard <const> = {}
    alice:on("early", function(call, direction)
      heard[#heard + 1] = direction
      assert.equal(direction, call.early_media)
    end)
    assert(alice:call(bob))
    assert.same({ "sendonly", "inactive" }, heard)
  end)

  it("refuses what is no direction, and what is no policy", function()
    local message
    bob:on("INVITE", function(req)
      message = select(2, pcall(req.call.early, req.call, { authorize = "yes" }))
      req:answer()
    end)
    assert(alice:call(bob))
    assert.matches("authorize", message)
    local ok <const>, why <const> = pcall(alice.start_call, alice, bob, { early_media = "some" })
    assert.is_false(ok)
    assert.matches("early_media", why)
  end)
end)

describe("early media", function()
  local PLAYS <const> = [[
    local sip = require "moonsip"
    local agent = assert(sip.agent { listen = "0.0.0.0:5060" })
    agent:on("INVITE", function(req)
      local call = assert(req.call:early { %s })
      call:play(arg[1] .. "/welcome.wav")
      %s
      sip.sleep "2s"
      assert(req:answer())
      call:wait_end()
    end)
    sip.run()
  ]]

  -- Whether alice hears the prompt before the answer.
  local function hears(policy, early, more)
    local stage <close> = ivr.stage(PLAYS:format(early or "", more or ""))
    local call <const> = stage.caller:start_call(stage.ivr, { early_media = policy })
    stage.net:advance "40ms" -- it rings: there is something to listen to
    local heard <const> = stage.caller:hears("welcome.wav", { within = "3s" }) ~= nil
    local state <const> = call.state
    stage.net:advance "8s"
    assert.equal("connected", call.state)
    assert.equal("PCMU", call.media.codec.name)
    call:hangup()
    return heard, state
  end

  for name, case in pairs {
    ["is heard by default"] = { nil, nil, true },
    ["is not heard where the call wants none"] = { "none", nil, false },
    ["is not heard without authorization where that is wanted"] = { "authorized", nil, false },
    ["is heard with it"] = { "authorized", 'authorize = "sendonly"', true },
    ["is not heard when it says that nobody may send"] =
      { "authorized", 'authorize = "inactive"', false },
    ["is not heard when it lets us alone send"] = { "authorized", 'authorize = "recvonly"', false },
  } do
    it(name, function()
      local heard <const>, state <const> = hears(case[1], case[2])
      assert.same({ case[3], "ringing" }, { heard, state })
    end)
  end
end)
