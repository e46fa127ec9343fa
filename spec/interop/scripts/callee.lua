-- SPDX-License-Identifier: MIT
-- A callee for the scenarios: what it does follows from the user that is called.
--
--   moonsip run spec/interop/scripts/callee.lua 127.0.0.1:5070 [T1 in ms]

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent {
  listen = arg[1], t1 = arg[2] and tonumber(arg[2]) / 1000,
})

local function say(...)
  print(...)
end

-- Anybody else: answered, and kept until the caller hangs up.
agent:on("INVITE", function(req)
  if not req:ring() then return end -- refused: it came a second way (RFC 3261 8.2.2.2)
  say("call", req.call_id)
  local call <close>, err = req:answer()
  if not call then return say("end", err) end
  call:on("INVITE", function(change)
    say("reinvite", change.body:match "a=(send%l+)")
    return sip.next
  end)
  say("end", call:wait_end())
end)

-- Rings until the caller gives up.
agent:on("INVITE", { user = "ring" }, function(req)
  if not req:ring() then return end -- refused: it came a second way (RFC 3261 8.2.2.2)
  say("call", req.call_id)
  say("rang", req.call:wait_end())
end)

-- Answered early, as reliably as the caller supports, and a moment later for good.
agent:on("INVITE", { user = "early" }, function(req)
  assert(req:progress { sdp = true })
  sip.sleep "300ms"
  local call, err = req:answer()
  if not call then return say("end", err) end
  say("end", call:wait_end())
end)

-- The same, but never for good.
agent:on("INVITE", { user = "waits" }, function(req)
  assert(req:progress { sdp = true })
  local why = req.call:wait_end()
  say("end", why, why.header)
end)

-- The same, and refused before the PRACK of that can have come.
agent:on("INVITE", { user = "refuses" }, function(req)
  assert(req:progress { sdp = true })
  req:reject(486)
end)

-- Hangs up when its caller is somebody else.
agent:on("INVITE", { user = "named" }, function(req)
  local call = assert(req:answer())
  call:on("identity", function() call:hangup() end)
  call:wait_end()
end)

agent:on("INVITE", { user = "busy" }, function(req) req:reply(486) end)

agent:on("INVITE", { user = "moved" }, function(req)
  req:redirect { "sip:sales@192.0.2.20", "<sip:sales@192.0.2.21>;q=0.5" }
end)

-- Answered, and ended by us at once: the BYE waits for the ACK (RFC 3261 15).
agent:on("INVITE", { user = "brief" }, function(req)
  local call = assert(req:answer())
  call:hangup { reason = "SIP;cause=200;text=\"Call completed\"" }
end)

-- Answered; then we ask something inside the call, change it, and end it.
local function be_active(call)
  local res, err = call:request("INFO", { body = "ping", content_type = "text/plain" }):wait()
  say("info", res and res.code or err)
  res, err = call:reinvite()
  say("reinvite", res and res.code or err)
  call:hangup()
end

agent:on("INVITE", { user = "active" }, function(req)
  local call = assert(req:answer())
  call:on("ACK", function() be_active(call) end)
  call:wait_end()
end)

agent:on("INFO", function(req) req:reply(200, { body = req.body }) end)

-- A call that receives an Info Package.
agent:on("INVITE", { user = "packages" }, function(req)
  req.call:on("INFO", { package = "x-keys" }, function(info)
    say("package", info.info.package, info.info.params.level, info.info.body)
    info:reply(200)
  end)
  assert(req:answer()):wait_end()
end)

agent:on("MESSAGE", function(req)
  say("message", #req.body, req.transport)
  req:reply(200)
end)

-- What is alive, for specs that look for leaks.
agent:on("INFO", { user = "metrics" }, function(req)
  local lines = {}
  for name, value in pairs(sip.metrics()) do lines[#lines + 1] = name .. "=" .. value end
  table.sort(lines)
  req:reply(200, { body = table.concat(lines, "\n") })
end)

agent:on("error", function(err) say("error", err.traceback) end)

say "ready"
sip.run { drain = "20s" }
say "bye"
