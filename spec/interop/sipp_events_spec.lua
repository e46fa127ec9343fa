-- SPDX-License-Identifier: MIT
--
-- Subscriptions, publications, REFER and Replaces against SIPp, from both sides. What a
-- scenario shows stands at the head of its file.

local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

local asks <const> = {
  "uac_event_subscribe", "uac_event_refresh", "uac_event_fetch", "uac_event_brief",
  "uac_event_unknown", "uac_event_accept", "uac_event_summary", "uac_event_lost",
  "uac_event_stray", "uac_event_publish", "uac_event_published", "uac_refer_followed",
  "uac_refer_refused", "uac_refer_quiet", "uac_replaces_unknown", "uac_replaces",
  "uac_replaces_ended", "uac_replaces_early_only", "uac_join",
}

-- does: what scripts/watcher.lua is told; says: what it reports; calls: of SIPp.
local asked <const> = {
  { "uas_event_watched", says = "active\tone\nactive\tleave\n" },
  { "uas_event_first", says = "active\tleave\n", over = { "udp" } },
  { "uas_event_forbidden", says = "terminated\trejected: 403 Forbidden\n" },
  { "uas_event_moved", times = "2", calls = 2, says = "terminated\tmoved\nterminated\tmoved\n" },
  { "uas_event_rejected", says = "pending\tnil\nterminated\trejected\n" },
  { "uas_event_other", says = "active\tone\nterminated\tnoresource\n" },
  { "uas_refer", does = "refer", says = "100\t\t\n180\t\t\n200\tfinal\t\n" },
  { "uas_refer_declined", does = "refer", says = "603\tfinal\trejected: 603 Decline\n" },
}

describe("SIPp subscribes, publishes and refers", function()
  after_each(process.end_all)

  scenarios.each(asks, it, function(transport, one)
    local server <close> = script.serve "spec/interop/scripts/events.lua"
    sipp.run(one[1], { transport = transport, target = server.address, user = "bob" })
    script.stop(server)
  end)
end)

describe("A script watches SIPp, and asks it to call", function()
  after_each(process.end_all)

  scenarios.each(asked, it, function(transport, one)
    local peer <close> = sipp.start(one[1], { transport = transport, calls = one.calls })
    local uri <const> = ("sip:bob@%s;transport=%s"):format(peer.address, transport)
    local does <const> = one.does or "watch"
    local watcher <close> = script.run("spec/interop/scripts/watcher.lua", { does, uri,
      does == "refer" and "sip:other@192.0.2.1" or "x-n", one.times })
    sipp.finish(peer)
    assert.equal(0, watcher:wait(), watcher.output)
    assert.truthy(watcher.output:find(one.says, 1, true), watcher.output)
    assert.truthy(watcher.output:find("bye\n", 1, true), watcher.output)
  end)
end)
