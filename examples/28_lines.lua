-- Registers accounts at a provider, says what becomes of each, and answers the calls that
-- come for them.
--
--   moonsip run examples/28_lines.lua 0.0.0.0:5060 example.com alice:wonderland bob:builder

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

agent:on("registered", function(line) print(line, "for " .. line.expires .. " s") end)
agent:on("lost", function(line, err) print(line, err) end)
agent:on("unregistered", function(line) print(line) end)
agent:on("failed", function(line, err)
  local again <const> = err.retry_after
  print(line, err, again and ("again in %d s"):format(again) or "no more")
end)

agent:on("INVITE", function(req)
  print("call for", req.line and req.line.uri or "nobody")
  if not req.line then return req:reply(404) end
  local call <close> = assert(req:answer())
  call:say("this is " .. req.line.uri.user)
end)

for at = 3, #arg do
  local user <const>, password = arg[at]:match "^([^:]+):(.*)$"
  assert(agent:register { uri = ("sip:%s@%s"):format(user, arg[2]), password = password })
end

print("listening on " .. tostring(agent))
sip.run()
