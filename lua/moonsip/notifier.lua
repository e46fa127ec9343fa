-- SPDX-License-Identifier: MIT
-- agent:event: we tell others of the state of resources, in an event package (RFC 6665 4.2, 5).
-- Who watches what is here; the subscriptions themselves are the core's, which refreshes and
-- expires them, and repeats the state, without a word to Lua.

local acceptance = require "moonsip.acceptance"
local core = require "moonsip.core"
local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local packages = require "moonsip.packages"
local publication = require "moonsip.publication"
local subscription = require "moonsip.subscription"

---@class moonsip.Notifier
---@field agent moonsip.Agent
---@field package moonsip.EventPackage
---@field resources table<string, moonsip.Resource>  that are watched, by address of record
local Notifier = {}
Notifier.__index = Notifier
Notifier.__name = "moonsip.notifier"

local notifier = {}

--- What is watched: its subscriptions as keys.
---@class moonsip.Resource
local Resource = {}
Resource.__index = Resource

--- The address of record of a URI as a text, and as a URI object.
---@param uri userdata|string
---@return string? key
---@return userdata? uri
local function aor_of(uri)
  if type(uri) == "string" then uri = core.uri(uri) end
  if uri and uri.uri then uri = uri.uri end -- an address
  if not uri or not uri.host then return nil end
  local user = uri.user and core.escape(core.unescape(uri.user)) .. "@" or ""
  local key = ("sip:%s%s"):format(user, uri.host:lower())
  return key, core.uri(key)
end

notifier.aor_of = aor_of

local known <const> = { accept = true, expires = true, allow = true, state = true,
                        source = true, interval = true }

local verb <const> = "agent:event"

--- Shortest and longest life of a subscription.
local function spans_of(given, default)
  if given == nil then return nil, default end
  if type(given) ~= "table" then
    return nil, math.max(1, duration.check(verb, "expires", given) // 1000)
  end
  local least = duration.check(verb, "expires", given[1]) // 1000
  local most = duration.check(verb, "expires", given[2]) // 1000
  if least > most or most < 1 then
    misuse.argument(verb, "expires", "{ shortest, longest } expected")
  end
  return least, most
end

--- A notifier for a package, by its name or its table.
---@param agent moonsip.Agent
---@param given string|moonsip.EventPackage
---@param options table?
---@return moonsip.Notifier
function notifier.new(agent, given, options)
  options = misuse.options(verb, options, known)
  local package = packages.of(verb, given)
  local least, most = spans_of(options.expires, package.expires or 3600)
  local interval = options.interval or package.interval or 0
  local self = setmetatable({
    agent = agent, package = package, resources = {},
    content_type = misuse.optional(verb, "accept", options.accept, "string")
      or package.content_type,
    least = least, most = most, interval = duration.check(verb, "interval", interval),
    allow = misuse.optional(verb, "allow", options.allow, "function"),
    read = misuse.optional(verb, "state", options.state, "function"),
    source = false,
  }, Notifier)
  self.publications = publication.new(self)
  self:succeed(agent.notifiers[package.name])
  if options.source ~= nil then
    if not package.open then
      misuse.argument(verb, "source", ("the package %q takes none"):format(package.name))
    end
    local source, why = package.open(self, options.source)
    if not source then misuse.argument(verb, "source", why) end
    self.source = source
  end
  agent:on("SUBSCRIBE", { event = package.name }, function(req) self:serve(req) end)
  agent.notifiers[package.name] = self
  return self
end

--- Takes over what the notifier of a script before it had: who watches, what was published.
---@param before moonsip.Notifier?
---@package
function Notifier:succeed(before)
  if not before then return end
  if before.source and before.source.close then before.source:close() end
  self.resources, self.publications = before.resources, before.publications
  self.publications.notifier = self
  for _, resource in pairs(self.resources) do resource.notifier = self end
end

-- ---- state

--- What a resource is now: body, content type and where its number goes.
local function state_of(self, uri)
  local value
  if self.read then value = self.read(uri, self)
  elseif self.source then value = self.source:state(uri)
  else value = self.publications:published(uri) end
  if value == nil then return nil end
  local body, content_type = packages.format(self.package, value, uri)
  return body, content_type or self.content_type, packages.number_at(self.package, body)
end

--- What was published for an address of record, composed of all publications; nil for
--- nothing.
---@param aor string|userdata
---@return string? body
function Notifier:published(aor)
  return self.publications:published(aor)
end

--- Takes a PUBLISH (RFC 3903 6) and answers it; the watchers are told.
---@param req moonsip.Request
---@return true?
---@return moonsip.Error? err  with the status that was sent as `code`
function Notifier:publish(req)
  return self.publications:serve(req)
end

local function tell(self, resource)
  local body, content_type, at = state_of(self, resource.uri)
  if body and body == resource.body then return 0 end
  resource.body = body
  return self.agent.engine:notify(resource.subscriptions, body, content_type, at) or 0
end

--- The state of an address of record has changed, or of all that are watched (nil): those
--- who watch it are told, once for each document that differs from the last.
---@param aor string|userdata|nil
---@return integer told
function Notifier:notify(aor)
  if self.agent.closed then return 0 end
  if aor ~= nil then
    local resource = self.resources[aor_of(aor) or false]
    return resource and tell(self, resource) or 0
  end
  local keys, told = {}, 0
  for key in pairs(self.resources) do keys[#keys + 1] = key end
  table.sort(keys)
  for _, key in ipairs(keys) do
    local resource = self.resources[key]
    if resource then told = told + tell(self, resource) end
  end
  return told
end

--- Its subscriptions of an address of record, oldest first, or all of them (nil).
---@param aor string|userdata|nil
---@return moonsip.Subscription[]
function Notifier:subscriptions(aor)
  local wanted = aor ~= nil and aor_of(aor)
  local list = {}
  for key, resource in pairs(self.resources) do
    if not wanted or key == wanted then
      for number in pairs(resource.subscriptions) do
        local of = self.agent.subscriptions[number]
        list[#list + 1] = of ~= resource and of
          or subscription.new(self.agent, number, self.package.name, resource)
      end
    end
  end
  table.sort(list, function(a, b) return a.number < b.number end)
  return list
end

-- ---- subscriptions

--- Takes a subscription in. When its document is another than the others had, something has
--- changed of which nobody told us: they hear of it now.
local function add(self, key, uri, number, body, content_type, at)
  local resource = self.resources[key]
  if not resource then
    resource = setmetatable({ notifier = self, key = key, uri = uri, subscriptions = {} },
      Resource)
    self.resources[key] = resource
  elseif body and body ~= resource.body then
    self.agent.engine:notify(resource.subscriptions, body, content_type, at)
  end
  resource.subscriptions[number], resource.body = true, body
  self.agent.subscriptions[number] = resource
end

--- One is over.
---@package
function Resource:forget(number)
  self.subscriptions[number] = nil
  if next(self.subscriptions) == nil then self.notifier.resources[self.key] = nil end
end

Resource.subscription_ended = Resource.forget

---@package
function Resource:challenged(number, message)
  local agent = self.notifier.agent
  subscription.prove(agent, number, message, agent.credentials, "NOTIFY")
end

--- Serves a SUBSCRIBE (4.2.1).
---@package
function Notifier:serve(req)
  local key, uri = aor_of(req.uri)
  if not key then return req:reply(404) end
  if not acceptance.takes(req.message, self.content_type) then
    return req:reply(406, { Accept = self.content_type })
  end
  local answer = true
  if self.allow then answer = self.allow(req, req.from.uri, uri) end
  if req.final then return end
  if not answer then return req:reply(403) end
  local body, content_type, at = state_of(self, uri)
  local number, err = subscription.accept(req, {
    least = self.least, most = self.most, default = self.most, interval = self.interval,
    pending = answer == "pending",
  }, body or "", body and content_type, at)
  if not number then return nil, err end
  add(self, key, uri, number, body, content_type, at)
  return true
end

--- Refuses an event that is not spoken here (489), with those that are.
---@param req moonsip.Request
function notifier.refuse(req)
  return req:reply(489, { ["Allow-Events"] = req.agent:allow_events() })
end

--- Ends all its subscriptions: their subscribers may come back when the agent does.
---@package
function Notifier:close()
  if self.source and self.source.close then self.source:close() end
  self.publications:close()
  for _, resource in pairs(self.resources) do
    for number in pairs(resource.subscriptions) do
      self.agent.engine:terminate(number, "probation", 30)
    end
  end
end

return notifier
