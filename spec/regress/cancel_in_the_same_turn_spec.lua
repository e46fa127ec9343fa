-- SPDX-License-Identifier: MIT
--
-- A CANCEL came in the turn in which a handler's sleep was over: the core had answered
-- 487, the script had not been told, and its answer failed as a misuse, with a 500 and
-- a traceback in the log, instead of quietly as what it is (RFC 3261 9.2).

local messages <const> = require "spec.support.messages"
local test <const> = require "moonsip.test"
local timer <const> = require "moonsip.timer"

describe("an answer in the turn of the CANCEL", function()
  it("is told that the request was cancelled", function()
    local net <close> = test.net { delay = 1500 }
    local bob = net:agent("sip:bob@example.com", { address = "10.0.0.1" })
    local peer = net:endpoint "10.0.0.9:5060"
    local answered, err
    bob:on("INVITE", function(req)
      timer.sleep(bob.context, "1s")
      answered, err = req:answer()
    end)
    peer:send(messages.invite(), "10.0.0.1:5060")
    net:advance "1s"
    -- On its way before the handler sleeps, there when it wakes.
    peer:send(messages.cancel(), "10.0.0.1:5060")
    net:settle()
    assert.is_nil(answered)
    assert.equal("cancelled", err.kind)
    assert.equal(1, net:count { method = "INVITE", code = 487, retransmissions = false })
    assert.equal(0, net:count { code = 500 })
    assert.same({}, net.log_lines)
  end)
end)
