-- SPDX-License-Identifier: MIT
--
-- G.711 against tables that are calculated here as the recommendation defines them:
-- decision values x and quantised values y by segment (tables 1a, 1b, 2a, 2b).

local codecs <const> = require "audio_codecs"
local sound <const> = require "spec.support.sound"

-- Positive halves, in units of 16-bit samples: y[n] for 0 <= n < 128, and x[n] to x[n + 1]
-- around it. Table 2a: 8159 units of 4; table 1a: 4096 units of 8.
local function ulaw_table()
  local x, y = { [0] = 0 }, { [0] = 0 }
  local value, n = 1, 1 -- the first interval is half as wide as the others of segment 1
  for segment = 0, 7 do
    local step <const> = 2 << segment
    for _ = 1, segment == 0 and 15 or 16 do
      x[n] = value * 4
      y[n] = (value + step / 2) * 4
      value, n = value + step, n + 1
    end
  end
  x[n] = value * 4 -- the virtual decision value
  return x, y
end

local function alaw_table()
  local x, y = {}, {}
  local value, n = 0, 0
  for segment = 1, 7 do
    local step <const> = segment == 1 and 2 or 1 << segment
    for _ = 1, segment == 1 and 32 or 16 do
      x[n] = value * 8
      y[n] = (value + step / 2) * 8
      value, n = value + step, n + 1
    end
  end
  x[n] = value * 8
  return x, y
end

-- Character signals, as bytes of the positive values (tables 1a and 2a, column 6 and notes).
local function ulaw_byte(n, negative) return (negative and 0x7f or 0xff) - n end
local function alaw_byte(n, negative) return ((negative and 0 or 0x80) | n) ~ 0x55 end

local LAWS <const> = {
  ulaw = { table = ulaw_table, byte = ulaw_byte, virtual = 8159 * 4 },
  alaw = { table = alaw_table, byte = alaw_byte, virtual = 4096 * 8 },
}

for name, law in pairs(LAWS) do
  describe("G.711 " .. name, function()
    local x <const>, y <const> = law.table()

    it("has tables here that end where the recommendation's do", function()
      assert.equal(law.virtual, x[128])
      assert.equal(name == "ulaw" and 8031 * 4 or 4032 * 8, y[127])
    end)

    it("decodes each byte to its quantised value", function()
      for n = 0, 127 do
        for _, negative in ipairs { false, true } do
          local byte = string.char(law.byte(n, negative))
          local value = string.unpack("i2", codecs.g711_decode(name, byte))
          assert.equal(negative and -y[n] or y[n], value, n)
        end
      end
    end)

    it("encodes each of 65536 samples into the interval it lies in", function()
      local list = {}
      for value = -32768, 32767 do list[#list + 1] = value end
      local bytes = codecs.g711_encode(name, sound.pack(list))
      local index = {}
      for n = 0, 127 do
        index[law.byte(n, false)] = { n, false }
        index[law.byte(n, true)] = { n, true }
      end
      for i, value in ipairs(list) do
        local n, negative = table.unpack(index[bytes:byte(i)])
        local magnitude = math.abs(value)
        local inside = magnitude >= x[n] and magnitude <= x[n + 1]
        if not inside or (value ~= 0 and magnitude > x[1] and negative ~= (value < 0)) then
          if not (n == 127 and magnitude > x[128]) then
            error(("%d became %d, %s"):format(value, n, negative))
          end
        end
      end
    end)

    it("is silent at silence, and saturates at the ends", function()
      local silence = name == "ulaw" and 0xff or 0xd5
      assert.equal(silence, codecs.g711_encode(name, "\0\0"):byte())
      for _, value in ipairs { -32768, -32767, 32767 } do
        local byte = codecs.g711_encode(name, string.pack("i2", value))
        local got = string.unpack("i2", codecs.g711_decode(name, byte))
        assert.equal(value < 0 and -y[127] or y[127], got)
      end
    end)

    it("gives back each byte it decoded, but for the two zeros of mu-law", function()
      for byte = 0, 255 do
        local again = codecs.g711_encode(name, codecs.g711_decode(name, string.char(byte)))
        if not (name == "ulaw" and byte == 0x7f) then assert.equal(byte, again:byte()) end
      end
    end)

    it("keeps a sine of 0 dBm0 at 36 dB or more above its distortion", function()
      local amplitude = codecs.amplitude_of_dbm0(0)
      local sine = sound.sines({ [1004] = amplitude }, 8000, 500)
      local again = codecs.g711_decode(name, codecs.g711_encode(name, sine))
      assert.is_true(sound.snr(sine, again) > 36)
    end)
  end)
end

describe("The digital milliwatt (G.711 tables 5 and 6)", function()
  -- A sequence of eight bytes that is a sine of 1 kHz at 0 dBm0.
  local SEQUENCES <const> = {
    ulaw = "\x1e\x0b\x0b\x1e\x9e\x8b\x8b\x9e",
    alaw = "\x34\x21\x21\x34\xb4\xa1\xa1\xb4",
  }

  for name, bytes in pairs(SEQUENCES) do
    it("is as loud in " .. name .. " as 0 dBm0 is taken for here, within 0.1 dB", function()
      local samples = codecs.g711_decode(name, bytes:rep(100))
      local rms = codecs.amplitude_of_dbm0(0) / math.sqrt(2)
      assert.near(0, 20 * math.log(sound.rms(samples) / rms, 10), 0.1)
    end)
  end
end)
