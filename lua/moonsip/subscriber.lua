-- SPDX-License-Identifier: MIT
-- A subscription of ours (RFC 6665 4.1), from the request that asks for it to its end: what
-- agent:watch and agent:refer have in common. The first request goes as any other of ours, with
-- proofs and further targets (exchange.lua); refreshes are the core's.

local errors = require "moonsip.errors"
local exchange = require "moonsip.exchange"
local subscription = require "moonsip.subscription"
local wait = require "moonsip.wait"

---@class moonsip.Subscriber
---@field agent moonsip.Agent
---@field verb string
---@field event string
---@field origin integer|false     the core's number of what was asked for
---@field numbers table<integer, true>  of the subscriptions that came of it, one for each fork
---@field ended boolean            nothing further comes
local Subscriber = {}
Subscriber.__index = Subscriber

local subscriber = {}

-- News that wait for a slow reader; past it the oldest go, since the newest is what counts.
local max_kept <const> = 64

--- The fields one begins with.
---@param agent moonsip.Agent
---@param verb string
---@param event string
function subscriber.fields(agent, verb, event)
  return { agent = agent, verb = verb, event = event, origin = false, numbers = {},
           ended = false, kept = {}, reader = false, fn = false, exchange = false }
end

--- Gives a class its methods.
function subscriber.class(class)
  for name, method in pairs(Subscriber) do
    if class[name] == nil then class[name] = method end
  end
  class.__index, class.__close = class, class.close
end

-- ---- asking

--- Its request failed: what the core was told to expect will not come.
local function asked(self, response, err)
  local of = self.owner
  of.exchange = false
  if err then
    of:forget_origin()
    return of:refused(err)
  end
  of.credentials = self.dialog and self.dialog.credentials or self.plan.credentials
  of:accepted(response)
end

--- Sends the request that asks for it.
---@param method string
---@param targets table[]
---@param plan table      its headers are the request's
---@param wish table      expires (seconds), headers: of each refresh; dialog: it goes in
---@package
function Subscriber:ask(method, targets, plan, wish)
  local engine, of = self.agent.engine, wish.dialog
  local call_id = of and of.call_id or engine:token()
  local tag = of and of.local_tag or engine:token()
  local number, err = engine:watch {
    call_id = call_id, from_tag = tag, event = self.event, headers = wish.headers,
    expires = wish.expires, dialog = of and of.number or nil,
  }
  if not number then return self:refused(err) end
  self.origin = number
  self.agent.subscriptions[number] = self
  plan.subscription = number
  if not of then plan.call_id, plan.from_tag = call_id, tag end
  local fields = { owner = self, on_done = asked }
  if of then
    self.exchange = of:start_request(self.verb, method, plan, fields)
  else
    self.exchange = exchange.start(self.agent, self.verb, method, targets, plan, fields)
  end
  if self.exchange.done then self.exchange = false end
end

--- What the core was told to expect is not wanted any more.
---@package
function Subscriber:forget_origin()
  local number = self.origin
  if not number then return end
  self.origin = false
  if not self.numbers[number] then self.agent.engine:unsubscribe(number) end
  self.agent.subscriptions[number] = nil
end

-- ---- news

--- Puts a step where the reader finds it: its values, or nothing at the end.
---@package
function Subscriber:feed(...)
  if self.fn then
    if select("#", ...) > 0 then self.agent.context.tasks:spawn(nil, self.fn, ...) end
    return
  end
  local reader = self.reader
  if reader and not reader.resolved then
    self.reader = false
    return reader:resolve(...)
  end
  if select("#", ...) == 0 then return end
  if #self.kept >= max_kept then table.remove(self.kept, 1) end
  self.kept[#self.kept + 1] = table.pack(...)
end

--- Nothing further comes, but what waits to be read.
---@package
function Subscriber:finish()
  if self.ended then return end
  self.ended = true
  if #self.kept == 0 then self:feed() end
end

local function start_next(one, self)
  local step = table.remove(self.kept, 1)
  if step then return one:resolve(table.unpack(step, 1, step.n)) end
  if self.ended then return one:resolve(nil) end
  self.reader = one
end

--- The iterator's function.
function subscriber.next(self)
  return wait.await(self.agent.context, self.verb, nil, nil, start_next, self)
end

--- A NOTIFY came (from the dispatcher).
---@package
function Subscriber:notified(number, message)
  if self.ended then return end
  self.numbers[number] = true
  self:news(message, number)
end

--- A refresh was challenged.
---@package
function Subscriber:challenged(number, message)
  subscription.prove(self.agent, number, message, self.credentials, "SUBSCRIBE")
end

--- One of its subscriptions is over (from the dispatcher).
---@package
function Subscriber:subscription_ended(number, code, message)
  if self.ended then return end
  self.numbers[number] = nil
  if number == self.origin and next(self.numbers) == nil and not self.exchange then
    self.agent.subscriptions[number], self.origin = nil, false
  end
  self:over(message, number, code)
end

--- True while one of its subscriptions lives, or is asked for.
---@package
function Subscriber:lives()
  return next(self.numbers) ~= nil or self.exchange ~= false
end

--- Leaves: un-subscribes, without waiting for anything (api.md rule 5).
function Subscriber:close()
  if self.ended then return end
  self.ended = true
  local engine = self.agent.engine
  if self.timer then self.agent.context.wheel:stop(self.timer) end
  self.timer = nil
  if self.agent.closed then return end
  for number in pairs(self.numbers) do engine:unsubscribe(number) end
  self:forget_origin()
  local open = self.exchange
  self.exchange = false
  if open then open:abandon(errors.new("cancelled", "given up")) end
  local reader = self.reader
  self.reader = false
  if reader then reader:resolve(nil) end
end

return subscriber
