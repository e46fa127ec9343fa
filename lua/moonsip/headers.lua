-- SPDX-License-Identifier: MIT
-- Header fields as scripts write them, `{ ["X-Foo"] = "bar", Warning = { a, b } }`, made
-- into the flat list of names and values that the core takes. They leave in a fixed
-- order: that of the names, or that of the list when pairs are given,
-- `{ { "X-Foo", "bar" }, { "X-Foo", "again" } }`.

local misuse = require "moonsip.misuse"

local headers = {}

-- These are the core's: a second one would contradict it (RFC 3261 8.1.1, 8.2.6.2).
local of_the_core <const> = {
  via = true, ["call-id"] = true, cseq = true, ["content-length"] = true, from = true,
  to = true, v = true, i = true, l = true, f = true, t = true,
}

local function add_one(verb, flat, name, value)
  if type(value) == "number" then value = math.tointeger(value) or value end
  if type(value) == "number" or type(value) == "userdata" then value = tostring(value) end
  flat[#flat + 1] = name
  flat[#flat + 1] = misuse.text(verb, name, value)
end

local function check_name(verb, name)
  misuse.check(verb, "headers", name, "string")
  if not name:find "^[%w%-%.!%%%*_%+`'~]+$" then
    misuse.argument(verb, "headers", ("%q is no header name"):format(name))
  end
  local lower = name:lower()
  if of_the_core[lower] then
    misuse.argument(verb, name, "this header is written by the core")
  end
  if lower == "content-type" or lower == "c" then
    misuse.argument(verb, name, "give content_type instead")
  end
end

local function add(verb, flat, name, value)
  check_name(verb, name)
  if type(value) ~= "table" then return add_one(verb, flat, name, value) end
  for _, each in ipairs(value) do add_one(verb, flat, name, each) end
end

--- Appends the header fields of a table to a flat list.
---@param verb string    for messages
---@param fields table?
---@param flat string[]? to append to
---@return string[]?  nil when there are none
function headers.flatten(verb, fields, flat)
  if fields == nil then return flat end
  misuse.check(verb, "headers", fields, "table")
  flat = flat or {}
  local names = {}
  for name, value in pairs(fields) do
    if math.type(name) == "integer" then
      local pair = misuse.check(verb, "headers", value, "table")
      if fields[#fields] == nil or #pair ~= 2 then
        misuse.argument(verb, "headers", "pairs of a name and a value expected in a list")
      end
    else
      names[#names + 1] = misuse.check(verb, "headers", name, "string")
    end
  end
  for _, pair in ipairs(fields) do add(verb, flat, pair[1], pair[2]) end
  table.sort(names)
  for _, name in ipairs(names) do add(verb, flat, name, fields[name]) end
  return flat
end

return headers
