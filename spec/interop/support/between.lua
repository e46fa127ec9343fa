-- SPDX-License-Identifier: MIT
--
-- A script with SIPp on both sides of it.

local place <const> = require "spec.interop.support.place"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

local between <const> = {}

local realms <const> = { "first", "second" }

local function targets(one, transport, addresses)
  local list = {}
  for at = 1, 2 do
    if one[at + 2] then
      list[at] = sipp.start(one[at + 2], { transport = transport, address = addresses[at],
        keys = { realm = realms[at], elsewhere = addresses[3 - at] } })
    end
  end
  return list
end

--- Runs a row of scenarios: who calls, the user that is called (which tells the script what
--- to do), and up to two who are called in the end.
---@param path string  of the script
---@param transport "udp"|"tcp"
---@param one table  raw: of the caller
function between.run(path, transport, one)
  local addresses = { place.address(), place.address() }
  local peers = targets(one, transport, addresses)
  local server <close> = script.serve(path, { addresses[1], addresses[2], transport })
  local caller <close> = sipp.start(one[1], { transport = transport, target = server.address,
                                              user = one[2], raw = one.raw })
  sipp.finish(caller)
  for _, peer in pairs(peers) do sipp.finish(peer) end
  script.stop(server)
  local said = server.output:gsub("[^\n]* SIGINT\n", "")
  assert(said == "", said)
end

return between
