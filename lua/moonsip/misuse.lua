-- SPDX-License-Identifier: MIT
-- Wrong arguments: raised at the line of the script that made the call, however
-- deep inside the library they were noticed (api.md rule 4).

local core = require "moonsip.core"

local misuse = {}

local is_line <const> = core.is_line

-- Where this library's own files are, as debug.getinfo spells it.
local own <const> = debug.getinfo(1, "S").source:match "^(@.*[/\\])" or "@"

--- Level (for `error` called by the caller of this function) of the innermost
--- Lua function that is not the library's.
local function script_level()
  local level = 3
  while true do
    local info = debug.getinfo(level, "S")
    if not info then return 2 end
    if info.what ~= "C" and info.source:sub(1, #own) ~= own then return level - 1 end
    level = level + 1
  end
end

--- Raises at the script's line.
---@param format string
function misuse.raise(format, ...)
  error(format:format(...), script_level())
end

--- Raises "bad argument 'name' to 'verb' (why)".
---@param verb string  as the script spells it: "sip.agent", "req:reply"
---@param name string  of the argument or option
---@param why string
function misuse.argument(verb, name, why)
  error(("bad argument '%s' to '%s' (%s)"):format(name, verb, why), script_level())
end

--- What a value is, for messages.
local function kind_of(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and type(meta.__name) == "string" and meta.__name
    or type(value)
end

--- Raises unless `value` is of the type.
function misuse.check(verb, name, value, expected)
  if type(value) ~= expected then
    misuse.argument(verb, name, ("%s expected, got %s"):format(expected, kind_of(value)))
  end
  return value
end

--- The same, where nil is fine too.
function misuse.optional(verb, name, value, expected)
  if value ~= nil then misuse.check(verb, name, value, expected) end
  return value
end

--- Raises unless `value` is an integer of the range.
function misuse.integer(verb, name, value, least, most)
  local number = math.tointeger(value)
  if not number or type(value) ~= "number" or number < least or number > most then
    misuse.argument(verb, name, ("integer from %d to %d expected, got %s")
      :format(least, most, type(value) == "number" and tostring(value) or kind_of(value)))
  end
  return number
end

--- Raises unless `value` is a string free of CR, LF and NUL, which would smuggle
--- lines into a message (api.md rule 8).
function misuse.text(verb, name, value)
  if type(value) ~= "string" then misuse.check(verb, name, value, "string") end
  if not is_line(value) then
    misuse.argument(verb, name, "CR, LF or NUL in a value")
  end
  return value
end

--- Raises for a field of `options` that `known` does not have: a misspelt option
--- that is silently ignored costs its writer an afternoon.
function misuse.options(verb, options, known)
  if options == nil then return {} end
  misuse.check(verb, "options", options, "table")
  for name in pairs(options) do
    if not known[name] then
      misuse.argument(verb, tostring(name), "no such option")
    end
  end
  return options
end

return misuse
