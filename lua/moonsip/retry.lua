-- SPDX-License-Identifier: MIT
-- When an exchange is tried again later, or elsewhere sooner: after a change of a session
-- that crossed another (RFC 3261 14.1) or came too soon (14.2, RFC 3311 5.2), with a session
-- interval that is long enough (RFC 4028 7.3), and when a target does not ring in time.

local retry = {}

-- How often a change that crosses another is tried again.
local max_glares <const> = 5

-- How often an interval is raised, for one on the way after the other.
local max_too_short <const> = 5

-- RFC 3261 14.2: 0 to 10 s is what a change that came too soon is told to wait.
local longest_wait_s <const> = 10

-- RFC 3261 14.1: who made the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, by 10 ms.
local owner_ms <const>, owner_steps <const>, other_steps <const> = 2100, 191, 201

--- A timer of an exchange: `act(exchange)` when it is due.
local Later = {}
Later.__index = Later

function Later:expire()
  local of = self.exchange
  of[self.slot] = nil
  self.act(of)
end

local function start(exchange, slot, ms, act)
  local timer = setmetatable({ exchange = exchange, slot = slot, act = act }, Later)
  exchange[slot] = exchange.agent.context:start_timer(ms, timer)
end

local function stop(exchange, slot)
  if not exchange[slot] then return end
  exchange.agent.context.wheel:stop(exchange[slot])
  exchange[slot] = nil
end

--- A change that may be tried again: false when it is none, or goes on and on.
local function is_change_again(exchange)
  local glares = (exchange.glares or 0) + 1
  if not exchange.dialog or exchange.cancelling or glares > max_glares then return false end
  if exchange.method ~= "INVITE" and exchange.method ~= "UPDATE" then return false end
  exchange.glares = glares
  return true
end

--- Two that change a session at once both get 491 and try again after a random span,
--- the one that made the Call-ID later than the other. False when it is no such case, or
--- goes on and on.
---@param exchange moonsip.Exchange
---@return boolean
function retry.after_glare(exchange)
  if not is_change_again(exchange) then return false end
  local agent = exchange.agent
  local chance = tonumber(agent.engine:token():sub(-4), 32)
  local ms = exchange.dialog.direction == "out" and owner_ms + chance % owner_steps * 10
    or chance % other_steps * 10
  agent.exchanges[exchange.transaction] = nil
  start(exchange, "retry", ms, exchange.again)
  return true
end

--- The other side was not done with a change before ours, and says when it will be.
---@param exchange moonsip.Exchange
---@param message table
---@return boolean
function retry.when_told(exchange, message)
  local after = message:typed "Retry-After"
  local is_ours = not exchange.plan.is_raw -- what a script asks for itself it may ask again
  if not after or after.seconds > longest_wait_s or not is_ours
    or not is_change_again(exchange) then
    return false
  end
  exchange.agent.exchanges[exchange.transaction] = nil
  start(exchange, "retry", after.seconds * 1000, exchange.again)
  return true
end

--- The session would expire too soon for somebody on the way: the same request with the
--- interval that he allows (RFC 4028 7.3). Each 422 has to ask for more, and not for ever.
---@param exchange moonsip.Exchange
---@param message table
---@return boolean
function retry.with_longer_session(exchange, message)
  local min, tries = message:typed "Min-SE", (exchange.too_short or 0) + 1
  if not min or exchange.cancelling or tries > max_too_short
    or min.seconds <= (exchange.min_se or 0) then
    return false
  end
  exchange.too_short, exchange.min_se = tries, min.seconds
  exchange:send_next(message)
  return true
end

--- The target has so long until it rings; then the next one has its turn.
---@param exchange moonsip.Exchange
---@param ms integer
function retry.limit_ringing(exchange, ms)
  stop(exchange, "ringing_limit")
  start(exchange, "ringing_limit", ms, exchange.leave_target)
end

--- It rings.
---@param exchange moonsip.Exchange
function retry.rings(exchange)
  stop(exchange, "ringing_limit")
end

--- Nothing of it is tried any more.
---@param exchange moonsip.Exchange
function retry.stop(exchange)
  stop(exchange, "retry")
  stop(exchange, "ringing_limit")
end

return retry
