-- SPDX-License-Identifier: MIT
--
-- linphonec, the soft-phone of the best clock: told what to do and heard over its
-- terminal, with files as sound card.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local turn <const> = require "spec.interop.support.turn"
local wave <const> = require "spec.support.wave"

local linphone <const> = {}

local settings <const> = "spec/interop/linphone/linphonerc"

---@class Linphone
---@field address string    where it listens, UDP and TCP
---@field process Process
local Linphone <const> = {}
Linphone.__index = Linphone

--- Starts a phone that waits for its user.
---@return Linphone
function linphone.start()
  local port = place.free_port()
  local self = setmetatable({ folder = scratch.folder() }, Linphone)
  self.address = ("127.0.0.1:%d"):format(port)
  local file <close> = assert(io.open(settings))
  local words = { PORT = port, RTP = place.free_port(), ADDRESS = self.address }
  local rc = self.folder:write("linphonerc", (file:read("a"):gsub("@(%u+)@", words)))
  self.folder:write(".local/share/linphone/empty", "")
  self.process = process.start({ "linphonec", "-c", rc, "-d", "0" },
    { input = true, urgent = true, env = { HOME = self.folder.path }, cwd = self.folder.path })
  self.process:expect "linphonec>"
  turn.until_true("linphonec at its port", function()
    return self.process.code or place.is_open_everywhere("udp", port)
  end, function() return self.process:tell() end, true)
  self:tell "soundcard use files"
  return self
end

--- A command as its prompt knows it: "call sip:bob@127.0.0.1", "terminate", "5".
---@param command string
function Linphone:tell(command)
  self.process:write(command .. "\n")
end

--- Calls, and records what is heard from then on.
---@param uri string
function Linphone:call(uri)
  self.recording = self.folder.path .. "/heard.wav"
  self:tell("record " .. self.recording)
  self:tell("call " .. uri)
end

--- Says a WAV file of 8000 Hz.
function Linphone:say(path)
  self:tell("play " .. path)
end

--- Presses keys, one after the other, as a person does.
---@param digits string
function Linphone:press(digits)
  for digit in digits:gmatch "." do
    self:tell(digit)
    turn.pause(400)
  end
end

--- What it heard in the call that is over.
---@return string samples
---@return integer rate
function Linphone:heard()
  return wave.read(self.recording)
end

--- Leaves.
function Linphone:quit()
  self:tell "quit"
  return self.process:wait()
end

function Linphone:close()
  self.process:close()
  self.folder:remove()
end

Linphone.__close = Linphone.close

return linphone
