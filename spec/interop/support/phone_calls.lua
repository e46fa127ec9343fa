-- SPDX-License-Identifier: MIT
--
-- Calls of real soft-phones to scripts/ivr.lua, and what they say there.

local audio <const> = require "spec.interop.support.audio"
local baresip <const> = require "spec.interop.support.baresip"
local linphone <const> = require "spec.interop.support.linphone"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
local wave <const> = require "spec.support.wave"

---@class PhoneCalls
---@field folder table     the script's: "prompt.wav", and what it records
---@field said string      samples of the prompt, which is what phones say too
---@field early string     a file to say before a jitter buffer shortens its delay
---@field late string      another, to say when linphonec can hear
---@field server Process
local PhoneCalls <const> = {}
PhoneCalls.__index = PhoneCalls

local phone_calls <const> = {}

--- Until linphonec has found its pace, and what it takes to say these files.
phone_calls.settled_ms = math.floor(1000 * audio.settled_s)
phone_calls.early_ms = 6000
phone_calls.late_ms = phone_calls.settled_ms + 5500

--- Files to be said, with a pause first; at the end of its file baresip would hang up.
---@return string early
---@return string late
function phone_calls.files(folder, said)
  local early <const>, late <const> = folder.path .. "/early.wav", folder.path .. "/late.wav"
  wave.write(early, wave.silence(0.5) .. said .. wave.silence(30))
  wave.write(late, wave.silence(audio.settled_s) .. said .. wave.silence(30))
  return early, late
end

--- Starts the script.
---@return PhoneCalls
function phone_calls.start()
  local folder <const> = scratch.folder()
  local said <const> = wave.speech("Welcome. Please press a key, or two, or twelve of them.",
    folder)
  wave.write(folder.path .. "/prompt.wav", said)
  local early <const>, late <const> = phone_calls.files(folder, said)
  local server <const> = script.serve("spec/interop/scripts/ivr.lua", { folder.path })
  return setmetatable({ folder = folder, said = said, early = early, late = late,
                        server = server }, PhoneCalls)
end

function PhoneCalls:stop()
  script.stop(self.server)
  process.end_all()
  self.folder:remove()
end

--- Where the script's output from now on begins.
function PhoneCalls:now() return #self.server.output + 1 end

--- baresip in a call with a user of the script, saying its file; what it heard when
--- `fn(phone)` has run. Who hears nothing records nothing: is_deaf.
function PhoneCalls:baresip(user, fn, is_deaf)
  local phone <close> = baresip.start { transport = "udp", answer = "auto", says = self.early }
  local from = phone:now()
  phone:tell("dial", ("sip:%s@%s"):format(user, self.server.address))
  phone:expect("CALL_ESTABLISHED", from)
  fn(phone)
  phone:tell "hangup"
  phone:expect("CALL_CLOSED", from)
  if not is_deaf then return phone:heard() end
end

--- linphonec, which says a file when it is told to.
function PhoneCalls:linphonec(user, fn)
  local phone <close> = linphone.start()
  phone:call(("sip:%s@%s"):format(user, self.server.address))
  phone.process:expect "[Cc]onnected"
  fn(phone)
  phone:tell "terminate"
  phone.process:expect "ended"
  phone:quit()
  return phone:heard()
end

return phone_calls
