-- SPDX-License-Identifier: MIT
local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent{ listen = { "udp::5060", "tls::5061", "wss::8443" },
                                  tls = { cert = "fullchain.pem", key = "privkey.pem" } })

local function voicemail(call)
  call:play("vm-intro.wav")
  local info, err = call:record{ file = "vm/" .. call.id .. ".wav",   -- { seconds=, why="key"|"silence"|"max" }
                                 beep = true, max = "2m", silence = "4s", stop = "#" }
  if not info then return nil, err end                 -- hangup: the file is already flushed
  agent:notify_mwi(call.to.aor, { new = 1 })
  return call:play("vm-saved.wav")
end

local menu <const> = {
  ["1"] = function(call) return call:transfer("sip:sales@pbx.example") end,        -- REFER, waits for the sipfrag 200
  ["2"] = voicemail,
  ["0"] = function(call)
    local op <close>, err = call:dial("sip:operator@pbx.example", { ring = "20s", hold_music = "moh.wav" })
    if not op then call:play(err.code == 486 and "busy.wav" or "noanswer.wav") return voicemail(call) end
    return call:bridge(op, { record = "calls/" .. call.id .. ".wav" })             -- returns when either side leaves
  end,
}

agent:on("INVITE", { to = "5000" }, function(req)
  local call <close> = assert(req:answer{ codecs = { "opus", "G722", "PCMA", "PCMU" } })
  call:limit("10m")
  for _ = 1, 3 do
    local key, err = call:gather{ play = "menu.wav", digits = "[012]", timeout = "6s", barge = true }
    if key then return menu[key](call) end
    if err.kind == "hangup" then return end
    call:play(err.kind == "nomatch" and "invalid.wav" or "nothing.wav")
  end
  call:play("goodbye.wav")
end)
sip.run()
