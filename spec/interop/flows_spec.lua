-- SPDX-License-Identifier: MIT
--
-- baresip at our registrar with SIP outbound and GRUUs (RFC 5626, RFC 5627): how it registers,
-- and that it is reached, over the flow and by its GRUU, also for what follows in a call.

local baresip <const> = require "spec.interop.support.baresip"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

local COMMAND <const> = (os.getenv "BUILD" or "build") .. "/bin/moonsip"

for _, transport in ipairs { "udp", "tcp" } do
  describe("baresip with outbound over " .. transport, function()
    local server, phone
    before_each(function()
      server = script.serve "spec/interop/scripts/flows.lua"
      phone = baresip.start { registrar = server.address, transport = transport, answer = "auto",
        is_device = true,
        more = (';sipnat=outbound;outbound="sip:%s;transport=%s"')
          :format(server.address, transport) }
      phone.process:expect "200 OK %(%) %[1 binding%]"
    end)
    after_each(function()
      phone:close()
      process.end_all()
    end)

    it("registers a flow, told by instance and reg-id (RFC 5626 6)", function()
      server:expect("registered alice reg%-id=1 flow=" .. transport
        .. " instance=<urn:uuid:[%x-]+>")
    end)

    it("is called over its flow (7)", function()
      server:expect "registered alice"
      local from = phone:now()
      local caller = process.start { COMMAND, "send", "INVITE",
        "sip:alice@" .. server.address, "--timeout", "10s" }
      phone:expect("CALL_ESTABLISHED", from)
      phone:expect("CALL_CLOSED", from)
      assert.equal(0, caller:wait(), caller:tell())
    end)

    it("gets a GRUU, by which it is reached", function()
      local urn = server:expect "registered alice[^\n]* instance=<(urn:uuid:[%x-]+)>"
      local caller = process.start { COMMAND, "send", "OPTIONS",
        ("sip:alice@%s;gr=%s"):format(server.address:match "^(.*):", urn),
        "--route", "sip:" .. server.address .. ";lr", "--timeout", "10s" }
      assert.equal(0, caller:wait(), caller:tell())
    end)

    it("calls, with where it is reached in Contact", function()
      local from = phone:now()
      phone:tell("dial", "sip:echo@" .. server.address)
      phone:expect("CALL_ESTABLISHED", from)
      server:expect "from\tsip:alice[^\n]+\n"
      phone:tell "hangup"
      phone:expect("CALL_CLOSED", from)
    end)

    it("takes its flow back when it leaves", function()
      server:expect "registered alice"
      phone:quit()
      server:expect "removed alice"
    end)
  end)
end
