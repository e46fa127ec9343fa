-- SPDX-License-Identifier: MIT
local sip <const> = require "moonsip"
local users <const> = { alice = "wonderland", bob = "builder" }

local agent <close> = assert(sip.agent{
  listen  = { "udp::5060", "tcp::5060", "tls::5061", "wss::8443" },
  tls     = { cert = "fullchain.pem", key = "privkey.pem", reload = "watch" },
  domains = { "example.com" },
  guard   = { per_ip = "30/2s", scanners = "drop", max_size = 65535 },
})

local loc  <const> = sip.location{ store = "memory", max_contacts = 5, expires = { 60, 3600 } } -- or "sqlite:loc.db", "redis://..", {save=,load=}
local auth <const> = sip.digest{ realm = "example.com", algorithms = { "SHA-256", "MD5" },
                                 secret = function(user) return users[user] end }               -- may yield (SQL, HTTP)

agent:on("REGISTER", function(req)
  local user = auth:check(req)
  if not user then return end                                   -- 401 already sent (stale/nc/replay handled)
  if user ~= req.to.user then return req:reply(403) end
  return loc:save(req)                                          -- 200/423; Path, GRUU, outbound flows, q, fetch, "*"
end)

agent:on("request", function(req)                                  -- every new request without its own handler;
  if not req:is_local() then                                    -- in-dialog ones are loose-routed by the core
    if not auth:check(req, { proxy = true }) then return end    -- 407: never an open relay
    return req:proxy{ req.uri }
  end
  if req.from:is_local() and not auth:check(req, { proxy = true }) then return end   -- our users prove who they are
  local contacts, err = loc:lookup(req.uri)
  if not contacts then return req:reply(err) end                -- 404 unknown, 480 known but away, 500 + Retry-After: store down
  local res
  res, err = req:proxy{ contacts, mode = "parallel", record_route = true, timeout = "30s" }
  if not res and err.code == 408 then                           -- nothing sent upstream yet: we decide
    res, err = req:proxy{ "sip:vm-" .. req.uri.user .. "@10.0.0.9" }
  end
  return req:finish(res, err)                                   -- best response (16.7), or err.code
end)
sip.run()
