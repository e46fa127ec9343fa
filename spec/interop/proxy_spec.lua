-- SPDX-License-Identifier: MIT
--
-- SIPp on both sides of a script that is a proxy. What a scenario shows stands at the head
-- of its file.

local between <const> = require "spec.interop.support.between"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"

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

local path <const> = "spec/interop/scripts/proxy.lua"

describe("A proxy between SIPp and SIPp", function()
  after_each(process.end_all)

  scenarios.each(calls, it, function(transport, one) between.run(path, transport, one) end)
end)
