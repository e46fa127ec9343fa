-- SPDX-License-Identifier: MIT
--
-- The example of a B2BUA with least-cost routing, loaded unchanged onto a network in memory.

local messages <const> = require "spec.support.messages"
local test <const> = require "moonsip.test"

describe("the example 23_b2bua_lcr", function()
  local net, server, alice, carriers
  before_each(function()
    net = test.net()
    carriers = {}
    for n, name in ipairs { "uk", "tel", "last" } do
      carriers[name] = net:agent("sip:" .. name .. "@carrier.example", { address = "10.2.0." .. n })
    end
    server = net:load("examples/23_b2bua_lcr.lua", "10.0.0.1", { "0.0.0.0:5060",
      "uk=sip:10.2.0.1", "tel=sip:10.2.0.2", "last=sip:10.2.0.3" })
    alice = net:agent("sip:alice@near.example", { address = "10.1.0.1" })
    net:advance "2s"
  end)
  after_each(function()
    for _, one in pairs(carriers) do assert.equal(0, #one.calls) end
    assert.equal(0, #alice.calls)
    for _, line in ipairs(server.log) do assert.matches("^%S+ info ", line) end
    net:close()
  end)

  local function answers(name, fn)
    carriers[name]:on("INVITE", function(req)
      req:ring()
      net:sleep "2s"
      if fn then return fn(req) end
      assert(req:answer())
    end)
  end

  local function call(number, headers)
    return alice:call(("sip:%s@10.0.0.1"):format(number), { headers = headers })
  end

  it("reaches the cheapest carrier, and audio goes through it", function()
    answers "uk"
    local near <const> = assert(call("+442071234567", { ["X-Secret"] = "10.1.0.1",
      ["P-Asserted-Identity"] = "<sip:alice@10.1.0.1>", Diversion = "<tel:+4420>" }))
    assert(alice:says "welcome.wav")
    assert(carriers.uk:hears "welcome.wav")
    assert(carriers.uk:says "goodbye.wav")
    assert(alice:hears "goodbye.wav")
    near:hangup()
    net:advance "1s"
    assert.is_true(server:printed
      "^sip:alice@near%.example answered %+442071234567 by uk for %d+%.%d s, ended by the caller")
    for _, one in ipairs(net:messages { to = carriers.uk }) do
      assert.is_nil(one.bytes:find("10.1.0.", 1, true), one.bytes)
      assert.is_nil(one.bytes:find("near.example", 1, true), one.bytes)
      assert.is_nil(one.bytes:find("X-Secret", 1, true))
    end
    local invite <const> = net:messages { method = "INVITE", to = carriers.uk }[1].bytes
    assert.matches("^INVITE sip:%+442071234567@10%.2%.0%.1", invite)
    assert.equal("<tel:+4420>", messages.header(invite, "Diversion"))
    assert.equal("<sip:alice@10.0.0.1>", messages.header(invite, "P%-Asserted%-Identity"))
  end)

  it("goes on to the next after a 503, and after no ringing in time", function()
    answers("uk", function(req) req:reply(503) end)
    carriers.tel:on("INVITE", function() net:sleep "1m" end)
    answers "last"
    assert.equal("connected", assert(call "442071234567").state)
    alice:hangup()
    net:advance "1s"
    assert.is_true(server:printed "answered 442071234567 by last")
    -- Its own rate and the one for everything: it has two turns.
    assert.equal(2, net:count { method = "CANCEL", to = carriers.tel, retransmissions = false })
    assert.equal("premium", messages.header(net:messages { method = "INVITE",
      to = carriers.last }[1].bytes, "X%-Class"))
  end)

  it("takes a busy phone for an answer", function()
    answers("uk", function(req) req:reject(486) end)
    assert.equal(486, select(2, call "442071234567").code)
    assert.equal(0, net:count { method = "INVITE", to = carriers.tel })
    assert.is_true(server:printed "busy 442071234567 by nobody for 0%.0 s")
  end)

  it("gives up with the caller", function()
    answers "uk"
    local near <const> = alice:start_call "sip:442071234567@10.0.0.1"
    net:advance "1s"
    near:hangup()
    net:advance "1s"
    assert.equal(1, net:count { method = "CANCEL", to = carriers.uk })
    assert.is_true(server:printed "cancelled 442071234567 by nobody")
    assert.equal(0, net:count { method = "INVITE", to = carriers.tel })
  end)

  it("answers 484 for what is no number", function()
    assert.equal(484, select(2, call "alice").code)
  end)
end)
