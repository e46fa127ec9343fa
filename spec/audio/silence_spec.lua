-- SPDX-License-Identifier: MIT
--
-- Speech and silence by loudness, and who answered.

local codecs <const> = require "audio_codecs"
local sound <const> = require "spec.support.sound"
local tones <const> = require "audio_tones"

local function loud(ms, rate) return sound.sines({ [300] = 4000 }, rate or 8000, ms) end
local function quiet(ms, rate) return sound.silence(rate or 8000, ms) end

describe("The detector of silence", function()
  local function feed(samples, options)
    local detector = tones.detector("silence", options and options.rate or 8000, options)
    local list = {}
    for i, event in ipairs(detector:feed(samples, options and options.frame)) do
      list[i] = ("%s %d@%d"):format(event.what, event.before, event.at)
    end
    return list, detector
  end

  it("tells when speech begins and ends, with a hang-over of 200 ms", function()
    assert.same({ "speech 500@520", "silence 1000@1700" },
      feed(quiet(500) .. loud(1000) .. quiet(1000)))
  end)

  it("passes over pauses within words, and clicks", function()
    assert.same({ "speech 0@20" }, feed(loud(300) .. quiet(190) .. loud(300)))
    assert.same({}, feed(quiet(300) .. loud(10) .. quiet(300)))
  end)

  it("knows how long it is silent or somebody speaks", function()
    local _, detector = feed(quiet(300))
    assert.same({ 300, 0, false }, { detector:state() })
    _, detector = feed(quiet(300) .. loud(400))
    assert.same({ 0, 400, true }, { detector:state() })
    _, detector = feed(loud(400) .. quiet(100))
    assert.same({ 100, 400, true }, { detector:state() })
    _, detector = feed(loud(400) .. quiet(1000))
    assert.same({ 1000, 0, false }, { detector:state() })
  end)

  it("has a threshold of a mean amplitude of 256, and other settings", function()
    local function square(amplitude)
      return (string.pack("i2", amplitude) .. string.pack("i2", -amplitude)):rep(4000)
    end
    assert.same({}, feed(square(255)))
    assert.same({ "speech 0@20" }, feed(square(256)))
    assert.same({ "speech 0@20" }, feed(square(100), { threshold = 100 }))
    assert.same({ "speech 0@20", "silence 300@1300" },
      feed(loud(300) .. quiet(2000), { hang = 1000 }))
    assert.same({ "speech 0@100", "silence 300@500" },
      feed(loud(300) .. quiet(2000), { attack = 100 }))
  end)

  it("is the same in frames of any length and at any rate", function()
    local samples = quiet(500) .. loud(1000) .. quiet(1000)
    for _, frame in ipairs { 80, 240, 480 } do
      local list = feed(samples, { frame = frame })
      assert.equal(2, #list)
      assert.truthy(list[1]:find "^speech 500@" and list[2]:find "^silence 1000@")
    end
    for _, rate in ipairs { 16000, 44100, 48000 } do
      local list = feed(quiet(500, rate) .. loud(1000, rate) .. quiet(1000, rate), { rate = rate })
      assert.truthy(list[1]:find "^speech 500@" and list[2]:find "^silence 1000@")
    end
  end)
end)

describe("The detector of answering machines", function()
  local function answered(samples, options)
    return { tones.answering(samples, options and options.rate or 8000, options) }
  end

  it("takes a short greeting and silence for a human", function()
    assert.same({ "human", "after greeting silence", 1600 },
      answered(quiet(400) .. loud(400) .. quiet(2000)))
    assert.same({ "human", "after greeting silence", 1920 },
      answered(quiet(200) .. loud(400) .. quiet(120) .. loud(400) .. quiet(2000)))
  end)

  it("takes silence at the beginning for a machine", function()
    assert.same({ "machine", "initial silence", 2500 }, answered(quiet(6000)))
  end)

  it("takes a long greeting for a machine", function()
    local list = answered(quiet(300) .. loud(6000))
    assert.same({ "machine", "greeting" }, { list[1], list[2] })
    assert.near(1800, list[3], 20)
    -- Also when it has pauses.
    list = answered((loud(800) .. quiet(100)):rep(3) .. quiet(5000), { max_words = 9 })
    assert.same({ "machine", "greeting" }, { list[1], list[2] })
  end)

  it("takes many words for a machine", function()
    local words = (loud(150) .. quiet(100)):rep(6)
    assert.same({ "machine", "max words" }, { table.unpack(answered(words), 1, 2) })
    assert.same({ "human", "after greeting silence" },
      { table.unpack(answered(words .. quiet(2000), { max_words = 9, greeting = 3000 }), 1, 2) })
  end)

  it("takes one very long word for a machine, when it is told how long", function()
    assert.same({ "machine", "max word", 1000 },
      answered(loud(3000), { max_word = 1000, greeting = 4000 }))
  end)

  it("does not count what is shorter than a word", function()
    local clicks = (loud(60) .. quiet(200)):rep(8)
    assert.same({ "machine", "initial silence" },
      { table.unpack(answered(clicks .. quiet(6000)), 1, 2) })
    assert.same({ "unknown", "none" }, { table.unpack(answered(quiet(1000)), 1, 2) })
  end)

  it("gives up after its time", function()
    assert.same({ "unknown", "total", 1000 }, answered(quiet(2000), { total = 1000 }))
  end)

  it("has a threshold, and hears the same at 16 kHz", function()
    local soft = (codecs.gain(-30, loud(400)))
    assert.same({ "machine", "initial silence" },
      { table.unpack(answered(soft .. quiet(5000)), 1, 2) })
    assert.same({ "human", "after greeting silence" },
      { table.unpack(answered(soft .. quiet(5000), { threshold = 50 }), 1, 2) })
    assert.same({ "human", "after greeting silence", 1600 },
      answered(quiet(400, 16000) .. loud(400, 16000) .. quiet(2000, 16000), { rate = 16000 }))
  end)

  it("tells two spoken greetings apart", function()
    local function say(text)
      return sound.made_by(("flite -voice slt -t '%s' -o %%s"):format(text), 8000)
    end
    assert.equal("human", answered(quiet(500) .. say "Hello?" .. quiet(3000))[1])
    assert.equal("machine", answered(quiet(500)
      .. say "Hello, you have reached Dr Miller. Please leave a message after the tone."
      .. quiet(3000))[1])
  end)
end)
