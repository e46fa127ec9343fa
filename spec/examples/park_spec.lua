-- SPDX-License-Identifier: MIT
--
-- The example of parked calls, loaded unchanged onto a network in memory.

local test <const> = require "moonsip.test"

describe("the example 25_park", function()
  local net, server, alice, ann, ben
  before_each(function()
    net = test.net()
    ann = net:agent("sip:ann@desk.example", { address = "10.0.0.21" })
    ben = net:agent("sip:ben@desk.example", { address = "10.0.0.22" })
    alice = net:agent "sip:alice@example.com"
    server = net:load("examples/25_park.lua", "10.0.0.1",
      { "0.0.0.0:5060", "ann=sip:ann@10.0.0.21", "ben=sip:ben@10.0.0.22" })
    ann:on("INVITE", function(req) req:ring() net:sleep "1s" req:answer() end)
  end)
  after_each(function()
    for _, phone in ipairs { ann, ben, alice } do assert.equal(0, #phone.calls) end
    for _, line in ipairs(server.log) do assert.matches("^%S+ info ", line) end
    net:close()
  end)

  -- Alice talks to ann, who parks her.
  local function park()
    assert(alice:call "sip:ann@10.0.0.1")
    net:advance "2s"
    ann:press "*7" -- and is hung up on while it presses
    net:advance "1s"
    assert.equal(0, #ann.calls)
    assert.is_true(server:printed "is parked at 701")
    assert(alice:hears("moh.wav", { likeness = 0.5 }))
  end

  it("plays music to the caller until somebody dials the slot and takes it over", function()
    park()
    assert(ben:call "sip:701@10.0.0.1")
    net:advance "500ms"
    assert(ben:says "welcome.wav")
    assert(alice:hears "welcome.wav")
    assert(alice:says "goodbye.wav")
    assert(ben:hears "goodbye.wav")
    ben:hangup()
    net:advance "1s"
  end)

  it("calls the one back who parked it when nobody comes", function()
    park()
    net:advance "63s"
    assert.equal(1, #ann.calls)
    assert(ann:says "welcome.wav")
    assert(alice:hears "welcome.wav")
    alice:hangup()
    net:advance "1s"
  end)

  it("forgets a caller who hangs up, and knows no empty slot", function()
    park()
    alice:hangup()
    net:advance "1s"
    assert.equal(404, select(2, ben:call "sip:701@10.0.0.1").code)
    assert.equal(404, select(2, ben:call "sip:nobody@10.0.0.1").code)
  end)

  it("can be parked and taken again", function()
    park()
    net:advance "63s"
    ann:press "*7" -- and is hung up on while it presses
    net:advance "1s"
    assert.equal(0, #ann.calls)
    assert(ben:call "sip:701@10.0.0.1")
    alice:hangup()
    net:advance "1s"
  end)
end)
