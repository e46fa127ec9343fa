-- SPDX-License-Identifier: MIT
-- A registrar and proxy between a proxy that phones talk to and a gateway. A number goes to the
-- gateway, first to a user of it who is never there.
--
--   moonsip run spec/interop/scripts/neighbour.lua 127.0.0.1:5070 DOMAIN [GATEWAY [TRANSPORT]]
--
-- GATEWAY: ip:port, TRANSPORT (udp): how it is reached.

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1], domains = { arg[2] } })
local loc <const> = sip.location { domain = arg[2] }

local function at_gateway(user)
  return ("sip:%s@%s;transport=%s"):format(user, arg[3], arg[4] or "udp")
end

agent:on("REGISTER", function(req) return loc:save(req) end)

agent:on("request", function(req)
  if not req:is_local() then return req:reply(403) end
  local number <const> = req.uri.user and req.uri.user:match "^%d+$"
  if number then
    local set <const> = { at_gateway "closed", at_gateway(number), mode = "serial",
                          record_route = true }
    return req:finish(req:proxy(set))
  end
  local contacts, err = loc:lookup(req.uri)
  if not contacts then return req:reply(err) end
  return req:finish(req:proxy { contacts, record_route = true })
end)

sip.run()
