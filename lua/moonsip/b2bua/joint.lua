-- SPDX-License-Identifier: MIT
-- Two legs that are joined: their audio through us, or their descriptions end to end, and
-- what happens inside their dialogs (relay.lua), until one of them leaves. By a transfer
-- (transfer.lua) somebody else takes the place of one.

local description = require "moonsip.description"
local errors = require "moonsip.errors"
local policy = require "moonsip.b2bua.policy"
local record = require "moonsip.b2bua.record"
local recording = require "moonsip.verbs.record"
local relay = require "moonsip.b2bua.relay"
local transfer = require "moonsip.b2bua.transfer"
local verb = require "moonsip.verbs.verb"

---@class moonsip.Joint
---@field legs moonsip.Call[]
---@field relay moonsip.Relay
---@field done boolean
---@field transfer moonsip.LocalTransfer|false  under way
---@field private tickets moonsip.BridgeTicket[]
---@field private guests moonsip.Call[]|false  placed for a transfer: no script has them
---@field private options table   of call:bridge, read
---@field private is_connected boolean  audio crosses
local Joint = {}
Joint.__index = Joint
Joint.is_connected, Joint.is_held, Joint.done, Joint.timer = false, false, false, false
Joint.transfer, Joint.guests = false, false

--- Who waits for the end of a bridge, and what his record says.
---@class moonsip.BridgeTicket
---@field wait moonsip.Wait
---@field call moonsip.Call      who called
---@field leg moonsip.Call
---@field place 1|2              which of the legs is in the place of who called
---@field began_at integer       ms
---@field transfers table[]|false

local joint = {}

-- How often two calls that were answered before are told of each other's media until
-- neither says something new (RFC 3725 4.4 goes on as long).
local max_rounds <const> = 3

local function core_of(leg) return leg.sound.hub.core end

local function place_of(self, leg) return leg == self.legs[1] and 1 or 2 end

---@package
function Joint:other(leg) return self.legs[3 - place_of(self, leg)] end

local function is_running(leg) return leg.sound and leg.sound.running end

--- Joins the sounds, as they are now.
local function connect(self)
  local a, b = self.legs[1].sound, self.legs[2].sound
  self.is_connected = true
  return a.hub.core:bridge(a.id, b.id,
    { digits = self.options.digits, transcode = self.options.transcode })
end

--- The session of a leg is another one: both may have audio now.
---@package
function Joint:session_changed()
  if self.done or self.is_connected or self.is_held or self.relay.policy.media ~= "relay" then
    return
  end
  if is_running(self.legs[1]) and is_running(self.legs[2]) then connect(self) end
end

--- No audio crosses any more, and nobody hears music for that.
local function disconnect(self)
  self.is_connected = false
  for _, leg in ipairs(self.legs) do
    if leg.sound and not leg.sound.closed then
      core_of(leg):unbridge(leg.sound.id)
      if self.is_held then leg.sound:play_beside {} end
    end
  end
  self.is_held = false
end

local function ignore() end

--- One leg has nothing to do with it any more.
local function let_go(self, leg)
  leg.joint = false
  self.ends[place_of(self, leg)].resolve = ignore
  -- A further offer of ours brings the audio of a call that is left to us.
  if self.relay.policy.media == "direct" and leg.session then leg.session.own = false end
end

--- Everything of it but those who wait for its end.
local function dissolve(self)
  self.done = true
  if self.timer then self.legs[1].agent.context.wheel:stop(self.timer) end
  if self.transfer then self.transfer:give_up() end
  self.relay:part()
  disconnect(self)
  for _, leg in ipairs(self.legs) do let_go(self, leg) end
  if self.recording then self.recording:stop() end
end

--- It is over: by the end of a leg, or because somebody said so.
---@param left moonsip.Call?
---@param why moonsip.Error?
function Joint:finish(left, why)
  if self.done then return end
  dissolve(self)
  local at = left and place_of(self, left)
  if left and why and why.header then
    self:other(left).farewell = { "Reason", why.header } -- RFC 3326
  end
  for _, one in ipairs(self.tickets) do
    local made = record.of_bridge(one, left, at, why)
    if one.call.sound then
      one.call:note("bridge is over after %.1f s%s", made.seconds,
        left and (": the %s left"):format(made.by) or "")
    end
    one.wait:resolve(made)
  end
  for _, guest in ipairs(self.guests or {}) do guest:close() end
end

--- The time is up.
---@package
function Joint:expire()
  self.timer = false
  self:finish(nil, errors.new("limit", "the bridge had its time", { by = "local" }))
end

--- One leg's other side put it on hold, or took it off: meanwhile there is music, or the
--- other leg is held too.
---@param leg moonsip.Call
---@param is_held boolean
---@package
function Joint:hold_changed(leg, is_held)
  if self.done or self.relay.policy.media ~= "relay" or leg.holding then return end
  local other, music = self:other(leg), self.options.hold_music
  if not music then
    if self.relay.policy.hold ~= "pass" or other.state ~= "connected" then return end
    local change = is_held and other.hold or other.resume
    return change(other, function() end)
  end
  if self.is_held == is_held then return end
  self.is_held = is_held
  if not is_held then
    other.sound:play_beside {}
    connect(self)
    return
  end
  core_of(leg):unbridge(leg.sound.id)
  other.sound:play_beside(music, function() return self.is_held and not self.done end)
end

local ringback <const> = { { tone = "ringback" } }

--- Who asked for a transfer has left before its end: the other side waits for the target.
local function await_target(self, leg)
  local stays = self:other(leg)
  local music = self.is_held and self.options.hold_music
  disconnect(self)
  if stays.holding then stays:resume(ignore) end
  if not stays.sound then return end
  stays.sound:play_beside(music or ringback, function() return self.transfer and true end)
end

--- Ends it when a leg ends.
local function watch(self, leg)
  leg.end_waits = leg.end_waits or {}
  local function left(_, why)
    local underway = self.transfer
    if underway and underway.from == leg then return await_target(self, leg) end
    self:finish(leg, why)
  end
  local one = { resolve = left }
  table.insert(leg.end_waits, one)
  return one
end

--- The caller gets the answer of the leg that was placed for him: the description that goes
--- through, if one does.
local function answer_caller(self)
  local a, b = self.legs[1], self.legs[2]
  local dialled, of = b.dialled, self.relay.policy
  local options = { codecs = self.options.codecs, session_timer = self.options.session_timer }
  if dialled and dialled.final then
    options.headers = of:headers(dialled.final.message, a.agent)
  end
  if of.media == "direct" then
    local err = errors.new("media", "the other leg has no session description", { code = 488 })
    local text = b.remote_sdp
    if text then
      options.sdp, err = relay.through(a, text, of)
    end
    if not options.sdp then
      a:reject(err.code)
      return nil, err
    end
  end
  local done, why = a:answer(options)
  if not done then return nil, why end
  return options.sdp or true
end

local function tell_each_other(self, a)
  local b, of = self:other(a), self.relay.policy
  for _ = 1, max_rounds do
    for _, pair in ipairs { { a, b }, { b, a } } do
      local to, from = pair[1], pair[2]
      local text = from.remote_sdp
      local sdp, err = nil, errors.new("media", "there is no session description")
      if text then
        sdp, err = relay.through(to, description.released(text, from.local_sdp), of)
      end
      if sdp == to.local_sdp and sdp then return end
      local res
      if sdp then
        res, err = to:reinvite { sdp = sdp }
      end
      if self.done then return end
      if not res then return self:finish(nil, err) end
    end
  end
end

--- Media of two calls that were both answered before: each is told of the other's, one first.
local function align(self, first)
  first.agent.context.tasks:spawn(first, tell_each_other, self, first)
end

--- Begins with the media: true, or nil and why not.
local function begin_media(self)
  local a, b = self.legs[1], self.legs[2]
  local of = self.relay.policy
  local answers, said = a.direction == "in" and a.state ~= "connected", nil
  if answers then
    local err
    said, err = answer_caller(self)
    if not said then return nil, err end
  end
  if of.media == "direct" then
    -- What was said reliably before, of another carrier's media, stands until it is changed.
    if said ~= a.local_sdp then align(self, a) end
    return true
  end
  for _, leg in ipairs(self.legs) do
    local err = not (answers and leg == a) and verb.trouble(leg)
    if err then return nil, err end
  end
  if not is_running(a) or not is_running(b) then return true end -- until the ACK brings it
  return connect(self)
end

-- ---- transfers

--- A REFER of one leg's.
---@param from moonsip.Call
---@param req moonsip.Request
---@package
function Joint:refer(from, req) return transfer.follow(self, from, req) end

--- What became of a transfer, for the records.
---@param of moonsip.LocalTransfer
---@param code integer
---@package
function Joint:note_transfer(of, code)
  local at = place_of(self, of.from)
  for _, one in ipairs(self.tickets) do
    one.transfers = one.transfers or {}
    table.insert(one.transfers, { by = at == one.place and "caller" or "callee", to = of.uri,
                                  at = of.from.agent.context:now() / 1000, code = code })
  end
end

--- A leg of nobody else's: it ends with the bridge.
---@package
function Joint:adopt(leg)
  self.guests = self.guests or {}
  table.insert(self.guests, leg)
end

--- Media of two that have just met, each of whom was told of somebody else's.
local function meet(self, stays)
  if self.relay.policy.media == "direct" then return align(self, stays) end
  for _, leg in ipairs(self.legs) do
    if leg.sound then leg.sound:play_beside {} end
    if leg.holding then
      leg:resume(ignore)
    elseif not leg.sound then
      leg:reinvite({}, ignore)
    end
  end
  if is_running(self.legs[1]) and is_running(self.legs[2]) then connect(self) end
end

--- Somebody takes the place of a leg, which is alone from now on.
---@param old moonsip.Call
---@param new moonsip.Call
---@package
function Joint:give_place(old, new)
  local at, stays, before = place_of(self, old), self:other(old), self.relay
  disconnect(self)
  let_go(self, old)
  self.legs = at == 1 and { new, stays } or { stays, new }
  self.ends[at], new.joint = watch(self, new), self
  if not new.relay or new.relay ~= stays.relay then relay.join(stays, new, before.policy) end
  self.relay = new.relay
  self.relay.transfer = before.transfer
  if stays.sound then stays:note("transferred to %s", new.to.uri) end
  stays:fire("transferred", new, old)
  meet(self, stays)
end

--- Two bridges become one, without the two legs by which somebody had a part in both.
---@param met moonsip.Joint
---@param from moonsip.Call  his leg here
---@param old moonsip.Call   his leg there
---@package
function Joint:absorb(met, from, old)
  local at, there = place_of(self, from), place_of(met, old)
  local new = met:other(old)
  dissolve(met)
  self:give_place(from, new)
  for _, one in ipairs(met.tickets) do
    one.place = one.place == there and 3 - at or at
    one.wait.undo = function() self:finish(nil, nil) end
    table.insert(self.tickets, one)
  end
  for _, guest in ipairs(met.guests or {}) do self:adopt(guest) end
end

-- ---- its begin

local function begin_recording(self)
  if not self.options.record then return true end
  local a = self.legs[1]
  if not a.sound then return nil, errors.new("media", "no audio goes through us") end
  local begun, err = recording.begin(a, a.sound, self.options.record)
  if not begun then core_of(a):unbridge(a.sound.id) end
  self.recording = begun
  return begun, err
end

--- Those that cannot be joined; a leg has its record all the same.
local function fail(one, a, b, err)
  if a.relay and a.relay == b.relay then a.relay:part() end
  if a.is_leg then return one:resolve(record.of_failure(a, b, err), err) end
  one:resolve(nil, err)
end

--- The signalling of both, which call:dial may have joined already.
local function relay_of(a, b, options)
  local found = a.relay
  if not found or found ~= b.relay then found = relay.join(a, b, policy.plain(a)) end
  found.policy.media = options.media or found.policy.media
  found.transfer = options.transfer or found.transfer
  return found
end

--- Joins two calls, for a wait.
---@param one moonsip.Wait
---@param a moonsip.Call
---@param b moonsip.Call
---@param options table  read by call:bridge
function joint.start(one, a, b, options)
  for _, leg in ipairs { a, b } do
    if leg.state == "ended" then return fail(one, a, b, leg.why) end
  end
  for _, leg in ipairs { a, b } do
    if leg.joint then leg.joint:finish(nil, nil) end
  end
  local context = a.agent.context
  local self = setmetatable({ legs = { a, b }, options = options, ends = {},
                              relay = relay_of(a, b, options) }, Joint)
  local ok, err = begin_media(self)
  if ok then
    self.tickets = { { wait = one, call = a, leg = b, place = 1, began_at = context:now(),
                       transfers = false } }
    ok, err = begin_recording(self)
  end
  if b.dialled then b.dialled.final, b.dialled = nil, false end
  if not ok then return fail(one, a, b, err) end
  a.joint, b.joint = self, self
  self.ends = { watch(self, a), watch(self, b) }
  if options.limit_ms then self.timer = context:start_timer(options.limit_ms, self) end
  one.undo = function() self:finish(nil, nil) end
  if a.sound then a:note("bridged to %s", b.to.uri) end
end

return joint
