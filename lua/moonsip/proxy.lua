-- SPDX-License-Identifier: MIT
-- Forwarding a request (RFC 3261 16): methods of requests. The core forks, cancels and
-- chooses; here is where to, and who is told.
--
-- Fields of a request that is forwarded: `proxied` once it has a context in the core,
-- `forwarded` when the core finishes it by itself, `branches` by number, `proxy_wait` of a
-- script that waits for the outcome, `observers` of req:on.

local branch = require "moonsip.branch"
local errors = require "moonsip.errors"
local handlers = require "moonsip.handlers"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local proxied_gateways = require "moonsip.proxied_gateways"
local response = require "moonsip.response"
local target_set = require "moonsip.target_set"
local wait = require "moonsip.wait"

local Proxy = {}

local proxy = {}

--- Gives its methods to the class of requests.
function proxy.mixin(class)
  for name, method in pairs(Proxy) do class[name] = method end
end

Proxy.proxied, Proxy.forwarded, Proxy.routed_only = false, false, false
Proxy.observers, Proxy.branches, Proxy.proxy_wait, Proxy.gates = false, false, false, false

-- ---- starting

local function cancelled_error()
  return errors.new("cancelled", "the caller gave up", { code = 487 })
end

--- Why it cannot be forwarded any more, or nil.
local function obstacle(self)
  if self.cancelled then return cancelled_error() end
  if self.agent.closed then return errors.new("gone", "the agent is closed") end
  if self.final or self.forwarded then
    return errors.new("invalid", "it has been answered or forwarded already")
  end
  if self.dialog then return errors.new("invalid", "it is in a dialog of this agent") end
  if self.proxy_wait then return errors.new("invalid", "it is being proxied") end
end

--- Answers what a proxy must not forward (16.3). True when it may go on.
local function check(self, set)
  if self.proxied then return true end
  local status, lines = self.agent.engine:proxy_check(self.transaction, set.aimed)
  if status == 0 then return true end
  if status == 403 then
    self.agent.context.log:rarely("warn", tostring(self.source),
      "%s from %s has a Route that leads past us (%s): refused with 403", self.message.method,
      tostring(self.source), tostring(self.message.headers["Route"]))
  end
  self:reply_with(status, lines)
  return nil, errors.new("rejected", "the request was refused", { code = status })
end

local function add_targets(self, set)
  local engine, transaction, added = self.agent.engine, self.transaction, false
  for _, one in ipairs(set.targets) do
    local number, err = engine:proxy_add(transaction, one.uri, one.via, one.routes, one.flat,
      one.drop, one.flow, one.transport, one.timeout_ms, one.turn,
      one.spare_of and one.spare_of.number)
    if not number then
      if err.name ~= "STATE" then return nil, err end
      return nil, self.cancelled and cancelled_error() or err
    end
    one.number = number
    if self.gates then self.gates:placed(one, number) end
    if number ~= 0 then
      added = true
      if self.observers then
        self.branches = self.branches or {}
        self.branches[number] = branch.new(self, number, one)
      end
    end
  end
  return added
end

--- Hands the set to the core. True, or nil and why not.
local function start(self, set, finish)
  if self.transaction == 0 then misuse.raise("an ACK has no answer to wait for") end
  local may, refusal = check(self, set)
  if not may then return nil, refusal end
  local agent = self.agent
  if self.timer then -- the core has a timer of its own for it
    agent.context.wheel:stop(self.timer)
    self.timer = false
  end
  self.proxied = true
  local added, err = add_targets(self, set)
  if added == nil then return nil, err end
  if not added and #set.targets == 0 then
    return nil, errors.new("noanswer", "there is no target", { code = 480 })
  end
  local watch = self.observers ~= false or self.gates ~= false
  if watch or not finish then agent:keep_request(self) end
  return agent.engine:proxy(self.transaction, self.message, set.stay, finish, watch,
    set.recursions)
end

-- ---- outcomes

local function response_of(self, message, number)
  local one = response.new(self, message)
  one.call = false -- a proxy has no part in it
  one.branch = self.branches and self.branches[number] or nil
  return one
end

--- A status that no response brought (16.6 item 7, 16.9; RFC 5626 11.6).
local function failure(self, code)
  if code == 408 then
    local rings = self.message.method == "INVITE"
    return errors.new(rings and "noanswer" or "timeout", "no final response in time",
      { code = 408, of_proxy = true })
  elseif code == 0 then
    return errors.new("noanswer", "there is no target", { code = 480, of_proxy = true })
  end
  return errors.new("transport", "it could not be sent", { code = code, of_proxy = true })
end

local function error_of(self, message, number, code)
  if self.cancelled then return cancelled_error() end
  if not message then return failure(self, code) end
  local err = errors.of_response(response_of(self, message, number))
  err.of_proxy = true
  return err
end

--- Hands the set to the core, or the first turn of one that has gateways.
local function start_set(self, set, finish)
  local err = obstacle(self)
  if err then return nil, err end
  if not proxied_gateways.has(set) then
    self.gates = false
    return start(self, set, finish)
  end
  self.gates = proxied_gateways.new(self, set, function(part) return start(self, part, false) end)
  self.finishes = finish
  return self.gates:advance()
end

--- The core says how it came out (from the dispatcher).
---@package
function Proxy:outcome(message, number, code)
  local accepted = code >= 200 and code < 300
  if self.gates then
    if self.gates:goes_on(code) then return end
    self.gates:close()
    if self.finishes and not accepted and not self.cancelled then
      self.forwarded = false
      return self:finish(nil, error_of(self, message, number, code))
    end
  end
  if accepted or self.forwarded or self.cancelled then
    self.final = self.final or (code > 0 and code or 487)
    self.agent:forget_request(self)
  end
  local one = self.proxy_wait
  if not one then return end
  self.proxy_wait = false
  if accepted then return one:resolve(response_of(self, message, number)) end
  one:resolve(nil, error_of(self, message, number, code))
end

local function start_wait(one, self, set)
  local ok, err = start_set(self, set, false)
  if not ok then
    one:resolve(nil, err)
  else
    self.proxy_wait = one
    one.undo = function()
      if self.proxy_wait == one then self.proxy_wait = false end
      self:cancel()
    end
  end
end

--- Forwards it and waits for the outcome: a 2xx, which has gone back by then, or
--- `nil, err` when every branch has failed; nothing has gone back then.
---@param set table  targets and options: target_set.lua
---@param callback fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Proxy:proxy(set, callback)
  local chosen = target_set.read("req:proxy", set)
  if chosen.stateless then
    misuse.argument("req:proxy", "stateless", "nobody can wait without state: req:forward")
  end
  return wait.await(self.agent.context, "req:proxy", self, callback, start_wait, self,
    chosen)
end

local function forward_stateless(self, set)
  local one = set.targets[1]
  if not one or set.targets[2] then
    misuse.argument("req:forward", "targets", "without state there is exactly one (16.11)")
  end
  local err = obstacle(self)
  if err then return nil, err end
  if self.transaction ~= 0 then
    local may, refusal = check(self, set)
    if not may then return nil, refusal end
  elseif not self.stray then
    return nil, errors.new("invalid", "an ACK of a call is never forwarded")
  end
  local done
  done, err = self.agent.engine:proxy_stateless(self.transaction, self.message, set.stay,
    one.uri, one.via, one.routes, one.flat, one.drop, one.flow, one.transport)
  if done then
    self.forwarded = true
    self.agent:forget_request(self)
  end
  return done, err
end

--- The same without waiting: the core finishes it. Without targets it goes where the
--- request itself says: to the next Route, else to the Request-URI.
---@param set table?
---@return true?
---@return moonsip.Error? err
function Proxy:forward(set)
  local chosen = target_set.read("req:forward", set)
  if chosen.stateless or self.stray then return forward_stateless(self, chosen) end
  local ok, err = start_set(self, chosen, true)
  if ok then self.forwarded = true end
  return ok, err
end

--- Ends it: the best response of all branches goes back (16.7), or `res`; an `err` of
--- something else becomes the status that fits.
---@param res moonsip.Response?
---@param err moonsip.Error?
---@return true?
---@return moonsip.Error? err
function Proxy:finish(res, err)
  if self.final or self.forwarded then return true end
  if err and not err.of_proxy and not self.cancelled then return self:reply(err) end
  if not self.proxied then return self:reply(err or 500) end
  local message
  if res then
    if getmetatable(res) ~= response.Response then
      misuse.argument("req:finish", "res", "a response that was seen expected")
    end
    message = res.message
  end
  local ok, why = self.agent.engine:proxy_finish(self.transaction, message)
  if ok or why.name == "STATE" or why.name == "GONE" then
    self.final = message and message.code or err and err.code or 500
    self.agent:forget_request(self)
    return true
  end
  return ok, why
end

local cancel_options <const> = { headers = true }

--- Cancels the branches that have no final response (9.1).
---@param options { headers: table? }?  e.g. Reason
---@return true?
---@return moonsip.Error? err
function Proxy:cancel(options)
  options = misuse.options("req:cancel", options, cancel_options)
  local flat = headers.flatten("req:cancel", options.headers)
  return self.agent.engine:proxy_cancel(self.transaction, 0, flat)
end

-- ---- observing

local sorts <const> = { status = true, class = true }

--- Sees responses of branches, by status, class or "response", and "branch": whenever
--- one begins, rings or ends.
---@param what string|integer
---@param wanted table?  filter
---@param fn function
---@return moonsip.Request
function Proxy:on(what, wanted, fn)
  local key, sort = handlers.key("req:on", what)
  if not sorts[sort] and key ~= "response" and key ~= "branch" then
    misuse.argument("req:on", "what", "a status, a class, \"response\" or \"branch\" expected")
  end
  if not self.observers then
    self.observers = handlers.new()
    if self.proxied then
      self.agent:keep_request(self)
      self.agent.engine:proxy_watch(self.transaction)
    end
  end
  self.observers:add("req:on", what, wanted, fn)
  return self
end

--- Removes handlers; only `fn` when it is given.
function Proxy:off(what, fn)
  if self.observers then self.observers:remove("req:off", what, fn) end
  return self
end

local class_name <const> = { "1xx", "2xx", "3xx", "4xx", "5xx", "6xx" }

local function run_response(self, one)
  local tasks, list, code = self.agent.context.tasks, self.observers, one.message.code
  return list:run(tasks, code, one) or list:run(tasks, class_name[code // 100], one)
    or list:run(tasks, "response", one)
end

local function run_branch(self, one)
  for _, fn in ipairs(self.observers:of_event "branch") do fn(one) end
end

--- Something happened to a branch (from the dispatcher).
---@package
function Proxy:branch_became(message, number, code)
  if self.gates then self.gates:branch_became(number, code, message) end
  if not self.observers then return end
  self.branches = self.branches or {}
  local one = self.branches[number]
  if not one then
    one = branch.new(self, number)
    self.branches[number] = one
  end
  one:become(code)
  local tasks, list = self.agent.context.tasks, self.observers
  if list:has "branch" then tasks:start(self.agent, run_branch, self, one) end
  if not message then return end
  if list:has(code) or list:has(class_name[code // 100]) or list:has "response" then
    tasks:start(self.agent, run_response, self, response_of(self, message, number))
  end
end

-- ---- what is ours

--- True when the Request-URI is at a domain or an address of this agent.
---@return boolean
function Proxy:is_local()
  local uri = self.message.uri
  return uri ~= nil and uri:is_local() or false
end

--- True when a URI of ours in Route or Request-URI proved where it goes: a request
--- inside a dialog that went through here, or to a registration with our Path.
---@return boolean
function Proxy:is_routed()
  return self.transaction ~= 0 and self.agent.engine:proxy_is_routed(self.transaction)
end

return proxy
