-- SPDX-License-Identifier: MIT
-- sip.conference: a room in which calls hear each other.

local door = require "moonsip.conference.door"
local errors = require "moonsip.errors"
local handlers = require "moonsip.handlers"
local media = require "moonsip.media"
local member = require "moonsip.conference.member"
local misuse = require "moonsip.misuse"
local prompt = require "moonsip.prompt"
local record = require "moonsip.verbs.record"
local verb = require "moonsip.verbs.verb"
local wait = require "moonsip.wait"

---@class moonsip.Conference
---@field members moonsip.Call[]  in the order in which they came
---@field started boolean         somebody came who starts it
---@field closed boolean
---@field private door moonsip.Door?
---@field private id integer      in core.media
---@field private hub moonsip.MediaHub
---@field private verbs table<integer, table>
local Conference = {}
Conference.__index = Conference
Conference.__name = "moonsip.conference"

local conference = {}

local known <const> = { max = true, rate = true, beep = true, music = true, record = true,
                        pin = true, ask = true, wrong = true, tries = true }
local default_max <const>, most_members <const>, default_rate <const> = 100, 250, 8000
local beep_items <const> = { { tone = "beep" } }

handlers.mixin(Conference, "conference")

-- Of the first agent that has audio.
local function settings_of(context)
  for _, agent in ipairs(context.agent_list) do
    if agent.media then return agent.media end
  end
  return media.read(nil)
end

--- A new room.
---@param context moonsip.Context
---@param options table?  see docs/sip.md
---@return moonsip.Conference?
---@return moonsip.Error? err
function conference.new(context, options)
  local name <const>, settings <const> = "sip.conference", settings_of(context)
  options = misuse.options(name, options, known)
  local self = setmetatable({
    context = context, settings = settings, members = {}, seats = {}, verbs = {},
    started = false, closed = false, handlers = false, beeps = options.beep ~= false,
    music = options.music ~= nil and prompt.items(name, options.music) or nil,
    door = door.new(name, context, options),
    agent = { context = context }, -- what records and waits look for
  }, Conference)
  local max = misuse.integer(name, "max", options.max or default_max, 1, most_members)
  local err
  self.hub, err = media.of(context, settings)
  if not self.hub then return nil, err end
  self.id, err = self.hub.core:conference { max = max, rate = options.rate or default_rate }
  if not self.id then return nil, err end
  self.hub:register(self.id, self)
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

local function wants_music(self)
  return #self.members > 0 and (#self.members == 1 or not self.started) and not self.closed
end

--- Music for whoever is alone, and for those who wait for the beginning.
local function update_music(self)
  if not self.music or self.closed then return end
  if not wants_music(self) then return self.hub.core:background(self.id, nil) end
  prompt.fetch(self, self.music, function(program)
    if program and wants_music(self) then
      self.hub.core:background(self.id, program)
    end
  end)
end

local function beep(self)
  if not self.beeps or self.closed or not self.started then return end
  prompt.fetch(self, beep_items, function(program)
    if program and not self.closed then
      program.mix = true
      self.hub.core:play(self.id, program)
    end
  end)
end

--- From now on they hear each other.
local function start(self)
  self.started = true
  for _, call in ipairs(self.members) do
    self.hub.core:set_member(call.sound.id, self.seats[call].audio)
  end
  fire(self, "start")
end

--- It is over, until somebody comes who starts it again.
local function finish(self)
  self.started = false
  for _, call in ipairs({ table.unpack(self.members) }) do self:kick(call, "ended") end
  fire(self, "end")
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
  if self.started and (seat.end_on_exit or #self.members == 0) then finish(self) end
  update_music(self)
  beep(self)
  if err then return seat.one:resolve(nil, err) end
  seat.one:resolve { seconds = seconds, why = why }
end

--- Takes a seat for a call: it is a member until it leaves.
local function sit(self, call, one, seat)
  seat.one, seat.began_at = one, self.context:now()
  seat.watch = { resolve = function(_, why) leave(self, call, "hangup", why) end }
  call.end_waits = call.end_waits or {}
  table.insert(call.end_waits, seat.watch)
  self.seats[call] = seat
  table.insert(self.members, call)
  call.room = self
  one.undo = function() leave(self, call, "left") end
end

local function enter(one, self, call, seat)
  if self.closed then return one:resolve(nil, self:trouble()) end
  local sound = verb.sound(one, call)
  if not sound then return end
  if call.room then call.room:kick(call, "moved") end
  if call.joint then call.joint:finish(nil, nil) end
  local waits = not self.started and not seat.start_on_enter
  local ok, err = self.hub.core:join(self.id, sound.id,
    waits and member.silent(seat.audio) or seat.audio)
  if not ok then return one:resolve(nil, err) end
  sit(self, call, one, seat)
  call:note(waits and "waits for a conference to begin" or "joined a conference")
  if not waits and not self.started then start(self) end
  beep(self)
  update_music(self)
  fire(self, "join", call)
end

--- Through the door, where there is one: a task asks, and takes the seat.
local function start_join(one, self, call, options, seat)
  if not self.door or self.closed then return enter(one, self, call, seat) end
  local tasks <const> = self.context.tasks
  local asking = tasks:spawn(self, function()
    local admitted, err = self.door:open(call, options)
    if one.resolved then return end
    if not admitted then return one:resolve(nil, err) end
    enter(one, self, call, admitted)
  end)
  one.undo = function() tasks:cancel(asking, errors.new("cancelled", "cancelled")) end
end

--- Puts a call into the room and waits until it leaves: `{ seconds, why }` with why "left",
--- "kicked", "moved", "ended" or "closed"; a hang-up is `nil, err`.
---@param call moonsip.Call
---@param options table?  see docs/verbs.md
---@param callback fun(record: table?, err: moonsip.Error?)?
---@return { seconds: number, why: string }?
---@return moonsip.Error? err
function Conference:join(call, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local name <const> = "conference:join"
  if type(call) ~= "table" or not call.is_call then
    misuse.argument(name, "call", "a call expected")
  end
  local seat = member.seat(name, options)
  return wait.await(self.context, name, call, callback, start_join, self, call, options, seat)
end

--- Changes what a member may say and hear; what is not named is the default again.
---@param call moonsip.Call
---@param options table  mute, deaf, whisper, gain_in, gain_out
---@return true?
---@return moonsip.Error? err
function Conference:set(call, options)
  local audio = member.audio("conference:set", options)
  local seat = self.seats[call]
  if not seat then return nil, errors.new("invalid", "the call is not a member") end
  seat.audio = audio
  return self.hub.core:set_member(call.sound.id, self.started and audio or member.silent(audio))
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
  for _, call in ipairs({ table.unpack(self.members) }) do self:kick(call, "closed") end
  self.closed = true
  self.hub.core:close(self.id)
end

Conference.__close = Conference.close

return conference
