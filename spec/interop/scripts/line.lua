-- SPDX-License-Identifier: MIT
--
-- A line at a registrar: says what becomes of it, and answers what comes for it.
--
--   line.lua ADDRESS REGISTRAR TRANSPORT [EXPIRES [PASSWORD]]

local sip <const> = require "moonsip"

local URN <const> = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

local agent <close> = assert(sip.agent { listen = arg[1] })
local registrar <const> = arg[2]

for _, name in ipairs { "registered", "refreshed", "failed", "lost", "unregistered" } do
  agent:on(name, function(line, what)
    local code <const> = type(what) == "table" and (what.kind or what.code) or "-"
    print(("%s %s gruu=%s temp=%s outbound=%s keep=%s"):format(name, code, line.gruu,
      line.temp_gruu, line.flows[1].outbound, line.flows[1].keep_alive))
  end)
end
agent:on("MESSAGE", function(req)
  print("message", req.body, req.line and "line" or "-")
  req:reply(200)
end)
agent:on("INVITE", function(req)
  local call <close> = assert(req:answer())
  print("call", call.target)
  call:wait_end()
  print "over"
end)

print("listening on " .. tostring(agent))
assert(agent:register {
  uri = "sip:alice@" .. registrar, password = arg[5] or "wonderland", instance = URN,
  registrar = ("sip:%s;transport=%s"):format(registrar, arg[3]),
  outbound = true, expires = tonumber(arg[4] or 600), retry = { first = "1s", most = "3s" },
})
sip.run()
