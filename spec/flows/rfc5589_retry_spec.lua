-- SPDX-License-Identifier: MIT
--
-- RFC 5589 7.5 and 7.7: a target whose Contact leads to nobody, and one that cannot be replaced.

local flow <const> = require "spec.support.flow"
local transfer <const> = require "spec.support.transfer"

-- The target is behind a proxy, which has its address of record and its Contact, a name, alike.
-- `refuses`: an INVITE with Replaces to the address of record.
local function screened(refuses)
  local function inside(query) -- what the name is behind the proxy
    return query.host == "client.invalid" and { { ip = "10.0.0.3", port = 5060 } } or nil
  end
  local stage <const> = transfer.stage {
    more = { "Screen" }, agents = { Screen = { resolve = inside } },
    target = { ring = false, think = false, headers = { Contact = "<sip:target@client.invalid>" } },
  }
  stage.net:dns("client.invalid", { "10.0.0.4" })
  stage.Screen:on("INVITE", function(req)
    if refuses and req.headers["Replaces"] and req.uri.host ~= "client.invalid" then
      return req:reply(403)
    end
    return req:forward { stage.Target.contact, record_route = true }
  end)
  local call <const> = transfer.begin(stage, true)
  local second <const> = assert(stage.Transferor:call(stage:at("Screen", "Target")))
  stage:advance "1s"
  assert(second:hold())
  stage:advance "1s"
  return stage, call, second
end

-- A target without Replaces.
local OLD <const> = { agents = { Target = { supported = "timer" } } }

describe("RFC 5589", function()
  it("7.5 Attended Transfer When Contact URI Is Not Known to Route to a Unique User Agent",
    function()
    local stage <close>, call <const>, second <const> = screened()
    assert.is_true(call:transfer(stage:at("Screen", "Target"), { replaces = second }))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
             INVITE/200/ACK  Transferee -> Transferor
             INVITE/200/ACK  Transferor -> Transferee
      F1 F2  INVITE/200/ACK  Transferor -> Screen
             INVITE/200/ACK  Screen -> Target
             INVITE/200/ACK  Transferor -> Screen
             INVITE/200/ACK  Screen -> Target
      F3     REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
             NOTIFY/200      Transferee -> Transferor
      F4     INVITE/200/ACK  Transferee -> Screen
             INVITE/200      Screen -> Target
             BYE             Target -> Screen         -- crosses the ACK
             ACK             Screen -> Target
             200 BYE         Screen -> Target
             BYE/200         Screen -> Transferor
      F5     NOTIFY/200      Transferee -> Transferor
             BYE/200         Transferor -> Transferee
             BYE/200         Target -> Screen
             BYE/200         Screen -> Transferee
    ]]
    assert.matches("^<sip:target@10.0.0.4%?Replaces=.*&Require=replaces>$",
      flow.header(sent.F3, "Refer-To"))
    assert.equal("replaces", flow.header(sent.F4, "Require"))
    assert.matches("^" .. flow.header(sent.F1, "Call-ID"):gsub("%p", "%%%0") .. ";to%-tag=",
      flow.header(sent.F4, "Replaces"))
    assert.equal("terminated;reason=noresource", flow.header(sent.F5, "Subscription-State"))
    stage:finish()
  end)

  it("7.5, Figure 10: the address of record does not reach it, and the Contact is tried", function()
    local stage <close>, call <const>, second <const> = screened(true)
    local _, err <const> = call:transfer(stage:at("Screen", "Target"), { replaces = second })
    assert.equal(403, err.code)
    assert.is_true(call:transfer(second))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
             INVITE/200/ACK  Transferee -> Transferor
             INVITE/200/ACK  Transferor -> Transferee
      F1 F2  INVITE/200/ACK  Transferor -> Screen
             INVITE/200/ACK  Screen -> Target
             INVITE/200/ACK  Transferor -> Screen
             INVITE/200/ACK  Screen -> Target
      F3     REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
             NOTIFY/200      Transferee -> Transferor
             INVITE/403/ACK  Transferee -> Screen
      F4     NOTIFY/200      Transferee -> Transferor
      F5     REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
             NOTIFY/200      Transferee -> Transferor
      F6     INVITE/200/ACK  Transferee -> Screen
             INVITE/200      Screen -> Target
             BYE             Target -> Screen         -- crosses the ACK
             ACK             Screen -> Target
             200 BYE         Screen -> Target
             BYE/200         Screen -> Transferor
      F7     NOTIFY/200      Transferee -> Transferor
             BYE/200         Transferor -> Transferee
             BYE/200         Target -> Screen
             BYE/200         Screen -> Transferee
    ]]
    for refer, notify in pairs { F3 = "F4", F5 = "F7" } do
      assert.equal("refer;id=" .. flow.header(sent[refer], "CSeq"):match "%d+",
        flow.header(sent[notify], "Event"))
    end
    assert.matches("\r\n\r\nSIP/2.0 403 Forbidden\r\n$", sent.F4)
    assert.matches("^<sip:target@client.invalid%?Replaces=", flow.header(sent.F5, "Refer-To"))
    assert.matches("^INVITE sip:target@client.invalid ", sent.F6)
    stage:finish()
  end)

  it("7.7 Attended Transfer Fallback to Basic Transfer, by Require: replaces", function()
    local stage <close> = transfer.stage(OLD)
    local theirs <const> = assert(stage.Transferee:call(stage.Transferor))
    stage:advance "1s"
    local call <const> = stage.Transferor.calls[1]
    assert(call:request("OPTIONS"):wait())
    assert(call:hold())
    stage:advance "1s"
    local _, err <const> = stage.Transferor:call(stage.Target,
      { headers = { Require = "replaces" } })
    assert.same({ 420, "replaces" }, { err.code, err.response.headers["Unsupported"] })
    assert.is_true(call:transfer(stage.Target.contact))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
             INVITE/200/ACK  Transferee -> Transferor
      F1 F2  OPTIONS/200     Transferor -> Transferee
             INVITE/200/ACK  Transferor -> Transferee
             INVITE/420/ACK  Transferor -> Target
             REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
             NOTIFY/200      Transferee -> Transferor
             INVITE/200/ACK  Transferee -> Target
             NOTIFY/200      Transferee -> Transferor
             BYE/200         Transferor -> Transferee
             BYE/200         Target -> Transferee
    ]]
    assert.matches("%f[%w]replaces", flow.header(sent.F2, "Supported"))
    assert.equal("ended", theirs.state)
    stage:finish()
  end)

  it("7.7, Figure 15: by OPTIONS", function()
    local stage <close> = transfer.stage(OLD)
    stage.Target:off "REFER"
    local call <const> = transfer.begin(stage)
    assert(call:request("OPTIONS"):wait())
    local second <const> = assert(stage.Transferor:call(stage.Target))
    stage:advance "1s"
    local res <const> = assert(second:request("OPTIONS"):wait())
    assert.same({ false, false }, { res:has_token("Supported", "replaces"),
                                    res:has_token("Allow", "REFER") })
    second:hangup()
    stage:advance "1s"
    assert.is_true(call:transfer(stage.Target.contact))
    transfer.talk(stage)
    stage:expect [[
      INVITE/200/ACK  Transferee -> Transferor
      INVITE/200/ACK  Transferor -> Transferee   -- behind the OPTIONS there
      OPTIONS/200     Transferor -> Transferee
      INVITE/200/ACK  Transferor -> Target
      OPTIONS/200     Transferor -> Target
      BYE/200         Transferor -> Target
      REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
      NOTIFY/200      Transferee -> Transferor
      INVITE/200/ACK  Transferee -> Target
      NOTIFY/200      Transferee -> Transferor
      BYE/200         Transferor -> Transferee
      BYE/200         Target -> Transferee
    ]]
    stage:finish()
  end)
end)
