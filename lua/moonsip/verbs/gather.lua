-- SPDX-License-Identifier: MIT
-- call:gather: a prompt, and the digits that are pressed.

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local play = require "moonsip.verbs.play"
local prompt = require "moonsip.prompt"
local verb = require "moonsip.verbs.verb"

local Gather = {}

local gather = {}

--- Gives its verb to the class of calls.
function gather.mixin(class)
  for name, method in pairs(Gather) do class[name] = method end
end

local known <const> = {
  play = true, say = true, max = true, min = true, digits = true, timeout = true,
  interdigit = true, stop = true, barge = true, tries = true, flush = true, invalid = true,
  nothing = true, gain = true,
}

local default_timeout <const>, default_interdigit <const> = "5s", "3s"
local default_stop <const> = "#"
local max_digits <const>, max_tries <const> = 32, 100

local keys <const> = "0123456789*#ABCD"

--- "[0-27]" as "0127".
local function set_of(name, text)
  local digits = text:upper():gsub("(%x)%-(%x)", function(first, last)
    local from, to = keys:find(first, 1, true), keys:find(last, 1, true)
    if not from or not to or from > to then misuse.argument(name, "digits", "no such range") end
    return keys:sub(from, to)
  end)
  if digits == "" or digits:find "[^%dA-D%*#]" then
    misuse.argument(name, "digits", ("%q is no set of digits"):format(text))
  end
  return digits
end

--- What is allowed at each place: "[12]x#" is { "12", "0123456789", "#" }.
---@param name string
---@param pattern string
---@return string[]
function gather.places(name, pattern)
  local places, rest = {}, misuse.text(name, "digits", pattern)
  while rest ~= "" do
    local set = rest:match "^%[([^%]]*)%]"
    if set then
      places[#places + 1] = set_of(name, set)
      rest = rest:sub(#set + 3)
    else
      local one = rest:sub(1, 1)
      places[#places + 1] = (one == "x" or one == "X") and "0123456789"
        or one == "." and keys or set_of(name, one)
      rest = rest:sub(2)
    end
  end
  if #places == 0 or #places > max_digits then
    misuse.argument(name, "digits", ("1 to %d places expected"):format(max_digits))
  end
  return places
end

--- A prompt for an option that is a file, a table, or missing.
local function prompts(name, options)
  local items = prompt.items(name, options.play)
  if options.say ~= nil then
    table.move(prompt.items(name, { say = options.say }), 1, 1, #items + 1, items)
  end
  return items
end

--- What core.media is told, and what the script hears between two tries.
---@param name string  of the verb
---@param options table
function gather.read(name, options)
  misuse.options(name, options, known)
  local places = options.digits ~= nil and gather.places(name, options.digits) or nil
  local max = places and #places
    or misuse.integer(name, "max", options.max or max_digits, 1, max_digits)
  return {
    items = prompts(name, options),
    invalid = prompt.items(name, options.invalid), nothing = prompt.items(name, options.nothing),
    tries = misuse.integer(name, "tries", options.tries or 1, 1, max_tries),
    places = places,
    options = {
      digits = places, max = max,
      min = misuse.integer(name, "min", options.min or 1, 0, max),
      stop = play.check_stop(name, options.stop or default_stop),
      timeout = duration.check(name, "timeout", options.timeout or default_timeout),
      interdigit = duration.check(name, "interdigit", options.interdigit or default_interdigit),
      barge = options.barge ~= false, flush = options.flush and true or false,
      gain = prompt.check_gain(name, options.gain),
    },
  }
end

--- What an end of core.media's verb is to the script: digits, or an error.
---@return string? digits
---@return moonsip.Error? err
local function outcome(wish, why, info)
  local digits = info.digits or ""
  if why == "timeout" then
    return nil, errors.new("noinput", "nothing was pressed", { digits = "" })
  end
  local is_short = #digits < wish.options.min or wish.places and #digits < #wish.places
  if why == "nomatch" or is_short or wish.accepts and not wish.accepts(digits) then
    return nil, errors.new("nomatch", ("%q is not what was asked for"):format(digits),
      { digits = digits })
  end
  return digits
end

local is_final <const> = { max = true, stop = true, interdigit = true, timeout = true,
                           nomatch = true }

local try

--- Another try, after what is said about the last one.
local function again(one, call, wish, err)
  local about = err.kind == "nomatch" and wish.invalid or wish.nothing
  wish.left = wish.left - 1
  wish.options.flush = true -- what was typed behind a wrong digit is not for the next try
  local items = table.move(about, 1, #about, 1, {})
  try(one, call, wish, table.move(wish.items, 1, #wish.items, #items + 1, items))
end

function try(one, call, wish, items)
  verb.speak(one, call, "gather", items, wish.options, function(_, why, info)
    if not is_final[why] then return verb.resolve_other(one, call, why) end
    local digits, err = outcome(wish, why, info)
    if digits then
      call:note("gathered %q", digits)
      return one:resolve(digits)
    end
    call:note("gathered nothing: %s", err.reason)
    if wish.left > 1 then return again(one, call, wish, err) end
    one:resolve(nil, err)
  end)
end

--- Starts it for a wait.
---@param one moonsip.Wait
---@param call moonsip.Call
---@param wish table  of gather.read
function gather.start(one, call, wish)
  wish.left = wish.tries
  call:note("gather %s", verb.text(wish.items))
  try(one, call, wish, wish.items)
end

--- Plays a prompt and collects digits.
---@param options table?  play, say, max, min, digits, timeout, interdigit, stop, barge, tries, flush, invalid, nothing, gain
---@param callback fun(digits: string?, err: moonsip.Error?)?
---@return string? digits
---@return moonsip.Error? err  noinput, nomatch (with `digits`), hangup, media, io ...
function Gather:gather(options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local wish = gather.read("call:gather", options or {})
  return self:await("call:gather", callback, gather.start, self, wish)
end

return gather
