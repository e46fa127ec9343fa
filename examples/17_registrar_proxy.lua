-- A registrar and proxy for the phones of a domain. They register with their password, call
-- each other on all their phones at once, and nobody else gets through: strangers may call
-- them, and nothing further. Who does not answer within 30 seconds is taken over by the
-- voicemail, where there is one.
--
--   moonsip run examples/17_registrar_proxy.lua 127.0.0.1:5070 \
--     alice:wonderland bob:builder [voicemail=sip:vm@127.0.0.1:5080] [md5]
--
-- "md5" is for phones that know nothing else and give up at a challenge that they do not know.

local sip <const> = require "moonsip"

local users <const>, algorithms <const>, voicemail = {}, { "SHA-256", "MD5" }, nil
for at = 2, #arg do
  local user, password = arg[at]:match "^(%w+):(.+)$"
  if user then users[user] = password end
  if arg[at] == "md5" then table.remove(algorithms, 1) end
  voicemail = voicemail or arg[at]:match "^voicemail=(.+)$"
end

local agent <close> = assert(sip.agent {
  listen = arg[1] or { "udp::5060", "tcp::5060" },
  domains = { "example.com" },
  guard = { per_ip = "30/2s", scanners = "drop", max_size = 65535 },
})
local loc <const> = sip.location { max_contacts = 5, expires = { 60, 3600 } }
local auth <const> = sip.digest {
  realm = "example.com", algorithms = algorithms,
  secret = function(user) return users[user] end,
}

agent:on("REGISTER", function(req)
  local user = auth:check(req)
  if not user then return end                             -- the 401 is on its way
  if user ~= req.to.user then return req:reply(403) end
  return loc:save(req)
end)

agent:on("request", function(req)                         -- those in dialogs follow their routes
  if req.from:is_local() or not req:is_local() then       -- our users prove who they are,
    local user = auth:check(req, { proxy = true })
    if not user then return end
    if user ~= req.from.user then return req:reply(403) end
  end
  if not req:is_local() then return req:finish(req:proxy { req.uri }) end -- and may call anybody
  local contacts, err = loc:lookup(req.uri)
  if not contacts then return req:reply(err) end          -- 480; 500: the store is down
  local res
  res, err = req:proxy { contacts, mode = "parallel", record_route = true, timeout = "30s" }
  if not res and err.code == 408 and voicemail then       -- nothing was sent back yet
    res, err = req:proxy { voicemail }
  end
  return req:finish(res, err)
end)

loc:on("registered", function(aor, contact) print(aor, "is at", contact) end)
loc:on("removed", function(aor, contact) print(aor, "is no longer at", contact) end)
agent:on("routed", { method = { "INVITE", "BYE" } }, function(req)
  print(req.from.uri, req.method == "BYE" and "hangs up" or "changes the call")
end)

print("listening on " .. tostring(agent))
sip.run()
