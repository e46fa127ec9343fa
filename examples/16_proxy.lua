-- A small proxy: a call to a name rings all of its phones at once, and goes to the
-- voicemail when nobody takes it within 20 seconds. It stays in the path of the call and
-- says who was reached. Everybody else is refused: it is no relay for strangers.
--
--   moonsip run examples/16_proxy.lua 127.0.0.1:5070 bob=sip:bob@127.0.0.1:5080 \
--     bob=sip:bob@127.0.0.1:5090 voicemail=sip:vm@127.0.0.1:5100

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local phones <const> = {} -- by user
for at = 2, #arg do
  local user, uri = arg[at]:match "^(.-)=(.*)$"
  if user then
    phones[user] = phones[user] or {}
    table.insert(phones[user], uri)
  end
end

agent:on("request", function(req)
  local user = req:is_local() and req.uri.user
  if not phones[user] then return req:reply(404) end
  req:on("branch", function(branch) print(branch.uri, branch.state, branch.code or "") end)
  local res, err = req:proxy { phones[user], record_route = true, timeout = "20s" }
  if not res and err.code == 408 and phones.voicemail then -- nothing was sent back yet
    res, err = req:proxy { phones.voicemail, record_route = true }
  end
  print(user, res and "reached" or err)
  return req:finish(res, err)
end)

agent:on("routed", { method = "BYE" }, function(req)
  print("ended by " .. tostring(req.from.uri))
end)

print("listening on " .. tostring(agent))
sip.run()
