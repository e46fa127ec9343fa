-- SPDX-License-Identifier: MIT
-- JSON on the way out (RFC 8259). Objects are written as { {key, value}, ... } lists
-- marked by json.object, so that their fields come in a fixed order.

local json = {}

local Object = {}

--- An object with its fields in this order; a field whose value is nil is left out.
---@param fields table[]  { key, value }
function json.object(fields)
  return setmetatable(fields, Object)
end

json.null = setmetatable({}, { __name = "moonsip.json.null" })

local short <const> = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r",
                        ["\t"] = "\\t", ["\b"] = "\\b", ["\f"] = "\\f" }

local function escape(char)
  return short[char] or ("\\u%04x"):format(char:byte())
end

-- Bytes that are no UTF-8 become U+FFFD: JSON has no other way to say them.
local function repair(text)
  if utf8.len(text) then return text end
  local parts, at = {}, 1
  while at <= #text do
    local _, bad = utf8.len(text, at)
    parts[#parts + 1] = text:sub(at, (bad or #text + 1) - 1)
    if not bad then break end
    parts[#parts + 1] = "\u{FFFD}"
    at = bad + 1
  end
  return table.concat(parts)
end

local encode

local function encode_object(value)
  local parts = {}
  for _, field in ipairs(value) do
    if field[2] ~= nil then
      parts[#parts + 1] = encode(field[1]) .. ":" .. encode(field[2])
    end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function encode_list(value)
  local parts = {}
  for at, item in ipairs(value) do parts[at] = encode(item) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local writers <const> = {
  string = function(value)
    return '"' .. repair(value):gsub('[%c"\\\127]', escape) .. '"'
  end,
  boolean = tostring,
  number = function(value)
    if math.type(value) == "integer" then return ("%d"):format(value) end
    assert(value == value and math.abs(value) ~= math.huge, "JSON has no such number")
    return (("%.3f"):format(value):gsub("%.?0+$", ""))
  end,
  table = function(value)
    if value == json.null then return "null" end
    return getmetatable(value) == Object and encode_object(value) or encode_list(value)
  end,
}

function encode(value)
  local writer = writers[type(value)]
  if not writer then error("no JSON for a " .. type(value), 0) end
  return writer(value)
end

--- A value as JSON on one line. Numbers keep three decimals.
---@param value any  string, number, boolean, list, json.object, json.null
---@return string
function json.encode(value)
  return encode(value)
end

return json
