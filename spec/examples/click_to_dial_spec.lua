-- SPDX-License-Identifier: MIT
--
-- The example of click to dial, with phones that can be asked and phones that cannot.

local pair <const> = require "spec.support.pair"
local test <const> = require "moonsip.test"

describe("18_click_to_dial", function()
  local net, desk, customer
  before_each(function()
    net = test.net()
    desk = net:agent("sip:desk@example.com", { address = "10.0.0.2" })
    customer = net:agent("sip:customer@example.com", { address = "10.0.0.3" })
  end)
  after_each(function() net:close() end)

  local function run()
    local script <const> = net:load("examples/18_click_to_dial.lua", "10.0.0.1",
      { "10.0.0.1:5060", "sip:desk@10.0.0.2", "sip:customer@10.0.0.3" })
    net:advance "10s"
    return script
  end

  it("asks the phone to call (RFC 5359 2.18)", function()
    desk:on("REFER", function(req) req:follow_refer() end)
    pair.answers(customer)
    local script <const> = run()
    assert.is_true(script:printed "^connected")
    assert.same({ 1, "desk" }, { #customer.calls, customer.calls[1].from.user })
  end)

  it("says what became of it", function()
    desk:on("REFER", function(req) req:follow_refer() end)
    customer:on("INVITE", function(req) req:reject(486) end)
    assert.is_true(run():printed "^not connected: 486%s")
  end)

  it("calls both where the phone cannot be asked, and leaves", function()
    local asked = 0
    desk:on("REFER", function(req)
      asked = asked + 1
      if not req.call then return req:reply(603) end
      req:follow_refer()
    end)
    pair.answers(desk)
    pair.answers(customer)
    local script <const> = run()
    assert.is_true(script:printed "^connected")
    assert.same({ 2, 1, 1 }, { asked, #desk.calls, #customer.calls })
    assert.equal("desk", customer.calls[1].from.user)
  end)
end)
