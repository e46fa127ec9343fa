-- SPDX-License-Identifier: MIT
-- call:detect and call:wait_beep: who or what is at the other end.

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local verb = require "moonsip.verbs.verb"

local Detect = {}

local detect = {}

--- Gives its verbs to the class of calls.
function detect.mixin(class)
  for name, method in pairs(Detect) do class[name] = method end
end

local detect_options <const> = {
  max = true, amd = true, fax = true, beep = true, tone = true, silence = true, speech = true,
  threshold = true,
}

local amd_options <const> = {
  initial = true, greeting = true, after = true, total = true, word = true, between = true,
  words = true, threshold = true,
}

local default_max <const>, default_beep_max <const> = "10s", "30s"

-- Who says nothing at all is no machine to a script, but nobody.
local default_initial_ms <const>, never_ms <const> = 2500, 3600000

--- Durations of an answering machine's settings, counts as they are; and after how much
--- silence nobody is there.
local function read_amd(name, given)
  if not given then return nil end
  local made, silence = { initial = never_ms }, default_initial_ms
  if given == true then return made, silence end
  for option, value in pairs(misuse.options(name, given, amd_options)) do
    if option == "words" or option == "threshold" then
      made[option] = misuse.integer(name, option, value, 1, 32767)
    elseif option == "initial" then
      silence = duration.check(name, option, value)
    else
      made[option] = duration.check(name, option, value)
    end
  end
  return made, silence
end

local function start(one, call, wish, finish)
  local sound = verb.sound(one, call)
  if not sound then return end
  call:keep_wait(one)
  sound:run(one, "detect", wish, finish)
end

--- Listens to who answered: "human", "machine", "fax", "silence" (nobody says anything) or
--- "notsure"; with further options "beep" or "speech". It is a guess from energy and
--- pauses, right for most greetings.
---@param options { max: any, amd: table|boolean?, fax: boolean?, beep: boolean?, silence: any, speech: any, threshold: integer? }?
---@param callback fun(what: string?, err: moonsip.Error?)?
---@return string? what
---@return moonsip.Error? err
function Detect:detect(options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local name <const> = "call:detect"
  options = misuse.options(name, options, detect_options)
  local amd = options.amd
  if amd == nil then amd = true end
  local settings, silence = read_amd(name, amd)
  local wish = {
    amd = settings, fax = options.fax ~= false, beep = options.beep or false,
    tone = options.tone or false,
    silence = options.silence and duration.check(name, "silence", options.silence) or silence,
    speech = options.speech and duration.check(name, "speech", options.speech) or nil,
    threshold = options.threshold, max = duration.check(name, "max", options.max or default_max),
  }
  self:note "detect"
  return self:await(name, callback, start, self, wish, function(one, why)
    if why == "stopped" or why == "closed" then return verb.resolve_other(one, self, why) end
    local what = why == "max" and "notsure" or why
    self:note("detected %s", what)
    one:resolve(what)
  end)
end

--- Waits for the beep of an answering machine.
---@param options { max: any }?  30 s
---@param callback fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err  timeout when none came
function Detect:wait_beep(options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local name <const> = "call:wait_beep"
  options = misuse.options(name, options, { max = true })
  local wish = { beep = true, max = duration.check(name, "max", options.max or default_beep_max) }
  self:note "wait for a beep"
  return self:await(name, callback, start, self, wish, function(one, why)
    if why == "beep" then return one:resolve(true) end
    if why == "max" then return one:resolve(nil, errors.new("timeout", "no beep was heard")) end
    verb.resolve_other(one, self, why)
  end)
end

return detect
