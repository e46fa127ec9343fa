-- Blocking work beside calls: who calls is looked up with a library that blocks (here the
-- file system and a pause stand for a SQL driver, an HTTP client or LDAP), in a thread,
-- while other calls go on.
--
--   moonsip run examples/13_offload.lua [127.0.0.1:5070 [names.txt]]
--
-- names.txt has lines such as "alice Alice Liddell".

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })
local path <const> = arg[2] or "names.txt"

-- Runs in a thread: it knows its arguments and what it requires, and nothing else.
local function look_up(file, user)
  local names = package.loaded.names or {}           -- stays in that thread: a cache
  package.loaded.names = names
  if names[user] then return names[user] end
  for line in io.lines(file) do                      -- blocks, as long as it takes
    local name, text = line:match "^(%S+)%s+(.+)$"
    if name then names[name] = text end
  end
  return names[user]
end

agent:on("MESSAGE", function(req)
  local name, err = sip.offload(look_up, path, req.from.user)
  if err then
    print("no names: " .. err.reason)
    return req:reply(503)
  end
  print((name or "somebody") .. " says " .. req.body)
  return req:reply(name and 200 or 403)
end)

print("listening on " .. tostring(agent))
sip.run()
