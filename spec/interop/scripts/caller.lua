-- SPDX-License-Identifier: MIT
-- A caller for the scenarios: it does one thing, says how that went, and ends.
--
--   moonsip run spec/interop/scripts/caller.lua 127.0.0.1:5070 WHAT URI [URI]
--
-- LISTEN,T1 makes T1 so many milliseconds.

local sip <const> = require "moonsip"

local where <const>, t1 <const> = arg[1]:match "^([^,]*),?(%d*)$"
local target <const> = { arg[3], arg[4] }
local agent <close> = assert(sip.agent {
  listen = where, t1 = t1 ~= "" and tonumber(t1) / 1000 or nil, from = "moonsip",
})

local function say(...)
  print(...)
end

agent:on("1xx", function(res) say(res.code, res.reason) end)

--- A call, or the end of this program.
local function call(options)
  local one, err = agent:call(target, options)
  if one then
    say "answered"
    return one
  end
  say("failed", err)
  local response = err.response
  for _, contact in ipairs(response and response.contacts or {}) do say("contact", contact.uri) end
end

local things <const> = {}

--- Answered, and ended by us.
function things.call()
  local one = call()
  if one then one:hangup() end
end

--- Without an offer of ours: the answer goes into the ACK (RFC 3261 13.2.1).
function things.late()
  local one = call { sdp = false }
  if one then one:hangup() end
end

--- Answered, and ended by the other side.
function things.stay()
  local one = call()
  if one then say("end", one:wait_end()) end
end

--- Changed while it lasts.
function things.change()
  local one <close> = call()
  local res, err = one:reinvite()
  say("reinvite", res and res.code or err)
  res, err = one:update()
  say("update", res and res.code or err)
end

--- Its provisional responses have to be reliable (RFC 3262).
function things.required()
  local one = call { reliable = "required" }
  if one then one:hangup() end
end

--- Kept until the other side is somebody else (RFC 4916).
function things.identity()
  local one = call()
  if not one then return end
  one:on("identity", function(_, who)
    say("identity", who.uri)
    one:hangup()
  end)
  one:wait_end()
end

--- Given up as soon as it rings.
function things.cancel()
  local one = agent:start_call(target)
  one:on(180, function() one:hangup() end)
  say("end", one:wait_end())
end

--- Whoever rings too long is given up.
function things.impatient()
  call { ring = "300ms" }
end

--- A request that is too large for a packet of UDP (RFC 3261 18.1.1).
function things.large()
  local res, err = agent:request("PUBLISH", target, { body = ("x"):rep(2000) }):wait()
  say("published", res and res.code or err)
end

--- Every method that a script can send.
function things.methods()
  local methods <const> = { "REGISTER", "OPTIONS", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO",
                            "REFER", "MESSAGE", "UPDATE", "PRACK", "BYE", "DANCE" }
  local headers <const> = {
    SUBSCRIBE = { Event = "presence" },
    NOTIFY = { Event = "presence", ["Subscription-State"] = "active" },
    PUBLISH = { Event = "presence" }, REFER = { ["Refer-To"] = "<sip:a@192.0.2.1>" },
    PRACK = { RAck = "1 1 INVITE" },
  }
  for _, method in ipairs(methods) do
    local res, err = agent:request(method, target, { headers = headers[method] }):wait()
    say(method, res and res.code or err)
  end
end

sip.go(function()
  things[arg[2]]()
  sip.stop() -- what is under way, such as a BYE, is finished by sip.run
end)
sip.run()
say "bye"
