-- SPDX-License-Identifier: MIT
--
-- What `make run` answers the phone with, and the menu: called by real phones, which hear the
-- prompts as they are in examples/prompts.

local audio <const> = require "spec.interop.support.audio"
local baresip <const> = require "spec.interop.support.baresip"
local linphone <const> = require "spec.interop.support.linphone"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local recorder <const> = require "spec.interop.support.recorder"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"
local turn <const> = require "spec.interop.support.turn"
local wave <const> = require "spec.support.wave"

local function prompt(name)
  local folder <close> = scratch.folder()
  local path <const> = folder.path .. "/prompt.wav" -- the prompts are of mu-law
  local output, status = folder:run(("sox examples/prompts/%s.wav -e signed -b 16 %s")
    :format(name, path))
  assert(status == 0, output)
  return (wave.read(path))
end

-- How a phone calls, does what `fn(press)` says, and what it heard.
local phones <const> = {}

function phones.baresip(uri, fn)
  local folder <close> = scratch.folder()
  wave.write(folder.path .. "/quiet.wav", wave.silence(40)) -- at its end it would hang up
  local phone <close> = baresip.start { transport = "udp", answer = "auto",
    says = folder.path .. "/quiet.wav" }
  local from = phone:now()
  phone:tell("dial", uri)
  phone:expect("CALL_ESTABLISHED", from)
  fn(function(digits) phone:press(digits) end)
  phone:tell "hangup"
  phone:expect("CALL_CLOSED", from)
  return phone:heard()
end

function phones.linphonec(uri, fn)
  local phone <close> = linphone.start()
  phone:call(uri)
  phone.process:expect "[Cc]onnected"
  fn(function(digits) phone:press(digits) end)
  phone:tell "terminate"
  phone.process:expect "ended"
  phone:quit()
  return phone:heard()
end

describe("examples/01_hello_ivr.lua", function()
  local server
  before_each(function() server = script.serve "examples/01_hello_ivr.lua" end)
  after_each(process.end_all)

  for name, phone in pairs(phones) do
    it("welcomes a phone, and says its key back: " .. name, function()
      -- linphonec's recorder is a moment late for what is said at once
      local said = prompt("welcome"):sub(name == "linphonec" and 8001 or 1)
      audio.carried(said, function()
        return phone("sip:hello@" .. server.address, function(press)
          local from = #server.output + 1
          turn.pause(4000)
          press "7"
          server:expect("pressed 7", from)
          turn.pause(1500)
        end)
      end)
      script.stop(server)
    end)
  end

  it("welcomes SIPp, and says good-bye: every packet came", function()
    audio.carried(prompt "welcome", function()
      local port <close> = recorder.start()
      sipp.run("uac_listen", { transport = "udp", user = "hello", target = server.address,
        media = ("%s:%d"):format(place.ip, place.ports(4)),
        words = { PORT = port.port, MS = 5000 } })
      return port:heard()
    end)
    script.stop(server)
  end)
end)

describe("examples/10_ivr_menu.lua", function()
  local server, folder
  before_each(function()
    folder = scratch.folder()
    server = script.serve("examples/10_ivr_menu.lua", { "sip:operator@127.0.0.1:9", folder.path })
  end)
  after_each(function()
    process.end_all()
    folder:remove()
  end)

  for name, phone in pairs(phones) do
    it("asks a phone, and keeps its message: " .. name, function()
      local function call()
        return phone("sip:5000@" .. server.address, function(press)
          turn.pause(#prompt "menu" // 16 + 1500)
          press "2"
          turn.pause(#prompt "vm-intro" // 16 + 2500)
        end)
      end
      if name == "baresip" then audio.carried(prompt "menu", call) else call() end -- in Opus
      script.stop(server)
      assert.truthy((folder:run("ls " .. folder.path)):find "vm%-%w+%.wav")
    end)
  end
end)
