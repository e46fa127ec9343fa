-- SPDX-License-Identifier: MIT
--
-- What real phones call:
--
--   moonsip run spec/interop/scripts/ivr.lua ADDRESS FOLDER
--
-- "digits" plays a prompt and collects twelve keys; "listen" plays it and waits; "record"
-- records what is said; "room" joins a conference. The files are in the folder.

local sip <const> = require "moonsip"
local address <const>, folder <const> = ...

local agent <close> = assert(sip.agent { listen = address })
local prompt <const> = folder .. "/prompt.wav"
local room

agent:on("INVITE", { to = "digits" }, function(req)
  local call <close> = assert(req:answer())
  print("digits", call:gather { play = prompt, max = 12, timeout = "20s", interdigit = "10s" })
end)

agent:on("INVITE", { to = "listen" }, function(req)
  local call <close> = assert(req:answer())
  print("played", call:play { { silence = "500ms" }, prompt })
  call:wait_end()
end)

agent:on("INVITE", { to = "record" }, function(req)
  local call <close> = assert(req:answer())
  local info, err = call:record { file = folder .. "/recorded.wav", beep = false, silence = false,
    trim = false }
  print("recorded", info and info.why or err.kind)
end)

agent:on("INVITE", { to = "room" }, function(req)
  room = room or assert(sip.conference())
  local call <close> = assert(req:answer())
  print("in the room")
  print("left", room:join(call))
end)

print("listening on " .. tostring(agent))
sip.run()
