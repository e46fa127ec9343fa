-- SPDX-License-Identifier: MIT
-- Where the rows of a rate table come from: files and lists of rows, checked, and the
-- columns that they have (rates.lua).
--
--   "rates.csv"                        a file whose first line names its columns
--   { file = "rates.csv", ... }        the same with options
--   { { "44", "uk", 0.8 }, ... }       rows: by position, or by name
--   a list of all those
--
-- Options of a file:
--   separator   "," unless it is ";" or a tab
--   columns     a list: what its fields are, and it has no line of names; a map from its
--               own names: only those are read
--   numbers     names of further columns that hold numbers
--   set         what is in every row, by name: { carrier = "uk" }
-- `columns` and `numbers` beside `rows` say the same of rows.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

local rate_source = {}

local verb <const> = "sip.rates"

local kind_of_name <const> = {
  prefix = "prefix", cost = "number", from = "instant", ["until"] = "instant",
}

local known <const> = { file = true, rows = true, separator = true, columns = true,
                        numbers = true, set = true }

local max_name <const> = 31

-- What is read of a file at a time.
rate_source.chunk = 65536

local function fail(file, line, why)
  return nil, errors.new("invalid", ("%s:%d: %s"):format(file, line, why),
    { file = file, line = line })
end

rate_source.fail = fail

--- A name as a field of a row is spelt: "Destination name" is destination_name. "" for a
--- field that nobody wants; nil when it can be none.
local function name_of(text)
  local name = text:match "^%s*(.-)%s*$":lower():gsub("[%s%-]+", "_")
  if name == "" then return "" end
  if #name > max_name or name == "line" or not name:find "^[%l_][%w_]*$" then return nil end
  return name
end

local function check_name(given)
  local name = name_of(misuse.text(verb, "columns", given))
  if not name then
    misuse.argument(verb, "columns", ("%q is no name of a column"):format(given))
  end
  return name
end

--- The first name that comes twice.
local function twice(names)
  local seen = {}
  for _, name in pairs(names) do
    if seen[name] then return name end
    seen[name] = name ~= ""
  end
end

--- `columns` as a list of names, or as a map of them.
local function check_columns(given)
  if given == nil then return nil end
  misuse.check(verb, "columns", given, "table")
  local made = {}
  for key, name in pairs(given) do made[key] = check_name(name) end
  local name = twice(made)
  if name then misuse.argument(verb, "columns", ("%q comes twice"):format(name)) end
  return made
end

local function check_numbers(given)
  local set = {}
  for _, name in ipairs(misuse.optional(verb, "numbers", given, "table") or {}) do
    set[check_name(name)] = true
  end
  return set
end

local function check_set(given)
  local set = {}
  for name, value in pairs(misuse.optional(verb, "set", given, "table") or {}) do
    set[check_name(name)] = value
  end
  return set
end

local function check_separator(given)
  given = misuse.optional(verb, "separator", given, "string") or ","
  if #given ~= 1 or given:find '[%w"%s\n.+-]' and given ~= "\t" then
    misuse.argument(verb, "separator", "one character such as \",\" or \";\" expected")
  end
  return given
end

--- One source, checked: { file =, rows =, separator =, names =, map =, numbers =, set = }.
local function check_one(given)
  misuse.options(verb, given, known)
  local columns = check_columns(given.columns)
  local one = { separator = check_separator(given.separator), set = check_set(given.set),
                numbers = check_numbers(given.numbers) }
  if given.file ~= nil then
    one.file = misuse.text(verb, "file", given.file)
    if columns and columns[1] then one.names = columns else one.map = columns end
  else
    one.rows = misuse.check(verb, "rows", given.rows, "table")
    for at, row in ipairs(one.rows) do misuse.check(verb, "row " .. at, row, "table") end
    one.names = columns or { "prefix", "carrier", "cost" }
  end
  return one
end

--- Sources, whose files are closed with the scope.
local List = {}

function List:__close()
  for _, one in ipairs(self) do
    if one.handle then one.handle:close() end
  end
end

--- The sources that a script gave, in order.
---@return table[]
function rate_source.list(given)
  if type(given) == "string" then given = { file = given } end
  misuse.check(verb, "source", given, "table")
  local list, rows = setmetatable({}, List), nil
  if given.file ~= nil or given.rows ~= nil then given = { given } end
  for _, each in ipairs(given) do
    if type(each) == "string" or misuse.check(verb, "source", each, "table").file ~= nil
      or each.rows ~= nil then
      list[#list + 1] = check_one(type(each) == "string" and { file = each } or each)
      rows = nil
    else
      if not rows then
        rows = {}
        list[#list + 1] = check_one { rows = rows }
      end
      rows[#rows + 1] = each
    end
  end
  if #list == 0 then misuse.argument(verb, "source", "the list is empty") end
  return list
end

--- The first line of a file, as names of its fields; what of the file was read beyond it.
local function read_names(one, file)
  local bytes = file:read(rate_source.chunk) or ""
  local stop = bytes:find("\n", 1, true)
  if not stop and #bytes == rate_source.chunk then
    return nil, fail(one.file, 1, "longer than 65536 bytes")
  end
  local fields, err = core.csv(bytes:sub(1, stop or #bytes), one.separator)
  if not fields then return nil, fail(one.file, 1, err.reason) end
  return fields, bytes:sub((stop or #bytes) + 1)
end

--- Names of the columns that the fields of a file are, "" for those that nobody wants.
local function columns_of(one, fields)
  local names, found = {}, {}
  for at, text in ipairs(fields) do
    local wanted = text:match "^%s*(.-)%s*$"
    local name = name_of(text)
    if one.map then
      name = one.map[wanted] or ""
      found[wanted] = true
    end
    if not name then
      return fail(one.file, 1, ("%q is no name of a column"):format(text))
    end
    names[at] = name
  end
  local again = twice(names)
  if again then return fail(one.file, 1, ("the column %q comes twice"):format(again)) end
  for wanted in pairs(one.map or {}) do
    if not found[wanted] then
      return fail(one.file, 1, ("there is no column %q"):format(wanted))
    end
  end
  return names
end

--- Opens a source: its names are known after this, and `rest` is what was read of it.
---@return true?
---@return moonsip.Error? err
function rate_source.open(one)
  one.lines, one.rest = 0, ""
  if one.rows then return true end
  local handle, why = io.open(one.file, "rb")
  if not handle then return nil, errors.new("io", why, { file = one.file }) end
  one.handle = handle
  if one.names then return true end
  local fields, rest, err = read_names(one, handle)
  if not fields then return nil, err end
  one.fields, err = columns_of(one, fields)
  if not one.fields then return nil, err end
  one.lines, one.rest = 1, rest
  return true
end

--- Names of its columns by position.
function rate_source.names(one)
  return one.fields or one.names
end

--- The columns of a table of these sources, as core.rates takes them.
---@return string[][] columns
---@return table<string, integer> at
function rate_source.columns(list)
  local columns, at = {}, { [""] = 0 }
  local function add(name, numbers)
    if at[name] then return end
    columns[#columns + 1] = { name, kind_of_name[name] or numbers[name] and "number" or "text" }
    at[name] = #columns
  end
  for _, one in ipairs(list) do
    for _, name in ipairs(rate_source.names(one)) do add(name, one.numbers) end
    local set = {}
    for name in pairs(one.set) do set[#set + 1] = name end
    table.sort(set)
    for _, name in ipairs(set) do add(name, one.numbers) end
    for _, row in ipairs(one.rows or {}) do -- rows by name bring columns of their own
      if type(row) == "table" and row[1] == nil then
        for name in pairs(row) do
          if type(name) == "string" and name_of(name) == name then add(name, one.numbers) end
        end
      end
    end
  end
  return columns, at
end

return rate_source
