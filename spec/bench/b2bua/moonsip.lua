-- SPDX-License-Identifier: MIT
-- moonsip.lua PORT CALLEE: a B2BUA whose session descriptions go through, and that decides
-- in Lua, by the first character of the user, where a call goes.

local sip = require "moonsip"

local port <const>, callee <const> = ...

-- Transactions live for 32 s (Timers J, L and M), at the rate of a saturated core.
local agent = assert(sip.agent { listen = "udp:127.0.0.1:" .. port, media = false,
                                 max_transactions = 16000000, max_dialogs = 1000000 })

local routes <const> = { ["1"] = "sip:1x@127.0.0.1:" .. callee }

agent:on("INVITE", function(req)
  local target = routes[req.uri.user:sub(1, 1)]
  if not target then return req:reply(404) end
  local a <close> = req:leg()
  local b <close>, err = a:dial(target)
  if not b then return a:reject(err) end
  a:bridge(b)
end)

sip.run()
