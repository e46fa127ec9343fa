-- SPDX-License-Identifier: MIT
-- call:menu: a prompt, and what each answer to it leads to.

local gather = require "moonsip.verbs.gather"
local misuse = require "moonsip.misuse"

local Menu = {}

local menu = {}

--- Gives its verb to the class of calls.
function menu.mixin(class)
  for name, method in pairs(Menu) do class[name] = method end
end

local verb <const> = "call:menu"

local default_tries <const> = 3

-- Of gather, which a menu may have beside its answers.
local passed <const> = {
  play = true, say = true, timeout = true, interdigit = true, stop = true, barge = true,
  flush = true, invalid = true, nothing = true, gain = true,
}

local reserved <const> = { tries = true, otherwise = true }
for name in pairs(passed) do reserved[name] = true end

--- The answers: { places, key, act }, the most exact first; and the longest one's length.
local function answers_of(given)
  local list, longest = {}, 0
  for key, act in pairs(given) do
    if not reserved[key] then
      if math.type(key) == "integer" then key = tostring(key) end
      local places = gather.places(verb, misuse.check(verb, "key", key, "string"))
      local freedom = 0
      for _, set in ipairs(places) do freedom = freedom + #set end
      list[#list + 1] = { places = places, key = key, act = act, freedom = freedom }
      longest = math.max(longest, #places)
    end
  end
  if #list == 0 then misuse.argument(verb, "options", "no answer leads anywhere") end
  table.sort(list, function(a, b)
    if a.freedom ~= b.freedom then return a.freedom < b.freedom end
    return a.key < b.key
  end)
  return list, longest
end

--- What may be pressed at each place, when all answers have one length: then a wrong digit
--- is known at once.
local function union(answers, length)
  local sets = {}
  for at = 1, length do
    local seen, digits = {}, {}
    for _, one in ipairs(answers) do
      if #one.places ~= length then return nil end
      for digit in one.places[at]:gmatch "." do
        if not seen[digit] then digits[#digits + 1] = digit end
        seen[digit] = true
      end
    end
    sets[at] = "[" .. table.concat(digits) .. "]"
  end
  return table.concat(sets)
end

local function fits(places, digits)
  if #digits ~= #places then return false end
  for at, set in ipairs(places) do
    if not set:find(digits:sub(at, at), 1, true) then return false end
  end
  return true
end

local function chosen(answers, digits)
  for _, one in ipairs(answers) do
    if fits(one.places, digits) then return one end
  end
end

local function run(call, answers, wish, otherwise)
  local digits, err = call:await(verb, nil, gather.start, call, wish)
  local act, value = otherwise, err
  if digits then act, value = chosen(answers, digits).act, digits end
  if err and (act == nil or err.kind ~= "nomatch" and err.kind ~= "noinput") then
    return nil, err
  end
  if type(act) == "function" then return act(call, value) end
  return act
end

--- Plays a prompt, collects an answer, and does what it leads to: a function gets the call
--- and the digits, and what it returns is returned; any other value is returned as it is.
---@param options table  keys that are digits or patterns, and those of gather; tries (3), otherwise
---@param callback function?
---@return any
---@return moonsip.Error? err  of the last try, unless there is `otherwise`
function Menu:menu(options, callback)
  misuse.check(verb, "options", options, "table")
  local answers, longest = answers_of(options)
  local asked = { tries = options.tries or default_tries, digits = union(answers, longest) }
  for name in pairs(passed) do asked[name] = options[name] end
  if not asked.digits then asked.max = longest end
  local wish = gather.read(verb, asked)
  wish.accepts = function(digits) return chosen(answers, digits) ~= nil end
  if callback == nil then return run(self, answers, wish, options.otherwise) end
  misuse.check(verb, "callback", callback, "function")
  self.agent.context.tasks:spawn(self, function()
    callback(run(self, answers, wish, options.otherwise))
  end)
end

return menu
