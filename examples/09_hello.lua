-- Answers calls and ends them after ten seconds, replies to OPTIONS and MESSAGE, and
-- says what happens.
--
--   moonsip run examples/09_hello.lua [127.0.0.1:5070]

local sip <const> = require "moonsip"

-- "127.0.0.1:5070" means UDP and TCP there; without an argument, everywhere on 5060.
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local function say(format, ...)
  print(format:format(...))
end

agent:on("INVITE", function(req)
  say("call from %s to %s (%s)", req.from.uri, req.to.uri, req.source)
  req:ring()
  local call <close> = assert(req:answer())
  say("  answered; ten seconds from now it is over")
  call:limit("10s")
  local why, stopped = call:wait_end()
  say("  ended: %s", why or stopped)
end)

agent:on("MESSAGE", function(req)
  say("message from %s: %s", req.from.uri, req.body)
  req:reply(200)
end)

-- OPTIONS needs no handler: the core answers with what the agent can do. This one only
-- looks on, and leaves the answer to it.
agent:on("OPTIONS", function(req)
  say("options from %s", req.source)
  return sip.next
end)

say("listening on %s", agent)
local first = tostring(agent):match "^%a+:([^,]*)" -- "0.0.0.0:5060"
say("dial sip:anything@%s", (first:gsub("^0%.0%.0%.0", "127.0.0.1")))
sip.run()
say("bye")
