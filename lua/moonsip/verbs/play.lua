-- SPDX-License-Identifier: MIT
-- call:play and call:say: what the other side hears.

local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local prompt = require "moonsip.prompt"
local speech = require "moonsip.speech"
local verb = require "moonsip.verbs.verb"

local Play = {}

local play = {}

--- Gives its verbs to the class of calls.
function play.mixin(class)
  for name, method in pairs(Play) do class[name] = method end
end

local play_options <const> = {
  loop = true, offset = true, stop = true, gain = true, max = true, mix = true,
}

local say_options <const> = { voice = true, lang = true }
for name in pairs(play_options) do say_options[name] = true end

local max_loop <const> = 1000000

--- Digits that end a verb: a text of them, or "any".
function play.check_stop(name, given)
  if given == nil then return nil end
  misuse.text(name, "stop", given)
  if given ~= "any" and given:find "[^%d%*#A-Da-d]" then
    misuse.argument(name, "stop", "digits (0-9 * # A-D) or \"any\" expected")
  end
  return given
end

--- The options of core.media's program that a script's mean.
function play.options(name, given)
  return {
    loop = given.loop ~= nil and misuse.integer(name, "loop", given.loop, 0, max_loop) or nil,
    from = given.offset ~= nil and duration.check(name, "offset", given.offset) or nil,
    max = given.max ~= nil and duration.check(name, "max", given.max) or nil,
    stop = play.check_stop(name, given.stop), gain = prompt.check_gain(name, given.gain),
    mix = given.mix and true or nil,
  }
end

--- A table of a script's, as what is played and how.
local function split(name, given, known)
  if type(given) ~= "table" then return prompt.items(name, given), {} end
  local items, options = {}, {}
  for key, value in pairs(given) do
    if known[key] then options[key] = value else items[key] = value end
  end
  -- An item's own gain is one's business, that of a list the list's.
  if items.file or items.tone or items.silence or items.say then
    for key in pairs { from = true, to = true } do items[key] = given[key] end
  end
  return prompt.items(name, items), options
end

local function finish_for(call)
  return function(one, why, info)
    if why == "done" or why == "max" then return one:resolve(true) end
    if why == "digit" then return one:resolve(true, info.digits) end
    return verb.resolve_other(one, call, why)
  end
end

local function start(one, call, items, options)
  call:note("play %s", verb.text(items))
  verb.speak(one, call, "play", items, options, finish_for(call))
end

--- Plays files, tones, pauses and spoken text, in the order in which verbs were called.
---@param what any  a file, or a table: see prompt.lua; with loop (1, 0: for ever), offset, stop, gain, max, mix
---@param callback fun(done: true?, err: any)?
---@return true?
---@return string|moonsip.Error|nil digit_or_err  the digit that stopped it
function Play:play(what, callback)
  local items, options = split("call:play", what, play_options)
  if #items == 0 then misuse.argument("call:play", "what", "there is nothing to play") end
  return self:await("call:play", callback, start, self, items,
    play.options("call:play", options))
end

--- Says a text.
---@param text any
---@param options table?  voice, lang, and those of play
---@param callback fun(done: true?, err: any)?
---@return true?
---@return string|moonsip.Error|nil digit_or_err
function Play:say(text, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options("call:say", options, say_options)
  local items = { { say = speech.wish("call:say", text, options) } }
  return self:await("call:say", callback, start, self, items,
    play.options("call:say", options))
end

--- Ends everything that is being played or collected, and what waits behind it: those
--- verbs return `nil, err` of kind "cancelled".
function Play:stop()
  if self.sound then self.sound:stop_all() end
end

return play
