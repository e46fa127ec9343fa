-- SPDX-License-Identifier: MIT
--
-- Soft-phones that speak, press keys and record what they hear. The clocks of phones are
-- those of a busy machine: what a call must sound like, one of a few calls must.

local audio <const> = require "spec.interop.support.audio"
local baresip <const> = require "spec.interop.support.baresip"
local linphone <const> = require "spec.interop.support.linphone"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local sipp <const> = require "spec.interop.support.sipp"
local turn <const> = require "spec.interop.support.turn"
local wave <const> = require "spec.support.wave"

describe("A phone that hears itself by SIPp's echo", function()
  local folder, said, path

  setup(function()
    folder = scratch.folder()
    said = wave.speech("The quick brown fox jumps over the lazy dog. One, two, three.", folder)
    path = folder.path .. "/said.wav"
    -- baresip hangs up at the end of its file
    wave.write(path, wave.silence(0.5) .. said .. wave.silence(30))
  end)

  teardown(function() folder:remove() end)
  after_each(process.end_all)

  local function by_baresip()
    local echo <close> = sipp.start("uas_echo", { transport = "udp", media = "echo" })
    local phone <close> = baresip.start { transport = "udp", answer = "auto", says = path }
    local from = phone:now()
    phone:tell("dial", "sip:echo@" .. echo.address)
    phone:expect("CALL_ESTABLISHED", from)
    turn.pause(6000)
    phone:tell "hangup"
    phone:expect("CALL_CLOSED", from)
    return phone:heard()
  end

  local function by_linphone()
    local echo <close> = sipp.start("uas_echo", { transport = "udp", media = "echo" })
    local phone <close> = linphone.start()
    phone:call("sip:echo@" .. echo.address)
    phone.process:expect "[Cc]onnected"
    phone:say(path)
    turn.pause(6000)
    phone:tell "terminate"
    phone.process:expect "ended"
    phone:quit()
    return phone:heard()
  end

  for name, call in pairs { baresip = by_baresip, linphonec = by_linphone } do
    it("tells how well audio is carried: " .. name, function()
      audio.carried(said, call)
    end)
  end
end)
