-- SPDX-License-Identifier: MIT
--
-- Soft-phones that hear each other: in bridges, and in conferences. As in phones_spec.lua, what
-- a call must sound like, one of a few calls must.

local audio <const> = require "spec.interop.support.audio"
local phone_calls <const> = require "spec.interop.support.phone_calls"
local place <const> = require "spec.interop.support.place"
local sipp <const> = require "spec.interop.support.sipp"
local turn <const> = require "spec.interop.support.turn"
local wave <const> = require "spec.support.wave"

describe("A phone", function()
  local calls
  setup(function() calls = phone_calls.start() end)
  teardown(function() calls:stop() end)

  -- baresip's clock is slow (20.5 ms a frame): linphonec can only play what has another one.
  it("hears the other one in a bridge that decodes: linphonec hears baresip", function()
    audio.carried(calls.said, function()
      local from = calls:now()
      return calls:linphonec("pair", function()
        calls.server:expect("waiting\n", from)
        turn.pause(phone_calls.settled_ms)
        calls:baresip("pair-decoded", function() turn.pause(phone_calls.early_ms) end, true)
        calls.server:expect("apart\thangup", from)
      end)
    end)
  end)

  it("hears the other one in a bridge that passes packets: baresip hears linphonec", function()
    audio.carried(calls.said, function()
      local from = calls:now()
      return calls:baresip("pair", function()
        calls.server:expect("waiting\n", from)
        calls:linphonec("pair", function(phone)
          calls.server:expect("bridged\n", from)
          phone:say(calls.late)
          turn.pause(phone_calls.late_ms)
        end)
        calls.server:expect("apart\thangup", from)
      end)
    end)
  end)

  it("hears two others in a conference of three, each as it spoke", function()
    local other = wave.speech("And here is a third one who speaks.", calls.folder)
    local folder <const> = calls.folder
    wave.write(folder.path .. "/other.wav",
      wave.silence(7) .. other .. wave.silence(1))
    local output, status = folder:run("cd " .. folder.path .. " && sox other.wav -t ul other.ul")
    assert.equal(0, status, output)
    local heard, rate
    local function call()
      local from = calls:now()
      heard, rate = calls:linphonec("room", function()
        calls.server:expect("in the room\n", from)
        turn.pause(phone_calls.settled_ms)
        local third <close> = sipp.start("uac_says", { transport = "udp", user = "room",
          target = calls.server.address, media = ("%s:%d"):format(place.ip, place.ports(4)),
          words = { FILE = folder.path .. "/other.ul", MS = 12000 } })
        calls:baresip("room", function() turn.pause(phone_calls.early_ms) end)
        sipp.finish(third)
      end)
      return heard, rate
    end
    audio.carried(calls.said, call)
    local first, first_rate = heard, rate
    audio.carried(other, function()
      if not first then return call() end
      heard, first = first, nil
      return heard, first_rate
    end)
  end)

  it("hears another in a conference, and not itself", function()
    audio.carried(calls.said, function()
      local heard, rate
      local from = calls:now()
      heard, rate = calls:linphonec("room", function()
        calls.server:expect("in the room\n", from)
        turn.pause(phone_calls.settled_ms)
        calls:baresip("room", function() turn.pause(phone_calls.early_ms) end)
      end)
      return heard, rate
    end)
  end)
end)
