-- SPDX-License-Identifier: MIT
-- call:stream and call:audio: the audio of a call as frames of 16-bit samples, both ways.

local misuse = require "moonsip.misuse"
local verb = require "moonsip.verbs.verb"
local wait = require "moonsip.wait"
local errors = require "moonsip.errors"
local duration = require "moonsip.duration"

local StreamVerbs = {}

local stream = {}

--- Gives its verbs to the class of calls.
function stream.mixin(class)
  for name, method in pairs(StreamVerbs) do class[name] = method end
end

---@class moonsip.AudioStream
---@field rate integer    samples in a second
---@field done boolean
---@field private sound moonsip.Sound
---@field private number integer
---@field private reader moonsip.Wait?
---@field private writer moonsip.Wait?
local AudioStream = {}
AudioStream.__index = AudioStream
AudioStream.__name = "moonsip.audio_stream"

-- A read takes at most so much: a second at 16 kHz.
local max_read <const> = 32000

--- It has ended: by itself, with the call, or by close.
local function finish(self, why)
  self.done = true
  if why == "closed" then
    self.err = self.call.why or errors.new("gone", "the call has no sound any more")
  else
    self.err = errors.new("cancelled", "the stream has ended", { by = "local" })
  end
  for _, slot in ipairs { "reader", "writer" } do
    local one = self[slot]
    self[slot] = nil
    if one then one:resolve(nil, self.err) end
  end
  for _, entry in pairs(self.marks) do entry:resolve(nil, self.err) end
  self.marks = {}
end

local function take(self)
  return self.sound.hub.core:read(self.sound.id, self.number, max_read)
end

-- ---- what core.media tells

---@package
function AudioStream:readable()
  local one = self.reader
  if not one then return end
  self.reader = nil
  one:resolve(take(self))
end

local function push(one, self)
  local core, sound = self.sound.hub.core, self.sound
  local rest = one.bytes
  local taken, err = core:write(sound.id, self.number, rest)
  if not taken then return one:resolve(nil, err) end
  if taken == #rest then return one:resolve(true) end
  one.bytes = rest:sub(taken + 1)
  self.writer = one
end

---@package
function AudioStream:writable()
  local one = self.writer
  self.writer = nil
  if one then push(one, self) end
end

---@package
function AudioStream:reached(mark, cleared)
  local one = self.marks[mark]
  self.marks[mark] = nil
  if not one then return end
  if cleared then return one:resolve(nil, errors.new("cancelled", "it was cleared")) end
  one:resolve(true)
end

-- ---- what a script does

local function start_read(one, self)
  if self.done then return one:resolve(nil, self.err) end
  local bytes, err = take(self)
  if err or bytes ~= "" then return one:resolve(bytes, err) end
  self.reader = one
end

--- Waits for audio: 16-bit little-endian samples, all that there are.
---@param callback fun(bytes: string?, err: moonsip.Error?)?
---@return string? bytes
---@return moonsip.Error? err  hangup, cancelled
function AudioStream:read(callback)
  return wait.await(self.call.agent.context, "stream:read", self.call, callback, start_read, self)
end

local function start_write(one, self, bytes)
  if self.done then return one:resolve(nil, self.err) end
  if self.writer then
    return one:resolve(nil, errors.new("invalid", "another write is under way"))
  end
  one.bytes = bytes
  push(one, self)
end

--- Says samples; waits while more is on its way than the buffer holds.
---@param bytes string  16-bit little-endian, at the stream's rate
---@param callback fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function AudioStream:write(bytes, callback)
  misuse.check("stream:write", "bytes", bytes, "string")
  return wait.await(self.call.agent.context, "stream:write", self.call, callback, start_write,
    self, bytes)
end

local function start_mark(one, self)
  if self.done then return one:resolve(nil, self.err) end
  self.last_mark = self.last_mark + 1
  self.marks[self.last_mark] = one
  local ok, err = self.sound.hub.core:mark(self.sound.id, self.number, self.last_mark)
  if not ok then
    self.marks[self.last_mark] = nil
    one:resolve(nil, err)
  end
end

--- Waits until all that was written so far has been sent: true, or `nil, err` of kind
--- "cancelled" when it was cleared.
---@param callback fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function AudioStream:mark(callback)
  return wait.await(self.call.agent.context, "stream:mark", self.call, callback, start_mark, self)
end

--- Drops what was written and not sent: barge-in.
function AudioStream:clear()
  if not self.done then self.sound.hub.core:clear(self.sound.id, self.number) end
end

--- Ends it; audio that was not read or sent is gone.
function AudioStream:close()
  if self.done then return end
  self.sound:stop(self.number)
  finish(self, "stopped")
end

AudioStream.__close = AudioStream.close

--- For `for frame in stream:frames() do`: audio as it comes; the end of the call ends it.
function AudioStream:frames()
  return function() return (self:read()) end, nil, nil, self
end

-- ---- opening

local known <const> = { rate = true, what = true, speak = true, buffer = true, frame = true }
local whats <const> = { ["in"] = true, out = true, both = true, stereo = true, none = true }
local rates <const> = { [8000] = true, [16000] = true }

local function read_options(name, options)
  options = misuse.options(name, options, known)
  local rate, what = options.rate or 8000, options.what or "in"
  if not rates[rate] then misuse.argument(name, "rate", "8000 or 16000 expected") end
  if not whats[what] then
    misuse.argument(name, "what", "in, out, both, stereo or none expected")
  end
  return {
    rate = rate, what = what, speak = options.speak,
    buffer = options.buffer and duration.check(name, "buffer", options.buffer) or nil,
    frame = options.frame and duration.check(name, "frame", options.frame) or nil,
  }
end

--- Opens it at once.
local function open(call, name, options)
  local wish = read_options(name, options)
  local failed
  local one = { resolve = function(_, _, err) failed = err end }
  local sound = verb.sound(one, call)
  if not sound then return nil, failed end
  local self = setmetatable({ call = call, sound = sound, rate = wish.rate, done = false,
                              marks = {}, last_mark = 0 }, AudioStream)
  self.number = sound:run(one, "stream", wish, function(_, why)
    if not self.done then finish(self, why) end
  end)
  if not self.number then return nil, failed end
  sound.verbs[self.number].owner = self
  return self
end

--- The audio of the call for another program: what is said is read, what is written is
--- said. `what`: "in" (theirs), "out" (ours), "both" (mixed), "stereo", "none".
---@param options { rate: 8000|16000|nil, what: string?, speak: boolean?, buffer: any, frame: any }?
---@return moonsip.AudioStream?
---@return moonsip.Error? err
function StreamVerbs:stream(options)
  return open(self, "call:stream", options)
end

--- For `for frame in call:audio() do`: what the other side says, until the call ends.
---@param options { rate: 8000|16000|nil, what: string?, frame: any }?
function StreamVerbs:audio(options)
  local made = { speak = false }
  for key, value in pairs(misuse.optional("call:audio", "options", options, "table") or {}) do
    made[key] = value
  end
  local one = open(self, "call:audio", made)
  if not one then return function() end end
  return one:frames()
end

return stream
