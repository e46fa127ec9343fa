-- SPDX-License-Identifier: MIT
--
-- Prompts in memory: loaded from files of all kinds, converted and encoded once.

local codecs <const> = require "audio_codecs"
local files <const> = require "audio_files"
local oracle <const> = require "audio_oracle"
local scratch <const> = require "spec.support.scratch"
local sound <const> = require "spec.support.sound"

local TONE <const> = sound.sines({ [440] = 8000, [1250] = 3000 }, 8000, 1010)

local function wav(samples, rate, channels)
  return files.header("pcm16", channels or 1, rate, #samples) .. samples
end

describe("A clip", function()
  it("holds samples up to its limit", function()
    local clip = files.clip(8000, TONE)
    assert.equal(TONE, clip:samples())
    assert.same({ 8000, 1010 }, { table.unpack({ clip:info() }, 1, 2) })
    assert.truthy(files.clip(8000, sound.silence(8000, 2000), 2))
    local nothing, error = files.clip(8000, sound.silence(8000, 2000) .. "\0\0", 2)
    assert.same({ nil, "LIMIT" }, { nothing, error })
    assert.is_nil(files.clip(999, TONE))
    assert.equal("", files.clip(8000, ""):samples())
  end)

  it("has PCMU, PCMA and L16 of any place and length, bit for bit", function()
    local clip = files.clip(8000, TONE)
    for name, law in pairs { PCMU = "ulaw", PCMA = "alaw" } do
      assert.is_true(clip:render(name))
      local bytes = codecs.g711_encode(law, TONE)
      for _, ptime in ipairs { 10, 20, 30, 60 } do
        for _, from in ipairs { 0, 20, 125, 333, 900 } do
          assert.equal(bytes:sub(8 * from + 1, 8 * (from + ptime)),
            clip:payload(name, nil, from, ptime))
        end
      end
    end
    assert.is_true(clip:render("L16", { rate = 16000 }))
    assert.equal(640, #clip:payload("L16", { rate = 16000 }, 100, 20))
  end)

  it("fills the last payload up with silence, and has none behind it", function()
    local clip = files.clip(8000, TONE) -- 1010 ms
    clip:render "PCMU"
    local bytes = codecs.g711_encode("ulaw", TONE)
    assert.equal(bytes:sub(-80) .. ("\xff"):rep(80), clip:payload("PCMU", nil, 1000, 20))
    assert.equal(bytes:sub(-8) .. ("\xff"):rep(472), clip:payload("PCMU", nil, 1009, 60))
    assert.equal("", clip:payload("PCMU", nil, 1010, 20))
    assert.equal("", clip:payload("PCMU", nil, 1 << 40, 20))
    assert.equal("", clip:payload("PCMU", nil, 0, 61))
  end)

  it("has opus in payloads of the length that was asked for", function()
    local clip = files.clip(8000, TONE)
    for _, ptime in ipairs { 20, 60 } do
      local how = { rate = 16000, ptime = ptime }
      assert.is_true(clip:render("opus", how))
      local decoder = codecs.decoder("opus", { rate = 16000 })
      local out = {}
      for from = 0, 1000, ptime do
        local payload = clip:payload("opus", how, from, ptime)
        assert.equal(48 * ptime, codecs.duration("opus", payload))
        out[#out + 1] = decoder:decode(payload)
      end
      assert.near(8000, sound.amplitude(sound.cut(table.concat(out), 16000, 200, 800), 16000, 440),
        800)
      assert.equal("", clip:payload("opus", how, 10, ptime))
      assert.equal("", clip:payload("opus", how, 0, 40))
      assert.equal("", clip:payload("opus", how, 1020, ptime))
    end
    assert.is_false(clip:render("opus", { ptime = 30 }))
    assert.is_false(clip:render("opus", { rate = 44100 }))
  end)

  it("has G722, whose clock is half of its rate", function()
    local clip = files.clip(8000, TONE)
    assert.is_true(clip:render "G722")
    local decoder, out = codecs.decoder "G722", {}
    for from = 0, 990, 20 do out[#out + 1] = decoder:decode(clip:payload("G722", nil, from, 20)) end
    out = table.concat(out)
    assert.equal(51 * 320 * 2 - 640, #out)
    assert.near(8000, sound.amplitude(sound.cut(out, 16000, 200, 800), 16000, 440), 300)
  end)

  it("has samples at another rate, on time, and its own without a copy", function()
    local clip = files.clip(8000, TONE)
    local before = select(3, clip:info())
    clip:render(nil, { rate = 8000 })
    assert.equal(TONE, clip:at_rate(8000))
    assert.is_true(select(3, clip:info()) - before < 400)
    clip:render(nil, { rate = 16000 })
    local wide = clip:at_rate(16000)
    assert.equal(2 * #TONE, #wide)
    local reference = sound.sines({ [440] = 8000, [1250] = 3000 }, 16000, 1010)
    assert.is_true(sound.snr(sound.cut(reference, 16000, 100, 900),
      sound.cut(wide, 16000, 100, 900)) > 60)
    assert.is_nil(clip:at_rate(24000))
  end)

  it("makes each rendition once, and finds only what was made", function()
    local clip = files.clip(8000, TONE)
    assert.equal(0, clip:find "PCMU")
    local _, first = clip:render "PCMU"
    local _, second = clip:render "PCMU"
    assert.equal(first, second)
    assert.equal(first, clip:find "PCMU")
    assert.equal(first, clip:find("PCMU", { ptime = 30 })) -- it can be cut anywhere
    assert.equal(0, clip:find "PCMA")
    local _, twenty = clip:render("opus", { ptime = 20 })
    local _, forty = clip:render("opus", { ptime = 40 })
    assert.not_equal(twenty, forty)
  end)

  it("makes one when four threads want it at once", function()
    for _ = 1, 5 do assert.is_true(files.race(TONE)) end
  end)

  it("leaves nothing behind when there is no memory, at any point", function()
    local clip = files.clip(8000, TONE)
    for _, what in ipairs { { "PCMU" }, { "opus" }, { nil, { rate = 16000 } } } do
      local failed = 0
      while not clip:render(what[1], what[2], failed) do failed = failed + 1 end
      assert.is_true(failed > 0)
    end
    clip:close() -- counts its blocks
    local failed = 0
    while true do
      local loaded, error = files.load(wav(TONE, 8000), { rate = 16000, fail = failed })
      if loaded then break end
      assert.equal("MEMORY", error)
      failed = failed + 1
    end
    assert.is_true(failed > 3)
  end)
end)

describe("Loading a clip", function()
  it("takes WAV at its own rate or another", function()
    local clip = files.load(wav(TONE, 8000))
    assert.equal(TONE, clip:samples())
    clip = files.load(wav(TONE, 8000), { rate = 16000 })
    assert.same({ 16000, 1010 }, { table.unpack({ clip:info() }, 1, 2) })
    local reference = sound.sines({ [440] = 8000, [1250] = 3000 }, 16000, 1010)
    assert.is_true(sound.snr(sound.cut(reference, 16000, 100, 900),
      sound.cut(clip:samples(), 16000, 100, 900)) > 60)
    clip = files.load(wav(sound.sines({ [440] = 8000 }, 44100, 300), 44100), { rate = 8000 })
    assert.near(300, (select(2, clip:info())), 1)
  end)

  it("takes one channel of two", function()
    local stereo = (string.pack("i2", 100) .. string.pack("i2", 300)):rep(800)
    assert.equal(string.pack("i2", 200):rep(800), files.load(wav(stereo, 8000, 2)):samples())
    assert.equal(string.pack("i2", 300):rep(800),
      files.load(wav(stereo, 8000, 2), { channel = 2 }):samples())
  end)

  for title, case in pairs {
    ["an empty file"] = { "", "AUDIO", 0, "an empty file" },
    ["a truncated header"] = { "RIFF", "AUDIO", 4, "the end before any data" },
    ["a file without a sample"] = { wav("", 8000), "AUDIO", 44, "no samples" },
    ["a damaged header"] = { wav(TONE, 8000):sub(1, 20) .. "\xff" .. wav(TONE, 8000):sub(22),
      "AUDIO", 20, "neither PCM of up to 32 bits nor float nor A-law nor mu-law" },
  } do
    it("says what is wrong with " .. title, function()
      local nothing, error, at, what = files.load(case[1])
      assert.is_nil(nothing)
      assert.same({ case[2], case[3], case[4] }, { error, at, what })
    end)
  end

  it("says that text is no sound file", function()
    local nothing, error, _, what = files.load(("this is no sound file. "):rep(20))
    assert.is_nil(nothing)
    assert.equal("AUDIO", error)
    assert.truthy(what:lower():find "format", what)
  end)

  it("takes so many seconds and no more", function()
    assert.truthy(files.load(wav(sound.silence(8000, 2000), 8000), { max_seconds = 2 }))
    local nothing, error = files.load(wav(sound.silence(8000, 2001), 8000), { max_seconds = 2 })
    assert.same({ nil, "LIMIT" }, { nothing, error })
  end)

  -- libsndfile's numbers of formats
  local OTHERS <const> = { flac = 0x170002, ogg = 0x200060, opus = 0x200064, mp3 = 0x230082,
                           aiff = 0x20002, au = 0x30002 }
  for name, number in pairs(OTHERS) do
    it("takes " .. name .. " through libsndfile", function()
      local folder <close> = scratch.folder()
      local rate = name == "opus" and 48000 or 44100
      local both, tone = {}, sound.unpack(sound.sines({ [440] = 8000 }, rate, 500))
      for i, value in ipairs(tone) do both[2 * i - 1], both[2 * i] = value, value end
      local path = folder.path .. "/tone"
      oracle.write_file(path, number, 2, rate, sound.pack(both))
      local clip = assert(files.load(sound.read(path), { rate = 8000 }))
      local heard, ms = clip:samples(), select(2, clip:info())
      assert.near(500, ms, 80) -- mp3 has padding
      -- As loud as libsndfile reads it (it writes mp3 at half of the amplitude).
      local whole, left = sound.unpack((oracle.read_file(path))), {}
      for i = 1, #whole // 2 do left[i] = whole[2 * i - 1] end
      local expected = sound.amplitude(sound.cut(sound.pack(left), rate, 100, 400), rate, 440)
      assert.is_true(expected > 3800)
      assert.near(expected, sound.amplitude(sound.cut(heard, 8000, 100, 400), 8000, 440), 100)
      local bytes = sound.read(path)
      for _, cut in ipairs { 8, 40, 200, 1000 } do
        -- libvorbis 1.3.7 leaks when its headers end too early.
        if name ~= "ogg" or cut == 8 then files.load(bytes:sub(1, cut)) end
      end
      local nothing, error = files.load(bytes, { channel = 3 })
      assert.same({ nil, "AUDIO" }, { nothing, error })
    end)
  end
end)
