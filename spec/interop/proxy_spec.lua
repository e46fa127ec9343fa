-- SPDX-License-Identifier: MIT
--
-- SIPp on both sides of a script that is a proxy. What a scenario shows stands at the head
-- of its file.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

-- caller, who is called (user: see scripts/proxy.lua), and the two targets.
local calls <const> = {
  { "uac_proxied", "one", "uas_proxied" },
  { "uac_proxied", "both", "uas_proxied", "uas_proxy_cancelled" },
  { "uac_proxied", "serial", "uas_proxy_out", "uas_proxied" },
  { "uac_proxied", "moved", "uas_proxy_moved", "uas_proxied" },
  { "uac_proxied", "one", "uas_proxy_strict" },
  { "uac_proxy_strict", "one", "uas_proxied" },
  { "uac_proxy_spiral", "spiral", "uas_proxied" },
  { "uac_proxy_late_ack", "one", "uas_proxied", raw = true, over = { "udp" } },
  { "uac_proxy_two_answers", "both", "uas_proxy_first", "uas_proxy_late" },
  { "uac_cancel", "one", "uas_proxy_cancelled" },
  { "uac_proxy_busy", "both", "uas_proxy_out", "uas_proxy_busy" },
  { "uac_proxy_declined", "both", "uas_proxy_declines", "uas_proxy_cancelled" },
  { "uac_proxy_unavailable", "one", "uas_proxy_out" },
  { "uac_proxy_challenged", "both", "uas_proxy_asks", "uas_proxy_asks" },
  { "uac_proxy_loop", "loop" },
  { "uac_proxy_hops", "one" },
  { "uac_proxy_require", "one" },
  { "uac_proxy_forged", "one" },
}

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

local function over(transport, one)
  local addresses = { place.address(), place.address() }
  local peers = targets(one, transport, addresses)
  local proxy <close> = script.serve("spec/interop/scripts/proxy.lua",
    { addresses[1], addresses[2], transport })
  local caller <close> = sipp.start(one[1], { transport = transport, target = proxy.address,
                                              user = one[2], raw = one.raw })
  sipp.finish(caller)
  for _, peer in pairs(peers) do sipp.finish(peer) end
  script.stop(proxy)
  assert.equal("", (proxy.output:gsub("[^\n]* SIGINT\n", "")))
end

describe("A proxy between SIPp and SIPp", function()
  after_each(process.end_all)

  for _, one in ipairs(calls) do
    for _, transport in ipairs(one.over or { "udp", "tcp" }) do
      it(("over %s, %s: %s"):format(transport, table.concat(one, ", ", 2),
        scenarios.title(one[1])), function() over(transport, one) end)
    end
  end
end)
