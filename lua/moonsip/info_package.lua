-- SPDX-License-Identifier: MIT
-- The Info Package of an INFO (RFC 6086): its name, and what is its own in the body.

local misuse = require "moonsip.misuse"

local info_package = {}

local none <const> = {}

--- Matches a name (RFC 6086 9.2: a token).
info_package.pattern = "[%w%-%.!%%%*_%+`'~]+"

local at_start <const> = "^%s*(" .. info_package.pattern .. ")"
local whole <const> = "^" .. info_package.pattern .. "$"

--- The name in front of a value's parameters, which are not compared (7.2).
---@param value string
---@return string?
function info_package.name(value) return value:match(at_start) end

--- Names that an option or a filter is given, checked.
---@param verb string
---@param name string
---@param given any  a name, or a list of them
---@return string[]
function info_package.names(verb, name, given)
  local list = type(given) == "table" and given or { given }
  for _, one in ipairs(list) do
    if type(one) ~= "string" or not one:find(whole) then
      misuse.argument(verb, name, "names of Info Packages expected")
    end
  end
  return list
end

--- The package of an INFO; nil for one of before there were packages (2).
---@param message table
---@return string?
function info_package.of(message)
  local value = message.headers["Info-Package"]
  return value and info_package.name(value)
end

--- The part of a body that is the package's (4.3.1).
local function part_of(message)
  for _, part in ipairs(message:parts() or none) do
    local disposition = part.headers["content-disposition"]
    if disposition and disposition:lower():find "^%s*info%-package" then
      local kind = part.headers["content-type"]
      return kind and kind:match "^%s*([^;%s]+)", part.body
    end
  end
  local kind = message.content_type
  return kind and kind.value, message.body
end

--- What an INFO carries of its package; nil for the INFO of before, and other methods.
---@param message table
---@return { package: string, params: table<string, string>, content_type: string?, body: string }?
function info_package.content(message)
  local name = message.method == "INFO" and info_package.of(message)
  if not name then return nil end
  local params = {}
  for key, value in message.headers["Info-Package"]:gmatch ";%s*([^;=%s]+)%s*=?%s*([^;%s]*)" do
    params[key] = value
  end
  local content_type, body = part_of(message)
  return { package = name, params = params, content_type = content_type, body = body }
end

return info_package
