-- A menu with a voice mailbox and an operator.
--
--   moonsip run examples/10_ivr_menu.lua [127.0.0.1:5070 [OPERATOR [FOLDER]]]

local sip <const> = require "moonsip"

local listen <const>, operator <const>, folder <const> =
  arg[1] or "0.0.0.0:5060", arg[2] or "sip:operator@pbx.example", arg[3] or "/tmp"

local agent <close> = assert(sip.agent { listen = listen })

local function voicemail(call)
  call:play "vm-intro.wav"
  local info, err = call:record { file = ("%s/vm-%s.wav"):format(folder, call.id),
                                  beep = true, max = "2m", silence = "4s", stop = "#" }
  if not info then return nil, err end                 -- hang-up: the file is complete already
  print(("message of %.1f s from %s"):format(info.seconds, call.from.uri))
  return call:play "vm-saved.wav"
end

local function talk_to(target)
  return function(call)
    local leg <close>, err = call:dial(target, { ring = "20s", hold_music = "moh.wav" })
    if not leg then
      if err.kind == "hangup" then return nil, err end
      call:play(err.code == 486 and "busy.wav" or "noanswer.wav")
      return voicemail(call)
    end
    -- Returns when either side leaves.
    return call:bridge(leg, { record = ("%s/call-%s.wav"):format(folder, call.id) })
  end
end

local menu <const> = {
  ["1"] = talk_to(operator:gsub("^(sips?:)[^@]*@", "%1sales@")),
  ["2"] = voicemail,
  ["0"] = talk_to(operator),
}

agent:on("INVITE", { to = "5000" }, function(req)
  local call <close> = assert(req:answer { codecs = { "opus", "G722", "PCMA", "PCMU" } })
  call:limit "10m"
  for _ = 1, 3 do
    local key, err = call:gather { play = "menu.wav", digits = "[012]", timeout = "6s",
                                   barge = true }
    if key then return menu[key](call) end
    if err.kind == "hangup" then return end
    call:play(err.kind == "nomatch" and "invalid.wav" or "nothing.wav")
  end
  call:play "goodbye.wav"
end)

print("listening on " .. tostring(agent) .. ", dial 5000")
sip.run()
