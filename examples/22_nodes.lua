-- One of several nodes: registrars and proxies that share a Redis server and a secret. A phone
-- may talk to any of them, and when one is gone, to any other: registrations, new calls and
-- calls under way go on. The same command on each machine, but for the first address:
--
--   export SECRET=at-least-16-characters USERS="alice:wonderland bob:builder"
--   moonsip run examples/22_nodes.lua 10.0.0.1:5060 example.com redis://10.0.0.9 \
--     a=10.0.0.1:5060 b=10.0.0.2:5060 c=10.0.0.3:5060
--
-- Without the names of nodes it is the only one, and keeps its bindings itself.

local sip <const> = require "moonsip"

local here <const>, domain <const> = arg[1] or "127.0.0.1:5060", arg[2] or "example.com"
local store <const> = arg[3] or "memory"
local nodes <const>, users <const> = {}, {}
local name = "a"
for at = 4, #arg do
  local node, place = arg[at]:match "^(%w+)=(.+)$"
  nodes[assert(node, "name=host:port expected")] = place
  if place == here then name = node end
end
nodes[name] = nodes[name] or here
for user, password in (os.getenv "USERS" or ""):gmatch "(%S-):(%S+)" do users[user] = password end
local secret <const> = assert(os.getenv "SECRET" or not arg[4] and "nobody shares it",
  "SECRET is not set")

local agent <close> = assert(sip.agent {
  listen = here, domains = { domain },
  node = name, nodes = nodes, secret = secret,
})
local loc <const> = sip.location { store = store, domain = domain }
local auth <const> = sip.digest {
  realm = domain, key = secret:sub(1, 16),             -- a nonce of one node is good at all
  secret = function(user) return users[user] end,
}

agent:on("REGISTER", function(req)
  local user = auth:check(req)
  if not user then return end                          -- the 401 is on its way
  if user ~= req.to.user then return req:reply(403) end
  return loc:save(req)
end)

agent:on("request", function(req)
  if not req:is_local() then return req:reply(403) end -- no relay for strangers
  local contacts, err = loc:lookup(req.uri)            -- wherever they have registered
  if not contacts then return req:reply(err) end
  return req:finish(req:proxy { contacts, record_route = true, timeout = "30s" })
end)

agent:on("node", function(node) print(tostring(node)) end)

print("listening on " .. tostring(agent))
sip.run()
