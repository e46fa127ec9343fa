-- SPDX-License-Identifier: MIT
-- agent:watch: what others tell us of a resource (RFC 6665 4.1). One that ends in a way that
-- asks for it is begun anew (4.1.3), in a dialog of its own.

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local packages = require "moonsip.packages"
local plan = require "moonsip.plan"
local subscriber = require "moonsip.subscriber"
local subscription = require "moonsip.subscription"
local target = require "moonsip.target"

---@class moonsip.Watch: moonsip.Subscriber
---@field package moonsip.EventPackage
---@field expires integer     seconds that are asked for
local Watch = {}
Watch.__name = "moonsip.watch"

local watch = {}

--- What a NOTIFY says beside its document.
---@class moonsip.WatchInfo
---@field state "pending"|"active"|"terminated"
---@field reason string?        of the end (4.1.3)
---@field expires integer?      seconds, as the notifier says
---@field retry number?         seconds after which it is begun anew, when the loop goes on
---@field error moonsip.Error?  it failed without a NOTIFY
---@field content_type string?
---@field fork integer?         which of several notifiers this is
---@field message table?        the NOTIFY
local Info = {}
Info.__index = Info
Info.__name = "moonsip.watch_info"

-- Reasons after which it is begun anew, with the seconds to wait at least; others of RFC
-- 6665 4.1.3 forbid it.
local again_s <const> = { deactivated = 0, timeout = 0, probation = 30, giveup = 30, other = 30 }

-- What did not last waits longer from time to time, up to this.
local short_life_ms <const>, max_wait_s <const> = 60000, 300

--- The document in the form that its package parses it to.
---@return any value
---@return moonsip.Error? err
function Info:parse()
  local body = self.message and self.message.body
  if not body or body == "" then return nil, errors.new("notfound", "the NOTIFY has no body") end
  if not self.package.parse then return body end
  return self.package.parse(body)
end

local function info_of(self, message, number)
  local info = setmetatable({ package = self.package, fork = number, message = message }, Info)
  if not message then return info end
  local state = message:typed "Subscription-State"
  if state then
    info.state, info.reason = state.value, state.reason ~= "" and state.reason or nil
    info.expires, info.retry_after = state.expires, state.retry_after
  end
  local kind = message.content_type
  info.content_type = kind and kind.value
  local body = message.body
  return info, body ~= nil and body ~= "" and body or nil
end

---@package
function Watch:news(message, number)
  self.was_told = true
  self:feed(info_of(self, message, number))
end

--- Begins (again).
local function subscribe(self)
  self.timer, self.began_at = nil, self.agent.context:now()
  local options = self.options
  local made = plan.new(self.agent, self.verb, options, "SUBSCRIBE")
  local flat = made.headers and table.move(made.headers, 1, #made.headers, 1, {}) or {}
  local rest = table.move(flat, 1, #flat, 1, {})
  for _, list in ipairs { flat, rest } do
    list[#list + 1], list[#list + 2] = "Accept", self.accept
  end
  flat[#flat + 1], flat[#flat + 2] = "Event", self.event
  flat[#flat + 1], flat[#flat + 2] = "Expires", tostring(self.expires)
  made.headers = flat
  local targets = target.list(self.verb, self.given, self.agent.credential_sets)
  self:ask("SUBSCRIBE", targets, made, { expires = self.expires, headers = rest })
end

--- Its pause is over.
---@package
function Watch:expire() subscribe(self) end

--- Seconds to wait before another beginning.
local function pause(self, least)
  local lived = self.agent.context:now() - self.began_at
  self.short = lived < short_life_ms and (self.short or 0) + 1 or 0
  if self.short <= 1 then return least end
  return math.max(least, math.min(2 ^ (self.short - 2), max_wait_s))
end

local function begin_again(self, seconds)
  self.timer = self.agent.context:start_timer(math.floor(seconds * 1000), self)
end

--- It was refused, or could not be asked for.
---@package
function Watch:refused(err)
  local response = err.response
  if err.code == 423 and response and not self.was_brief then -- 4.1.2.1
    local least = math.tointeger(tonumber(response.message.headers["Min-Expires"]))
    if least and least > self.expires and least <= 4294967295 then
      self.was_brief, self.expires = true, least
      return subscribe(self)
    end
  end
  local info = info_of(self)
  info.state, info.error = "terminated", err
  self:feed(info)
  self:finish()
end

---@package
function Watch:accepted() end -- luacheck: ignore self

--- One is over. When it was the last, its reason says whether another is asked for.
---@package
function Watch:over(message, number, code)
  local info, doc = info_of(self, message, number)
  local why = subscription.why(code)
  info.state = "terminated"
  local seconds = again_s[info.reason and (why.subscription_reason or "other") or "other"]
  if not message then
    info.error = why
    -- A refresh that failed (4.1.2.2) is no verdict on the resource; never to be told of is.
    seconds = self.was_told and 0 or nil
  elseif info.retry_after and seconds and seconds > 0 then
    seconds = info.retry_after
  end
  if self.expires == 0 then seconds = nil end -- that was all (4.4.3)
  if self:lives() then return self:feed(info, doc) end
  if seconds then info.retry = pause(self, seconds) end
  self:feed(info, doc)
  if not seconds then return self:finish() end
  self.was_told = false
  begin_again(self, info.retry)
end

local own_options <const> = { expires = true, accept = true, id = true, params = true }

--- Watches a resource: for `for info, doc in agent:watch(...) do`. Leaving the loop
--- un-subscribes.
---@param agent moonsip.Agent
---@param given any
---@param package string|moonsip.EventPackage
---@param options table?
---@param fn function?
function watch.open(agent, given, package, options, fn)
  local verb <const> = "agent:watch"
  if type(options) == "function" then options, fn = nil, options end
  misuse.optional(verb, "callback", fn, "function")
  local rest, own = {}, {}
  for name, value in pairs(misuse.optional(verb, "options", options, "table") or {}) do
    if own_options[name] then own[name] = value else rest[name] = value end
  end
  package = packages.of(verb, package)
  local self = subscriber.fields(agent, verb, package.name)
  self.package, self.options, self.given, self.fn = package, rest, given, fn or false
  if own.id ~= nil then
    self.event = ("%s;id=%s"):format(self.event, misuse.text(verb, "id", own.id))
  end
  self.expires = own.expires == nil and (package.expires or 3600)
    or duration.check(verb, "expires", own.expires) // 1000
  self.accept = misuse.text(verb, "accept", own.accept or package.accept or package.content_type
    or "*/*")
  headers.flatten(verb, rest.headers)
  setmetatable(self, Watch)
  subscribe(self)
  if fn then return self end
  return subscriber.next, self, nil, self
end

subscriber.class(Watch)

watch.Watch = Watch

return watch
