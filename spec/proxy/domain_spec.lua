-- SPDX-License-Identifier: MIT
--
-- Which URIs are ours (RFC 3261 16.4, 16.5).

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"
local wire <const> = require "spec.support.wire"

describe("what is ours", function()
  local function own(net, text) return net.engine:is_own(core.uri(text)) end

  it("are its addresses with their ports, what it advertises, and its domains", function()
    local net <const> = wire.new()
    net.engine:add_listener("tcp", "10.0.0.1", 5061)
    net.engine:add_listener("udp", "10.0.0.2", 5060, "sip.example.com", 5080)
    net.engine:domains { "example.com" }
    for text, wanted in pairs {
      ["sip:a@10.0.0.1"] = true, ["sip:10.0.0.1:5060"] = true, ["sip:a@10.0.0.1:5061"] = true,
      ["sips:a@10.0.0.1"] = true, ["sip:a@10.0.0.1:5062"] = false, ["sip:a@10.0.0.3"] = false,
      ["sip:a@sip.example.com:5080"] = true, ["sip:a@sip.example.com"] = false,
      ["sip:a@EXAMPLE.com"] = true, ["sip:a@example.com.:7000"] = true,
      ["sip:a@xexample.com"] = false, ["sip:a@sub.example.com"] = false,
      ["tel:+1"] = false, ["mailto:a@example.com"] = false,
    } do
      assert.same(wanted, own(net, text), text)
    end
    net.engine:domains {}
    assert.is_false(own(net, "sip:a@example.com"))
  end)

  it("on a wildcard listener is the address that a message reached", function()
    local net <const> = wire.new()
    net.engine:remove_listener(net.listener)
    net.listener = assert(net.engine:add_listener("udp", "0.0.0.0", 5060))
    net:deliver(messages.invite())
    local message <const> = net:event("request").message
    assert.is_true(message.uri:is_local())
    assert.is_true(net.engine:is_own(core.uri "sip:x@10.0.0.1", message))
    assert.is_false(net.engine:is_own(core.uri "sip:x@10.0.0.2", message))
    assert.is_false(own(net, "sip:x@10.0.0.1"))
    assert.is_false(message.from:is_local())
    assert.is_nil(core.uri "sip:x@10.0.0.1":is_local())
  end)
end)
