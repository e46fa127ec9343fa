-- SPDX-License-Identifier: MIT
-- One INVITE of ours, several answers (RFC 3261 12.1, 13.2.2.4): each branch that answers
-- has a dialog of its own, and offer and answer in it go their own way. The call is that of
-- the branch that was heard last, then of the first 2xx.

local early_media = require "moonsip.early_media"
local session = require "moonsip.session"

local Forks = {}

local forks = {}

--- Gives its methods to the class of calls.
function forks.mixin(class)
  for name, method in pairs(Forks) do class[name] = method end
end

--- The session of a dialog of this call, made for one that was not seen before.
---@param number integer
---@param invite moonsip.Exchange?  our INVITE, which has other branches
---@return moonsip.Session
---@package
function Forks:session_of(number, invite)
  local current = self:negotiation()
  if not invite or current.number == number then
    return self.branches and self.branches[number] or current
  end
  if not current.number then
    current.number = number
    return current
  end
  self.branches = self.branches or {}
  local found = self.branches[number]
  if not found then
    found = session.forked(current, invite)
    found.number = number
    self.branches[number] = found
  end
  return found
end

--- From now on the call is what was agreed on in that branch.
---@param one moonsip.Session
---@package
function Forks:turn_to(one)
  local before = self.session
  if before == one then return end
  self.branches[one.number] = nil
  if before.number then self.branches[before.number] = before end
  self.session = one
  self.number = one.number
end

--- A response to our INVITE, in a dialog of it or in none: what it means for offer and
--- answer, and for whom the call is with.
---@param invite moonsip.Exchange
---@param message table
---@param number integer
---@param is_reliable boolean
---@package
function Forks:hear_branch(invite, message, number, is_reliable)
  local one = number ~= 0 and self:session_of(number, invite) or self.session
  local code = message.code
  if code > 100 and code < 200 then early_media.hear(self, message) end
  if code >= 200 and code < 300 or message.body ~= "" and code < 200 then self:turn_to(one) end
  if code >= 200 then self.branches = nil end
  invite.session = self.session
  one:hear_response(invite, message, is_reliable)
end

--- An early dialog of it is over, while the INVITE is not (RFC 6228): the others go on.
---@param number integer
---@package
function Forks:branch_ended(number)
  local branches = self.branches
  if branches then branches[number] = nil end
  if self.number ~= number then return end
  local other = branches and next(branches)
  if other then
    self:turn_to(branches[other])
    self.branches[number] = nil
    self:session_changed()
  end
  self.number = other or false
end

local Expected = {}
Expected.__index = Expected
function Expected:expire() self.agent.forked[self.transaction] = nil end

--- Our INVITE has its 2xx. While its transaction takes others (RFC 6026 8.4), a handler of
--- `fork` gets to choose; without one they are acknowledged and ended (13.2.2.4).
---@param invite moonsip.Exchange
function forks.expect(invite)
  local agent, handlers = invite.agent, invite.call.handlers
  if not (agent.handlers:has "fork" or handlers and handlers:has "fork") then return end
  local transaction = invite.transaction
  agent.forked[transaction] = invite
  agent.context:start_timer(agent.deferred_ms,
    setmetatable({ agent = agent, transaction = transaction }, Expected))
end

--- Another 2xx than the first, where a handler wants to choose: a call of its own, which
--- has no audio of ours until it is changed (its offer's port is the first one's).
---@param agent moonsip.Agent
---@param invite moonsip.Exchange
---@param message table
---@param number integer
function forks.open(agent, invite, message, number)
  local first = invite.call
  local one = first.another(agent, first)
  agent:add_call(one)
  agent.dialogs[number] = one
  one.session = session.forked(first.session, invite, one)
  one.session.number = number
  one:bind(number, message.code)
  one.session:hear_response({ is_offering = true, method = "INVITE" }, message)
  local info = agent.engine:dialog_info(number)
  if info and info.owes_ack then
    agent:acknowledge(number, { session = one.session, ack_headers = function() end })
  end
  first:fire("fork", one, first)
end

return forks
