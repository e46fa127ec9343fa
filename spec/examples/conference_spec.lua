-- SPDX-License-Identifier: MIT
--
-- The example of conferences, on the test network.

local test <const> = require "moonsip.test"

describe("examples/19_conference.lua", function()
  local net, script, guest, host, listener
  before_each(function()
    net = test.net()
    script = net:load("examples/19_conference.lua", "10.0.0.1", { "0.0.0.0:5060" })
    guest, host = net:agent "sip:guest@example.com", net:agent "sip:host@example.com"
    listener = net:agent "sip:listener@example.com"
  end)
  after_each(function() net:close() end)

  local ask <const> = { say = "Please enter the PIN of your conference." }

  local function come(who, pin)
    assert(who:call "sip:600@10.0.0.1")
    assert(who:hears(ask))
    assert(who:press(pin))
    net:advance "500ms"
  end

  it("has guests wait with music for the host, who ends it", function()
    come(guest, "1234")
    come(listener, "5555")
    assert(guest:hears "moh.wav")
    come(host, "9876")
    assert.is_true(script:printed "the host is here: 3 in the room")
    guest:says "examples/prompts/menu.wav"
    assert(host:hears "menu.wav")
    listener:says "examples/prompts/vm-intro.wav"
    assert.is_nil((host:hears("vm-intro.wav", { within = "100ms" })))
    host:hangup()
    net:settle()
    assert.is_true(script:printed "guest@example.com leaves: ended")
    assert.is_true(script:printed "the conference is over")
    assert.equal(0, #guest.calls)
  end)

  it("lets nobody in without a PIN", function()
    come(guest, "1111")
    for _ = 1, 2 do
      assert(guest:hears { say = "There is no such conference." })
      assert(guest:hears(ask))
      assert(guest:press "2222")
    end
    assert(guest:hears "goodbye.wav")
    assert.is_true(script:printed "guest@example.com is not let in: auth")
  end)
end)
