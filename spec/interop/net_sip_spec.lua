-- SPDX-License-Identifier: MIT
--
-- Phones of Net::SIP, in Perl, against our registrar and proxy: they prove themselves with
-- what they know of the challenges offered, call and are called (RFC 3261 10, 13, 15, 16, 22;
-- RFC 8760 2.4).

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

local PHONE <const> = "spec/interop/net_sip/phone.pl"

for _, transport in ipairs { "udp", "tcp" } do
  describe("Net::SIP over " .. transport, function()
    local server

    setup(function()
      server = script.serve("examples/17_registrar_proxy.lua",
        { "alice:wonderland", "bob:builder" })
    end)
    teardown(process.end_all)

    local function start(user, password, ...)
      return process.start { "perl", PHONE, place.address(), server.address, user, password,
        transport, ... }
    end

    it("registers, by MD5 beside SHA-256 (RFC 3261 10.2, 22.2)", function()
      local phone <close> = start("alice", "wonderland", "register")
      phone:expect "registered for 600\n"
      server:expect "sip:alice@example.com\tis at\tsip:alice@"
      assert.equal(0, phone:wait())
    end)

    it("is not registered with a wrong password", function()
      local from = #server.output + 1
      local phone <close> = start("alice", "guess", "register")
      phone:expect "not registered: "
      phone:wait()
      assert.is_nil(server.output:find("is at", from, true))
    end)

    for _, ends in ipairs { { "hangup", "wait" }, { "wait", "hangup" } } do
      it(("calls and is called; %s hangs up (RFC 3261 13, 15.1)")
        :format(ends[1] == "hangup" and "the caller" or "the callee"), function()
          local bob <close> = start("bob", "builder", "answer", ends[2])
          bob:expect "waits\n"
          local alice <close> = start("alice", "wonderland", "call", "bob", ends[1])
          alice:expect "final OK"
          bob:expect "call from sip:alice@example.com"
          for at, phone in ipairs { alice, bob } do
            phone:expect(ends[at] == "hangup" and "hung up\n" or "the other side hung up\n")
            assert.equal(0, phone:wait())
          end
        end)
    end

    it("hears that somebody is not there (RFC 3261 21.4.18)", function()
      local alice <close> = start("alice", "wonderland", "call", "carol", "wait")
      alice:expect "final FAIL 4[80][04]"
      alice:wait()
    end)
  end)
end
