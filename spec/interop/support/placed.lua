-- SPDX-License-Identifier: MIT
--
-- SIPp is called by scripts/caller.lua.

local place <const> = require "spec.interop.support.place"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

local placed <const> = {}

--- Where SIPp is.
---@param one table?  any_transport: the URI does not say which
function placed.uri(peer, one)
  local says_tcp = peer.transport == "tcp" and not (one and one.any_transport)
  return "sip:bob@" .. peer.address .. (says_tcp and ";transport=tcp" or "")
end

--- Runs a scenario that is called.
---@param transport "udp"|"tcp"
---@param one table  does: what the script is told; says: what it reports at its end; t1_ms:
---  of its timers; raw: as of sipp.start
function placed.run(transport, one)
  local peer <close> = sipp.start(one[1], { transport = transport, raw = one.raw })
  local caller <close> = script.run("spec/interop/scripts/caller.lua",
    { one.does or "call", placed.uri(peer, one) },
    { address = place.address() .. (one.t1_ms and "," .. one.t1_ms or "") })
  sipp.finish(peer)
  assert(caller:wait() == 0, caller.output)
  assert(caller.output:find(one.says, 1, true), caller.output)
  assert(caller.output:find "bye\n$", caller.output)
end

return placed
