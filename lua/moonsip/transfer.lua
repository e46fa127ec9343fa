-- SPDX-License-Identifier: MIT
-- call:transfer: hands the other side of a call over to somebody else (RFC 5589), to a URI or
-- to the other side of another call.

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local refer = require "moonsip.refer"
local wait = require "moonsip.wait"

local Transfer = {}

local transfer = {}

--- Gives its verb to the class of calls.
function transfer.mixin(class)
  for name, method in pairs(Transfer) do class[name] = method end
end

-- A peer that does not speak REFER.
local is_strange <const> = { [405] = true, [501] = true }

--- The other side does not speak REFER: we stay between the two.
local function stay_between(one, self, to, options)
  local function join(leg, err)
    if not leg then return one:resolve(nil, err) end
    self:bridge(leg, function(record, why)
      if record then return one:resolve(record) end
      one:resolve(nil, why)
    end)
  end
  if to.is_call then return join(to) end
  self:dial(to, { ring = options.ring, ringback = options.ringback }, join)
end

--- It has gone over: our calls are not needed any more.
local function leave(self, to)
  if self.state ~= "ended" then self:hangup() end
  if to.is_call and to.state ~= "ended" then to:hangup() end
end

local function failure_of(step)
  if step.error then return step.error end
  local kind = step.code == 486 and "busy" or step.code == 408 and "timeout"
    or (step.code == 480 or step.code == 487) and "noanswer" or "rejected"
  return errors.new(kind, step.reason, { code = step.code })
end

local function start_transfer(one, self, to, options)
  if self.state ~= "connected" then
    return one:resolve(nil, self.why or errors.new("invalid", "the call is not connected"))
  end
  self:note("transfer to %s", to.is_call and to.to.uri or to)
  local was_accepted
  local referral = refer.open {
    verb = "call:transfer", agent = self.agent, dialog = self,
    options = { to = to, referred_by = options.referred_by, headers = options.headers,
                timeout = options.timeout },
    fn = function(step)
      if step.error and not was_accepted and is_strange[step.code] and options.fallback ~= false
        and self.state == "connected" then
        return stay_between(one, self, to, options)
      end
      was_accepted = was_accepted or not step.error
      if not step.final then return end
      local code = step.code
      if step.error or code >= 300 then return one:resolve(nil, failure_of(step)) end
      leave(self, to)
      one:resolve(true)
    end,
  }
  one.undo = function() referral:close() end
end

local known <const> = { referred_by = true, headers = true, fallback = true, timeout = true,
                        ring = true, ringback = true }

--- Transfers the other side: to a URI, or to the other side of another call, which it replaces
--- (attended). Returns true when that has worked, and both calls of ours are over; `nil, err`
--- when it has not, and they go on. A side that answers REFER with 405 or 501 is bridged to the
--- other instead, and what call:bridge returns is returned when that ends.
---@param to string|userdata|moonsip.Call
---@param options { referred_by: any, headers: table?, fallback: boolean?, timeout: (number|string)?, ring: (number|string)?, ringback: any }?
---@param callback fun(done: true|moonsip.BridgeRecord|nil, err: moonsip.Error?)?
---@return true|moonsip.BridgeRecord|nil
---@return moonsip.Error? err
function Transfer:transfer(to, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local verb <const> = "call:transfer"
  options = misuse.options(verb, options, known)
  if type(to) == "userdata" then to = tostring(to.uri or to) end
  if type(to) == "table" then
    if not to.is_call or to == self then misuse.argument(verb, "to", "another call expected") end
    if not to.number then misuse.argument(verb, "to", "the call has no dialog yet") end
  else
    misuse.text(verb, "to", to)
  end
  return wait.await(self.agent.context, verb, self, callback, start_transfer, self, to, options)
end

return transfer
