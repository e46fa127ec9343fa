-- SPDX-License-Identifier: MIT
-- call:bridge and call:unbridge: two calls hear each other.

local codecs = require "moonsip.codecs"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local joint = require "moonsip.b2bua.joint"
local misuse = require "moonsip.misuse"
local policy = require "moonsip.b2bua.policy"
local prompt = require "moonsip.prompt"
local record = require "moonsip.verbs.record"
local session_timer = require "moonsip.session_timer"

local BridgeVerbs = {}

local bridge = {}

--- Gives its verbs to the class of calls.
function bridge.mixin(class)
  for name, method in pairs(BridgeVerbs) do class[name] = method end
end

local verb <const> = "call:bridge"

local bridge_options <const> = {
  record = true, hold_music = true, digits = true, transcode = true, media = true,
  transfer = true, limit = true, codecs = true, session_timer = true,
}

local transfers <const> = { ["local"] = true, pass = true, refuse = true }

local function read(self, options)
  local agent = self.agent
  local wish = { digits = options.digits, transcode = options.transcode,
                 transfer = options.transfer, session_timer = options.session_timer }
  if wish.transfer ~= nil then
    if type(wish.transfer) ~= "function" and not transfers[wish.transfer] then
      misuse.argument(verb, "transfer", "\"local\", \"pass\", \"refuse\" or a function expected")
    end
    if wish.transfer ~= "refuse" then agent:speak "REFER" end
  end
  if options.media ~= nil then wish.media = policy.media(verb, options.media, agent) end
  if options.limit ~= nil then
    wish.limit_ms = duration.check(verb, "limit", options.limit)
  end
  if options.session_timer ~= nil then session_timer.read(verb, options.session_timer) end
  if options.codecs then
    codecs.list(verb, options.codecs, agent.media)
    wish.codecs = options.codecs
  end
  if options.record then
    local given = type(options.record) == "string" and { file = options.record }
      or options.record
    wish.record = record.read(verb, misuse.options(verb, given, record.options), "both")
  end
  if options.hold_music ~= nil then
    wish.hold_music = prompt.items(verb, options.hold_music)
  end
  return wish
end

--- Joins this call with another that is answered, and waits until one of them leaves. The
--- other one goes on: a scope's end, or the script, ends it. A leg that nobody answered
--- yet is answered now.
---@param other moonsip.Call
---@param options table?  see docs/b2bua.md
---@param callback fun(record: moonsip.CallRecord?, err: moonsip.Error?)?
---@return moonsip.CallRecord?
---@return moonsip.Error? err
function BridgeVerbs:bridge(other, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  if type(other) ~= "table" or not other.is_call or other == self then
    misuse.argument(verb, "other", "another call expected")
  end
  local wish = read(self, misuse.options(verb, options, bridge_options))
  return self:await(verb, callback, joint.start, self, other, wish)
end

--- Takes a bridge apart; both calls go on.
---@return boolean done  false when there was none
function BridgeVerbs:unbridge()
  local joined = self.joint
  if joined then
    joined:finish(nil, errors.new("cancelled", "taken apart", { by = "local" }))
  end
  return joined and true or false
end

return bridge
