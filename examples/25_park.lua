-- Parking: the one who is called presses *7, and the caller hears music in a slot. Whoever
-- dials the slot (701 to 709) takes the call over. After a minute the one who parked it is
-- called back.
--
--   moonsip run examples/25_park.lua 127.0.0.1:5060 ann=sip:ann@127.0.0.1:5071

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local phones <const>, parked <const> = {}, {}        -- by user; by slot
for at = 2, #arg do
  local user, uri = arg[at]:match "^(.-)=(.*)$"
  phones[user or ""] = uri
end

local function free_slot()
  for number = 701, 709 do
    if not parked[tostring(number)] then return tostring(number) end
  end
end

-- Waits in a slot. True when nobody came; else somebody took it, or it hung up.
local function park(call)
  local slot = free_slot()
  if not slot then return true end
  parked[slot] = call
  print(("%s is parked at %s"):format(call.from.uri, slot))
  local done = call:play { "moh.wav", loop = 0, max = "60s" }
  if parked[slot] == call then
    parked[slot] = nil
    return done
  end
  call:wait_end()                                    -- who took it hangs up for both
end

-- Joins them until *7 is pressed on the other side: true when it was.
local function talk(call, other)
  local keys, wants_park = "", false
  other:on("dtmf", function(key)
    keys = (keys .. key):sub(-2)
    wants_park = keys == "*7"
    if wants_park then call:unbridge() end
  end)
  call:bridge(other)
  return wants_park
end

local function take(req, slot)
  local call = parked[slot]
  if not call then return req:reply(404) end
  parked[slot] = nil
  local mine <close> = req:leg()
  call:stop()                                        -- the music
  mine:bridge(call)
  call:hangup()
end

agent:on("INVITE", function(req)
  local user = req.uri.user
  if user:find "^70[1-9]$" then return take(req, user) end
  if not phones[user] then return req:reply(404) end
  local call <close> = req:leg()
  repeat
    local phone <close>, err = call:dial(phones[user], { ring = "30s" })
    if not phone then
      if call.state == "connected" then return print("nobody took it back: " .. tostring(err)) end
      return call:reject(err)
    end
    local is_parked = talk(call, phone)
    phone:hangup()
  until not (is_parked and park(call))
end)

print("listening on " .. tostring(agent))
sip.run()
