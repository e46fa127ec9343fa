-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

describe("a non-INVITE server transaction (RFC 3261 17.2.2)", function()
  it("absorbs copies without answer, then repeats the final one until Timer J", function()
    local net <const> = wire.new():deliver(messages.message()):deliver(messages.message())
    assert.same({ "request" }, net:heard())
    net:reply(200)
    net:deliver(messages.message()):advance(31999):deliver(messages.message())
    assert.same({ 0, 0, 31999 }, net:times(200))
    net:advance(1)
    assert.same(0, net:live())
    net:deliver(messages.message())
    assert.same({ "request", "request" }, net:heard())
  end)

  it("does not retransmit by itself", function()
    local net <const> = wire.new():deliver(messages.message())
    net:reply(404)
    net:advance(31000)
    assert.same({ 0 }, net:times(404))
  end)

  it("ends at once over TCP (Timer J of zero)", function()
    local net <const> = wire.new { transport = "tcp" }
    net:deliver(messages.message { via = "SIP/2.0/TCP 10.0.0.9:5060;branch=z9hG4bKpeer1" })
    net:reply(200)
    net:advance(0)
    assert.same(0, net:live())
  end)

  it("sends a 100 when told to, and repeats it to a copy", function()
    local net <const> = wire.new():deliver(messages.message())
    net:reply(100)
    net:deliver(messages.message())
    assert.same({ 100, 100 }, net:kinds())
  end)

  it("refuses any other provisional, and 408 (RFC 4320 4.1, 4.2)", function()
    local net <const> = wire.new():deliver(messages.message())
    for _, status in ipairs { 101, 180, 183, 199, 408 } do
      local id <const>, err = net:reply(status)
      assert.is_nil(id)
      assert.same("INVALID", err.name)
    end
    assert.same({}, net:kinds())
  end)

  it("says nothing once the peer has given up (RFC 4320 4.2)", function()
    local net <const> = wire.new():deliver(messages.message()):advance(32000)
    assert.same({ "request", "unsent" }, net:heard())
    local id <const>, err = net:reply(200)
    assert.is_nil(id)
    assert.same("GONE", err.name)
    assert.same({}, net:kinds())
    assert.same(0, net:live())
  end)

  it("keeps only the response's bytes after the final answer", function()
    local net <const> = wire.new()
    local body <const> = ("x"):rep(20000)
    net:deliver(messages.message { body = body, lines = { "Content-Type: text/plain" } })
    local before <const> = net.engine:counts().live_bytes
    net:reply(200)
    assert.is_true(net.engine:counts().live_bytes < before - 19000)
  end)

  it("handles every extension method (7.1)", function()
    local net <const> = wire.new():deliver(messages.request { method = "NEWMETHOD" })
    net:reply(200)
    assert.same("1 NEWMETHOD", messages.header(net:last(200), "CSeq"))
  end)
end)
