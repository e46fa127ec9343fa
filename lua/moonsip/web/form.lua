-- SPDX-License-Identifier: MIT
-- What forms and queries are written in: application/x-www-form-urlencoded, and paths.

local form = {}

-- Fields past these are left out.
local max_fields <const> = 1000

--- Text without its escapes; nil for a bad one.
---@param text string
---@return string?
function form.unescape(text)
  if text:gsub("%%%x%x", ""):find("%", 1, true) then return nil end
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

local function value_of(text)
  return form.unescape((text:gsub("+", " "))) or text
end

--- Fields by name; of one that comes again the last value counts.
---@param text string  "operator=12&to=%2B49"
---@return table<string, string>
function form.decode(text)
  local fields, count = {}, 0
  for pair in text:gmatch "[^&]+" do
    count = count + 1
    if count > max_fields then break end
    local name, value = pair:match "^([^=]*)=?(.*)$"
    fields[value_of(name)] = value_of(value)
  end
  return fields
end

local function escape(text)
  return (tostring(text):gsub("[^%w%-%._~]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

--- The same the other way, in the order of the names.
---@param fields table<string, string|number|boolean>
---@return string
function form.encode(fields)
  local names, pairs_of = {}, {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names)
  for at, name in ipairs(names) do
    pairs_of[at] = escape(name) .. "=" .. escape(fields[name])
  end
  return table.concat(pairs_of, "&")
end

return form
