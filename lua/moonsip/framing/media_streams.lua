-- SPDX-License-Identifier: MIT
-- The framing of Twilio's media streams, which most voice agents speak: messages of JSON with
-- audio in base64. Events of ours: connected, start, media, dtmf, mark, stop; of the server:
-- media, mark, clear.

local core = require "moonsip.core"
local websocket = require "moonsip.framing.websocket"

---@class moonsip.framing.MediaStreams: moonsip.Framing
---@field private number integer  of the messages
---@field private chunk integer   of those with audio
---@field private elapsed integer  milliseconds of audio so far
local MediaStreams = websocket.class { kind = "text" }

local media_streams = {}

local mime <const> = { ulaw = "audio/x-mulaw", l16 = "audio/x-l16" }

--- Encodings that it has.
media_streams.encodings = mime

---@param wish table  of attachment_settings.read
---@return moonsip.framing.MediaStreams
function media_streams.new(wish)
  local self = websocket.fields(wish)
  self.number, self.chunk, self.elapsed = 0, 0, 0
  return setmetatable(self, MediaStreams)
end

local function count(self)
  self.number = self.number + 1
  return self.number
end

local function event(self, name, fields)
  fields.event, fields.streamSid = name, self.wish.uuid
  fields.sequenceNumber = tostring(count(self))
  return websocket.json(fields)
end

local tracks <const> = { ["in"] = { "inbound" }, out = { "outbound" },
                         both = { "inbound", "outbound" }, none = {} }

function MediaStreams:begin()
  local wish = self.wish
  local start = {
    streamSid = wish.uuid, callSid = wish.facts.callId, accountSid = "moonsip",
    tracks = tracks[wish.what], customParameters = wish.metadata,
    mediaFormat = { encoding = mime[wish.encoding], sampleRate = wish.rate, channels = 1 },
  }
  for _, name in ipairs { "from", "to", "direction" } do start[name] = wish.facts[name] end
  return { websocket.json { event = "connected", protocol = "Call", version = "1.0.0" },
           event(self, "start", { start = start }) }
end

local media_text <const> = '{"event":"media","sequenceNumber":"%d","media":{"track":"%s",'
  .. '"chunk":"%d","timestamp":"%d","payload":"%s"},"streamSid":"%s"}'

function MediaStreams:write(samples)
  local wish = self.wish
  local at = self.elapsed
  self.elapsed = at + #samples * 1000 // (2 * wish.rate)
  self.chunk = self.chunk + 1
  return media_text:format(count(self), wish.what == "out" and "outbound" or "inbound",
    self.chunk, at, core.base64(wish.encoding == "ulaw" and core.ulaw(samples) or samples),
    wish.uuid)
end

function MediaStreams:said(digit)
  return event(self, "dtmf", { dtmf = { track = "inbound_track", digit = digit } })
end

--- A mark that was cleared is told as one that was reached.
function MediaStreams:done(name) return event(self, "mark", { mark = { name = name } }) end

function MediaStreams:finish()
  return event(self, "stop", { stop = { accountSid = "moonsip",
                                        callSid = self.wish.facts.callId } })
end

function MediaStreams:binary() -- luacheck: ignore self
  return nil, websocket.invalid "a binary message in a stream of JSON"
end

local on = {}

function on.media(self, object)
  local media = object.media
  local bytes = type(media) == "table" and type(media.payload) == "string"
    and core.unbase64(media.payload)
  if not bytes then return nil, websocket.invalid "a media event without a payload in base64" end
  if self.wish.encoding == "ulaw" then return "audio", core.linear(bytes) end
  if #bytes % 2 == 1 then return nil, websocket.invalid "half a sample in a media event" end
  return "audio", bytes
end

function on.mark(_, object)
  local mark = object.mark
  if type(mark) ~= "table" or type(mark.name) ~= "string" then
    return nil, websocket.invalid "a mark event without its name"
  end
  return "mark", mark.name
end

function on.clear() return "clear" end
function on.stop() return "hangup" end

--- Digits of the server's are sent to the caller; the original has no such event.
function on.dtmf(_, object)
  local dtmf = object.dtmf
  local digit = type(dtmf) == "table" and dtmf.digit
  if type(digit) ~= "string" or not digit:find "^[%d%*#A-Da-d]$" then
    return nil, websocket.invalid "a dtmf event without a digit"
  end
  return "digit", digit
end

function MediaStreams:text(object)
  if type(object.event) ~= "string" then
    return nil, websocket.invalid "a message without its event"
  end
  local fn = on[object.event]
  if not fn then return "ignored" end
  return fn(self, object)
end

return media_streams
