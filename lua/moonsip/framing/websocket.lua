-- SPDX-License-Identifier: MIT
-- Audio in the messages of a WebSocket (RFC 6455): what its two framings share. The frames
-- and the handshake are the core's (core.websocket). A framing is made of a class with
--
--   begin(self)            messages at the beginning, as { kind, bytes } pairs in a list
--   write(self, samples)   a message of audio
--   said(self, digit)      a message that says that a digit was pressed, or nil
--   done(self, name, was_cleared)  a message that a mark was reached, or nil
--   finish(self)           the last message, or nil
--   binary(self, bytes), text(self, object)  what a message is: as Framing:next

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local json = require "moonsip.web.json"

--- What stands between an attachment and the bytes of its connection.
---@class moonsip.Framing
---@field is_ready boolean         the stream may begin: no handshake is awaited
---@field hello fun(self): string  bytes to be sent when the connection is there
---@field begun fun(self): string  bytes to be sent when the stream begins
---@field audio fun(self, samples: string): string
---@field digit fun(self, digit: string): string
---@field reached fun(self, name: string, was_cleared: boolean): string
---@field bye fun(self, err: moonsip.Error?): string  bytes to be sent at the end
---@field feed fun(self, bytes: string)
---@field next fun(self): string?, any, any  "ready", "audio" samples, "digit" digit, "mark" name, "clear", "hangup", "failed" error, "reply" bytes, "ignored"; nil when more is needed; nil and an error
---@field cut fun(self): moonsip.Error  what it is when the server sends no more

local websocket = {}

-- Bytes of a message of the server's.
websocket.max_message = 1048576

local verb <const> = "call:stream"

--- Gives a class what all framings have.
---@param class table
function websocket.class(class)
  class.__index = class
  for name, method in pairs(websocket.methods) do class[name] = method end
  return class
end

--- The fields that an object begins with.
---@param wish table  of attachment_settings.read
function websocket.fields(wish)
  return {
    is_ready = false, wish = wish, size = wish.frame, ended = false,
    socket = core.websocket { host = wish.authority, path = wish.path, protocol = wish.protocol,
                              is_optional = true, headers = wish.headers,
                              max = websocket.max_message },
  }
end

local function invalid(format, ...) return errors.new("invalid", format:format(...)) end

websocket.invalid = invalid

--- An object as JSON in a frame of text.
function websocket.json(object) return json.encode(verb, object) end

local methods = {}
websocket.methods = methods

function methods:hello() return self.socket:ask() end

function methods:begun()
  local out = {}
  for _, text in ipairs(self:begin()) do out[#out + 1] = self.socket:frame("text", text) end
  return table.concat(out)
end

function methods:audio(samples)
  local out, size = {}, self.size
  for at = 1, #samples, size do
    out[#out + 1] = self.socket:frame(self.kind, self:write(samples:sub(at, at + size - 1)))
  end
  return table.concat(out)
end

local function text_frame(self, text) return text and self.socket:frame("text", text) or "" end

function methods:digit(digit) return text_frame(self, self:said(digit)) end

function methods:reached(name, was_cleared)
  return text_frame(self, self:done(name, was_cleared))
end

--- The last message and a close frame; only that when the server has closed, or broke a rule.
function methods:bye(err)
  if self.ended then return "" end
  self.ended = true
  local code = err and err.close_code or 1000
  local last = not err and self.is_ready and not self.was_closed and text_frame(self, self:finish())
  return (last or "") .. self.socket:frame("close", (">I2"):pack(code))
end

function methods:feed(bytes) self.socket:feed(bytes) end

-- A close of these is an end; any other says that something went wrong (7.4.1).
local is_well <const> = { [0] = true, [1000] = true, [1005] = true }

local too_large <const> = 1009

--- The handshake was refused, or what came is no frame.
local function broken(why, code)
  if code >= 300 and code < 700 then
    return errors.new("rejected", ("the server answers %d"):format(code), { code = code })
  end
  local kind = code == too_large and "limit" or "invalid"
  return errors.new(kind, why, { close_code = code > 0 and code or nil })
end

local function read_text(self, text)
  local object, err = json.decode(verb, text)
  if err or type(object) ~= "table" then
    err = invalid("no JSON of a stream: %s", err and err.reason or "an object was expected")
    err.close_code = 1003
    return nil, err
  end
  return self:text(object)
end

function methods:next()
  local kind, value, code = self.socket:next()
  if not kind then return nil end
  if kind == "open" then
    self.is_ready = true
    return "ready"
  elseif kind == "binary" then
    return self:binary(value)
  elseif kind == "text" then
    return read_text(self, value)
  elseif kind == "ping" then
    return "reply", self.socket:frame("pong", value)
  elseif kind == "close" then
    self.was_closed = true
    if is_well[value] then return "hangup" end
    return "failed", errors.new("gone", ("the server closed with code %d"):format(value),
      { program_code = value })
  elseif kind == "broken" then
    return nil, broken(value, code)
  end
  return "ignored"
end

function methods:cut()
  if not self.is_ready then
    return errors.new("gone", "the server closed the connection in the handshake")
  end
  return errors.new("gone", "the server closed the connection without a close frame")
end

return websocket
