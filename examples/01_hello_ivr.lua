-- Answers the phone: plays a prompt, collects a key, says it back. Calls to 600 get the
-- same in callback style.
--
--   moonsip run examples/01_hello_ivr.lua [127.0.0.1:5070]

local sip <const> = require "moonsip"

-- "127.0.0.1:5070" means UDP and TCP there; without an argument, everywhere on 5060.
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

-- A. Straight on: every handler is a coroutine, and verbs that wait yield.
agent:on("INVITE", function(req)
  print("call from " .. tostring(req.from.uri))
  local call <close> = assert(req:answer())             -- BYE when the scope ends
  local key, err = call:gather { play = "welcome.wav", max = 1, timeout = "5s" }
  if key then
    print("  pressed " .. key)
    if not call:say("you pressed " .. key) then         -- nobody here who speaks
      call:play("digits/" .. key .. ".wav")
    end
  elseif err.kind ~= "hangup" then
    call:play "goodbye.wav"
  end
end)

-- B. The same with callbacks: with a function at its end any verb returns at once.
agent:on("INVITE", { to = "600" }, function(req)        -- the most specific filter wins
  local call = assert(req:answer())                     -- without <close> it lives until BYE
  call:on("dtmf", function(key) call:play("digits/" .. key .. ".wav", function() end) end)
  call:on("end", function(why) print("  gone: " .. tostring(why)) end)
  call:gather({ play = "welcome.wav", max = 1 }, function(key)
    if not key then return call:hangup() end
    call:play("thanks.wav", function() call:hangup() end)
  end)
end)

agent:on("4xx", function(res) print(res.code, res.reason, res.request.method) end)

print("listening on " .. tostring(agent))
local first = tostring(agent):match "^%a+:([^,]*)" -- "0.0.0.0:5060"
print("dial sip:anything@" .. first:gsub("^0%.0%.0%.0", "127.0.0.1") .. ", or 600 there")
sip.run()
