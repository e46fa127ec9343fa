-- SPDX-License-Identifier: MIT
local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent{ listen = "udp:0.0.0.0:5060" })

-- A. straight line: every handler is a coroutine, waiting verbs yield
agent:on("INVITE", function(req)
  local call <close> = assert(req:answer())            -- 100, 200+SDP, RTP; BYE when the scope ends
  local key, err = call:gather{ play = "welcome.wav", max = 1, timeout = "5s" }
  if key then call:say(("you pressed %s"):format(key))
  elseif err.kind ~= "hangup" then call:play("goodbye.wav") end
end)

-- B. the same with plain callbacks: a trailing function makes any waiting verb return at once
local function hello(req)
  local call = assert(req:answer())                    -- no <close>: lives until BYE; GC never hangs up
  call:on("dtmf", function(key) call:play("digits/" .. key .. ".wav") end)
  call:on("end",  function(why) print("gone:", why) end)
  call:gather({ play = "welcome.wav", max = 1 }, function(key, err)
    if not key then return call:hangup() end
    call:play("thanks.wav", function() call:hangup() end)
  end)
end
agent:on("INVITE", { to = "600" }, hello)                 -- most specific filter wins

-- response classes, whole agent
agent:on("4xx", function(res) print(res.code, res.reason, res.request.method) end)
sip.run()
