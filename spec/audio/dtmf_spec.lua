-- SPDX-License-Identifier: MIT
--
-- Digits in the audio: what we make is heard by spandsp and multimon-ng, what spandsp and
-- we make is heard by us (ITU-T Q.23, Q.24).

local codecs <const> = require "audio_codecs"
local oracle <const> = require "audio_oracle"
local scratch <const> = require "spec.support.scratch"
local sound <const> = require "spec.support.sound"
local tones <const> = require "audio_tones"

local ALL <const> = "1234567890*#ABCD"

-- The digits that begin and end in it, each once.
local function hear(samples, options)
  options = options or {}
  local rate = options.rate or 8000
  local detector = tones.detector("dtmf", rate, options)
  local begun, ended, lengths = {}, {}, {}
  for _, event in ipairs(detector:feed(samples .. sound.silence(rate, 100), options.frame)) do
    local list = event.ended and ended or begun
    list[#list + 1] = event.digit
    if event.ended then lengths[#lengths + 1] = event.ms end
  end
  assert.same(begun, ended)
  return table.concat(begun), lengths
end

local function attenuated(samples, db) return (codecs.gain(-db, samples)) end

-- A frequency pair with its own levels, as Q.24's tests are made.
local function pair(low, high, low_amplitude, high_amplitude, ms)
  return sound.sines({ [low] = low_amplitude, [high] = high_amplitude }, 8000, ms)
end

describe("Digits that we make", function()
  for _, level in ipairs { 0, -13, -28 } do
    it(("are heard by spandsp at %d dBm0, 50 ms on and off"):format(level), function()
      assert.equal(ALL, oracle.hear_digits(tones.digits(ALL, 50, 50, 8000, level)
        .. sound.silence(8000, 100)))
    end)
  end

  it("are heard by multimon-ng", function()
    local folder <close> = scratch.folder()
    folder:write("digits.raw", sound.silence(8000, 200) .. tones.digits(ALL, 60, 60, 8000, -10)
      .. sound.silence(8000, 200))
    local output, status = folder:run(("cd %s && sox -t s16 -r 8000 -c 1 digits.raw -t s16 "
      .. "-r 22050 up.raw && multimon-ng -q -t raw -a DTMF up.raw"):format(folder.path))
    assert.equal(0, status, output)
    local heard = output:gsub("DTMF: (.)%s*", "%1")
    assert.equal(ALL, heard)
  end)

  it("have the two frequencies of their key and a pause behind (Q.23)", function()
    local key = tones.digits("8", 100, 70, 16000, -10)
    assert.equal(170 * 32, #key)
    for hz, there in pairs { [852] = true, [1336] = true, [770] = false, [1209] = false } do
      local amplitude = sound.amplitude(sound.cut(key, 16000, 0, 100), 16000, hz)
      assert.equal(there, amplitude > 0.9 * codecs.amplitude_of_dbm0(-10), hz)
    end
    assert.equal(sound.silence(16000, 70), sound.cut(key, 16000, 100, 170))
    assert.equal(tones.digits("A", 50, 50, 8000), tones.digits("a", 50, 50, 8000))
    assert.is_nil(tones.digits("E", 50, 50, 8000))
    assert.is_nil(tones.digits("\0", 50, 50, 8000))
  end)
end)

describe("The detector of digits", function()
  for _, level in ipairs { -3, -10, -20, -28, -34 } do
    it(("hears spandsp's at %d dBm0, 40 ms on and off"):format(level), function()
      local samples = oracle.make_digits(ALL:rep(4), 40, 40, level)
      for shift = 0, 101, 17 do -- wherever blocks begin
        assert.equal(ALL:rep(4), hear(sound.silence(8000, 20) .. ("\0\0"):rep(shift) .. samples))
      end
    end)
  end

  it("hears them in frames of any length, and at any rate of a call", function()
    local samples = oracle.make_digits(ALL, 50, 50, -10)
    for _, frame in ipairs { 1, 80, 160, 163, 240, 480 } do
      assert.equal(ALL, hear(samples, { frame = frame }))
    end
    for _, rate in ipairs { 16000, 24000, 32000, 44100, 48000 } do
      assert.equal(ALL, hear(tones.digits(ALL, 50, 50, rate), { rate = rate }))
    end
  end)

  it("tells begin at once and end with a length", function()
    local detector = tones.detector("dtmf", 8000)
    local events = detector:feed(sound.silence(8000, 100) .. tones.digits("5", 200, 0, 8000)
      .. sound.silence(8000, 200))
    assert.equal(2, #events)
    assert.same({ "5", false }, { events[1].digit, events[1].ended })
    assert.is_true(events[1].at <= 100 + 60)
    assert.same({ "5", true }, { events[2].digit, events[2].ended })
    assert.near(200, events[2].ms, 26)
    assert.is_true(events[2].at <= 300 + 60)
    assert.is_false(detector:state())
  end)

  it("hears the same key twice as two, and one with a break of 10 ms as one", function()
    assert.equal("77", hear(tones.digits("77", 60, 40, 8000)))
    assert.equal("7", hear(tones.digits("77", 100, 10, 8000)))
  end)

  it("hears another key at once after the one before", function()
    assert.equal("19", hear(tones.digits("19", 100, 0, 8000)))
  end)

  it("hears no key in 17 ms, and each in 40", function()
    for shift = 0, 101, 7 do
      assert.equal("", hear(("\0\0"):rep(shift) .. tones.digits("1470", 17, 80, 8000)))
      assert.equal("1470", hear(("\0\0"):rep(shift) .. tones.digits("1470", 40, 40, 8000)))
    end
  end)

  it("hears frequencies that are 1.5 % off, and none that are 3.5 % off", function()
    for _, off in ipairs { -0.015, 0.015 } do
      for _, other in ipairs { -0.015, 0.015 } do
        local tone = pair(770 * (1 + off), 1336 * (1 + other), 3000, 3000, 60)
        assert.equal("5", hear(tone .. sound.silence(8000, 40)), off)
      end
    end
    for _, off in ipairs { -0.035, 0.035 } do
      assert.equal("", hear(pair(941 * (1 + off), 1477 * (1 + off), 3000, 3000, 60)))
    end
  end)

  it("allows 8 dB of twist and 6 of the reverse, and what it is told", function()
    local function twisted(db) -- the low group louder by so many dB
      return pair(697, 1209, 4000, 4000 * 10 ^ (-db / 20), 60) .. sound.silence(8000, 60)
    end
    for _, db in ipairs { -5.5, -3, 0, 3, 7.5 } do assert.equal("1", hear(twisted(db)), db) end
    for _, db in ipairs { -6.8, 8.8 } do assert.equal("", hear(twisted(db)), db) end
    assert.equal("", hear(twisted(5), { twist = 4 }))
    assert.equal("1", hear(twisted(-8), { reverse_twist = 9 }))
  end)

  it("has a least level, of -38 dBm0 for each frequency", function()
    assert.equal("1", hear(tones.digits("1", 60, 60, 8000, -36)))
    assert.equal("", hear(tones.digits("1", 60, 60, 8000, -40)))
    assert.equal("", hear(tones.digits("1", 60, 60, 8000, -20), { threshold = -15 }))
  end)

  it("hears them through noise 15 dB below, G.711 and Opus of 16 kbit/s", function()
    local digits = oracle.make_digits(ALL, 60, 60, -10)
    local noise = sound.noise(sound.rms(digits:sub(1, 960)) * 10 ^ (-15 / 20), 8000,
      #digits // 16)
    assert.equal(ALL, hear(codecs.mix(digits:sub(1, #noise), noise)))
    for _, law in ipairs { "ulaw", "alaw" } do
      local coded = codecs.g711_decode(law, codecs.g711_encode(law, attenuated(digits, 18)))
      assert.equal(ALL, hear(coded))
    end
    local encoder = codecs.encoder("opus", { rate = 8000, bit_rate = 16000 })
    local decoder, out = codecs.decoder("opus", { rate = 8000 }), {}
    for frame in sound.frames(digits .. sound.silence(8000, 60), 160) do
      out[#out + 1] = decoder:decode(encoder:encode(frame))
    end
    assert.equal(ALL, hear(table.concat(out)))
  end)

  it("hears no key in tones of one frequency, dial tone, ringback and noise", function()
    for _, text in ipairs { "697", "1209", "350+440", "440+480", "425", "2100", "697+852",
                            "1209+1477", "697+770+1209+1336" } do
      assert.equal("", hear(tones.generate(text, 8000, 1000)), text)
    end
    assert.equal("", hear(sound.noise(8000, 8000, 3000)))
    assert.equal("", hear(sound.silence(8000, 1000)))
  end)

  -- Chords of plucked strings, in a scale, at random: what hold music does to detectors.
  local function music(ms)
    local list, state = {}, 7
    local function random(n)
      state = (state * 1103515245 + 12345) & 0x7fffffff
      return state // 65536 % n
    end
    for i = 1, 8 * ms do list[i] = 0 end
    for from = 1, #list - 4000, 2000 do
      local hz = 110 * 2 ^ (({ 0, 2, 4, 5, 7, 9, 11 })[random(7) + 1] / 12 + random(4))
      for harmonic = 1, 4 do
        local step, amplitude = 2 * math.pi * hz * harmonic / 8000, 4000 / harmonic
        for i = 0, 3999 do
          list[from + i] = list[from + i] + amplitude * math.exp(-i / 1500) * math.sin(step * i)
        end
      end
    end
    return sound.pack(list)
  end

  it("hears no key in 10 minutes of speech and a third of one of music", function()
    local seconds = 0
    for _, command in ipairs {
      "espeak-ng -v en-us+f3 -f README.md -w %s", "espeak-ng -v de -f README.md -w %s",
      "espeak-ng -v it+m3 -f README.md -w %s", "head -c 3000 README.md > %s.txt && "
        .. "flite -voice slt -f %s.txt -o %s",
    } do
      local speech = sound.made_by(command, 8000)
      seconds = seconds + #speech / 16000
      for _, db in ipairs { 0, -10 } do assert.equal("", hear((codecs.gain(db, speech)))) end
    end
    assert.is_true(seconds > 600, seconds)
    assert.equal("", hear(music(20000)))
  end)
end)
