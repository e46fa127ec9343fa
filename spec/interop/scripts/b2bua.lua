-- SPDX-License-Identifier: MIT
-- A back-to-back user agent: who is called tells what it does.
--
--   moonsip run spec/interop/scripts/b2bua.lua 127.0.0.1:5070 A B [TRANSPORT]
--
-- A and B are ip:port of the second legs, TRANSPORT (udp) how they are reached.

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1], media = { ports = { 21000, 29998 } } })
local transport <const> = arg[4] or "udp"

local function target(user, address)
  return ("sip:%s@%s;transport=%s"):format(user, address, transport)
end

local a <const>, b <const> = target("a", arg[2]), target("b", arg[3])

-- Targets, and options of dialling.
local ways <const> = {
  hidden = { a, { hide = true } },                   -- audio through here
  direct = { a, { media = "direct" } },
  carriers = { { a, b }, { media = "direct", pdd = "500ms" } },
  both = { { { a, b } }, { hide = true } },
}

agent:on("INVITE", function(req)
  local way = ways[req.uri.user]
  if not way then return req:reply(404) end
  local near <close> = req:leg()
  local far <close>, err = near:dial(way[1], way[2])
  if not far then return near:reject(err) end
  near:bridge(far)
end)

sip.run()
