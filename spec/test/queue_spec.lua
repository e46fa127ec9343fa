-- SPDX-License-Identifier: MIT
--
-- The queue, the chance and the hops of the test network: what every run rests on.

local link <const> = require "moonsip.test.link"
local queue <const> = require "moonsip.test.queue"
local random <const> = require "moonsip.test.random"

describe("the queue of a test network", function()
  it("gives things in the order of their instants", function()
    local chance, one = random.new(5), queue.new()
    for _ = 1, 2000 do
      local at = chance:between(0, 300)
      one:put(at, at)
    end
    local last = -1
    for _ = 1, 2000 do
      local what, at = one:take()
      assert.equal(at, what)
      assert.is_true(at >= last)
      last = at
    end
    assert.is_nil(one:next_at())
  end)

  it("keeps the order of what shares an instant, also while it is emptied", function()
    local one = queue.new()
    one:put(7, "a")
    one:put(3, "first")
    one:put(7, "b")
    assert.equal("first", one:take())
    assert.equal("a", one:take())
    one:put(7, "c")
    assert.equal(7, one:next_at())
    assert.equal("b", one:take())
    assert.equal("c", one:take())
    assert.is_nil(one:next_at())
    one:put(7, "d")
    assert.equal("d", one:take())
  end)
end)

describe("chance in a test network", function()
  it("is the same for the same seed and another for another", function()
    local a, b, c = random.new(1), random.new(1), random.new(2)
    local same = 0
    for _ = 1, 100 do
      local bits = a:bits()
      assert.equal(bits, b:bits())
      if bits == c:bits() then same = same + 1 end
    end
    assert.equal(0, same)
  end)

  it("covers a range evenly", function()
    local one, seen = random.new(3), {}
    for _ = 1, 6000 do
      local value = one:between(1, 6)
      seen[value] = (seen[value] or 0) + 1
    end
    assert.equal(6, #seen)
    for value = 1, 6 do assert.near(1000, seen[value], 150) end
    assert.equal(4, one:between(4, 4))
  end)
end)

describe("a hop", function()
  -- What becomes of many datagrams: how many are lost and doubled, and the delays.
  local function fates(options, count, size)
    local one, chance = link.new("spec", options), random.new(11)
    local result = { lost = 0, doubled = 0, delays = {} }
    for _ = 1, count do
      local ms, second = one:fate(chance, size or 500, false)
      if not ms then
        result.lost, result.why = result.lost + 1, second
      else
        table.insert(result.delays, ms)
        if second then result.doubled = result.doubled + 1 end
      end
    end
    return result
  end

  it("treats every datagram alike unless told otherwise", function()
    local result = fates({}, 100)
    assert.equal(0, result.lost + result.doubled)
    for _, ms in ipairs(result.delays) do assert.equal(1, ms) end
  end)

  it("loses, doubles and delays as often as it was told", function()
    local result = fates({ loss = 0.1, duplicate = 0.2, delay = { 10, 20 } }, 5000)
    assert.near(500, result.lost, 70)
    assert.near(900, result.doubled, 90)
    assert.equal("loss", result.why)
    for _, ms in ipairs(result.delays) do assert.is_true(ms >= 10 and ms <= 20) end
  end)

  it("holds datagrams back longer than others take, to have them overtaken", function()
    local result, held = fates({ reorder = 0.3, delay = { 10, 20 } }, 5000), 0
    for _, ms in ipairs(result.delays) do
      if ms > 20 then held = held + 1 end
      assert.is_true(ms <= 40)
    end
    assert.near(1500, held, 120)
  end)

  it("loses what is larger than its MTU with the headers of IP and UDP", function()
    assert.equal(0, fates({ mtu = 1500 }, 10, 1472).lost)
    local result = fates({ mtu = 1500 }, 10, 1473)
    assert.equal(10, result.lost)
    assert.equal("mtu", result.why)
  end)

  for name, options in pairs {
    loss = { loss = 1.5 }, duplicate = { duplicate = -0.1 }, mtu = { mtu = 67 },
    reorder = { reorder = "often" }, delay = { delay = { 20, 10 } },
  } do
    it("refuses a wrong " .. name, function()
      local ok, why = pcall(link.new, "test.net", options)
      assert.is_false(ok)
      local expected = ("bad argument '%s' to 'test.net'"):format(name)
      assert.truthy(why:find(expected, 1, true), why)
    end)
  end
end)
