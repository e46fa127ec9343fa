-- SPDX-License-Identifier: MIT
--
-- Sounds for specs, and how to look at them: samples are strings of 16-bit integers.

local scratch <const> = require "spec.support.scratch"

local sound <const> = {}

local PIECE <const> = 128

-- A string of a list of numbers; each is rounded and cut to 16 bits.
function sound.pack(list)
  local parts, floor = {}, math.floor
  for i = 1, #list do
    local value = floor(list[i] + 0.5)
    list[i] = value > 32767 and 32767 or value < -32768 and -32768 or value
  end
  for i = 1, #list, PIECE do
    local last = math.min(i + PIECE - 1, #list)
    parts[#parts + 1] = string.pack(("i2"):rep(last - i + 1), table.unpack(list, i, last))
  end
  return table.concat(parts)
end

function sound.unpack(samples)
  local list, at = {}, 1
  for i = 1, #samples // 2, PIECE do
    local count = math.min(PIECE, #samples // 2 - i + 1)
    local values = { string.unpack(("i2"):rep(count), samples, at) }
    table.move(values, 1, count, i, list)
    at = at + 2 * count
  end
  return list
end

-- The sum of sines { hz = amplitude } for so many milliseconds.
function sound.sines(sines, rate, ms)
  local list = {}
  for i = 1, rate * ms // 1000 do list[i] = 0 end
  for hz, amplitude in pairs(sines) do
    local step = 2 * math.pi * hz / rate
    for i = 1, #list do list[i] = list[i] + amplitude * math.sin(step * (i - 1)) end
  end
  return sound.pack(list)
end

function sound.silence(rate, ms)
  return ("\0"):rep(rate * ms // 1000 * 2)
end

-- White noise of a root mean square, the same each time.
function sound.noise(rms, rate, ms)
  local list, state, scale = {}, 12345, rms * math.sqrt(3) / (1 << 30)
  for i = 1, rate * ms // 1000 do
    state = (state * 1103515245 + 12345) & 0x7fffffff
    list[i] = (state - (1 << 30)) * scale
  end
  return sound.pack(list)
end

function sound.cut(samples, rate, from_ms, to_ms)
  return samples:sub(rate * from_ms // 1000 * 2 + 1, rate * to_ms // 1000 * 2)
end

-- Frames of so many samples.
function sound.frames(samples, count)
  local at = 1 - 2 * count
  return function()
    at = at + 2 * count
    if at + 2 * count - 1 <= #samples then return samples:sub(at, at + 2 * count - 1) end
  end
end

function sound.rms(samples)
  local sum, list = 0, sound.unpack(samples)
  for i = 1, #list do sum = sum + list[i] * list[i] end
  return math.sqrt(sum / math.max(#list, 1))
end

-- The amplitude that a frequency has in it, through a Hann window.
function sound.amplitude(samples, rate, hz)
  local list, re, im, weight = sound.unpack(samples), 0, 0, 0
  local step = 2 * math.pi * hz / rate
  for i = 1, #list do
    local window = 0.5 - 0.5 * math.cos(2 * math.pi * i / #list)
    re = re + window * list[i] * math.cos(step * i)
    im = im + window * list[i] * math.sin(step * i)
    weight = weight + window
  end
  return 2 * math.sqrt(re * re + im * im) / weight
end

-- dB of a reference over what differs from it.
function sound.snr(reference, got)
  local a, b, signal, difference = sound.unpack(reference), sound.unpack(got), 0, 1e-9
  for i = 1, math.min(#a, #b) do
    signal = signal + a[i] * a[i]
    difference = difference + (a[i] - b[i]) ^ 2
  end
  return 10 * math.log(signal / difference, 10)
end

function sound.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- What a command writes into the file %s, as samples of a rate: sox converts it.
function sound.made_by(command, rate)
  local folder <close> = scratch.folder()
  local wav, raw = folder.path .. "/made.wav", folder.path .. "/made.raw"
  local output, status = folder:run((command:gsub("%%s", wav)))
  assert(status == 0, output)
  output, status = folder:run(("sox %s -t s16 -c 1 -r %d %s"):format(wav, rate, raw))
  assert(status == 0, output)
  return sound.read(raw)
end

return sound
