-- SPDX-License-Identifier: MIT
-- What a caller hears: the audio of its call as it comes, and whether a prompt is in it.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local wait = require "moonsip.wait"

---@class moonsip.test.Ear
---@field call moonsip.Call
---@field private chunks string[]  16-bit samples at 8000 Hz
---@field private first integer    sample that the first chunk begins with
---@field private count integer    samples that came so far
---@field private from integer     sample behind the last prompt that was heard
---@field private one moonsip.Wait?  who waits for more
local Ear = {}
Ear.__index = Ear

local ear = {}

local rate <const> = 8000
local frame_ms <const> = 100
local max_seconds <const> = 60 -- that are kept

-- A prompt is looked for when so much more has come.
local look_samples <const> = rate // 2

-- Mean magnitude of what is no silence.
local quiet <const> = 100

--- The ear of a call; it listens from the first time it is asked for.
---@param call moonsip.Call
---@return moonsip.test.Ear?
---@return moonsip.Error? err
function ear.of(call)
  if call.ear then return call.ear end
  local sound = call.sound
  local trouble = not sound and errors.new("media", "the call has no audio") or sound:trouble()
  if trouble then return nil, trouble end
  local self = setmetatable({ call = call, chunks = {}, first = 0, count = 0, from = 0 }, Ear)
  local failed
  local number = sound:run({ resolve = function(_, _, err) failed = err end }, "stream",
    { rate = rate, what = "in", speak = false, frame = frame_ms },
    function() self:ended() end)
  if not number then return nil, failed end
  self.number, self.sound, self.audio = number, sound, call.agent.net.audio
  self.audio.ears = self.audio.ears + 1
  sound.verbs[number].owner = self
  call.ear = self
  return self
end

local function wake(self)
  local one = self.one
  self.one = nil
  if one then one:resolve(true) end
end

--- More has come.
---@package
function Ear:readable()
  local media, id = self.sound.hub.core, self.sound.id
  local bytes = media:read(id, self.number)
  while bytes and bytes ~= "" do
    table.insert(self.chunks, bytes)
    self.count = self.count + #bytes // 2
    bytes = media:read(id, self.number)
  end
  while self.count - self.first > max_seconds * rate do
    self.first = self.first + #table.remove(self.chunks, 1) // 2
  end
  if self.one and self.count >= self.wanted then wake(self) end
end

--- The call is over; what came stays.
---@package
function Ear:ended()
  self.done = true
  self.audio.ears = self.audio.ears - 1
  wake(self)
end

--- Samples from one on.
---@param from integer
---@return string
function Ear:samples(from)
  local text = table.concat(self.chunks)
  return text:sub(2 * math.max(from - self.first, 0) + 1)
end

local function start_wait(one, self, wanted, ms)
  if self.done or self.count >= wanted then return one:resolve(true) end
  self.one, self.wanted = one, wanted
  one:expire_in(ms)
end

--- Waits until so many samples have come, the call is over, or the time is up.
local function wait_for(self, wanted, ms)
  return wait.await(self.call.agent.context, "caller:hears", nil, nil, start_wait, self, wanted, ms)
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
    local left = until_at - context:now()
    local enough = math.max(self.from + length * 9 // 10, looked + look_samples)
    if left > 0 and not self.done and self.count < enough then wait_for(self, enough, left) end
    -- Behind what was looked at already there can only be the end of it.
    local begin = math.max(self.from, looked - length - look_samples)
    local share, ms = core.likeness(said, self:samples(begin))
    looked = self.count
    if share >= options.likeness then
      local at = math.max(begin, self.first) + ms * rate // 1000
      self.from = math.max(self.from, at + length * 9 // 10)
      return at / rate
    end
    if self.done or context:now() >= until_at then break end
  end
  local kind = self.done and "hangup" or "timeout"
  return nil, errors.new(kind, ("%s was not heard%s; heard %s instead"):format(name,
    self.done and " before the call ended" or "",
    describe(self:samples(self.from), options.others(), options.likeness)))
end

return ear
