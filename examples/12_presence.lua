-- Presence, lamps and message waiting: tells others of states, takes publications, and
-- watches somebody itself.
--
--   moonsip run examples/12_presence.lua [tcp:127.0.0.1:5060]

local sip <const> = require "moonsip"
local listen <const> = arg[1] or "tcp::5060"
local agent <close> = assert(sip.agent{ listen = listen, domains = { "example.com" } })
local pidf <const> = require "moonsip.pidf"

-- notifier: the core keeps the subscriptions (RFC 6665 timers, tags, refresh, terminated)
local presence <const> = agent:event("presence", {
  accept  = "application/pidf+xml", expires = { 60, 3600 },
  allow   = function(_, watcher) return watcher.host == "example.com" end,   -- or "pending"
  state   = function(aor, self)
    return self:published(aor) or pidf{ entity = aor, basic = "closed" }
  end,
})
agent:on("PUBLISH", function(req) return presence:publish(req) end)   -- ETags, 412, composition; notifies the watchers
agent:event("dialog",          { source = agent.calls })                 -- BLF: dialog-info built from live calls
agent:event("message-summary", { state = function() return { new = 2, old = 5 } end })

-- or by hand, callback style
agent:on("SUBSCRIBE", { event = "x-temperature" }, function(req)
  local sub = assert(req:accept{ expires = 300 })
  local timer = sip.every("10s", function() sub:notify("21.5", "text/plain") end)
  sub:on("end", function() timer:stop() end)
end)

-- watcher: a generic for with a closing value; leaving the loop un-subscribes
sip.go(function()
  for info, doc in agent:watch("sip:bob@example.com", "presence") do
    print(info.state, doc and pidf.parse(doc).basic)
    if info.state == "terminated" then break end
  end
end)
print("listening", agent)
sip.run()
