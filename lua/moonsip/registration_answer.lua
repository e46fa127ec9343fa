-- SPDX-License-Identifier: MIT
-- What the 2xx to a REGISTER says (RFC 3261 10.2.4): for how long, and how requests travel
-- from now on (RFC 3608, RFC 3327).

local core = require "moonsip.core"
local errors = require "moonsip.errors"

local registration_answer = {}

-- Values of Service-Route that are believed: each goes into every request.
local max_routes <const> = 16

-- What a server may recommend for keep-alives.
local max_keep_s <const> = 86400

-- Contacts of an address of record that are looked through.
local max_contacts <const> = 256

--- The Contact that we sent: our Via says where it is. A registrar writes all contacts of
--- the address of record into its answer.
local function is_ours(contact, registration, via)
  local uri, params = contact.uri, contact.params
  local instance = registration.line.settings.instance
  if instance and params["+sip.instance"] ~= instance then return false end
  if registration.reg_id then return tonumber(params["reg-id"]) == registration.reg_id end
  local host = uri.host and uri.host:gsub("^%[(.*)%]$", "%1")
  local own = via.host and via.host:gsub("^%[(.*)%]$", "%1")
  return uri.user == registration.line.settings.uri.user and host and own
    and host:lower() == own:lower() and (uri.port or via.port) == via.port
end

local function find(registration, message)
  local contacts, via = message.contacts, message.via
  for at = 1, math.min(#contacts, max_contacts) do
    local one = contacts[at]
    if not one.star and is_ours(one, registration, via) then return one end
  end
  return nil, contacts[1]
end

--- The routes of a header as one value; nil for none, false for more than are believed.
local function routes_of(message, name)
  local list = message:header_values(name)
  if not list or not list[1] then return nil end
  if #list > max_routes then return false end
  return table.concat(list, ", ")
end

--- A GRUU in a parameter of our Contact: quoted, and a URI (RFC 5627 9.1).
local function gruu_of(contact, name)
  local text = contact and contact.params[name]
  local uri = type(text) == "string" and core.uri(text)
  return uri and (uri.scheme == "sip" or uri.scheme == "sips") and text or nil
end

local function refuse(reason)
  return nil, errors.new("invalid", reason)
end

local function seconds_of(text)
  local seconds = type(text) == "string" and text:find "^%d+$" and math.tointeger(tonumber(text))
  return seconds and seconds > 0 and math.min(seconds, max_keep_s) or nil
end

--- What an answer says of keep-alives: `is_answered`, when the next server is known to answer
--- them, and `seconds`, what it recommends: Flow-Timer (RFC 5626 4.4), `keep` of our Via (RFC
--- 6223 4.4).
---@param message table
---@return { is_answered: boolean, seconds: integer? }
function registration_answer.keep(message)
  local via = message.via
  local offered = via and via.params.keep
  local path = message:header_values "Path"
  -- The edge nearest to us is the last of the Path.
  local edge = path and path[#path] and core.address(path[#path])
  local has_ob = edge and edge.uri and edge.uri.params.ob ~= nil
  local is_told = type(offered) == "string"
  return {
    is_answered = message:has_token("Require", "outbound") or has_ob or is_told,
    seconds = seconds_of(message.headers["Flow-Timer"]) or is_told and seconds_of(offered) or nil,
  }
end

--- Reads an answer: `expires_s`, `contact`, `service_route`, `path`; or nil and why it is
--- worth nothing.
---@param registration moonsip.Registration
---@param message table
---@return { expires_s: integer, contact: string?, service_route: string?, path: string? }?
---@return moonsip.Error? err
function registration_answer.read(registration, message)
  local own, other = find(registration, message)
  if not own and not other then
    return refuse("the registrar's answer lists no contact")
  end
  local asked = registration.asked_s
  -- A border element may have put a contact of its own in the place of ours.
  local granted = own and own.expires or message.expires or other and other.expires or asked
  if granted == 0 then return refuse("the registrar grants no time") end
  local service_route = routes_of(message, "Service-Route")
  if service_route == false then
    return refuse(("more than %d values of Service-Route"):format(max_routes))
  end
  return {
    expires_s = math.min(granted, asked), -- it may shorten, never lengthen (10.3 step 7)
    -- As text: an address would keep the whole message.
    contact = own and tostring(own.uri), is_listed = own ~= nil, service_route = service_route,
    path = routes_of(message, "Path") or nil,
    is_outbound = message:has_token("Require", "outbound"),
    keep = registration_answer.keep(message),
    gruu = gruu_of(own, "pub-gruu"), temp_gruu = gruu_of(own, "temp-gruu"),
  }
end

return registration_answer
