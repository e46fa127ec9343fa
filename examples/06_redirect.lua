-- A redirect server: numbers are mapped to places, callers are told where to go
-- (RFC 3261 8.3). What is not in the table is not found.
--
--   moonsip run examples/06_redirect.lua [127.0.0.1:5070]

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local places <const> = {
  ["100"] = "sip:reception@192.0.2.10",
  ["200"] = { "sip:sales@192.0.2.20", "sip:sales@192.0.2.21" },
}

agent:on("INVITE", function(req)
  local place = places[req.uri.user]
  print(("%s asks for %s"):format(req.from.uri, req.uri.user))
  if not place then return req:reply(404) end
  return req:redirect(place)
end)

-- Numbers of another exchange, by a pattern: the most specific filter wins.
agent:on("INVITE", { user = "^7%d%d$" }, function(req)
  return req:redirect("sip:" .. req.uri.user .. "@192.0.2.77", { code = 301 })
end)

print("listening on " .. tostring(agent))
sip.run()
