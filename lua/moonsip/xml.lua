-- SPDX-License-Identifier: MIT
-- XML as event packages need it: elements as tables { name, ns?, attributes, children and
-- texts... }, read by Expat (core.xml) and written with everything escaped that has to be.

local core = require "moonsip.core"
local errors = require "moonsip.errors"

---@class moonsip.XmlElement
---@field name string
---@field ns string?
---@field attributes table<string, string>
---@field [integer] moonsip.XmlElement|string

local xml = {}

--- A document as its root element. One that declares a type is refused, and so is what is
--- nested deeper than 32 or has more than 16384 parts.
---@param text string
---@return moonsip.XmlElement?
---@return moonsip.Error? err  "invalid" with the line; "notfound" without Expat
function xml.parse(text)
  if not core.xml then
    return nil, errors.new("notfound",
      "built without XML; install libexpat1-dev and build again")
  end
  return core.xml(text)
end

--- The first child of that name, or nil.
---@return moonsip.XmlElement?
function xml.child(element, name)
  for _, one in ipairs(element) do
    if type(one) == "table" and one.name == name then return one end
  end
end

--- Every child of that name, one after the other.
function xml.children(element, name)
  local at = 0
  return function()
    repeat
      at = at + 1
      local one = element[at]
      if type(one) == "table" and one.name == name then return one end
    until one == nil
  end
end

--- The text right inside an element, or inside its child of that name, without the spaces
--- around it; nil when there is none.
---@return string?
function xml.text(element, name)
  if name then element = xml.child(element, name) end
  if not element then return nil end
  local list = {}
  for _, one in ipairs(element) do
    if type(one) == "string" then list[#list + 1] = one end
  end
  local text = table.concat(list):match "^%s*(.-)%s*$"
  return text ~= "" and text or nil
end

local entities <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
                           ["'"] = "&apos;" }

--- Text as it may stand between tags and in attributes. Characters that no document of XML
--- 1.0 may have (2.2) are left out, and what is no UTF-8 is replaced.
---@param value any
---@return string
function xml.escape(value)
  local text = tostring(value)
  if not utf8.len(text) then text = text:gsub("[\x80-\xff]", "?") end
  return (text:gsub("[%z\1-\8\11\12\14-\31]", ""):gsub("[&<>\"']", entities))
end

local write

--- Attributes in the order of their names, so that the same value gives the same bytes.
local function write_attributes(out, attributes)
  local names = {}
  for name in pairs(attributes or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    out[#out + 1] = (' %s="%s"'):format(name, xml.escape(attributes[name]))
  end
end

function write(out, element, indent)
  out[#out + 1] = indent .. "<" .. element[1]
  write_attributes(out, element.attributes)
  if element[2] == nil then
    out[#out + 1] = "/>\n"
  elseif type(element[2]) ~= "table" then
    out[#out + 1] = (">%s</%s>\n"):format(xml.escape(element[2]), element[1])
  else
    out[#out + 1] = ">\n"
    for at = 2, #element do write(out, element[at], indent .. "  ") end
    out[#out + 1] = ("%s</%s>\n"):format(indent, element[1])
  end
end

--- A document from { "name", attributes = {...}, children... or one text }.
---@param root table
---@return string
function xml.write(root)
  local out = { '<?xml version="1.0" encoding="UTF-8"?>\n' }
  write(out, root, "")
  return table.concat(out)
end

--- An instant as xs:dateTime, from milliseconds since 1970.
---@param ms integer
---@return string
function xml.instant(ms)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", ms // 1000) --[[@as string]]
end

return xml
