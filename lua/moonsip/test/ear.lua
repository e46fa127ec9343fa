-- SPDX-License-Identifier: MIT
-- What a caller hears: the audio of its call as it comes, and whether a prompt is in it.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local timer = require "moonsip.timer"

---@class moonsip.test.Ear
---@field call moonsip.Call
---@field private fabric userdata  core.media_fabric, which keeps the last of what was heard
---@field private id integer       of the session there
---@field private from integer     sample behind the last prompt that was heard
local Ear = {}
Ear.__index = Ear

local ear = {}

local rate <const> = 8000

-- How often a prompt is looked for while it has not come.
local look_s <const> = 0.4

-- Mean magnitude of what is no silence.
local quiet <const> = 100

--- The ear of a call, which listens from the first time it is asked for: from when its
--- audio begins on.
---@param call moonsip.Call
---@return moonsip.test.Ear?
---@return moonsip.Error? err
function ear.of(call)
  if call.ear then return call.ear end
  local sound = call.sound
  local trouble = not sound and errors.new("media", "the call has no audio") or sound:trouble()
  if trouble then return nil, trouble end
  local fabric = call.agent.net.audio.fabric
  local ok, err = fabric:listen(sound.id)
  if not ok then return nil, err end
  call.ear = setmetatable({ call = call, fabric = fabric, id = sound.id, from = 0 }, Ear)
  return call.ear
end

--- Samples from one on, as far as they are kept; and the numbers of the first and of the
--- one behind the last.
---@param from integer
---@return string samples
---@return integer from
---@return integer to
function Ear:samples(from)
  return self.fabric:heard(self.id, from)
end

--- Samples that were heard so far.
---@return integer
function Ear:count()
  return (select(3, self:samples(math.maxinteger)))
end

--- Whether there is anything but silence in samples, and of how many seconds.
local function sound_in(samples)
  local loud = 0
  for at = 1, #samples - 1599, 1600 do
    local sum = 0
    for offset = 0, 1598, 20 do
      sum = sum + math.abs((("<i2"):unpack(samples, at + offset)))
    end
    if sum / 80 > quiet then loud = loud + 1 end
  end
  return loud / 10
end

--- What was heard instead, for people.
---@param samples string
---@param others table<string, string>  samples by what they are called
---@param least number
local function describe(samples, others, least)
  local seconds = #samples / 2 / rate
  local names = {}
  for name in pairs(others) do names[#names + 1] = name end
  table.sort(names)
  local heard = {}
  for _, name in ipairs(names) do
    local share, at = core.likeness(others[name], samples)
    if share >= least then heard[#heard + 1] = { name = name, at = at } end
  end
  table.sort(heard, function(a, b) return a.at < b.at end)
  for at, one in ipairs(heard) do heard[at] = ("%s at %.1f s"):format(one.name, one.at / 1000) end
  if #heard > 0 then return table.concat(heard, ", ") end
  local loud = sound_in(samples)
  if loud == 0 then return ("%.1f s of silence"):format(seconds) end
  return ("%.1f s of sound that is none of the prompts, in %.1f s"):format(loud, seconds)
end

--- Waits until a sound is heard, behind what was heard before. Returns when, in seconds of
--- virtual time since the call's audio began.
---@param said string     samples of it
---@param name string     what it is called
---@param options { within_ms: integer, likeness: number, others: fun(): table<string, string> }
---@return number? at
---@return moonsip.Error? err  timeout or hangup, saying what was heard instead
function Ear:hears(said, name, options)
  local context = self.call.agent.context
  local until_at = context:now() + options.within_ms
  local length, looked = #said // 2, self.from
  while true do
    -- Behind what was looked at already there can only be the end of it.
    local begin = math.max(self.from, looked - length - rate)
    local samples, from, to = self:samples(begin)
    local enough = to - self.from >= length * 9 // 10
    local share, ms = 0, 0
    if enough then share, ms = core.likeness(said, samples) end
    looked = to
    if share >= options.likeness then
      local at = math.max(from + ms * rate // 1000, 0)
      self.from = math.max(self.from, at + length * 9 // 10)
      return at / rate
    end
    local missing = enough and 0 or (length * 9 // 10 - (to - self.from)) / rate
    local left = (until_at - context:now()) / 1000
    if self.call.state == "ended" or left <= 0 then break end
    local done, err = timer.sleep(context, math.min(math.max(missing, look_s), left))
    if not done then return nil, err end
  end
  local is_over = self.call.state == "ended"
  return nil, errors.new(is_over and "hangup" or "timeout",
    ("%s was not heard%s; heard %s instead"):format(name,
      is_over and " before the call ended" or "",
      describe((self:samples(self.from)), options.others(), options.likeness)))
end

return ear
