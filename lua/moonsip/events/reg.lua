-- SPDX-License-Identifier: MIT
-- The reg package (RFC 3680): what is registered for an address of record. With a location of
-- ours as `source` its bindings are told as they come and go.

local errors = require "moonsip.errors"
local xml = require "moonsip.xml"

local namespace <const> = "urn:ietf:params:xml:ns:reginfo"

---@class moonsip.RegInfo
---@field aor string
---@field state "init"|"active"|"terminated"
---@field contacts table[]  { uri, state, event, expires, q, call_id, cseq, display }

local function contact_of(one, at)
  local q = one.q and ("%.3f"):format(one.q):gsub("0+$", ""):gsub("%.$", "")
  return { "contact", attributes = {
    id = one.id or "c" .. at, state = one.state or "active", event = one.event or "registered",
    expires = one.expires, q = q, callid = one.call_id, cseq = one.cseq,
  }, { "uri", one.uri } }
end

local function format(value, uri)
  local registration = { "registration", attributes = {
    aor = tostring(value.aor or uri), id = value.id or "r1",
    state = value.state or (#value.contacts > 0 and "active" or "init"),
  } }
  for at, one in ipairs(value.contacts) do registration[#registration + 1] = contact_of(one, at) end
  return xml.write { "reginfo", registration,
                     attributes = { xmlns = namespace, version = "", state = "full" } }
end

local function read_contact(element)
  local of = element.attributes
  return { id = of.id, state = of.state, event = of.event, q = tonumber(of.q),
           expires = math.tointeger(tonumber(of.expires)), call_id = of.callid,
           cseq = math.tointeger(tonumber(of.cseq)), uri = xml.text(element, "uri"),
           display = xml.text(element, "display-name") }
end

local function parse(body)
  local root, err = xml.parse(body)
  if not root then return nil, err end
  if root.name ~= "reginfo" or root.ns ~= namespace then
    return nil, errors.new("invalid", "no registration information (RFC 3680)")
  end
  local list = { version = math.tointeger(tonumber(root.attributes.version)),
                 partial = root.attributes.state == "partial" }
  for element in xml.children(root, "registration") do
    local made = { aor = element.attributes.aor, state = element.attributes.state,
                   id = element.attributes.id, contacts = {} }
    for one in xml.children(element, "contact") do
      table.insert(made.contacts, read_contact(one))
    end
    list[#list + 1] = made
  end
  return list
end

-- ---- a location as a source

-- Events of a location (docs/location.md) in the words of 5.1.
local words <const> = { registered = "registered", refreshed = "refreshed",
                        removed = "unregistered", expired = "expired" }

local Source = {}
Source.__index = Source

function Source:state(uri)
  local contacts, made = self.location:lookup(uri), {}
  local said = self.said
  for at, one in ipairs(contacts or {}) do
    local is_it = said and said.uri == one.uri
    made[at] = { id = one.uri:gsub("%W", "_"), uri = one.uri, q = one.q, expires = one.expires,
                 call_id = one.call_id, cseq = one.cseq,
                 event = is_it and said.event or "registered" }
  end
  if said and (said.event == "unregistered" or said.event == "expired") then
    made[#made + 1] = { id = said.uri:gsub("%W", "_"), uri = said.uri, state = "terminated",
                        event = said.event }
  end
  local active = contacts and #contacts > 0
  return { contacts = made, state = active and "active" or said and "terminated" or "init" }
end

function Source:close()
  for name in pairs(words) do self.location:off(name, self.fns[name]) end
end

local function open(notifier, location)
  if type(location) ~= "table" or type(location.lookup) ~= "function"
    or type(location.on) ~= "function" then
    return nil, "a location of sip.location expected"
  end
  local self = setmetatable({ notifier = notifier, location = location, fns = {} }, Source)
  for name, word in pairs(words) do
    self.fns[name] = function(uri, contact)
      self.said = { uri = contact.uri, event = word }
      notifier:notify(uri)
      self.said = nil
    end
    location:on(name, self.fns[name])
  end
  return self
end

---@type moonsip.EventPackage
return {
  name = "reg",
  content_type = "application/reginfo+xml",
  expires = 3761, -- 4.3: so that it does not fall together with the registration's
  interval = 5,   -- 4.10
  number = 'version=""',
  format = format,
  parse = parse,
  open = open,
}
