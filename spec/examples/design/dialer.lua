-- SPDX-License-Identifier: MIT
local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent{ listen = "udp::5060" })
local trunk <const> = { uri = "sip:trunk.example", username = "acme", password = os.getenv "PW", from = "+15551234567" }

local lines <const> = sip.pool(20)                                -- at most 20 calls at once
local pace  <const> = sip.rate("5/1s")                            -- at most 5 new calls a second

local function one(number)
  local line <close> = lines:take()                               -- yields until a line is free; returned on any exit
  local call <close>, err = agent:call("sip:" .. number .. "@trunk.example", { via = trunk, ring = "35s" })
  if not call then return err.kind, err.code end                  -- "busy" "noanswer" "rejected" "timeout" "transport"
  local who = call:detect{ max = "4s" }                           -- "human" | "machine" | "fax" | "silence"
  if who == "machine" then
    call:wait_beep{ max = "30s" }
    call:play("leave-message.wav")
    return "machine"
  end
  local key, e = call:gather{ play = "press-1-to-confirm.wav", digits = "[12]", timeout = "7s", tries = 2 }
  return key == "1" and "confirmed" or key == "2" and "declined" or e.kind
end

local tasks <close> = sip.group()                                 -- leaving the scope cancels what still runs
for number in io.lines "numbers.txt" do
  pace:wait()
  tasks:go(function()
    local why, code = one(number)
    print(number, why, code or "")
  end)
end
tasks:wait()
