-- SPDX-License-Identifier: MIT
--
-- RFC 5359 2.1 to 2.3: hold, consultation hold, music on hold.

local flow <const> = require "spec.support.flow"

-- Alice calls Bob through the proxy: his end of it.
local function call_bob(stage)
  stage:proxy "Proxy"
  stage:phone "Bob"
  local call <const> = assert(stage.Alice:call(stage:at("Proxy", "Bob")))
  stage:advance "1s"
  return stage.Bob.calls[1], call
end

-- Says that nobody hears what comes (RFC 4235 5.2).
local function not_rendering(stage, name)
  return { headers = { Contact = ('<%s>;+sip.rendering="no"'):format(stage[name].contact) } }
end

describe("RFC 5359", function()
  it("2.1 Call Hold", function()
    local stage <close> = flow.stage { "Alice", "Proxy", "Bob" }
    local bobs <const>, call <const> = call_bob(stage)
    assert(bobs:hold(not_rendering(stage, "Bob")))
    assert.is_true(call.held)
    stage:advance "1s"
    assert(bobs:resume())
    stage:advance "1s"
    call:hangup()
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Proxy
      F2   INVITE      Proxy -> Bob
      F3   100 INVITE  Proxy -> Alice
      F4   180 INVITE  Bob -> Proxy
      F5   180 INVITE  Proxy -> Alice
      F6   200 INVITE  Bob -> Proxy
      F7   200 INVITE  Proxy -> Alice
      F8   ACK         Alice -> Proxy
      F9   ACK         Proxy -> Bob
      F10  INVITE      Bob -> Proxy
      F11  INVITE      Proxy -> Alice
      F12  200 INVITE  Alice -> Proxy
      F13  200 INVITE  Proxy -> Bob
      F14  ACK         Bob -> Proxy
      F15  ACK         Proxy -> Alice
      F16  INVITE      Bob -> Proxy
      F17  INVITE      Proxy -> Alice
      F18  200 INVITE  Alice -> Proxy
      F19  200 INVITE  Proxy -> Bob
      F20  ACK         Bob -> Proxy
      F21  ACK         Proxy -> Alice
      F22  BYE         Alice -> Proxy
      F23  BYE         Proxy -> Bob
      F24  200 BYE     Bob -> Proxy
      F25  200 BYE     Proxy -> Alice
    ]]
    assert.same({ "sendonly", "recvonly", "sendrecv", "sendrecv" }, {
      flow.direction(sent.F11), flow.direction(sent.F13), flow.direction(sent.F17),
      flow.direction(sent.F19) })
    assert.matches('+sip%.rendering="no"', flow.header(sent.F11, "Contact"))
    stage:finish()
  end)

  it("2.2 Consultation Hold", function()
    local stage <close> = flow.stage { "Alice", "Proxy", "Bob", "Carol" }
    stage:phone "Carol"
    local bobs <const>, call <const> = call_bob(stage)
    assert(bobs:hold(not_rendering(stage, "Bob")))
    local second <const> = assert(stage.Bob:call(stage:at("Proxy", "Carol")))
    stage:advance "1s"
    second:hangup()
    stage:advance "1s"
    assert(bobs:resume())
    stage:advance "1s"
    call:hangup()
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Proxy
      F2   INVITE      Proxy -> Bob
      F3   100 INVITE  Proxy -> Alice
      F4   180 INVITE  Bob -> Proxy
      F5   180 INVITE  Proxy -> Alice
      F6   200 INVITE  Bob -> Proxy
      F7   200 INVITE  Proxy -> Alice
      F8   ACK         Alice -> Proxy
      F9   ACK         Proxy -> Bob
      F10  INVITE      Bob -> Proxy
      F11  INVITE      Proxy -> Alice
      F12  200 INVITE  Alice -> Proxy
      F13  200 INVITE  Proxy -> Bob
      F14  ACK         Bob -> Proxy
      F15  ACK         Proxy -> Alice
      F16  INVITE      Bob -> Proxy
      F17  INVITE      Proxy -> Carol
      F18  100 INVITE  Proxy -> Bob
      F19  180 INVITE  Carol -> Proxy
      F20  180 INVITE  Proxy -> Bob
      F21  200 INVITE  Carol -> Proxy
      F22  200 INVITE  Proxy -> Bob
      F23  ACK         Bob -> Proxy
      F24  ACK         Proxy -> Carol
      F25  BYE         Bob -> Proxy
      F26  BYE         Proxy -> Carol
      F27  200 BYE     Carol -> Proxy
      F28  200 BYE     Proxy -> Bob
      F29  INVITE      Bob -> Proxy
      F30  INVITE      Proxy -> Alice
      F31  200 INVITE  Alice -> Proxy
      F32  200 INVITE  Proxy -> Bob
      F33  ACK         Bob -> Proxy
      F34  ACK         Proxy -> Alice
      F35  BYE         Alice -> Proxy
      F36  BYE         Proxy -> Bob
      F37  200 BYE     Bob -> Proxy
      F38  200 BYE     Proxy -> Alice
    ]]
    assert.same({ "sendonly", "recvonly", "sendrecv" }, { flow.direction(sent.F11),
      flow.direction(sent.F13), flow.direction(sent.F30) })
    assert.matches('+sip%.rendering="no"', flow.header(sent.F11, "Contact"))
    stage:finish()
  end)

  it("2.3 Music on Hold", function()
    local stage <close> = flow.stage { "Alice", "Bob", "Music" }
    stage:phone "Alice"
    stage:phone "Bob"
    stage.Music:on("REFER", function(req)
      local contact <const> = ('<%s>;automaton;+sip.byeless;+sip.rendering="no"')
        :format(stage.Music.contact)
      return req:follow_refer { tell_dialog = true, headers = { Contact = contact } }
    end)
    local call <const> = assert(stage.Alice:call(stage.Bob))
    stage:advance "1s"
    local bobs <const> = stage.Bob.calls[1]
    assert(bobs:hold(not_rendering(stage, "Bob")))
    local dialog
    stage:run("Bob", function(bob)
      for step in bob:refer(stage.Music.contact,
        { to = bobs, referred_by = bob.aor }) do dialog = step.replaces end
    end)
    stage:advance "2s"
    assert.same({ "ended", 1 }, { call.state, #stage.Music.calls })
    assert(stage.Bob:call(stage.Alice, { headers = { Replaces = dialog } }))
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Bob
      F2   180 INVITE  Bob -> Alice
      F3   200 INVITE  Bob -> Alice
      F4   ACK         Alice -> Bob
      F5   INVITE      Bob -> Alice
      F6   200 INVITE  Alice -> Bob
      F7   ACK         Bob -> Alice
      F8   REFER       Bob -> Music
      F9   200 REFER   Music -> Bob      -- 202 there; RFC 6665 8.3.1
      F10  NOTIFY      Music -> Bob
      F11  200 NOTIFY  Bob -> Music
      F12  INVITE      Music -> Alice
      F13  200 INVITE  Alice -> Music
      F14  ACK         Music -> Alice
      F15  BYE         Alice -> Bob
      F16  200 BYE     Bob -> Alice
      F17  NOTIFY      Music -> Bob
      F18  200 NOTIFY  Bob -> Music
      F19  INVITE      Bob -> Alice
      F20  200 INVITE  Alice -> Bob
      F21  ACK         Bob -> Alice
      F22  BYE         Alice -> Music
      F23  200 BYE     Music -> Alice
    ]]
    local call_id <const> = flow.header(sent.F1, "Call-ID")
    assert.matches("%?Replaces=" .. call_id:gsub("%p", "%%%0") .. "%%3B.*Require=replaces",
      flow.header(sent.F8, "Refer-To"))
    assert.matches("^" .. call_id:gsub("%p", "%%%0") .. ";", flow.header(sent.F12, "Replaces"))
    assert.equal("replaces", flow.header(sent.F12, "Require"))
    assert.equal("<sip:bob@example.com>", flow.header(sent.F12, "Referred-By"))
    assert.matches(";automaton;%+sip.byeless", flow.header(sent.F12, "Contact"))
    assert.matches("active", flow.header(sent.F10, "Subscription-State"))
    assert.matches("\r\n\r\nSIP/2.0 100 Trying\r\n$", sent.F10)
    assert.equal("terminated;reason=noresource", flow.header(sent.F17, "Subscription-State"))
    assert.matches("\r\n\r\nSIP/2.0 200 OK\r\nFrom: [^\r]*;tag=.*\r\nCall%-ID: ", sent.F17)
    assert.equal(dialog, flow.header(sent.F19, "Replaces"))
    stage:finish()
  end)
end)
