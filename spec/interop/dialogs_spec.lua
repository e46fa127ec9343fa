-- SPDX-License-Identifier: MIT
--
-- Calls in depth with SIPp on the other side: reliable provisional responses, UPDATE, session
-- timers, changes that cross, branches, identities. Each scenario is run over UDP and TCP; what
-- it shows stands at the head of its file.

local placed <const> = require "spec.interop.support.placed"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

-- As in sipp_caller_spec.lua. t1: of a callee of its own, in ms.
local calls <const> = {
  { "uac_glare", user = "active" },
  { "uac_identity", user = "named" },
  { "uac_prack", user = "early" },
  { "uac_prack_cancel", user = "waits" },
  { "uac_prack_delayed", user = "early" },
  { "uac_prack_late", user = "early", raw = true },
  { "uac_prack_none", user = "waits", raw = true, t1 = "20" },
  { "uac_prack_offer", user = "early" },
  { "uac_prack_refused", user = "refuses" },
  { "uac_prack_required" },
  { "uac_prack_twice", user = "early", raw = true, over = { "udp" } },
  { "uac_prack_wrong", user = "early" },
  { "uac_timer" },
  { "uac_timer_proxy" },
  { "uac_timer_refresh" },
  { "uac_timer_small" },
  { "uac_update_early", user = "early" },
  { "uac_update_soon", user = "ring" },
}

-- As of placed.run.
local called <const> = {
  { "uas_199", says = "answered\n" },
  { "uas_glare", does = "change", says = "answered\nreinvite\t200\nupdate\t200\n" },
  { "uas_identity", does = "identity", says = "answered\nidentity\tsip:carol@example.com\n" },
  { "uas_prack", says = "183\tSession Progress\nanswered\n" },
  { "uas_prack_copies", says = "183\tSession Progress\nanswered\n", raw = true,
    over = { "udp" } },
  { "uas_prack_delayed", does = "late", says = "183\tSession Progress\nanswered\n" },
  { "uas_prack_forks", says = "180\tRinging\n183\tSession Progress\nanswered\n" },
  { "uas_prack_order", says = ("183\tSession Progress\n"):rep(3) .. "answered\n", raw = true },
  { "uas_prack_required", does = "required", says = "180\tRinging\nanswered\n" },
  { "uas_timer", does = "change", says = "answered\nreinvite\t200\nupdate\t200\n" },
  { "uas_timer_endless", says = "failed\trejected: 422" },
  { "uas_timer_small", says = "answered\n" },
  { "uas_update_early", says = "183\tSession Progress\nanswered\n" },
  { "uas_update_soon", does = "change", says = "answered\nreinvite\t200\nupdate\t200\n" },
}

local callee_path <const> = "spec/interop/scripts/callee.lua"

describe("In depth, SIPp calls a script", function()
  local callee

  setup(function() callee = script.serve(callee_path) end)
  teardown(process.end_all)

  scenarios.each(calls, it, function(transport, one)
    local own <close> = one.t1 and script.serve(callee_path, { one.t1 }) or nil
    sipp.run(one[1], { transport = transport, target = (own or callee).address,
                       user = one.user or "bob", raw = one.raw })
  end)

  it("and no handler failed; the CANCEL's Reason was heard (RFC 3326)", function()
    assert.equal("", callee.output:match "error[^\n]*" or "")
    assert.matches('cancelled: 487[^\n]*Call completed elsewhere', callee.output)
    script.stop(callee)
  end)
end)

describe("In depth, a script calls SIPp", function()
  after_each(process.end_all)

  scenarios.each(called, it, placed.run)
end)
