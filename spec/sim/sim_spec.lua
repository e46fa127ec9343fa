-- SPDX-License-Identifier: MIT
--
-- A few worlds of the simulation (`make sim SEEDS=100000` lives through many): calls and
-- requests with 10 % loss, duplication and reordering, up to 2 s of delay, cuts and
-- power failures, and what holds in all of them.

local invariants <const> = require "spec.sim.invariants"
local world <const> = require "spec.sim.world"

local function live(seed, size)
  local one <close> = world.new(seed, size)
  one:run()
  return invariants.check(one), one.net:hash(), #one.promises
end

describe("a simulated world", function()
  for seed = 1, 24 do
    it(("holds what every world holds (seed %d)"):format(seed), function()
      local failures, _, told = live(seed, 24)
      assert.equal("", table.concat(failures, "\n"))
      assert.is_true(told >= 24)
    end)
  end

  it("holds it with much going on", function()
    local failures, _, told = live(1001, 400)
    assert.equal("", table.concat(failures, "\n"))
    assert.is_true(told >= 400)
  end)

  it("repeats bit for bit", function()
    local _, first = live(5, 24)
    local _, again = live(5, 24)
    local _, other = live(6, 24)
    assert.equal(first, again)
    assert.not_equal(first, other)
  end)

  it("finds what breaks a rule: each is seen to fail", function()
    local one <close> = world.new(3, 40)
    one:run()
    assert.same({}, invariants.check(one))
    local net = one.net
    -- Somebody is never told.
    table.insert(one.promises, { what = "a lost soul", told = 0 })
    -- A call is never forgotten, a response is taken back, a copy comes too soon, and
    -- something is no message at all.
    one.agents[1].call_set[{ serial = 1, close = function() end }] = true
    local answer = net:messages({ class = "2xx", from = one.agents[2] })[1]
    local function say(record, bytes, ms)
      net.wire.journal:add { at = record.at + ms, transport = "udp", from = record.from,
                             to = record.to, bytes = bytes }
    end
    say(answer, (answer.bytes:gsub("^SIP/2.0 %d+", "SIP/2.0 599", 1)), 1)
    local request = net:messages({ method = "INVITE", transport = "udp" })[1]
    say(request, request.bytes, 33000)
    say(request, "nonsense", 0)
    local text = table.concat(invariants.check(one), "\n")
    for _, part in ipairs { "a lost soul: told 0 times", "call_set is not empty",
                            "and 599", "instead of", "a message that is none" } do
      assert.truthy(text:find(part, 1, true), part .. " in\n" .. text)
    end
  end)
end)
