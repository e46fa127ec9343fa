-- SPDX-License-Identifier: MIT
--
-- What real phones call:
--
--   moonsip run spec/interop/scripts/ivr.lua ADDRESS FOLDER
--
-- "digits" plays a prompt and collects twelve keys; "listen" plays it and waits; "record"
-- records what is said; "echoed" does both at once; "room" joins a conference; "pair" is bridged
-- to another who called it; "tones" and "events" are sent digits. The files are in the folder.

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
  print("played", call:play { { silence = "3s" }, prompt })
  call:wait_end()
end)

agent:on("INVITE", { to = "record" }, function(req)
  local call <close> = assert(req:answer())
  local info, err = call:record { file = folder .. "/recorded.wav", beep = false, silence = false,
    trim = false }
  print("recorded", info and info.why or err.kind)
end)

agent:on("INVITE", { to = "room" }, function(req)
  room = room or assert(sip.conference { beep = false }) -- over what the others say
  local call <close> = assert(req:answer())
  print("in the room")
  print("left", room:join(call))
end)

agent:on("INVITE", { to = "echoed" }, function(req)
  local call <close> = assert(req:answer())
  local recording = assert(call:start_record { file = folder .. "/recorded.wav", silence = false })
  call:play { { silence = "500ms" }, prompt, { silence = "1s" } }
  recording:stop()
  print("recorded", recording:wait() ~= nil)
  call:wait_end()
end)

-- Packets pass as they are, or are decoded and sent by our own clock.
local waiting
for user, transcode in pairs { pair = false, ["pair-decoded"] = "always" } do
  agent:on("INVITE", { to = user }, function(req)
    local call <close> = assert(req:answer())
    local first = waiting
    if not first or first.state == "ended" then
      waiting = call
      print("waiting")
      return call:wait_end()
    end
    waiting = nil
    print("bridged")
    local record = call:bridge(first, { transcode = transcode or nil })
    print("apart", record and record.why and record.why.kind)
    first:hangup()
  end)
end

local ways <const> = { tones = "inband", events = "rfc4733" }
for user, how in pairs(ways) do
  agent:on("INVITE", { to = user }, function(req)
    local call <close> = assert(req:answer())
    call:play { silence = "1s" }
    print("sent", call:dtmf("1234567890*#", { how = how, duration = "120ms", gap = "120ms" }))
    call:wait_end()
  end)
end

print("listening on " .. tostring(agent))
sip.run()
