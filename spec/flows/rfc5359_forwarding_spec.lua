-- SPDX-License-Identifier: MIT
--
-- RFC 5359 2.7 to 2.9 and 2.12: what a proxy does when a call is for somebody who is elsewhere,
-- busy, or does not answer.

local flow <const> = require "spec.support.flow"

-- Says 181. A proxy cannot, but a user agent that shares its element can (RFC 3261 16.7 item 6).
local function is_forwarded(req) assert(req:reply(181)) end

describe("RFC 5359", function()
  it("2.7 Call Forwarding Unconditional", function()
    local stage <close> = flow.stage { "Alice", "Proxy", "Gateway" }
    stage:phone "Gateway"
    stage.Proxy:on("INVITE", function(req)
      req:reply(100)
      assert(req:forward { stage.Gateway.contact, record_route = true })
      is_forwarded(req)
    end)
    local call <const> = assert(stage.Alice:call(stage:at("Proxy", "Bob")))
    stage:advance "1s"
    call:hangup()
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Proxy
      F2   100 INVITE  Proxy -> Alice
      F3   181 INVITE  Proxy -> Alice
      F4   INVITE      Proxy -> Gateway
      F5   180 INVITE  Gateway -> Proxy
      F6   180 INVITE  Proxy -> Alice
      F7   200 INVITE  Gateway -> Proxy
      F8   200 INVITE  Proxy -> Alice
      F9   ACK         Alice -> Proxy
      F10  ACK         Proxy -> Gateway
      F11  BYE         Alice -> Proxy
      F12  BYE         Proxy -> Gateway
      F13  200 BYE     Gateway -> Proxy
      F14  200 BYE     Proxy -> Alice
    ]]
    assert.matches("^INVITE sip:gateway@", sent.F4) -- the proxy rewrites the Request-URI
    assert.not_equal(flow.header(sent.F3, "To"), flow.header(sent.F6, "To"))
    assert.truthy(flow.header(sent.F3, "Contact"))
    stage:finish()
  end)

  -- Alice calls, is answered by B2 after B1 said so, and hangs up.
  local function goes_on_to_b2(first, timeout)
    local stage <const> = flow.stage { "Alice", "Proxy", "B1", "B2" }
    stage:phone("B1", first)
    stage:phone "B2"
    stage.Proxy:on("INVITE", function(req)
      local _, err <const> = req:proxy { stage.B1.contact, record_route = true, timeout = timeout }
      assert(err.code == (first.status or 408))
      is_forwarded(req)
      return req:proxy { stage.B2.contact, record_route = true }
    end)
    local call <const> = assert(stage.Alice:call(stage:at("Proxy", "B1")))
    stage:advance "1s"
    call:hangup()
    return stage
  end

  it("2.8 Call Forwarding - Busy", function()
    local stage <close> = goes_on_to_b2 { status = 486 }
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Proxy
      F2   INVITE      Proxy -> B1
      F3   100 INVITE  Proxy -> Alice
      F4   486 INVITE  B1 -> Proxy
      F5   ACK         Proxy -> B1
      F6   181 INVITE  Proxy -> Alice
      F7   INVITE      Proxy -> B2
      F8   180 INVITE  B2 -> Proxy
      F9   180 INVITE  Proxy -> Alice
      F10  200 INVITE  B2 -> Proxy
      F11  200 INVITE  Proxy -> Alice
      F12  ACK         Alice -> Proxy
      F13  ACK         Proxy -> B2
      F14  BYE         Alice -> Proxy
      F15  BYE         Proxy -> B2
      F16  200 BYE     B2 -> Proxy
      F17  200 BYE     Proxy -> Alice
    ]]
    assert.matches("^ACK sip:b1@", sent.F5)
    stage:finish()
  end)

  it("2.9 Call Forwarding - No Answer", function()
    local stage <close> = goes_on_to_b2({ ring = "60s" }, "5s")
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Proxy
      F2   INVITE      Proxy -> B1
      F3   100 INVITE  Proxy -> Alice
      F4   180 INVITE  B1 -> Proxy
      F5   180 INVITE  Proxy -> Alice
      F6   CANCEL      Proxy -> B1
      F7   200 CANCEL  B1 -> Proxy
      F8   487 INVITE  B1 -> Proxy
      F9   ACK         Proxy -> B1
      F10  181 INVITE  Proxy -> Alice
      F11  INVITE      Proxy -> B2
      F12  180 INVITE  B2 -> Proxy
      F13  180 INVITE  Proxy -> Alice
      F14  200 INVITE  B2 -> Proxy
      F15  200 INVITE  Proxy -> Alice
      F16  ACK         Alice -> Proxy
      F17  ACK         Proxy -> B2
      F18  BYE         Alice -> Proxy
      F19  BYE         Proxy -> B2
      F20  200 BYE     B2 -> Proxy
      F21  200 BYE     Proxy -> Alice
    ]]
    assert.equal(flow.header(sent.F2, "Via"), flow.header(sent.F6, "Via")) -- RFC 3261 9.1
    stage:finish()
  end)

  it("2.12 Find-Me", function()
    local stage <close> = flow.stage { "Alice", "Proxy", "B1", "B2", "B3", "B4" }
    stage:phone("B1", { ring = "60s" })
    stage:phone("B2", { status = 480 })
    stage:phone("B3", { status = 486 })
    stage:phone "B4"
    stage.Proxy:on("INVITE", function(req)
      return req:forward { stage.B1.contact, stage.B2.contact, stage.B3.contact,
        stage.B4.contact, mode = "serial", timeout = "5s", record_route = true }
    end)
    local call <const> = assert(stage.Alice:call(stage:at("Proxy", "Bob")))
    stage:advance "1s"
    stage.B4.calls[1]:hangup()
    stage:expect [[
      F1   INVITE      Alice -> Proxy
      F2   INVITE      Proxy -> B1
      F3   100 INVITE  Proxy -> Alice
      F4   180 INVITE  B1 -> Proxy
      F5   180 INVITE  Proxy -> Alice
      F6   CANCEL      Proxy -> B1
      F7   200 CANCEL  B1 -> Proxy
      F8   487 INVITE  B1 -> Proxy
      F9   ACK         Proxy -> B1
      F10  INVITE      Proxy -> B2
      F11  480 INVITE  B2 -> Proxy
      F12  ACK         Proxy -> B2
      F13  INVITE      Proxy -> B3
      F14  486 INVITE  B3 -> Proxy
      F15  ACK         Proxy -> B3
      F16  INVITE      Proxy -> B4
      F17  180 INVITE  B4 -> Proxy
      F18  180 INVITE  Proxy -> Alice
      F19  200 INVITE  B4 -> Proxy
      F20  200 INVITE  Proxy -> Alice
      F21  ACK         Alice -> Proxy
      F22  ACK         Proxy -> B4
      F23  BYE         B4 -> Proxy
      F24  BYE         Proxy -> Alice
      F25  200 BYE     Alice -> Proxy
      F26  200 BYE     Proxy -> B4
    ]]
    assert.equal("ended", call.state)
    stage:finish()
  end)
end)
