-- SPDX-License-Identifier: MIT
--
-- A script calls, SIPp answers. Each scenario is run over UDP and TCP; what it shows
-- stands at the head of its file.

local place <const> = require "spec.interop.support.place"
local placed <const> = require "spec.interop.support.placed"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

-- As of placed.run. over: where it makes sense on one transport only.
local calls <const> = {
  { "uas_asks", does = "stay", says = "answered\nend\thangup" },
  { "uas_busy", says = "failed\tbusy: 486" },
  { "uas_bye", does = "stay", says = "180\tRinging\nanswered\nend\thangup" },
  { "uas_cancel", does = "cancel", says = "end\thangup: we hung up\n" },
  { "uas_changes", does = "change", says = "answered\nreinvite\t200\nupdate\t200\n" },
  { "uas_compact", says = "answered\n" },
  { "uas_delayed_offer", does = "late", says = "answered\n" },
  { "uas_early_forks", says = "180\tRinging\n180\tRinging\nanswered\n" },
  { "uas_forked", does = "stay", says = "answered\nend\thangup" },
  { "uas_large", does = "large", says = "published\t200\n", any_transport = true },
  { "uas_late_cancel", does = "cancel", says = "end\thangup: we hung up\n" },
  { "uas_lost_ack", does = "stay", says = "answered\nend\thangup", raw = true },
  { "uas_record_route", says = "answered\n" },
  { "uas_redirect", says = "failed\trejected: 302 Moved Temporarily\n"
    .. "contact\tsip:desk@192.0.2.31\ncontact\tsip:mobile@192.0.2.32\n" },
  { "uas_silent", says = "failed\ttimeout", raw = true, over = { "udp" }, t1_ms = 20 },
  { "uas_strict_route", says = "answered\n" },
}

describe("A script calls SIPp", function()
  after_each(process.end_all)

  scenarios.each(calls, it, placed.run)

  for _, transport in ipairs { "udp", "tcp" } do
    it(("over %s: %s There it is answered"):format(transport,
      scenarios.title "uas_unavailable"), function()
      local first <close> = sipp.start("uas_unavailable", { transport = transport })
      local second <close> = sipp.start("uas_record_route", { transport = transport })
      local caller <close> = script.run("spec/interop/scripts/caller.lua",
        { "call", placed.uri(first), placed.uri(second) })
      sipp.finish(first)
      sipp.finish(second)
      assert.equal(0, caller:wait(), caller.output)
      assert.truthy(caller.output:find "answered\n")
    end)

    it(("over %s: %s"):format(transport,
      scenarios.title "uas_any"), function()
      local peer <close> = sipp.start("uas_any", { transport = transport, calls = 12 })
      local caller <close> = script.run("spec/interop/scripts/caller.lua",
        { "methods", placed.uri(peer) })
      sipp.finish(peer)
      assert.equal(0, caller:wait(), caller.output)
      assert.equal(12, caller:count "%u+\t200\n")
    end)
  end
end)

describe("An example calls SIPp", function()
  after_each(process.end_all)

  for _, transport in ipairs { "udp", "tcp" } do
    it("and its own uas scenario answers, over " .. transport, function()
      local peer <close> = sipp.start("uas", { transport = transport })
      local caller <close> = script.run("examples/04_call.lua", { placed.uri(peer), "0" })
      sipp.finish(peer)
      assert.equal(0, caller:wait(), caller.output)
      assert.truthy(caller.output:find "180\tRinging\nanswered\nended\n", caller.output)
    end)
  end

  it("and is told so when nobody is there: exit status 1", function()
    local caller <close> = script.run("examples/04_call.lua",
      { "sip:bob@" .. place.address() .. ";transport=tcp", "0" })
    assert.equal(1, caller:wait(), caller.output)
    assert.truthy(caller.output:find "not answered: transport", caller.output)
  end)
end)
