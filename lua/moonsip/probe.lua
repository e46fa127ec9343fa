-- SPDX-License-Identifier: MIT
-- Probes of a gateway: OPTIONS from time to time (RFC 3261 11), each a little earlier or
-- later than the last, so that many gateways and many nodes do not ask at once. Any answer
-- but an outage says that it lives. While that is in doubt the next question follows soon.

local exchange = require "moonsip.exchange"
local plan = require "moonsip.plan"

---@class moonsip.Probe
---@field private gateway moonsip.Gateway
---@field private agent moonsip.Agent?  who asks; else the first of the context
---@field private timer integer?
---@field private underway moonsip.Exchange?
local Probe = {}
Probe.__index = Probe

local probe = {}

-- The first question comes within this, and so does one in doubt.
local soon_ms <const> = 1000

-- Jitter: a share of the interval, both ways.
local jitter <const> = 0.25

--- A number from 0 up to and without 1, out of an engine's own randomness, so that a
--- simulation repeats.
---@param context moonsip.Context
function probe.chance(context)
  local agent = context.agent_list[1]
  if not agent then return math.random() end
  return tonumber(agent.engine:token():sub(-8), 32) / 32 ^ 8
end

--- Asks from now on.
---@param gateway moonsip.Gateway
---@param agent moonsip.Agent?
function probe.new(gateway, agent)
  local self = setmetatable({ gateway = gateway, agent = agent }, Probe)
  self:schedule(probe.chance(gateway.context) * soon_ms)
  return self
end

--- The next question comes in so many milliseconds, and not before a hold is over.
---@package
function Probe:schedule(ms)
  local context, of = self.gateway.context, self.gateway
  if self.timer then context.wheel:stop(self.timer) end
  self.due_at = math.max(context:now() + ms // 1, of.hold_until)
  self.timer = context:start_timer(self.due_at - context:now(), self)
end

local function next_ms(self)
  local of = self.gateway
  local ms = of.probe_ms * (1 - jitter + 2 * jitter * probe.chance(of.context))
  return of:is_doubtful() and math.min(ms, soon_ms) or ms
end

--- Something went wrong: the next question comes soon.
---@package
function Probe:hurry()
  if self.underway or self.is_stopped then return end
  local ms = math.min(self.gateway.probe_ms, soon_ms) * probe.chance(self.gateway.context)
  if self.due_at > self.gateway.context:now() + ms then self:schedule(ms) end
end

local function done(one)
  local self = one.owner
  self.underway = nil
  if not self.is_stopped then self:schedule(next_ms(self)) end
end

--- The timer: asks.
---@package
function Probe:expire()
  self.timer = nil
  local of = self.gateway
  local agent = self.agent or of.context.agent_list[1]
  if not agent or agent.closed then return self:schedule(next_ms(self)) end
  local made = plan.new(agent, "sip.gateways", nil, "OPTIONS")
  made.timeout_ms = of.probe_timeout_ms
  self.underway = exchange.start(agent, "sip.gateways", "OPTIONS", { of:target() }, made,
    { is_quiet = true, owner = self, on_done = done })
  if self.underway.done then self.underway = nil end
end

--- Asks no more.
function Probe:stop()
  self.is_stopped = true
  local context = self.gateway.context
  if self.timer then context.wheel:stop(self.timer) end
  self.timer = nil
  if self.underway then self.underway:close() end
end

return probe
