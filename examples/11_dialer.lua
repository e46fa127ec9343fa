-- Calls a list of numbers through a trunk, so many at once and so many a second; talks to
-- humans, leaves a message on machines.
--
--   moonsip run examples/11_dialer.lua 127.0.0.1:5070 sip:trunk.example numbers.txt

local sip <const> = require "moonsip"

local listen <const>, uri <const>, numbers <const> = arg[1], arg[2], arg[3]
if not numbers then error("usage: 11_dialer.lua LISTEN TRUNK FILE", 0) end

local agent <close> = assert(sip.agent { listen = listen })
local trunk <const> = { uri = uri, username = "acme", password = os.getenv "PW" or "secret",
                        from = "sip:+15551234567@acme.example" }

local lines <const> = sip.pool(20)                      -- at most 20 calls at once
local pace <const> = sip.rate "5/1s"                    -- at most 5 new calls a second

local function one(number)
  local line <close> = lines:take()                     -- waits for a free one; given back on exit
  local call <close>, err = agent:call("sip:" .. number .. "@" .. uri:match "^sips?:(.*)$",
    { via = trunk, ring = "35s" })
  if not call then return err.kind, err.code end        -- busy, noanswer, rejected, timeout ...
  local who = call:detect { max = "4s" }                -- human, machine, fax, silence
  if who == "machine" then
    call:wait_beep { max = "30s" }
    call:play "leave-message.wav"
    return "machine"
  end
  local key, why = call:gather { play = "press-1-to-confirm.wav", digits = "[12]",
                                 timeout = "7s", tries = 2 }
  return key == "1" and "confirmed" or key == "2" and "declined" or why.kind, line and nil
end

local tasks <close> = sip.group()                       -- leaving the scope cancels what still runs
for number in io.lines(numbers) do
  pace:wait()
  tasks:go(function()
    local why, code = one(number)
    print(number, why, code or "")
  end)
end
tasks:wait()
