-- A registrar. Phones register with their password, or, when no user is named here,
-- whoever wants to; calls to a registered name are redirected to its phones.
--
--   moonsip run examples/07_registrar.lua [127.0.0.1:5070 [alice:wonderland bob:builder]]

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local users <const> = {}
for at = 2, #arg do
  local name, password = arg[at]:match "^([^:]+):(.+)$"
  users[assert(name, "user:password expected")] = password
end

local loc <const> = sip.location { max_contacts = 5, expires = { 60, 3600 } }
local auth <const> = next(users) and
  sip.digest { realm = "moonsip", secret = function(user) return users[user] end }

agent:on("REGISTER", function(req)
  local user = not auth or auth:check(req)
  if not user then return end                        -- the 401 is on its way
  if auth and user ~= req.to.user then return req:reply(403) end
  return loc:save(req)
end)

agent:on("INVITE", function(req)
  local contacts, err = loc:lookup(req.uri)
  if not contacts then return req:reply(err) end     -- 480: not registered
  return req:redirect(contacts)
end)

loc:on("registered", function(aor, contact) print(aor, "is at", contact) end)
loc:on("removed", function(aor, contact) print(aor, "is no longer at", contact) end)
loc:on("expired", function(aor, contact) print(aor, "was not heard of again at", contact) end)

print("listening on " .. tostring(agent))
sip.run()
