-- SPDX-License-Identifier: MIT
-- AudioSocket, the framing that Asterisk gives audio over TCP: a kind, the length of what
-- follows (16 bits, big-endian), and that. Audio is 16-bit little-endian, one channel.

local errors = require "moonsip.errors"

---@class moonsip.framing.AudioSocket: moonsip.Framing
---@field private kind integer   of its audio
---@field private bytes string   that have come and are not read
---@field private at integer     of the next of them
local AudioSocket = { is_ready = true }
AudioSocket.__index = AudioSocket

local audiosocket = {}

local hangup <const>, uuid <const>, dtmf <const>, failure <const> = 0x00, 0x01, 0x03, 0xff

--- What frames of other kinds than audio are.
local names <const> = { [hangup] = "hangup", [uuid] = "ignored", [dtmf] = "digit",
                        [failure] = "failed" }

--- The kind of audio at so many samples in a second, and back.
audiosocket.kind_of_rate = { [8000] = 0x10, [12000] = 0x11, [16000] = 0x12, [24000] = 0x13,
                             [32000] = 0x14, [44100] = 0x15, [48000] = 0x16,
                             [96000] = 0x17, [192000] = 0x18 }
local rate_of_kind <const> = {}
for rate, kind in pairs(audiosocket.kind_of_rate) do rate_of_kind[kind] = rate end

local lengths <const> = { [uuid] = 16, [dtmf] = 1 }

local head <const> = ">Bs2"

--- The first frame of a client.
---@param text string  "40325ec2-5efd-4bd3-805f-53576e581d13"
---@return string? frame  nil when it is no UUID (RFC 9562 4)
function audiosocket.identity(text)
  local hex = text:gsub("-", "")
  if #hex ~= 32 or #text ~= 36 or hex:find "%X" then return nil end
  return head:pack(uuid, (hex:gsub("%x%x", function(two)
    return string.char(tonumber(two, 16))
  end)))
end

---@param wish { rate: integer, uuid: string, frame: integer }
---@return moonsip.framing.AudioSocket
function audiosocket.new(wish)
  return setmetatable({ kind = audiosocket.kind_of_rate[wish.rate], rate = wish.rate,
                        size = wish.frame, uuid = wish.uuid, bytes = "", at = 1 }, AudioSocket)
end

-- ---- to the server

function AudioSocket:hello() return "" end -- luacheck: ignore self

function AudioSocket:begun() return audiosocket.identity(self.uuid) end

function AudioSocket:digit(digit) return head:pack(dtmf, digit) end -- luacheck: ignore self

function AudioSocket:reached() return "" end -- luacheck: ignore self

function AudioSocket:bye() return head:pack(hangup, "") end -- luacheck: ignore self

function AudioSocket:audio(samples)
  local kind, size = self.kind, self.size
  if #samples <= size then return head:pack(kind, samples) end
  local frames = {}
  for at = 1, #samples, size do
    frames[#frames + 1] = head:pack(kind, samples:sub(at, at + size - 1))
  end
  return table.concat(frames)
end

-- ---- from the server

function AudioSocket:feed(bytes)
  self.bytes = self.bytes:sub(self.at) .. bytes
  self.at = 1
end

--- Why a frame's head cannot be one of ours; nil when it can.
local function trouble(self, kind, length)
  local rate = rate_of_kind[kind]
  if rate then
    if length % 2 == 1 then return "no AudioSocket: half a sample in a frame of audio" end
    return kind ~= self.kind
      and ("audio of %d Hz in a stream of %d"):format(rate, self.rate) or nil
  elseif not names[kind] then
    return ("no AudioSocket: a frame of unknown kind 0x%02x"):format(kind)
  end
  local wanted = lengths[kind]
  if wanted and wanted ~= length then
    return ("no AudioSocket: %d bytes in a frame of kind 0x%02x"):format(length, kind)
  end
end

local function failed(code)
  local number = code:byte() or 0
  return errors.new("rejected", ("the server failed with code 0x%02x"):format(number),
    { program_code = number })
end

function AudioSocket:next()
  local at = self.at
  if #self.bytes - at < 2 then return nil end
  local kind, length = (">BI2"):unpack(self.bytes, at)
  local why = trouble(self, kind, length)
  if why then return nil, errors.new("invalid", why) end
  if #self.bytes - at - 2 < length then return nil end
  self.at = at + 3 + length
  local payload = self.bytes:sub(at + 3, at + 2 + length)
  if kind == failure then return "failed", failed(payload) end
  return names[kind] or "audio", payload
end

--- It closed its end without the frame that says so.
function AudioSocket:cut() -- luacheck: ignore self
  return errors.new("gone", "the server closed the connection without a hang-up")
end

return audiosocket
