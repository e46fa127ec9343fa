-- SPDX-License-Identifier: MIT
--
-- The guarded example, loaded unchanged onto a network in memory.

local messages <const> = require "spec.support.messages"
local test <const> = require "moonsip.test"

describe("the example 21_guarded", function()
  local net, server
  before_each(function()
    net = test.net()
    server = net:load("examples/21_guarded.lua", "10.0.0.1")
  end)
  after_each(function() net:close() end)

  local function flood(peer, count)
    for n = 1, count do
      peer:send(messages.register { branch = "z9hG4bK" .. n, call_id = "c" .. n,
        via = ("SIP/2.0/UDP %s;branch=z9hG4bK%d"):format(peer.address, n) }, "10.0.0.1:5060")
    end
    net:advance "2s"
    local answers <const> = #peer.received
    while table.remove(peer.received) do end
    return answers
  end

  it("registers who proves who he is, and answers calls", function()
    local alice <const> = net:agent("sip:alice@example.com", { password = "wonderland" })
    local mallory <const> = net:agent("sip:alice@example.com", { password = "guess" })
    alice.credentials = { { username = "alice", password = "wonderland", known = {} } }
    mallory.credentials = { { username = "alice", password = "guess", known = {} } }
    assert.equal(200, assert(alice:register(server)).code)
    assert.is_true(server:printed "^alice registers from 10")
    local res <const>, err = mallory:register(server)
    assert.is_nil(res)
    assert.equal("auth", err.kind)
    assert(alice:call(server)):close()
  end)

  it("refuses who floods, says so once a second, bans him, and calls go on", function()
    local attacker <const> = net:endpoint "10.6.6.6:5060"
    assert.equal(30, flood(attacker, 2000))
    assert.is_true(server:printed "^refused %d+ of 10.6.6.6: rate")
    net:advance "10m"
    assert.equal(0, flood(attacker, 10))
    assert.is_true(server:printed "^refused 10 of 10.6.6.6: banned")
    assert(net:agent("sip:bob@example.com"):call(server)):close()
    net:advance "1h"
    assert.equal(10, flood(attacker, 10))
    assert.is_true(#server.output < 12)
  end)

  it("gives scanners no answer", function()
    local scanner <const> = net:endpoint "10.6.6.6:5060"
    scanner:send(messages.options { lines = { "User-Agent: friendly-scanner" } }, "10.0.0.1:5060")
    net:advance "2s"
    assert.equal(0, #scanner.received)
    assert.is_true(server:printed "^refused 1 of 10.6.6.6: scanner")
  end)
end)
