-- SPDX-License-Identifier: MIT
-- Durations: "5s", "250ms", "1h30m", or a number of seconds (api.md rule 8).
-- Inside the library they are whole milliseconds.

local misuse = require "moonsip.misuse"

local duration = {}

local unit_ms <const> = {
  ms = 1, s = 1000, m = 60 * 1000, h = 3600 * 1000, d = 86400 * 1000,
}

-- A thousand years: far past any use, far below what overflows an int64 of milliseconds.
local max_ms <const> = 1000 * 366 * unit_ms.d

--- Milliseconds of a duration.
---@param value number|string  seconds, or a string with units ms, s, m, h, d
---@return integer? ms
---@return string? why  nil when it is one
function duration.parse(value)
  local ms
  if type(value) == "number" then
    ms = value * 1000
  elseif type(value) == "string" then
    ms = 0
    local rest = value:gsub("%s*(%d+%.?%d*)%s*(%a+)", function(number, unit)
      local factor = unit_ms[unit]
      if not factor then return nil end
      ms = ms + tonumber(number) * factor
      return ""
    end)
    if value == "" or rest:find "%S" then
      return nil,
        ("%q is no duration such as \"5s\", \"250ms\" or \"1h30m\""):format(value)
    end
  else
    return nil, ("duration expected, got %s"):format(type(value))
  end
  if ms ~= ms or ms < 0 or ms > max_ms then return nil, "duration out of range" end
  return math.floor(ms + 0.5)
end

--- Milliseconds of a duration; raises at the script's line when it is none.
---@param verb string
---@param name string
---@return integer ms
function duration.check(verb, name, value)
  local ms, why = duration.parse(value)
  if not ms then misuse.argument(verb, name, why) end
  return ms
end

return duration
