-- SPDX-License-Identifier: MIT
--
-- Subscriptions and publications between Net::SIP's transactions and us, both ways (RFC 6665, 3903,
-- 3856): it watches us and publishes to us, and we watch it.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

local function start(transport, ...)
  local address <const> = place.address()
  local peer <const> = process.start { "perl", "spec/interop/net_sip/events.pl", address,
    transport, ... }
  peer.address = address
  return peer
end

for _, transport in ipairs { "udp", "tcp" } do
  describe("Net::SIP over " .. transport, function()
    local server
    setup(function() server = script.serve "spec/interop/scripts/events.lua" end)
    teardown(process.end_all)

    local function bob() return ("sip:bob@%s;transport=%s"):format(server.address, transport) end

    it("watches us, is told of what it publishes, and un-subscribes (RFC 6665 4.1, RFC 3903 4)",
      function()
      local watcher <close> = start(transport, "watch", bob(), "presence", "3")
      watcher:expect "answered 200 for 600\n"
      watcher:expect "told active;expires=%d+: closed\n"
      local publisher <close> = start(transport, "publish", bob())
      for _, what in ipairs { "open", "the same", "closed", "gone" } do
        publisher:expect("published " .. what .. ": 200\n")
      end
      publisher:expect "done\n"
      watcher:expect "told active;expires=%d+: open\n"
      watcher:expect "answered 200 for 0\n"
      watcher:expect "told terminated;reason=timeout"
      watcher:expect "done\n"
      assert.same({ 0, 0 }, { (watcher:wait()), (publisher:wait()) })
    end)

    it("is refused for an event that we do not tell of (489; RFC 6665 4.2.1.1)", function()
      local watcher <close> = start(transport, "watch", bob(), "x-none", "1")
      watcher:expect "answered 489 for nothing\n"
      watcher:expect "done\n"
    end)

    it("is watched by us, and hears when we leave (RFC 6665 4.1.2.3)", function()
      local notifier <close> = start(transport, "notify")
      notifier:expect "waits\n"
      local watcher <close> = script.run("spec/interop/scripts/watcher.lua", { "watch",
        ("sip:perl@%s;transport=%s"):format(notifier.address, transport), "x-n" })
      notifier:expect "asked for 600\n"
      watcher:expect "active\tleave\n"
      notifier:expect "asked for 0\n"
      notifier:expect "done\n"
      assert.equal(0, watcher:wait(), watcher.output)
    end)
  end)
end
