-- SPDX-License-Identifier: MIT
-- moonsip.lua PORT CALLEE: a proxy that stays in the path and decides in Lua, by the first
-- character of the user, where a call goes.

local sip = require "moonsip"

local port <const>, callee <const> = ...

-- Transactions live for 32 s (Timers J, L and M), at the rate of a saturated core.
local agent = assert(sip.agent { listen = "udp:127.0.0.1:" .. port,
                                 max_transactions = 16000000 })

local routes <const> = { ["1"] = "sip:127.0.0.1:" .. callee, ["2"] = "sip:127.0.0.1:" .. callee }

agent:on("INVITE", function(req)
  local next_hop = routes[req.uri.user:sub(1, 1)]
  if not next_hop then return req:reply(404) end
  return req:forward { { uri = req.uri, via = next_hop }, record_route = true }
end)

sip.run()
