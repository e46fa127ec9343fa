-- The audio of a call for another program, both ways, in AudioSocket framing: the echo server
-- beside this file, a speech recogniser, a voice agent. "*" interrupts what it says.
--
--   lua5.4 examples/servers/echo.lua 127.0.0.1:9092
--   moonsip run examples/14_attach.lua [127.0.0.1:5070 [127.0.0.1:9092]]

local sip <const> = require "moonsip"

local server <const> = "audiosocket://" .. (arg[2] or "127.0.0.1:9092")
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

agent:on("INVITE", function(req)
  local call <close> = assert(req:answer())
  local stream <close>, err = call:stream { to = server }
  if not stream then
    print("not attached: " .. tostring(err))
    return call:play "goodbye.wav"
  end
  print("attached as " .. stream.uuid)
  call:on("dtmf", function(digit)
    if digit == "*" then stream:clear() end             -- barge-in
  end)
  local done, why = stream:wait()                       -- until one of the three hangs up
  print(done and "the server hung up" or tostring(why))
end)

print("listening on " .. tostring(agent) .. ", attaching " .. server)
sip.run()
