-- SPDX-License-Identifier: MIT
--
-- WAV files, read and written: ours, libsndfile's, sox's and espeak-ng's; and those that
-- nobody should have written.

local codecs <const> = require "audio_codecs"
local files <const> = require "audio_files"
local oracle <const> = require "audio_oracle"
local scratch <const> = require "spec.support.scratch"
local sound <const> = require "spec.support.sound"

local SAMPLES <const> = sound.pack { 0, 1, -1, 256, -256, 12345, -12345, 32767, -32768, 5 }

local function chunk(id, data, len)
  return id .. string.pack("<I4", len or #data) .. data .. (#data % 2 == 1 and "\0" or "")
end

local function format(changes)
  local f = { tag = 1, channels = 1, rate = 8000, bits = 16, extra = "" }
  for key, value in pairs(changes or {}) do f[key] = value end
  local align = f.align or f.channels * ((f.bits + 7) // 8)
  return chunk("fmt ", string.pack("<I2I2I4I4I2I2", f.tag, f.channels, f.rate,
    (f.rate * align) & 0xffffffff, align, f.bits) .. f.extra, f.len)
end

local function wav(...)
  local body = "WAVE" .. table.concat({ ... })
  return "RIFF" .. string.pack("<I4", #body) .. body
end

local function extensible(tag, tail)
  return string.pack("<I2I2I4I2", 22, 16, 0, tag)
    .. (tail or "\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71")
end

describe("Reading a WAV file", function()
  local function reads(bytes, expected, options)
    for _, piece in ipairs { 1, 3, 7, 44, 1 << 20 } do
      for _, room in ipairs { 1, 1000 } do
        local o = { piece = piece, room = room, channel = options and options.channel }
        local samples, info, what = files.read(bytes, o)
        assert.is_table(info, what)
        assert.same(sound.unpack(expected), sound.unpack(samples))
        if piece == 1 << 20 and room == 1000 then return info end
      end
    end
  end

  it("gives its samples, whatever the pieces", function()
    local info = reads(wav(format(), chunk("data", SAMPLES)), SAMPLES)
    assert.same({ rate = 8000, channels = 1, encoding = "pcm16", truncated = false }, info)
  end)

  it("knows 8, 16, 24 and 32 bits, float, A-law and mu-law", function()
    local eight = wav(format { bits = 8 }, chunk("data", "\0\x80\xff\x81"))
    reads(eight, sound.pack { -32768, 0, 32512, 256 })
    reads(wav(format { bits = 24 }, chunk("data", string.pack("<i3i3i3i3", 256, -256, 8388607,
      -8388608))), sound.pack { 1, -1, 32767, -32768 })
    reads(wav(format { bits = 32 }, chunk("data", string.pack("<i4i4i4i4", 65536, 32768, 2147483647,
      -2147483648))), sound.pack { 1, 1, 32767, -32768 })
    local floats = { 0.5, -0.5, 1.0, -1.0, 1.5, -3.0, 1 / 0, -1 / 0, 0 / 0, 1e-9 }
    local values = sound.pack { 16384, -16384, 32767, -32768, 32767, -32768, 32767, -32768, 0, 0 }
    local four, eights = {}, {}
    for i, value in ipairs(floats) do
      four[i], eights[i] = string.pack("<f", value), string.pack("<d", value)
    end
    assert.equal("float32", reads(wav(format { tag = 3, bits = 32 },
      chunk("data", table.concat(four))), values).encoding)
    reads(wav(format { tag = 3, bits = 64 }, chunk("data", table.concat(eights))), values)
    for law, tag in pairs { alaw = 6, ulaw = 7 } do
      local bytes = codecs.g711_encode(law, SAMPLES)
      reads(wav(format { tag = tag, bits = 8 }, chunk("data", bytes)),
        codecs.g711_decode(law, bytes))
    end
    reads(wav(format { bits = 12 }, chunk("data", SAMPLES)), SAMPLES)
    assert.equal("pcm24", reads(wav(format { bits = 20 }, chunk("data", "abc")),
      sound.pack { 25442 }).encoding)
  end)

  it("knows WAVE_FORMAT_EXTENSIBLE", function()
    reads(wav(format { tag = 0xfffe, extra = extensible(1) }, chunk("data", SAMPLES)), SAMPLES)
    local bytes = codecs.g711_encode("ulaw", SAMPLES)
    reads(wav(format { tag = 0xfffe, bits = 8, extra = extensible(7) }, chunk("data", bytes)),
      codecs.g711_decode("ulaw", bytes))
  end)

  it("averages channels, or takes one", function()
    local left, right = { 100, 32767, -5, 0 }, { 300, 32767, 5, -32768 }
    local both = {}
    for i = 1, 4 do both[2 * i - 1], both[2 * i] = left[i], right[i] end
    local stereo = wav(format { channels = 2 }, chunk("data", sound.pack(both)))
    reads(stereo, sound.pack { 200, 32767, 0, -16384 })
    reads(stereo, sound.pack(left), { channel = 1 })
    reads(stereo, sound.pack(right), { channel = 2 })
    local wide = wav(format { channels = 32 }, chunk("data", string.pack("i2", 320):rep(64)))
    reads(wide, sound.pack { 320, 320 })
  end)

  it("passes over chunks that it does not know, of odd sizes too", function()
    reads(wav(chunk("LIST", "INFOx"), format { extra = "\0\0" }, chunk("fact", "\0\0\0\0"),
      chunk("bext", ("x"):rep(601)), chunk("data", SAMPLES), chunk("id3 ", "abc")), SAMPLES)
    -- Some writers forget the byte of padding.
    local bytes = wav("LIST" .. string.pack("<I4", 5) .. "INFOx", format(), chunk("data", SAMPLES))
    reads(bytes, SAMPLES)
    reads(wav(format(), chunk("data", "")), "")
  end)

  it("takes an empty data chunk between others for nothing", function()
    local samples, info = files.read(wav(format(), chunk("data", ""), chunk("LIST", "abcd"),
      chunk("data", SAMPLES)))
    assert.equal(SAMPLES, samples)
    assert.is_false(info.truncated)
    -- Less than one sample is none either.
    samples = files.read(wav(format(), chunk("data", "a"), chunk("data", SAMPLES)))
    assert.equal(SAMPLES, samples)
  end)

  it("reads what was streamed: lengths of 0, 0x7ffff000 and 0xffffffff", function()
    for _, len in ipairs { 0, 0x7ffff000, 0x7fffffff, 0xffffffff } do
      for _, riff in ipairs { 0, 0x7ffff024, 0xffffffff, 36 } do
        local bytes = "RIFF" .. string.pack("<I4", riff) .. "WAVE" .. format()
          .. chunk("data", SAMPLES, len)
        assert.is_false(reads(bytes, SAMPLES).truncated)
        assert.is_false(reads("RF64" .. bytes:sub(5, 12) .. chunk("ds64", ("\0"):rep(28))
          .. bytes:sub(13), SAMPLES).truncated)
      end
    end
  end)

  it("reads what there is of a file that was cut off, and says so", function()
    local bytes = wav(format(), chunk("data", SAMPLES))
    for cut = 45, #bytes - 1 do
      local samples, info = files.read(bytes:sub(1, cut))
      assert.equal(SAMPLES:sub(1, (cut - 44) // 2 * 2), samples)
      assert.is_true(info.truncated)
    end
  end)

  it("reads what sox, espeak-ng and libsndfile write", function()
    local folder <close> = scratch.folder()
    local tone <const> = sound.sines({ [440] = 8000 }, 8000, 200)
    folder:write("tone.raw", tone)
    local sox = "cd " .. folder.path .. " && sox -t s16 -r 8000 -c 1 tone.raw "
    for _, kind in ipairs { "-b 16", "-b 24", "-b 32", "-e float -b 32", "-e float -b 64" } do
      local output, status = folder:run(sox .. kind .. " tone.wav")
      assert.equal(0, status, output)
      local samples = files.read(sound.read(folder.path .. "/tone.wav"))
      assert.is_true(sound.snr(tone, samples) > 75, kind)
      assert.equal(#tone, #samples)
      folder:run(sox .. kind .. " -t wav - >tone.wav 2>/dev/null") -- to a pipe
      samples = files.read(sound.read(folder.path .. "/tone.wav"))
      assert.equal(#tone, #samples, kind)
    end
    folder:run(sox .. "-c 3 -e a-law tone.wav")
    local samples, info = files.read(sound.read(folder.path .. "/tone.wav"))
    assert.same({ rate = 8000, channels = 3, encoding = "alaw", truncated = false }, info)
    assert.is_true(sound.snr(tone, samples) > 30)

    local _, status = folder:run("espeak-ng --stdout hello >" .. folder.path .. "/espeak.wav")
    assert.equal(0, status)
    samples, info = files.read(sound.read(folder.path .. "/espeak.wav"))
    assert.same({ rate = 22050, channels = 1, encoding = "pcm16", truncated = false }, info)
    assert.is_true(#samples > 10000)

    for number, encoding in pairs { [0x10002] = "pcm16", [0x130002] = "pcm16",
                                    [0x10010] = "ulaw", [0x10005] = "pcm8" } do
      oracle.write_file(folder.path .. "/lib.wav", number, 1, 8000, tone)
      samples, info = files.read(sound.read(folder.path .. "/lib.wav"))
      assert.equal(encoding, info.encoding)
      assert.is_true(sound.snr(tone, samples) > 28)
    end
  end)
end)

describe("A file that is no WAV file", function()
  local good <const> = format()
  for title, case in pairs {
    ["nothing"] = { "", 0, "an empty file" },
    ["text"] = { "this is not a sound file", 0, "no RIFF header" },
    ["a big-endian file"] = { "RIFX\0\0\0\0WAVE", 0, "a big-endian WAV file (RIFX)" },
    ["a film"] = { "RIFF\0\0\0\0AVI ", 8, "a RIFF file of another kind than WAVE" },
    ["only a header"] = { "RIFF\0\0\0\0WAVE", 12, "the end before any data" },
    ["half a header"] = { "RIFF\0", 5, "the end before any data" },
    ["no data"] = { wav(good), 36, "the end before any data" },
    ["no format"] = { wav(chunk("data", SAMPLES)), 12, "no fmt chunk before the data" },
    ["rubbish between chunks"] =
      { wav(good, "\1\2\3\4\5\6\7\8"), 36, "no chunk where one should begin" },
    ["a short format"] = { wav(chunk("fmt ", "abcdef")), 16, "a fmt chunk of that length" },
    ["a huge format"] =
      { wav(chunk("fmt ", "abc", 0xffffffff)), 16, "a fmt chunk of that length" },
    ["a format that is cut off"] = { wav(good):sub(1, 30), 30, "the end before any data" },
    ["ADPCM"] = { wav(format { tag = 2, bits = 4 }), 20,
      "neither PCM of up to 32 bits nor float nor A-law nor mu-law" },
    ["0 bits"] = { wav(format { bits = 0 }), 20,
      "neither PCM of up to 32 bits nor float nor A-law nor mu-law" },
    ["33 bits"] = { wav(format { bits = 33 }), 20,
      "neither PCM of up to 32 bits nor float nor A-law nor mu-law" },
    ["A-law of 16 bits"] = { wav(format { tag = 6 }), 20,
      "neither PCM of up to 32 bits nor float nor A-law nor mu-law" },
    ["no channel"] = { wav(format { channels = 0 }), 22, "no channel, or more than 32" },
    ["33 channels"] = { wav(format { channels = 33 }), 22, "no channel, or more than 32" },
    ["a rate of 0"] = { wav(format { rate = 0 }), 24, "a rate that is not 1000 to 384000 Hz" },
    ["a rate of 999"] = { wav(format { rate = 999 }), 24, "a rate that is not 1000 to 384000 Hz" },
    ["a rate of 384001"] =
      { wav(format { rate = 384001 }), 24, "a rate that is not 1000 to 384000 Hz" },
    ["blocks that do not fit"] =
      { wav(format { align = 3 }), 32, "a block length that does not fit the format" },
    ["an unknown extension"] = { wav(format { tag = 0xfffe, extra = extensible(1, ("x"):rep(14)) }),
      20, "an extended format that is not known" },
    ["an extension that is missing"] =
      { wav(format { tag = 0xfffe }), 20, "an extended format that is not known" },
  } do
    it("is said to be so, and where: " .. title, function()
      for _, piece in ipairs { 1, 5, 4096 } do
        local samples, at, what = files.read(case[1], { piece = piece })
        assert.is_nil(samples)
        assert.same({ case[2], case[3] }, { at, what })
      end
    end)
  end

  it("has too few channels for the one that is wanted", function()
    local samples, at, what = files.read(wav(good, chunk("data", SAMPLES)), { channel = 2 })
    assert.is_nil(samples)
    assert.same({ 22, "fewer channels than the one that is wanted" }, { at, what })
  end)

  it("never breaks the reader, whichever byte is wrong", function()
    local bytes = wav(chunk("LIST", "INFOx"), format { tag = 0xfffe, extra = extensible(1) },
      chunk("data", SAMPLES))
    for at = 1, #bytes do
      for _, byte in ipairs { 0, 1, 0x20, 0x7f, 0x80, 0xff } do
        local samples, info = files.read(bytes:sub(1, at - 1) .. string.char(byte)
          .. bytes:sub(at + 1), { piece = 13 })
        assert.is_true(samples ~= nil or info <= #bytes)
      end
    end
  end)
end)

describe("Writing a WAV file", function()
  local folder

  setup(function() folder = scratch.folder() end)
  teardown(function() folder:remove() end)

  local function written(encoding, channels, rate, samples)
    local data = files.data(encoding, samples)
    return folder:write("out.wav", files.header(encoding, channels, rate, #data) .. data
      .. (#data % 2 == 1 and "\0" or ""))
  end

  it("gives what libsndfile reads", function()
    for encoding, bytes in pairs { pcm16 = 44, alaw = 58, ulaw = 58 } do
      for _, channels in ipairs { 1, 2 } do
        local samples, count, rate = oracle.read_file(written(encoding, channels, 16000, SAMPLES))
        assert.same({ channels, 16000 }, { count, rate })
        local expected = encoding == "pcm16" and SAMPLES
          or codecs.g711_decode(encoding, codecs.g711_encode(encoding, SAMPLES))
        assert.equal(expected, samples)
        assert.equal(bytes, #files.header(encoding, channels, 16000, 20))
      end
    end
    assert.equal("", files.data("pcm24", SAMPLES))
  end)

  it("gives what we read, with an odd number of bytes too", function()
    local odd = SAMPLES:sub(1, 18)
    local samples, info = files.read(sound.read(written("ulaw", 1, 8000, odd)))
    assert.equal(codecs.g711_decode("ulaw", codecs.g711_encode("ulaw", odd)), samples)
    assert.is_false(info.truncated)
  end)

  it("gives a file that is readable between two writes of its header", function()
    -- As a recorder does: a header for what is there, more data, and then it is killed.
    local first, more = SAMPLES:rep(100), SAMPLES:rep(30)
    local path = folder:write("killed.wav", files.header("pcm16", 1, 8000, #first) .. first .. more)
    assert.equal(first, (oracle.read_file(path)))
    assert.equal(first, (files.read(sound.read(path))))
    -- Before the first second: a header for no data.
    path = folder:write("killed.wav", files.header("pcm16", 1, 8000, 0) .. first)
    assert.equal(first, (files.read(sound.read(path))))
  end)

  it("stays below 4 GiB", function()
    for _, encoding in ipairs { "pcm16", "ulaw" } do
      for _, channels in ipairs { 1, 2, 3 } do
        local most = files.data_max(encoding, channels, 8000)
        local header = assert(files.header(encoding, channels, 8000, most))
        local riff = string.unpack("<I4", header, 5)
        assert.equal(#header - 8 + most + most % 2, riff)
        assert.equal(most, (string.unpack("<I4", header, #header - 3)))
        assert.is_nil(files.header(encoding, channels, 8000, most + 1))
        assert.is_true(most > (1 << 32) - 100)
      end
    end
  end)

  it("refuses a format that cannot be", function()
    assert.is_nil(files.header("pcm16", 0, 8000, 0))
    assert.is_nil(files.header("pcm16", 33, 8000, 0))
    assert.is_nil(files.header("pcm16", 1, 999, 0))
    assert.is_nil(files.header("pcm16", 1, 384001, 0))
    assert.equal(0, files.data_max("pcm16", 0, 8000))
  end)
end)
