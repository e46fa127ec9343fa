-- SPDX-License-Identifier: MIT
-- AudioSocket, the framing that Asterisk gives audio over TCP: a kind, the length of what
-- follows (16 bits, big-endian), and that. Audio is 16-bit little-endian, one channel.

local audiosocket = {}

local hangup <const>, uuid <const>, dtmf <const>, failure <const> = 0x00, 0x01, 0x03, 0xff

--- What frames of other kinds than audio are.
audiosocket.names = { [hangup] = "hangup", [uuid] = "uuid", [dtmf] = "dtmf",
                      [failure] = "error" }

--- The kind of audio at so many samples in a second, and back.
audiosocket.kind_of_rate = { [8000] = 0x10, [12000] = 0x11, [16000] = 0x12, [24000] = 0x13,
                             [32000] = 0x14, [44100] = 0x15, [48000] = 0x16,
                             [96000] = 0x17, [192000] = 0x18 }
audiosocket.rate_of_kind = {}
for rate, kind in pairs(audiosocket.kind_of_rate) do
  audiosocket.rate_of_kind[kind] = rate
end

local lengths <const> = { [uuid] = 16, [dtmf] = 1 }

local head <const> = ">Bs2"

--- The frame that says that the call, or the sender, has ended.
audiosocket.hangup = head:pack(hangup, "")

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

--- A digit.
function audiosocket.digit(digit) return head:pack(dtmf, digit) end

--- Samples as frames of at most `size` bytes each.
---@param kind integer   of kind_of_rate
---@param samples string
---@param size integer   even
---@return string
function audiosocket.audio(kind, samples, size)
  if #samples <= size then return head:pack(kind, samples) end
  local frames = {}
  for at = 1, #samples, size do
    frames[#frames + 1] = head:pack(kind, samples:sub(at, at + size - 1))
  end
  return table.concat(frames)
end

-- ---- reading

---@class moonsip.AudioSocketReader
---@field private bytes string  that have come and are not read
---@field private at integer    of the next of them
local Reader = {}
Reader.__index = Reader

---@return moonsip.AudioSocketReader
function audiosocket.reader()
  return setmetatable({ bytes = "", at = 1 }, Reader)
end

--- Bytes that have come. What is kept is never more than one frame and these.
function Reader:feed(bytes)
  self.bytes = self.bytes:sub(self.at) .. bytes
  self.at = 1
end

--- Why a frame's head cannot be one of ours; nil when it can.
local function trouble(kind, length)
  if audiosocket.rate_of_kind[kind] then
    return length % 2 == 1 and "half a sample in a frame of audio" or nil
  elseif not audiosocket.names[kind] then
    return ("a frame of unknown kind 0x%02x"):format(kind)
  end
  local wanted = lengths[kind]
  if wanted and wanted ~= length then
    return ("%d bytes in a frame of kind 0x%02x"):format(length, kind)
  end
end

--- The next frame that is here in full: its kind and what it carries. nil: none is yet;
--- nil and a text: what comes is no AudioSocket.
---@return integer? kind
---@return string? payload_or_why
function Reader:next()
  local at = self.at
  if #self.bytes - at < 2 then return nil end
  local kind, length = (">BI2"):unpack(self.bytes, at)
  local why = trouble(kind, length)
  if why then return nil, why end
  if #self.bytes - at - 2 < length then return nil end
  self.at = at + 3 + length
  return kind, self.bytes:sub(at + 3, at + 2 + length)
end

return audiosocket
