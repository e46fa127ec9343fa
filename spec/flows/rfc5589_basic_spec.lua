-- SPDX-License-Identifier: MIT
--
-- RFC 5589 6: basic transfer. The transactions are written as its section 7 does.

local flow <const> = require "spec.support.flow"
local transfer <const> = require "spec.support.transfer"

describe("RFC 5589", function()
  it("6.1 Successful Transfer", function()
    local stage <close> = transfer.stage()
    local call <const> = transfer.begin(stage)
    assert.is_true(call:transfer(stage.Target.contact))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
      F1 F2  INVITE/200/ACK  Transferee -> Transferor
             INVITE/200/ACK  Transferor -> Transferee
      F3     REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
      F4     NOTIFY/200      Transferee -> Transferor
      F5     INVITE/200/ACK  Transferee -> Target
      F6     NOTIFY/200      Transferee -> Transferor
             BYE/200         Transferor -> Transferee
             BYE/200         Target -> Transferee
    ]]
    for _, label in ipairs { "F1", "F2" } do
      local supported <const> = flow.header(sent[label], "Supported")
      assert.matches("%f[%w]replaces", supported)
      assert.matches("%f[%w]tdialog", supported)
    end
    assert.matches("^REFER sip:transferee@10.0.0.2:5060;gr=3413kj2ha ", sent.F3)
    assert.not_equal(flow.header(sent.F1, "Call-ID"), flow.header(sent.F3, "Call-ID"))
    assert.matches("tdialog", flow.header(sent.F3, "Require"))
    assert.equal(("%s;local-tag=%s;remote-tag=%s"):format(flow.header(sent.F1, "Call-ID"),
      flow.header(sent.F1, "From"):match ";tag=(.*)$", flow.header(sent.F2, "To")
      :match ";tag=(.*)$"), flow.header(sent.F3, "Target-Dialog"))
    assert.equal("refer", flow.header(sent.F4, "Event"))
    assert.equal("terminated;reason=noresource", flow.header(sent.F6, "Subscription-State"))
    stage:finish()
  end)

  it("6.2 Transfer with Dialog Reuse", function()
    local stage <close> = transfer.stage()
    local call <const> = transfer.begin(stage, true)
    assert.is_true(call:transfer(stage.Target.contact))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
      F1 F2  INVITE/200/ACK  Transferee -> Transferor
             INVITE/200/ACK  Transferor -> Transferee
      F3     REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
      F4     NOTIFY/200      Transferee -> Transferor
      F5     INVITE/200/ACK  Transferee -> Target
      F6     NOTIFY/200      Transferee -> Transferor
             BYE/200         Transferor -> Transferee
             BYE/200         Target -> Transferee
    ]]
    for _, label in ipairs { "F3", "F4", "F6" } do
      assert.equal(flow.header(sent.F1, "Call-ID"), flow.header(sent[label], "Call-ID"))
    end
    assert.is_nil(flow.header(sent.F3, "Target-Dialog"))
    stage:finish()
  end)

  -- The transfer fails, and the transferor takes the transferee off hold.
  local function fails(options, code)
    local stage <const> = transfer.stage(options)
    local call <const> = transfer.begin(stage)
    local _, err <const> = call:transfer(stage.Target.contact)
    assert.equal(code, err.code)
    assert(call:resume())
    stage:advance "1s"
    call:hangup()
    return stage
  end

  it("6.3.1 Target Busy", function()
    local stage <close> = fails({ target = { status = 486 } }, 486)
    local sent <const> = stage:expect [[
          INVITE/200/ACK  Transferee -> Transferor
          INVITE/200/ACK  Transferor -> Transferee
          REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
          NOTIFY/200      Transferee -> Transferor
          INVITE/486/ACK  Transferee -> Target
      F1  NOTIFY/200      Transferee -> Transferor
      F2  INVITE/200/ACK  Transferor -> Transferee
          BYE/200         Transferor -> Transferee
    ]]
    assert.matches("\r\n\r\nSIP/2.0 486 Busy Here\r\n$", sent.F1)
    assert.equal("sendrecv", flow.direction(sent.F2))
    stage:finish()
  end)

  it("6.3.2 Transfer Target Does Not Answer", function()
    local stage <close> = fails({ target = { ring = "60s" }, follow = { ring = "5s" } }, 487)
    local sent <const> = stage:expect [[
          INVITE/200/ACK  Transferee -> Transferor
          INVITE/200/ACK  Transferor -> Transferee
          REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
          NOTIFY/200      Transferee -> Transferor
          INVITE/180      Transferee -> Target
          CANCEL/200      Transferee -> Target
          487 INVITE      Target -> Transferee
          ACK             Transferee -> Target
      F1  NOTIFY/200      Transferee -> Transferor
          INVITE/200/ACK  Transferor -> Transferee
          BYE/200         Transferor -> Transferee
    ]]
    assert.matches("\r\n\r\nSIP/2.0 487 ", sent.F1)
    stage:finish()
  end)
end)
