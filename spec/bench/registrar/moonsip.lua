-- SPDX-License-Identifier: MIT
-- moonsip.lua PORT [digest]: the registrar that is measured, decided in Lua.

local sip = require "moonsip"

local port <const>, digest <const> = ...

-- Transactions live for 32 s (Timer J), at the rate of a saturated core.
local agent = assert(sip.agent { listen = "udp:127.0.0.1:" .. port,
                                 max_transactions = 8000000 })
local loc <const> = sip.location { expires = { 60, 3600 } }
local auth <const> = sip.digest { realm = "bench", algorithms = "MD5",
                                  secret = function() return "secret" end }

if digest then
  agent:on("REGISTER", function(req)
    local user = auth:check(req)
    if not user then return end
    if user ~= req.to.user then return req:reply(403) end
    return loc:save(req)
  end)
else
  agent:on("REGISTER", function(req) return loc:save(req) end)
end

sip.run()
