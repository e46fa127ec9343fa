-- SPDX-License-Identifier: MIT
-- Places calls through gateways, and says which took them.
--
--   moonsip run spec/interop/scripts/router.lua 127.0.0.1:5070[,T1] WHAT NAME=URI[,OPTION=VALUE]...
--
-- WHAT: call, twice (one call after the other), up (a call when the first is down and up).
-- URI's options: realm (for the user acme), probe (seconds). LISTEN,T1 makes T1 so many ms.

local sip <const> = require "moonsip"

local where <const>, t1 <const> = arg[1]:match "^([^,]*),?(%d*)$"
local agent <close> = assert(sip.agent {
  listen = where, t1 = t1 ~= "" and tonumber(t1) / 1000 or nil, from = "moonsip",
})

local list <const> = {}
for at = 3, #arg do
  local name, uri, rest = arg[at]:match "^(%w+)=([^,]*)(.*)$"
  local one = { name = name, uri = uri, probe = false, headers = { ["X-Carrier"] = "premium" } }
  for key, value in rest:gmatch ",(%w+)=([^,]*)" do one[key] = tonumber(value) or value end
  if one.realm then one.username, one.password = "acme", "secret" end
  list[#list + 1] = one
end
local trunks <const> = sip.gateways(list)

trunks:on("down", function(one, err) print(one.name, "down", err) end)
trunks:on("up", function(one) print(one.name, "up") end)

local function call()
  local chosen, none = trunks:select()
  local one, err
  if chosen then
    one, err = agent:call(chosen, { user = "+442071234567", pdd = "2s", ring = "10s" })
  end
  if not one then return print("failed", err or none) end
  for name, gateway in pairs(trunks) do
    if gateway.calls > 0 then print("answered", name) end
  end
  one:hangup()
end

local things <const> = { call = call }

function things.twice()
  call()
  call()
end

function things.up()
  local done = sip.pool(1)
  local slot = done:take()
  trunks:on("up", function()
    call()
    slot:release()
  end)
  done:take()
end

sip.go(function()
  things[arg[2]]()
  for name, one in pairs(trunks) do
    print("state", name, one.state, ("tried %d answered %d"):format(one.attempts, one.answered))
  end
  sip.stop()
end)
sip.run()
print "bye"
