-- SPDX-License-Identifier: MIT
--
-- A peer folded its To, or its From and Record-Route. Our requests in the dialog
-- repeated the folds, which SIPp cannot read: it answered the BYE with half a header.

local messages <const> = require "spec.support.messages"
local wires <const> = require "spec.support.wire"

local routes <const> = { "Record-Route: <sip:10.0.0.9;lr>\r\n\t;x=1,\r\n <sip:10.0.0.8;lr>" }

local function assert_unfolded(text)
  assert.is_nil(text:find "\r\n[ \t]")
end

describe("A request in a dialog whose peer folds (RFC 3261 7.3.1, 12.2.1.1)", function()
  it("goes out on one line a header when we called", function()
    local wire <const> = wires.new()
    wire:request()
    local answer <const> = messages.answer(wire:last "INVITE", 200, { lines = routes })
    wire:deliver((answer:gsub("\r\nTo: [^\r]*",
      '\r\nTo: "Bob"\r\n <sip:peer@10.0.0.9>\r\n ;tag=t')))
    wire:dialog_request(wire:event("response").dialog, { method = "BYE" })
    for _, kind in ipairs { "ACK", "BYE" } do
      local text <const> = wire:last(kind)
      assert_unfolded(text)
      assert.matches('\r\nTo: "Bob" +<sip:peer@10%.0%.0%.9>;tag=t\r\n', text)
      assert.matches("\r\nRoute: <sip:10%.0%.0%.8;lr>, *<sip:10%.0%.0%.9;lr>[ \t]+;x=1\r\n", text)
    end
  end)

  it("goes out on one line a header when we were called", function()
    local wire <const> = wires.new()
    local dialog <const> = wire:called { from = '"Al"\r\n <sip:peer@10.0.0.9>;tag=peertag',
      lines = routes }
    wire:dialog_request(dialog, { method = "BYE" })
    local text <const> = wire:last "BYE"
    assert_unfolded(text)
    assert.matches('\r\nTo: "Al" +<sip:peer@10%.0%.0%.9>;tag=peertag\r\n', text)
    assert.matches("\r\nRoute: <sip:10%.0%.0%.9;lr>[ \t]+;x=1, *<sip:10%.0%.0%.8;lr>\r\n", text)
  end)
end)
