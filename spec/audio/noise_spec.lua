-- SPDX-License-Identifier: MIT
--
-- Comfort noise (RFC 3389), made and measured.

local codecs <const> = require "audio_codecs"
local sound <const> = require "spec.support.sound"

describe("Comfort noise", function()
  it("is as loud as the first byte says (RFC 3389 3.1)", function()
    for level = 10, 80, 10 do
      local noise = codecs.noise(string.char(level), 16000)
      assert.near(level, (codecs.level(noise:sub(4001))), 1, level)
    end
    assert.near(30, (codecs.level(codecs.noise("\x9e", 16000):sub(4001))), 1) -- bit 7 is unused
  end)

  it("is silent at level 127, and before any payload", function()
    assert.equal(sound.silence(8000, 100), codecs.noise("\x7f", 800))
    local noise, accepted = codecs.noise("", 800)
    assert.equal(sound.silence(8000, 100), noise)
    assert.is_false(accepted)
  end)

  it("has the colour of the reflection coefficients, and the same level (3.2)", function()
    -- k1 = -0.8: most of it is below 1 kHz; k1 = 0.8: above 3 kHz.
    local function bands(payload)
      local noise = (codecs.noise(payload, 32000)):sub(8001)
      assert.near(30, (codecs.level(noise)), 1)
      local low, high = 0, 0
      for hz = 100, 900, 25 do low = low + sound.amplitude(noise, 8000, hz) ^ 2 end
      for hz = 3100, 3900, 25 do high = high + sound.amplitude(noise, 8000, hz) ^ 2 end
      return 10 * math.log(low / high, 10)
    end
    local index = math.floor(0.8 * 32768 / 258 + 0.5)
    assert.is_true(bands(string.char(30, 127 - index)) > 12)
    assert.is_true(bands(string.char(30, 127 + index)) < -12)
    assert.near(0, bands(string.char(30)), 2)
    assert.near(0, bands(string.char(30, 127, 127, 127)), 2)
    assert.near(0, bands(string.char(30, 255)), 2) -- reserved
  end)

  it("stays in bounds whatever the payload", function()
    for seed = 1, 40 do
      local bytes = { 0 }
      for i = 2, 30 do bytes[i] = (seed * 7919 + i * i * 104729) // 7 % 256 end
      assert.equal(8000 * 2, #(codecs.noise(string.char(table.unpack(bytes)), 8000)))
    end
    for _, worst in ipairs { 0, 254 } do
      assert.equal(1600, #(codecs.noise(string.char(0) .. string.char(worst):rep(30), 800)))
    end
  end)

  it("is the same for the same seed, and other for others", function()
    assert.equal(codecs.noise("\30", 800, 5), codecs.noise("\30", 800, 5))
    assert.not_equal(codecs.noise("\30", 800, 5), codecs.noise("\30", 800, 6))
  end)
end)

describe("The meter of noise", function()
  it("measures a level", function()
    for _, rms in ipairs { 10, 100, 1000 } do
      local payload, level = codecs.noise_payload(sound.noise(rms, 8000, 1000), 160)
      assert.near(20 * math.log(32768 / rms, 10), level, 1)
      assert.equal(level, payload:byte())
      assert.equal(9, #payload)
    end
    local payload, level = codecs.noise_payload(sound.silence(8000, 200), 160)
    assert.equal(127, level)
    assert.equal("\x7f" .. ("\x7f"):rep(8), payload)
    assert.equal(127, (select(2, codecs.noise_payload("", 160))))
  end)

  it("finds white noise white", function()
    local payload = codecs.noise_payload(sound.noise(500, 8000, 2000), 160)
    for i = 2, 9 do assert.near(127, payload:byte(i), 16) end
  end)

  it("gives back the coefficients that the noise was made with", function()
    local made = string.char(30, 60, 160, 120)
    local payload = codecs.noise_payload((codecs.noise(made, 80000)):sub(8001), 160)
    assert.near(30, payload:byte(1), 1)
    for i = 2, 4 do assert.near(made:byte(i), payload:byte(i), 14, i) end
    for i = 5, 9 do assert.near(127, payload:byte(i), 20, i) end
  end)

  it("survives a pure tone and full scale", function()
    for _, samples in ipairs { sound.sines({ [1000] = 32767 }, 8000, 500),
                               string.pack("i2", -32768):rep(4000) } do
      local payload = codecs.noise_payload(samples, 160)
      assert.is_true(payload:byte() <= 3)
      for i = 2, 9 do assert.is_true(payload:byte(i) <= 254) end
      assert.equal(16000, #(codecs.noise(payload, 8000)))
    end
  end)
end)
