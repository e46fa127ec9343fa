-- SPDX-License-Identifier: MIT
--
-- WAV files of specs: mono, 16 bits, read and written without our own audio code; and
-- speech and tones to fill them with.

local wave <const> = {}

--- The samples of a file, as a string of 16-bit values, and its rate. Several channels
--- come as a list of such strings.
---@param path string
---@return string|string[] samples
---@return integer rate
function wave.read(path)
  local file <close> = assert(io.open(path, "rb"))
  local text = file:read "a"
  assert(text:sub(1, 4) == "RIFF" and text:sub(9, 12) == "WAVE", path .. ": no WAV file")
  local at, kind, channels, rate, bits = 13, nil, nil, nil, nil
  while at + 8 <= #text do
    local name, size = text:sub(at, at + 3), ("<I4"):unpack(text, at + 4)
    if name == "fmt " then
      kind, channels, rate, bits = ("<I2I2I4xxxxxxI2"):unpack(text, at + 8)
    elseif name == "data" then
      assert(kind == 1 and bits == 16, path .. ": not 16-bit PCM")
      local data = text:sub(at + 8, at + 7 + math.min(size, #text - at - 7))
      if channels == 1 then return data, rate end
      local split = {}
      for channel = 1, channels do
        local parts = {}
        for frame = 0, #data // (2 * channels) - 1 do
          local from = frame * 2 * channels + 2 * channel - 1
          parts[frame + 1] = data:sub(from, from + 1)
        end
        split[channel] = table.concat(parts)
      end
      return split, rate
    end
    at = at + 8 + size + size % 2
  end
  error(path .. ": no data", 2)
end

--- Writes one.
---@param path string
---@param samples string
---@param rate integer?  8000
function wave.write(path, samples, rate)
  rate = rate or 8000
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(("<c4I4c4c4I4I2I2I4I4I2I2c4I4"):pack("RIFF", 36 + #samples, "WAVE", "fmt ",
    16, 1, 1, rate, 2 * rate, 2, 16, "data", #samples), samples))
end

--- Silence.
---@param seconds number
---@param rate integer?
function wave.silence(seconds, rate)
  return ("\0\0"):rep(math.floor(seconds * (rate or 8000)))
end

--- A sine.
---@param frequency number
---@param seconds number
---@param level number?  peak, 8000
---@param rate integer?
function wave.tone(frequency, seconds, level, rate)
  rate = rate or 8000
  local parts, turn = {}, 2 * math.pi * frequency / rate
  for i = 0, math.floor(seconds * rate) - 1 do
    parts[#parts + 1] = ("<i2"):pack(math.floor((level or 8000) * math.sin(turn * i) + 0.5))
  end
  return table.concat(parts)
end

--- What a voice says (espeak-ng), as samples of 8000 Hz.
---@param text string
---@param folder table  of spec.support.scratch
---@return string samples
function wave.speech(text, folder)
  local raw, path = folder.path .. "/speech22.wav", folder.path .. "/speech8.wav"
  local output, code = folder:run(("espeak-ng -v en -w %s %q && sox %s -r 8000 -c 1 -b 16 %s\n")
    :format(raw, text, raw, path))
  if code ~= 0 then error("espeak-ng and sox: " .. output, 2) end
  return (wave.read(path))
end

return wave
