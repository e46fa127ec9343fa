-- SPDX-License-Identifier: MIT
-- A proxy: who is called tells what it does.
--
--   moonsip run spec/interop/scripts/proxy.lua 127.0.0.1:5070 A B [TRANSPORT]
--
-- A and B are ip:port of the targets, TRANSPORT (udp) how they are reached.

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1] })
local transport <const> = arg[4] or "udp"

local function target(user, address)
  return ("sip:%s@%s;transport=%s"):format(user, address, transport)
end

local a <const>, b <const> = target("a", arg[2]), target("b", arg[3])

local sets <const> = {
  one = { a },
  both = { a, b, mode = "parallel" },
  serial = { a, b, mode = "serial" },
  moved = { a, recurse = true },
  spiral = { target("one", arg[1]) },
  loop = { target("loop", arg[1]) },
}

agent:on("INVITE", function(req)
  local set = sets[req.uri.user]
  if not set then return req:reply(404) end
  set.record_route = true
  req:proxy(set)
end)

sip.run()
