-- SPDX-License-Identifier: MIT
-- moonsip.lua PORT CERT KEY: the server that is measured, at UDP and TCP, TLS at the next port,
-- WebSocket at the one after that, and secure WebSocket at the last. The core answers OPTIONS.

local sip = require "moonsip"

local port <const>, cert <const>, key <const> = ...

local function at(transport, offset)
  return ("%s:127.0.0.1:%d"):format(transport, port + offset)
end

assert(sip.agent {
  listen = { at("udp", 0), at("tcp", 0), at("tls", 1), at("ws", 2), at("wss", 3) },
  tls = { cert = cert, key = key }, media = false,
})

sip.run()
