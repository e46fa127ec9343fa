-- SPDX-License-Identifier: MIT
-- A line: an address of record that an agent registers, keeps registered, and sends
-- requests as (RFC 3261 10). Its bindings are registration.lua's.

local errors = require "moonsip.errors"
local handlers = require "moonsip.handlers"
local registration = require "moonsip.registration"
local wait = require "moonsip.wait"

---@class moonsip.Line
---@field agent moonsip.Agent
---@field uri userdata            its address of record
---@field registered boolean      a registrar has it now
---@field error moonsip.Error|false  of the last attempt that failed
---@field closed boolean
---@field state "registering"|"registered"|"waiting"|"refused"|"closed"
---@field expires integer?        seconds that are left
---@field contact string?         the URI that the registrar has of us
---@field service_route string?   routes of its requests (RFC 3608)
---@field path string?            proxies that its own requests come by (RFC 3327)
---@field flows table[]           each of its bindings
---@field gruu string?            public GRUU, where the registrar gives one (RFC 5627)
---@field temp_gruu string?       the latest temporary one
---@field retry_in number?        seconds until the next attempt, after one that failed
local Line = {}
Line.__name = "moonsip.line"

handlers.mixin(Line, "line")

local line = {}

local getters <const> = {}

--- The binding that speaks for the line: the first that a registrar has.
local function good(self)
  for _, one in ipairs(self.registrations) do
    if one:is_good() then return one end
  end
end

local function answer_of(self)
  local one = good(self)
  return one and one.answer or nil
end

-- Of several bindings the one that goes on best says how the line is.
local order <const> = { "asking", "waiting", "refused", "leaving", "closed" }
local names <const> = { asking = "registering", waiting = "waiting", refused = "refused",
                        leaving = "closed", closed = "closed" }

function getters:state()
  if self.closed then return "closed" end
  if self.registered then return "registered" end
  for _, state in ipairs(order) do
    for _, one in ipairs(self.registrations) do
      if one.state == state then return names[state] end
    end
  end
end

function getters:expires()
  local most
  local now = self.agent.context:now()
  for _, one in ipairs(self.registrations) do
    local left = one.lapses_at and math.max(one.lapses_at - now, 0)
    if left and (not most or left > most) then most = left end
  end
  return most and math.ceil(most / 1000)
end

function getters:retry_in()
  local least
  for _, one in ipairs(self.registrations) do
    local at = one.state == "waiting" and one.due_at
    if at and (not least or at < least) then least = at end
  end
  return least and math.max(least - self.agent.context:now(), 0) / 1000
end

function getters:contact()
  local of = answer_of(self)
  return of and of.contact or nil
end

function getters:service_route()
  local of = answer_of(self)
  return of and of.service_route
end

function getters:path()
  local of = answer_of(self)
  return of and of.path
end

function getters:gruu()
  local of = answer_of(self)
  return of and of.gruu
end

function getters:temp_gruu()
  local of = answer_of(self)
  return of and of.temp_gruu
end

--- What a script gets to see of its bindings.
function getters:flows()
  local list = {}
  for at, one in ipairs(self.registrations) do
    list[at] = { reg_id = one.reg_id or nil, state = names[one.state] or one.state,
                 registered = one:is_good(), edge = one.routes, error = one.error,
                 outbound = one:is_good() and one.answer.is_outbound or false,
                 keep_alive = one.keeper and one.keep_ms / 1000 or nil }
  end
  return list
end

function Line:__index(key)
  local value = Line[key]
  if value ~= nil then return value end
  local getter = getters[key]
  return getter and getter(self)
end

Line.getters = getters

--- A line, which `begin` starts.
---@param agent moonsip.Agent
---@param settings table  of line_settings.read
---@return moonsip.Line
function line.new(agent, settings)
  local self = setmetatable({
    agent = agent, settings = settings, uri = settings.uri, registered = false,
    error = false, closed = false, waits = false, handlers = false, registrations = {},
  }, Line)
  for at, edge in ipairs(settings.edges or {}) do
    self.registrations[at] = registration.new(self, { reg_id = at, routes = edge })
  end
  if not settings.edges then
    self.registrations[1] = registration.new(self, { routes = settings.routes })
  end
  return self
end

--- Sends the first REGISTERs.
---@package
function Line:begin()
  for _, one in ipairs(self.registrations) do one:ask() end
end

-- ---- what its registrations put into their requests

--- Parameters of the Contact, and of the URI in it.
---@package
function Line:contact_params(of)
  local q, instance = self.settings.q, self.settings.instance
  local params = q and ";q=" .. q or ""
  if instance then params = ('%s;+sip.instance="%s"'):format(params, instance) end
  if not of.reg_id then return params, nil end
  return ("%s;reg-id=%d"):format(params, of.reg_id), ";ob"
end

--- The flow that its requests go by (RFC 5626 4.3); nil where that is no matter.
---@package
function Line:request_flow()
  local one = self.settings.edges and good(self)
  return one and one.reg_id and one.flow or nil
end

--- The Contact of other requests (RFC 5627 4.4): a GRUU, or nil for where we are.
---@package
function Line:request_contact()
  local wanted, of = self.settings.gruu, answer_of(self)
  if not wanted or not of then return nil end
  return wanted == "temporary" and of.temp_gruu or of.gruu
end

--- Where its requests go first: as the registrar says (RFC 3608 6.1), else as it was told.
---@package
function Line:routes()
  local one = good(self)
  return one and (one.answer.service_route or one.routes) or self.settings.routes
end

--- Header fields of a REGISTER: Path is something that a user agent says it can do with
--- (RFC 3327 5.1).
---@package
function Line:register_headers(of)
  local flat = table.move(self.settings.headers or {}, 1, #(self.settings.headers or {}), 1, {})
  local supported = self.agent.supported
  local tags = supported ~= "" and { supported, "path" } or { "path" }
  if self.settings.instance then tags[#tags + 1] = "gruu" end
  if of.reg_id then tags[#tags + 1] = "outbound" end
  flat[#flat + 1], flat[#flat + 2] = "Supported", table.concat(tags, ", ")
  return flat
end

-- ---- what becomes of them

local function tell(self, name, ...)
  local tasks, agent = self.agent.context.tasks, self.agent
  if self.handlers then
    for _, fn in ipairs(self.handlers:of_event(name)) do tasks:spawn(agent, fn, self, ...) end
  end
  for _, fn in ipairs(agent.handlers:of_event(name)) do tasks:spawn(agent, fn, self, ...) end
end

local function resolve(self, ...)
  local waits = self.waits
  self.waits = false
  for _, one in ipairs(waits or {}) do one:resolve(...) end
end

--- Another of its bindings is good: what RFC 5626 4.5 waits longer for.
---@package
function Line:has_other(but)
  for _, one in ipairs(self.registrations) do
    if one ~= but and one:is_good() then return true end
  end
  return false
end

local function is_trying(self)
  for _, one in ipairs(self.registrations) do
    if one.state == "asking" then return true end
  end
  return false
end

---@package
function Line:went_up(_, response)
  self.error = false
  if self.registered then return tell(self, "refreshed", response) end
  self.registered = true
  tell(self, "registered", response)
  resolve(self, true)
end

---@package
function Line:went_down(_, err)
  if self.closed or not self.registered or good(self) then return end
  self.registered = false
  tell(self, "lost", err)
end

---@package
function Line:attempt_failed(_, err)
  self.error = err
  tell(self, "failed", err)
  if not self.registered and not is_trying(self) then resolve(self, nil, err) end
end

---@package
function Line:has_left(_, err)
  for _, one in ipairs(self.registrations) do
    if one.state ~= "closed" then return end
  end
  local was_registered = self.registered
  self.registered = false
  if was_registered and not err then tell(self, "unregistered") end
  if err then resolve(self, nil, err) else resolve(self, true) end
end

-- ---- verbs

local function start_wait(one, self)
  if self.registered then return one:resolve(true) end
  if self.closed then return one:resolve(nil, errors.new("gone", "the line is closed")) end
  if not is_trying(self) then return one:resolve(nil, self.error) end
  self.waits = self.waits or {}
  table.insert(self.waits, one)
end

--- Waits until it is registered, or until the attempt under way has failed.
---@param callback fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function Line:wait(callback)
  return wait.await(self.agent.context, "line:wait", self.agent, callback, start_wait, self)
end

--- Registers now, whatever it waits for: also after it was refused.
function Line:refresh()
  if self.closed then return end
  for _, one in ipairs(self.registrations) do one:refresh() end
end

--- Takes the registration back and forgets the line: fire and forget.
function Line:close()
  if self.closed then return end
  self.closed = true
  resolve(self, nil, errors.new("cancelled", "the line is closed"))
  self.agent:forget_line(self)
  for _, one in ipairs(self.registrations) do one:leave() end
end

Line.__close = Line.close

local function start_leaving(one, self)
  self:close()
  for _, each in ipairs(self.registrations) do
    if each.state ~= "closed" then
      self.waits = { one }
      return
    end
  end
  one:resolve(true)
end

--- The same, and waits for the registrar's answer.
---@param callback fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err  it may still have the binding, until that lapses
function Line:unregister(callback)
  return wait.await(self.agent.context, "line:unregister", self.agent, callback,
    start_leaving, self)
end

local function with_line(self, options)
  local made = { line = self }
  for name, value in pairs(options or {}) do made[name] = value end
  return made
end

--- As agent:request, from this line.
---@return moonsip.Exchange
function Line:request(method, given, options)
  return self.agent:request(method, given, with_line(self, options))
end

--- As agent:call, from this line.
---@return moonsip.Call?
---@return moonsip.Error? err
function Line:call(given, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  return self.agent:call(given, with_line(self, options), callback)
end

--- As agent:start_call, from this line.
---@return moonsip.Call
function Line:start_call(given, options)
  return self.agent:start_call(given, with_line(self, options))
end

function Line:__tostring()
  return ("%s (%s)"):format(self.settings.aor:match "<(.*)>", self.state)
end

line.Line = Line

return line
