-- SPDX-License-Identifier: MIT
-- One binding of a line at its registrar (RFC 3261 10.2), from the first REGISTER to the one
-- that takes it back: refreshes, other servers, and waits after failures.
--
--   state        what                                                 then
--   asking       a REGISTER is under way, or waits for its turn       an answer
--   registered   the registrar has it                                 a refresh
--   waiting      the last attempt failed                              another
--   refused      it failed for good: trying again changes nothing     line:refresh
--   leaving      the REGISTER that takes it back is under way         closed
--   closed
--
-- Beside that, `lapses_at` says until when the registrar has it, which may be in any of them.

local backoff = require "moonsip.backoff"
local errors = require "moonsip.errors"
local exchange = require "moonsip.exchange"
local keepers = require "moonsip.keepers"
local registration_answer = require "moonsip.registration_answer"

---@class moonsip.Registration
---@field line moonsip.Line
---@field reg_id integer|false
---@field state string
---@field error moonsip.Error|false     of the last attempt
---@field failures integer              one after the other
---@field lapses_at integer|false       ms of the driver's clock
---@field answer table|false            of registration_answer
---@field flow userdata|false           that the registrar has of it, while it is watched
local Registration = {}
Registration.__index = Registration

local registration = {}

-- Interval that 423 asks for instead of ours, and 3xx that are followed, of one attempt
-- (RFC 3261 10.2.8, 8.1.3.4): a loop of them ends.
local max_briefs <const>, max_redirects <const> = 4, 5

-- RFC 5627 4.2: a refresh has its 32 s before the end, or half of a short interval.
local margin_s <const> = 32

-- The part of a longer interval after which it is refreshed: at random in between, so
-- that lines which began together do not stay so.
local least_part <const>, most_part <const> = 0.75, 0.9

local least_refresh_ms <const> = 500

local max_expires_s <const> = 4294967295

---@param line moonsip.Line
---@param way { reg_id: integer?, routes: string|false|nil }
---@return moonsip.Registration
function registration.new(line, way)
  local engine = line.agent.engine
  return setmetatable({
    line = line, reg_id = way.reg_id or false, routes = way.routes or nil,
    state = "asking", error = false, failures = 0, lapses_at = false, due_at = false,
    call_id = engine:token(), from_tag = engine:token(), cseq = 0,
    asked_s = line.settings.expires_s, answer = false, preferred = false,
    exchange = false, timer = false, round = false, flow = false, keeper = false,
    began_at = false,
  }, Registration)
end

-- ---- time

--- Sets the timer to what comes next: another REGISTER, or the end of the binding.
local function arm(self)
  local context = self.line.agent.context
  if self.timer then context.wheel:stop(self.timer) end
  local at = self.due_at or self.lapses_at
  if self.lapses_at and at then at = math.min(at, self.lapses_at) end
  self.timer = at and context:start_timer(math.max(at - context:now(), 0), self) or false
end

--- When a binding of so many seconds is refreshed, in milliseconds from now.
local function refresh_ms(self, seconds)
  if seconds <= 2 * margin_s then return math.max(seconds * 500, least_refresh_ms) end
  local chance = backoff.chance(self.line.agent.engine)
  local part = least_part + (most_part - least_part) * chance
  return math.floor(math.min(seconds - margin_s, seconds * part) * 1000)
end

--- The registrar does not have it any more.
local function lapse(self, err)
  if not self.lapses_at then return end
  self.lapses_at = false
  self.line:went_down(self, err)
end

--- The timer is due.
---@package
function Registration:expire()
  self.timer = false
  local now = self.line.agent.context:now()
  if self.lapses_at and now >= self.lapses_at then
    lapse(self, self.error or errors.new("timeout", "it was not refreshed in time"))
  end
  if self.due_at and now >= self.due_at then return self:ask() end
  arm(self)
end

-- ---- asking

--- Where this attempt goes, one after the other.
local function new_round(self)
  local list, seen = {}, {}
  local function add(one)
    if seen[one.uri] then return end
    seen[one.uri] = true
    list[#list + 1] = one
  end
  if self.preferred then add(self.preferred) end
  for _, uri in ipairs(self.line.settings.registrars) do add { uri = uri } end
  return { list = list, seen = seen, at = 1, briefs = 0, redirects = 0 }
end

--- Whom the REGISTERs of this one compete with for their turn.
local function server_of(self)
  local target = self.round.list[self.round.at]
  return target.routes or self.routes or target.uri
end

local function plan_of(self, expires_s)
  local line = self.line
  local settings = line.settings
  local params, uri_params = line:contact_params(self)
  local target = self.round.list[self.round.at]
  return {
    from = settings.aor, to = settings.aor, headers = line:register_headers(self),
    credentials = settings.credentials or line.agent.credentials,
    routes = target.routes or self.routes, transport = settings.transport,
    timeout_ms = settings.timeout_ms, call_id = self.call_id, from_tag = self.from_tag,
    contact_params = ("%s;expires=%d"):format(params, expires_s),
    contact_uri_params = uri_params, keep = settings.keep_alive ~= false,
  }
end

--- Its turn has come (from the gate).
---@package
function Registration:go()
  local leaves = self.state == "leaving"
  local at = self.round.at
  local of = exchange.start(self.line.agent, "agent:register", "REGISTER",
    { { uri = self.round.list[at].uri, flow = at == 1 and self.flow or nil } },
    plan_of(self, leaves and 0 or self.asked_s),
    { owner = self, outlives = true, cseq = self.cseq + 1, on_done = registration.done })
  if not of.done then self.exchange = of end
end

local function enter(self)
  self.server = server_of(self)
  self.line.agent.registrars:enter(self.server, self)
end

--- Registers, or refreshes.
---@package
function Registration:ask()
  self.state, self.due_at = "asking", false
  self.round = new_round(self)
  arm(self)
  enter(self)
end

--- To the same server once more, or to the next of this attempt.
local function go_on(self, at)
  self.round.at = at
  enter(self)
  return true
end

-- ---- outcomes

local function accepted(self, response)
  local answer, err = registration_answer.read(self, response.message)
  if not answer then return registration.fail(self, err) end
  local context = self.line.agent.context
  if not answer.is_listed then
    context.log:rarely("warn", self.server, "%s lists another contact of %s than ours",
      self.server, self.line.settings.aor)
  end
  local now = context:now()
  if not self.lapses_at then self.began_at = now end
  self.state, self.error, self.failures, self.answer = "registered", false, 0, answer
  self.preferred, self.round = self.round.list[self.round.at], false
  keepers.watch(self, response.message)
  self.lapses_at = now + answer.expires_s * 1000
  self.due_at = now + refresh_ms(self, answer.expires_s)
  arm(self)
  self.line:went_up(self, response)
end

--- 423: as long as the registrar wants it (10.2.8). False when that leads nowhere.
local function ask_longer(self, err)
  local round, response = self.round, err.response
  local least = response and math.tointeger(response.message:typed "Min-Expires")
  if not least or least <= self.asked_s or least > max_expires_s
    or round.briefs >= max_briefs then
    return false
  end
  round.briefs, self.asked_s = round.briefs + 1, least
  return go_on(self, round.at)
end

--- 3xx: to whom it names, next (8.1.3.4), each once.
local function follow(self, err)
  local round, response = self.round, err.response
  if round.redirects >= max_redirects then return false end
  round.redirects = round.redirects + 1
  local at = round.at
  local current = round.list[at]
  for _, contact in ipairs(response.message.contacts) do
    local uri = not contact.star and contact.uri
    local text = uri and tostring(uri)
    local is_usable = uri and (uri.scheme == "sip" or uri.scheme == "sips")
    if is_usable and not round.seen[text] and #round.list < max_redirects * 2 then
      round.seen[text] = true
      at = at + 1
      table.insert(round.list, at, err.code == 305
        and { uri = current.uri, routes = ("<%s;lr>"):format(text) } or { uri = text })
    end
  end
  return at > round.at and go_on(self, round.at + 1)
end

--- Another attempt may do better than this one did: an outage, or somebody who is away.
local function is_passing(err)
  if err.response then return err:retryable() or err.code == 480 end
  return err.kind ~= "invalid" or err.name == nil
end

--- The first hop has no part in SIP outbound (RFC 5626 4.2.1): without, where that is the one
--- way to it.
local function without_flow(self)
  if not self.reg_id or self.line.registrations[1] ~= self then return false end
  self.reg_id = false
  return go_on(self, self.round.at)
end

local function try_otherwise(self, err)
  local round = self.round
  if err.code == 439 then return without_flow(self) end
  if err.code == 423 then return ask_longer(self, err) end
  if err.response and err.code // 100 == 3 then return follow(self, err) end
  return is_passing(err) and round.list[round.at + 1] and go_on(self, round.at + 1)
end

--- How long until the next attempt; nil for none.
local function wait_of(self, err)
  local line = self.line
  local retry = line.settings.retry
  if not is_passing(err) then return retry.refused or nil end
  local wait = backoff.wait(retry, line.agent.engine, self.failures, line:has_other(self))
  local told = backoff.told(err.response and err.response.message)
  if told == 0 and self.failures == 1 then return 0 end -- RFC 5626 4.2.1
  return math.max(wait, told or 0)
end

--- An attempt is over in vain.
function registration.fail(self, err)
  if try_otherwise(self, err) then return end
  self.failures, self.error, self.preferred = self.failures + 1, err, false
  local wait = wait_of(self, err)
  self.state = wait and "waiting" or "refused"
  self.due_at = wait and self.line.agent.context:now() + wait or false
  err.retry_after = wait and math.ceil(wait / 1000) or nil
  -- 4.2.2: a flow is left where nobody answers by it, or for good.
  if not err.response or not is_passing(err) then keepers.leave(self.line.agent, self) end
  if not is_passing(err) then lapse(self, err) end
  arm(self)
  self.line:attempt_failed(self, err)
end

local function left(self, err)
  keepers.leave(self.line.agent, self)
  self.state, self.lapses_at = "closed", false
  self.line:has_left(self, err)
end

--- A REGISTER is over (from its exchange).
function registration.done(of, response, err)
  local self = of.owner
  self.exchange, self.cseq = false, of.cseq
  self.line.agent.registrars:leave(self.server)
  if self.state == "leaving" then
    left(self, err)
  elseif self.state ~= "asking" then
    return
  elseif err then
    registration.fail(self, err)
  else
    accepted(self, response)
  end
end

--- Its flow has failed: the registrar's way to us is gone (RFC 5626 4.5). A new one is formed
--- at once, or later where this one did not last.
---@param err moonsip.Error
---@package
function Registration:flow_failed(err)
  self.keeper, self.flow = false, false -- the core has let go of it
  if self.state ~= "registered" and self.state ~= "asking" and self.state ~= "waiting" then
    return
  end
  local context = self.line.agent.context
  local lasted = self.began_at and context:now() - self.began_at or 0
  self.preferred = false
  lapse(self, err)
  if self.state ~= "registered" then return end
  if lasted >= self.line.settings.retry.first then return self:ask() end
  self.round = new_round(self)
  self.round.at = #self.round.list -- nobody else is tried before that wait
  registration.fail(self, err)
end

-- ---- from the line

--- True while the registrar has it.
---@package
function Registration:is_good() return self.lapses_at ~= false end

--- Asks now, unless it does already.
---@package
function Registration:refresh()
  if self.state == "registered" or self.state == "waiting" or self.state == "refused" then
    self:ask()
  end
end

--- Takes it back, without waiting for that.
---@package
function Registration:leave()
  if self.state == "leaving" or self.state == "closed" then return end
  local context = self.line.agent.context
  local is_known = self.lapses_at or self.exchange
  if self.timer then context.wheel:stop(self.timer) end
  self.timer, self.due_at = false, false
  local open = self.exchange
  local was_queued = self.state == "asking" and not open
  self.state = "closed"
  if open then open:abandon(errors.new("cancelled", "the line is closed")) end
  if was_queued then self.line.agent.registrars:forget(self.server, self) end
  if not is_known or self.line.agent.closed then return left(self) end
  self.state = "leaving"
  self.round = new_round(self)
  enter(self)
end

registration.Registration = Registration

return registration
