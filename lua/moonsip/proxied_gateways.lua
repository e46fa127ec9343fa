-- SPDX-License-Identifier: MIT
-- Gateways among the targets of a request that is proxied. Each is asked for leave just
-- before its branch begins, so that its limits hold and nothing goes to one that is down;
-- what its branch hears tells how it is. A call keeps its place until its BYE comes through
-- here, where the route was recorded; else until its answer, since nothing is known of it
-- then.
--
-- The core gets one turn of the set after the other: the next one when all before it have
-- failed.

local errors = require "moonsip.errors"

---@class moonsip.ProxiedGateways
---@field private request moonsip.Request
---@field private set table        of target_set.read
---@field private turn integer
---@field private held table<integer, { gateway: moonsip.Gateway, permit: moonsip.Permit }>  by branch
---@field private refusal moonsip.Error?
---@field private over boolean     no further turn
local Gates = {}
Gates.__index = Gates
Gates.over = false

local proxied_gateways = {}

-- A call whose BYE never came gives its place back after so long.
local max_call_ms <const> = 12 * 3600 * 1000

-- ---- calls whose BYE will come through here

local Kept = {}
Kept.__index = Kept

--- Its BYE came, or will not.
local function release(kept)
  local of = kept.agent.proxied_calls
  if of[kept.call_id] ~= kept then return end
  of[kept.call_id] = nil
  kept.agent.context.wheel:stop(kept.timer)
  kept.agent:want_routed_byes(-1)
  for _, permit in ipairs(kept) do permit:release() end
end

function Kept:expire() release(self) end

local function keep(agent, call_id, permit)
  local kept = agent.proxied_calls[call_id]
  if not kept then
    kept = setmetatable({ agent = agent, call_id = call_id }, Kept)
    kept.timer = agent.context:start_timer(max_call_ms, kept)
    agent.proxied_calls[call_id] = kept
    agent:want_routed_byes(1)
  end
  kept[#kept + 1] = permit
end

--- A BYE went through (from the dispatcher).
---@param agent moonsip.Agent
---@param call_id string
function proxied_gateways.ended(agent, call_id)
  local kept = agent.proxied_calls[call_id]
  if kept then release(kept) end
end

-- ---- one request

--- For a set that has gateways; `start(part)` hands a part of it to the core.
---@param request moonsip.Request
---@param set table
---@param start fun(part: table): true?, moonsip.Error?
function proxied_gateways.new(request, set, start)
  return setmetatable({ request = request, set = set, start = start, turn = 0, held = {} }, Gates)
end

--- Leave for the targets of a turn: those that may be tried.
local function claim_turn(self, number)
  local allowed, permits = {}, {}
  for _, one in ipairs(self.set.targets) do
    if one.turn == number then
      local permit, err = nil, nil
      if one.gateway then permit, err = one.gateway:claim(self.request.message.method) end
      if err then
        self.refusal = self.refusal or err
      else
        one.turn = 1 -- of what the core gets now
        allowed[#allowed + 1] = one
        permits[one] = permit
      end
    end
  end
  return allowed, permits
end

--- Begins the next turn in which there is somebody to try.
---@return true?
---@return moonsip.Error? err  why nobody can be; false: there is nobody left
function Gates:advance()
  local set = self.set
  while self.turn < set.turns do
    self.turn = self.turn + 1
    local allowed, permits = claim_turn(self, self.turn)
    if #allowed > 0 then
      self.permits = permits
      local part = setmetatable({ targets = allowed }, { __index = set })
      local ok, err = self.start(part)
      if not ok then
        for _, permit in pairs(permits) do permit:release() end
      end
      return ok, err
    end
  end
  self.over = true
  return nil, self.refusal or errors.new("noanswer", "there is no target", { code = 480 })
end

--- The core has given a target's branch its number; nil: it will have none.
---@param target table
---@param number integer?
function Gates:placed(target, number)
  local permit = self.permits[target]
  if not permit then return end
  if number and number ~= 0 then
    self.held[number] = { gateway = target.gateway, permit = permit }
  else
    permit:release()
  end
end

--- Something happened to a branch (from the dispatcher).
---@param number integer
---@param code integer
---@param message table?
function Gates:branch_became(number, code, message)
  local one = self.held[number]
  if not one or code == 0 then return end
  if not message then
    one.gateway:missed(errors.new("timeout", "no response", { code = code }))
  else
    local value = code == 503 and message:typed "Retry-After"
    one.gateway:seen_at(message.source_ip)
    one.gateway:heard(code, value and value.seconds, one.provisional)
  end
  if code < 200 then
    one.provisional = code
    return
  end
  self.held[number] = nil
  local request = self.request
  if code < 300 then
    if request.message.method == "INVITE" then one.gateway:succeeded() end
    if self.set.stay == "record_route" then
      return keep(request.agent, request.message.call_id, one.permit)
    end
  end
  one.permit:release()
end

--- True when another turn was begun after an outcome of the core's.
---@param code integer
---@return boolean
function Gates:goes_on(code)
  if self.over or self.request.cancelled or code >= 600 or code >= 200 and code < 300 then
    return false
  end
  return self:advance() == true
end

--- Nothing more will come of it, or nothing that counts: places that were taken for branches without an outcome.
function Gates:close()
  self.over = true
  for number, one in pairs(self.held) do
    self.held[number] = nil
    one.permit:release()
  end
end

--- True when a set has gateways.
function proxied_gateways.has(set)
  for _, one in ipairs(set.targets) do
    if one.gateway then return true end
  end
  return false
end

return proxied_gateways
