-- SPDX-License-Identifier: MIT
--
-- Loudness: levels, gain, sums.

local codecs <const> = require "audio_codecs"
local sound <const> = require "spec.support.sound"

describe("A level (RFC 6464 3)", function()
  it("is 0 for a square wave of full scale and 3 for a sine of it", function()
    assert.equal(0, (codecs.level(string.pack("i2", -32768):rep(160))))
    assert.equal(3, (codecs.level(sound.sines({ [1000] = 32767 }, 8000, 100))))
  end)

  it("is the rounded -dBov of each mean square, 127 for silence", function()
    for db = 0, 120 do
      for _, off in ipairs { -0.45, 0, 0.45 } do
        local power = 2.0 ^ 46 * 10 ^ (-(db + off) / 10)
        assert.equal(db, codecs.level_of_power(math.floor(math.min(power, 2 ^ 46))), db + off)
      end
    end
    assert.equal(127, codecs.level_of_power(0))
    assert.equal(127, (codecs.level(sound.silence(8000, 20))))
    assert.equal(127, (codecs.level "")) -- nothing is silent
  end)

  it("counts a lone 1 among many samples", function()
    local level = codecs.level(string.pack("i2", 1) .. sound.silence(8000, 20))
    assert.equal(math.floor(10 * math.log(2 ^ 30 * 161, 10) + 0.5), level)
  end)

  it("has sums that cannot overflow in 60 ms of 48 kHz", function()
    local _, energy, magnitude = codecs.level(string.pack("i2", -32768):rep(2880))
    assert.equal(2880 << 30, energy)
    assert.equal(2880 * 32768, magnitude)
  end)

  it("turns back into a root mean square", function()
    for level = 0, 126, 7 do
      assert.near(32768 * 10 ^ (-level / 20), codecs.rms_of_level(level), 1e-6)
    end
    assert.equal(0, codecs.rms_of_level(127))
  end)
end)

describe("0 dBm0 (ITU-T G.711 table 5)", function()
  it("is 3.14 dB below a sine of full scale", function()
    assert.near(32767 * 10 ^ (-3.14 / 20), codecs.amplitude_of_dbm0(0), 1e-6)
    assert.near(32767, codecs.amplitude_of_dbm0(3.14), 1e-6)
    assert.equal(32767, codecs.amplitude_of_dbm0(10))
  end)
end)

describe("Gain", function()
  local LIST <const> = { 0, 1, -1, 100, -100, 12345, -12345, 32767, -32768 }

  it("multiplies, rounds and saturates", function()
    for _, db in ipairs { -89, -40, -6, -0.5, 0.5, 6, 20, 40 } do
      local factor = 10 ^ (db / 20)
      local out = sound.unpack((codecs.gain(db, sound.pack { table.unpack(LIST) })))
      for i, value in ipairs(LIST) do
        local expected = math.max(-32768, math.min(32767, value * factor))
        assert.near(expected, out[i], 1, db)
      end
    end
  end)

  it("of 0 dB changes nothing, of less than -90 silences, of more than 40 is 40", function()
    local samples = sound.pack { table.unpack(LIST) }
    assert.equal(samples, (codecs.gain(0, samples)))
    assert.equal(("\0"):rep(#samples), (codecs.gain(-91, samples)))
    local _, most = codecs.gain(40, samples)
    local _, more = codecs.gain(41, samples)
    assert.equal(most, more)
  end)
end)

describe("A mixer", function()
  local function constant(value) return string.pack("i2", value):rep(160) end

  it("adds two signals and saturates", function()
    assert.equal(constant(300), codecs.mix(constant(100), constant(200)))
    assert.equal(constant(32767), codecs.mix(constant(30000), constant(30000)))
    assert.equal(constant(-32768), codecs.mix(constant(-30000), constant(-30000)))
  end)

  it("gives each speaker the others and not himself, and listeners all", function()
    local speakers = { constant(100), constant(20), constant(3) }
    assert.equal(constant(23), codecs.conference(speakers, 1))
    assert.equal(constant(103), codecs.conference(speakers, 2))
    assert.equal(constant(120), codecs.conference(speakers, 3))
    assert.equal(constant(123), codecs.conference(speakers))
  end)

  it("takes oneself out before it saturates", function()
    local speakers = { constant(32767), constant(32767), constant(-32768) }
    assert.equal(constant(-1), codecs.conference(speakers, 1))
    assert.equal(constant(32767), codecs.conference(speakers, 3))
    assert.equal(constant(32766), codecs.conference(speakers))
  end)

  it("whispers to one listener on top of what he hears", function()
    local speakers = { constant(100), constant(20) }
    assert.equal(constant(27), codecs.conference(speakers, 1, constant(7)))
    assert.equal(constant(127), codecs.conference(speakers, 0, constant(7)))
    assert.equal(constant(32767), codecs.conference(speakers, 0, constant(32767)))
  end)

  it("hears three tones: the two others, and its own 40 dB or more below", function()
    local tones, hz = {}, { 500, 900, 1700 }
    for i = 1, 3 do tones[i] = sound.sines({ [hz[i]] = 8000 }, 8000, 60) end
    for own = 1, 3 do
      local heard = codecs.conference(tones, own)
      for i = 1, 3 do
        local amplitude = sound.amplitude(heard, 8000, hz[i])
        if i == own then
          assert.is_true(amplitude < 80, amplitude)
        else
          assert.near(8000, amplitude, 100)
        end
      end
    end
  end)

  it("holds a frame of 60 ms at 48 kHz, and no more", function()
    local long = string.pack("i2", 5):rep(3000)
    assert.equal(2880 * 2, #codecs.conference { long, long })
  end)
end)
