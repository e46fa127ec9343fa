-- SPDX-License-Identifier: MIT
--
-- The example of a queue, loaded unchanged onto a network in memory.

local test <const> = require "moonsip.test"

describe("the example 24_queue", function()
  local net, server, ann, ben, callers
  before_each(function()
    net = test.net()
    ann = net:agent("sip:ann@desk.example", { address = "10.0.0.21" })
    ben = net:agent("sip:ben@desk.example", { address = "10.0.0.22" })
    server = net:load("examples/24_queue.lua", "10.0.0.1",
      { "0.0.0.0:5060", "sip:ann@10.0.0.21", "sip:ben@10.0.0.22" })
    callers = {}
    for n = 1, 4 do callers[n] = net:agent(("sip:c%d@example.com"):format(n)) end
    for _, phone in ipairs { ann, ben } do
      phone:on("INVITE", function(req)
        req:ring()
        net:sleep "2s"
        req:answer()
      end)
    end
  end)
  after_each(function()
    for _, phone in ipairs { ann, ben } do assert.equal(0, #phone.calls) end
    for _, line in ipairs(server.log) do assert.matches("^%S+ info ", line) end
    net:close()
  end)

  local function call(n) return assert(callers[n]:call "sip:queue@10.0.0.1") end

  it("gives each caller the phone that was idle longest", function()
    call(1)
    net:advance "5s"
    call(2)
    net:advance "5s"
    assert.same({ 1, 1 }, { #ann.calls, #ben.calls })
    assert(ann:says "welcome.wav")
    assert(callers[1]:hears "welcome.wav")
    callers[1]:hangup()
    callers[2]:hangup()
    net:advance "2s"
    assert.is_true(server:printed "^sip:c1@example%.com waited %d s and spoke %d+ s with ann")
    assert.is_true(server:printed "^sip:c2@example%.com waited %d s and spoke %d+ s with ben")
  end)

  it("lets the others wait with music, in the order in which they came", function()
    for n = 1, 4 do
      call(n)
      net:advance "4s"
    end
    assert(callers[3]:hears("moh.wav", { likeness = 0.5 }))
    ann:hangup()
    net:advance "5s"
    assert.equal(1, #ann.calls)
    assert.equal("sip:c3@example.com", tostring(ann.calls[1].from.uri))
    ben:hangup()
    net:advance "5s"
    assert.equal("sip:c4@example.com", tostring(ben.calls[1].from.uri))
    for n = 3, 4 do callers[n]:hangup() end
    net:advance "1s"
  end)

  it("tells who waits how many are before him, and forgets who hangs up", function()
    for n = 1, 4 do
      call(n)
      net:advance "4s"
    end
    assert(callers[4]:hears({ say = "You are number 2." }, { within = "40s" }))
    callers[3]:hangup()
    net:advance "1s"
    assert.is_true(server:printed "^gave up: sip:c3@example%.com")
    ann:hangup()
    net:advance "5s"
    assert.equal("sip:c4@example.com", tostring(ann.calls[1].from.uri))
    for _, n in ipairs { 2, 4 } do callers[n]:hangup() end
    net:advance "1s"
  end)

  it("rings the next phone when one does not answer", function()
    ann:off("INVITE"):on("INVITE", function(req) req:ring() net:sleep "1m" end)
    call(1)
    net:advance "15s"
    assert.same({ 0, 1 }, { #ann.calls, #ben.calls })
    callers[1]:hangup()
    net:advance "1s"
  end)
end)
