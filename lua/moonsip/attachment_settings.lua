-- SPDX-License-Identifier: MIT
-- What call:stream is told of the program at the other end of an audio stream.

local audiosocket = require "moonsip.audiosocket"
local core = require "moonsip.core"
local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"

local settings = {}

--- The options of call:stream that are about the program.
settings.options = { to = true, uuid = true, timeout = true, patience = true,
                       idle = true, digits = true }

local function read_target(verb, text)
  misuse.text(verb, "to", text)
  local host, port = text:match "^audiosocket://%[([%x:.]+)%]:(%d+)$"
  if not host then host, port = text:match "^audiosocket://([%w.-]+):(%d+)$" end
  port = math.tointeger(tonumber(port))
  if not port or port < 1 or port > 65535 then
    misuse.argument(verb, "to", "audiosocket://HOST:PORT expected")
  end
  return host, port
end

local function span(verb, options, name, default)
  local given = options[name]
  if given == false then return nil end
  return duration.check(verb, name, given == nil and default or given)
end

--- What they mean.
---@param verb string
---@param options table
function settings.read(verb, options)
  local host, port = read_target(verb, options.to)
  local rate = options.rate or 8000
  local wish = {
    host = host, port = port, kind = audiosocket.kind_of_rate[rate],
    uuid = options.uuid, digits = options.digits ~= false,
    timeout = span(verb, options, "timeout", "5s"),
    patience = span(verb, options, "patience", "10s"),
    idle = options.speak ~= false and span(verb, options, "idle", "60s") or nil,
  }
  wish.frame = rate // 1000 * 2
    * (options.frame and duration.check(verb, "frame", options.frame) or 20)
  if not wish.kind then misuse.argument(verb, "rate", "AudioSocket has no such rate") end
  if options.what == "stereo" then
    misuse.argument(verb, "what", "AudioSocket has one channel")
  end
  if wish.uuid ~= nil then
    misuse.text(verb, "uuid", wish.uuid)
    if not audiosocket.identity(wish.uuid) then misuse.argument(verb, "uuid", "no UUID") end
  end
  return wish
end

--- A random UUID (RFC 9562 5.4).
---@return string
function settings.new_uuid(engine)
  local token = engine:token()
  local high, low = core.hash(token, 1), core.hash(token, 2)
  return ("%08x-%04x-4%03x-%04x-%012x"):format(high >> 32, high >> 16 & 0xffff,
    high & 0xfff, low >> 48 & 0x3fff | 0x8000, low & 0xffffffffffff)
end

return settings
