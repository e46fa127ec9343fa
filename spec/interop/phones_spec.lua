-- SPDX-License-Identifier: MIT
--
-- Soft-phones that speak, press keys and record what they hear. The clocks of phones are
-- those of a busy machine: what a call must sound like, one of a few calls must.

local audio <const> = require "spec.interop.support.audio"
local baresip <const> = require "spec.interop.support.baresip"
local linphone <const> = require "spec.interop.support.linphone"
local oracle <const> = require "audio_oracle"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
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

describe("A phone", function()
  local folder, said, server

  setup(function()
    folder = scratch.folder()
    said = wave.speech("Welcome. Please press a key, or two, or twelve of them.", folder)
    wave.write(folder.path .. "/prompt.wav", said)
    -- baresip hangs up at the end of its file
    wave.write(folder.path .. "/said.wav", wave.silence(0.5) .. said .. wave.silence(30))
    server = script.serve("spec/interop/scripts/ivr.lua", { folder.path })
  end)

  teardown(function()
    script.stop(server)
    process.end_all()
    folder:remove()
  end)

  -- A phone in a call with a user of the script; what `fn(phone)` gives after it has ended.
  local function baresip_call(user, fn, is_deaf) -- who hears nothing records nothing
    local phone <close> = baresip.start { transport = "udp", answer = "auto",
      says = folder.path .. "/said.wav" }
    local from = phone:now()
    phone:tell("dial", ("sip:%s@%s"):format(user, server.address))
    phone:expect("CALL_ESTABLISHED", from)
    fn(phone)
    phone:tell "hangup"
    phone:expect("CALL_CLOSED", from)
    if not is_deaf then return phone:heard() end
  end

  local function linphone_call(user, fn)
    local phone <close> = linphone.start()
    phone:call(("sip:%s@%s"):format(user, server.address))
    phone.process:expect "[Cc]onnected"
    fn(phone)
    phone:tell "terminate"
    phone.process:expect "ended"
    phone:quit()
    return phone:heard()
  end

  for name, call in pairs { baresip = baresip_call, linphonec = linphone_call } do
    it("presses twelve keys, which arrive once each and in order (RFC 4733): " .. name, function()
      local from = #server.output + 1
      call("digits", function(phone)
        phone:press "13579*24680#"
        server:expect("digits\t[^\n]*\n", from)
      end)
      -- "#" ends the input and is no part of it
      assert.truthy(server.output:find("digits\t13579*24680\n", from, true), server.output)
    end)

    it("hears a prompt as it is: " .. name, function()
      audio.carried(said, function()
        local from = #server.output + 1
        return call("listen", function() server:expect("played\ttrue", from) turn.pause(500) end)
      end)
    end)

    it("is recorded as it speaks: " .. name, function()
      local result = audio.carried(said, function()
        local from = #server.output + 1
        call("record", function(phone)
          if name == "linphonec" then phone:say(folder.path .. "/said.wav") end
          turn.pause(6000)
        end)
        server:expect("recorded\t", from)
        return wave.read(folder.path .. "/recorded.wav")
      end)
      assert.is_true(result.correlation >= 0.999)
    end)
  end

  -- baresip's clock is slow (20.5 ms a frame): linphonec can only play what has another one.
  it("hears the other one in a bridge that decodes: linphonec hears baresip", function()
    audio.carried(said, function()
      local from = #server.output + 1
      return linphone_call("pair", function()
        server:expect("waiting\n", from)
        baresip_call("pair-decoded", function() turn.pause(6000) end, true)
        server:expect("apart\thangup", from)
      end)
    end)
  end)

  it("hears the other one in a bridge that passes packets: baresip hears linphonec", function()
    audio.carried(said, function()
      local from = #server.output + 1
      return baresip_call("pair", function()
        server:expect("waiting\n", from)
        linphone_call("pair", function(phone)
          server:expect("bridged\n", from)
          phone:say(folder.path .. "/said.wav")
          turn.pause(6000)
        end)
        server:expect("apart\thangup", from)
      end)
    end)
  end)

  -- What spandsp and multimon-ng find in samples.
  local function decode(samples)
    folder:write("digits.raw", samples)
    local output, status = folder:run(("cd %s && sox -t s16 -r 8000 -c 1 digits.raw -t s16 "
      .. "-r 22050 up.raw && multimon-ng -q -t raw -a DTMF up.raw"):format(folder.path))
    assert.equal(0, status, output)
    return { spandsp = oracle.hear_digits(samples),
             ["multimon-ng"] = (output:gsub("DTMF: (.)%s*", "%1")) }
  end

  for name, call in pairs { baresip = baresip_call, linphonec = linphone_call } do
    it("heard digits that spandsp and multimon-ng know: " .. name, function()
      local from = #server.output + 1
      local samples = call("tones", function()
        server:expect("sent\ttrue", from)
        turn.pause(500)
      end)
      assert.same({ spandsp = "1234567890*#", ["multimon-ng"] = "1234567890*#" }, decode(samples))
    end)
  end

  it("is told of digits by telephone events (RFC 4733): linphonec", function()
    local from, told = #server.output + 1, nil
    linphone_call("events", function(phone)
      server:expect("sent\ttrue", from)
      turn.pause(500)
      told = phone.process.output
    end)
    local digits = {}
    for digit in told:gmatch "Receiving tone (%S)" do digits[#digits + 1] = digit end
    assert.equal("1234567890*#", table.concat(digits), told)
  end)

  it("hears two others in a conference of three, each as it spoke", function()
    local other = wave.speech("And here is a third one who speaks.", folder)
    wave.write(folder.path .. "/other.wav", wave.silence(7) .. other .. wave.silence(1))
    local output, status = folder:run("cd " .. folder.path .. " && sox other.wav -t ul other.ul")
    assert.equal(0, status, output)
    local heard, rate
    local function call()
      local from = #server.output + 1
      heard, rate = linphone_call("room", function()
        server:expect("in the room\n", from)
        local third <close> = sipp.start("uac_says", { transport = "udp", user = "room",
          target = server.address, media = ("%s:%d"):format(place.ip, place.ports(4)),
          words = { FILE = folder.path .. "/other.ul", MS = 12000 } })
        baresip_call("room", function() turn.pause(6000) end)
        sipp.finish(third)
      end)
      return heard, rate
    end
    audio.carried(said, call)
    audio.carried(other, function() return heard, rate end)
  end)

  it("hears another in a conference, and not itself", function()
    audio.carried(said, function()
      local heard, rate
      local from = #server.output + 1
      heard, rate = linphone_call("room", function()
        server:expect("in the room\n", from)
        baresip_call("room", function() turn.pause(6000) end)
      end)
      return heard, rate
    end)
  end)
end)
