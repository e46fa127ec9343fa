-- SPDX-License-Identifier: MIT
--
-- Beeps, fax tones, and what exchanges say by tones.

local codecs <const> = require "audio_codecs"
local sound <const> = require "spec.support.sound"
local tones <const> = require "audio_tones"

local function events(kind, samples, options)
  local rate = options and options.rate or 8000
  local detector = tones.detector(kind, rate, options)
  return detector:feed(samples .. sound.silence(rate, 200), options and options.frame)
end

local function names(list)
  local found = {}
  for i, event in ipairs(list) do found[i] = event.what end
  return table.concat(found, " ")
end

local function speech(voice)
  return sound.made_by(("espeak-ng -v %s -f README.md -w %%s"):format(voice), 8000)
end

describe("The detector of single tones", function()
  it("hears a beep of 350 to 3000 Hz and 100 ms when it is over, and its frequency within 1 %",
    function()
      for _, hz in ipairs { 355, 425, 853, 1000, 1400, 1990, 2010, 2950 } do
        for _, ms in ipairs { 100, 180, 500 } do
          local list = events("tone", sound.silence(8000, 333)
            .. sound.sines({ [hz] = 5000 }, 8000, ms))
          assert.equal("beep", names(list), hz .. " " .. ms)
          assert.near(hz, list[1].hz, hz * 0.01)
          assert.near(ms, list[1].ms, 40)
          assert.near(333 + ms + 40, list[1].at, 41)
        end
      end
    end)

  it("hears none that is shorter than 60 ms, outside of that band, too soft, or too long",
    function()
      for text, ms in pairs { ["1000"] = 50, ["340"] = 300, ["3100"] = 300,
                              ["1000;level=-45"] = 300, ["1004"] = 3500 } do
        assert.equal("", names(events("tone", tones.generate(text, 8000, ms))), text)
      end
      assert.equal("beep", names(events("tone", tones.generate("1000", 8000, 300),
        { beep = 200 })))
      assert.equal("", names(events("tone", tones.generate("1000", 8000, 160), { beep = 200 })))
      assert.equal("", names(events("tone", tones.generate("1000", 8000, 300),
        { ignore_beeps = 1 })))
    end)

  it("hears it at each rate of a call and in frames of any length", function()
    for _, rate in ipairs { 16000, 24000, 32000, 44100, 48000 } do
      local list = events("tone", sound.sines({ [1000] = 5000 }, rate, 200), { rate = rate })
      assert.equal("beep", names(list))
      assert.near(1000, list[1].hz, 10)
    end
    for _, frame in ipairs { 1, 80, 163, 480, 2000 } do
      assert.equal("beep", names(events("tone", tones.generate("beep", 8000, 1000),
        { frame = frame })))
    end
  end)

  it("hears it through noise 14 dB below, mu-law, and Opus of 12 kbit/s", function()
    local beep = sound.silence(8000, 100) .. sound.sines({ [1400] = 4000 }, 8000, 300)
    local noise = sound.noise(4000 / math.sqrt(2) / 5, 8000, 400)
    local list = events("tone", codecs.mix(beep, noise))
    assert.equal("beep", names(list))
    assert.near(1400, list[1].hz, 14)
    list = events("tone", codecs.g711_decode("ulaw", codecs.g711_encode("ulaw", beep)))
    assert.equal("beep", names(list))
    local settings = { rate = 8000, bit_rate = 12000 }
    local encoder, decoder = codecs.encoder("opus", settings), codecs.decoder("opus", settings)
    local out = {}
    for frame in sound.frames(beep .. sound.silence(8000, 60), 160) do
      out[#out + 1] = decoder:decode(encoder:encode(frame))
    end
    list = events("tone", table.concat(out))
    assert.equal("beep", names(list))
    assert.near(1400, list[1].hz, 14)
  end)

  it("tells two beeps of different frequency apart", function()
    local list = events("tone", tones.generate("!950/330,!1400/330,!1800/330", 8000, 2000))
    assert.equal("beep beep beep", names(list))
    for i, hz in ipairs { 950, 1400, 1800 } do assert.near(hz, list[i].hz, hz * 0.01) end
  end)

  it("hears a calling fax (T.30 4.1: 1100 Hz, 500 ms on, 3 s off) each time", function()
    for _, off in ipairs { 0, -38, 37 } do
      local cng = ("%d/500,0/3000"):format(1100 + off)
      local list = events("tone", tones.generate(cng, 8000, 7000))
      assert.equal(off == 0 and "cng cng" or names(list), names(list))
      if off == 0 then
        assert.is_true(list[1].at <= 460)
        assert.near(1100, list[1].hz, 11)
      end
    end
    assert.equal("beep", names(events("tone", tones.generate("1100", 8000, 300))))
    assert.equal("beep", names(events("tone", tones.generate("1180", 8000, 600))))
  end)

  it("hears an answering fax or modem (T.30 4.2, V.8: 2100 Hz), once", function()
    local list = events("tone", tones.generate("2100", 8000, 3000))
    assert.equal("ced", names(list))
    -- ANSam turns its phase every 450 ms and swings by 20 % with 15 Hz.
    local ansam = {}
    for i = 0, 8 * 3000 do
      local sign = (i // 3600) % 2 == 0 and 1 or -1
      ansam[i + 1] = sign * 4000 * (1 + 0.2 * math.sin(2 * math.pi * 15 * i / 8000))
        * math.sin(2 * math.pi * 2100 * i / 8000)
    end
    assert.equal("ced", names(events("tone", sound.pack(ansam))))
  end)

  it("hears no tone in two at once: ringback, dial tone, digits", function()
    for _, text in ipairs { "ringback/us", "dial/gb", "busy/us", "1209+697" } do
      assert.equal("", names(events("tone", tones.generate(text, 8000, 3000))), text)
    end
  end)

  it("hears no tone in speech, noise and silence", function()
    for _, voice in ipairs { "en-us+f3", "fr", "de+m2" } do
      assert.equal("", names(events("tone", speech(voice))))
    end
    assert.equal("", names(events("tone", sound.noise(6000, 8000, 5000))))
    assert.equal("", names(events("tone", sound.silence(8000, 2000))))
    assert.equal("", names(events("tone", string.pack("i2", 9000):rep(8000))))
  end)
end)

describe("The detector of call progress", function()
  -- Countries whose busy tone is as fast as others' congestion.
  local FAST <const> = { br = true, es = true, mx = true, se = true, fi = true, gr = true,
                         hu = true }

  for _, country in ipairs(tones.countries()) do
    it("hears ringback and busy of " .. country .. " by their cadence", function()
      local list = events("progress", tones.generate("ringback/" .. country, 8000, 13000))
      assert.equal("ringback", names(list))
      list = events("progress", tones.generate("busy/" .. country, 8000, 6500))
      assert.equal(FAST[country] and "congestion" or "busy", names(list))
      assert.near(list[1].on, list[1].off, 60)
    end)
  end

  it("hears ringback when it begins the second time, and busy after three times", function()
    local list = events("progress", tones.generate("ringback/us", 8000, 20000))
    assert.equal(1, #list)
    assert.near(6000, list[1].at, 60)
    assert.near(2000, list[1].on, 40)
    assert.near(4000, list[1].off, 40)
    list = events("progress", tones.generate("busy/us", 8000, 20000))
    assert.equal(1, #list)
    assert.near(3000, list[1].at, 60)
  end)

  it("hears congestion, and dial tone after 3 s", function()
    local list = events("progress", tones.generate("congestion/us", 8000, 5000))
    assert.equal("congestion", names(list))
    assert.near(250, list[1].on, 40)
    for _, country in ipairs { "us", "gb", "de", "in" } do
      list = events("progress", tones.generate("dial/" .. country, 8000, 10000))
      assert.equal("dial", names(list), country)
      assert.near(3000, list[1].at, 60)
    end
  end)

  it("tells what follows: ringback, then busy", function()
    local list = events("progress", tones.generate("ringback/de", 8000, 12000)
      .. sound.silence(8000, 300) .. tones.generate("busy/de", 8000, 6000))
    assert.equal("ringback busy", names(list))
  end)

  it("hears it at 16 and 48 kHz, through mu-law, at -30 dBm0, with noise", function()
    for _, rate in ipairs { 16000, 48000 } do
      assert.equal("busy", names(events("progress", tones.generate("busy/us", rate, 4500),
        { rate = rate })))
    end
    local busy = tones.generate("busy/us;level=-30", 8000, 4500)
    assert.equal("busy", names(events("progress",
      codecs.g711_decode("ulaw", codecs.g711_encode("ulaw", busy)))))
    busy = codecs.mix(tones.generate("busy/us", 8000, 4500), sound.noise(80, 8000, 4500))
    assert.equal("busy", names(events("progress", busy)))
  end)

  it("hears none in speech, noise, silence, digits and beeps", function()
    for _, voice in ipairs { "en-us+f3", "es", "de+m2" } do
      assert.equal("", names(events("progress", speech(voice))))
    end
    assert.equal("", names(events("progress", sound.noise(6000, 8000, 5000))))
    assert.equal("", names(events("progress", sound.silence(8000, 9000))))
    local keys = tones.digits("12345678901234567890", 100, 100, 8000)
    assert.equal("", names(events("progress", keys)))
    assert.equal("", names(events("progress", tones.generate("1000/500,0/500", 8000, 5000))))
  end)

  it("does not take one sound before an answer for ringback", function()
    local list = events("progress", tones.generate("440/1000;repeat=1", 8000, 1000)
      .. sound.silence(8000, 1000) .. speech("en"))
    assert.equal("", names(list))
  end)
end)
