-- SPDX-License-Identifier: MIT
-- What is played: files, tones, pauses and text that a script names, made into a program of
-- core.media.
--
--   "welcome.wav"                      a file
--   { "a.wav", "b.wav", loop = 2 }     several, without a gap
--   { tone = "ringback" }              a tone: a name, or "425/1000,0/4000"
--   { silence = "500ms" }
--   { say = "hello" }                  text, spoken
--   { file = "a.wav", from = "1s", to = "3s", gain = -6 }
--
-- A name without a folder in front is looked for in the folders of prompts.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local speech = require "moonsip.speech"

local prompt = {}

local max_items <const> = 256

local item_options <const> = {
  file = true, tone = true, silence = true, say = true, from = true, to = true, gain = true,
  ms = true, voice = true, lang = true,
}

local function span(verb, name, value)
  return value ~= nil and duration.check(verb, name, value) or nil
end

--- Decibels, or nil.
function prompt.check_gain(verb, value)
  if value == nil then return nil end
  if type(value) ~= "number" or value < -90 or value > 40 then
    misuse.argument(verb, "gain", "decibels from -90 to 40 expected")
  end
  return value
end

--- A tone's name or notation; raises at the script's line when it is none.
local function tone(verb, given)
  local text = misuse.text(verb, "tone", given)
  local known, err = core.media_tone(text)
  if not known then misuse.argument(verb, "tone", err.reason) end
  return text
end

local function item_of_table(verb, given)
  misuse.options(verb, given, item_options)
  local made = { from = span(verb, "from", given.from), to = span(verb, "to", given.to),
                 ms = span(verb, "ms", given.ms), gain = prompt.check_gain(verb, given.gain) }
  if given.file then
    made.file = misuse.text(verb, "file", given.file)
  elseif given.tone then
    made.tone = tone(verb, given.tone)
  elseif given.silence then
    made.silence = duration.check(verb, "silence", given.silence)
  elseif given.say then
    made.say = speech.wish(verb, given.say, given)
  else
    misuse.argument(verb, "play", "an item is a file, or a table with file, tone, silence or say")
  end
  return made
end

local function item(verb, given)
  if type(given) == "string" then return { file = misuse.text(verb, "play", given) } end
  misuse.check(verb, "play", given, "table")
  return item_of_table(verb, given)
end

--- The items that a script means: a string, one item, or a list of them.
---@param verb string
---@param given any
---@return table[]
function prompt.items(verb, given)
  if given == nil then return {} end
  if type(given) == "string" then return { item(verb, given) } end
  misuse.check(verb, "play", given, "table")
  if given.file or given.tone or given.silence or given.say then return { item(verb, given) } end
  if #given > max_items then misuse.argument(verb, "play", "too many items") end
  local list = {}
  for at, each in ipairs(given) do list[at] = item(verb, each) end
  return list
end

-- ---- fetching

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- Where a prompt is: as it is named, else in the folders of prompts.
local function find(context, settings, name)
  if name:sub(1, 1) == "/" or exists(name) then return name end
  for _, folder in ipairs(settings.prompts or context.prompts or {}) do
    local path = folder .. "/" .. name
    if exists(path) then return path end
  end
  return name
end

local function fail_load(name, err)
  local kind = err.kind == "notfound" and "io" or err.kind
  return errors.new(kind, ("%s: %s"):format(name, err.reason or kind), { name = err.name })
end

--- What core.media plays for an item that is there.
local function part_of(one, clip)
  if one.tone then return { tone = one.tone, ms = one.ms, gain = one.gain } end
  if one.silence then return { silence = one.silence } end
  return { clip = clip, from = one.from, to = one.to, gain = one.gain }
end

--- Fetches what the items need: `fn(program)`, or `fn(nil, err)`, at once when nothing
--- has to be waited for.
---@param owner { hub: moonsip.MediaHub, settings: moonsip.MediaSettings, wanted: function }
---@param items table[]
---@param fn fun(program: table?, err: moonsip.Error?)
function prompt.fetch(owner, items, fn)
  local program, left, failed = {}, 1, false
  local function done(at, one, clip, err)
    left = left - 1
    if err and not failed then
      failed = true
      fn(nil, err)
    end
    if failed then return end
    if at > 0 then program[at] = part_of(one, clip) end
    if left == 0 then fn(program) end
  end
  local function load(at, one, path)
    owner.hub:load(path, owner:wanted(), function(clip, err)
      done(at, one, clip, err and fail_load(one.file or path, err))
    end)
  end
  local context = owner.hub.context
  for at, one in ipairs(items) do
    left = left + 1
    if one.file then
      load(at, one, find(context, owner.settings, one.file))
    elseif one.say then
      speech.fetch(context, owner.settings.say, one.say, function(path, err)
        if path then load(at, one, path) else done(at, one, nil, err) end
      end)
    else
      done(at, one)
    end
  end
  done(0)
end

return prompt
