-- SPDX-License-Identifier: MIT
--
-- SIPp calls, a script answers. Each scenario is run over UDP and TCP; what it shows
-- stands at the head of its file.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local raw <const> = require "spec.interop.support.raw"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

-- user: whom SIPp calls, which tells the script what to do (scripts/callee.lua).
-- raw: SIPp shows retransmissions to the scenario, and makes none.
-- over: where it makes sense on one transport only.
local calls <const> = {
  { "uac_busy", user = "busy", raw = true, over = { "udp" } },
  { "uac_cancel", user = "ring" },
  { "uac_compact" },
  { "uac_delayed_offer" },
  { "uac_info" },
  { "uac_info_package", user = "packages" },
  { "uac_late_cancel" },
  { "uac_long", keys = { long = ("x"):rep(3000) .. " end" } },
  { "uac_malformed" },
  { "uac_media_type" },
  { "uac_merged", user = "ring" },
  { "uac_message" },
  { "uac_no_ack", raw = true },
  { "uac_no_codec" },
  { "uac_no_dialog" },
  { "uac_not_allowed" },
  { "uac_old_cseq" },
  { "uac_options" },
  { "uac_record_route", user = "active" },
  { "uac_redirect", user = "moved" },
  { "uac_reinvite" },
  { "uac_repeated_invite", user = "ring", raw = true },
  { "uac_require" },
  { "uac_rport" },
  { "uac_server_bye", user = "brief" },
  { "uac_strict_route", user = "active" },
  { "uac_subscribe_refer" },
  { "uac_target_refresh", user = "active" },
  { "uac_unknown_method" },
  { "uac_update" },
  { "uac_version" },
}

describe("SIPp calls a script", function()
  local callee

  setup(function() callee = script.serve("spec/interop/scripts/callee.lua") end)

  teardown(process.end_all)

  scenarios.each(calls, it, function(transport, one)
    sipp.run(one[1], { transport = transport, target = callee.address, user = one.user or "bob",
                       raw = one.raw, keys = one.keys })
  end)

  it("hundred times by its own uac scenario (RFC 3261 13, 15)", function()
    for _, transport in ipairs { "udp", "tcp" } do
      sipp.run("uac", { transport = transport, target = callee.address, calls = 100 })
    end
  end)

  -- Over UDP there is one call although its INVITE came twice.
  it("and no INVITE was two calls, no handler failed, no dialog is left", function()
    local seen = {}
    for call_id in callee.output:gmatch "call\t(%S+)" do
      assert.is_nil(seen[call_id])
      seen[call_id] = true
    end
    assert.equal("", callee.output:match "error[^\n]*" or "")
    local peer <close> = raw.udp()
    local metrics = peer:ask(callee.address, "INFO", { user = "metrics" })
    assert.equal("0", metrics:match "dialogs=(%d+)")
    script.stop(callee)
  end)
end)

describe("SIPp calls an example", function()
  after_each(process.end_all)

  for _, transport in ipairs { "udp", "tcp" } do
    it("the first one, over " .. transport .. " by its own uac scenario", function()
      local hello <close> = script.serve("examples/09_hello.lua")
      sipp.run("uac", { transport = transport, target = hello.address })
      hello:expect "call from sip:sipp@"
      hello:expect "ended: hangup"
      script.stop(hello)
    end)

    it("the first one, over IPv6 and " .. transport .. " (RFC 5118)", function()
      local hello <close> = script.run("examples/09_hello.lua", {}, { address = place.address6() })
      hello:expect "dial sip:anything@%[::1%]:%d+\n"
      sipp.run("uac", { transport = transport, target = hello.address, address = place.address6() })
      hello:expect("call from sip:sipp@%[::1%]:%d+ .*" .. transport)
      hello:expect "ended: hangup"
      script.stop(hello)
    end)

    it("the registrar, over " .. transport .. ": " .. scenarios.title "uac_register", function()
      local registrar <close> = script.serve("examples/07_registrar.lua")
      sipp.run("uac_register", { transport = transport, target = registrar.address, user = "bob" })
      registrar:expect "sip:bob@[%d.]+\tis no longer at\tsip:sipp@"
      script.stop(registrar)
    end)
  end
end)
