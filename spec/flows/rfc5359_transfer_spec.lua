-- SPDX-License-Identifier: MIT
--
-- RFC 5359 2.4 to 2.6: transfers without and with a consultation, and by an instant message.

local core <const> = require "moonsip.core"
local flow <const> = require "spec.support.flow"

describe("RFC 5359", function()
  it("2.4 Transfer - Unattended", function()
    local stage <close> = flow.stage { "Alice", "Bob", "Carol" }
    stage:phone "Alice"
    stage:phone "Carol"
    stage.Bob:on("REFER", function(req) return req:follow_refer { provisional = false } end)
    assert(stage.Bob:call(stage.Alice))
    stage:advance "1s"
    local alices <const>, told <const> = stage.Alice.calls[1], {}
    stage:run("Alice", function()
      for step in alices:refer { to = stage.Carol.contact } do
        told[#told + 1] = step.code
        if #told == 1 then alices:hangup() end
      end
    end)
    local sent <const> = stage:expect [[
      F1   INVITE      Bob -> Alice
      F2   180 INVITE  Alice -> Bob
      F3   200 INVITE  Alice -> Bob
      F4   ACK         Bob -> Alice
      F5   REFER       Alice -> Bob
      F6   200 REFER   Bob -> Alice      -- 202 there; RFC 6665 8.3.1
      F7   NOTIFY      Bob -> Alice
      F8   200 NOTIFY  Alice -> Bob
      F9   BYE         Alice -> Bob
      F10  200 BYE     Bob -> Alice
      F11  INVITE      Bob -> Carol
      F12  180 INVITE  Carol -> Bob
      F13  200 INVITE  Carol -> Bob
      F14  ACK         Bob -> Carol
      F15  NOTIFY      Bob -> Alice
      F16  200 NOTIFY  Alice -> Bob
    ]]
    assert.same({ 100, 200 }, told)
    assert.matches("^<sip:alice@.*>$", flow.header(sent.F11, "Referred-By"))
    -- Despite the BYE the dialog lives until the subscription is over.
    assert.equal("terminated;reason=noresource", flow.header(sent.F15, "Subscription-State"))
    assert.equal(flow.header(sent.F5, "Call-ID"), flow.header(sent.F15, "Call-ID"))
    stage:finish()
  end)

  it("2.5 Transfer - Attended", function()
    local stage <close> = flow.stage { "Alice", "Bob", "Carol" }
    stage:phone "Bob"
    stage:phone "Carol"
    stage.Alice:on("REFER", function(req) return req:follow_refer() end)
    assert(stage.Alice:call(stage.Bob))
    stage:advance "1s"
    local bobs <const> = stage.Bob.calls[1]
    assert(bobs:hold())
    local second <const> = assert(stage.Bob:call(stage.Carol))
    stage:advance "1s"
    assert(second:hold())
    assert.is_true(bobs:transfer(second))
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Bob
      F2   180 INVITE  Bob -> Alice
      F3   200 INVITE  Bob -> Alice
      F4   ACK         Alice -> Bob
      F5   INVITE      Bob -> Alice
      F6   200 INVITE  Alice -> Bob
      F7   ACK         Bob -> Alice
      F8   INVITE      Bob -> Carol
      F9   180 INVITE  Carol -> Bob
      F10  200 INVITE  Carol -> Bob
      F11  ACK         Bob -> Carol
      F12  INVITE      Bob -> Carol
      F13  200 INVITE  Carol -> Bob
      F14  ACK         Bob -> Carol
      F15  REFER       Bob -> Alice
      F16  200 REFER   Alice -> Bob      -- 202 there; RFC 6665 8.3.1
      F17  NOTIFY      Alice -> Bob
      F18  200 NOTIFY  Bob -> Alice
      F19  INVITE      Alice -> Carol
      F20  200 INVITE  Carol -> Alice
      F21  ACK         Alice -> Carol
      F22  BYE         Carol -> Bob
      F23  200 BYE     Bob -> Carol
      F24  NOTIFY      Alice -> Bob
      F25  200 NOTIFY  Bob -> Alice
      F26  BYE         Bob -> Alice
      F27  200 BYE     Alice -> Bob
    ]]
    -- The Refer-To URI is Carol's Contact, with the dialog that Bob has with her.
    local contact <const> = flow.header(sent.F10, "Contact"):match "<(.-)>"
    local refer_to <const> = core.uri(flow.header(sent.F15, "Refer-To"):match "<(.-)>")
    assert.equal(contact, tostring(refer_to):match "^[^?]*")
    assert.equal(refer_to.headers["Replaces"], flow.header(sent.F19, "Replaces"))
    assert.matches("^" .. flow.header(sent.F8, "Call-ID"):gsub("%p", "%%%0") .. ";to%-tag=",
      flow.header(sent.F19, "Replaces"))
    assert.same({ "sendonly", "sendonly", "sendrecv" }, { flow.direction(sent.F5),
      flow.direction(sent.F12), flow.direction(sent.F20) })
    stage:finish()
  end)

  it("2.6 Transfer - Instant Messaging", function()
    local stage <close> = flow.stage { "Alice", "Bob", "Carol" }
    stage:phone "Bob"
    stage:phone "Alice"
    stage.Carol:on("MESSAGE", function(req) -- Carol clicks on the URI
      req:reply(200)
      local uri <const> = core.uri(req.body:match "<(.-)>")
      local replaces <const> = uri.headers["Replaces"]
      assert(stage.Carol:call(tostring(uri):match "^[^?]*",
        { headers = { Replaces = replaces, Require = "replaces" } }))
    end)
    local call <const> = assert(stage.Alice:call(stage.Bob))
    stage:advance "1s"
    local bobs <const> = stage.Bob.calls[1]
    local uri <const> = core.uri(bobs.target)
    uri.headers["Replaces"] = flow.dialog(bobs)
    assert(stage.Bob:request("MESSAGE", stage.Carol, { body = ("<%s>"):format(uri) }):wait())
    local sent <const> = stage:expect [[
      F1   INVITE       Alice -> Bob
      F2   180 INVITE   Bob -> Alice
      F3   200 INVITE   Bob -> Alice
      F4   ACK          Alice -> Bob
      F5   MESSAGE      Bob -> Carol
      F6   200 MESSAGE  Carol -> Bob
      F7   INVITE       Carol -> Alice
      F8   200 INVITE   Alice -> Carol
      F9   ACK          Carol -> Alice
      F10  BYE          Alice -> Bob
      F11  200 BYE      Bob -> Alice
    ]]
    assert.same({ "ended", 1, 1 }, { call.state, #stage.Alice.calls, #stage.Carol.calls })
    assert.matches("^" .. flow.header(sent.F1, "Call-ID"):gsub("%p", "%%%0") .. ";to%-tag=",
      flow.header(sent.F7, "Replaces"))
    stage:finish()
  end)
end)
