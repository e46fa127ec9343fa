-- SPDX-License-Identifier: MIT
-- Command lines: what a command takes is a list that both the parser and its help
-- are made of.

local duration = require "moonsip.duration"

local options = {}

---@class moonsip.cli.Option
---@field [1] string      "--name"
---@field short string?   "-n"
---@field value string?   what stands for the value in the help; nil: a flag
---@field optional string?  the value when none was given ("--trace", "--trace=ladder")
---@field kind string?    "integer", "duration" (ms), "header"; else text
---@field list boolean?   may come several times
---@field help string

---@class moonsip.cli.Command
---@field name string
---@field usage string       after the name
---@field summary string     one line
---@field help string?       paragraphs
---@field options moonsip.cli.Option[]
---@field rest boolean?      unknown options after the first operand are operands too
---@field run fun(given: table, operands: string[]): integer

local known_level <const> = { debug = true, info = true, warn = true, error = true,
                              none = true }

local readers <const> = {
  text = function(text) return text end,
  integer = function(text)
    local number = text:find "^%d+$" and math.tointeger(tonumber(text))
    if not number or number < 1 or number > 1000000000 then
      return nil, "a whole number from 1 expected"
    end
    return number
  end,
  duration = function(text) return duration.parse(tonumber(text) or text) end,
  level = function(text)
    if known_level[text] then return text end
    return nil, "debug, info, warn, error or none expected"
  end,
  trace = function(text)
    if text == "messages" or text == "ladder" then return text end
    return nil, "messages or ladder expected"
  end,
  header = function(text)
    local name, value = text:match "^([%w%-%.!%%%*_%+`'~]+)%s*:%s*(.-)%s*$"
    if not name then return nil, '"Name: value" expected' end
    return { name, value }
  end,
}

local function find(command, name)
  for _, option in ipairs(command.options) do
    if option[1] == name or option.short == name then return option end
  end
end

local function store(given, option, text)
  local value = true
  if option.value then
    local read, why = readers[option.kind or "text"](text)
    if read == nil then return ("%s: %s"):format(option[1], why) end
    value = read
  end
  local key = option[1]:sub(3):gsub("-", "_")
  if not option.list then
    given[key] = value
  else
    given[key] = given[key] or {}
    table.insert(given[key], value)
  end
end

-- "--name=value", "-nvalue", or an option alone.
local function split(word)
  local name, value = word:match "^(%-%-[^=]+)=(.*)$"
  if name then return name, value end
  if word:find "^%-[^-]." then return word:sub(1, 2), word:sub(3) end
  return word
end

--- Reads the words after a command's name.
---@param command moonsip.cli.Command
---@param words string[]
---@return table? given      by name, "-" written as "_"
---@return string[]|string operands_or_why
function options.parse(command, words)
  local given, operands, at = {}, {}, 1
  while at <= #words do
    local word = words[at]
    local name, value = split(word)
    local option = find(command, name)
    if word == "--" then
      table.move(words, at + 1, #words, #operands + 1, operands)
      break
    elseif word:sub(1, 1) ~= "-" or word == "-"
        or not option and command.rest and #operands > 0 then
      operands[#operands + 1] = word
    elseif name == "--help" or name == "-h" then
      return { help = true }, {}
    elseif not option then
      return nil, ("there is no option %s"):format(name)
    else
      if option.value and not value and option.optional then
        value = option.optional
      elseif option.value and not value then
        at = at + 1
        value = words[at]
        if not value then return nil, ("%s needs a value"):format(name) end
      elseif value and not option.value then
        return nil, ("%s takes no value"):format(name)
      end
      local why = store(given, option, value)
      if why then return nil, why end
    end
    at = at + 1
  end
  return given, operands
end

local function left_column(option)
  local text = (option.short and option.short .. ", " or "    ") .. option[1]
  if not option.value then return text end
  return option.optional and ("%s[=%s]"):format(text, option.value)
    or ("%s %s"):format(text, option.value)
end

--- The help of a command.
---@param command moonsip.cli.Command
---@return string
function options.help(command)
  local lines = {
    ("usage: moonsip %s %s"):format(command.name, command.usage), "", command.summary,
  }
  if command.help then lines[#lines + 1] = "\n" .. command.help:gsub("%s+$", "") end
  lines[#lines + 1] = "\noptions:"
  local width = 0
  for _, option in ipairs(command.options) do
    width = math.max(width, #left_column(option))
  end
  for _, option in ipairs(command.options) do
    local help = option.help:gsub("\n", "\n" .. (" "):rep(width + 6))
    lines[#lines + 1] = ("  %-" .. width .. "s    %s"):format(left_column(option), help)
  end
  return table.concat(lines, "\n") .. "\n"
end

return options
