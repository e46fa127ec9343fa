-- Places a call, keeps it for some seconds, and says how it went; the exit status is
-- that of success only when it was answered.
--
--   moonsip run examples/04_call.lua 127.0.0.1:5070 sip:bob@192.0.2.1 [seconds]

local sip <const> = require "moonsip"

local listen, target, seconds = arg[1], arg[2], tonumber(arg[3] or 3)
if not target then error("usage: 04_call.lua LISTEN URI [SECONDS]", 0) end

local agent <close> = assert(sip.agent { listen = listen })

agent:on("1xx", function(res) print(res.code, res.reason) end)

-- In the main chunk a waiting verb turns the loop: no sip.run() is needed.
local call <close>, err = agent:call(target, { ring = "20s" })
if not call then error("not answered: " .. tostring(err), 0) end
print("answered")
sip.sleep(seconds)
call:hangup()
print("ended")
