-- SPDX-License-Identifier: MIT
-- A subscription that somebody has with us (RFC 6665 4.2), as a script sees it. Its dialog,
-- its expiry and the order of its NOTIFYs are the core's.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local handlers = require "moonsip.handlers"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"

---@class moonsip.Subscription
---@field agent moonsip.Agent
---@field state "pending"|"active"|"ending"|"ended"
---@field expires integer        seconds until it ends, unless it is refreshed
---@field event string           its package, with the id if it has one
---@field watcher userdata?      URI of who subscribed
---@field uri userdata?          URI of what he watches
---@field why moonsip.Error?     of its end
local Subscription = {}
Subscription.__name = "moonsip.subscription"

local subscription = {}

local getters <const> = {}

local function info_of(self) return self.agent.engine:subscription_info(self.number) end

function getters:state()
  local info = not self.why and info_of(self)
  return info and info.state or "ended"
end

function getters:expires()
  local info = info_of(self)
  return info and info.left or 0
end

--- The URI of one of the two ends of its dialog.
local function end_of(self, name)
  local info = info_of(self)
  local of = info and info.dialog and self.agent.engine:dialog_info(info.dialog)
  local address = of and core.address(of[name])
  return address and address.uri
end

function getters:watcher() return end_of(self, "remote_uri") end
function getters:uri() return end_of(self, "local_uri") end

Subscription.__index = core.lookup(Subscription, getters)

Subscription.getters = getters

handlers.mixin(Subscription, "subscription", function(self, key)
  if key == "refresh" then self.agent.engine:hear_refreshes(self.number, true) end
end)

--- The object of a subscription of the core's; what happens to it goes there.
---@param agent moonsip.Agent
---@param number integer
---@param event string
---@param resource table?  whose it is too (notifier.lua)
---@return moonsip.Subscription
function subscription.new(agent, number, event, resource)
  local self = setmetatable({ agent = agent, number = number, event = event, handlers = false,
                              why = false, resource = resource }, Subscription)
  agent.subscriptions[number] = self
  return self
end

--- Tells the other side of a new state. It is sent when the NOTIFY before it is answered;
--- what was not sent until then is replaced by it. Without a body it says that it is still
--- there.
---@param body string?
---@param content_type string?  text/plain
---@return true?
---@return moonsip.Error? err
function Subscription:notify(body, content_type)
  if body ~= nil then
    body = misuse.check("sub:notify", "body", body, "string")
    content_type = misuse.text("sub:notify", "content_type", content_type or "text/plain")
  end
  local told, err = self.agent.engine:notify(self.number, body, content_type)
  if not told then return nil, err end
  return true
end

--- One that was pending is granted: its subscriber is told the state.
---@return true?
---@return moonsip.Error? err
function Subscription:allow()
  return self.agent.engine:grant(self.number)
end

local terminate_options <const> = { reason = true, retry_after = true, body = true,
                                    content_type = true }

-- Reasons of RFC 6665 4.1.3.
local reasons <const> = { deactivated = true, probation = true, rejected = true, timeout = true,
                          giveup = true, noresource = true, invariant = true }

--- Ends it with a last NOTIFY (4.2.2).
---@param options { reason: string?, retry_after: (number|string)?, body: string?, content_type: string? }?
---   reason: "noresource"; body: what it says instead of the newest state
---@return true?
---@return moonsip.Error? err
function Subscription:terminate(options)
  options = misuse.options("sub:terminate", options, terminate_options)
  local reason = options.reason or "noresource"
  if not reasons[reason] then
    misuse.argument("sub:terminate", "reason", "a reason of RFC 6665 4.1.3 expected")
  end
  local after = options.retry_after
  if after then after = duration.check("sub:terminate", "retry_after", after) // 1000 end
  local body = misuse.optional("sub:terminate", "body", options.body, "string")
  local content_type = body
    and misuse.text("sub:terminate", "content_type", options.content_type or "text/plain") or nil
  return self.agent.engine:terminate(self.number, reason, after, body, content_type)
end

--- The same, for who is done with it. Doing it twice is fine.
function Subscription:close()
  if not self.why then self.agent.engine:terminate(self.number, "noresource") end
end

Subscription.__close = Subscription.close

local function run(self, name, ...)
  for _, fn in ipairs(self.handlers:of_event(name)) do fn(...) end
end

--- A SUBSCRIBE renewed it (from the dispatcher).
---@package
function Subscription:refreshed(_, seconds)
  if not self.handlers or not self.handlers:has "refresh" then return end
  self.agent.context.tasks:spawn(self, run, self, "refresh", seconds)
end

-- Reasons as the core counts them.
local by_number <const> = { "deactivated", "probation", "rejected", "timeout", "giveup",
                            "noresource", "invariant", "other" }

--- Why one is over: "ended" with a reason, or what failed.
---@param code integer|string  of the core's event
---@return moonsip.Error
function subscription.why(code)
  if type(code) == "string" then return errors.of_failure(code) end
  if code >= 300 then
    local kind = code == 481 and "gone" or "rejected"
    return errors.new(kind, "the other side refused it", { code = code })
  end
  local word = by_number[code]
  return errors.new("hangup", word or "ended", { subscription_reason = word })
end

--- It is over (from the dispatcher).
---@package
function Subscription:subscription_ended(number, code)
  self.why = subscription.why(code)
  if self.resource then self.resource:forget(number) end
  if not self.handlers or not self.handlers:has "end" then return end
  self.agent.context.tasks:spawn(self, run, self, "end", self.why)
end

--- A NOTIFY of ours was challenged: we have no name for who was asked by a subscriber.
---@package
function Subscription:challenged(number, message)
  subscription.prove(self.agent, number, message, self.agent.credentials, "NOTIFY")
end

--- Answers a challenge to a request that the core sent inside a subscription.
---@param sets moonsip.Credentials[]?
function subscription.prove(agent, number, message, sets, method)
  local credentials = require "moonsip.credentials"
  local response = require "moonsip.response"
  local engine = agent.engine
  local info = engine:subscription_info(number)
  local of = info and info.dialog and engine:dialog_info(info.dialog)
  local proof
  if sets and of then
    proof = credentials.answer(sets, response.new({}, message), {
      engine = engine, method = method, uri = of.target, tries = 0,
    })
  end
  engine:prove(number, proof)
end

---@package
function Subscription:task_waits() end

--- A handler of its own that raised ends it (api.md rule 6).
---@package
function Subscription:task_done(task, err, trace)
  if err == nil or not trace then return end
  self.agent:handler_failed(task.fn, err, trace, nil)
  self:close()
end

-- ---- accepting

local Accept = {}

local accept_options <const> = { expires = true, min = true, pending = true, body = true,
                                 content_type = true, headers = true, interval = true }

local default_s <const> = 3600

--- Seconds of a duration, at least one.
local function seconds(verb, name, value)
  return math.max(1, duration.check(verb, name, value) // 1000)
end

--- Accepts a SUBSCRIBE or REFER with 200 and opens its subscription. The first NOTIFY says
--- `body`, or what `sub:notify` is given before the handler waits or returns, or nothing.
---@param options { expires: (number|string)?, min: (number|string)?, pending: boolean?, body: string?, content_type: string?, headers: table?, interval: (number|string)? }?
---   expires: how long it may last at most (1 h); min: what is less gets 423; pending: nobody
---   has decided yet; interval: between two NOTIFYs at least
---@return moonsip.Subscription?
---@return moonsip.Error? err  423 was sent, refused by the checks of 8.2, no Event
function Accept:accept(options)
  local verb <const> = "req:accept"
  options = misuse.options(verb, options, accept_options)
  local method = self.message.method
  if method ~= "SUBSCRIBE" and method ~= "REFER" then
    misuse.raise("%s: a SUBSCRIBE or REFER is accepted, not %s", verb, method)
  end
  local most = options.expires and seconds(verb, "expires", options.expires) or default_s
  local body = misuse.optional(verb, "body", options.body, "string")
  local number, err = subscription.accept(self, {
    most = most, default = most, pending = options.pending,
    least = options.min and seconds(verb, "min", options.min),
    interval = options.interval and duration.check(verb, "interval", options.interval),
    headers = headers.flatten(verb, options.headers),
  }, body, body and misuse.text(verb, "content_type", options.content_type or "text/plain"))
  if not number then return nil, err end
  return subscription.new(self.agent, number, subscription.event_of(self))
end

--- The Event that NOTIFYs for it say.
function subscription.event_of(req)
  local message = req.message
  if message.method == "REFER" then
    -- 2.4.6: the first one of a dialog may do without; so it does outside of dialogs.
    return req.dialog and ("refer;id=%d"):format(message.cseq) or "refer"
  end
  return (message.headers["Event"] or ""):match "^%s*([^%s;]+)" or ""
end

--- The number of the subscription that a request opens; its options are the core's.
---@return integer?
---@return moonsip.Error? err
---@package
function subscription.accept(req, options, body, content_type, number_at)
  local request = require "moonsip.request"
  local agent = req.agent
  local allowed, err = request.check(req)
  if not allowed then return nil, err end
  if req.message.method == "REFER" then options.event = subscription.event_of(req) end
  local number, status = agent.engine:accept(req.transaction, options, body, content_type,
    number_at)
  if not number then
    err = status
    if err.name == "HEADER" then
      req:reply(req.message.headers["Event"] and 400 or 489)
    elseif err.name == "LIMIT" then
      req:reply(503, { ["Retry-After"] = 30 })
    end
    return nil, err
  end
  request.answered(req, status)
  if number == 0 then
    return nil, errors.new("rejected", "Interval Too Brief", { code = status })
  end
  return number
end

--- Gives requests the verb.
function subscription.mixin(class)
  for name, method in pairs(Accept) do class[name] = method end
end

subscription.Subscription = Subscription

return subscription
