-- SPDX-License-Identifier: MIT
-- sip.conference: a room in which calls hear each other.

local errors = require "moonsip.errors"
local handlers = require "moonsip.handlers"
local media = require "moonsip.media"
local misuse = require "moonsip.misuse"
local prompt = require "moonsip.prompt"
local record = require "moonsip.verbs.record"
local verb = require "moonsip.verbs.verb"
local wait = require "moonsip.wait"

---@class moonsip.Conference
---@field members moonsip.Call[]  in the order in which they came
---@field closed boolean
---@field private id integer      in core.media
---@field private hub moonsip.MediaHub
---@field private verbs table<integer, table>
local Conference = {}
Conference.__index = Conference
Conference.__name = "moonsip.conference"

local conference = {}

local known <const> = { max = true, rate = true, beep = true, music = true, record = true }
local member_options <const> = { mute = true, deaf = true, whisper = true, gain_in = true,
                                 gain_out = true }
local default_max <const>, default_rate <const> = 100, 8000
local beep_items <const> = { { tone = "beep" } }

handlers.mixin(Conference, "conference")

--- A new room.
---@param context moonsip.Context
---@param options { max: integer?, rate: integer?, beep: boolean?, music: any, record: string|table|nil }?
---@return moonsip.Conference?
---@return moonsip.Error? err
function conference.new(context, options)
  local name <const> = "sip.conference"
  options = misuse.options(name, options, known)
  local settings
  for _, agent in ipairs(context.agent_list) do settings = settings or agent.media end
  settings = settings or media.read(nil)
  local hub, err = media.of(context, settings)
  if not hub then return nil, err end
  local id
  id, err = hub.core:conference {
    max = misuse.integer(name, "max", options.max or default_max, 1, 1000),
    rate = options.rate or default_rate,
  }
  if not id then return nil, err end
  local self = setmetatable({
    context = context, hub = hub, settings = settings, id = id, members = {}, seats = {},
    verbs = {}, closed = false, handlers = false, beeps = options.beep ~= false,
    music = options.music ~= nil and prompt.items(name, options.music) or nil,
    agent = { context = context }, -- what records and waits look for
  }, Conference)
  hub:register(id, self)
  if not options.record then return self end
  local recording
  recording, err = self:record(options.record)
  if recording then return self end
  self:close()
  return nil, err
end

---@package
function Conference:note(format, ...)
  self.context.log:info("conference: %s", format:format(...))
end

---@package
function Conference:task_waits() end

---@package
function Conference:task_done(task, err, trace)
  if trace then self.context.report(task.fn, err, trace) end
end

local function fire(self, name, ...)
  if not self.handlers then return end
  for _, fn in ipairs(self.handlers:of_event(name)) do self.context.tasks:spawn(self, fn, ...) end
end

-- ---- as a party of core.media: what sounds are to calls

---@package
function Conference:wanted() return { default_rate } end

---@package
function Conference:trouble()
  if self.closed then return errors.new("gone", "the conference is over") end
end

---@package
function Conference:run(one, method, options, finish)
  local number, err = self.hub.core[method](self.hub.core, self.id, options)
  if not number then
    one:resolve(nil, err)
    return nil
  end
  self.verbs[number] = { one = one, finish = finish }
  return number
end

---@package
function Conference:stop(number)
  if not self.closed then self.hub.core:stop(self.id, number) end
end

---@package
function Conference:heard(kind, ...)
  if kind ~= "end" then return end
  local number, why, info = ...
  local entry = self.verbs[number]
  self.verbs[number] = nil
  if entry then entry.finish(entry.one, why, info or {}) end
end

-- ---- members

local function settings_of(name, options)
  options = misuse.options(name, options, member_options)
  local to
  if options.whisper then
    local list = options.whisper.is_call and { options.whisper } or options.whisper
    to = {}
    for at, call in ipairs(list) do
      if not call.sound then misuse.argument(name, "whisper", "a call with audio expected") end
      to[at] = call.sound.id
    end
  end
  return { mute = options.mute or false, deaf = options.deaf or false, to = to,
           gain_in = options.gain_in, gain_out = options.gain_out }
end

--- Music for whoever is alone.
local function update_music(self)
  if not self.music or self.closed then return end
  if #self.members ~= 1 then return self.hub.core:background(self.id, nil) end
  prompt.fetch(self, self.music, function(program)
    if program and #self.members == 1 and not self.closed then
      self.hub.core:background(self.id, program)
    end
  end)
end

local function beep(self)
  if not self.beeps or self.closed then return end
  prompt.fetch(self, beep_items, function(program)
    if program and not self.closed then
      program.mix = true
      self.hub.core:play(self.id, program)
    end
  end)
end

--- A member has left, for whatever reason.
local function leave(self, call, why, err)
  local seat = self.seats[call]
  if not seat then return end
  self.seats[call] = nil
  for at, other in ipairs(self.members) do
    if other == call then table.remove(self.members, at) break end
  end
  call.room = nil
  seat.watch.resolve = function() end
  if call.sound and not call.sound.closed then self.hub.core:leave(call.sound.id) end
  local seconds = (self.context:now() - seat.began_at) / 1000
  call:note("left the conference after %.1f s: %s", seconds, why)
  fire(self, "leave", call, why)
  update_music(self)
  beep(self)
  if err then return seat.one:resolve(nil, err) end
  seat.one:resolve { seconds = seconds, why = why }
end

local function start_join(one, self, call, wish)
  if self.closed then return one:resolve(nil, self:trouble()) end
  local sound = verb.sound(one, call)
  if not sound then return end
  if call.room then call.room:kick(call, "moved") end
  if call.joint then call.joint:finish(nil, nil) end
  local ok, err = self.hub.core:join(self.id, sound.id, wish)
  if not ok then return one:resolve(nil, err) end
  local watch = { resolve = function(_, why) leave(self, call, "hangup", why) end }
  call.end_waits = call.end_waits or {}
  table.insert(call.end_waits, watch)
  self.seats[call] = { one = one, began_at = self.context:now(), watch = watch }
  table.insert(self.members, call)
  call.room = self
  one.undo = function() leave(self, call, "left") end
  call:note "joined a conference"
  beep(self)
  update_music(self)
  fire(self, "join", call)
end

--- Puts a call into the room and waits until it leaves: `{ seconds, why }` with why "left",
--- "kicked", "moved" or "closed"; a hang-up is `nil, err`.
---@param call moonsip.Call
---@param options { mute: boolean?, deaf: boolean?, whisper: moonsip.Call|moonsip.Call[]|nil, gain_in: number?, gain_out: number? }?
---@param callback fun(record: table?, err: moonsip.Error?)?
---@return { seconds: number, why: string }?
---@return moonsip.Error? err
function Conference:join(call, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local name <const> = "conference:join"
  if type(call) ~= "table" or not call.is_call then
    misuse.argument(name, "call", "a call expected")
  end
  local wish = settings_of(name, options)
  return wait.await(self.context, name, call, callback, start_join, self, call, wish)
end

--- Changes what a member may say and hear; what is not named is the default again.
---@param call moonsip.Call
---@param options table  as of join
---@return true?
---@return moonsip.Error? err
function Conference:set(call, options)
  local wish = settings_of("conference:set", options)
  if not self.seats[call] then return nil, errors.new("invalid", "the call is not a member") end
  return self.hub.core:set_member(call.sound.id, wish)
end

--- Takes a call out of the room; it goes on.
---@param call moonsip.Call
---@param why string?  what its join returns, "kicked"
---@return boolean done
function Conference:kick(call, why)
  if not self.seats[call] then return false end
  leave(self, call, why or "kicked")
  return true
end

--- Plays something to everybody; returns when it is over.
---@param what any  as for call:play
---@param callback fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function Conference:play(what, callback)
  local items = prompt.items("conference:play", what)
  return wait.await(self.context, "conference:play", self, callback, function(one)
    if self.closed then return one:resolve(nil, self:trouble()) end
    prompt.fetch(self, items, function(program, err)
      if err then return one:resolve(nil, err) end
      program.mix = true
      local number = self:run(one, "play", program, function(_, why)
        if why == "done" or why == "max" then return one:resolve(true) end
        one:resolve(nil, errors.new("cancelled", "it was stopped"))
      end)
      if number then one.undo = function() self:stop(number) end end
    end)
  end)
end

--- Records what everybody says.
---@param options string|table  as of call:monitor
---@return moonsip.Recording?
---@return moonsip.Error? err
function Conference:record(options)
  local name <const> = "conference:record"
  if type(options) == "string" then options = { file = options } end
  options = misuse.options(name, misuse.check(name, "options", options, "table"), record.options)
  if self.closed then return nil, self:trouble() end
  return record.begin(self, self, record.read(name, options, "both"))
end

--- Ends it: everybody leaves, and the calls go on.
function Conference:close()
  if self.closed then return end
  for _, call in ipairs({ table.unpack(self.members) }) do leave(self, call, "closed") end
  self.closed = true
  self.hub.core:close(self.id)
end

Conference.__close = Conference.close

return conference
