-- SPDX-License-Identifier: MIT
--
-- RFC 5589 8 to 10: who asked for the transfer, a transfer as an ad hoc conference, and one with
-- four parties.

local flow <const> = require "spec.support.flow"
local transfer <const> = require "spec.support.transfer"

describe("RFC 5589", function()
  -- Without a token: that one goes along as it came is shown in spec/call/parts_spec.lua.
  it("8 Transfer with Referred-By", function()
    local stage <close> = transfer.stage()
    local call <const> = transfer.begin(stage)
    local second <const> = transfer.consult(stage)
    assert.is_true(call:transfer(second, { referred_by = "sip:transferor@atlanta.example.com" }))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
          INVITE/200/ACK  Transferee -> Transferor
          INVITE/200/ACK  Transferor -> Transferee
          INVITE/200/ACK  Transferor -> Target
          INVITE/200/ACK  Transferor -> Target
      F5  REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
          NOTIFY/200      Transferee -> Transferor
      F6  INVITE/200/ACK  Transferee -> Target
          BYE/200         Target -> Transferor
          NOTIFY/200      Transferee -> Transferor
          BYE/200         Transferor -> Transferee
          BYE/200         Target -> Transferee
    ]]
    for _, label in ipairs { "F5", "F6" } do
      assert.equal("<sip:transferor@atlanta.example.com>", flow.header(sent[label], "Referred-By"))
    end
    assert.matches("tdialog", flow.header(sent.F5, "Require"))
    stage:finish()
  end)

  it("9 Transfer as an Ad Hoc Conference", function()
    local stage <close> = flow.stage { "Alice", "Bob", "Carol" }
    stage:phone "Bob"
    stage:phone "Carol"
    stage.Alice:on("REFER", function(req) return req:follow_refer() end)
    local conf <const> = "sip:conf-id@10.0.0.2:5060"
    local focus <const> = { Contact = ("<%s>;isfocus"):format(conf) }
    local users = {}
    local notifier <const> = stage.Bob:event("conference",
      { state = function() return { users = users } end, interval = 0 })
    local seen <const> = { Alice = {}, Carol = {} }
    local function learn(name)
      stage[name]:watch(conf, "conference", {}, function(info)
        local doc <const>, text <const> = info:parse(), {}
        for at, user in ipairs(doc and doc.users or {}) do text[at] = user.status end
        table.insert(seen[name], ("%s: %s"):format(info.state, table.concat(text, ", ")))
      end)
      stage:advance "1s"
    end
    local function change(alice, carol)
      users = { alice and { entity = stage.Alice.aor, status = alice },
                carol and { entity = stage.Carol.aor, status = carol } or nil }
    end

    assert(stage.Alice:call(stage.Bob))
    stage:advance "1s"
    local first <const> = stage.Bob.calls[1]
    assert(first:hold { headers = focus }) -- and begins acting like a focus
    change "on-hold"
    stage:advance "1s"
    learn "Alice"
    local second <const> = assert(stage.Bob:call(stage.Carol,
      { headers = { Contact = focus.Contact, Require = "replaces" } }))
    change("on-hold", "connected")
    stage:advance "1s"
    learn "Carol"
    assert(second:hold())
    change("on-hold", "on-hold")
    notifier:notify()
    stage:advance "1s"
    stage:run("Bob", function()
      for step in first:refer { to = second } do
        if step.final then break end
      end
      first:hangup()
      stage.net:sleep "1s"
      users = {}
      for _, sub in ipairs(notifier:subscriptions()) do
        sub:terminate { body = "", reason = "noresource" }
      end
    end)
    local sent <const> = stage:expect [[
          INVITE/180/200/ACK  Alice -> Bob
      F1  INVITE/200/ACK      Bob -> Alice
      F2  SUBSCRIBE/200       Alice -> Bob
          NOTIFY/200          Bob -> Alice
      F3  INVITE/180/200/ACK  Bob -> Carol
          SUBSCRIBE/200       Carol -> Bob
          NOTIFY/200          Bob -> Carol
          NOTIFY/200          Bob -> Alice
          INVITE/200/ACK      Bob -> Carol
          NOTIFY/200          Bob -> Carol      -- not there: of each change, RFC 6665 3.2
          NOTIFY/200          Bob -> Alice
          REFER/200           Bob -> Alice      -- 202 there; RFC 6665 8.3.1
          NOTIFY/200          Alice -> Bob
      F4  INVITE/200/ACK      Alice -> Carol
          BYE/200             Carol -> Bob
          NOTIFY/200          Alice -> Bob
          BYE/200             Bob -> Alice
          NOTIFY/200          Bob -> Carol
          NOTIFY/200          Bob -> Alice
    ]]
    assert.same({ "active: on-hold", "active: on-hold, connected", "active: on-hold, on-hold",
                  "terminated: " }, seen.Alice)
    assert.same({ "active: on-hold, connected", "active: on-hold, on-hold", "terminated: " },
      seen.Carol)
    assert.matches(";isfocus$", flow.header(sent.F1, "Contact"))
    assert.matches("^SUBSCRIBE " .. conf:gsub("%p", "%%%0"), sent.F2)
    assert.equal("replaces", flow.header(sent.F3, "Require"))
    assert.matches("^" .. flow.header(sent.F3, "Call-ID"):gsub("%p", "%%%0") .. ";",
      flow.header(sent.F4, "Replaces"))
    stage:finish()
  end)

  it("10 Transfer with Multiple Parties", function()
    local stage <close> = flow.stage { "Originator", "Facilitator", "Screener", "Recipient" }
    for _, name in ipairs { "Facilitator", "Screener", "Recipient" } do
      stage:phone(name, { ring = false })
    end
    for _, name in ipairs { "Originator", "Facilitator" } do
      stage[name]:on("REFER", function(req) return req:follow_refer() end)
    end
    local function wait() stage:advance "1s" end
    local dialog1 <const> = assert(stage.Originator:call(stage.Facilitator)) -- "Get Fred for me!"
    wait()
    local of_originator <const> = stage.Facilitator.calls[1]
    assert(of_originator:hold()) -- "Right away!"
    wait()
    local dialog2 <const> = assert(stage.Facilitator:call(stage.Screener))
    wait()
    local of_facilitator <const> = stage.Screener.calls[1]
    assert(of_facilitator:hold()) -- "Hold please"
    wait()
    local dialog3 <const> = assert(stage.Screener:call(stage.Recipient)) -- "Put her through"
    wait()
    assert(dialog3:hold())
    wait()
    assert.is_true(of_facilitator:transfer(stage.Recipient.contact))
    wait()
    assert.equal("ended", dialog2.state)
    dialog3:hangup()
    wait()
    local dialog5 <const> = stage.Facilitator.calls[2] -- "This is Fred"
    assert(dialog5:hold()) -- "Please hold for Mary"
    wait()
    assert.is_true(of_originator:transfer(stage.Recipient.contact)) -- "Hey Fred"
    wait()
    assert.equal("ended", dialog1.state)
    dialog5:hangup()
    wait()
    stage.Recipient.calls[1]:hangup() -- "See you later"
    stage:expect [[
      INVITE/200/ACK  Originator -> Facilitator
      INVITE/200/ACK  Facilitator -> Originator
      INVITE/200/ACK  Facilitator -> Screener
      INVITE/200/ACK  Screener -> Facilitator
      INVITE/200/ACK  Screener -> Recipient
      INVITE/200/ACK  Screener -> Recipient
      REFER/200       Screener -> Facilitator      -- 202 there; RFC 6665 8.3.1
      NOTIFY/200      Facilitator -> Screener
      INVITE/200/ACK  Facilitator -> Recipient
      NOTIFY/200      Facilitator -> Screener
      BYE/200         Screener -> Facilitator
      BYE/200         Screener -> Recipient
      INVITE/200/ACK  Facilitator -> Recipient
      REFER/200       Facilitator -> Originator    -- 202 there; RFC 6665 8.3.1
      NOTIFY/200      Originator -> Facilitator
      INVITE/200/ACK  Originator -> Recipient
      NOTIFY/200      Originator -> Facilitator
      BYE/200         Facilitator -> Originator
      BYE/200         Facilitator -> Recipient
      BYE/200         Recipient -> Originator
    ]]
    stage:finish()
  end)
end)
