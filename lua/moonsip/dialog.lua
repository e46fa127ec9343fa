-- SPDX-License-Identifier: MIT
-- A dialog that a script sees: of SUBSCRIBE and REFER as it is, of INVITE as a call
-- (call.lua). The dialog itself, with its tags, routes and numbers, lives in the core.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local exchange = require "moonsip.exchange"
local handlers = require "moonsip.handlers"
local options_method = require "moonsip.options"
local pager = require "moonsip.pager"
local plan = require "moonsip.plan"
local wait = require "moonsip.wait"

---@class moonsip.Dialog
---@field agent moonsip.Agent
---@field state "early"|"confirmed"|"ended"
---@field why moonsip.Error?     of its end
---@field call_id string?        and the following, while the core has the dialog
---@field local_tag string?
---@field remote_tag string?
---@field local_uri string?
---@field remote_uri string?
---@field target string?         remote target URI (12.2)
---@field routes string?
local Dialog = {}
Dialog.__name = "moonsip.dialog"

local dialog = {}

local none <const> = {}

local getters <const> = {}

for _, name in ipairs { "call_id", "local_tag", "remote_tag", "local_uri", "remote_uri",
                        "target", "routes", "secure" } do
  getters[name] = function(self)
    local info = self.number and self.agent.engine:dialog_info(self.number)
    if info then return info[name] end
  end
end

--- Gives a class its look-up: methods, then computed fields.
function dialog.class(class, of_getters)
  for name, getter in pairs(getters) do of_getters[name] = of_getters[name] or getter end
  class.getters = of_getters
  class.__index = core.lookup(class, of_getters)
end

dialog.class(Dialog, getters)
handlers.mixin(Dialog, "dialog")
pager.mixin(Dialog, false)
options_method.mixin(Dialog, false)

--- The object for a dialog of the core's that no call is.
---@param agent moonsip.Agent
---@param number integer
---@return moonsip.Dialog
function dialog.new(agent, number)
  return setmetatable({ agent = agent, number = number, handlers = false,
                        agent_handlers = agent.handlers, exchanges = false, waits = false,
                        end_waits = false, state = "confirmed", why = false }, Dialog)
end

--- Sends a request inside the dialog; the exchange is returned at once.
---@param method string
---@param options { headers: table?, body: string?, content_type: string?, timeout: (number|string)? }?
---@return moonsip.Exchange
function Dialog:request(method, options)
  local verb = (self.is_call and "call" or "dialog") .. ":request"
  local agent = self.agent
  agent:check_method(verb, method)
  return self:start_request(verb, method, plan.inside(verb, options, method))
end

--- The same with the plan made; fields as for exchange.start.
---@package
function Dialog:start_request(verb, method, made, fields)
  self.exchanges = self.exchanges or {}
  fields = fields or {}
  fields.dialog = self
  if self.is_call then
    fields.call = self
    if not fields.session and (method == "INVITE" or method == "UPDATE") then
      fields.session, made.is_raw = self:negotiation(), true
    end
  end
  return exchange.start(self.agent, verb, method, { {} }, made, fields)
end

--- An INVITE has to wait until another is over, also for the ACK of ours (14.1).
---@package
function Dialog:queue(one)
  self.queued = self.queued or {}
  table.insert(self.queued, one)
end

--- It is over (from the dispatcher): those that waited try again, in their order.
---@package
function Dialog:ready()
  local queued = self.queued
  self.queued = nil
  for _, one in ipairs(queued or none) do one:again() end
end

--- Waits inside a verb of this dialog: the end of the dialog ends the wait with
--- `nil, err`.
---@package
function Dialog:await(verb, callback, start, ...)
  return wait.await(self.agent.context, verb, self, callback, start, ...)
end

--- Puts a wait where the end of the dialog finds it.
---@package
function Dialog:keep_wait(one)
  self.waits = self.waits or {}
  table.insert(self.waits, one)
end

local function start_wait_end(one, self)
  if self.state == "ended" then return one:resolve(self.why) end
  self.end_waits = self.end_waits or {}
  table.insert(self.end_waits, one)
end

--- Waits for the end: the error object that says why.
---@return moonsip.Error? why
---@return moonsip.Error? err  the wait itself was cancelled
function Dialog:wait_end(callback)
  local verb = (self.is_call and "call" or "dialog") .. ":wait_end"
  return wait.await(self.agent.context, verb, self, callback, start_wait_end, self)
end

local function run_end(self, why)
  for _, fn in ipairs(self.handlers:of_event "end") do fn(why) end
end

local function by_transaction(a, b)
  return (a.transaction or 0) < (b.transaction or 0)
end

--- Requests that wait for answers inside it wait no more.
local function abandon_exchanges(self, why)
  local open = {}
  for one in pairs(self.exchanges) do open[#open + 1] = one end
  self.exchanges = false
  table.sort(open, by_transaction)
  for _, one in ipairs(open) do one:abandon(why) end
end

--- It is over: verbs return `nil, err`, `on("end")` hears why. Once.
---@param why moonsip.Error
---@return boolean first
---@package
function Dialog:ended(why)
  if self.state == "ended" then return false end
  self.state, self.why = "ended", why
  local agent = self.agent
  agent:forget_dialog(self)
  local waits, end_waits = self.waits, self.end_waits
  self.waits, self.end_waits = false, false
  for _, one in ipairs(waits or none) do one:cancel(why) end
  for _, one in ipairs(end_waits or none) do one:resolve(why) end
  if self.exchanges then abandon_exchanges(self, why) end
  if self.handlers and self.handlers:has "end" then
    agent.context.tasks:spawn(self, run_end, self, why)
  end
  return true
end

--- Forgets the dialog without a message to the other side.
function Dialog:close()
  if self.state == "ended" then return end
  if self.number then self.agent.engine:dialog_drop(self.number) end
  self:ended(errors.new("hangup", "closed", { by = "local" }))
end

Dialog.__close = Dialog.close

---@package
function Dialog:task_waits() end

--- A handler of its own ended; one that raised ends the dialog (api.md rule 6).
---@package
function Dialog:task_done(task, err, trace)
  if err == nil then return end
  if trace then
    self.agent:handler_failed(task.fn, err, trace, nil)
    self:close()
  end
end

dialog.Dialog = Dialog

return dialog
