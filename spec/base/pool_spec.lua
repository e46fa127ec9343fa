-- SPDX-License-Identifier: MIT
-- base/pool: blocks keep what is written into them whatever happens to others, and
-- memory that nobody needs goes back.

local pool <const> = require "pool"

-- Both ends of the steps of 32 and of 128 bytes, and sizes beyond the pool.
local sizes <const> = { 1, 31, 32, 33, 64, 511, 512, 513, 640, 641, 1000, 2047, 2048, 2049, 70000 }

describe("a pool", function()
  local blocks

  before_each(function() blocks = pool.new() end)
  after_each(function() blocks:close() end)

  it("gives blocks of every size, each its own and aligned", function()
    for number, size in ipairs(sizes) do
      assert.is_true(blocks:resize(number, size, number))
      assert.is_true(blocks:resize(100 + number, size, 100 + number))
    end
    for number in ipairs(sizes) do
      assert.is_true(blocks:resize(number, 0))
      assert.is_true(blocks:resize(100 + number, 0))
    end
  end)

  it("keeps the contents when a block grows and shrinks through all sizes", function()
    for number, from in ipairs(sizes) do
      for mark, to in ipairs(sizes) do
        assert.is_true(blocks:resize(number, from, mark))
        assert.is_true(blocks:resize(number, to, mark + 100))
      end
    end
  end)

  it("keeps them through a long random life", function()
    math.randomseed(7)
    local fits = true
    for step = 1, 200000 do
      local number = math.random(1, 2000)
      local size = math.random() < 0.4 and 0 or sizes[math.random(#sizes - 1)]
      fits = blocks:resize(number, size, step % 251) and fits
    end
    assert.is_true(fits)
  end)

  it("gives empty slabs back but one", function()
    for number = 1, 20000 do blocks:resize(number, 600, 1) end
    local most = blocks:slabs()
    for number = 1, 20000 do blocks:resize(number, 0) end
    assert.is_true(blocks:slabs() <= 1)
    assert.is_true(most == 0 or most > 100, "0 where a sanitizer watches addresses")
  end)

  it("takes slabs in runs that fill a large page, once it is no small one", function()
    for number = 1, 1000 do blocks:resize(number, 600, 1) end
    assert.same({ 0, 0 }, { blocks:advised() })
    for number = 1, 20000 do blocks:resize(number, 600, 1) end
    local runs <const>, misfits = blocks:advised()
    assert.equal(0, misfits)
    assert.is_true(runs == 0 or runs == (blocks:slabs() - 1) // 32,
      "0 where a sanitizer watches addresses")
  end)

  it("uses a freed block for the next one, of whichever size class fits its slab", function()
    for number = 1, 5000 do blocks:resize(number, 600, 1) end
    local most = blocks:slabs()
    for _ = 1, 10 do
      for number = 1, 5000, 2 do blocks:resize(number, 0) end
      for number = 1, 5000, 2 do blocks:resize(number, 600, 2) end
    end
    assert.equal(most, blocks:slabs())
  end)

  it("leaves nothing when it is closed", function()
    for number = 1, 1000 do blocks:resize(number, 100, 1) end
    assert.equal(0, blocks:close())
  end)
end)
