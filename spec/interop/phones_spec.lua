-- SPDX-License-Identifier: MIT
--
-- Soft-phones that speak, press keys and record what they hear. The clocks of phones are
-- those of a busy machine: what a call must sound like, one of a few calls must.

local audio <const> = require "spec.interop.support.audio"
local baresip <const> = require "spec.interop.support.baresip"
local linphone <const> = require "spec.interop.support.linphone"
local oracle <const> = require "audio_oracle"
local phone_calls <const> = require "spec.interop.support.phone_calls"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local sipp <const> = require "spec.interop.support.sipp"
local turn <const> = require "spec.interop.support.turn"
local wave <const> = require "spec.support.wave"

describe("A phone that hears itself by SIPp's echo", function()
  local folder, said, early, late

  setup(function()
    folder = scratch.folder()
    said = wave.speech("The quick brown fox jumps over the lazy dog. One, two, three.", folder)
    early, late = phone_calls.files(folder, said)
  end)

  teardown(function() folder:remove() end)
  after_each(process.end_all)

  local function by_baresip()
    local echo <close> = sipp.start("uas_echo", { transport = "udp", media = "echo" })
    local phone <close> = baresip.start { transport = "udp", answer = "auto", says = early }
    local from = phone:now()
    phone:tell("dial", "sip:echo@" .. echo.address)
    phone:expect("CALL_ESTABLISHED", from)
    turn.pause(phone_calls.early_ms)
    phone:tell "hangup"
    phone:expect("CALL_CLOSED", from)
    return phone:heard()
  end

  local function by_linphone()
    local echo <close> = sipp.start("uas_echo", { transport = "udp", media = "echo" })
    local phone <close> = linphone.start()
    phone:call("sip:echo@" .. echo.address)
    phone.process:expect "[Cc]onnected"
    phone:say(late)
    turn.pause(phone_calls.late_ms)
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
  local calls
  setup(function() calls = phone_calls.start() end)
  teardown(function() calls:stop() end)

  for _, name in ipairs { "baresip", "linphonec" } do
    it("presses twelve keys, which arrive once each and in order (RFC 4733): " .. name, function()
      local from = calls:now()
      calls[name](calls, "digits", function(phone)
        phone:press "13579*24680#"
        calls.server:expect("digits\t[^\n]*\n", from)
      end)
      -- "#" ends the input and is no part of it
      local output <const> = calls.server.output
      assert.truthy(output:find("digits\t13579*24680\n", from, true), output)
    end)

    it("hears a prompt as it is: " .. name, function()
      audio.carried(calls.said, function()
        local from = calls:now()
        return calls[name](calls, "listen", function()
          calls.server:expect("played\ttrue", from)
          turn.pause(500)
        end)
      end)
    end)

    it("is recorded as it speaks: " .. name, function()
      local result = audio.carried(calls.said, function()
        local from = calls:now()
        calls[name](calls, "record", function(phone)
          if name == "linphonec" then phone:say(calls.early) end
          turn.pause(phone_calls.early_ms)
        end)
        calls.server:expect("recorded\t", from)
        return wave.read(calls.folder.path .. "/recorded.wav")
      end)
      assert.is_true(result.correlation >= 0.999)
    end)
  end

  -- What spandsp and multimon-ng find in samples.
  local function decode(samples)
    calls.folder:write("digits.raw", samples)
    local output, status = calls.folder:run(("cd %s && sox -t s16 -r 8000 -c 1 digits.raw -t s16 "
      .. "-r 22050 up.raw && multimon-ng -q -t raw -a DTMF up.raw"):format(calls.folder.path))
    assert.equal(0, status, output)
    return { spandsp = oracle.hear_digits(samples),
             ["multimon-ng"] = (output:gsub("DTMF: (.)%s*", "%1")) }
  end

  for _, name in ipairs { "baresip", "linphonec" } do
    it("heard digits that spandsp and multimon-ng know: " .. name, function()
      local from = calls:now()
      local samples = calls[name](calls, "tones", function()
        calls.server:expect("sent\ttrue", from)
        turn.pause(500)
      end)
      assert.same({ spandsp = "1234567890*#", ["multimon-ng"] = "1234567890*#" }, decode(samples))
    end)
  end

  it("is told of digits by telephone events (RFC 4733): linphonec", function()
    local from, told = calls:now(), nil
    calls:linphonec("events", function(phone)
      calls.server:expect("sent\ttrue", from)
      turn.pause(500)
      told = phone.process.output
    end)
    local digits = {}
    for digit in told:gmatch "Receiving tone (%S)" do digits[#digits + 1] = digit end
    assert.equal("1234567890*#", table.concat(digits), told)
  end)
end)
