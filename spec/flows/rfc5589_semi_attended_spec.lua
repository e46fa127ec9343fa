-- SPDX-License-Identifier: MIT
--
-- RFC 5589 7.6: the transferor goes before the target has answered. Figure 11 is what the
-- document recommends; 12 and 13 are what else may happen.

local flow <const> = require "spec.support.flow"
local transfer <const> = require "spec.support.transfer"

-- The transferor's call with the transferee, on hold, and one that rings at the target.
local function begin(options)
  local stage <const> = transfer.stage { target = { ring = "3s" } }
  local call <const> = transfer.begin(stage, options and options.plain)
  local second <const> = stage.Transferor:start_call(stage.Target)
  stage:advance "1s"
  assert(second.state == "ringing")
  return stage, call, second
end

describe("RFC 5589", function()
  it("7.6 Semi-Attended Transfer: the user agent goes on by itself", function()
    local stage <close>, call <const>, second <const> = begin()
    assert(second:wait())
    stage:advance "1s"
    assert.is_true(call:transfer(second))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
      F1 F2  INVITE/200/ACK  Transferee -> Transferor
             INVITE/200/ACK  Transferor -> Transferee
      F3     INVITE/180      Transferor -> Target
             200 INVITE      Target -> Transferor
             ACK             Transferor -> Target
             REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
             NOTIFY/200      Transferee -> Transferor
      F4     INVITE/200/ACK  Transferee -> Target
             BYE/200         Target -> Transferor
             NOTIFY/200      Transferee -> Transferor
             BYE/200         Transferor -> Transferee
             BYE/200         Target -> Transferee
    ]]
    assert.matches("^" .. flow.header(sent.F3, "Call-ID"):gsub("%p", "%%%0") .. ";",
      flow.header(sent.F4, "Replaces"))
    stage:finish()
  end)

  it("7.6, Figure 12: as a blind transfer, behind the 487", function()
    local stage <close>, call <const>, second <const> = begin()
    second:hangup()
    stage:advance "1s"
    assert.is_true(call:transfer(stage.Target.contact))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
          INVITE/200/ACK  Transferee -> Transferor
          INVITE/200/ACK  Transferor -> Transferee
          INVITE/180      Transferor -> Target
          CANCEL/200      Transferor -> Target
          487 INVITE      Target -> Transferor
          ACK             Transferor -> Target
          REFER/200       Transferor -> Transferee   -- 202 there; RFC 6665 8.3.1
          NOTIFY/200      Transferee -> Transferor
      F1  INVITE/180      Transferee -> Target
          200 INVITE      Target -> Transferee
          ACK             Transferee -> Target
          NOTIFY/200      Transferee -> Transferor
          BYE/200         Transferor -> Transferee
          BYE/200         Target -> Transferee
    ]]
    assert.is_nil(flow.header(sent.F1, "Replaces"))
    stage:finish()
  end)

  it("7.6, Figure 13: as an attended one, when the target answers after all", function()
    local stage <close>, call <const>, second <const> = begin { plain = true }
    stage:advance "2.15s" -- its 200 is on its way
    second.invite:cancel()
    assert(second:wait())
    stage:advance "1s"
    assert(second:hold())
    stage:advance "1s"
    assert.is_true(call:transfer(second))
    transfer.talk(stage)
    local sent <const> = stage:expect [[
          INVITE/200/ACK  Transferee -> Transferor
          INVITE/200/ACK  Transferor -> Transferee
      F1  INVITE/180      Transferor -> Target
          CANCEL          Transferor -> Target
          200 INVITE      Target -> Transferor     -- before the 200 of the CANCEL, which
          200 CANCEL      Target -> Transferor     -- had not arrived (RFC 3261 9.2)
          ACK             Transferor -> Target
          INVITE/200/ACK  Transferor -> Target
          REFER/200       Transferor -> Transferee -- 202 there; RFC 6665 8.3.1
          NOTIFY/200      Transferee -> Transferor
      F3  INVITE/200/ACK  Transferee -> Target
          BYE/200         Target -> Transferor
          NOTIFY/200      Transferee -> Transferor
          BYE/200         Transferor -> Transferee
          BYE/200         Target -> Transferee
    ]]
    assert.matches("^" .. flow.header(sent.F1, "Call-ID"):gsub("%p", "%%%0") .. ";",
      flow.header(sent.F3, "Replaces"))
    stage:finish()
  end)
end)
