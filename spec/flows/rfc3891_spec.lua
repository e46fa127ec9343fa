-- SPDX-License-Identifier: MIT
--
-- RFC 3891 1 and 7.1: a parked call is taken back, and one that rings elsewhere is taken.

local flow <const> = require "spec.support.flow"

describe("RFC 3891", function()
  it("1 Overview: retrieving a call from its parking place", function()
    local stage <close> = flow.stage { "Phone1", "Phone2", "Bob", "Place" }
    stage:phone("Bob", { ring = false })
    stage:phone("Place", { ring = false })
    stage.Bob:on("REFER", function(req) return req:follow_refer() end)
    local call <const> = assert(stage.Phone1:call(stage.Bob))
    stage:advance "1s"
    assert.is_true(call:transfer(stage.Place.contact, { referred_by = stage.Phone1.aor }))
    stage:advance "1s"
    -- Alice learns of the dialog by other means.
    local shared <const> = flow.dialog(stage.Place.calls[1])
    assert(stage.Phone2:call(stage.Bob, { headers = { Replaces = shared, Require = "replaces" } }))
    local sent <const> = stage:expect [[
      INVITE/200/ACK         Phone1 -> Bob
      REFER/200              Phone1 -> Bob
      NOTIFY/200             Bob -> Phone1
      F1 F2  INVITE/200/ACK  Bob -> Place
      NOTIFY/200             Bob -> Phone1
      BYE/200                Phone1 -> Bob
      F3  INVITE/200/ACK     Phone2 -> Bob
      F4  BYE/200            Bob -> Place
    ]]
    assert.equal("<sip:phone1@example.com>", flow.header(sent.F1, "Referred-By"))
    local to <const>, from <const> = flow.header(sent.F2, "To"), flow.header(sent.F2, "From")
    assert.equal(("%s;to-tag=%s;from-tag=%s"):format(flow.header(sent.F1, "Call-ID"),
      from:match ";tag=(.*)$", to:match ";tag=(.*)$"), flow.header(sent.F3, "Replaces"))
    assert.equal(flow.header(sent.F1, "Call-ID"), flow.header(sent.F4, "Call-ID"))
    assert.same({ 1, 0, 1 }, { #stage.Bob.calls, #stage.Place.calls, #stage.Phone2.calls })
    stage:finish()
  end)

  it("7.1 Replacing an Early Dialog at the Originator", function()
    local stage <close> = flow.stage { "Alice", "Desk", "Lab" }
    stage:phone("Desk", { ring = "60s" })
    stage:phone "Alice"
    stage.Desk:event("dialog", { source = stage.Desk.calls })
    local call <const> = stage.Alice:start_call(stage.Desk)
    local state
    stage:advance "1s"
    stage.Lab:watch(stage.Desk.contact, "dialog", { expires = 0 }, function(info)
      state = state or info:parse()[1]
    end)
    stage:advance "1s"
    assert.equal("early", state.state)
    assert(stage.Lab:call(stage.Alice, { headers = { Replaces = ("%s;to-tag=%s;from-tag=%s"
      .. ";early-only"):format(state.call_id, state.remote_tag, state.local_tag) } }))
    local sent <const> = stage:expect [[
      F1 F2  INVITE/180     Alice -> Desk
      SUBSCRIBE/200         Lab -> Desk     -- "fetch dialog state": RFC 4235
      NOTIFY/200            Desk -> Lab
      F3 F4  INVITE/200     Lab -> Alice
      F5 F6  CANCEL/200     Alice -> Desk
      F7     487 INVITE     Desk -> Alice
      ACK                   Alice -> Desk
      ACK                   Lab -> Alice
    ]]
    assert.equal("ended", call.state)
    local tag <const> = flow.header(sent.F1, "From"):match ";tag=(.*)$"
    assert.matches(";to%-tag=" .. tag .. ";from%-tag=" .. flow.header(sent.F2, "To")
      :match ";tag=(.*)$" .. ";early%-only$", flow.header(sent.F3, "Replaces"))
    stage:finish()
  end)
end)
