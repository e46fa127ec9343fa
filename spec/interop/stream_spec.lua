-- SPDX-License-Identifier: MIT
--
-- The audio of a call for another program, over real TCP: examples/14_attach.lua, the echo
-- server beside it, and a phone that hears itself by both; and servers that do it wrong.

local audio <const> = require "spec.interop.support.audio"
local baresip <const> = require "spec.interop.support.baresip"
local ends <const> = require "spec.net.ends"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
local turn <const> = require "spec.interop.support.turn"
local wave <const> = require "spec.support.wave"

describe("A phone whose audio a program has", function()
  local folder, said

  setup(function()
    folder = scratch.folder()
    said = wave.speech("Is there anybody out there who hears what I say?", folder)
    -- baresip hangs up at the end of its file
    wave.write(folder.path .. "/said.wav", wave.silence(1) .. said .. wave.silence(30))
  end)
  teardown(function() folder:remove() end)
  after_each(process.end_all)

  local function call(server, fn)
    local phone <close> = baresip.start { transport = "udp", answer = "auto",
      says = folder.path .. "/said.wav" }
    local from = phone:now()
    phone:tell("dial", "sip:echo@" .. server.address)
    phone:expect("CALL_ESTABLISHED", from)
    return fn(phone, from)
  end

  it("hears itself by the echo server, and the call ends when that hangs up", function()
    local echo <close> = process.start { "lua5.4", "examples/servers/echo.lua", "127.0.0.1:0" }
    echo:expect "listening on 127.0.0.1:(%d+)"
    local port = echo.output:match "listening on 127.0.0.1:(%d+)"
    local server = script.serve("examples/14_attach.lua", { "127.0.0.1:" .. port })
    audio.carried(said, function()
      return call(server, function(phone, from)
        echo:expect "call %x+"
        turn.pause(6000)
        phone:press "#"
        phone:expect("CALL_CLOSED", from)
        return phone:heard()
      end)
    end)
    server:expect "the server hung up"
    assert.truthy(echo.output:find("digit #", 1, true))
    script.stop(server)
  end)

  -- Servers that do it wrong: what the script is told of each.
  for title, case in pairs {
    ["refuses"] = { "not attached: transport: .*refused" },
    ["resets"] = { "\ntransport: ", function(peer) peer:reset() end },
    ["closes without a hang-up"] = { "\ngone: ", function(peer) peer:close() end },
    ["speaks another protocol"] = { "\ninvalid: no AudioSocket", function(peer)
      peer:send "SSH-2.0-OpenSSH_9.2\r\n"
    end },
    ["fails"] = { "\nrejected: .*0x02", function(peer) peer:send "\xff\0\1\2" end },
  } do
    it("goes on when the server " .. title, function()
      local listener = ends.server()
      local server = script.serve("examples/14_attach.lua", { "127.0.0.1:" .. listener.port })
      if not case[2] then listener:close() end
      call(server, function()
        if case[2] then
          turn.until_true("a client", function() return listener.accepted[1] end)
          turn.until_true("its UUID", function() return #listener.accepted[1].text >= 19 end)
          case[2](listener.accepted[1])
        end
        server:expect(case[1])
      end)
      if case[2] then listener:close() end
      script.stop(server)
    end)
  end
end)
