-- SPDX-License-Identifier: MIT
-- Two legs that are joined: their audio through us, or their descriptions end to end, and
-- what happens inside their dialogs (relay.lua), until one of them leaves.

local errors = require "moonsip.errors"
local policy = require "moonsip.b2bua.policy"
local record = require "moonsip.b2bua.record"
local recording = require "moonsip.verbs.record"
local relay = require "moonsip.b2bua.relay"
local verb = require "moonsip.verbs.verb"

---@class moonsip.Joint
---@field legs moonsip.Call[]
---@field relay moonsip.Relay
---@field done boolean
---@field private one moonsip.Wait
---@field private options table   of call:bridge, read
---@field private began_at integer
---@field private is_connected boolean  audio crosses
local Joint = {}
Joint.__index = Joint
Joint.is_connected, Joint.is_held, Joint.done, Joint.timer = false, false, false, false

local joint = {}

-- How often two calls that were answered before are told of each other's media until
-- neither says something new (RFC 3725 4.4 goes on as long).
local max_rounds <const> = 3

local function core_of(self) return self.legs[1].sound.hub.core end

local function other_of(self, leg)
  return leg == self.legs[1] and self.legs[2] or self.legs[1]
end

local function is_running(leg) return leg.sound and leg.sound.running end

--- Joins the sounds, as they are now.
local function connect(self)
  local a, b = self.legs[1].sound, self.legs[2].sound
  self.is_connected = true
  return core_of(self):bridge(a.id, b.id,
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

--- It is over: by the end of a leg, or because somebody said so.
---@param left moonsip.Call?
---@param why moonsip.Error?
function Joint:finish(left, why)
  if self.done then return end
  self.done = true
  local a, b = self.legs[1], self.legs[2]
  if self.timer then a.agent.context.wheel:stop(self.timer) end
  self.relay:part()
  for at, leg in ipairs(self.legs) do
    leg.joint = false
    if leg.sound and not leg.sound.closed then
      core_of(self):unbridge(leg.sound.id)
      if self.is_held then leg.sound:play_beside {} end
    end
    -- A further offer of ours brings the audio of a call that is left to us.
    if self.relay.policy.media == "direct" and leg.session then leg.session.own = false end
    if self.ends[at] then self.ends[at].resolve = function() end end
  end
  if left and why and why.header then
    other_of(self, left).farewell = { "Reason", why.header } -- RFC 3326
  end
  if self.recording then self.recording:stop() end
  local made = record.of_bridge(a, b, self.began_at, left, why)
  a:note("bridge is over after %.1f s%s", made.seconds,
    left and (": %s left"):format(left == a and "the first" or "the second") or "")
  self.one:resolve(made)
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
  local other, music = other_of(self, leg), self.options.hold_music
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
  core_of(self):unbridge(leg.sound.id)
  other.sound:play_beside(music, function() return self.is_held and not self.done end)
end

--- Ends it when a leg ends.
local function watch(self, leg)
  leg.end_waits = leg.end_waits or {}
  local one = { resolve = function(_, why) self:finish(leg, why) end }
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

local function tell_each_other(self)
  local a, b, of = self.legs[1], self.legs[2], self.relay.policy
  for _ = 1, max_rounds do
    for _, pair in ipairs { { a, b }, { b, a } } do
      local to, from = pair[1], pair[2]
      local text = from.remote_sdp
      local sdp, err = nil, errors.new("media", "there is no session description")
      if text then
        sdp, err = relay.through(to, text, of)
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

--- Media of two calls that were both answered before: each is told of the other's.
local function align(self)
  local a = self.legs[1]
  a.agent.context.tasks:spawn(a, tell_each_other, self)
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
    if said ~= a.local_sdp then align(self) end
    return true
  end
  for _, leg in ipairs(self.legs) do
    local err = not (answers and leg == a) and verb.trouble(leg)
    if err then return nil, err end
  end
  if not is_running(a) or not is_running(b) then return true end -- until the ACK brings it
  return connect(self)
end

local function begin_recording(self)
  if not self.options.record then return true end
  local a = self.legs[1]
  if not a.sound then return nil, errors.new("media", "no audio goes through us") end
  local begun, err = recording.begin(a, a.sound, self.options.record)
  if not begun then core_of(self):unbridge(a.sound.id) end
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
  local self = setmetatable({ legs = { a, b }, one = one, options = options, ends = {},
                              relay = relay_of(a, b, options) }, Joint)
  local ok, err = begin_media(self)
  if ok then
    self.began_at = context:now()
    ok, err = begin_recording(self)
  end
  if b.dialled then b.dialled.final, b.dialled = nil, false end
  if not ok then return fail(one, a, b, err) end
  a.joint, b.joint = self, self
  self.ends = { watch(self, a), watch(self, b) }
  if options.limit_ms then self.timer = context:start_timer(options.limit_ms, self) end
  one.undo = function() self:finish(nil, nil) end
  a:note("bridged to %s", b.to.uri)
end

return joint
