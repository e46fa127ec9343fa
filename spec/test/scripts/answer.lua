-- SPDX-License-Identifier: MIT
-- A script as users write them: it answers calls, for as long as the caller stays.
local sip <const> = require "moonsip"
local words <const> = require "spec.test.scripts.words"

local at <const>, seconds <const> = ...
local agent <close> = assert(sip.agent { listen = at or "0.0.0.0:5060" })
print("listening on", agent)

agent:on("INVITE", function(req)
  print(words.greeting, req.from.user)
  sip.log:info("a call from %s", req.source_ip)
  req:ring()
  sip.sleep(seconds or 1)
  local call <close> = assert(req:answer())
  call:on("end", function(why) print("gone", why.kind) end)
  sip.sleep "1h"
end)
agent:on("OPTIONS", function(req) return req:reply(200, { Server = words.name() }) end)

sip.run()
print "stopped"
