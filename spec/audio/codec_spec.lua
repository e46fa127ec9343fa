-- SPDX-License-Identifier: MIT
--
-- Codecs by name, and payloads made and read. Opus and G722 are there whenever the suite
-- runs (.ci/packages); spec/checks/optional_spec.lua builds without them.

local codecs <const> = require "audio_codecs"
local sound <const> = require "spec.support.sound"

local function speech(rate)
  return sound.made_by("flite -voice slt -t 'Your call is important to us' -o %s", rate)
end

-- Through encoder and decoder in frames of so many milliseconds; what was lost in `lost`
-- (a set of frame numbers) is concealed.
local function through(name, options)
  local encoder <const> = assert(codecs.encoder(name, options.settings))
  local decoder <const> = assert(codecs.decoder(name, options.settings))
  local frame <const> = options.rate * options.ptime // 1000
  local payloads, out = {}, {}
  for samples in sound.frames(options.samples, frame) do
    payloads[#payloads + 1] = encoder:encode(samples)
  end
  for i, payload in ipairs(payloads) do
    if options.lost and options.lost[i] then
      out[i] = decoder:conceal(frame, options.fec and payloads[i + 1] or nil)
    else
      out[i] = decoder:decode(payload)
    end
  end
  return table.concat(out), payloads
end

describe("The list of codecs", function()
  it("has names, clock rates and payload types as registered (RFC 3551 6, RFC 7587 7)", function()
    local list = {}
    for _, codec in ipairs(codecs.codecs()) do
      list[#list + 1] = ("%s/%d/%d %d %d"):format(codec.name, codec.clock, codec.channels,
        codec.type, codec.rate)
    end
    assert.same({
      "opus/48000/2 255 48000", "G722/8000/1 9 16000", "PCMA/8000/1 8 8000",
      "PCMU/8000/1 0 8000", "L16/16000/1 255 16000", "L16/8000/1 255 8000",
      "L16/48000/1 255 48000", "L16/44100/1 11 44100", "L16/32000/1 255 32000",
      "L16/24000/1 255 24000",
    }, list)
  end)

  it("finds by name in either case", function()
    assert.equal(160, codecs.payload_size("pcmu", 20))
    assert.equal(160, codecs.payload_size("Pcma", 20))
    assert.has_error(function() codecs.payload_size("GSM", 20) end)
  end)

  it("tells the size and length of payloads", function()
    assert.equal(80, codecs.payload_size("PCMU", 10))
    assert.equal(480, codecs.payload_size("PCMA", 60))
    assert.equal(160, codecs.payload_size("G722", 20))
    assert.equal(640, codecs.payload_size("L16/16000", 20))
    assert.equal(1764, codecs.payload_size("L16/44100", 20))
    assert.equal(0, codecs.payload_size("opus", 20))
    assert.equal(240, codecs.duration("PCMU", ("x"):rep(240)))
    assert.equal(160, codecs.duration("G722", ("x"):rep(160))) -- of its clock of 8000
    assert.equal(320, codecs.duration("L16/16000", ("x"):rep(640)))
    assert.equal(0, codecs.duration("PCMU", ""))
  end)

  it("takes a codec of a plug-in once, and refuses what is not whole", function()
    assert.equal("INVALID", codecs.add("x-mine", 8000, 2)) -- another version of the struct
    assert.equal("INVALID", codecs.add("", 8000))
    assert.equal("INVALID", codecs.add("x-mine", 0))
    assert.equal("STATE", codecs.add("pcmu", 8000))
    assert.equal("ok", codecs.add("x-mine", 8000))
    assert.equal("STATE", codecs.add("X-Mine", 8000))
    assert.equal(160, codecs.payload_size("x-mine", 20))
  end)

  it("holds 32 codecs and not 33", function()
    local count, error = codecs.fill()
    assert.equal(32, count)
    assert.equal("LIMIT", error)
  end)

  it("misses nothing that it does not know", function()
    assert.is_nil(codecs.missing "opus")
    assert.is_nil(codecs.missing "G722")
    assert.is_nil(codecs.missing "x-unknown")
  end)

  it("tells which rates and frames a codec takes", function()
    for rate, takes in pairs { [8000] = true, [12000] = true, [16000] = true, [24000] = true,
                               [48000] = true, [32000] = false, [44100] = false } do
      assert.equal(takes, codecs.takes_rate("opus", rate), rate)
    end
    assert.is_true(codecs.takes_rate("G722", 8000))
    assert.is_false(codecs.takes_rate("PCMU", 16000))
    for ms, takes in pairs { [10] = true, [20] = true, [40] = true, [60] = true,
                             [30] = false, [50] = false, [5] = false, [70] = false } do
      assert.equal(takes, codecs.takes_ptime("opus", ms), ms)
    end
    assert.is_true(codecs.takes_ptime("PCMU", 30))
    assert.is_false(codecs.takes_ptime("PCMU", 9))
    assert.is_false(codecs.takes_ptime("PCMU", 61))
  end)

  it("refuses settings that a codec cannot work with", function()
    assert.is_nil(codecs.encoder("PCMU", { rate = 16000 }))
    assert.is_nil(codecs.decoder("opus", { rate = 44100 }))
    assert.is_nil(codecs.encoder("opus", { complexity = 11 }))
    assert.is_nil(codecs.encoder("opus", { loss = 101 }))
  end)
end)

describe("PCMU, PCMA and L16", function()
  it("are exactly what the tables say, in frames of 10 to 60 ms", function()
    local samples <const> = sound.sines({ [440] = 9000, [1300] = 4000 }, 8000, 300)
    for name, law in pairs { PCMU = "ulaw", PCMA = "alaw" } do
      for _, ptime in ipairs { 10, 20, 30, 60 } do
        local out, payloads = through(name, { samples = samples, rate = 8000, ptime = ptime })
        local bytes = codecs.g711_encode(law, samples)
        assert.equal(bytes:sub(1, #out // 2), table.concat(payloads))
        assert.equal(codecs.g711_decode(law, bytes):sub(1, #out), out)
      end
    end
  end)

  it("send L16 in network byte order (RFC 3551 4.5.11)", function()
    local encoder = codecs.encoder "L16/8000"
    assert.equal("\x12\x34\xff\xfe\x80\x00\x7f\xff",
      encoder:encode(string.pack("i2i2i2i2", 0x1234, -2, -32768, 32767)))
    local decoder = codecs.decoder "L16/8000"
    assert.equal(string.pack("i2i2", 0x1234, -2), decoder:decode "\x12\x34\xff\xfe")
  end)

  it("refuse half a sample, an empty payload, and what does not fit", function()
    for _, name in ipairs { "PCMU", "PCMA", "L16/8000", "G722" } do
      local decoder, encoder = codecs.decoder(name), codecs.encoder(name)
      assert.equal("", decoder:decode "")
      assert.equal("", decoder:decode(("x"):rep(400), 199))
      assert.equal("", encoder:encode(("x"):rep(800), 100))
    end
    assert.equal("", codecs.decoder("L16/8000"):decode "abc")
    assert.equal("", codecs.encoder("G722"):encode(("x"):rep(2 * 321)))
  end)
end)

describe("G722 (RFC 3551 4.5.2)", function()
  it("carries speech of 16 kHz in 160 bytes of 20 ms", function()
    local samples <const> = sound.cut(speech(16000), 16000, 0, 1500)
    local out, payloads = through("G722", { samples = samples, rate = 16000, ptime = 20 })
    assert.equal(160, #payloads[1])
    -- Its filters delay by 22 samples.
    assert.is_true(sound.snr(samples:sub(1, -45), out:sub(45)) > 15)
  end)

  it("carries a tone above 4 kHz, and at 8 kHz one below", function()
    local wide = sound.sines({ [5000] = 5000 }, 16000, 500)
    local out = through("G722", { samples = wide, rate = 16000, ptime = 20 })
    assert.near(1, sound.amplitude(out:sub(3201), 16000, 5000) / 5000, 0.1)
    local narrow = sound.sines({ [1000] = 5000 }, 8000, 500)
    out = through("G722", { samples = narrow, rate = 8000, ptime = 20, settings = { rate = 8000 } })
    assert.equal(#narrow, #out)
    assert.near(1, sound.amplitude(out:sub(1601), 8000, 1000) / 5000, 0.1)
  end)
end)

describe("opus (RFC 7587)", function()
  it("works at each of its rates, and says how long a payload lasts in 48 kHz", function()
    for _, rate in ipairs { 8000, 12000, 16000, 24000, 48000 } do
      for _, ptime in ipairs { 10, 20, 40, 60 } do
        local tone = sound.sines({ [1000] = 8000 }, rate, 480)
        local out, payloads = through("opus",
          { samples = tone, rate = rate, ptime = ptime, settings = { rate = rate } })
        assert.equal(#tone, #out)
        assert.equal(48 * ptime, codecs.duration("opus", payloads[3]))
        assert.near(1, sound.amplitude(out:sub(#out // 4 * 2 + 1), rate, 1000) / 8000, 0.15)
      end
    end
  end)

  it("refuses frames of 30 ms and payloads that are damaged", function()
    local encoder, decoder = codecs.encoder("opus", { rate = 8000 }), codecs.decoder("opus")
    assert.equal("", encoder:encode(("\0"):rep(480)))
    assert.equal("", decoder:decode "")
    assert.equal("", decoder:decode("\xff"))
    assert.equal(0, codecs.duration("opus", ""))
    assert.equal(0, codecs.duration("opus", "\xff"))
  end)

  it("never sends less in silence: a gap is a loss (usedtx is not used)", function()
    local _, payloads = through("opus", { samples = sound.silence(16000, 2000), rate = 16000,
      ptime = 20, settings = { rate = 16000 } })
    for _, payload in ipairs(payloads) do assert.is_true(#payload > 2) end
  end)

  it("keeps to the peer's maxaveragebitrate, maxplaybackrate and cbr (6.1)", function()
    local samples <const> = speech(48000)
    local function bytes(settings)
      local _, payloads = through("opus", { samples = samples, rate = 48000, ptime = 20,
        settings = settings })
      local sizes = {}
      for i, payload in ipairs(payloads) do sizes[i] = #payload end
      return #table.concat(payloads) * 50 * 8 / #payloads, sizes, payloads
    end
    assert.near(16000, (bytes { fmtp = "maxaveragebitrate=16000" }), 4000)
    assert.near(12000, (bytes { bit_rate = 12000, fmtp = "maxaveragebitrate=64000" }), 3000)
    assert.near(6000, (bytes { fmtp = "maxaveragebitrate=1" }), 2500)
    local _, sizes = bytes { fmtp = "cbr=1; maxaveragebitrate=24000" }
    for _, size in ipairs(sizes) do assert.equal(60, size) end
    -- The table of configurations (RFC 6716 3.1): 0 to 3 is SILK, narrowband.
    local _, _, narrow = bytes { fmtp = "maxplaybackrate=8000" }
    for _, payload in ipairs(narrow) do
      local config = payload:byte() >> 3
      assert.is_true(config <= 3 or (config >= 16 and config <= 19), config)
    end
    assert.is_true(bytes { fmtp = "maxaveragebitrate=none;maxplaybackrate=" } > 20000)
  end)

  it("says what it wants to receive", function()
    assert.equal("useinbandfec=1", codecs.fmtp "opus")
    assert.equal("useinbandfec=1;maxplaybackrate=16000;sprop-maxcapturerate=16000",
      codecs.fmtp("opus", { rate = 16000 }))
    assert.equal("", codecs.fmtp "PCMU")
  end)

  it("recovers a lost payload from the next one, better than without it", function()
    local samples <const> = sound.cut(speech(16000), 16000, 0, 1800)
    local lost = {}
    for i = 5, 90, 5 do lost[i] = true end
    local settings = { rate = 16000, loss = 20, fmtp = "useinbandfec=1", bit_rate = 24000 }
    local function run(changes)
      local options = { samples = samples, rate = 16000, ptime = 20, settings = settings }
      for key, value in pairs(changes) do options[key] = value end
      return (through("opus", options))
    end
    local whole = run {}
    local with, without = run { lost = lost, fec = true }, run { lost = lost }
    assert.equal(#whole, #with)
    assert.is_true(sound.snr(whole, with) > sound.snr(whole, without) + 3)
  end)

  it("adds redundancy when reports of loss come", function()
    local samples <const> = sound.cut(speech(16000), 16000, 0, 1800)
    local function recovered(percent)
      local settings = { rate = 16000, fmtp = "useinbandfec=1", bit_rate = 24000 }
      local encoder, decoder = codecs.encoder("opus", settings), codecs.decoder("opus", settings)
      local reference = codecs.decoder("opus", settings)
      encoder:expect_loss(percent)
      local payloads, whole, out = {}, {}, {}
      for frame in sound.frames(samples, 320) do
        payloads[#payloads + 1] = encoder:encode(frame)
      end
      for i, payload in ipairs(payloads) do
        whole[i] = reference:decode(payload)
        out[i] = i % 5 == 0 and decoder:conceal(320, payloads[i + 1]) or decoder:decode(payload)
      end
      return sound.snr(table.concat(whole), table.concat(out))
    end
    assert.is_true(recovered(30) > recovered(0) + 3)
  end)

  it("conceals any number of samples", function()
    local decoder = codecs.decoder("opus", { rate = 8000 })
    for _, count in ipairs { 1, 19, 20, 160, 163, 480 } do
      assert.equal(count * 2, #decoder:conceal(count))
    end
  end)
end)

describe("A decoder", function()
  it("gives comfort noise for gaps after a CN payload, until a payload comes", function()
    for _, name in ipairs { "PCMU", "G722", "opus" } do
      local settings = name == "opus" and { rate = 8000 } or nil
      local decoder, encoder = codecs.decoder(name, settings), codecs.encoder(name, settings)
      local frame = name == "G722" and 320 or 160
      local rate = name == "G722" and 16000 or 8000
      local tone = sound.sines({ [700] = 8000 }, rate, 20)
      decoder:decode(encoder:encode(tone))
      assert.is_false(decoder:comfort "")
      assert.is_true(decoder:comfort "\x28") -- -40 dBov
      local parts = {}
      for i = 1, 50 do parts[i] = decoder:conceal(frame) end
      local noise = table.concat(parts, "", 10)
      assert.near(40, (codecs.level(noise)), 1)
      decoder:decode(encoder:encode(tone))
      decoder:decode(encoder:encode(tone))
      assert.is_true(codecs.level(decoder:conceal(frame)) < 30) -- a loss again
    end
  end)

  it("has one block of a size known before", function()
    local _, size = codecs.decoder "PCMU"
    assert.is_true(size < 2048)
    _, size = codecs.decoder "G722"
    assert.is_true(size < 4096)
    _, size = codecs.encoder "PCMU"
    assert.is_true(size <= 32)
  end)
end)
