-- SPDX-License-Identifier: MIT
--
-- How much of one sound is heard in another.

local core <const> = require "moonsip.core"
local sound <const> = require "spec.support.sound"

-- Milliseconds of noise that the seed alone decides.
local function noise(ms, seed)
  local samples, state = {}, seed
  for i = 1, ms * 8 do
    state = (state * 1103515245 + 12345) & 0x7fffffff
    samples[i] = string.pack("<i2", (state >> 12) % 16000 - 8000)
  end
  return table.concat(samples)
end

describe("core.likeness", function()
  local said <const> = noise(600, 1)

  it("finds a sound wherever it begins, in milliseconds", function()
    for _, at in ipairs { 0, 20, 730, 2000 } do
      local share, found = core.likeness(said, sound.silence(8000, at) .. said .. noise(300, 7))
      assert.near(1, share, 0.05, at)
      assert.near(at, found, 5, at)
    end
  end)

  it("finds it with a frame too many or too few in the middle", function()
    local half <const> = 300 * 16
    local more <const> = said:sub(1, half) .. sound.silence(8000, 20) .. said:sub(half + 1)
    local less <const> = said:sub(1, half) .. said:sub(half + 321)
    assert.is_true(core.likeness(said, more) > 0.8)
    assert.is_true(core.likeness(said, less) > 0.8)
  end)

  it("does not find another sound, silence, or what is not there", function()
    assert.is_true(core.likeness(said, noise(2000, 99)) < 0.3)
    assert.equal(0, (core.likeness(said, sound.silence(8000, 1000))))
    assert.equal(0, (core.likeness(said, "")))
    assert.equal(0, (core.likeness("", said)))
    assert.equal(0, (core.likeness(sound.silence(8000, 100), said)))
  end)

  it("takes an odd byte for none", function()
    assert.is_true(core.likeness(said .. "x", said .. "y") > 0.95)
  end)
end)
