-- SPDX-License-Identifier: MIT
--
-- A few worlds of the simulation (`make sim SEEDS=100000` lives through many): calls, a proxy
-- between its phones, and three nodes, with loss, duplication and reordering, up to 2 s of
-- delay, cuts and power failures, and what holds in all of them.

local kinds <const> = {
  calls = require "spec.sim.calls", proxy = require "spec.sim.proxy",
  nodes = require "spec.sim.nodes",
}

local function live(name, seed, size)
  local kind <const> = kinds[name]
  local one <close> = kind.new(seed, size)
  kind.run(one)
  kind.check(one)
  return one.failures, one.net:hash(), #one.promises
end

for _, name in ipairs { "calls", "proxy", "nodes" } do
  describe("a simulated world: " .. name, function()
    for seed = 1, 16 do
      it(("holds what every world holds (seed %d)"):format(seed), function()
        local failures, _, told = live(name, seed, 24)
        assert.equal("", table.concat(failures, "\n"))
        assert.is_true(told >= 24)
      end)
    end

    it("holds it with much going on", function()
      local failures, _, told = live(name, 1001, 300)
      assert.equal("", table.concat(failures, "\n"))
      assert.is_true(told >= 300)
    end)

    it("repeats bit for bit", function()
      local _, first = live(name, 5, 24)
      local _, again = live(name, 5, 24)
      local _, other = live(name, 6, 24)
      assert.equal(first, again)
      assert.not_equal(first, other)
    end)
  end)
end

-- Adds a message to what was seen on the wire.
local function say(net, record, bytes, ms)
  net.wire.journal:add { at = record.at + (ms or 0), transport = "udp", from = record.from,
                         to = record.to, bytes = bytes }
end

local function first_of(net, filter)
  return assert(net:messages(filter)[1])
end

local function finds(one, kind, parts)
  kind.check(one)
  local text <const> = table.concat(one.failures, "\n")
  for _, part in ipairs(parts) do
    assert.truthy(text:find(part, 1, true), part .. " in\n" .. text)
  end
end

describe("what breaks a rule is seen:", function()
  it("by users, engines and transactions", function()
    local kind <const> = kinds.calls
    local one <close> = kind.new(3, 40)
    kind.run(one)
    kind.check(one)
    assert.same({}, one.failures)
    local net <const> = one.net
    -- Somebody is never told.
    table.insert(one.promises, { what = "a lost soul", told = 0 })
    -- A call is never forgotten, a response is taken back, a copy comes too soon, and
    -- something is no message at all.
    one.agents[1].call_set[{ serial = 1, close = function() end }] = true
    local answer <const> = first_of(net, { class = "2xx", from = one.agents[2] })
    say(net, answer, (answer.bytes:gsub("^SIP/2.0 %d+", "SIP/2.0 599", 1)), 1)
    local request <const> = first_of(net, { method = "INVITE", transport = "udp" })
    say(net, request, request.bytes, 33000)
    say(net, request, "nonsense")
    finds(one, kind, { "a lost soul: told 0 times", "call_set is not empty", "and 599",
                       "instead of", "a message that is none" })
  end)

  it("by a proxy", function()
    local kind <const> = kinds.proxy
    local one <close> = kind.new(2, 40)
    kind.run(one)
    kind.check(one)
    assert.same({}, one.failures)
    local net <const>, proxy = one.net, one.scripts[1]
    local sent
    for _, record in ipairs(net:messages { method = "INVITE", from = proxy }) do
      if record.bytes:find "Max%-Forwards: 69" and record.bytes:match "Via.*Via" then
        sent = record
        break
      end
    end
    -- It changes what it forwards, counts no hop, makes one up.
    say(net, sent, (sent.bytes:gsub("Call%-ID: ", "Call-ID: x", 1)))
    say(net, sent, (sent.bytes:gsub("Max%-Forwards: 69", "Max-Forwards: 70", 1)))
    say(net, sent, (sent.bytes:gsub("(Via: [^\r]*\r\n.-Via: [^\r]*branch=)", "%1z9hG4bKnobody", 1)))
    -- It acknowledges and cancels what nobody said, takes an INVITE up and forgets it, and
    -- loses a 2xx.
    local alone <const> = sent.bytes:gsub("Via: [^\r]*\r\n", "", 1)
    local unheard <const> = alone:gsub("branch=z9hG4bK", "branch=z9hG4bKunheard", 1)
    for _, method in ipairs { "ACK", "CANCEL" } do
      say(net, sent, (unheard:gsub("^INVITE", method)
        :gsub("CSeq: (%d+) INVITE", "CSeq: %1 " .. method)))
    end
    local ringing <const> = first_of(net, { method = "INVITE", code = 180, from = proxy })
    say(net, ringing, (ringing.bytes:gsub("branch=z9hG4bK", "branch=z9hG4bKforgotten", 1)))
    for _, record in ipairs(net:messages { method = "INVITE", code = 200, to = proxy }) do
      say(net, record, (record.bytes:gsub("(\r\nTo: [^\r]*;tag=)", "%1another", 1)))
    end
    finds(one, kind, { "was changed on its way", "has 70 hops left of 70", "came from nobody",
                       "acknowledges nothing", "came too soon", "got no final response",
                       "was lost (tag another" })
  end)

  it("by nodes that do not take over what one of them had", function()
    local kind <const> = kinds.nodes
    local one <close> = kind.new(7, 60)
    one.net:drop(function(bytes) return bytes:find "^INFO" end)
    kind.run(one)
    finds(one, kind, { "an INFO in a call at" })
  end)
end)
