-- SPDX-License-Identifier: MIT
--
-- Reason, and the causes of telephony.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

describe("a reason", function()
  local net, sip
  before_each(function()
    net = test.net()
    sip = face.of(net:agent("sip:alice@example.com").context)
  end)
  after_each(function() net:close() end)

  it("is a value of the header (RFC 3326 2)", function()
    assert.equal('SIP;cause=200;text="Call completed elsewhere"',
      sip.reason("SIP", 200, "Call completed elsewhere"))
    assert.equal("Q.850;cause=16", sip.reason("Q.850", 16))
    assert.equal('preemption;text="say \\"no\\" \\\\"',
      sip.reason("preemption", nil, 'say "no" \\'))
    for _, wrong in ipairs { { "a b" }, { "SIP", 1000 }, { "Q.850", 128 }, { "Q.850", 0 },
      { "SIP", 1, "a\r\nb" }, { 5 } } do
      assert.is_false(pcall(sip.reason, table.unpack(wrong)))
    end
  end)

  it("has a status of its cause (RFC 3398 7.2.4.1)", function()
    for cause, status in pairs { [1] = 404, [17] = 486, [19] = 480, [28] = 484, [34] = 503,
      [102] = 504, [99] = 500 } do assert.equal(status, sip.status(cause)) end
    assert.is_false(pcall(sip.status, 0))
  end)

  it("has a cause of its status (RFC 3398 8.2.6.1)", function()
    for status, cause in pairs { [404] = 1, [486] = 17, [480] = 18, [484] = 28, [503] = 41,
      [600] = 17, [699] = 31 } do assert.equal(cause, sip.cause(status)) end
    assert.is_false(pcall(sip.cause, 200))
  end)
end)
