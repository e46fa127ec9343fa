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
local scenarios <const> = require "spec.interop.support.scenarios"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"
local turn <const> = require "spec.interop.support.turn"
local uv <const> = require "luv"
local wave <const> = require "spec.support.wave"

local function prompt(name)
  local folder <close> = scratch.folder()
  local path <const> = folder.path .. "/prompt.wav" -- the prompts are of mu-law
  local output, status = folder:run(("sox examples/prompts/%s.wav -e signed -b 16 %s")
    :format(name, path))
  assert(status == 0, output)
  return (wave.read(path))
end

-- A file in which somebody hums for a while: at its end baresip would hang up.
local function hum(folder)
  local path <const> = folder.path .. "/hum.wav"
  wave.write(path, wave.tone(330, 40, 1000))
  return path
end

-- How a phone calls, does what `fn(press)` says, and what it heard.
local phones <const> = {}

function phones.baresip(uri, fn)
  local folder <close> = scratch.folder()
  local phone <close> = baresip.start { transport = "udp", answer = "auto", says = hum(folder) }
  local from = phone:now()
  phone:tell("dial", uri)
  phone:expect("CALL_ESTABLISHED", from)
  fn(function(digits) phone:press(digits) end)
  phone:tell "hangup"
  phone:expect("CALL_CLOSED", from)
  return phone:heard()
end

function phones.linphonec(uri, fn)
  local folder <close> = scratch.folder()
  local phone <close> = linphone.start()
  phone:tell "codec disable 0" -- Opus: what is heard is to be compared
  phone:call(uri)
  phone.process:expect "[Cc]onnected"
  phone:say(hum(folder))
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

  -- Calls, presses a key, and hears it said back.
  local function press_seven(phone)
    return phone("sip:hello@" .. server.address, function(press)
      local from = #server.output + 1
      turn.pause(4000)
      press "7"
      server:expect("pressed 7", from)
      turn.pause(1500)
    end)
  end

  it("welcomes baresip, and says its key back", function()
    audio.carried(prompt "welcome", function() return press_seven(phones.baresip) end)
    script.stop(server)
  end)

  it("welcomes linphonec, and says its key back", function()
    local said = prompt("welcome"):sub(8001) -- its recorder is late for what is said at once
    audio.carried(said, function() return press_seven(phones.linphonec) end)
    script.stop(server)
  end)

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
    server = script.serve("examples/10_ivr_menu.lua",
      { "sip:operator@127.0.0.1:9", folder.path }, { log = "info" })
  end)
  after_each(function()
    process.end_all()
    folder:remove()
  end)

  -- All twelve keys: the first takes the caller to the mailbox, the last ends the message. What
  -- calls do is in the log, each digit that came too.
  local keys <const> = "2134567890*#"

  -- Says what arrived since then, in order.
  local function arrived(from)
    server:expect("ended: ", from)
    local digits = {}
    for digit in server.output:sub(from):gmatch "digit (%S)\n" do digits[#digits + 1] = digit end
    return table.concat(digits)
  end

  local function messages() return folder:run(("ls %s"):format(folder.path)) end

  for name, phone in pairs(phones) do
    it("asks a phone, takes its twelve keys, and keeps its message: " .. name, function()
      local function call()
        local from = #server.output + 1
        local heard, rate = phone("sip:5000@" .. server.address, function(press)
          local menu_ms <const> = #prompt "menu" // 16
          turn.pause(menu_ms + 1500)
          if name == "linphonec" then -- hears it once more, when it has found its pace
            server:expect("gather menu.wav.*gather menu.wav", from)
            turn.pause(menu_ms + 1500)
          end
          press(keys:sub(1, -2))
          server:expect("record /", from)
          turn.pause(1000)
          press(keys:sub(-1))
          server:expect("message of", from)
        end)
        assert.equal(keys, arrived(from))
        return heard, rate
      end
      audio.carried(prompt "menu", call)
      script.stop(server)
      assert.truthy(messages():find "vm%-%w+%.wav")
    end)
  end

  if uv.getuid() ~= 0 then return end -- SIPp writes its digits to a raw socket

  it("takes the twelve keys of SIPp: " .. scenarios.title "uac_digits", function()
    sipp.run("uac_digits", { transport = "udp", user = "5000", target = server.address,
      media = ("%s:%d"):format(place.ip, place.ports(4)), words = { DIGITS = keys } })
    assert.equal(keys, arrived(1))
    script.stop(server)
    assert.truthy(messages():find "vm%-%w+%.wav")
  end)
end)
