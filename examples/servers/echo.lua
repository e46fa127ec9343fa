-- An AudioSocket server that says what it hears: what a voice agent is before it thinks. It
-- knows nothing of moonsip; it needs lua-luv.
--
--   lua5.4 examples/servers/echo.lua [127.0.0.1:9092]

local uv <const> = require "luv"
io.stdout:setvbuf "line"

local HANGUP <const>, UUID <const>, DTMF <const>, AUDIO <const>, AUDIO_LAST <const> =
  0x00, 0x01, 0x03, 0x10, 0x18

-- One frame: its kind, the length of its payload (big-endian), its payload.
local function serve(client, kind, payload)
  if kind == UUID then
    print("call " .. payload:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
  elseif kind == DTMF then
    print("digit " .. payload)
    if payload == "#" then client:write((">Bs2"):pack(HANGUP, "")) end
  elseif kind >= AUDIO and kind <= AUDIO_LAST then
    client:write((">Bs2"):pack(kind, payload))
  elseif kind == HANGUP then
    client:close()
  end
end

local function accept(server)
  local client, unread <const> = uv.new_tcp(), { "" }
  server:accept(client)
  client:nodelay(true)
  client:read_start(function(_, bytes)
    if not bytes then return client:is_closing() or client:close() end
    local text, at = unread[1] .. bytes, 1
    while #text - at >= 2 and not client:is_closing() do
      local kind, length = (">BI2"):unpack(text, at)
      if #text - at - 2 < length then break end
      serve(client, kind, text:sub(at + 3, at + 2 + length))
      at = at + 3 + length
    end
    unread[1] = text:sub(at)
  end)
end

local server <const> = uv.new_tcp()
local host <const>, port <const> = (arg[1] or "127.0.0.1:9092"):match "^(.*):(%d+)$"
assert(server:bind(host, tonumber(port)))
assert(server:listen(16, function() accept(server) end))
print(("listening on %s:%d"):format(host, server:getsockname().port))
uv.run()
