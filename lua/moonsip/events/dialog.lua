-- SPDX-License-Identifier: MIT
-- The dialog package (RFC 4235): which calls somebody has, for lamps on the phones of others.
-- With `source = agent.calls` the calls of an agent are watched as they come and go: an
-- address of record has those that it placed and those that are for it.

local errors = require "moonsip.errors"
local xml = require "moonsip.xml"

local content_type <const> = "application/dialog-info+xml"
local namespace <const> = "urn:ietf:params:xml:ns:dialog-info"

---@class moonsip.DialogInfo
---@field id string
---@field state "trying"|"proceeding"|"early"|"confirmed"|"terminated"
---@field direction "initiator"|"recipient"|nil
---@field call_id string?
---@field local_tag string?
---@field remote_tag string?
---@field event string?          why it is in that state (4.1.2)
---@field duration integer?      seconds
---@field local_identity string?
---@field local_display string?
---@field remote_identity string?
---@field remote_display string?
---@field remote_target string?

local function party_of(name, identity, display, target)
  if not identity then return nil end
  return { name, { "identity", identity, attributes = { display = display } },
           target and { "target", attributes = { uri = target } } or nil }
end

local function dialog_of(one)
  local element = { "dialog", attributes = {
    id = one.id, ["call-id"] = one.call_id, ["local-tag"] = one.local_tag,
    ["remote-tag"] = one.remote_tag, direction = one.direction,
  } }
  local function add(child) if child then element[#element + 1] = child end end
  add { "state", one.state, attributes = { event = one.event } }
  add(one.duration and { "duration", tostring(one.duration) })
  add(party_of("local", one.local_identity, one.local_display))
  add(party_of("remote", one.remote_identity, one.remote_display, one.remote_target))
  return element
end

--- A full document of a list of dialogs; the core counts its versions (4.1).
local function format(list, uri)
  local root = { "dialog-info", attributes = { xmlns = namespace, version = "",
                                               state = "full", entity = tostring(uri) } }
  for _, one in ipairs(list) do root[#root + 1] = dialog_of(one) end
  return xml.write(root)
end

local function read_party(element, name)
  local party = xml.child(element, name)
  local identity = party and xml.child(party, "identity")
  local target = party and xml.child(party, "target")
  return identity and xml.text(identity), identity and identity.attributes.display,
    target and target.attributes.uri
end

local function read_dialog(element)
  local of, state = element.attributes, xml.child(element, "state")
  local made = {
    id = of.id, call_id = of["call-id"], local_tag = of["local-tag"],
    remote_tag = of["remote-tag"], direction = of.direction,
    state = state and xml.text(state), event = state and state.attributes.event,
    duration = math.tointeger(tonumber(xml.text(element, "duration"))),
  }
  made.local_identity, made.local_display = read_party(element, "local")
  made.remote_identity, made.remote_display, made.remote_target = read_party(element, "remote")
  return made
end

local function parse(body)
  local root, err = xml.parse(body)
  if not root then return nil, err end
  if root.name ~= "dialog-info" or root.ns ~= namespace then
    return nil, errors.new("invalid", "no dialog information (RFC 4235)")
  end
  local of = root.attributes
  local list = { entity = of.entity, version = math.tointeger(tonumber(of.version)),
                 partial = of.state == "partial" }
  for element in xml.children(root, "dialog") do list[#list + 1] = read_dialog(element) end
  return list
end

-- ---- calls as a source

local Source = {}
Source.__index = Source

local state_of <const> = { calling = "trying", incoming = "trying", ringing = "early",
                           connected = "confirmed", ended = "terminated" }

-- Why a call is over, in the words of 3.7.1.
local function event_of(call)
  local why = call.why
  if call.state ~= "ended" or not why then return nil end
  if call.answered_at then return why.by == "local" and "local-bye" or "remote-bye" end
  if why.kind == "cancelled" then return "cancelled" end
  if why.kind == "timeout" or why.kind == "transport" then return "timeout" end
  return "rejected"
end

--- What a call is to one of its ends.
local function view(call, is_caller)
  local of_caller = (call.direction == "in") == is_caller -- that end is the other side of ours
  local near, far = call.from, call.to
  if not is_caller then near, far = far, near end
  return {
    id = call.id, state = state_of[call.state], event = event_of(call),
    direction = is_caller and "initiator" or "recipient", call_id = call.call_id,
    local_tag = of_caller and call.remote_tag or not of_caller and call.local_tag or nil,
    remote_tag = of_caller and call.local_tag or not of_caller and call.remote_tag or nil,
    duration = call.answered_at
      and (call.agent.context:now() - call.answered_at) // 1000 or nil,
    local_identity = near and tostring(near.uri), local_display = near and near.display,
    remote_identity = far and tostring(far.uri), remote_display = far and far.display,
  }
end

local function aor_of(address)
  return address and (require("moonsip.notifier").aor_of(address))
end

--- The dialogs of an address of record; one that has just ended is in it for the last time.
function Source:state(uri)
  local key, list = tostring(uri), {}
  local function add(call)
    local from, to = aor_of(call.from), aor_of(call.to)
    if from == key then list[#list + 1] = view(call, true) end
    if to == key then list[#list + 1] = view(call, false) end
  end
  for _, call in ipairs(self.agent.calls) do add(call) end
  if self.left then add(self.left) end
  return list
end

function Source:changed(call)
  self.left = call.state == "ended" and call or nil
  local from, to = aor_of(call.from), aor_of(call.to)
  if from then self.notifier:notify(from) end
  if to and to ~= from then self.notifier:notify(to) end
  self.left = nil
end

function Source:close() self.agent:unwatch_calls(self) end

local function open(notifier, calls)
  local meta = type(calls) == "table" and getmetatable(calls)
  if not meta or meta.__name ~= "moonsip.calls" then return nil, "agent.calls expected" end
  local self = setmetatable({ notifier = notifier, agent = meta.agent }, Source)
  self.agent:watch_calls(self)
  return self
end

---@type moonsip.EventPackage
return {
  name = "dialog",
  content_type = content_type,
  expires = 3600, -- 3.3
  interval = 1,   -- 3.10
  number = 'version=""',
  format = format,
  parse = parse,
  open = open,
}
