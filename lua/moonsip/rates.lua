-- SPDX-License-Identifier: MIT
-- sip.rates: what a call to a number costs by which carrier. The table itself is the
-- core's; here it is read, replaced as a whole, and asked.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local group = require "moonsip.group"
local misuse = require "moonsip.misuse"
local rate_source = require "moonsip.rate_source"
local wait = require "moonsip.wait"

---@class moonsip.Rates
---@field rows integer
---@field prefixes integer   different ones
---@field memory integer     bytes that the table takes
---@field columns string[]   their names, in order
---@field private context moonsip.Context
---@field private source any     what it was made of last
---@field private core userdata? core.rates; nil once closed
---@field private dated boolean  rows have a time in which they are valid
local Rates = {}
Rates.__index = Rates
Rates.__name = "moonsip.rates"

local rates = {}

local function resolve_soon(one) one:expire_in(0) end

--- Lets others have the loop between two pieces of a file. In the main chunk there is
--- nobody to let: what comes waits in the sockets.
local function pause(context)
  if not context.tasks:running() then return true end
  return wait.await(context, "sip.rates", nil, nil, resolve_soon)
end

local function place(one, line)
  return one.file and ("%s:%d"):format(one.file, line) or ("row %d"):format(line)
end

--- Where a row is that has been added: lines count through all sources.
local function place_of(list, line)
  for at = #list, 1, -1 do
    local one = list[at]
    if one.base and line > one.base then return place(one, line - one.base) end
  end
end

--- An error of the core's with the place it is about.
local function located(list, one, err)
  local reason = ("%s: %s"):format(place(one, err.line), err.reason)
  if err.earlier then reason = reason .. ": " .. place_of(list, err.earlier) end
  return nil, errors.new(err.kind, reason,
    { name = err.name, file = one.file, line = err.line })
end

--- Reads a file into the table; how many lines it had.
local function read_file(context, into, list, one)
  local fields = {}
  for at, name in ipairs(rate_source.names(one)) do fields[at] = list.at[name] end
  local done, err = into:source(one.separator, fields, one.set, one.lines, one.base)
  if not done then return nil, errors.new("invalid", one.file .. ": " .. err.reason) end
  local bytes = one.rest
  repeat
    local lines
    lines, err = into:read(bytes or "", bytes == nil)
    if not lines then return located(list, one, err) end
    if bytes == nil then return lines end
    done, err = pause(context)
    if not done then return nil, err end
    bytes, err = one.handle:read(rate_source.chunk)
    if not bytes and err then return nil, errors.new("io", err, { file = one.file }) end
  until false
end

--- A row as a table by name: by position it has the names of the source.
local function by_name(one, row)
  local made = setmetatable({}, { __index = one.set })
  if row[1] == nil then
    for name, value in pairs(row) do made[name] = value end
    return made
  end
  for at, name in ipairs(one.names) do made[name] = row[at] end
  return made
end

local function add_rows(into, list, one)
  for line, row in ipairs(one.rows) do
    local done, err = into:add(by_name(one, row), one.base + line)
    if not done then
      err.line = line
      return located(list, one, err)
    end
  end
  return #one.rows
end

local reasons <const> = {
  MISSING = "there is no column \"prefix\"",
  LIMIT = "there are more than 32 columns",
}

--- A filled table of the core's, and its columns.
local function build(context, list)
  for _, one in ipairs(list) do
    local opened, err = rate_source.open(one)
    if not opened then return nil, err end
  end
  local columns
  columns, list.at = rate_source.columns(list)
  if #columns > 32 then return nil, errors.new("limit", reasons.LIMIT) end
  local made, err = core.rates(columns)
  if not made then return nil, errors.new(err.kind, reasons[err.name] or err.reason) end
  local base = 0
  for _, one in ipairs(list) do
    local lines
    one.base = base
    if one.rows then
      lines, err = add_rows(made, list, one)
    else
      lines, err = read_file(context, made, list, one)
    end
    if not lines then
      made:close()
      return nil, err
    end
    base = base + lines
  end
  made:trim()
  return made, columns
end

local function load(self, source)
  local list <close> = rate_source.list(source)
  local made, columns = build(self.context, list)
  if not made then return nil, columns end
  if self.core then self.core:close() end
  self.core, self.source, self.columns, self.dated = made, source, {}, false
  for at, column in ipairs(columns) do
    self.columns[at] = column[1]
    self.dated = self.dated or column[2] == "instant"
  end
  self.rows, self.prefixes, self.memory = made:counts()
  return true
end

--- A rate table, read whole; see rate_source.lua for what it is made of. Waits: in a task
--- others have the loop meanwhile.
---@param context moonsip.Context
---@param source any
---@param callback fun(rates: moonsip.Rates?, err: moonsip.Error?)?
---@return moonsip.Rates?
---@return moonsip.Error? err  with `file` and `line`
function rates.new(context, source, callback)
  rate_source.list(source) -- what is wrong with it is told at the script's line
  local self = setmetatable({ context = context, rows = 0, prefixes = 0, memory = 0,
                              columns = {} }, Rates)
  local function make()
    local done, err = load(self, source)
    if not done then return nil, err end
    return self
  end
  if not callback then return make() end
  misuse.check("sip.rates", "callback", callback, "function")
  return group.go(context, function() callback(make()) end)
end

--- Reads it again, or from another source: when all of that is good, it takes the place
--- of what is there, which is asked until then.
---@param source any?  what it was made of
---@return true?
---@return moonsip.Error? err  what was there stays
function Rates:reload(source)
  if self.is_loading then
    return nil, errors.new("invalid", "the table is being read already")
  end
  if source == nil then source = self.source end
  rate_source.list(source)
  self.is_loading = true
  local done, err = load(self, source)
  self.is_loading = false
  return done, err
end

local find_options <const> = { at = true, every = true }

--- The digits of a number: a text, or a URI with one as its user part.
local function digits_of(number)
  if type(number) == "userdata" then number = number.user end
  return type(number) == "string" and number:match "^%+?%d+$" or nil
end

local function find(self, verb, number, options, how)
  options = misuse.options(verb, options, find_options)
  if not self.core then return nil, errors.new("gone", "the table is closed") end
  local digits = digits_of(number)
  if not digits then
    return nil, errors.new("notfound", "not a number", { code = 484 })
  end
  local at = misuse.optional(verb, "at", options.at, "number")
  if not at then at = self.dated and os.time() or 0 end
  local found = self.core:find(digits, how or options.every and "every" or "longest", at)
  if #found == 0 then
    return nil, errors.new("notfound", "no rate for " .. digits, { code = 404 })
  end
  return found
end

--- Rows of the longest prefix of a number that has one, the cheapest first. With `every`
--- those of each prefix, the longest first.
---@param number string|userdata  digits, "+" in front or not; or a URI
---@param options { at: number?, every: boolean? }?  at: seconds as of os.time, now
---@return table[]?
---@return moonsip.Error? err  notfound
function Rates:lookup(number, options)
  return find(self, "rates:lookup", number, options)
end

--- One row for each carrier, that of its longest prefix; the cheapest first.
---@param number string|userdata
---@param options { at: number? }?
---@return table[]?
---@return moonsip.Error? err  notfound
function Rates:cheapest(number, options)
  return find(self, "rates:cheapest", number, options, "cheapest")
end

--- Gives its memory back. Doing it twice is fine.
function Rates:close()
  if self.core then self.core:close() end
  self.core, self.rows, self.prefixes, self.memory = nil, 0, 0, 0
end

Rates.__close = Rates.close

function Rates:__tostring()
  return ("rates: %d rows, %d prefixes"):format(self.rows, self.prefixes)
end

rates.Rates = Rates

return rates
