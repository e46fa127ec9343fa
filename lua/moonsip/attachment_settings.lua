-- SPDX-License-Identifier: MIT
-- What call:stream is told of the program at the other end of an audio stream.

local audiosocket = require "moonsip.framing.audiosocket"
local binary = require "moonsip.framing.binary"
local core = require "moonsip.core"
local duration = require "moonsip.duration"
local headers = require "moonsip.headers"
local media_streams = require "moonsip.framing.media_streams"
local misuse = require "moonsip.misuse"

local settings = {}

--- The options of call:stream that are about the program.
settings.options = { to = true, uuid = true, timeout = true, patience = true, idle = true,
                     digits = true, ahead = true, framing = true, protocol = true, headers = true,
                     metadata = true, encoding = true, tls = true }

-- Those that only WebSockets have.
local of_web <const> = { "framing", "protocol", "headers", "metadata", "encoding", "tls" }

-- Voice agents send what they say as fast as it is made, and may take it back.
local default_ahead <const> = "2m"

local default_port <const> = { ws = 80, wss = 443 }

local framings <const> = { binary = binary, json = media_streams }

-- ---- where it is

local function bad_target(verb)
  misuse.argument(verb, "to",
    "audiosocket://HOST:PORT, ws://HOST[:PORT][/PATH] or wss://HOST[:PORT][/PATH] expected")
end

--- Scheme, host, port and path.
local function read_target(verb, text)
  misuse.text(verb, "to", text)
  local scheme, rest = text:match "^(%l+)://(.+)$"
  if not scheme then bad_target(verb) end
  local host, after = rest:match "^%[([%x:.]+)%](.*)$"
  if not host then host, after = rest:match "^([%w.-]+)(.*)$" end
  if not host then bad_target(verb) end
  local port, path = after:match "^:(%d+)(.*)$"
  path = path or after
  port = port and math.tointeger(tonumber(port)) or not port and default_port[scheme]
  if not port or port < 1 or port > 65535 then bad_target(verb) end
  local is_web = default_port[scheme] ~= nil
  if not is_web and (scheme ~= "audiosocket" or path ~= "") then bad_target(verb) end
  if path ~= "" and not path:find "^[/?][%g]*$" or path:find "#" then bad_target(verb) end
  if path:sub(1, 1) == "?" then path = "/" .. path end
  return { scheme = scheme, host = host, port = port, path = path == "" and "/" or path,
           authority = rest:match "^[^/?]+" }
end

local function span(verb, options, name, default)
  local given = options[name]
  if given == false then return nil end
  return duration.check(verb, name, given == nil and default or given)
end

-- ---- of WebSockets

local known_tls <const> = { ca = true, verify = true, cert = true, key = true }

--- What is known of the certificates of wss, as of core.tls.
local function read_tls(verb, given)
  local options = misuse.options(verb, given, known_tls)
  for _, name in ipairs { "ca", "cert", "key" } do
    if options[name] ~= nil then misuse.text(verb, "tls." .. name, options[name]) end
  end
  return {
    identities = options.cert and { { certificate = options.cert, key = options.key } } or {},
    authorities = options.ca, trusts_anybody = options.verify == false, is_web = true,
  }
end

local function add_web(wish, verb, options)
  if not core.json_decode then
    misuse.raise("%s: built without JSON; install libjansson-dev and build again", verb)
  end
  local name = options.framing or "binary"
  local framing = framings[name]
  if not framing then misuse.argument(verb, "framing", '"binary" or "json" expected') end
  wish.protocol = misuse.optional(verb, "protocol", options.protocol, "string") or framing.protocol
  if wish.protocol and not wish.protocol:find "^[%w%-%.!%%%*_%+`'~]+$" then
    misuse.argument(verb, "protocol", "the name of a sub-protocol expected")
  end
  wish.headers = headers.flatten(verb, options.headers)
  wish.metadata = misuse.optional(verb, "metadata", options.metadata, "table")
  wish.encoding = options.encoding or (name == "json" and "ulaw" or "l16")
  if not media_streams.encodings[wish.encoding] or name == "binary" and wish.encoding ~= "l16" then
    misuse.argument(verb, "encoding", '"ulaw" or "l16" of the framing "json" expected')
  end
  if wish.encoding == "ulaw" and wish.rate ~= 8000 then
    misuse.argument(verb, "rate", "the encoding ulaw has 8000 samples in a second")
  end
  if wish.what == "stereo" and name == "json" then
    misuse.argument(verb, "what", "the framing json has one channel")
  end
  if wish.scheme == "wss" then
    wish.secure, wish.name = read_tls(verb, options.tls), wish.host
  elseif options.tls ~= nil then
    misuse.argument(verb, "tls", "wss:// expected")
  end
  wish.new = framing.new
end

local function add_audiosocket(wish, verb, options)
  for _, name in ipairs(of_web) do
    if options[name] ~= nil then misuse.argument(verb, name, "AudioSocket has no such thing") end
  end
  if not audiosocket.kind_of_rate[wish.rate] then
    misuse.argument(verb, "rate", "AudioSocket has no such rate")
  end
  if wish.what == "stereo" then misuse.argument(verb, "what", "AudioSocket has one channel") end
  wish.new = audiosocket.new
end

--- What they mean.
---@param verb string
---@param options table
function settings.read(verb, options)
  local wish = read_target(verb, options.to)
  wish.rate, wish.what = options.rate or 8000, options.what or "in"
  wish.uuid, wish.digits = options.uuid, options.digits ~= false
  wish.timeout = span(verb, options, "timeout", "5s")
  wish.patience = span(verb, options, "patience", "10s")
  wish.idle = options.speak ~= false and span(verb, options, "idle", "60s") or nil
  wish.frame = wish.rate // 1000 * (wish.what == "stereo" and 4 or 2)
    * (options.frame and duration.check(verb, "frame", options.frame) or 20)
  local ahead_ms = duration.check(verb, "ahead",
    options.ahead or (wish.scheme == "audiosocket" and 0 or default_ahead))
  wish.ahead = ahead_ms * (wish.rate // 1000 * 2)
  if wish.uuid ~= nil then
    misuse.text(verb, "uuid", wish.uuid)
    if not audiosocket.identity(wish.uuid) then misuse.argument(verb, "uuid", "no UUID") end
  end
  if wish.scheme == "audiosocket" then
    add_audiosocket(wish, verb, options)
  else
    add_web(wish, verb, options)
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

--- The framing of a stream of a call.
---@param wish table
---@param call moonsip.Call
---@return moonsip.Framing
function settings.framing(wish, call)
  wish.uuid = wish.uuid or settings.new_uuid(call.agent.engine)
  wish.facts = { callId = call.call_id, direction = call.direction == "in" and "inbound"
                   or "outbound", from = tostring(call.from.uri), to = tostring(call.to.uri) }
  return wish.new(wish)
end

--- The certificates of wss, read once for all streams that name the same.
---@param context moonsip.Context
---@param config table
---@return userdata? tls
---@return moonsip.Error? err  io: which file, and what is wrong with it
function settings.load_tls(context, config)
  local own = config.identities[1] or {}
  local key = table.concat({ config.authorities or "", tostring(config.trusts_anybody),
                             own.certificate or "", own.key or "" }, "\0")
  context.stream_tls = context.stream_tls or {}
  local tls = context.stream_tls[key]
  if tls then return tls end
  local err
  tls, err = context.driver:load_tls(config)
  if tls then context.stream_tls[key] = tls end
  return tls, err
end

return settings
