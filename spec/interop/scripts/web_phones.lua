-- SPDX-License-Identifier: MIT
--
-- A registrar and proxy for phones in browsers: UDP and TCP at the address given, WebSocket at
-- the port after it, secure WebSocket at the next. Arguments: certificate, key.

local sip <const> = require "moonsip"

local ip <const>, port <const> = arg[1]:match "^(.*):(%d+)$"
local function at(transport, offset)
  return ("%s:%s:%d"):format(transport, ip, port + offset)
end

local agent <close> = assert(sip.agent {
  listen = { at("udp", 0), at("tcp", 0), at("ws", 1), at("wss", 2) },
  domains = { "phones.example" }, tls = { cert = arg[2], key = arg[3] },
  websocket = { paths = "/sip" },
})

local secrets <const> = { alice = "wonder", bob = "builder" }
local loc <const> = sip.location()
local auth <const> = sip.digest { realm = "phones.example",
                                  secret = function(user) return secrets[user] end }

agent:on("REGISTER", function(req)
  local user = auth:check(req)
  if not user then return end
  if user ~= req.to.uri.user then return req:reply(403) end
  return loc:save(req)
end)

agent:on("request", function(req)
  local contacts, err = loc:lookup(req.uri)
  if not contacts then return req:reply(err) end
  print(req.method, req.transport, contacts[1].uri)
  return req:forward { contacts, record_route = true }
end)

print("listening on " .. tostring(agent))
sip.run()
