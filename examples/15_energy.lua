-- Listens to a call in Lua: how loud the caller is, five times a second, and when they speak.
--
--   moonsip run examples/15_energy.lua [127.0.0.1:5070]

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

-- dB below the loudest that 16 bits can be.
local function level(frame)
  local sum, count = 0, #frame // 2
  for at = 1, #frame - 1, 2 do
    local sample = (("<i2"):unpack(frame, at))
    sum = sum + sample * sample
  end
  local rms = math.sqrt(sum / count)
  return 20 * math.log(math.max(rms, 1) / 32768, 10)
end

agent:on("INVITE", function(req)
  local call <close> = assert(req:answer())
  local loudest, speaks, heard = -96, false, 0
  for frame in call:audio { frame = "200ms" } do        -- ends with the call
    local db = level(frame)
    loudest, heard = math.max(loudest, db), heard + 0.2
    if (db > -40) ~= speaks then
      speaks = db > -40
      print(("%6.2f s  %s  %.0f dB"):format(heard, speaks and "speaks" or "silent", db))
    end
  end
  print(("heard %.1f s, loudest %.0f dB"):format(heard, loudest))
end)

print("listening on " .. tostring(agent))
sip.run()
