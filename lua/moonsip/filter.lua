-- SPDX-License-Identifier: MIT
-- Filters of agent:on: which messages a handler wants, as a table of fields.
--
-- A value is a string, a function, or a list of those of which one must fit:
--   "600"            equal; of an address the user part, user@host when there is an
--                    "@", the whole URI (RFC 3261 19.1.4) when there is a ":"
--   "^%+44"          begins with "^": a Lua pattern, over the same part
--   function(v, m)   true for the value (an address or URI object, a string), and
--                    the message
-- `package` is the name of an Info Package, or a list of names (RFC 6086): we say that we
-- receive them.
-- `all = true`: also responses that the core makes use of itself (a challenge that it
-- answers, a 491 after which it tries again).
--
-- The more fields a filter has, and the more exact they are, the earlier its turn.

local core = require "moonsip.core"
local info_package = require "moonsip.info_package"
local misuse = require "moonsip.misuse"

local filter = {}

-- How exact a test is; the count of fields weighs more.
local field_weight <const>, exact_weight <const>, pattern_weight <const> = 100, 3, 2
local function_weight <const> = 1

local function user_at_host(uri)
  return (uri.user or "") .. "@" .. (uri.host or ""):lower()
end

--- The part of an address that a wanted text is about.
local function part_of(text)
  if text:find(":", 1, true) then return "whole" end
  if text:find("@", 1, true) then return "address" end
  return "user"
end

local function exact_uri(text)
  local part = part_of(text)
  if part == "whole" then
    local wanted = core.uri(text)
    if not wanted then return nil end
    return function(uri) return uri == wanted end
  elseif part == "address" then
    local user, host = text:match "^(.*)@(.*)$"
    local wanted = user .. "@" .. host:lower()
    return function(uri) return user_at_host(uri) == wanted end
  end
  return function(uri) return uri.user == text end
end

local function pattern_uri(pattern)
  local part = part_of(pattern)
  if part == "whole" then
    return function(uri) return uri.text:find(pattern) ~= nil end
  elseif part == "address" then
    return function(uri) return user_at_host(uri):find(pattern) ~= nil end
  end
  return function(uri) return uri.user ~= nil and uri.user:find(pattern) ~= nil end
end

-- Kinds of fields: how a wanted text becomes a test of the field's value.
local kinds <const> = {
  uri = { exact = exact_uri, pattern = pattern_uri },
  text = {
    exact = function(text) return function(value) return value == text end end,
    pattern = function(pattern)
      return function(value) return value:find(pattern) ~= nil end
    end,
  },
  caseless = {
    exact = function(text)
      local wanted = text:lower()
      return function(value) return value:lower() == wanted end
    end,
    pattern = function(pattern)
      return function(value) return value:lower():find(pattern) ~= nil end
    end,
  },
}

--- What a field is in a message; nil fits nothing.
local fields <const> = {
  to = { kind = "uri", get = function(m) return m.to and m.to.uri end },
  from = { kind = "uri", get = function(m) return m.from and m.from.uri end },
  uri = { kind = "uri", get = function(m) return m.uri end },
  user = { kind = "text", get = function(m) return m.uri and m.uri.user end },
  host = { kind = "caseless", get = function(m) return m.uri and m.uri.host end },
  method = { kind = "text", get = function(m) return m.method or m.cseq_method end },
  event = { kind = "text", get = function(m)
    local value = m.headers["Event"]
    return value and value:match "^%s*([^%s;]+)"
  end },
  package = { kind = "text", get = info_package.of },
  content_type = { kind = "caseless", get = function(m)
    local content_type = m.content_type
    return content_type and content_type.value
  end },
  transport = { kind = "caseless", get = function(m) return m.transport end },
  source = { kind = "text", get = function(m) return m.source_ip end },
}

--- A header as a field of its own: `headers = { ["X-Foo"] = "bar" }`.
local function header_field(name)
  return { kind = "text", get = function(m) return m.headers[name] end }
end

--- The texts that a value is given as, for who lists what a handler takes.
local function texts_of(value)
  local found = {}
  for _, one in ipairs(type(value) == "table" and value or { value }) do
    if type(one) == "string" and one:sub(1, 1) ~= "^" then found[#found + 1] = one end
  end
  return found
end

local function test_of(verb, name, field, wanted)
  if type(wanted) == "function" then return wanted, function_weight end
  if type(wanted) == "number" then wanted = tostring(wanted) end
  if type(wanted) ~= "string" then
    misuse.argument(verb, name, "string, function or list expected, got " .. type(wanted))
  end
  local kind = kinds[field.kind]
  if wanted:sub(1, 1) == "^" then
    local ok, why = pcall(string.find, "", wanted)
    if not ok then misuse.argument(verb, name, why) end
    return kind.pattern(wanted), pattern_weight
  end
  local test = kind.exact(wanted)
  if not test then misuse.argument(verb, name, ("%q is no URI"):format(wanted)) end
  return test, exact_weight
end

--- One that accepts what any test of a list accepts.
local function any_of(verb, name, field, list)
  if #list == 0 then misuse.argument(verb, name, "the list is empty") end
  local tests, weight = {}, exact_weight
  for at, wanted in ipairs(list) do
    local each
    tests[at], each = test_of(verb, name, field, wanted)
    weight = math.min(weight, each)
  end
  return function(value, message)
    for _, test in ipairs(tests) do
      if test(value, message) then return true end
    end
    return false
  end, weight
end

local function add(self, verb, name, field, wanted)
  local test, weight
  if type(wanted) == "table" then
    test, weight = any_of(verb, name, field, wanted)
  else
    test, weight = test_of(verb, name, field, wanted)
  end
  self[#self + 1] = { get = field.get, test = test }
  self.weight = self.weight + field_weight + weight
end

--- A filter ready to be matched. Raises at the script's line for what is none.
---@param verb string
---@param wanted table
---@return { weight: integer, [integer]: table }
function filter.new(verb, wanted)
  misuse.check(verb, "filter", wanted, "table")
  local self = { weight = 0 }
  for name, value in pairs(wanted) do
    if name == "headers" then
      for header, text in pairs(misuse.check(verb, "headers", value, "table")) do
        add(self, verb, misuse.text(verb, "headers", header), header_field(header), text)
      end
    elseif name == "package" then
      self.packages = info_package.names(verb, name, value)
      add(self, verb, name, fields[name], value)
    elseif name == "all" then
      self.all = misuse.check(verb, "all", value, "boolean")
    elseif fields[name] then
      if name == "content_type" then self.content_types = texts_of(value) end
      add(self, verb, name, fields[name], value)
    else
      misuse.argument(verb, tostring(name), "no such field of a filter")
    end
  end
  return self
end

--- True when every field of the filter fits.
---@param self table
---@param message table  a message, request or response
---@return boolean
function filter.fits(self, message)
  for at = 1, #self do
    local one = self[at]
    local value = one.get(message)
    if value == nil or not one.test(value, message) then return false end
  end
  return true
end

return filter
