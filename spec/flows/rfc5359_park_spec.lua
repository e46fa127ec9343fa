-- SPDX-License-Identifier: MIT
--
-- RFC 5359 2.15 and 2.16: parking a call and taking it back, and taking a call that rings
-- elsewhere. Who takes it learns its dialog from the dialog package (RFC 4235).

local flow <const> = require "spec.support.flow"

-- The dialogs that somebody says it has, asked once (RFC 6665 4.4.3).
local function fetch(watcher, of, routes)
  local dialogs
  watcher:watch(of, "dialog", { expires = 0, routes = routes }, function(info)
    dialogs = dialogs or info:parse()
  end)
  watcher.net:advance "1s"
  return assert(dialogs)
end

-- One of them as its other side has it.
local function replaces(one)
  return ("%s;to-tag=%s;from-tag=%s"):format(one.call_id, one.remote_tag, one.local_tag)
end

describe("RFC 5359", function()
  it("2.15 Call Park", function()
    local stage <close> = flow.stage { "Alice", "Bob", "Park", "Carol" }
    stage:phone "Alice"
    stage:phone "Bob"
    stage.Park:event("dialog", { source = stage.Park.calls })
    stage.Park:on("REFER", function(req)
      local contact <const> = ('<%s>;automaton;+sip.byeless;+sip.rendering="no"')
        :format(stage.Park.contact)
      return req:follow_refer { tell_dialog = true, headers = { Contact = contact } }
    end)
    assert(stage.Alice:call(stage.Bob))
    stage:advance "1s"
    local bobs <const>, told = stage.Bob.calls[1], nil
    stage:run("Bob", function(bob)
      for step in bob:refer(stage.Park.contact, { to = bobs }) do told = step.replaces end
    end)
    stage:advance "2s"
    local parked <const> = fetch(stage.Carol, stage.Park.aor, "sip:10.0.0.3")[1]
    assert(stage.Carol:call(stage.Alice,
      { headers = { Replaces = replaces(parked), Require = "replaces" } }))
    local sent <const> = stage:expect [[
      F1   INVITE         Alice -> Bob
      F2   180 INVITE     Bob -> Alice
      F3   200 INVITE     Bob -> Alice
      F4   ACK            Alice -> Bob
      F5   REFER          Bob -> Park
      F6   200 REFER      Park -> Bob        -- 202 there; RFC 6665 8.3.1
      F7   NOTIFY         Park -> Bob
      F8   200 NOTIFY     Bob -> Park
      F9   INVITE         Park -> Alice
      F10  200 INVITE     Alice -> Park
      F11  ACK            Park -> Alice
      F12  BYE            Alice -> Bob
      F13  200 BYE        Bob -> Alice
      F14  NOTIFY         Park -> Bob
      F15  200 NOTIFY     Bob -> Park
      F16  SUBSCRIBE      Carol -> Park
      F17  200 SUBSCRIBE  Park -> Carol
      F18  NOTIFY         Park -> Carol
      F19  200 NOTIFY     Carol -> Park
      F20  INVITE         Carol -> Alice
      F21  200 INVITE     Alice -> Carol
      F22  ACK            Carol -> Alice
      F23  BYE            Alice -> Park
      F24  200 BYE        Park -> Alice
    ]]
    assert.same({ "initiator", "confirmed" }, { parked.direction, parked.state })
    assert.equal("terminated;reason=timeout", flow.header(sent.F18, "Subscription-State"))
    assert.equal(told, flow.header(sent.F20, "Replaces")) -- what Bob heard too
    assert.equal(flow.header(sent.F9, "Call-ID"), flow.header(sent.F23, "Call-ID"))
    assert.equal("terminated;reason=noresource", flow.header(sent.F14, "Subscription-State"))
    stage:finish()
  end)

  it("2.16 Call Pickup", function()
    local stage <close> = flow.stage { "Alice", "Bob", "Bill" }
    stage:phone("Bob", { ring = "60s" })
    stage:phone "Alice"
    stage.Bob:event("dialog", { source = stage.Bob.calls })
    local call <const> = stage.Alice:start_call(stage.Bob)
    stage:advance "1s"
    local ringing <const> = fetch(stage.Bill, stage.Bob.contact)[1]
    assert(stage.Bill:call(stage.Alice, {
      headers = { Replaces = replaces(ringing) .. ";early-only", Require = "replaces" } }))
    stage:advance "1s"
    stage.Alice.calls[1]:hangup()
    local sent <const> = stage:expect [[
      F1   INVITE         Alice -> Bob
      F2   180 INVITE     Bob -> Alice
      F3   SUBSCRIBE      Bill -> Bob
      F4   200 SUBSCRIBE  Bob -> Bill
      F5   NOTIFY         Bob -> Bill
      F6   200 NOTIFY     Bill -> Bob
      F7   INVITE         Bill -> Alice
      F8   200 INVITE     Alice -> Bill
      F9   CANCEL         Alice -> Bob
      F10  200 CANCEL     Bob -> Alice
      F11  487 INVITE     Bob -> Alice
      F12  ACK            Alice -> Bob
      F13  ACK            Bill -> Alice
      F14  BYE            Alice -> Bill
      F15  200 BYE        Bill -> Alice
    ]]
    assert.same({ "recipient", "early", "ended" },
      { ringing.direction, ringing.state, call.state })
    assert.matches(";early%-only$", flow.header(sent.F7, "Replaces"))
    stage:finish()
  end)
end)
