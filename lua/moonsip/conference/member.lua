-- SPDX-License-Identifier: MIT
-- What a member of a conference may say, hear and decide: options of conference:join, and what
-- core.media is told of them.

local misuse = require "moonsip.misuse"

local member = {}

-- What can be changed while it is in the room, and what only its coming and going decide.
local audio_options <const> = { mute = true, deaf = true, whisper = true, gain_in = true,
                                gain_out = true }
local join_options <const> = { start_on_enter = true, end_on_exit = true }
for name in pairs(audio_options) do join_options[name] = true end

---@class moonsip.Seat
---@field audio table            for core.media
---@field start_on_enter boolean  the conference begins when it comes
---@field end_on_exit boolean     and is over when it leaves

local function whispers(name, given)
  if not given then return nil end
  local to = {}
  for at, call in ipairs(given.is_call and { given } or given) do
    if not call.sound then misuse.argument(name, "whisper", "a call with audio expected") end
    to[at] = call.sound.id
  end
  return to
end

local function audio(name, options)
  return { mute = options.mute or false, deaf = options.deaf or false,
           to = whispers(name, options.whisper), gain_in = options.gain_in,
           gain_out = options.gain_out }
end

--- What conference:set says.
---@return table audio
function member.audio(name, options)
  return audio(name, misuse.options(name, options, audio_options))
end

--- What conference:join says; `rights`, those of a PIN, come before it.
---@param name string  of the verb
---@param options table?
---@param rights table?
---@return moonsip.Seat
function member.seat(name, options, rights)
  local all = {}
  for _, given in ipairs { misuse.options(name, options, join_options),
                           misuse.options(name, rights, join_options) } do
    for key, value in pairs(given) do all[key] = value end
  end
  return { audio = audio(name, all), start_on_enter = all.start_on_enter ~= false,
           end_on_exit = all.end_on_exit or false }
end

--- The same, heard by nobody: until the conference begins.
function member.silent(words)
  local silent = {}
  for key, value in pairs(words) do silent[key] = value end
  silent.mute = true
  return silent
end

return member
