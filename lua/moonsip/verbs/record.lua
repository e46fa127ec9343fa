-- SPDX-License-Identifier: MIT
-- call:record, call:start_record and call:monitor: what is said becomes a WAV file.

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local play = require "moonsip.verbs.play"
local verb = require "moonsip.verbs.verb"
local wait = require "moonsip.wait"

local Record = {}

local record = {}

--- Gives its verbs to the class of calls.
function record.mixin(class)
  for name, method in pairs(Record) do class[name] = method end
end

-- Of every recording; those of `record` alone are below.
local known <const> = {
  file = true, max = true, silence = true, threshold = true, trim = true, channels = true,
  what = true, format = true, rate = true, append = true, min_free = true,
}

local record_options <const> = { beep = true, stop = true }
for name in pairs(known) do record_options[name] = true end

local default_max <const>, default_silence <const> = "1h", "5s"
local beep_program <const> = { "beep" }

local whats <const> = { ["in"] = true, out = true, both = true, stereo = true }
local formats <const> = { pcm16 = true, ulaw = true, alaw = true }

local function pick(name, option, given, allowed)
  if given ~= nil and not allowed[given] then
    misuse.argument(name, option, ("%s is none of its values"):format(tostring(given)))
  end
  return given
end

--- What core.media is told; `what` unless the script says so.
local function read(name, options, what)
  local channels = misuse.integer(name, "channels", options.channels or 1, 1, 2)
  local function ms(option, default)
    local value = options[option]
    if value == nil then value = default end
    return value and duration.check(name, option, value) or 0
  end
  return {
    path = misuse.text(name, "file", options.file),
    what = channels == 2 and "stereo" or pick(name, "what", options.what, whats) or what,
    format = pick(name, "format", options.format, formats), rate = options.rate,
    append = options.append and true or nil, max = ms("max", default_max),
    silence = ms("silence"), threshold = options.threshold, trim = options.trim,
    min_free = options.min_free,
  }
end

local why_of <const> = { stop = "key", silence = "silence", max = "max", stopped = "stopped",
                         closed = "hangup" }

--- What a recording came to.
local function result(wish, why, info)
  return { seconds = (info.ms or 0) / 1000, why = why_of[why] or why, file = wish.path,
           bytes = info.bytes, digit = info.digits and info.digits:sub(-1) or nil }
end

--- The file is complete, whatever ended it.
local function finish_for(call, wish)
  return function(one, why, info)
    if why == "io" then
      local err = info.err or errors.new("io", wish.path .. ": not written")
      err.recording = result(wish, why, info)
      call:note("%s is not recorded: %s", wish.path, err.reason)
      return one:resolve(nil, err)
    end
    local made = result(wish, why, info)
    call:note("recorded %s, %.1f s (%s)", made.file, made.seconds, made.why)
    if why == "closed" then
      return one:resolve(nil, errors.new("hangup", "the call ended while it was recorded",
        { recording = made, by = call.why and call.why.by }))
    end
    one:resolve(made)
  end
end

local function start_record(one, call, wish)
  local sound = verb.sound(one, call)
  if not sound then return end
  call:note("record %s", wish.path)
  -- It speaks when its turn has come, and a hang-up resumes the script when the file is
  -- complete: so nobody but core.media ends this wait.
  local ready = sound:queue(one)
  ready(function() sound:run(one, "record", wish, finish_for(call, wish)) end)
end

--- Records what the other side says until a key, silence, the limit or the hang-up; the
--- file is complete when it returns.
---@param options { file: string, beep: boolean?, max: any, silence: any, stop: string?, channels: integer?, what: string?, format: string?, rate: integer?, append: boolean?, trim: boolean?, threshold: integer?, min_free: integer? }
---@param callback fun(info: table?, err: moonsip.Error?)?
---@return { seconds: number, why: "key"|"silence"|"max"|"stopped", file: string, digit: string? }?
---@return moonsip.Error? err  hangup (with `recording`), io ...
function Record:record(options, callback)
  local name <const> = "call:record"
  options = misuse.options(name, misuse.check(name, "options", options, "table"), record_options)
  local wish = read(name, options, "in")
  if options.silence == nil then wish.silence = duration.check(name, "silence", default_silence) end
  wish.beep = options.beep ~= false and beep_program or nil
  wish.stop = play.check_stop(name, options.stop == nil and "any" or options.stop or "")
  return self:await(name, callback, start_record, self, wish)
end

-- ---- in the background

---@class moonsip.Recording
---@field file string
---@field done boolean
---@field private call moonsip.Call|moonsip.Conference
---@field private number integer?
local Recording = {}
Recording.__index = Recording
Recording.__name = "moonsip.recording"

--- A stand-in for who waits, while nobody does.
local function outcome_of(self)
  return {
    resolve = function(_, info, err)
      self.done, self.info, self.err = true, info, err
      local waits = self.waits
      self.waits = {}
      for _, one in ipairs(waits) do one:resolve(info, err) end
    end,
  }
end

local function start_wait(one, self)
  if self.done then return one:resolve(self.info, self.err) end
  table.insert(self.waits, one)
end

--- Waits for its end: as call:record, but that the end of the call is none of an error.
---@param callback fun(info: table?, err: moonsip.Error?)?
---@return { seconds: number, why: string, file: string }?
---@return moonsip.Error? err
function Recording:wait(callback)
  return wait.await(self.call.agent.context, "recording:wait", self.call, callback, start_wait,
    self)
end

--- Ends it; the file is complete when wait returns.
function Recording:stop()
  if not self.done then self.sound:stop(self.number) end
end

Recording.__close = Recording.stop

--- Silence is recorded from now on instead of what is said: card numbers.
function Recording:pause()
  if not self.done then self.sound.hub.core:pause(self.sound.id, self.number, true) end
end

--- What is said is recorded again.
function Recording:resume()
  if not self.done then self.sound.hub.core:pause(self.sound.id, self.number, false) end
end

--- Starts one in a session or conference.
---@param call table  with `agent` and `note`
---@param sound table
---@param wish table
---@return moonsip.Recording?
---@return moonsip.Error? err
function record.begin(call, sound, wish)
  local self = setmetatable({ file = wish.path, done = false, call = call, sound = sound,
                              waits = {} }, Recording)
  local one = outcome_of(self)
  self.number = sound:run(one, "monitor", wish, function(_, why, info)
    if why == "closed" then return one:resolve(result(wish, why, info)) end
    finish_for(call, wish)(one, why, info)
  end)
  if not self.number then return nil, self.err end
  call:note("record %s in the background", wish.path)
  return self
end

local function start_background(self, name, options, what)
  if type(options) == "string" then options = { file = options } end
  options = misuse.options(name, misuse.check(name, "options", options, "table"), known)
  local wish = read(name, options, what)
  local failed
  local sound = verb.sound({ resolve = function(_, _, err) failed = err end }, self)
  if not sound then return nil, failed end
  return record.begin(self, sound, wish)
end

record.read, record.options = read, known

--- Records what the other side says, beside whatever else happens.
---@param options string|table  a file, or as of call:record without beep and stop
---@return moonsip.Recording?
---@return moonsip.Error? err
function Record:start_record(options)
  return start_background(self, "call:start_record", options, "in")
end

--- Records both sides of the call, beside whatever else happens: mixed, or with
--- `channels = 2` theirs on the left and ours on the right.
---@param options string|table
---@return moonsip.Recording?
---@return moonsip.Error? err
function Record:monitor(options)
  return start_background(self, "call:monitor", options, "both")
end

return record
