-- SPDX-License-Identifier: MIT
--
-- sip-options of Sofia-SIP asks an example what it can do (RFC 3261 11.2).

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

for _, transport in ipairs { "udp", "tcp" } do
  describe("sip-options over " .. transport, function()
    after_each(process.end_all)

    it("is told what the first example can do (RFC 3261 11.2)", function()
      local hello <close> = script.serve "examples/09_hello.lua"
      local one <close> = process.start { "sip-options", "--all",
        ("--contact=sip:%s;transport=%s"):format(place.address(), transport),
        ("sip:bob@%s;transport=%s"):format(hello.address, transport) }
      assert.equal(0, one:wait(), one:tell())
      assert.truthy(one.output:find "SIP/2.0 200", one.output)
      assert.truthy(one.output:find "Allow: [^\r\n]*INVITE", one.output)
      hello:expect("options from " .. transport)
      script.stop(hello)
    end)
  end)
end
