-- SPDX-License-Identifier: MIT
-- The conference package (RFC 4575): who is in a room. With a conference of ours as `source`
-- its members are told as they come and go.

local errors = require "moonsip.errors"
local xml = require "moonsip.xml"

local namespace <const> = "urn:ietf:params:xml:ns:conference-info"

---@class moonsip.ConferenceInfo
---@field subject string?
---@field active boolean?
---@field maximum integer?
---@field users table[]  { entity, display, state, endpoint, status, joined }

local function user_of(one)
  local element = { "user", attributes = { entity = one.entity, state = "full" } }
  if one.display then element[#element + 1] = { "display-text", one.display } end
  element[#element + 1] = { "endpoint", attributes = { entity = one.endpoint or one.entity },
                            { "status", one.status or "connected" },
                            one.joined and { "joining-method", one.joined } or nil }
  return element
end

local function format(value, uri)
  local description = { "conference-description" }
  if value.subject then description[#description + 1] = { "subject", value.subject } end
  if value.maximum then
    description[#description + 1] = { "maximum-user-count", tostring(value.maximum) }
  end
  local state = { "conference-state", { "user-count", tostring(#value.users) },
                  { "active", value.active == false and "false" or "true" } }
  local users = { "users" }
  for _, one in ipairs(value.users) do users[#users + 1] = user_of(one) end
  return xml.write { "conference-info", attributes = {
    xmlns = namespace, entity = tostring(uri), state = "full", version = "",
  }, description, state, users }
end

local function read_user(element)
  local endpoint = xml.child(element, "endpoint")
  return { entity = element.attributes.entity, display = xml.text(element, "display-text"),
           endpoint = endpoint and endpoint.attributes.entity,
           status = endpoint and xml.text(endpoint, "status"),
           joined = endpoint and xml.text(endpoint, "joining-method") }
end

local function parse(body)
  local root, err = xml.parse(body)
  if not root then return nil, err end
  if root.name ~= "conference-info" or root.ns ~= namespace then
    return nil, errors.new("invalid", "no conference information (RFC 4575)")
  end
  local made = { entity = root.attributes.entity, users = {},
                 version = math.tointeger(tonumber(root.attributes.version)),
                 partial = root.attributes.state == "partial" }
  local description = xml.child(root, "conference-description")
  local state = xml.child(root, "conference-state")
  made.subject = description and xml.text(description, "subject")
  made.active = state ~= nil and xml.text(state, "active") == "true"
  local users = xml.child(root, "users")
  if users then
    for one in xml.children(users, "user") do table.insert(made.users, read_user(one)) end
  end
  return made
end

-- ---- a conference as a source

local Source = {}
Source.__index = Source

function Source:state()
  local users = {}
  for at, call in ipairs(self.room.members) do
    local incoming = call.direction == "in"
    local of = incoming and call.from or call.to
    users[at] = { entity = tostring(of.uri), display = of.display, endpoint = call.target,
                  status = (call.held or call.holding) and "on-hold" or "connected",
                  joined = incoming and "dialed-in" or "dialed-out" }
  end
  return { users = users, active = not self.room.closed }
end

function Source:close()
  self.room:off("join", self.fn)
  self.room:off("leave", self.fn)
end

local function open(notifier, room)
  if type(room) ~= "table" or type(room.members) ~= "table" or type(room.join) ~= "function" then
    return nil, "a conference of sip.conference expected"
  end
  local self = setmetatable({ notifier = notifier, room = room }, Source)
  self.fn = function() notifier:notify() end
  room:on("join", self.fn)
  room:on("leave", self.fn)
  return self
end

---@type moonsip.EventPackage
return {
  name = "conference",
  content_type = "application/conference-info+xml",
  expires = 3600, -- 3.3
  interval = 5,   -- 3.10
  number = 'version=""',
  format = format,
  parse = parse,
  open = open,
}
