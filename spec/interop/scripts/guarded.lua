-- SPDX-License-Identifier: MIT
-- A guarded server for those who attack it: alice may register, everybody may call. At its
-- end it says what the guard has counted.
--
--   moonsip run spec/interop/scripts/guarded.lua 127.0.0.1:5070 [open|bare]
--
-- open: scanners are not known by their name. bare: without a guard.

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent {
  listen = arg[1],
  guard = arg[2] ~= "bare" and { allow = {}, scanners = arg[2] ~= "open" and "drop" },
})
-- MD5 alone, which is what the tools of attackers know.
local auth <const> = sip.digest { realm = "example.com", algorithms = "MD5",
  secret = function(user)
    return user == "alice" and "wonderland" or user == "101" and "4711" or nil
  end }

agent:on("REGISTER", function(req)
  local user = auth:check(req)
  if not user then return end
  print("registered", user, req.source_ip)
  return req:reply(user == req.to.uri.user and 200 or 403)
end)

agent:on("INVITE", { user = "service" }, function(req)
  local call <close> = assert(req:answer())
  call:limit "20s"
  call:wait_end()
end)

sip.run()
local counts <const> = agent:counts()
for _, why in ipairs { "rate", "scanner", "user", "shed" } do
  print("refused", why, counts["refused_" .. why])
end
print("live", counts.server_transactions, counts.dialogs)
