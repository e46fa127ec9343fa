-- SPDX-License-Identifier: MIT
-- What a peer can cause again and again is told once a minute.

local log = require "moonsip.log"
local messages = require "spec.support.messages"
local test = require "moonsip.test"

describe("a log", function()
  local lines, now, one
  before_each(function()
    lines, now = {}, 0
    local context = { driver = { stamp = function() return "12:00" end },
                      now = function() return now end }
    one = log.new(context, { write = function(line) lines[#lines + 1] = line end })
  end)

  local function tell(peer) one:rarely("warn", peer, "%s is gone: %d", peer, 7) end

  it("tells of a peer once a minute, then with what it left out", function()
    for _ = 1, 1000 do tell "192.0.2.1" end
    tell "192.0.2.2"
    now = 59999
    tell "192.0.2.1"
    now = 60000
    tell "192.0.2.1"
    tell "192.0.2.2"
    assert.same({ "12:00 warn  192.0.2.1 is gone: 7", "12:00 warn  192.0.2.2 is gone: 7",
      "12:00 warn  192.0.2.1 is gone: 7 (and 1000 more of the kind)",
      "12:00 warn  192.0.2.2 is gone: 7" }, lines)
  end)

  it("tells of 64 peers a minute, and then of one for all others", function()
    for at = 1, 64 do tell("192.0.2." .. at) end
    assert.equal(64, #lines)
    for at = 65, 250 do tell("192.0.2." .. at) end
    assert.equal(65, #lines)
    assert.matches("192.0.2.65 is gone", lines[65])
    local kept = 0
    for _ in pairs(one.told) do kept = kept + 1 end
    assert.equal(65, kept)
    now = 60000
    tell "192.0.2.250"
    assert.equal(66, #lines)
  end)

  it("tells of each kind apart, by its level", function()
    tell "192.0.2.1"
    one:rarely("debug", "192.0.2.1", "%s is slow", "192.0.2.1")
    one:set_level "debug"
    one:rarely("info", "192.0.2.1", "%s is odd", "192.0.2.1")
    assert.equal(2, #lines)
  end)
end)

describe("a peer that is gone before its answers (RFC 3261 17.2.4)", function()
  local request <const> = table.concat({ "INVITE sip:x@10.0.0.1 SIP/2.0",
    "Via: SIP/2.0/TCP 10.0.0.9:1;branch=z9hG4bK%d", "From: <sip:y@10.0.0.9>;tag=y",
    "To: <sip:x@10.0.0.1>", "Call-ID: %d", "CSeq: 1 INVITE", "Max-Forwards: 70",
    "Contact: <sip:y@10.0.0.9>", "Content-Length: 0", "", "" }, "\r\n")

  it("is named once in the log, however many there were", function()
    local net <close> = test.net()
    local script = net:load("spec/test/scripts/late.lua", "10.0.0.1")
    local peer = net:endpoint "tcp:10.0.0.9:7000"
    for at = 1, 50 do peer:send(request:format(at, at), "10.0.0.1:5060") end
    net:advance "1s"
    peer:close()
    net:settle()
    assert.equal(1, #script.log, table.concat(script.log, "\n"))
    assert.matches("a final response to 10.0.0.9 could not be sent: ECONNREFUSED$",
      script.log[1])
  end)
end)

describe("the log of an agent names the peer, and once a minute", function()
  local function lines_of(net, pattern)
    local count = 0
    for _, line in ipairs(net.log_lines) do
      if line:find(pattern) then count = count + 1 end
    end
    return count
  end

  it("whom no TCP reaches with what is too large for UDP (RFC 3261 18.1.1)", function()
    local net <close> = test.net()
    local alice = net:agent "sip:alice@example.com"
    alice.context.log:set_level "info"
    net:endpoint "10.0.0.9:5060"
    for _ = 1, 5 do
      alice:request("PUBLISH", "sip:x@10.0.0.9", { body = ("x"):rep(1400) })
      net:advance "1s"
    end
    assert.equal(1, lines_of(net,
      "too large for UDP, but no TCP connection: PUBLISH to 10%.0%.0%.9 goes by UDP"))
    net:advance "60s"
    alice:request("PUBLISH", "sip:x@10.0.0.9", { body = ("x"):rep(1400) })
    net:advance "1s"
    assert.equal(1, lines_of(net, "%(and 4 more of the kind%)$"))
  end)

  it("that never acknowledges a 200 (RFC 3261 13.3.1.4)", function()
    local net <close> = test.net()
    local bob = net:agent "sip:bob@example.com"
    bob:on("INVITE", function(req) req:answer() end)
    local peer = net:endpoint "10.0.0.9:5060"
    for at = 1, 5 do
      peer:send(messages.invite { call_id = "c" .. at, branch = "z9hG4bK" .. at },
        bob.listeners[1].ip .. ":5060")
    end
    net:advance "40s"
    assert.equal(1, lines_of(net, "no ACK came from 10%.0%.0%.9 for the 200 of a call"))
  end)
end)
