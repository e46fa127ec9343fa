-- SPDX-License-Identifier: MIT
-- Where a request goes: a URI string, a URI or address object, a gateway of sip.gateways or
-- a table with a `uri`, a contact of a location, or a list of those, tried in order.

local core = require "moonsip.core"
local contact = require "moonsip.contact"
local credentials = require "moonsip.credentials"
local misuse = require "moonsip.misuse"

local target = {}

local none <const> = {}

local max_targets <const> = 64

local gateway_fields <const> = { uri = true, headers = true, from = true, routes = true,
                                 transport = true, name = true, username = true,
                                 password = true, ha1 = true, realm = true,
                                 credentials = true }

--- A Route value of a URI, loose unless it says otherwise (RFC 3261 16.12.1.1).
local function route(verb, name, value)
  local text = misuse.text(verb, name, tostring(value))
  if text:find("<", 1, true) then return text end
  if not text:find(":", 1, true) then text = "sip:" .. text end
  if not text:find ";lr" then text = text .. ";lr" end
  return "<" .. text .. ">"
end

--- The routes that a request starts with, as one comma-separated value.
---@param value any  a URI, or a list
---@return string?
function target.routes(verb, name, value)
  if value == nil or value == false then return nil end
  if type(value) ~= "table" then return route(verb, name, value) end
  local list = {}
  for at, each in ipairs(value) do list[at] = route(verb, name, each) end
  return #list > 0 and table.concat(list, ", ") or nil
end

local function add(verb, list, given, sets)
  local kind = type(given)
  if #list >= max_targets then misuse.argument(verb, "target", "too many targets") end
  if kind == "string" then
    list[#list + 1] = { uri = misuse.text(verb, "target", given) }
  elseif kind == "table" and (getmetatable(given) or none).target then
    list[#list + 1] = given:target() -- a gateway, or a member of a hunt group
  elseif kind == "userdata" then
    -- An address has a URI; a URI is one.
    local text = tostring(given.uri or given)
    list[#list + 1] = { uri = misuse.text(verb, "target", text) }
  elseif getmetatable(given) == contact.Contact then
    list[#list + 1] = { uri = given.uri, flow = given.flow,
                        routes = given.path and table.concat(given.path, ", ") }
  elseif kind == "table" and given.uri then
    misuse.options(verb, given, gateway_fields)
    list[#list + 1] = { uri = misuse.text(verb, "uri", tostring(given.uri)),
                        from = given.from, headers = given.headers,
                        routes = target.routes(verb, "routes", given.routes),
                        transport = given.transport,
                        credentials = credentials.of(verb, given, sets) }
  elseif kind == "table" then
    for _, each in ipairs(given) do add(verb, list, each, sets) end
  else
    misuse.argument(verb, "target",
      ("URI, address, gateway or a list of them expected, got %s"):format(kind))
  end
end

--- The targets as a list of { uri, from?, headers?, routes?, transport?, flow?,
--- credentials?, gateway? }.
---@param verb string
---@param given any
---@param sets table  of credentials.cache
---@return { uri: string }[]
function target.list(verb, given, sets)
  local list = {}
  add(verb, list, given, sets)
  if #list == 0 then misuse.argument(verb, "target", "the list is empty") end
  return list
end

--- Gives every target's URI that user part, in place of its own.
---@param list { uri: string }[]
---@param user string
function target.set_user(list, user)
  for _, one in ipairs(list) do
    local uri = core.uri(one.uri)
    if uri then
      uri.user = user
      one.uri = tostring(uri)
    end
  end
end

return target
