-- SPDX-License-Identifier: MIT
--
-- baresip, a soft-phone, against examples: it registers, calls, is called, and either
-- side hangs up (RFC 3261 10.2, 13, 15).

local baresip <const> = require "spec.interop.support.baresip"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

for _, transport in ipairs { "udp", "tcp" } do
  describe("baresip over " .. transport, function()
    local registrar, phone

    setup(function()
      registrar = script.serve "examples/07_registrar.lua"
      phone = baresip.start { registrar = registrar.address, transport = transport,
                              answer = "auto" }
      phone.process:expect "200 OK %(%) %[1 binding%]" -- before its control port speaks
    end)

    teardown(function()
      phone:close()
      process.end_all()
    end)

    local function dial(address, user)
      phone:tell("dial", ("sip:%s@%s"):format(user or "bob", address))
    end

    local function phone_uri()
      return ("sip:alice@%s;transport=%s"):format(phone.address, transport)
    end

    it("registers at an example (RFC 3261 10.2)", function()
      registrar:expect "sip:alice@[%d.]+\tis at\tsip:alice[^\n]*\n"
    end)

    it("calls an example, is answered, and hangs up (RFC 3261 13.2, 15.1.1)", function()
      local hello <close> = script.serve "examples/09_hello.lua"
      local from = phone:now()
      dial(hello.address)
      from = phone:expect("CALL_RINGING", from)
      from = phone:expect("CALL_ESTABLISHED", from)
      hello:expect "call from sip:alice@"
      phone:tell "hangup"
      phone:expect("CALL_CLOSED", from)
      hello:expect "ended: hangup: the other side hung up\n"
      script.stop(hello)
    end)

    it("calls a URI that names its transport, which it says twice (RFC 3261 19.1.1)", function()
      local callee <close> = script.serve "spec/interop/scripts/callee.lua"
      local from = phone:now()
      dial(("%s;transport=%s"):format(callee.address, transport), "brief")
      phone:expect("CALL_ESTABLISHED", from)
      script.stop(callee)
    end)

    it("calls a script, which hangs up (RFC 3261 15.1.2)", function()
      local callee <close> = script.serve "spec/interop/scripts/callee.lua"
      local from = phone:now()
      dial(callee.address, "brief")
      from = phone:expect("CALL_ESTABLISHED", from)
      phone:expect("CALL_CLOSED", from)
      script.stop(callee)
    end)

    it("is refused by a script, and says so (RFC 3261 21.4.24)", function()
      local callee <close> = script.serve "spec/interop/scripts/callee.lua"
      local from = phone:now()
      dial(callee.address, "busy")
      phone:expect("CALL_CLOSED", from, '"param":"486 Busy Here"')
      script.stop(callee)
    end)

    it("gives up a call that rings (RFC 3261 9.1)", function()
      local callee <close> = script.serve "spec/interop/scripts/callee.lua"
      local from = phone:now()
      dial(callee.address, "ring")
      from = phone:expect("CALL_RINGING", from)
      phone:tell "hangup"
      phone:expect("CALL_CLOSED", from)
      callee:expect "rang\tcancelled"
      script.stop(callee)
    end)

    it("holds a call and takes it back by further INVITEs (RFC 3261 14.1)", function()
      local callee <close> = script.serve "spec/interop/scripts/callee.lua"
      local from = phone:now()
      dial(callee.address)
      from = phone:expect("CALL_ESTABLISHED", from)
      phone:tell "hold"
      callee:expect "reinvite\tsendonly\n"
      phone:tell "resume"
      callee:expect "reinvite\tsendrecv\n"
      phone:tell "hangup"
      phone:expect("CALL_CLOSED", from)
      callee:expect "end\thangup"
      script.stop(callee)
    end)

    it("is called by an example, answers, and is hung up on (RFC 3261 13.3, 15.1.2)", function()
      local from = phone:now()
      local caller <close> = script.run("examples/04_call.lua", { phone_uri(), "0" })
      from = phone:expect("CALL_ESTABLISHED", from)
      phone:expect("CALL_CLOSED", from)
      assert.equal(0, caller:wait(), caller.output)
      assert.truthy(caller.output:find "answered\nended\n", caller.output)
    end)

    it("is called by a script, answers, and hangs up (RFC 3261 15.1.1)", function()
      local from = phone:now()
      local caller <close> = script.run("spec/interop/scripts/caller.lua", { "stay", phone_uri() })
      from = phone:expect("CALL_ESTABLISHED", from)
      caller:expect "answered\n"
      phone:tell "hangup"
      phone:expect("CALL_CLOSED", from)
      caller:expect "end\thangup: the other side hung up\n"
      assert.equal(0, caller:wait(), caller.output)
    end)

    it("unregisters when it leaves (RFC 3261 10.2.2)", function()
      local from = #registrar.output + 1
      phone:quit()
      registrar:expect("sip:alice@[%d.]+\tis no longer at\t", from)
      script.stop(registrar)
    end)
  end)
end
