-- SPDX-License-Identifier: MIT
--
-- A registrar and a callee over TLS, with the certificate, key and authority given:
--
--   moonsip run spec/interop/scripts/secure.lua ADDRESS CERT KEY CA
--
-- It listens at the next port too, over TLS.

local sip <const> = require "moonsip"
local address <const>, cert <const>, key <const>, ca <const> = ...
local ip <const>, port <const> = address:match "^(.*):(%d+)$"

local agent <close> = assert(sip.agent {
  listen = { ("tls:%s:%d"):format(ip, port + 1), address },
  tls = { cert = cert, key = key, ca = ca },
})

agent:on("REGISTER", function(req)
  print("registered", req.source.transport, req.contacts[1].uri.text)
  return req:reply(200, { Contact = req.contacts[1].text })
end)

agent:on("INVITE", function(req)
  local call <close> = assert(req:answer())
  print("call", req.source.transport, req.message.headers["Contact"])
  print("end", call:wait_end())
end)

-- Calls whoever is named, and hangs up when it is answered.
agent:on("MESSAGE", function(req)
  req:reply(202)
  local call, err = agent:call(req.body)
  print("called", call and call.state or err)
  if call then call:hangup() end
end)

print("listening on " .. tostring(agent))
sip.run()
