-- SPDX-License-Identifier: MIT
--
-- Two baresip phones, registered with their passwords through us, that call each other by way
-- of us (RFC 3261 10, 13, 14, 15, 16; RFC 7616).

local baresip <const> = require "spec.interop.support.baresip"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

local PASSWORDS <const> = { alice = "wonderland", bob = "builder" }

for _, transport in ipairs { "udp", "tcp" } do
  describe("Two phones of ours over " .. transport, function()
    local server, phones

    local function start(user, second)
      local phone = baresip.start { user = user, password = PASSWORDS[user], second = second,
        registrar = server.address, transport = transport, answer = "auto" }
      server:expect(("sip:%s@[%%d.]+\tis at\tsip:%s"):format(user, user))
      return phone
    end

    setup(function()
      server = script.serve("examples/17_registrar_proxy.lua",
        { "alice:wonderland", "bob:builder", "md5" }) -- baresip 1.0 knows no other
      phones = { alice = start "alice", bob = start("bob", true) }
    end)
    teardown(function()
      for _, phone in pairs(phones) do phone:close() end
      process.end_all()
    end)

    -- One calls the other, who answers; where the events of each go on.
    local function call(caller, callee)
      local from = { [caller] = phones[caller]:now(), [callee] = phones[callee]:now() }
      phones[caller]:tell("dial", ("sip:%s@%s"):format(callee, server.address))
      for name in pairs(from) do
        from[name] = phones[name]:expect("CALL_ESTABLISHED", from[name])
      end
      return from
    end

    -- One hangs up, and both hear of the end.
    local function hang_up(who, from)
      phones[who]:tell "hangup"
      for name, at in pairs(from) do phones[name]:expect("CALL_CLOSED", at) end
    end

    for _, pair in ipairs { { "alice", "bob" }, { "bob", "alice" } } do
      local caller, callee = pair[1], pair[2]

      it(("%s calls %s, and hangs up (RFC 3261 13.2, 15.1.1)"):format(caller, callee), function()
        local said = #server.output + 1
        hang_up(caller, call(caller, callee))
        server:expect(("sip:%s@[^\n]*\thangs up"):format(caller), said)
      end)

      it(("%s calls %s, who hangs up (RFC 3261 15.1.2)"):format(caller, callee), function()
        local said = #server.output + 1
        hang_up(callee, call(caller, callee))
        server:expect(("sip:%s@[^\n]*\thangs up"):format(callee), said)
      end)

      it(("%s holds a call with %s, and takes it back (RFC 3261 14)"):format(caller, callee),
        function()
          local from = call(caller, callee)
          local said = #server.output + 1
          local changes = ("sip:%s@[^\n]*\tchanges the call()"):format(caller)
          for _, word in ipairs { "hold", "resume" } do
            phones[caller]:tell(word)
            said = server:expect(changes, said)
            from[callee] = phones[callee]:expect("CALL_REMOTE_SDP", from[callee], '"offer"')
            from[caller] = phones[caller]:expect("CALL_REMOTE_SDP", from[caller], '"answer"')
          end
          hang_up(callee, from)
        end)
    end

    it("who does not know the password does not get in", function()
      local from = #server.output + 1
      local mallory = baresip.start { user = "alice", password = "guess", second = true,
        registrar = server.address, transport = transport, answer = "auto" }
      mallory.process:expect "40[13]"
      mallory:close()
      assert.is_nil(server.output:find("is at", from, true))
    end)
  end)
end
