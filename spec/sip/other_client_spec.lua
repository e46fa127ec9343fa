-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"

describe("a non-INVITE client transaction (RFC 3261 17.1.2)", function()
  it("sends again at Timer E's intervals up to T2 until Timer F", function()
    local net <const> = wire.new()
    net:request { method = "OPTIONS" }
    net:advance(40000)
    assert.same({ 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500 },
      net:times "OPTIONS")
    assert.same({ "failed" }, net:heard())
    assert.same(0, net:live())
  end)

  it("slows to T2 after a provisional", function()
    local net <const> = wire.new()
    net:request { method = "OPTIONS" }
    net:answer(100):advance(9000)
    assert.same({ 0, 500, 4500, 8500 }, net:times "OPTIONS")
  end)

  it("absorbs copies of the final response until Timer K", function()
    local net <const> = wire.new()
    net:request { method = "OPTIONS" }
    net:answer(200):answer(200):advance(4999)
    assert.same({ 200 }, net:heard())
    assert.same(1, net.engine:counts().client_transactions)
    net:advance(1):answer(200)
    assert.same({ 200 }, net:heard())
    assert.same(0, net:live())
  end)

  it("ends with its response over TCP", function()
    local net <const> = wire.new { transport = "tcp" }
    net:request { method = "OPTIONS", uri = "sip:peer@10.0.0.9;transport=tcp" }
    net:answer(200):advance(0)
    assert.same(0, net:live())
  end)

  it("tells an orphan's fate to nobody", function()
    local net <const> = wire.new()
    net:request { method = "MESSAGE", orphan = true }
    net:answer(200)
    net:request { method = "MESSAGE", orphan = true }
    net:advance(40000)
    assert.same({}, net:heard())
    assert.same(0, net:live())
  end)
end)
