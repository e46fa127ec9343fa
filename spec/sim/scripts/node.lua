-- SPDX-License-Identifier: MIT
-- One of several nodes that share a secret and a store of bindings, which takes its time and
-- is down now and then (docs/nodes.md).
local sip <const> = require "moonsip"

local name <const>, places <const>, shared <const>, chance <const> = ...

local agent <close> = assert(sip.agent {
  listen = { "udp:0.0.0.0:5060", "tcp:0.0.0.0:5060" }, advertise = "nodes.example",
  domains = { "example.com" }, secret = "sixteen characters", node = name, nodes = places,
  failover = "2s",
})

local function wait_for_store()
  sip.sleep(chance:between(0, 40) / 1000)
  if shared.is_down then return nil, "the store is down" end
  return true
end

local loc <const> = sip.location {
  expires = { 5, 600 },
  store = {
    load = function(aor)
      local ok, err = wait_for_store()
      if not ok then return nil, err end
      local one = shared.records[aor]
      if one then return one.contacts, one.version end
    end,
    save = function(aor, contacts, version)
      local ok, err = wait_for_store()
      if not ok then return nil, err end
      local one = shared.records[aor]
      if (one and one.version) ~= version then return false end
      shared.records[aor] = { contacts = contacts, version = (version or 0) + 1 }
      return true
    end,
  },
}
local auth <const> = sip.digest {
  realm = "example.com", key = ("sixteen characters"):sub(1, 16),
  secret = function(user) return user .. "'s" end,
}

agent:on("REGISTER", function(req)
  local user = auth:check(req)
  if not user then return end
  if user ~= req.to.user then return req:reply(403) end
  return loc:save(req)
end)

agent:on("request", function(req)
  if not req:is_local() then return req:reply(403) end
  local contacts, err = loc:lookup(req.uri)
  if not contacts then return req:reply(err) end
  return req:finish(req:proxy { contacts, record_route = true, timeout = "20s" })
end)

agent:on("node", function(node) print(tostring(node)) end)

sip.run()
