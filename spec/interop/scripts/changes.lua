-- SPDX-License-Identifier: MIT
-- A callee with audio that changes its calls when it is told to, and says which keys came how.
--
--   moonsip run spec/interop/scripts/changes.lua 127.0.0.1:5070

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1] })

agent:on("INVITE", function(req)
  local call = req:answer()
  if not call then return end
  call:on("dtmf", function(key, _, how) print("dtmf", key, how.how) end)
  call:wait_end()
end)

-- What the other side's description says of the direction.
local function direction(call)
  return call.remote_sdp:match "a=(%l+only)" or call.remote_sdp:match "a=(inactive)" or "both"
end

local does <const> = {
  hold = function(call)
    print("hold", call:hold(), direction(call))
    print("resume", call:resume(), direction(call))
  end,
  press = function(call, digits) print("pressed", call:dtmf(digits, { how = "info" })) end,
}

agent:on("MESSAGE", function(req)
  local word, rest = req.body:match "^(%S+)%s*(.*)$"
  req:reply(200)
  does[word](agent.calls[1], rest)
end)

sip.run()
