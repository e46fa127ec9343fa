-- SPDX-License-Identifier: MIT
-- A gateway: one way out, and whether it may be taken now. What is sent through it tells
-- how it is (passive marking), probes ask when nothing is (probe.lua). A set of them is
-- gateways.lua.
--
-- Whoever sends a request through a gateway keeps to this:
--   local permit, err = gateway:claim(method)   before: nil when it may not be sent now
--   gateway:heard(status, retry_after)          for each response
--   gateway:missed(err)                         when none will come, or it was not sent
--   permit:release()                            when the call is over, or was not answered

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local guard = require "moonsip.guard"

---@class moonsip.Gateway
---@field name string
---@field uri string
---@field up boolean            it takes calls: it is not down, and not being drained
---@field state "up"|"down"|"draining"
---@field calls integer         through it now, those that are being set up too
---@field why moonsip.Error?    what took it down
---@field since number          sip.now() when its state last changed
---@field attempts integer      calls that were tried; of them
---@field answered integer      were answered,
---@field failures integer      met an outage: a 408, a 503, or no answer at all
---@field priority integer
---@field weight integer
---@field max_calls integer?
local Gateway = {}
Gateway.__name = "moonsip.gateway"

local getters <const> = {}

function getters:up() return self.state == "up" end

Gateway.__index = core.lookup(Gateway, getters)

---@class moonsip.Permit
---@field private gateway moonsip.Gateway?
local Permit = {}
Permit.__index = Permit

local gateway = {}

-- An outage of the gateway (RFC 3261 21.5.4, 21.4.9); other statuses say that it lives.
local outages <const> = { [408] = true, [503] = true }

-- Another gateway may do better after these, which are outages further on.
local elsewhere <const> = { [408] = true, [430] = true, [500] = true, [502] = true,
                            [503] = true, [504] = true }

-- Addresses of one gateway that are remembered.
local max_addresses <const> = 64

---@param fields table  of gateway_settings.read
---@param changed fun(gateway: moonsip.Gateway, event: string, err: moonsip.Error?)
function gateway.new(fields, changed)
  local self = fields
  self.changed, self.state = changed, "up"
  self.is_down, self.is_draining = false, false
  self.calls, self.attempts, self.answered, self.failures = 0, 0, 0, 0
  self.missed_in_row, self.heard_in_row, self.hold_until = 0, 0, 0
  self.since, self.seen = self.context:now() / 1000, {}
  setmetatable(self, Gateway)
  local host = core.uri(self.uri).host:gsub("[%[%]]", "")
  if core.addresses { host } then self:seen_at(host) end
  guard.add_peers(self.context, self.addresses)
  return self
end

--- True for the object of a gateway.
function gateway.is(value)
  return getmetatable(value) == Gateway
end

--- True when a response means that another gateway is to be tried: not when somebody
--- was reached whose phone rang out.
---@param status integer
---@param provisional integer?  the last that came before
function gateway.is_elsewhere(status, provisional)
  if status == 408 and provisional and provisional > 100 then return false end
  return elsewhere[status] or false
end

--- Where a request goes that is sent through it, as target.list has it.
---@package
function Gateway:target()
  return { uri = self.uri, gateway = self, headers = self.headers, from = self.from,
           routes = self.routes, transport = self.transport, credentials = self.credentials }
end

--- It answers from this address: what comes from there is a gateway's.
---@param ip string
---@package
function Gateway:seen_at(ip)
  if self.seen[ip] or #self.addresses >= max_addresses then return end
  self.seen[ip] = true
  table.insert(self.addresses, ip)
  guard.add_peers(self.context, { ip })
end

--- True when an address is one that it calls or answers from.
---@param ip string
---@return boolean
---@package
function Gateway:is_at(ip)
  return self.seen[ip] or self.networks:has(ip)
end

--- Its state, and who hears of a change.
local function update(self)
  local state = self.is_draining and "draining" or self.is_down and "down" or "up"
  if state == self.state then return end
  self.state, self.since = state, self.context:now() / 1000
  self:changed(state, self.why)
  if state == "draining" and self.calls == 0 then self:changed "drained" end
end

function Permit:release()
  local of = self.gateway
  if not of then return end
  self.gateway = nil
  of.calls = of.calls - 1
  if of.calls == 0 and of.is_draining then of:changed "drained" end
end

local free_permit <const> = setmetatable({}, Permit) -- of what takes no place

--- Why it takes no call now; nil when it does. Calls per second are not looked at.
local function refusal(self)
  local kind, why
  if self.is_draining then
    kind, why = "limit", "is being drained"
  elseif self.is_down then
    kind, why = "transport", "is down"
  elseif self.max_calls and self.calls >= self.max_calls then
    kind, why = "limit", ("has %d calls already"):format(self.calls)
  end
  return kind and errors.new(kind, ("gateway %s %s"):format(self.name, why),
    { code = 503, gateway = self })
end

--- True when it is up and has room for another call; false and why not.
---@return boolean
---@return moonsip.Error? why
function Gateway:available()
  local why = refusal(self)
  return why == nil, why
end

--- Leave to send a request through it now. An INVITE takes a place among its calls and one
--- of its calls per second.
---@param method string
---@return moonsip.Permit?
---@return moonsip.Error? err  of kind transport when it is down, limit when it is full
---@package
function Gateway:claim(method)
  if method ~= "INVITE" then return free_permit end
  local why = refusal(self)
  if why then return nil, why end
  if self.rate and not self.rate:allow() then
    return nil, errors.new("limit", ("gateway %s has had its %d calls in %g s")
      :format(self.name, self.rate.count, self.rate.span), { code = 503, gateway = self })
  end
  self.calls, self.attempts = self.calls + 1, self.attempts + 1
  return setmetatable({ gateway = self }, Permit)
end

local function go_down(self, err)
  self.is_down, self.heard_in_row, self.why = true, 0, err
  update(self)
  if not self.probe_ms then -- one more call decides when that is over
    self.missed_in_row = self.down_after - 1
    self.context:start_timer(math.max(self.hold_ms, self.hold_until - self.context:now()), self)
  end
end

local function come_up(self)
  self.is_down, self.heard_in_row, self.why = false, 0, nil
  update(self)
end

--- The hold of one that is not probed is over.
---@package
function Gateway:expire()
  if self.is_down then come_up(self) end
end

--- True while one more answer, or one more failure, may change what it is.
---@package
function Gateway:is_doubtful()
  if self.is_down then return self.heard_in_row > 0 end
  return self.missed_in_row > 0
end

--- It answered.
local function lives(self)
  self.missed_in_row = 0
  if not self.is_down or self.context:now() < self.hold_until then return end
  self.heard_in_row = self.heard_in_row + 1
  if self.heard_in_row >= self.up_after then come_up(self) end
end

local function fails(self, err)
  self.heard_in_row = 0
  self.missed_in_row = self.missed_in_row + 1
  if not self.is_down and self.missed_in_row >= self.down_after then go_down(self, err) end
  if self.probe then self.probe:hurry() end
end

--- A response to a request through it came. A 503 that says when to come back takes it
--- down until then (RFC 3261 21.5.4).
---@param status integer
---@param retry_after integer?  seconds
---@param provisional integer?  the last that came before it
---@package
function Gateway:heard(status, retry_after, provisional)
  if status < 200 then return lives(self) end
  if not outages[status] or status == 408 and provisional and provisional > 100 then
    return lives(self)
  end
  self.failures = self.failures + 1
  local err = errors.new(status == 503 and "limit" or "timeout",
    ("gateway %s answered %d"):format(self.name, status), { code = status })
  if status == 503 and retry_after and retry_after > 0 then
    self.hold_until = math.max(self.hold_until, self.context:now() + retry_after * 1000)
    self.missed_in_row = math.max(self.missed_in_row, self.down_after - 1)
  end
  fails(self, err)
end

--- A request through it was not answered, or could not be sent.
---@param err moonsip.Error
---@package
function Gateway:missed(err)
  self.failures = self.failures + 1
  fails(self, err)
end

--- A call through it was answered.
---@package
function Gateway:succeeded()
  self.answered = self.answered + 1
end

--- Takes no new calls from now on; those through it go on. on("drained") hears when the last
--- has ended.
function Gateway:drain()
  self.is_draining = true
  update(self)
end

--- Takes calls again.
function Gateway:resume()
  self.is_draining = false
  update(self)
end

function Gateway:__tostring()
  return ("gateway %s (%s, %s)"):format(self.name, self.uri, self.state)
end

gateway.Gateway = Gateway

return gateway
