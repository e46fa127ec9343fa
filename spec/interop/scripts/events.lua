-- SPDX-License-Identifier: MIT
-- A notifier, and one that follows REFERs, for the scenarios.
--
--   moonsip run spec/interop/scripts/events.lua 127.0.0.1:5070

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1], media = false })

local presence <const> = agent:event("presence", {
  expires = { 60, 3600 }, interval = 0,
  state = function(aor, self) return self:published(aor) or { basic = "closed" } end,
})
agent:on("PUBLISH", function(req) return presence:publish(req) end)

local summary <const> = { new = 2, old = 5 }
local mailbox <const> = agent:event("message-summary", {
  interval = 0, state = function() return summary end,
})
local loc <const> = sip.location()
agent:on("REGISTER", function(req) return loc:save(req) end)
agent:event("dialog", { source = agent.calls, interval = 0 })
agent:event("reg", { source = loc, interval = 0 })

agent:on("INVITE", function(req)
  local call = req:answer()
  if not call then return end
  call:on("replaced", function(by) print("replaced", by.from.uri) end)
  print("end", call:wait_end())
end)

agent:on("REFER", function(req)
  local call, err = req:follow_refer()
  print("followed", call and "answered" or err)
  if call then call:hangup() end
end)

-- A message read, or the way to another call, for the specs to ask for.
agent:on("MESSAGE", function(req)
  local word, rest = req.body:match "^(%S+)%s*(.*)$"
  req:reply(200)
  if word == "mail" then
    summary.new = tonumber(rest)
    mailbox:notify()
  elseif word == "transfer" then
    print("transfer", agent.calls[1]:transfer(rest))
  elseif word == "join" then
    print("join", agent.calls[1]:transfer(agent.calls[2]))
  end
end)

sip.run()
