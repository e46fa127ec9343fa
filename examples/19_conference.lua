-- Conferences behind PINs: whoever dials 600 is asked for one. Guests (1234) hear music until
-- the host (9876) comes, and leave when the host leaves; listeners (5555) cannot be heard.
--
--   moonsip run examples/19_conference.lua [127.0.0.1:5070]

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local room <close> = assert(sip.conference {
  max = 50, music = "moh.wav",
  ask = { say = "Please enter the PIN of your conference." },
  wrong = { say = "There is no such conference." },
  pin = {
    ["1234"] = { start_on_enter = false },
    ["9876"] = { end_on_exit = true },
    ["5555"] = { start_on_enter = false, mute = true },
  },
})

room:on("start", function() print("the host is here: " .. #room.members .. " in the room") end)
room:on("end", function() print("the conference is over") end)
room:on("join", function(call) print(tostring(call.from.uri) .. " comes in") end)
room:on("leave", function(call, why) print(tostring(call.from.uri) .. " leaves: " .. why) end)

agent:on("INVITE", { to = "600" }, function(req)
  local call <close> = assert(req:answer())
  local record, err = room:join(call)                   -- until it leaves
  if record then
    call:say(("You were here for %.0f seconds. Good bye."):format(record.seconds))
  elseif err.kind ~= "hangup" then
    print(tostring(call.from.uri) .. " is not let in: " .. tostring(err))
    call:play "goodbye.wav"
  end
end)

print("listening on " .. tostring(agent) .. ", dial 600")
sip.run()
