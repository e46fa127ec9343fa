-- A queue: callers hear music until one of the phones is free, in the order in which they
-- came, and the phone that was idle longest rings first. Every twenty seconds they are told
-- how many are before them.
--
--   moonsip run examples/24_queue.lua 127.0.0.1:5060 sip:ann@127.0.0.1:5071 sip:ben@127.0.0.1:5072

local sip <const> = require "moonsip"
if not arg[2] then error("usage: 24_queue.lua LISTEN PHONE...", 0) end

local agent <close> = assert(sip.agent { listen = arg[1] })

local phones <const> = sip.hunt({ table.unpack(arg, 2) }, { order = "longest_idle", each = "10s" })
local line <const> = {}                              -- calls that wait, the first one first
local max_waiting <const> = 20

local function place_of(call)
  for at, one in ipairs(line) do
    if one == call then return at end
  end
end

local function leave(call)
  local at = place_of(call)
  if at then table.remove(line, at) end
end

local function play_music(call)
  call:play({ "moh.wav", loop = 0 }, function() end) -- goes on beside what follows
end

-- Until the call is the first and somebody is free; nil when it hung up.
local function wait_turn(call)
  local told = sip.now()
  while call.state ~= "ended" do
    if line[1] == call and phones.free > 0 then return true end
    if sip.now() - told >= 20 then
      told = sip.now()
      call:stop()
      call:say(("You are number %d."):format(place_of(call)))
      play_music(call)
    end
    sip.sleep "500ms"
  end
end

-- The phone that took it; nil when the caller hung up meanwhile.
local function find_phone(call)
  play_music(call)
  while wait_turn(call) do
    local phone, err = phones:dial(call)
    if phone then return phone end
    if err.kind == "hangup" then return nil end
  end
end

agent:on("INVITE", function(req)
  if #line >= max_waiting then return req:reply(486) end
  local call <close> = assert(req:answer())
  table.insert(line, call)
  local phone <close> = find_phone(call)
  leave(call)
  if not phone then return print("gave up: " .. tostring(call.from.uri)) end
  call:stop()
  local record = call:bridge(phone)
  print(("%s waited %.0f s and spoke %.0f s with %s"):format(call.from.uri,
    record.answered - record.began, record.seconds, phone.to.uri.user))
end)

print("listening on " .. tostring(agent))
sip.run()
