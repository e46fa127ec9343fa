-- SPDX-License-Identifier: MIT
--
-- Tones through the resampler, beside speexdsp's.

local codecs <const> = require "audio_codecs"
local oracle <const> = require "audio_oracle"
local sound <const> = require "spec.support.sound"

local RATES <const> = { 8000, 16000, 24000, 32000, 44100, 48000 }

local function resample(samples, from, to, frame_ms)
  local resampler, _, delay = codecs.resampler(from, to)
  local out, frame = {}, from * (frame_ms or 20) // 1000 * 2
  for at = 1, #samples, frame do
    out[#out + 1] = resampler:feed(samples:sub(at, at + frame - 1))
  end
  return table.concat(out), delay
end

-- Of a tone: dB of its amplitude behind over before, and dB of it over all else.
local function measure(out, rate, hz, amplitude)
  local from, to = rate // 10, rate * 4 // 10
  local middle = out:sub(2 * from + 1, 2 * to)
  local list, re, im = sound.unpack(middle), 0, 0
  local step = 2 * math.pi * hz / rate
  for i = 1, #list do
    re = re + list[i] * math.cos(step * i)
    im = im + list[i] * math.sin(step * i)
  end
  re, im = 2 * re / #list, 2 * im / #list
  local rest = 1e-9
  for i = 1, #list do
    rest = rest + (list[i] - re * math.cos(step * i) - im * math.sin(step * i)) ^ 2
  end
  local got = math.sqrt(re * re + im * im)
  return 20 * math.log(got / amplitude, 10),
    10 * math.log(amplitude * amplitude / 2 / (rest / #list), 10)
end

describe("The resampler", function()
  for _, from in ipairs(RATES) do
    for _, to in ipairs(RATES) do
      if from ~= to then
        it(("from %d to %d Hz passes 0.42 of the lower rate and adds nothing over -80 dB")
          :format(from, to), function()
          local lower = math.min(from, to)
          for _, share in ipairs { 0.05, 0.3, 0.42 } do
            local hz = math.floor(lower * share / 100 + 0.5) * 100
            local out = resample(sound.sines({ [hz] = 16000 }, from, 450), from, to)
            local gain, clean = measure(out, to, hz, 16000)
            assert.near(0, gain, 0.05, share)
            assert.is_true(clean > 80, clean)
          end
        end)
      end
    end
  end

  it("lets nothing through that would alias", function()
    for from, to in pairs { [16000] = 8000, [48000] = 16000, [44100] = 8000 } do
      for _, share in ipairs { 0.51, 0.6, 0.9 } do
        local hz = math.floor(to * share / 100 + 0.5) * 100
        local out = resample(sound.sines({ [hz] = 16000 }, from, 450), from, to)
        local middle = out:sub(to // 10 * 2 + 1, to * 4 // 10 * 2)
        assert.is_true(20 * math.log(16000 / math.sqrt(2) / math.max(sound.rms(middle), 0.1), 10)
          > 80, share)
      end
    end
  end)

  it("takes any rate that a file may have", function()
    for _, from in ipairs { 1000, 11025, 22050, 12345, 37800, 96000, 192000 } do
      local lower = math.min(from, 8000)
      local hz = math.floor(lower * 0.3 / 20 + 0.5) * 20
      local out = resample(sound.sines({ [hz] = 16000 }, from, 450), from, 8000)
      local gain, clean = measure(out, 8000, hz, 16000)
      assert.near(0, gain, 0.1, from)
      assert.is_true(clean > 75, ("%d: %.1f"):format(from, clean))
    end
  end)

  it("writes exactly as much as time passes, whatever the frames", function()
    for _, rates in ipairs { { 8000, 16000 }, { 48000, 8000 }, { 44100, 8000 }, { 8000, 44100 } } do
      local from, to = table.unpack(rates)
      local tone <const> = sound.sines({ [440] = 9000 }, from, 1000)
      local reference
      for _, ms in ipairs { 10, 20, 30, 60, 500 } do
        local out = resample(tone, from, to, ms)
        assert.equal(to * 2, #out)
        reference = reference or out
        assert.equal(reference, out)
      end
      local resampler = codecs.resampler(from, to)
      local parts = {}
      for at = 1, 2 * 441 * 5, 2 * 7 do
        parts[#parts + 1] = resampler:feed(tone:sub(at, at + 13))
      end
      assert.equal(reference:sub(1, #table.concat(parts)), table.concat(parts))
    end
    assert.equal(320 * 2, #codecs.resampler(8000, 16000):feed(sound.silence(8000, 20)))
    assert.equal(160 * 2, #codecs.resampler(44100, 8000):feed(sound.silence(44100, 20)))
  end)

  it("is late by what it says", function()
    for _, rates in ipairs { { 8000, 16000 }, { 48000, 8000 }, { 16000, 48000 } } do
      local from, to = table.unpack(rates)
      local click = sound.silence(from, 100) .. string.pack("i2", 30000) .. sound.silence(from, 100)
      local out, delay = resample(click, from, to)
      local list, best = sound.unpack(out), 1
      for i = 1, #list do if list[i] > list[best] then best = i end end
      assert.near(to // 10 + delay, best - 1, 1)
    end
  end)

  it("keeps a constant, and saturates instead of wrapping around", function()
    local out = sound.unpack(resample(string.pack("i2", 32767):rep(8000), 8000, 48000))
    for i = 1000, #out - 1000 do assert.equal(32767, out[i]) end
    local square = (string.pack("i2", 32767):rep(20) .. string.pack("i2", -32768):rep(20)):rep(100)
    for _, value in ipairs(sound.unpack(resample(square, 8000, 16000))) do
      assert.is_true(value >= -32768 and value <= 32767)
    end
  end)

  it("forgets what it heard when it is reset", function()
    local tone <const> = sound.sines({ [440] = 9000 }, 8000, 100)
    local resampler = codecs.resampler(8000, 44100)
    local first = resampler:feed(tone)
    resampler:reset()
    assert.equal(first, resampler:feed(tone))
  end)

  it("copies when both rates are the same", function()
    local resampler, _, delay = codecs.resampler(8000, 8000)
    assert.equal("abcd", resampler:feed "abcd")
    assert.equal(0, delay)
  end)

  it("has bounds: 1000 to 384000 Hz, and less than 4 KB for a call", function()
    assert.is_nil(codecs.resampler(999, 8000))
    assert.is_nil(codecs.resampler(8000, 384001))
    assert.truthy(codecs.resampler(1000, 384000))
    for _, from in ipairs { 8000, 16000, 24000, 32000, 48000 } do
      for _, to in ipairs { 8000, 16000, 24000, 32000, 48000 } do
        local _, size = codecs.resampler(from, to)
        assert.is_true(size < 4096, size)
      end
    end
  end)

  it("is as clean as speexdsp of quality 3, which is made for calls, within 4 dB", function()
    for _, rates in ipairs { { 8000, 16000 }, { 16000, 8000 }, { 48000, 8000 }, { 44100, 8000 } } do
      local from, to = table.unpack(rates)
      for _, hz in ipairs { 300, 1500, 3300 } do
        local tone = sound.sines({ [hz] = 16000 }, from, 450)
        local gain, clean = measure(resample(tone, from, to), to, hz, 16000)
        local their_gain, their_clean = measure(oracle.resample(tone, from, to, 3), to, hz, 16000)
        assert.is_true(math.abs(gain) < math.abs(their_gain) + 0.01)
        assert.is_true(clean > their_clean - 4,
          ("%d to %d, %d Hz: %.1f and %.1f"):format(from, to, hz, clean, their_clean))
      end
    end
  end)
end)
