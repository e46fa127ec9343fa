-- SPDX-License-Identifier: MIT
-- Publishes that somebody is there, for the scenarios.
--
--   moonsip run spec/interop/scripts/publisher.lua 127.0.0.1:5070 URI

local sip <const> = require "moonsip"
local pidf <const> = require "moonsip.pidf"

local agent <close> = assert(sip.agent { listen = arg[1] })
local res <const> = assert(agent:request("PUBLISH", arg[2], {
  headers = { Event = "presence", Expires = 600 },
  body = pidf { entity = arg[2], basic = "open" }, content_type = pidf.content_type,
}):wait())
print(res.code, res.headers["SIP-ETag"])
