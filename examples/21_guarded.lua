-- A server on the open network: who guesses, scans or floods is refused before anything is
-- kept of him, while calls of others go on. Alice has to prove who she is to register;
-- everybody may call.
--
--   moonsip run examples/21_guarded.lua [127.0.0.1:5060]

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent {
  listen = arg[1] or "0.0.0.0:5060",
  guard = {
    per_ip = "30/2s",           -- refused requests of one address
    per_user = "10/1m",         -- failed passwords of one user, from wherever
    scanners = "drop",          -- friendly-scanner and the like get no answer
    allow = {},                 -- as a rule this host itself; here it is what attacks
    deny = { "192.0.2.0/24", "2001:db8::/32" },
  },
})

local users <const> = { alice = "wonderland" }
local auth <const> = sip.digest { realm = "example.com",
                                  secret = function(user) return users[user] end }

agent:on("REGISTER", function(req)
  local user = auth:check(req)
  if not user then return end                     -- 401, the same for those who do not exist
  if user ~= req.to.uri.user then return req:reply(403) end
  print(user .. " registers from " .. req.source_ip)
  return req:reply(200, { Expires = 300 })
end)

agent:on("INVITE", function(req)
  local call <close> = assert(req:answer())
  call:limit "10s"
  call:wait_end()
end)

-- Once a second, however many there were. Who goes on and on is banned for an hour.
agent:on("guard", function(report)
  for _, one in ipairs(report) do
    print(("refused %d of %s: %s"):format(one.count, one.source, one.why))
    if one.why == "rate" and one.count > 1000 then agent.guard:ban(one.source, "1h") end
  end
  if report.others > 0 then print("and " .. report.others .. " others") end
end)

print("listening on " .. tostring(agent))
sip.run()
