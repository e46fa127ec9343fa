-- SPDX-License-Identifier: MIT
--
-- SIPp on both sides of a script that is a back-to-back user agent. What a scenario shows
-- stands at the head of its file.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

-- caller, who is called (user: see scripts/b2bua.lua), and the second legs.
local calls <const> = {
  { "uac_b2bua", "hidden", "uas_b2bua" },
  { "uac_b2bua", "direct", "uas_b2bua_early" },
  { "uac_b2bua_early", "hidden", "uas_b2bua_early" },
  { "uac_b2bua_early", "direct", "uas_b2bua_early" },
  { "uac_b2bua_late_offer", "direct", "uas_b2bua_late_offer" },
  { "uac_b2bua_hold", "direct", "uas_b2bua_held" },
  { "uac_b2bua_changed", "direct", "uas_b2bua_changes" },
  { "uac_b2bua_refused", "direct", "uas_b2bua_refuses" },
  { "uac_b2bua_info", "hidden", "uas_b2bua_info" },
  { "uac_b2bua_info", "direct", "uas_b2bua_info" },
  { "uac_b2bua_update", "direct", "uas_b2bua_update" },
  { "uac_b2bua_left", "hidden", "uas_b2bua_leaves" },
  { "uac_b2bua_busy", "hidden", "uas_busy" },
  { "uac_cancel", "hidden", "uas_b2bua_cancelled" },
  { "uac_cancel", "direct", "uas_late_cancel" },
  { "uac_b2bua", "carriers", "uas_unavailable", "uas_b2bua_early" },
  { "uac_b2bua", "carriers", "uas_b2bua_slow", "uas_b2bua_early" },
  { "uac_b2bua", "both", "uas_b2bua", "uas_b2bua_cancelled" },
}

local function legs(one, transport, addresses)
  local list = {}
  for at = 1, 2 do
    if one[at + 2] then
      list[at] = sipp.start(one[at + 2], { transport = transport, address = addresses[at] })
    end
  end
  return list
end

local function over(transport, one)
  local addresses = { place.address(), place.address() }
  local peers = legs(one, transport, addresses)
  local server <close> = script.serve("spec/interop/scripts/b2bua.lua",
    { addresses[1], addresses[2], transport })
  local caller <close> = sipp.start(one[1], { transport = transport, target = server.address,
                                              user = one[2] })
  sipp.finish(caller)
  for _, peer in pairs(peers) do sipp.finish(peer) end
  script.stop(server)
  assert.equal("", (server.output:gsub("[^\n]* SIGINT\n", "")))
end

describe("A B2BUA between SIPp and SIPp", function()
  after_each(process.end_all)

  for _, one in ipairs(calls) do
    for _, transport in ipairs { "udp", "tcp" } do
      it(("over %s, %s: %s"):format(transport, table.concat(one, ", ", 2),
        scenarios.title(one[1])), function() over(transport, one) end)
    end
  end
end)
