-- SPDX-License-Identifier: MIT
--
-- The registrar and proxy of its own address: says how each phone registered, and brings what
-- comes for them to them. Calls to "echo" it answers itself, and MESSAGEs to "call" have it call
-- the phone that sent them by its public GRUU.
--
--   flows.lua ADDRESS

local sip <const> = require "moonsip"

local ip <const> = arg[1]:match "^(.*):%d+$"
local agent <close> = assert(sip.agent { listen = arg[1], domains = { ip } })
local loc <const> = sip.location { flow_timer = 2 }

for _, name in ipairs { "registered", "refreshed", "removed" } do
  loc:on(name, function(aor, contact)
    print(("%s %s reg-id=%s flow=%s instance=%s"):format(name, aor.user, contact.reg_id,
      contact.flow and contact.flow.transport, contact.instance))
  end)
end

agent:on("REGISTER", function(req)
  print("keep offered", req.via.params.keep, "gruu", req:has_token("Supported", "gruu"))
  return loc:save(req)
end)

agent:on("request", function(req)
  if req.uri.user == "echo" then
    print("from", req.contact.uri)
    local call <close> = assert(req:answer())
    call:wait_end()
    return
  end
  local contacts <const>, err = loc:lookup(req.uri)
  if not contacts then return req:reply(err) end
  return req:forward { contacts, record_route = true }
end)

print("listening on " .. tostring(agent))
sip.run()
