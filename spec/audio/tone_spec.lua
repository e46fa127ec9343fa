-- SPDX-License-Identifier: MIT
--
-- Tones: their text form, the table of countries (ITU-T E.180), and what they sound like.

local codecs <const> = require "audio_codecs"
local sound <const> = require "spec.support.sound"
local tones <const> = require "audio_tones"

describe("The text form of a tone", function()
  for text, ms in pairs {
    ["425"] = 0,
    ["440+480/2000,0/4000"] = 0,
    ["440+480/2000,0/4000;repeat=3"] = 18000,
    ["!950/330,!1400/330,!1800/330"] = 990,
    ["!950/330,!1400/330,!1800/330,0"] = 0,
    ["!1000/100,425/300,0/300;repeat=2;level=-10"] = 1300,
    ["400*25/400"] = 0,
    ["697+770+852+941/50;REPEAT=1;LEVEL=3"] = 50,
    ["!1000/250;level=-60;repeat=0"] = 250,
    ["beep"] = 250,
    ["ringback"] = 0,
    ["Busy/DE;repeat=4"] = 3840,
    ["20000/3600000;repeat=1000000"] = 3600000000000,
  } do
    it(("reads %q"):format(text), function()
      assert.equal(ms, tones.parse(text))
    end)
  end

  it("has a level of -13 dBm0 when it says nothing else", function()
    assert.equal(-13, select(3, tones.parse "425"))
    assert.equal(-3, select(3, tones.parse "425;level=-3"))
    assert.equal(2, select(3, tones.parse "425;level=2"))
  end)

  for text, problem in pairs {
    [""] = { 0, "empty" },
    ["20001"] = { 0, "a frequency is 1 to 20000 Hz" },
    ["440+0"] = { 4, "a frequency is 1 to 20000 Hz" },
    ["440+"] = { 4, "a frequency is 1 to 20000 Hz" },
    ["-440"] = { 0, "a frequency is 1 to 20000 Hz" },
    ["440,"] = { 4, "a frequency is 1 to 20000 Hz" },
    ["99999999999999999999999"] = { 0, "a frequency is 1 to 20000 Hz" },
    ["1+2+3+4+5"] = { 8, "more than four frequencies at once" },
    ["440/0"] = { 4, "a time is 1 to 3600000 ms" },
    ["440/3600001"] = { 4, "a time is 1 to 3600000 ms" },
    ["440/"] = { 4, "a time is 1 to 3600000 ms" },
    ["440*25*3"] = { 6, 'neither "," nor ";" nor the end' },
    ["440*25+3"] = { 6, 'neither "," nor ";" nor the end' },
    ["440 /100"] = { 3, 'neither "," nor ";" nor the end' },
    ["440;level=4"] = { 10, "a level is -60 to 3 dBm0" },
    ["440;level=-61"] = { 11, "a level is -60 to 3 dBm0" },
    ["440;level="] = { 10, "a level is -60 to 3 dBm0" },
    ["440;repeat=1000001"] = { 11, "repeat is 0 to 1000000 times" },
    ["440;colour=red"] = { 4, "an option is level or repeat" },
    ["440;"] = { 4, "an option is level or repeat" },
    ["ringing"] = { 0, "no tone of that name or country" },
    ["busy/xx"] = { 0, "no tone of that name or country" },
    ["busy/"] = { 0, "no tone of that name or country" },
  } do
    it(("refuses %q and says where and why"):format(text), function()
      local nothing, at, what = tones.parse(text)
      assert.is_nil(nothing)
      assert.same(problem, { at, what })
    end)
  end

  it("has 24 parts and not 25", function()
    assert.equal(24, select(2, tones.parse(("425/100,"):rep(23) .. "0/100")))
    local nothing, at, what = tones.parse(("425/100,"):rep(24) .. "0/100")
    assert.is_nil(nothing)
    assert.same({ 192, "more than 24 parts" }, { at, what })
  end)
end)

describe("The table of tones", function()
  local countries <const> = tones.countries()

  it("has more than thirty countries, each with all tones", function()
    assert.is_true(#countries > 30)
    assert.same({ "dial", "ringback", "busy", "congestion", "waiting", "information", "beep" },
      tones.names())
    for _, country in ipairs(countries) do
      for _, name in ipairs(tones.names()) do
        local text = tones.tone_text(country, name)
        assert.truthy(tones.parse(text), country .. " " .. name)
        assert.equal(tones.parse(text), tones.parse(name .. "/" .. country:upper()))
      end
    end
  end)

  it("is sorted by country, none twice", function()
    for i = 2, #countries do assert.is_true(countries[i - 1] < countries[i]) end
  end)

  it("knows what some administrations told the ITU", function()
    assert.equal("440+480/2000,0/4000", tones.tone_text("us", "ringback"))
    assert.equal("425/480,0/480", tones.tone_text("de", "busy"))
    assert.equal("400+450/400,0/200,400+450/400,0/2000", tones.tone_text("GB", "RINGBACK"))
    assert.equal("425/1500,0/3000", tones.tone_text("es", "ringback"))
    assert.equal("440/500,0/500", tones.tone_text("fr", "busy"))
    assert.is_nil(tones.tone_text("zz", "busy"))
    assert.is_nil(tones.tone_text("us", "music"))
  end)

  it("has ringback and busy that end never, within what E.180 allows", function()
    for _, country in ipairs(countries) do
      assert.equal(0, tones.parse(tones.tone_text(country, "ringback")))
      assert.equal(0, tones.parse(tones.tone_text(country, "busy")))
    end
  end)
end)

describe("The tone generator", function()
  it("makes each frequency as loud as its level says", function()
    for _, rate in ipairs { 8000, 16000, 44100, 48000 } do
      local samples = tones.generate("440+480;level=-20", rate, 1000)
      for _, hz in ipairs { 440, 480 } do
        assert.near(codecs.amplitude_of_dbm0(-20), sound.amplitude(samples, rate, hz), 15)
      end
      assert.is_true(sound.amplitude(samples, rate, 900) < 2)
    end
  end)

  it("keeps to its cadence, sample by sample", function()
    local samples = tones.generate("440+480/2000,0/4000;repeat=2", 8000, 20000)
    assert.equal(12000 * 16, #samples)
    for second = 0, 11 do
      local loud = second % 6 < 2
      local part = sound.cut(samples, 8000, second * 1000, second * 1000 + 1000)
      assert.equal(loud, sound.rms(part) > 1000, second)
      if not loud then assert.equal(sound.silence(8000, 1000), part) end
    end
  end)

  it("plays a part with ! the first time only", function()
    local samples = tones.generate("!1000/100,425/100,0/100;repeat=2", 8000, 2000)
    assert.equal(500 * 16, #samples)
    local function hears(hz, from)
      return sound.amplitude(sound.cut(samples, 8000, from, from + 100), 8000, hz) > 1000
    end
    assert.is_true(hears(1000, 0))
    assert.is_true(hears(425, 100))
    assert.is_false(hears(425, 200))
    assert.is_true(hears(425, 300))
    assert.is_false(hears(1000, 300))
    assert.is_false(hears(425, 400))
  end)

  it("goes on for as long as somebody listens", function()
    local samples = tones.generate("425", 8000, 60000)
    assert.equal(60000 * 16, #samples)
    assert.near(codecs.amplitude_of_dbm0(-13),
      sound.amplitude(sound.cut(samples, 8000, 59000, 60000), 8000, 425), 15)
  end)

  it("modulates by 90 %", function()
    local samples = tones.generate("400*25;level=-10", 8000, 1000)
    local carrier = sound.amplitude(samples, 8000, 400)
    for _, hz in ipairs { 375, 425 } do
      assert.near(0.45, sound.amplitude(samples, 8000, hz) / carrier, 0.01)
    end
  end)

  it("is silent where a frequency is too high for the rate", function()
    assert.equal(sound.silence(8000, 100), tones.generate("4000", 8000, 100))
    local samples = tones.generate("20000+1000", 8000, 500)
    assert.near(sound.amplitude(samples, 8000, 1000), math.sqrt(2) * sound.rms(samples), 10)
  end)

  it("saturates four frequencies of 3 dBm0", function()
    local samples = tones.generate("500+700+900+1100;level=3", 8000, 200)
    local list = sound.unpack(samples)
    table.sort(list)
    assert.same({ -32768, 32767 }, { list[1], list[#list] })
  end)

  it("has a sine that is right everywhere (by a table of 257)", function()
    for i = 0, 9999 do
      local phase = i * 429497 + i
      local expected = 32767 * math.sin(2 * math.pi * phase / 2 ^ 32)
      assert.near(expected, tones.sine(phase), 1.5, phase)
    end
    assert.equal(32767, tones.sine(0x40000000))
    assert.equal(-32767, tones.sine(0xc0000000))
  end)
end)

describe("Goertzel's algorithm", function()
  it("gives (A N / 2)^2 of a frequency, nothing of others, and the energy", function()
    local samples = sound.sines({ [800] = 1000, [1500] = 500 }, 8000, 100)
    local powers, energy = tones.goertzel({ 800, 1500, 300, 1000, 2000, 3000, 810, 3900 }, 8000,
      samples)
    assert.near(1, powers[1] / (1000 * 800 / 2) ^ 2, 0.001)
    assert.near(1, powers[2] / (500 * 800 / 2) ^ 2, 0.001)
    for _, i in ipairs { 3, 4, 5, 6, 8 } do assert.is_true(powers[i] < powers[2] / 1e4) end
    assert.near(1, energy / (800 * (1000 ^ 2 + 500 ^ 2) / 2), 0.001)
  end)
end)
