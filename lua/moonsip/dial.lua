-- SPDX-License-Identifier: MIT
-- call:dial: a second leg, placed on behalf of a call and given up with it. The legs are
-- joined by call:bridge.

local dialling = require "moonsip.b2bua.dialling"
local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local plan = require "moonsip.plan"
local policy = require "moonsip.b2bua.policy"
local prompt = require "moonsip.prompt"
local target = require "moonsip.target"

local Dial = {}

local dial = {}

-- How long it may ring unless told: altogether, and each turn of a hunt.
local default_ring <const>, default_each <const> = "30s", "15s"

-- Targets of redirections that are followed, for `recurse = true` and at most.
local default_recursions <const>, max_recursions <const> = 5, 64

-- Turns of a set of targets.
local max_turns <const> = 64

--- Gives its verb to the class of calls.
function dial.mixin(class)
  for name, method in pairs(Dial) do class[name] = method end
end

local function is_list(given)
  return type(given) == "table" and getmetatable(given) == nil and given.uri == nil
end

--- Who is tried when: a list of turns, each a list of targets that ring at once.
local function turns_of(verb, given, mode, sets)
  if mode ~= nil and mode ~= "serial" and mode ~= "parallel" then
    misuse.argument(verb, "mode", "\"serial\" or \"parallel\" expected")
  end
  if mode == "parallel" or not is_list(given) then
    return { target.list(verb, given, sets) }
  end
  local turns = {}
  for at, each in ipairs(given) do
    if at > max_turns then misuse.argument(verb, "target", "too many targets") end
    turns[at] = target.list(verb, each, sets)
  end
  if #turns == 0 then misuse.argument(verb, "target", "the list is empty") end
  return turns
end

--- What the caller hears meanwhile, taken out of the options.
local function take_prompt(verb, options)
  local items = {}
  if options.hold_music ~= nil then
    items = prompt.items(verb, options.hold_music)
  elseif options.ringback then
    local tone = options.ringback == true and "ringback" or "ringback/" .. options.ringback
    items = { { tone = misuse.text(verb, "ringback", tone) } }
  end
  options.hold_music, options.ringback = nil, nil
  return items
end

--- How long each turn may ring.
local function take_hunt(verb, options)
  local each, hunts = options.each, options.hunt and true or false
  options.each, options.hunt = nil, nil
  if each == nil and hunts then each = default_each end
  return hunts, each and duration.check(verb, "each", each)
end

--- How many redirections are followed.
local function take_recursions(verb, options)
  local recurse = options.recurse
  options.recurse = nil
  if recurse == true then return default_recursions end
  return recurse and misuse.integer(verb, "recurse", recurse, 0, max_recursions) or 0
end

--- What a dialling is to do (dialling.lua).
---@param verb string
---@param call moonsip.Call  on whose behalf
---@param given any
---@param options table      a table of ours
---@return table wish
function dial.wish(verb, call, given, options)
  options.ring = options.ring == nil and default_ring or options.ring
  local turns = turns_of(verb, given, options.mode, call.agent.credential_sets)
  options.mode = nil
  local wish = { items = take_prompt(verb, options), turns = turns,
                 policy = policy.take(verb, call, options) }
  wish.hunts, wish.each_ms = take_hunt(verb, options)
  wish.recursions = take_recursions(verb, options)
  local via = options.via
  if options.from == nil and not (type(via) == "table" and via.from) then
    options.from = wish.policy:caller(call)
  end
  -- A reliable response with the offer would want its answer from us (RFC 3262 5).
  if options.reliable == nil and not dialling.has_offer(call, wish.policy) then
    options.reliable = "off"
  end
  wish.plan = plan.call(call.agent, verb, options)
  return wish
end

--- Places a call on behalf of this one, from the same caller, and waits until it is
--- answered: a call of its own, not joined to this one yet. When this one ends first, the
--- other is given up.
---@param given any      as for agent:call; a list is tried in order, lists in it at once
---@param options table? of agent:call; ring: 30 s; mode, hunt, each; media, early, hide, headers, codecs (policy.lua); hold_music or ringback (true, or a country): what this side hears meanwhile
---@param callback fun(leg: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Dial:dial(given, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local verb <const> = "call:dial"
  local chosen = {}
  for name, value in pairs(misuse.optional(verb, "options", options, "table") or {}) do
    chosen[name] = value
  end
  local wish = dial.wish(verb, self, given, chosen)
  return self:await(verb, callback, dialling.start, self, wish)
end

return dial
