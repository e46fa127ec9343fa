-- SPDX-License-Identifier: MIT
--
-- baresip as a phone that watches and is watched (presence), transfers and is transferred. Its
-- message waiting (mwi.so of 1.0.0) subscribes in a loop without end, to whomever: SIPp shows that.

local baresip <const> = require "spec.interop.support.baresip"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"
local turn <const> = require "spec.interop.support.turn"
local sipp <const> = require "spec.interop.support.sipp"

local EVENTS <const> = "spec/interop/scripts/events.lua"

--- Tells the script something, as anybody may by MESSAGE.
local function tell(server, text)
  local command <const> = (os.getenv "BUILD" or "build") .. "/bin/moonsip"
  local sender <close> = process.start { command, "send", "MESSAGE", "sip:x@" .. server.address,
    "--body", text }
  assert.equal(0, sender:wait(), sender.output)
end

--- Its list of contacts says so of one.
local function shows(phone, status)
  turn.until_true("contact that is " .. status, function()
    phone:tell "contacts"
    turn.pause(100)
    return phone.events:find(status, 1, true)
  end, function() return phone.events end)
end

for _, transport in ipairs { "udp", "tcp" } do
  describe("baresip over " .. transport, function()
    after_each(process.end_all)

    it("watches the presence of a contact (RFC 3856)", function()
      local server <close> = script.serve(EVENTS)
      local contact <const> = ('"Bob" <sip:bob@%s;transport=%s>;presence=p2p'):format(
        server.address, transport)
      local phone <close> = baresip.start { registrar = server.address, transport = transport,
        answer = "auto", apps = { "contact", "presence" }, contacts = contact }
      shows(phone, "Offline")
      local publisher <close> = script.run("spec/interop/scripts/publisher.lua",
        { "sip:bob@" .. server.address })
      assert.equal(0, publisher:wait(), publisher.output)
      shows(phone, "Online")
      phone:quit()
      script.stop(server)
    end)

    it("tells its own presence to who watches it (RFC 3856)", function()
      local phone <close> = baresip.start { transport = transport, answer = "auto",
        apps = { "contact", "presence" } }
      local watcher <close> = script.run("spec/interop/scripts/watcher.lua", { "watch",
        ("sip:alice@%s;transport=%s"):format(phone.address, transport), "presence", "1" })
      watcher:expect "active\t<%?xml"
      watcher:expect "<basic>[^<]+</basic>"
      assert.equal(0, watcher:wait(), watcher.output)
    end)

    it("is transferred to somebody else (RFC 5589 6.1)", function()
      local server <close> = script.serve(EVENTS)
      local other <close> = sipp.start("uas", { transport = transport })
      local phone <close> = baresip.start { transport = transport, answer = "auto",
        two_calls = true }
      local from = phone:now()
      phone:tell("dial", ("sip:bob@%s;transport=%s"):format(server.address, transport))
      from = phone:expect("CALL_ESTABLISHED", from)
      tell(server, ("transfer sip:carol@%s;transport=%s"):format(other.address, transport))
      from = phone:expect("CALL_ESTABLISHED", from)
      server:expect "transfer\ttrue"
      phone:tell "hangup"
      phone:expect("CALL_CLOSED", from)
      sipp.finish(other)
      script.stop(server)
    end)

    it("transfers us to somebody else (RFC 5589 6.1)", function()
      local server <close> = script.serve(EVENTS)
      local other <close> = sipp.start("uas", { transport = "udp" }) -- its Refer-To says no other
      local phone <close> = baresip.start { transport = transport, answer = "auto",
        two_calls = true }
      local from = phone:now()
      phone:tell("dial", ("sip:bob@%s;transport=%s"):format(server.address, transport))
      from = phone:expect("CALL_ESTABLISHED", from)
      phone:tell("transfer", "sip:carol@" .. other.address)
      server:expect "followed\tanswered"
      sipp.finish(other)
      phone:expect("CALL_CLOSED", from)
      script.stop(server)
    end)
  end)
end
