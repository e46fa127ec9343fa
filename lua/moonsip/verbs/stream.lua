-- SPDX-License-Identifier: MIT
-- call:stream and call:audio: the audio of a call as frames of 16-bit samples, both ways.

local attachment = require "moonsip.attachment"
local attachment_settings = require "moonsip.attachment_settings"
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
---@field uuid string?    that the program at its other end knows it by
---@field speaks boolean  what is written is heard
---@field private program moonsip.Attachment?  that reads and writes in the script's stead
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
  local is_well = why == "done" and not self.err
  if why == "closed" then
    self.err = self.call.why or errors.new("gone", "the call has no sound any more")
  elseif not self.err then
    self.err = errors.new("cancelled", "the stream has ended", { by = "local" })
  end
  for _, slot in ipairs { "reader", "writer" } do
    local one = self[slot]
    self[slot] = nil
    if one then one:resolve(nil, self.err) end
  end
  for _, entry in pairs(self.marks) do entry:resolve(nil, self.err) end
  self.marks = {}
  self.was_well = is_well
  for _, one in ipairs(self.waits) do
    one:resolve(is_well or nil, not is_well and self.err or nil)
  end
  self.waits = {}
  if self.program then self.program:stream_ended() end
end

--- What is there, or one frame of it: "" when there is none yet.
local function take(self)
  local core, size = self.sound.hub.core, self.frame_size
  if not size then return core:read(self.sound.id, self.number, max_read) end
  while #self.partial < size do
    local bytes, err = core:read(self.sound.id, self.number, size - #self.partial)
    if not bytes or bytes == "" then return bytes, err end
    self.partial = self.partial .. bytes
  end
  local frame = self.partial
  self.partial = ""
  return frame
end

-- ---- what core.media tells

---@package
function AudioStream:readable()
  if self.program then return self.program:readable() end
  local one = self.reader
  if not one then return end
  local bytes, err = take(self)
  if bytes == "" then return end
  self.reader = nil
  one:resolve(bytes, err)
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
  if self.program then return self.program:writable() end
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

---@package
function AudioStream:digit(digit)
  if self.program then self.program:digit(digit) end
end

-- ---- what a program at its other end does

--- Samples that were heard, at most so many bytes; "" when there are none.
---@package
function AudioStream:take(most)
  return self.sound.hub.core:read(self.sound.id, self.number, most)
end

--- Samples to be said: how many bytes of them there was room for.
---@package
function AudioStream:put(samples)
  return self.sound.hub.core:write(self.sound.id, self.number, samples)
end

--- Calls `fn(was_cleared)` when all that was put so far is said, or dropped; false when it
--- has no room for a further mark.
---@param fn fun(was_cleared: boolean)
---@return boolean
---@package
function AudioStream:tell_mark(fn)
  if self.done then return true end
  self.last_mark = self.last_mark + 1
  self.marks[self.last_mark] = { resolve = function(_, done) fn(not done) end }
  local ok = self.sound.hub.core:mark(self.sound.id, self.number, self.last_mark)
  if not ok then self.marks[self.last_mark] = nil end
  return ok == true
end

--- Ends it when all that was put is said.
---@package
function AudioStream:finish()
  if self.done then return end
  if self.speaks then
    self.sound.hub.core:finish(self.sound.id, self.number)
  else
    self.sound:stop(self.number)
    finish(self, "done")
  end
end

--- Ends it at once.
---@package
function AudioStream:fail(err)
  if self.done then return end
  self.err = err
  self.sound:stop(self.number)
  finish(self, "failed")
end

-- ---- what a script does

local function start_wait(one, self)
  if not self.done then return table.insert(self.waits, one) end
  one:resolve(self.was_well or nil, not self.was_well and self.err or nil)
end

--- Waits for its end: true when the program at its other end hung up, else `nil, err`.
---@param callback fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err  hangup, cancelled, gone, rejected, transport, timeout, invalid
function AudioStream:wait(callback)
  return wait.await(self.call.agent.context, "stream:wait", self.call, callback, start_wait, self)
end

local function is_taken(one, self)
  if not self.program then return false end
  one:resolve(nil, errors.new("invalid", "a program reads and writes this stream"))
  return true
end

local function start_read(one, self)
  if self.done then return one:resolve(nil, self.err) end
  if is_taken(one, self) then return end
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
  if is_taken(one, self) then return end
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
  if self.done then return end
  if self.program then self.program:cleared() end
  self.sound.hub.core:clear(self.sound.id, self.number)
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
local rates <const> = { [8000] = true, [12000] = true, [16000] = true, [24000] = true,
                        [32000] = true, [48000] = true }

local function read_options(name, options)
  local rate, what = options.rate or 8000, options.what or "in"
  if not rates[rate] then
    misuse.argument(name, "rate", "8000, 12000, 16000, 24000, 32000 or 48000 expected")
  end
  if not whats[what] then
    misuse.argument(name, "what", "in, out, both, stereo or none expected")
  end
  local frame = options.frame and duration.check(name, "frame", options.frame)
  if frame and (frame < 20 or frame > 1000 or frame % 20 ~= 0) then
    misuse.argument(name, "frame", "20 ms to 1 s, in steps of 20 ms, expected")
  end
  return {
    rate = rate, what = what, speak = options.speak, frame = frame or nil,
    buffer = options.buffer and duration.check(name, "buffer", options.buffer) or nil,
  }
end

--- Opens it at once.
local function open(call, wish, program)
  local failed
  local one = { resolve = function(_, _, err) failed = err end }
  local sound = verb.sound(one, call)
  if not sound then return nil, failed end
  local self = setmetatable({ call = call, sound = sound, rate = wish.rate, done = false,
                              speaks = wish.speak ~= false, program = program, waits = {},
                              marks = {}, last_mark = 0, partial = "" }, AudioStream)
  self.frame_size = wish.frame
    and wish.rate // 1000 * wish.frame * (wish.what == "stereo" and 4 or 2) or nil
  self.number = sound:run(one, "stream", wish, function(_, why)
    if not self.done then finish(self, why) end
  end)
  if not self.number then return nil, failed end
  sound.verbs[self.number].owner = self
  return self
end

local all_known <const> = {}
for _, set in ipairs { known, attachment_settings.options } do
  for option in pairs(set) do all_known[option] = true end
end

local function start_attach(one, call, wish, program)
  if not verb.sound(one, call) then return end
  attachment.start(one, call, program, function(self) return open(call, wish, self) end)
end

--- The audio of the call for another program. Without `to` it is the script: what is said
--- is read, what is written is said. With it, a server that speaks AudioSocket: waits until
--- it is connected. `what`: "in" (theirs), "out" (ours), "both" (mixed), "stereo", "none".
---@param options { rate: integer?, what: string?, speak: boolean?, buffer: any, frame: any, to: string?, uuid: string?, timeout: any, patience: any, idle: any, digits: boolean? }?
---@param callback fun(stream: moonsip.AudioStream?, err: moonsip.Error?)?
---@return moonsip.AudioStream?
---@return moonsip.Error? err
function StreamVerbs:stream(options, callback)
  local name <const> = "call:stream"
  local is_attached = type(options) == "table" and options.to ~= nil
  options = misuse.options(name, options, is_attached and all_known or known)
  local wish = read_options(name, options)
  if not is_attached then return open(self, wish) end
  return self:await(name, callback, start_attach, self, wish,
    attachment_settings.read(name, options))
end

--- For `for frame in call:audio() do`: what the other side says, until the call ends.
---@param options { rate: integer?, what: string?, frame: any }?
function StreamVerbs:audio(options)
  local made = { speak = false }
  for key, value in pairs(misuse.optional("call:audio", "options", options, "table") or {}) do
    made[key] = value
  end
  local one = open(self, read_options("call:audio", misuse.options("call:audio", made, known)))
  if not one then return function() end end
  return one:frames()
end

return stream
