-- A registrar out of plain Lua tables, for trying phones: bindings live until the
-- program ends, nobody is asked for a password, and calls to a registered name are
-- redirected to its phones.
--
--   moonsip run examples/07_registrar.lua [127.0.0.1:5070]

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local bindings <const> = {} -- by user, then by contact URI: the instant it expires at

local function contacts_of(user)
  local list = {}
  for uri, expires_at in pairs(bindings[user] or {}) do
    if expires_at > sip.now() then
      list[#list + 1] = uri
    else
      bindings[user][uri] = nil
    end
  end
  table.sort(list)
  return list
end

agent:on("REGISTER", function(req)
  local user = req.to.user
  bindings[user] = bindings[user] or {}
  for _, contact in ipairs(req.contacts) do
    if contact.star then
      bindings[user] = {}
    else
      local seconds = contact.expires or req.expires or 3600
      bindings[user][contact.uri.text] = seconds > 0 and sip.now() + seconds or nil
    end
  end
  local answer = {}
  for at, uri in ipairs(contacts_of(user)) do
    local left = math.floor(bindings[user][uri] - sip.now() + 0.5)
    answer[at] = ("<%s>;expires=%d"):format(uri, left)
  end
  print(user .. " is at " .. (#answer > 0 and table.concat(answer, ", ") or "nowhere"))
  return req:reply(200, { Contact = answer })
end)

agent:on("INVITE", function(req)
  local contacts = contacts_of(req.uri.user)
  if #contacts == 0 then return req:reply(bindings[req.uri.user] and 480 or 404) end
  return req:redirect(contacts)
end)

print("listening on " .. tostring(agent))
sip.run()
