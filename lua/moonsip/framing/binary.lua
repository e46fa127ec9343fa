-- SPDX-License-Identifier: MIT
-- The framing of jambonz's `listen`: a message of JSON that says what comes, then audio as
-- binary messages, 16-bit little-endian, both ways. The server may send JSON too: playAudio,
-- killAudio, mark, clearMarks, disconnect.

local core = require "moonsip.core"
local websocket = require "moonsip.framing.websocket"

---@class moonsip.framing.Binary: moonsip.Framing
local Binary = websocket.class { kind = "binary" }

local binary = {}

--- The sub-protocol that is asked for.
binary.protocol = "audio.jambonz.org"

---@param wish table  of attachment_settings.read
---@return moonsip.framing.Binary
function binary.new(wish)
  local self = websocket.fields(wish)
  return setmetatable(self, Binary)
end

function Binary:begin()
  local wish = self.wish
  local object = {}
  for name, value in pairs(wish.metadata or {}) do object[name] = value end
  for name, value in pairs(wish.facts) do object[name] = value end
  object.callSid, object.sampleRate = wish.uuid, wish.rate
  object.mixType = wish.what == "stereo" and "stereo" or wish.what == "both" and "mixed" or "mono"
  return { websocket.json(object) }
end

function Binary:write(samples) return samples end -- luacheck: ignore self

function Binary:said(digit) -- luacheck: ignore self
  return websocket.json { event = "dtmf", dtmf = digit }
end

function Binary:done(name, was_cleared) -- luacheck: ignore self
  return websocket.json { type = "mark",
                          data = { name = name, event = was_cleared and "cleared" or "playout" } }
end

function Binary:finish() end -- luacheck: ignore self

function Binary:binary(bytes) -- luacheck: ignore self
  if #bytes % 2 == 1 then return nil, websocket.invalid "half a sample in a message of audio" end
  return "audio", bytes
end

local on = {}

function on.playAudio(self, data)
  local samples = type(data.audioContent) == "string" and core.unbase64(data.audioContent)
  if not samples or #samples % 2 == 1 then
    return nil, websocket.invalid "a playAudio without samples in base64"
  end
  local kind, rate = data.audioContentType or "raw", data.sampleRate
  if kind ~= "raw" or rate ~= nil and math.tointeger(tonumber(rate)) ~= self.wish.rate then
    return nil, websocket.invalid("a playAudio of %s at %s Hz in a stream of %d", kind,
      rate or "?", self.wish.rate)
  end
  return "audio", samples
end

function on.killAudio() return "clear" end

function on.mark(_, data)
  if type(data.name) ~= "string" then return nil, websocket.invalid "a mark without its name" end
  return "mark", data.name
end

function on.clearMarks() return "clear_marks" end
function on.disconnect() return "hangup" end

function Binary:text(object)
  local fn = on[object.type]
  if not fn then return "ignored" end
  return fn(self, type(object.data) == "table" and object.data or {})
end

return binary
