-- SPDX-License-Identifier: MIT
--
-- baresip in calls that change: held by us, digits by INFO to it, and an attended transfer of one
-- to another. baresip 1.0 knows neither Replaces nor session timers and sends no digits by INFO:
-- who is transferred to is called anew, and we hang up the call that this was to replace.

local baresip <const> = require "spec.interop.support.baresip"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

--- Tells the script something, as anybody may by MESSAGE.
local function tell(server, text)
  local command <const> = (os.getenv "BUILD" or "build") .. "/bin/moonsip"
  local sender <close> = process.start { command, "send", "MESSAGE", "sip:x@" .. server.address,
    "--body", text }
  assert.equal(0, sender:wait(), sender.output)
end

for _, transport in ipairs { "udp", "tcp" } do
  describe("baresip over " .. transport, function()
    local server

    local function serve(name) server = script.serve("spec/interop/scripts/" .. name .. ".lua") end
    after_each(process.end_all)

    -- A phone that has called the server; where its further events begin.
    local function connected(options)
      local o <const> = { transport = transport, answer = "auto" }
      for key, value in pairs(options or {}) do o[key] = value end
      local phone <const> = baresip.start(o)
      local from <const> = phone:now()
      phone:tell("dial", ("sip:bob@%s;transport=%s"):format(server.address, transport))
      return phone, phone:expect("CALL_ESTABLISHED", from)
    end

    it("is put on hold by us, and taken back (RFC 3264 8.4)", function()
      serve "changes"
      local phone <close>, from <const> = connected()
      tell(server, "hold")
      server:expect "hold\ttrue\trecvonly\n"
      server:expect "resume\ttrue\tboth\n"
      phone:tell "hangup"
      phone:expect("CALL_CLOSED", from)
      script.stop(server)
    end)

    it("hears digits by INFO (RFC 6086; application/dtmf-relay)", function()
      serve "changes"
      local phone <close> = connected()
      tell(server, "press 42")
      server:expect "pressed\ttrue\n"
      phone.process:expect "received DTMF: '4'"
      phone.process:expect "received DTMF: '2'"
      script.stop(server)
    end)

    it("is transferred to another one that we talk to (RFC 5589 7.3)", function()
      serve "events"
      local first <close>, from = connected { two_calls = true }
      local second <close>, later = connected { user = "carol", second = true, two_calls = true }
      tell(server, "join")
      from = first:expect("CALL_ESTABLISHED", from)
      later = second:expect("CALL_ESTABLISHED", later)
      server:expect "join\ttrue"
      second:expect("CALL_CLOSED", later) -- with us
      first:tell "hangup"
      first:expect("CALL_CLOSED", from)
      script.stop(server)
    end)

    it("asks for its messages without end, and others are served meanwhile (RFC 3842)", function()
      serve "events"
      local phone <close> = baresip.start { registrar = server.address, transport = transport,
        answer = "auto", apps = { "mwi" }, more = ";mwi=yes" }
      phone.process:expect "subscribing to messages"
      local watcher <close> = script.run("spec/interop/scripts/watcher.lua", { "watch",
        ("sip:bob@%s;transport=%s"):format(server.address, transport), "message-summary", "1" })
      watcher:expect "active\tMessages%-Waiting: yes"
      assert.equal(0, watcher:wait(), watcher.output)
      phone:close()
      script.stop(server)
    end)
  end)
end
