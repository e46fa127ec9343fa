-- SPDX-License-Identifier: MIT
-- Messages of a queue as text that is the same on every machine, after the manner of
-- bencoding: 5:hello, i42; 0.5 as r0.5; t and f, l...e for a list, d...e for other tables.

local value = {}

-- Tables in tables: deeper ones are likely to contain themselves.
local max_depth <const> = 32

local write

local function write_number(number)
  if math.type(number) == "integer" then return ("i%d;"):format(number) end
  if number ~= number or number == math.huge or number == -math.huge then
    return nil, "a number that is none"
  end
  return ("r%.17g;"):format(number)
end

--- True for a table whose keys are 1 to n.
local function is_list(of)
  local count = 0
  for _ in pairs(of) do count = count + 1 end
  return count == #of
end

local function by_text(a, b)
  if type(a) ~= type(b) then return type(a) < type(b) end
  return a < b
end

local function write_table(of, out, depth)
  if depth > max_depth then return nil, ("tables more than %d deep"):format(max_depth) end
  if is_list(of) then
    out[#out + 1] = "l"
    for _, one in ipairs(of) do
      local done, why = write(one, out, depth)
      if not done then return nil, why end
    end
  else
    local keys = {}
    for key in pairs(of) do
      if type(key) ~= "string" and type(key) ~= "number" then
        return nil, ("a key of type %s"):format(type(key))
      end
      keys[#keys + 1] = key
    end
    table.sort(keys, by_text)
    out[#out + 1] = "d"
    for _, key in ipairs(keys) do
      local done, why = write(key, out, depth)
      if done then done, why = write(of[key], out, depth) end
      if not done then return nil, why end
    end
  end
  out[#out + 1] = "e"
  return true
end

function write(one, out, depth)
  local kind, text, why = type(one), nil, nil
  if kind == "string" then
    text = ("%d:%s"):format(#one, one)
  elseif kind == "number" then
    text, why = write_number(one)
  elseif kind == "boolean" then
    text = one and "t" or "f"
  elseif kind == "table" then
    return write_table(one, out, depth + 1)
  else
    why = ("a value of type %s"):format(kind)
  end
  if not text then return nil, why end
  out[#out + 1] = text
  return true
end

--- Strings, numbers, booleans and tables of these, without metatables.
---@param one any
---@return string? text
---@return string? why  it cannot be kept
function value.write(one)
  local out = {}
  local done, why = write(one, out, 0)
  if not done then return nil, why end
  return table.concat(out)
end

-- ---- reading: each returns the value and where the next begins, or nothing

local read

local function read_all(text, at, depth)
  local found = {}
  if depth > max_depth then return end
  while text:sub(at, at) ~= "e" do
    local one
    one, at = read(text, at, depth)
    if at == nil then return end
    found[#found + 1] = one
  end
  return found, at + 1
end

local function pairs_of(list)
  local found = {}
  for at = 1, #list - 1, 2 do found[list[at]] = list[at + 1] end
  return found
end

function read(text, at, depth)
  local tag = text:sub(at, at)
  if tag == "t" or tag == "f" then return tag == "t", at + 1 end
  if tag == "l" then return read_all(text, at + 1, depth + 1) end
  if tag == "d" then
    local list, after = read_all(text, at + 1, depth + 1)
    if not list or #list % 2 == 1 then return end
    return pairs_of(list), after
  end
  if tag == "i" or tag == "r" then
    local digits, after = text:match("^([%+%-%de%.]+);()", at + 1)
    local number = digits and tonumber(digits)
    if tag == "i" then number = math.tointeger(number) end
    if number then return number, after end
    return
  end
  local length, from = text:match("^(%d+):()", at)
  length = math.tointeger(length)
  if length and from + length - 1 <= #text then
    return text:sub(from, from + length - 1), from + length
  end
end

--- What was written; nil when the text is something else.
---@param text string
function value.read(text)
  local one, after = read(text, 1, 0)
  if after ~= #text + 1 then return nil end
  return one
end

return value
