-- SPDX-License-Identifier: MIT
--
-- The call flow of one call: asked for by a script, and told with what a handler of it
-- raised (api.md rule 6).

local test <const> = require "moonsip.test"

local function two(options)
  local net = test.net()
  return net, net:agent("sip:alice@example.com", options),
    net:agent("sip:bob@example.com", options)
end

describe("the ladder of a call", function()
  it("is that call's alone, as either side saw it, also after its end", function()
    local net <close>, alice, bob = two()
    local theirs
    bob:on("INVITE", function(req)
      req:ring()
      theirs = req:answer()
      return theirs
    end)
    local first = assert(alice:call(bob))
    local second = assert(alice:call(bob))
    first:hangup()
    second:hangup()
    net:settle()
    local picture = first:ladder()
    assert.truthy(picture:match "^ +moonsip +10%.0%.1%.2:5060\n")
    local at = 1
    for _, part in ipairs {
      "- INVITE 1 (SDP) -", ">", "<", "180 Ringing", "<", "200 OK", "ACK 1", ">",
      "BYE 2", ">", "<", "200 OK, BYE 2",
    } do
      local _, found = picture:find(part, at, true)
      assert.truthy(found, part .. " in\n" .. picture)
      at = found
    end
    local _, messages = picture:gsub("\n[^\n]*%-%-[^\n]*", "")
    assert.equal(6, messages) -- between them stands what the call did
    assert.truthy(theirs:ladder():find("10.0.1.1:5060", 1, true))
    for line in first:ladder({ width = 50 }):gmatch "[^\n]+" do
      assert.is_true(#line <= 50)
    end
  end)

  it("shows a call that nobody answers", function()
    local net <close>, alice = two()
    local call = alice:start_call "sip:10.0.0.99"
    net:advance "1s"
    local picture = call:ladder()
    assert.truthy(picture:find("INVITE 1 (SDP)", 1, true), picture)
    assert.truthy(picture:find("0.500 .*again"), picture)
  end)

  it("comes with the error of a handler, to on(\"error\") and to the log", function()
    local net <close>, alice, bob = two()
    bob:on("INVITE", function() error "broken wheel" end)
    assert.is_nil((alice:call(bob)))
    assert.truthy(net.log_lines[1]:find("broken wheel", 1, true))
    assert.truthy(net.log_lines[1]:find("- INVITE 1 (SDP) -", 1, true), net.log_lines[1])
    local told
    bob:on("error", function(err) told = err end)
    assert.is_nil((alice:call(bob)))
    net:settle()
    assert.truthy(told.ladder:find("INVITE 1 (SDP)", 1, true))
  end)

  it("is empty where no history is kept, and starts late where little is", function()
    local net <close>, alice, bob = two { history = 0 }
    bob:on("INVITE", function(req) return req:answer() end)
    assert.equal("", assert(alice:call(bob)):ladder())
    local carol = net:agent("sip:carol@example.com", { history = 2000 })
    local call = assert(carol:call(bob))
    call:hangup()
    net:settle()
    assert.falsy(call:ladder():find("- INVITE 1 (SDP) -", 1, true))
    assert.truthy(call:ladder():find("BYE 2", 1, true))
    assert.has_error(function() net:agent("sip:x@y", { history = -1 }) end)
  end)
end)

describe("a recorder", function()
  it("is told of each message, in and out (driver:record)", function()
    local net <close>, alice, bob = two()
    local records = {}
    bob.context:record(function(record) records[#records + 1] = record end)
    assert(alice:request("OPTIONS", bob):wait())
    bob.context:record(nil)
    assert(alice:request("OPTIONS", bob):wait())
    assert.equal(2, #records)
    assert.equal("in", records[1].direction)
    assert.equal("10.0.1.1:5060", records[1].from)
    assert.equal("out", records[2].direction)
    assert.equal("10.0.1.1:5060", records[2].to)
    assert.truthy(records[2].bytes:find "^SIP/2.0 200 OK")
    assert.truthy(net)
  end)
end)
