-- Click to dial: has the phone of somebody call somebody else. A phone that cannot be asked
-- for that is called itself, then the other; it steps out of the way where it can.
--
--   moonsip run examples/18_click_to_dial.lua 10.0.0.1:5060 sip:desk@10.0.0.2 \
--     sip:customer@example.com

local sip <const> = require "moonsip"

local operator <const>, customer <const> = arg[2], arg[3] or "sip:customer@example.com"
if not operator then error("usage: 18_click_to_dial.lua LISTEN PHONE [CUSTOMER]", 0) end

local agent <close> = assert(sip.agent { listen = arg[1], from = "click" })

-- The phone places the call itself (RFC 5359 2.18).
local function by_refer()
  for step in agent:refer(operator, { to = customer, referred_by = "sip:click@example.com" }) do
    if step.error then return nil, step.error end
    print("the phone is told", step.code, step.reason)
    if step.final then return step.code < 300 and step.code or nil, step end
  end
end

-- We place both, and leave (RFC 3725, 5589 7.1).
local function by_third_party()
  local a <close>, err = agent:call(operator, { headers = { ["Answer-Mode"] = "Auto" },
                                                ring = "20s" })
  if not a then return nil, err end
  local b <close>, why = a:dial(customer, { ring = "40s", ringback = true })
  if not b then return nil, why end
  return a:transfer(b)
end

local done, err = by_refer()
if not done and err and (err.code == 405 or err.code == 501 or err.code == 603) then
  print("the phone cannot do that:", err.code)
  done, err = by_third_party()
end
if done then
  print "connected"
elseif err then                                        -- nil: stopped meanwhile
  print("not connected: " .. (err.code or err.kind), err.reason)
end
