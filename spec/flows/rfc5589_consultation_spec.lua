-- SPDX-License-Identifier: MIT
--
-- RFC 5589 7.1 to 7.4: transfers after the transferor has talked to the target.

local core <const> = require "moonsip.core"
local flow <const> = require "spec.support.flow"
local transfer <const> = require "spec.support.transfer"

-- The dialog that a Refer-To has in it.
local function replaced_by(refer)
  return core.uri(flow.header(refer, "Refer-To"):match "<(.-)>").headers["Replaces"]
end

-- The dialog that an INVITE made, as Replaces names it to its callee ("to") or caller.
local function dialog_of(invite, answer, at_callee)
  local from <const> = flow.header(invite, "From"):match ";tag=(.*)$"
  local to <const> = flow.header(answer, "To"):match ";tag=(.*)$"
  return ("%s;to-tag=%s;from-tag=%s"):format(flow.header(invite, "Call-ID"),
    at_callee and to or from, at_callee and from or to)
end

describe("RFC 5589", function()
  it("7.1 Exposing Transfer Target", function()
    local stage <close> = transfer.stage()
    local call <const> = transfer.begin(stage)
    local second <const> = assert(stage.Transferor:call(stage.Target))
    stage:advance "1s"
    second:hangup()
    stage:advance "1s"
    assert.is_true(call:transfer(stage.Target.contact))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
          INVITE/200/ACK  Transferee -> Transferor
          INVITE/200/ACK  Transferor -> Transferee
          INVITE/200/ACK  Transferor -> Target
          BYE/200         Transferor -> Target
          REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
          NOTIFY/200      Transferee -> Transferor
      F1  INVITE/200/ACK  Transferee -> Target
          NOTIFY/200      Transferee -> Transferor
          BYE/200         Transferor -> Transferee
          BYE/200         Target -> Transferee
    ]]
    assert.is_nil(flow.header(sent.F1, "Replaces"))
    stage:finish()
  end)

  it("7.2 Protecting Transfer Target", function()
    local stage <close> = transfer.stage()
    local call <const>, theirs <const> = transfer.begin(stage)
    local second <const> = transfer.consult(stage, { contact = stage.Transferor.contact })
    assert.is_true(second:transfer(call)) -- the roles are reversed
    stage:advance "1s"
    assert.equal("ended", theirs.state)
    stage.Transferee.calls[1]:hangup() -- transferee and target have conversed
    local sent <const> = stage:expect [[
      F1 F2  INVITE/200/ACK  Transferee -> Transferor
             INVITE/200/ACK  Transferor -> Transferee
      F3 F4  INVITE/200/ACK  Transferor -> Target
             INVITE/200/ACK  Transferor -> Target
      F5     REFER/200       Transferor -> Target        -- 202 there; RFC 6665 8.3.1
             NOTIFY/200      Target -> Transferor
      F6     INVITE/200/ACK  Target -> Transferee
      F7     BYE/200         Transferee -> Transferor
             NOTIFY/200      Target -> Transferor
             BYE/200         Transferor -> Target
             BYE/200         Transferee -> Target
    ]]
    local first <const> = dialog_of(sent.F1, sent.F2)
    assert.equal(first, replaced_by(sent.F5))
    assert.equal(first, flow.header(sent.F6, "Replaces"))
    assert.matches("^INVITE sip:transferee@10.0.0.2:5060;gr=3413kj2ha ", sent.F6)
    assert.equal(flow.header(sent.F1, "Call-ID"), flow.header(sent.F7, "Call-ID"))
    stage:finish()
  end)

  it("7.3 Attended Transfer", function()
    local stage <close> = transfer.stage()
    local call <const> = transfer.begin(stage)
    local second <const> = transfer.consult(stage, { headers = { Require = "replaces" } })
    assert.is_true(call:transfer(second))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
      F1 F2  INVITE/200/ACK  Transferee -> Transferor
             INVITE/200/ACK  Transferor -> Transferee
      F3 F4  INVITE/200/ACK  Transferor -> Target
             INVITE/200/ACK  Transferor -> Target
      F5     REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
             NOTIFY/200      Transferee -> Transferor
      F6     INVITE/200/ACK  Transferee -> Target
      F7     BYE/200         Target -> Transferor
             NOTIFY/200      Transferee -> Transferor
             BYE/200         Transferor -> Transferee
             BYE/200         Target -> Transferee
    ]]
    local second_dialog <const> = dialog_of(sent.F3, sent.F4, true)
    assert.equal(second_dialog, replaced_by(sent.F5))
    assert.equal(second_dialog, flow.header(sent.F6, "Replaces"))
    assert.equal("replaces", flow.header(sent.F6, "Require"))
    -- The REFER is in a dialog of its own, which names the first.
    assert.not_equal(flow.header(sent.F1, "Call-ID"), flow.header(sent.F5, "Call-ID"))
    assert.matches("^" .. flow.header(sent.F1, "Call-ID"):gsub("%p", "%%%0") .. ";",
      flow.header(sent.F5, "Target-Dialog"))
    assert.equal(flow.header(sent.F3, "Call-ID"), flow.header(sent.F7, "Call-ID"))
    stage:finish()
  end)

  it("7.4 Recovery When One Party Does Not Support REFER", function()
    local stage <close> = transfer.stage()
    stage.Transferee:off "REFER"
    stage.Transferee:on("REFER", function(req) return req:reply(501) end)
    local call <const> = transfer.begin(stage)
    local second <const> = transfer.consult(stage)
    local _, err <const> = call:transfer(second, { fallback = false })
    assert.equal(501, err.code)
    assert.is_true(second:transfer(call))
    stage:advance "1s"
    stage.Transferee.calls[1]:hangup()
    local sent <const> = stage:expect [[
      F1 F2  INVITE/200/ACK  Transferee -> Transferor
             INVITE/200/ACK  Transferor -> Transferee
             INVITE/200/ACK  Transferor -> Target
             INVITE/200/ACK  Transferor -> Target
             REFER/501       Transferor -> Transferee
             REFER/200       Transferor -> Target        -- 202 there; RFC 6665 8.3.1
             NOTIFY/200      Target -> Transferor
      F3     INVITE/200/ACK  Target -> Transferee
             BYE/200         Transferee -> Transferor
             NOTIFY/200      Target -> Transferor
             BYE/200         Transferor -> Target
             BYE/200         Transferee -> Target
    ]]
    assert.equal(dialog_of(sent.F1, sent.F2), flow.header(sent.F3, "Replaces"))
    stage:finish()
  end)
end)
