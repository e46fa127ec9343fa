-- SPDX-License-Identifier: MIT
-- call:bridge and call:unbridge: two calls hear each other.

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local prompt = require "moonsip.prompt"
local record = require "moonsip.verbs.record"
local verb = require "moonsip.verbs.verb"

local BridgeVerbs = {}

local bridge = {}

--- Gives its verbs to the class of calls.
function bridge.mixin(class)
  for name, method in pairs(BridgeVerbs) do class[name] = method end
end

--- Two legs that are joined.
---@class moonsip.Joint
---@field legs moonsip.Call[]
---@field private one moonsip.Wait
---@field private options table
---@field private began_at integer
local Joint = {}
Joint.__index = Joint

--- What a bridge came to.
---@class moonsip.BridgeRecord
---@field seconds number
---@field minutes number
---@field left moonsip.Call?    who left, nil when it was taken apart
---@field why moonsip.Error?    of that end
local BridgeRecord = {}
BridgeRecord.__index = BridgeRecord
BridgeRecord.__name = "moonsip.bridge_record"

--- Adds fields of the script's own.
---@param fields table
---@return moonsip.BridgeRecord self
function BridgeRecord:merge(fields)
  for name, value in pairs(fields) do self[name] = value end
  return self
end

local function core_of(self) return self.legs[1].sound.hub.core end

--- Joins the sounds, as they are now.
function Joint:connect()
  local a, b = self.legs[1].sound, self.legs[2].sound
  return core_of(self):bridge(a.id, b.id,
    { digits = self.options.digits, transcode = self.options.transcode })
end

--- It is over: by the end of a leg, or because somebody said so.
---@param left moonsip.Call?
---@param why moonsip.Error?
function Joint:finish(left, why)
  if self.done then return end
  self.done = true
  local context = self.legs[1].agent.context
  for at, leg in ipairs(self.legs) do
    leg.joint = nil
    if leg.sound and not leg.sound.closed then
      core_of(self):unbridge(leg.sound.id)
      if self.is_held then leg.sound:play_beside {} end
    end
    if self.ends[at] then self.ends[at].resolve = function() end end
  end
  if self.recording then self.recording:stop() end
  local seconds = (context:now() - self.began_at) / 1000
  self.legs[1]:note("bridge is over after %.1f s%s", seconds,
    left and (": %s left"):format(left == self.legs[1] and "the first" or "the second") or "")
  self.one:resolve(setmetatable({ seconds = seconds, minutes = seconds / 60, left = left,
                                  why = why }, BridgeRecord))
end

--- One leg's other side put it on hold, or took it off: meanwhile there is music.
---@param leg moonsip.Call
---@param is_held boolean
---@package
function Joint:hold_changed(leg, is_held)
  local music = self.options.hold_music
  if self.done or not music or self.is_held == is_held then return end
  self.is_held = is_held
  local other = leg == self.legs[1] and self.legs[2] or self.legs[1]
  if not is_held then
    other.sound:play_beside {}
    return self:connect()
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

local function start(one, a, b, options)
  if not verb.sound(one, a) or not verb.sound(one, b) then return end
  for _, leg in ipairs { a, b } do
    if leg.joint then leg.joint:finish(nil, nil) end
  end
  local self = setmetatable({
    legs = { a, b }, one = one, options = options, began_at = a.agent.context:now(), ends = {},
    done = false, is_held = false,
  }, Joint)
  local ok, err = self:connect()
  if not ok then return one:resolve(nil, err) end
  if options.record then
    self.recording, err = record.begin(a, a.sound, options.record)
    if not self.recording then
      core_of(self):unbridge(a.sound.id)
      return one:resolve(nil, err)
    end
  end
  a.joint, b.joint = self, self
  self.ends = { watch(self, a), watch(self, b) }
  one.undo = function() self:finish(nil, nil) end
  a:note("bridged to %s", b.to.uri)
end

local bridge_options <const> = { record = true, hold_music = true, digits = true, transcode = true }

--- Joins this call with another that is answered, and waits until one of them leaves. The
--- other one goes on: a scope's end, or the script, ends it.
---@param other moonsip.Call
---@param options { record: string|table|nil, hold_music: any, digits: boolean?, transcode: "auto"|"always"|nil }?
---@param callback fun(record: moonsip.BridgeRecord?, err: moonsip.Error?)?
---@return moonsip.BridgeRecord?
---@return moonsip.Error? err
function BridgeVerbs:bridge(other, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local name <const> = "call:bridge"
  if type(other) ~= "table" or not other.is_call or other == self then
    misuse.argument(name, "other", "another call expected")
  end
  options = misuse.options(name, options, bridge_options)
  local wish = { digits = options.digits, transcode = options.transcode }
  if options.record then
    local given = type(options.record) == "string" and { file = options.record } or options.record
    wish.record = record.read(name, misuse.options(name, given, record.options), "both")
  end
  if options.hold_music ~= nil then wish.hold_music = prompt.items(name, options.hold_music) end
  return self:await(name, callback, start, self, other, wish)
end

--- Takes a bridge apart; both calls go on.
---@return boolean done  false when there was none
function BridgeVerbs:unbridge()
  local joint = self.joint
  if joint then joint:finish(nil, errors.new("cancelled", "taken apart", { by = "local" })) end
  return joint ~= nil
end

return bridge
