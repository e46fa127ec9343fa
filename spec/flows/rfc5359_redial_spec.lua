-- SPDX-License-Identifier: MIT
--
-- RFC 5359 2.17 and 2.18: calling again when somebody is free, and a program that has a phone
-- call.

local flow <const> = require "spec.support.flow"

describe("RFC 5359", function()
  it("2.17 Automatic Redial", function()
    local stage <close> = flow.stage { "Alice", "Bob" }
    local dialogs = { { id = "1", state = "confirmed" } } -- Bob talks to somebody
    local notifier <const> = stage.Bob:event("dialog", { state = function() return dialogs end })
    stage.Bob:on("INVITE", function(req)
      if dialogs[1].state == "confirmed" then return req:reject(486) end
      stage.net:sleep "100ms"
      req:ring()
      stage.net:sleep "1s"
      local call <const> = assert(req:answer())
      dialogs = { { id = "2", state = "confirmed" } }
      notifier:notify()
      call:wait_end()
    end)
    stage:run("Alice", function(alice)
      local _, err <const> = alice:call(stage.Bob)
      assert(err.kind == "busy")
      local was_called = false
      for info in alice:watch(stage.Bob, "dialog") do
        local state <const> = info:parse()[1].state
        if state == "terminated" then
          alice:start_call(stage.Bob)
          was_called = true
        elseif was_called then
          break -- what it was for has happened
        end
      end
    end)
    stage:advance "5s"
    dialogs = { { id = "1", state = "terminated" } }
    notifier:notify()
    stage:advance "5s"
    local sent <const> = stage:expect [[
      F1   INVITE         Alice -> Bob
      F2   486 INVITE     Bob -> Alice
      F3   ACK            Alice -> Bob
      F4   SUBSCRIBE      Alice -> Bob
      F5   200 SUBSCRIBE  Bob -> Alice
      F6   NOTIFY         Bob -> Alice
      F7   200 NOTIFY     Alice -> Bob
      F8   NOTIFY         Bob -> Alice
      F9   200 NOTIFY     Alice -> Bob
      F10  INVITE         Alice -> Bob
      F11  180 INVITE     Bob -> Alice
      F12  200 INVITE     Bob -> Alice
      F14  NOTIFY         Bob -> Alice     -- crosses the ACK, F13
      F13  ACK            Alice -> Bob
      F15  200 NOTIFY     Alice -> Bob
      F16  SUBSCRIBE      Alice -> Bob
      F17  200 SUBSCRIBE  Bob -> Alice
      F18  NOTIFY         Bob -> Alice
      F19  200 NOTIFY     Alice -> Bob
    ]]
    assert.equal("0", flow.header(sent.F16, "Expires"))
    assert.equal("terminated;reason=timeout", flow.header(sent.F18, "Subscription-State"))
    assert.matches("<state>terminated</state>", sent.F8)
    assert.matches("<state>confirmed</state>", sent.F14)
    assert.equal(1, #stage.Alice.calls)
    stage:finish()
  end)

  it("2.18 Click to Dial", function()
    local stage <close> = flow.stage { "PC", "Bob", "Carol" }
    stage:phone "Carol"
    stage.Bob:on("REFER", function(req) return req:follow_refer() end)
    stage:run("PC", function(pc)
      for step in pc:refer(stage.Bob.contact, { to = stage.Carol.contact, subscribe = false }) do
        assert(step.final and step.code == 200)
      end
    end)
    local sent <const> = stage:expect [[
      F1  REFER       PC -> Bob
      F2  200 REFER   Bob -> PC      -- 202 there; RFC 6665 8.3.1
      F3  INVITE      Bob -> Carol
      F4  180 INVITE  Carol -> Bob
      F5  200 INVITE  Carol -> Bob
      F6  ACK         Bob -> Carol
    ]]
    assert.equal("false", flow.header(sent.F1, "Refer-Sub"))
    assert.equal("false", flow.header(sent.F2, "Refer-Sub"))
    stage:finish()
  end)
end)
