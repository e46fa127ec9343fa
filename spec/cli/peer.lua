-- SPDX-License-Identifier: MIT
-- The server that the command's specs ask: who is asked decides what comes back.
local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = "127.0.0.1:0" })

-- The status that the user part names; "silent" gets no answer at all.
local function answer(req)
  local user = req.uri.user
  if user == "silent" then return req:defer() end
  local status <const> = tonumber(user) or 200
  local has_body <const> = req.body ~= "" and (req.method ~= "MESSAGE" or status >= 300)
  return req:reply(status, {
    body = has_body and "got: " .. req.body or nil,
    Server = "peer", ["X-Echo"] = req.headers["X-Echo"], ["X-From"] = req.from.uri.user,
    ["X-Type"] = req.headers["Content-Type"], ["X-Via"] = req.transport,
  })
end

agent:on("OPTIONS", answer)
agent:on("MESSAGE", answer)
agent:on("FOO", answer)
agent:on("INVITE", function(req)
  print("INVITE", req.body ~= "" and "offer" or "no offer")
  req:ring()
  local call <close> = assert(req:answer())
  print("BYE", call:wait_end())
end)

print("listening on " .. tostring(agent))
sip.run()
print "left"
