-- SPDX-License-Identifier: MIT
--
-- A port that RTP is sent to: every packet as it came (RFC 3550 5.1), and what it says when it
-- is mu-law, decoded by the definition of G.711.

local place <const> = require "spec.interop.support.place"
local uv <const> = require "luv"

local recorder <const> = {}

---@class Recorder
---@field port integer
---@field packets { number: integer, timestamp: integer, type: integer, ssrc: integer, payload: string }[]
local Recorder <const> = {}
Recorder.__index = Recorder

function recorder.start()
  local self = setmetatable({ packets = {}, port = place.ports(2), socket = uv.new_udp() },
    Recorder)
  assert(self.socket:bind(place.ip, self.port))
  self.socket:recv_start(function(_, bytes)
    if not bytes or #bytes < 12 then return end
    local first, kind, number, timestamp, ssrc = (">BBI2I4I4"):unpack(bytes)
    assert(first == 0x80, "version 2 and nothing beside expected")
    table.insert(self.packets, { type = kind & 0x7f, number = number, timestamp = timestamp,
                                 ssrc = ssrc, payload = bytes:sub(13) })
  end)
  return self
end

local function decode(byte)
  byte = ~byte & 0xff
  local size = ((byte & 15) << 3) + 132 << (byte >> 4 & 7)
  return byte & 128 ~= 0 and 132 - size or size - 132
end

local samples_of <const> = {}
for byte = 0, 255 do samples_of[string.char(byte)] = ("<i2"):pack(decode(byte)) end

--- What its packets of mu-law say, one after the other, and their rate. Raises when a number
--- is missing, or a timestamp does not follow.
function Recorder:heard()
  local parts, last = {}, nil
  for _, packet in ipairs(self.packets) do
    if packet.type == 0 then
      if last then
        assert(packet.number == last.number + 1 & 0xffff, "a number is missing")
        assert(packet.timestamp == last.timestamp + 160 & 0xffffffff, "a timestamp is off")
        assert(packet.ssrc == last.ssrc, "another SSRC")
      end
      last = packet
      parts[#parts + 1] = packet.payload:gsub(".", samples_of)
    end
  end
  return table.concat(parts), 8000
end

function Recorder:close()
  self.socket:close()
  uv.run "nowait"
end

Recorder.__close = Recorder.close

return recorder
