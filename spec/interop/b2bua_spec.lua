-- SPDX-License-Identifier: MIT
--
-- SIPp on both sides of a script that is a back-to-back user agent. What a scenario shows
-- stands at the head of its file.

local between <const> = require "spec.interop.support.between"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"

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

local path <const> = "spec/interop/scripts/b2bua.lua"

describe("A B2BUA between SIPp and SIPp", function()
  after_each(process.end_all)

  scenarios.each(calls, it, function(transport, one) between.run(path, transport, one) end)
end)
