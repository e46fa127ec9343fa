-- SPDX-License-Identifier: MIT
-- JSON (RFC 8259), by jansson.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

local json = {}

--- What a null is in Lua.
json.null = core.json_null

local List = { __json_list = true }

--- Marks a table as a list, which matters when it is empty.
---@generic T: table
---@param list T
---@return T
function json.list(list)
  return setmetatable(list, List)
end

local function check_library(verb)
  if not core.json_encode then
    misuse.raise("%s: built without JSON; install libjansson-dev and build again", verb)
  end
end

--- A value as JSON: tables with a first element are lists, others objects. Raises for what
--- JSON does not have.
---@param verb string
---@return string
function json.encode(verb, value)
  check_library(verb)
  local text, why = core.json_encode(value)
  if not text then misuse.argument(verb, "value", why) end
  return text
end

--- A document as values; objects and lists are tables, null is `json.null`.
---@param verb string
---@param text string
---@return any value
---@return moonsip.Error? err
function json.decode(verb, text)
  check_library(verb)
  local value, why = core.json_decode(misuse.check(verb, "text", text, "string"))
  if value == nil then return nil, errors.new("invalid", "no JSON: " .. why) end
  return value
end

return json
