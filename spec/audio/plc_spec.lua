-- SPDX-License-Identifier: MIT
--
-- Loss concealment in the manner of ITU-T G.711 Appendix I.

local codecs <const> = require "audio_codecs"
local sound <const> = require "spec.support.sound"

-- Frames of 20 ms, those in `lost` concealed.
local function play(samples, rate, lost)
  local plc, out, frame = codecs.plc(rate), {}, rate // 50
  for part in sound.frames(samples, frame) do
    out[#out + 1] = lost[#out + 1] and plc:conceal(frame) or plc:receive(part)
  end
  return table.concat(out)
end

local function part(samples, rate, frame)
  return sound.cut(samples, rate, frame * 20 - 20, frame * 20)
end

local function voice(hz, rate, ms)
  return sound.sines({ [hz] = 6000, [2 * hz] = 3000, [3 * hz] = 1500 }, rate, ms)
end

describe("Loss concealment", function()
  it("leaves alone what is not lost", function()
    local samples = voice(120, 8000, 1000)
    assert.equal(samples, play(samples, 8000, {}))
  end)

  for _, rate in ipairs { 8000, 16000, 44100, 48000 } do
    it("goes on with the pitch of a voice at " .. rate .. " Hz", function()
      for _, hz in ipairs { 80, 133, 180 } do
        local samples = voice(hz, rate, 1000)
        local out = play(samples, rate, { [20] = true })
        assert.equal(#samples // (rate // 50 * 2) * (rate // 50 * 2), #out)
        local snr = sound.snr(part(samples, rate, 20), part(out, rate, 20))
        assert.is_true(snr > 11, ("%d: %.1f dB"):format(hz, snr))
        snr = sound.snr(part(samples, rate, 21), part(out, rate, 21))
        assert.is_true(snr > 11, ("%d after: %.1f dB"):format(hz, snr))
        assert.equal(part(samples, rate, 22), part(out, rate, 22))
      end
    end)
  end

  it("has no step at the edges of a gap", function()
    local samples = voice(133, 8000, 1000)
    local list = sound.unpack(play(samples, 8000, { [20] = true, [30] = true, [31] = true }))
    local most, original = 0, sound.unpack(samples)
    for i = 2, #original do most = math.max(most, math.abs(original[i] - original[i - 1])) end
    for i = 2, #list do
      assert.is_true(math.abs(list[i] - list[i - 1]) < 1.3 * most, i)
    end
  end)

  it("fades a fifth each 10 ms after the first 10, to silence at 60", function()
    local lost = {}
    for i = 20, 30 do lost[i] = true end
    local samples = voice(133, 8000, 1000)
    local out = play(samples, 8000, lost)
    local full = sound.rms(part(samples, 8000, 19))
    local function loudness(from, to)
      return sound.rms(sound.cut(out, 8000, 380 + from, 380 + to))
    end
    assert.near(1, loudness(0, 10) / full, 0.15)
    assert.near(0.9, loudness(10, 20) / full, 0.15)
    assert.near(0.5, loudness(30, 40) / full, 0.15)
    assert.near(0.1, loudness(50, 60) / full, 0.1)
    assert.equal(sound.silence(8000, 160), sound.cut(out, 8000, 440, 600))
    assert.is_true(sound.rms(part(out, 8000, 31)) > 0.5 * full) -- fades in again at once
  end)

  it("conceals a second gap after a single frame", function()
    local samples = voice(133, 8000, 1000)
    local out = play(samples, 8000, { [20] = true, [22] = true, [24] = true })
    for frame = 20, 25 do
      assert.is_true(sound.snr(part(samples, 8000, frame), part(out, 8000, frame)) > 8, frame)
    end
  end)

  it("is better than silence for real speech, 5 % lost", function()
    local speech = sound.made_by("flite -voice slt -t 'The quick brown fox jumps over it' -o %s",
      8000)
    local lost, silent = {}, {}
    for i = 7, #speech // 320, 20 do lost[i] = true end
    for frame in sound.frames(speech, 160) do
      silent[#silent + 1] = lost[#silent + 1] and sound.silence(8000, 20) or frame
    end
    local reference = speech:sub(1, #table.concat(silent))
    assert.is_true(sound.snr(reference, play(speech, 8000, lost))
      > sound.snr(reference, table.concat(silent)))
  end)

  it("starts with a gap, and takes frames of any length", function()
    local plc = codecs.plc(8000)
    assert.equal(sound.silence(8000, 20), plc:conceal(160))
    for _, count in ipairs { 1, 7, 80, 480, 2880, 0 } do
      assert.equal(count * 2, #plc:receive(("\1\1"):rep(count)))
      assert.equal(count * 2, #plc:conceal(count))
    end
  end)

  it("keeps full scale in bounds", function()
    local square = (string.pack("i2", 32767):rep(40) .. string.pack("i2", -32768):rep(40)):rep(50)
    assert.equal(#square // 320 * 320, #play(square, 8000, { [5] = true, [9] = true, [10] = true }))
  end)
end)
