-- SPDX-License-Identifier: MIT
-- The location service (RFC 3261 10): which contacts an address of record is at. REGISTER
-- requests fill it, look-ups ask it, and it tells what changed. Where the bindings are
-- kept is its keeper's business.

local contact = require "moonsip.contact"
local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local gruu = require "moonsip.gruu"
local handlers = require "moonsip.handlers"
local headers = require "moonsip.headers"
local memory = require "moonsip.location.memory"
local misuse = require "moonsip.misuse"
local redis = require "moonsip.location.redis"
local sqlite = require "moonsip.location.sqlite"
local stored = require "moonsip.location.stored"
local target = require "moonsip.target"

---@class moonsip.Location
---@field context moonsip.Context
---@field store string          what keeps the bindings: "memory" ...
---@field private keeper table
---@field private registrar table  core.registrar
local Location = {}
Location.__index = Location
Location.__name = "moonsip.location"

handlers.mixin(Location, "loc", function(self)
  if self.keeper.watch then self.keeper:watch() end
end)

local location = {}

local options_known <const> = { store = true, max_contacts = true, when_full = true,
                                expires = true, path = true, service_route = true,
                                domain = true, known = true, gruu = true, secret = true,
                                flow_timer = true }

local default_max_contacts <const> = 10
local max_contacts <const> = 64
local default_min_s <const>, default_max_s <const> = 60, 3600
local hour_s <const>, max_s <const> = 3600, 4294967295
local least_secret <const> = 16

local verb <const> = "sip.location"

local function seconds_of(name, value, otherwise)
  if value == nil then return otherwise end
  local seconds = duration.check(verb, name, value) // 1000
  return misuse.integer(verb, name, seconds, 1, max_s)
end

--- `expires = { min, max }`, with `default` where it is not the most.
local function spans_of(given)
  given = misuse.optional(verb, "expires", given, "table") or {}
  for name in pairs(given) do
    if name ~= 1 and name ~= 2 and name ~= "default" then
      misuse.argument(verb, "expires", "{ least, most, default = span } expected")
    end
  end
  local least = seconds_of("expires", given[1], default_min_s)
  local most = seconds_of("expires", given[2], math.max(default_max_s, least))
  local default = seconds_of("expires.default", given.default, most)
  if least > hour_s then
    misuse.argument(verb, "expires", "an hour or more is always granted (RFC 3261 10.3)")
  end
  if least > most or default < least or default > most then
    misuse.argument(verb, "expires", "least, default and most are out of order")
  end
  return least, most, default
end

local function choice(options, name, choices)
  local value = options[name]
  if value == nil then return choices[1] end
  for _, one in ipairs(choices) do
    if value == one then return value end
  end
  misuse.argument(verb, name, table.concat(choices, " or ") .. " expected")
end

--- A list of routes, as Service-Route has them (RFC 3608 5).
local function routes_of(given)
  if given == nil then return nil end
  local list = {}
  for at, one in ipairs(type(given) == "table" and given or { given }) do
    list[at] = target.routes(verb, "service_route", one)
    if not core.header("Service-Route", list[at]) then
      misuse.argument(verb, "service_route", ("%s is no URI"):format(one))
    end
  end
  return list
end

--- Who keeps the bindings: the class of the keeper, and its name.
local function keeper_of(context, store)
  if store == nil or store == "memory" then return memory, "memory" end
  if type(store) == "table" then
    for _, name in ipairs { "load", "save" } do
      misuse.check(verb, "store." .. name, store[name], "function")
    end
    return stored, "lua", store
  end
  local scheme, rest = misuse.text(verb, "store", store):match "^(%a+):(.+)$"
  if scheme == "sqlite" then return stored, "sqlite", sqlite.new(context, rest) end
  if scheme == "redis" then return stored, "redis", redis.new(context, store) end
  misuse.argument(verb, "store",
    '"memory", "sqlite:PATH", "redis://HOST" or a table with load and save expected')
end

--- Key of temporary GRUUs.
local function secret_of(given)
  if given == nil then return nil end
  if #misuse.check(verb, "secret", given, "string") < least_secret then
    misuse.argument(verb, "secret", ("at least %d characters expected"):format(least_secret))
  end
  return given
end

---@param context moonsip.Context
---@param options table?  see docs/location.md
---@return moonsip.Location
function location.new(context, options)
  options = misuse.options(verb, options, options_known)
  local least, most, default = spans_of(options.expires)
  local domain = options.domain
  if domain ~= nil then misuse.text(verb, "domain", domain) end
  local keeper, store, how = keeper_of(context, options.store)
  local seed = context.driver:engine_options().seed
  local self = setmetatable({
    context = context, store = store, seed = seed,
    known = misuse.optional(verb, "known", options.known, "function"),
    registrar = assert(core.registrar {
      min = least, max = most, default = default, domain = domain,
      max_contacts = misuse.integer(verb, "max_contacts",
        options.max_contacts or default_max_contacts, 1, max_contacts),
      evicts = choice(options, "when_full", { "refuse", "replace" }) == "replace",
      takes_any_path = choice(options, "path", { "supported", "any" }) == "any",
      service_route = routes_of(options.service_route), gruu = options.gruu ~= false,
      secret = secret_of(options.secret), seed = seed and ~seed,
      flow_timer = seconds_of("flow_timer", options.flow_timer, 0),
    }),
  }, Location)
  self.keeper = keeper.new(self, location.is_ours, how)
  if options.gruu ~= false then gruu.serve(context, self, true) end
  return self
end

-- ---- events

--- Whether somebody hears of them.
---@package
function Location:tells(name)
  return self.handlers ~= nil and self.handlers:has(name)
end

--- An address of record as a URI object.
local function uri_of(aor)
  local user, host = aor:match "^(.*)@(.-)$"
  return core.uri(user and ("sip:%s@%s"):format(core.escape(user), host) or "sip:" .. aor)
end

--- Runs the handlers of an event, each in a task of its own.
---@package
function Location:tell(name, aor, of)
  if not self:tells(name) then return end
  local uri = uri_of(aor)
  for _, fn in ipairs(self.handlers:of_event(name)) do
    self.context.tasks:spawn(nil, fn, uri, contact.new(of))
  end
end

local function tell_changes(self, aor, changes)
  for at = 1, #changes, 2 do self:tell(changes[at], aor, changes[at + 1]) end
end

-- ---- registering

--- Whether the To of a REGISTER is at the domain that its Request-URI names, when the
--- two are not the same host: both are ours then (10.3 step 5).
function location.is_ours(req)
  local asked, of, agent = req.uri, req.to, req.agent
  return asked and of and agent:is_local(asked) and agent:is_local(of)
end

local save_options <const> = { headers = true }

--- Header fields of the script's own as the lines that go behind those of the registrar.
local function lines_of(options)
  options = misuse.options("loc:save", options, save_options)
  local flat = headers.flatten("loc:save", options.headers)
  if not flat then return nil end
  local lines = {}
  for at = 1, #flat, 2 do lines[#lines + 1] = ("%s: %s\r\n"):format(flat[at], flat[at + 1]) end
  return table.concat(lines)
end

--- Does what a REGISTER asks for and answers it: 200 with all contacts, or the refusal
--- (400, 403, 404, 420, 423, 439, 500). Who may do that for whom is the script's to say
--- before.
---@param req moonsip.Request
---@param options { headers: table? }?  header fields of the 200
---@return true?
---@return moonsip.Error? err  with the status that was sent as `code`
function Location:save(req, options)
  local message = type(req) == "table" and req.message
  if not message or message.method ~= "REGISTER" then
    misuse.argument("loc:save", "req", "a REGISTER expected")
  end
  local more = options ~= nil and lines_of(options) or nil
  local status, reason, changes = self.keeper:serve(self.registrar, req, more)
  if not status then return nil, reason end
  if changes then tell_changes(self, self.registrar:aor(message), changes) end
  if status == 200 then return true end
  local kind = status == 404 and "notfound" or "rejected"
  return nil, errors.new(kind, reason or "refused by the registrar", { code = status })
end

-- ---- looking

--- The user is known to somebody who was not asked yet.
local function is_known(self, aor, remembered)
  if not self.known then return remembered end
  return self.known(uri_of(aor))
end

--- Why there are no contacts: 480 for one who is away, 404 for one who does not exist
--- (RFC 3261 21.4.18, 21.4.5). Who has not proven himself does not learn the difference.
local function absent(known)
  if known then
    return errors.new("notfound", "not registered at the moment", { code = 480 })
  end
  return errors.new("notfound", "no such user", { code = 404, to_strangers = 480 })
end

--- Of the contacts those of the device that a GRUU is for (RFC 5627 6.1): none when it is
--- away; nil when the GRUU, a temporary one, is void by now (5.3).
local function of_device(self, contacts, device, made_at)
  local found, since = {}, 0
  for _, one in ipairs(contacts) do
    if one.instance and self.registrar:device(one.instance) == device then
      found[#found + 1] = one
      since = math.max(since, one.gruu_at or 0)
    end
  end
  if made_at and (#found == 0 or made_at < since) then return nil end
  return found
end

--- The contacts of an address of record, or of the device that a GRUU names, in the order of
--- preference: a target for requests. It may wait, unless the bindings are in memory.
---@param uri string|userdata  a URI, an address
---@return moonsip.Contact[]?
---@return moonsip.Error? err  notfound with code 480 or 404; store
function Location:lookup(uri)
  if type(uri) ~= "userdata" then misuse.text("loc:lookup", "uri", uri) end
  local aor, device, made_at = self.registrar:gruu(uri)
  if not aor then return nil, absent(false) end
  local contacts, why = self.keeper:find(aor)
  if errors.is(why) then return nil, why end
  if contacts and device then
    contacts = of_device(self, contacts, device, made_at)
    why = contacts ~= nil
  end
  if contacts and contacts[1] then return contact.list(contacts) end
  if made_at then return nil, absent(false) end
  return nil, absent(is_known(self, aor, why))
end

--- Removes all contacts of an address of record, or one: those that were there.
---@param uri string|userdata
---@param one string|moonsip.Contact|nil
---@return moonsip.Contact[]?
---@return moonsip.Error? err
function Location:remove(uri, one)
  if type(uri) ~= "userdata" then misuse.text("loc:remove", "uri", uri) end
  if one ~= nil then one = misuse.text("loc:remove", "contact", tostring(one)) end
  local aor = self.registrar:aor(uri)
  if not aor then return {} end
  local gone, err = self.keeper:remove(aor, one)
  if not gone then return nil, err end
  for _, each in ipairs(gone) do self:tell("removed", aor, each) end
  return contact.list(gone)
end

--- How many contacts there are; nil where the store does not count them.
---@return integer?
function Location:count()
  return self.keeper:count()
end

--- Lets go of the store. Doing it twice is fine.
function Location:close()
  if self.closed then return end
  self.closed = true
  gruu.serve(self.context, self, false)
  self.keeper:close()
end

Location.__close = Location.close

return location
