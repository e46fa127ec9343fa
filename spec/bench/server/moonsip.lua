-- SPDX-License-Identifier: MIT
-- moonsip.lua PORT [handlers]: the server that is measured. Without handlers OPTIONS
-- gets the default answer of the core; with them a script answers it, and calls.

local sip = require "moonsip"

local port <const>, handlers <const> = ...

-- Transactions live for 32 s (Timers J and L), at the rate of a saturated core.
local agent = assert(sip.agent { listen = "udp:127.0.0.1:" .. port,
                                 max_transactions = 8000000, max_dialogs = 1000000,
                                 media = false })

-- The same as sofia.c sends.
local description <const> = table.concat({
  "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
  "m=audio 40002 RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:101 telephone-event/8000", "",
}, "\r\n")

if handlers then
  agent:on("OPTIONS", function(req) req:reply(200) end)
  agent:on("INVITE", function(req) req:answer { sdp = description } end)
end

sip.run()
