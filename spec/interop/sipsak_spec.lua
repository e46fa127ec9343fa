-- SPDX-License-Identifier: MIT
--
-- sipsak asks, examples answer. Its exit status is 0 when the answer was a 200.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

-- sipsak's own message mode (-M) dies of a segmentation fault in Debian 12 before it
-- sends anything, so the request comes from a file, to which sipsak adds its Via.
local message <const> = [[
MESSAGE sip:bob@%s SIP/2.0
From: <sip:sipsak@%s>;tag=1
To: <sip:bob@%s>
Call-ID: sipsak-message@%s
CSeq: 1 MESSAGE
Max-Forwards: 70
Content-Type: text/plain
Content-Length: 18

Watson, come here.
]]

-- Ends when sipsak has ended with success; what it printed.
local function sipsak(transport, uri, ...)
  local one <close> = process.start { "sipsak", "-vv", "-E", transport, "-k", place.ip,
    "-H", place.ip, "-s", uri, ... }
  assert.equal(0, one:wait(), one:tell())
  return one.output
end

for _, transport in ipairs { "udp", "tcp" } do
  describe("sipsak over " .. transport, function()
    after_each(process.end_all)

    it("asks by OPTIONS what the first example can do (RFC 3261 11.2)", function()
      local hello <close> = script.serve "examples/09_hello.lua"
      local output = sipsak(transport, "sip:bob@" .. hello.address)
      assert.truthy(output:find "Allow: [^\r\n]*INVITE")
      assert.truthy(output:find "Accept: application/sdp")
      hello:expect("options from " .. transport)
      script.stop(hello)
    end)

    it("sends it a MESSAGE (RFC 3428 7)", function()
      local hello <close> = script.serve "examples/09_hello.lua"
      local path = os.tmpname()
      local file <close> = assert(io.open(path, "w"))
      file:write((message:gsub("%%s", place.ip)))
      file:close()
      sipsak(transport, "sip:bob@" .. hello.address, "-f", path)
      os.remove(path)
      hello:expect "message from sip:sipsak@[%d.]+: Watson, come here%.\n"
      script.stop(hello)
    end)

    it("registers, asks what is registered, and removes that (RFC 3261 10.2)", function()
      local registrar <close> = script.serve "examples/07_registrar.lua"
      local uri = "sip:alice@" .. registrar.address
      local function register(...)
        return sipsak(transport, uri, "-U", "-i", ...)
      end
      register("-C", "sip:phone@192.0.2.7:7000", "-x", "600")
      registrar:expect "sip:alice@[%d.]+\tis at\tsip:phone@192%.0%.2%.7:7000\n"
      register("-C", "empty") -- which looks for the contact in the answer
      register("-C", "*", "-x", "0")
      registrar:expect "sip:alice@[%d.]+\tis no longer at\tsip:phone@192%.0%.2%.7:7000\n"
      script.stop(registrar)
    end)
  end)
end
