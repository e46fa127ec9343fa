-- Watches peers by OPTIONS every few seconds and says when one goes or comes back.
--
--   moonsip run examples/05_ping.lua 127.0.0.1:5070 sip:192.0.2.1 sip:192.0.2.2

local sip <const> = require "moonsip"

local interval <const>, patience <const> = "5s", "3s"

local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })
local up <const> = {}

local function ping(uri)
  local res, err = agent:request("OPTIONS", uri, { timeout = patience }):wait()
  -- Any final answer, even 404, comes from somebody who is there.
  local is_up = res ~= nil or err.response ~= nil
  if is_up ~= up[uri] then
    print(uri, is_up and "up" or "down", res and res.code or err)
    up[uri] = is_up
  end
end

for at = 2, #arg do
  sip.go(ping, arg[at])
  sip.every(interval, function() ping(arg[at]) end)
end

print("listening on " .. tostring(agent))
sip.run()
