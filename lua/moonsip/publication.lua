-- SPDX-License-Identifier: MIT
-- PUBLISH (RFC 3903): documents of event state that others keep here, each under an entity tag
-- and for so long; composed they are the state of a resource.

local errors = require "moonsip.errors"

---@class moonsip.Publications
---@field notifier moonsip.Notifier
---@field private of table<string, { [integer]: table }>  by address of record, oldest first
---@field count integer
local Publications = {}
Publications.__index = Publications

local publication = {}

-- Of one resource, and of all.
local max_each <const>, max_all <const> = 32, 100000

-- Seconds, unless the notifier says otherwise.
local default_s <const>, brief_s <const> = 3600, 3600

local max_s <const> = 4294967295 -- RFC 3261 20.19

---@param notifier moonsip.Notifier
function publication.new(notifier)
  return setmetatable({ notifier = notifier, of = {}, count = 0 }, Publications)
end

local function aor_of(uri) return require("moonsip.notifier").aor_of(uri) end

--- The state of a resource as it was published; nil for none.
---@param uri string|userdata
---@return string?
function Publications:published(uri)
  local key, aor = aor_of(uri)
  local list = self.of[key or false]
  if not list then return nil end
  local compose = self.notifier.package.compose
  if #list == 1 or not compose then return list[#list].body end
  local bodies = {}
  for at, one in ipairs(list) do bodies[at] = one.body end
  return compose(bodies, aor)
end

local function find(list, tag)
  for at, one in ipairs(list or {}) do
    if one.tag == tag then return at, one end
  end
end

local function remove(self, key, at)
  local list = self.of[key]
  local one = table.remove(list, at)
  if one.timer then self.notifier.agent.context.wheel:stop(one.timer) end
  self.count = self.count - 1
  if #list == 0 then self.of[key] = nil end
end

local Expiry = {}
Expiry.__index = Expiry

--- Nobody refreshed it (6 step 8).
function Expiry:expire()
  self.one.timer = nil
  local at = find(self.publications.of[self.key], self.one.tag)
  if not at then return end
  remove(self.publications, self.key, at)
  self.publications.notifier:notify(self.key)
end

--- Its next tag (4.1: each accepted request has one of its own) and its end.
local function renew(self, key, one, seconds)
  local agent = self.notifier.agent
  if one.timer then agent.context.wheel:stop(one.timer) end
  one.tag = agent.engine:token()
  one.timer = agent.context:start_timer(seconds * 1000,
    setmetatable({ publications = self, key = key, one = one }, Expiry))
end

--- Seconds that a PUBLISH is for (6 step 5); nil and the shortest when that is too brief.
local function seconds_of(self, message)
  local of = self.notifier
  local text = (message.headers["Expires"] or ""):match "^%s*(%d+)"
  local seconds = math.min(tonumber(text) or of.most or default_s, max_s) // 1 | 0
  if seconds > 0 and of.least and seconds < of.least and seconds < brief_s then
    return nil, of.least
  end
  return math.min(seconds, of.most or default_s)
end

local function refuse(req, code, fields)
  req:reply(code, fields)
  return nil, errors.new("rejected", "the publication was refused", { code = code })
end

--- True when the body is one that the package knows.
local function is_fit(self, message)
  local kind = message.content_type and message.content_type.value
  return kind and kind:lower() == self.notifier.content_type:lower()
end

--- What refuses the document of a PUBLISH, or nil (6 steps 6 and 7).
local function trouble(self, message)
  if not is_fit(self, message) then
    return 415, { Accept = self.notifier.content_type }
  end
  local parse = self.notifier.package.parse
  if not parse then return nil end
  local value, err = parse(message.body)
  if value == nil and err and err.kind ~= "notfound" then return 400 end
end

--- Serves a PUBLISH.
---@param req moonsip.Request
---@package
function Publications:serve(req)
  local message = req.message
  local name = (message.headers["Event"] or ""):match "^%s*([^%s;]+)"
  if name ~= self.notifier.package.name then
    return refuse(req, 489, { ["Allow-Events"] = req.agent:allow_events() })
  end
  local key = aor_of(req.uri)
  if not key then return refuse(req, 404) end
  local allowed, err = require("moonsip.request").check(req)
  if not allowed then return nil, err end
  local tag = message.headers["SIP-If-Match"]
  tag = tag and tag:match "^%s*(%S+)%s*$"
  local at, one = find(self.of[key], tag)
  if tag and not one then return refuse(req, 412) end -- 6 step 3
  local seconds, least = seconds_of(self, message)
  if not seconds then return refuse(req, 423, { ["Min-Expires"] = least }) end
  local body = message.body
  local has_body = body ~= nil and #body > 0
  if not tag and not has_body then return refuse(req, 400) end -- 6 step 4
  if has_body then
    local code, fields = trouble(self, message)
    if code then return refuse(req, code, fields) end
  end
  local list = self.of[key] or {}
  if not one and (#list >= max_each or self.count >= max_all) then
    return refuse(req, 503, { ["Retry-After"] = 60 })
  end
  return self:take(req, { key = key, at = at, one = one, seconds = seconds,
                          body = has_body and body or nil })
end

--- Makes, changes, refreshes or removes one; 200 with its new tag.
---@package
function Publications:take(req, wish)
  local one, key = wish.one, wish.key
  if wish.seconds == 0 then
    if one then remove(self, key, wish.at) end
  elseif one then
    one.body = wish.body or one.body
    renew(self, key, one, wish.seconds)
  else
    one = { body = wish.body }
    self.of[key] = self.of[key] or {}
    table.insert(self.of[key], one)
    self.count = self.count + 1
    renew(self, key, one, wish.seconds)
  end
  local tag = one and one.tag or req.agent.engine:token()
  local done, err = req:reply(200, { ["SIP-ETag"] = tag, Expires = wish.seconds })
  self.notifier:notify(key)
  return done, err
end

--- Lets go of all of them.
function Publications:close()
  for _, list in pairs(self.of) do
    for _, one in ipairs(list) do
      if one.timer then self.notifier.agent.context.wheel:stop(one.timer) end
    end
  end
  self.of, self.count = {}, 0
end

return publication
