-- SPDX-License-Identifier: MIT
-- A registrar and proxy that does for each request one of the things that scripts do.
local sip <const> = require "moonsip"

local chance <const>, options <const> = ...

options.listen, options.domains = { "udp:0.0.0.0:5060", "tcp:0.0.0.0:5060" }, { "example.com" }
options.secret = "sixteen characters"
local agent <close> = assert(sip.agent(options))
local loc <const> = sip.location { max_contacts = 5, expires = { 60, 600 } }

local function pick(list) return list[chance:between(1, #list)] end

local function set_of(contacts)
  return {
    contacts, mode = pick { "q", "parallel", "serial" }, record_route = chance:chance(0.8),
    timeout = pick { false, 2, 8, 30 } or nil, recurse = chance:chance(0.5),
  }
end

local ways <const> = {
  function(req, contacts) return req:finish(req:proxy(set_of(contacts))) end,
  function(req, contacts) return req:forward(set_of(contacts)) end,
  -- Another place when nobody there answers.
  function(req, contacts)
    local res, err = req:proxy(set_of(contacts))
    if not res and err.kind ~= "cancelled" then
      res, err = req:proxy { "sip:voicemail@10.0.0.9", record_route = true }
    end
    return req:finish(res, err)
  end,
  -- Waits first; looks at everything, and sometimes loses its patience.
  function(req, contacts)
    sip.sleep(chance:between(0, 3000) / 1000)
    req:on("branch", function(branch)
      if branch.state == "ringing" and chance:chance(0.2) then branch:cancel() end
    end)
    req:on("response", function(res) return res.code end)
    return req:finish(req:proxy(set_of(contacts)))
  end,
  function(req, contacts)
    req:proxy(set_of(contacts), function(res, err) req:finish(res, err) end)
  end,
  -- Answers by itself what it has forwarded.
  function(req, contacts)
    req:forward(set_of(contacts))
    sip.sleep(chance:between(0, 4000) / 1000)
    return req:reply(480)
  end,
  function(req, contacts)
    req:forward(set_of(contacts))
    error("a handler that raises", 0)
  end,
}

agent:on("REGISTER", function(req) return loc:save(req) end)

agent:on("request", function(req)
  if req:is_routed() then return req:forward() end
  if not req:is_local() then return req:reply(403) end
  if req.uri.user == "nobody" and req.method ~= "INVITE" then -- every copy to the same place
    return req:forward { "sip:voicemail@10.0.0.9", stateless = true,
                         headers = { ["X-Once"] = "1" } }
  end
  local contacts, err = loc:lookup(req.uri)
  if not contacts then return req:reply(err) end
  return pick(ways)(req, contacts)
end)

agent:on("routed", { method = { "INVITE", "INFO" } }, function()
  if chance:chance(0.1) then sip.sleep(chance:between(0, 2000) / 1000) end
end)

sip.run()
