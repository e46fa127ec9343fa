-- SPDX-License-Identifier: MIT
-- Presence documents (PIDF, RFC 3863): `pidf { entity =, basic = }` writes one, `pidf.parse`
-- reads one.

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local xml = require "moonsip.xml"

local pidf = {}

pidf.content_type = "application/pidf+xml"

local namespace <const> = "urn:ietf:params:xml:ns:pidf"

---@class moonsip.PidfTuple
---@field id string?
---@field basic "open"|"closed"|nil
---@field contact string?    a URI
---@field priority number?   of the contact, 0 to 1
---@field note string?
---@field timestamp string?  xs:dateTime

---@class moonsip.Pidf
---@field entity string|userdata   whose presence it is
---@field basic "open"|"closed"|nil  of all: "open" when any tuple is
---@field note string?
---@field tuples moonsip.PidfTuple[]

local verb <const> = "pidf"

local known <const> = { entity = true, basic = true, contact = true, priority = true,
                        note = true, timestamp = true, tuples = true, id = true }
local known_tuple <const> = { id = true, basic = true, contact = true, priority = true,
                              note = true, timestamp = true }

local function basic_of(value)
  if value == true then return "open" end
  if value == false then return "closed" end
  if value ~= nil and value ~= "open" and value ~= "closed" then
    misuse.argument(verb, "basic", '"open" or "closed" expected')
  end
  return value
end

--- An id is an xs:ID: it begins with a letter (4.1.2).
local function id_of(value, at)
  local text = tostring(value or "t" .. at):gsub("[^%w%.%-_]", "_")
  return text:find "^[%a_]" and text or "t" .. text
end

local function tuple_of(one, at)
  local element = { "tuple", attributes = { id = id_of(one.id, at) } }
  local basic = basic_of(one.basic)
  element[2] = { "status", basic and { "basic", basic } or nil }
  if one.contact then
    local priority = one.priority
    if priority then
      if type(priority) ~= "number" or priority < 0 or priority > 1 then
        misuse.argument(verb, "priority", "0 to 1 expected")
      end
      priority = ("%.3f"):format(priority):gsub("0+$", ""):gsub("%.$", "")
    end
    element[#element + 1] = { "contact", tostring(one.contact),
                              attributes = { priority = priority } }
  end
  if one.note then element[#element + 1] = { "note", one.note } end
  if one.timestamp then element[#element + 1] = { "timestamp", one.timestamp } end
  return element
end

--- The URI of an entity: as it is, without brackets and name.
local function entity_of(value)
  local text = tostring(value)
  return text:match "<([^>]*)>" or text
end

--- A presence document.
---@param options moonsip.Pidf  `basic`, `contact`, `note` ... of one tuple, or `tuples`
---@return string
function pidf.write(options)
  options = misuse.options(verb, options, known)
  if options.entity == nil then misuse.argument(verb, "entity", "URI expected, got nil") end
  local root = { "presence", attributes = { xmlns = namespace,
                                            entity = entity_of(options.entity) } }
  local tuples = options.tuples or { options }
  for at, one in ipairs(tuples) do
    if options.tuples then misuse.options(verb, one, known_tuple) end
    root[#root + 1] = tuple_of(one, at)
  end
  if options.tuples and options.note then root[#root + 1] = { "note", options.note } end
  return xml.write(root)
end

local function read_tuple(element)
  local status, contact = xml.child(element, "status"), xml.child(element, "contact")
  local basic = status and xml.text(status, "basic")
  return {
    id = element.attributes.id,
    basic = (basic == "open" or basic == "closed") and basic or nil,
    contact = contact and xml.text(contact),
    priority = contact and tonumber(contact.attributes.priority),
    note = xml.text(element, "note"), timestamp = xml.text(element, "timestamp"),
  }
end

--- Reads a presence document.
---@param text string
---@return moonsip.Pidf?
---@return moonsip.Error? err  "invalid": no such document; "notfound": built without Expat
function pidf.parse(text)
  misuse.check("pidf.parse", "text", text, "string")
  local root, err = xml.parse(text)
  if not root then return nil, err end
  if root.name ~= "presence" or root.ns ~= namespace or not root.attributes.entity then
    return nil, errors.new("invalid", "no presence document (RFC 3863)")
  end
  local made = { entity = root.attributes.entity, note = xml.text(root, "note"), tuples = {} }
  for one in xml.children(root, "tuple") do
    local tuple = read_tuple(one)
    table.insert(made.tuples, tuple)
    if tuple.basic == "open" or not made.basic then made.basic = tuple.basic end
  end
  return made
end

--- One document with the tuples of several, each with an id of its own: what their presence
--- comes to (RFC 3856 3, 3903 4).
---@param bodies string[]   the newest last
---@param entity string|userdata
---@return string
function pidf.compose(bodies, entity)
  local tuples, note = {}, nil
  for at, body in ipairs(bodies) do
    local one = pidf.parse(body)
    if not one then return bodies[#bodies] end
    note = one.note or note
    for _, tuple in ipairs(one.tuples) do
      tuple.id = ("p%d-%s"):format(at, tuple.id or #tuples + 1)
      tuples[#tuples + 1] = tuple
    end
  end
  return pidf.write { entity = entity, tuples = tuples, note = note }
end

return setmetatable(pidf, { __call = function(_, options) return pidf.write(options) end })
