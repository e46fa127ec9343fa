-- SPDX-License-Identifier: MIT
-- call:transfer: hands the other side of a call over to somebody else (RFC 5589), to a URI or
-- to the other side of another call.

local core = require "moonsip.core"
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
local function stay_between(one, self, to, other, options)
  local function join(leg, err)
    if not leg then return one:resolve(nil, err) end
    self:bridge(leg, function(record, why)
      if record then return one:resolve(record) end
      one:resolve(nil, why)
    end)
  end
  if other then return join(other) end
  self:dial(to, { ring = options.ring, ringback = options.ringback }, join)
end

--- It has gone over: our calls are not needed any more.
local function leave(self, other)
  if self.state ~= "ended" then self:hangup() end
  if other and other.state ~= "ended" then other:hangup() end
end

--- The URI of the other side when it can be asked outside of the call: a GRUU, of one that knows
--- Target-Dialog. There the REFER has a dialog of its own (RFC 5589 5, RFC 6665 4.5.2).
local function own_way(self)
  local info = self.agent.engine:dialog_info(self.number)
  local uri = info.peer_tdialog and core.uri(info.target)
  return uri and uri.params.gr ~= nil and info.target or nil
end

local function failure_of(step)
  if step.error then return step.error end
  local kind = step.code == 486 and "busy" or step.code == 408 and "timeout"
    or (step.code == 480 or step.code == 487) and "noanswer" or "rejected"
  return errors.new(kind, step.reason, { code = step.code })
end

--- What is asked for, inside the call or beside it.
local function wish_of(self, to, options, fn)
  local outside = own_way(self)
  local by = options.referred_by
  if by == nil then by = self.local_uri end
  local asked = { to = to, replaces = options.replaces, referred_by = by,
                  headers = options.headers, timeout = options.timeout }
  if outside then asked.target_dialog, asked.from = self, self.local_uri end
  return { verb = "call:transfer", agent = self.agent, given = outside,
           dialog = not outside and self or nil, options = asked, fn = fn }
end

local function start_transfer(one, self, to, options)
  if self.state ~= "connected" then
    return one:resolve(nil, self.why or errors.new("invalid", "the call is not connected"))
  end
  self:note("transfer to %s", to.is_call and to.to.uri or to)
  local other = options.replaces or to.is_call and to
  local was_accepted
  local referral = refer.open(wish_of(self, to, options, function(step)
    if step.error and not was_accepted and is_strange[step.code] and options.fallback ~= false
      and self.state == "connected" then
      return stay_between(one, self, to, other, options)
    end
    was_accepted = was_accepted or not step.error
    if not step.final then return end
    local code = step.code
    if step.error or code >= 300 then return one:resolve(nil, failure_of(step)) end
    leave(self, other)
    one:resolve(true)
  end))
  one.undo = function() referral:close() end
end

local known <const> = { referred_by = true, headers = true, fallback = true, timeout = true,
                        ring = true, ringback = true, replaces = true }

--- A call with somebody else, which has a dialog already.
local function check_call(verb, name, self, given)
  if type(given) ~= "table" or not given.is_call or given == self then
    misuse.argument(verb, name, "another call expected")
  end
  if not given.number then misuse.argument(verb, name, "the call has no dialog yet") end
end

--- Transfers the other side: to a URI, or to the other side of another call, which it replaces
--- (attended); `replaces` names that call when its side is to be reached by another URI than its
--- Contact (RFC 5589 7.5). Returns true when that has worked, and both calls of ours are over; `nil, err`
--- when it has not, and they go on. A side that answers REFER with 405 or 501 is bridged to the
--- other instead, and what call:bridge returns is returned when that ends.
---@param to string|userdata|moonsip.Call
---@param options { replaces: moonsip.Call?, referred_by: any, headers: table?, fallback: boolean?, timeout: (number|string)?, ring: (number|string)?, ringback: any }?
---@param callback fun(done: true|moonsip.BridgeRecord|nil, err: moonsip.Error?)?
---@return true|moonsip.BridgeRecord|nil
---@return moonsip.Error? err
function Transfer:transfer(to, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local verb <const> = "call:transfer"
  options = misuse.options(verb, options, known)
  if type(to) == "userdata" then to = tostring(to.uri or to) end
  if type(to) == "table" then check_call(verb, "to", self, to) else misuse.text(verb, "to", to) end
  if options.replaces ~= nil then check_call(verb, "replaces", self, options.replaces) end
  return wait.await(self.agent.context, verb, self, callback, start_transfer, self, to, options)
end

return transfer
