-- SPDX-License-Identifier: MIT
-- Answers when the sender may be gone already.
local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = "0.0.0.0:5060" })

agent:on("INVITE", function(req)
  sip.sleep "10s"
  req:reject(486)
end)

sip.run()
