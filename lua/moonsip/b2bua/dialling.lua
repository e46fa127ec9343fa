-- SPDX-License-Identifier: MIT
-- The dialling of call:dial: targets have their turn one after the other, those of one turn
-- ring at once, and the first that answers is the leg. Every attempt is a call of its own,
-- with a Call-ID of its own, so that no carrier learns of another.

local attempt = require "moonsip.b2bua.attempt"
local description = require "moonsip.description"
local errors = require "moonsip.errors"
local gateway = require "moonsip.gateway"
local passage = require "moonsip.b2bua.passage"
local relay = require "moonsip.b2bua.relay"

---@class moonsip.Dialling
---@field call moonsip.Call       who is waiting
---@field wish table              turns, plan, policy, hunts, each_ms, recursions, items;
---  heard(message): of each provisional response
---@field offer string|false|nil  that goes through; false: none was made
---@field open moonsip.DialAttempt[]  under way
---@field is_single boolean       there is one attempt, and no other will be
---@field private one moonsip.Wait
---@field private turn integer
---@field private deadline integer  ms
---@field private best moonsip.Error?  of those that failed
---@field private tried table<string, true>?  URIs that no redirection has to lead to
local Dialling = {}
Dialling.__index = Dialling

local dialling = {}

-- Of a target that is no gateway: another one may do better (RFC 3263 4.3).
local outage <const> = { [408] = true, [503] = true }

--- The URIs that nothing has to lead to any more.
local function uris_of(turns)
  local tried = {}
  for _, turn in ipairs(turns) do
    for _, target in ipairs(turn) do tried[target.uri] = true end
  end
  return tried
end

--- How much one failure says (RFC 3261 16.7 item 6): the least wins.
local function rank(err)
  local code = err.response and err.code
  if not code then return 9 end
  if code >= 600 then return 0 end
  return code // 100
end

--- True when the next turn may do better.
local function goes_on(self, err, one)
  if err.response and err.code >= 600 then return false end
  local following = self.wish.turns[self.turn + 1]
  if one.target.is_moved and following and following[1].is_moved then return true end
  if self.wish.hunts then return err.kind ~= "hangup" end
  if not err.response then return err:retryable() end
  if one.target.gateway then return gateway.is_elsewhere(err.code, one.provisional) end
  return outage[err.code] or false
end

-- Statuses that say where else to try, for good (RFC 3261 21.3.1 to 21.3.3).
local redirects <const> = { [300] = true, [301] = true, [302] = true }

local function by_preference(a, b)
  if a.q ~= b.q then return a.q > b.q end
  return a.at < b.at
end

--- Where a redirection leads that is followed has its turn next (8.1.3.4): the Contacts by q,
--- each once.
local function follow(self, err)
  local wish = self.wish
  if not err.response or not redirects[err.code] or wish.recursions == 0 then return end
  local found = {}
  for at, one in ipairs(err.response.contacts or {}) do
    local uri = tostring(one.uri)
    if one.uri.host and not self.tried[uri] and #found < wish.recursions then
      self.tried[uri] = true
      found[#found + 1] = { uri = uri, q = one.q or 1, at = at }
    end
  end
  table.sort(found, by_preference)
  wish.recursions = wish.recursions - #found
  for at, one in ipairs(found) do
    table.insert(wish.turns, self.turn + at, { { uri = one.uri, is_moved = true } })
  end
  self.goes_on = self.goes_on or #found > 0
end

--- Ends those that are still under way; whoever rings there is told why (RFC 3326).
local function leave(self, reason)
  local open = self.open
  self.open = {}
  for _, one in ipairs(open) do one:give_up(reason) end
end

local function finish(self, leg, err)
  local call, one = self.call, self.one
  self.done = true
  if #self.wish.items > 0 and call.sound then call.sound:play_beside {} end
  one.undo = nil
  one:resolve(leg, err)
end

local next_turn

local function answered(self, one, leg)
  leave(self, 'SIP;cause=200;text="Call completed elsewhere"')
  one:forget()
  relay.join(self.call, leg, self.wish.policy)
  leg.dialled = one
  finish(self, leg)
end

local function failed(self, one, err)
  if not self.best or rank(err) < rank(self.best) then self.best = err end
  self.goes_on = self.goes_on or goes_on(self, err, one)
  follow(self, err)
  if err.response and err.code >= 600 then
    leave(self)
    self.goes_on = false
  end
  if #self.open > 0 then return end
  if not self.goes_on then return finish(self, nil, self.best) end
  return next_turn(self)
end

--- An attempt has its outcome.
---@param one moonsip.DialAttempt
---@param leg moonsip.Call?
---@param err moonsip.Error?
---@package
function Dialling:outcome(one, leg, err)
  for at, each in ipairs(self.open) do
    if each == one then table.remove(self.open, at) end
  end
  if self.done then return end
  if self.call.sound then
    self.call:note("%s: %s", one.target.uri, leg and "answered" or tostring(err))
  end
  if leg then return answered(self, one, leg) end
  return failed(self, one, err)
end

--- The span that the attempts of this turn may ring, in ms.
local function span_of(self)
  local left = self.deadline - self.call.agent.context:now()
  local each = self.wish.each_ms
  return each and each < left and each or left
end

function next_turn(self)
  local turn = self.wish.turns[self.turn + 1]
  local span = span_of(self)
  if not turn or span <= 0 then
    return finish(self, nil, self.best or errors.new("noanswer", "no time was left to ring"))
  end
  local number = self.turn + 1
  self.turn, self.goes_on = number, false
  local list = {}
  for at, target in ipairs(turn) do list[at] = attempt.new(self, target) end
  self.open = #list == 1 and list or table.move(list, 1, #list, 1, {})
  for _, one in ipairs(list) do
    if self.done or self.turn ~= number then return end -- another could not even be offered
    one:place(span)
  end
end

--- The offer that goes through: of the INVITE that is not answered yet, or what the call
--- says now.
local function offer_of(call)
  if call.state == "connected" or call.direction == "out" then
    local text = call.remote_sdp
    return text and description.released(text, call.local_sdp) or false
  end
  return description.of(call.req.message) or false
end

--- False when a leg is to make the offer, for the caller to answer.
---@param call moonsip.Call
---@param of moonsip.Policy
---@return boolean
function dialling.has_offer(call, of)
  return of.media ~= "direct" or call.state == "ended" or offer_of(call) ~= false
end

--- Starts it, for a wait.
---@param one moonsip.Wait
---@param call moonsip.Call
---@param wish table
function dialling.start(one, call, wish)
  if call.state == "ended" then return one:resolve(nil, call.why) end
  call:keep_wait(one)
  local self = setmetatable({
    one = one, call = call, wish = wish, turn = 0, open = false, goes_on = false, done = false,
    offer = nil, tried = nil, deadline = 0, best = nil,
    is_single = #wish.turns == 1 and #wish.turns[1] == 1 and wish.recursions == 0,
  }, Dialling)
  self.tried = wish.recursions > 0 and uris_of(wish.turns) or nil
  self.deadline = call.agent.context:now() + wish.plan.timeout_ms
  if wish.policy.media == "direct" then self.offer = offer_of(call) end
  one.undo = function()
    self.done = true
    leave(self, call.why and call.why.header)
  end
  call:note("dial %s", wish.turns[1][1].uri)
  next_turn(self)
  if #wish.items == 0 or not call.sound or call.sound:trouble() then return end
  call.sound:play_beside(wish.items, function() return not one.resolved end)
end

--- What the leg that is placed is offered; nil: what we can do.
---@return string|false|nil sdp
---@return moonsip.Error? err
---@return moonsip.Passage?
function Dialling:offer_for_leg()
  local wish = self.wish
  if wish.policy.media ~= "direct" or wish.plan.sdp ~= nil then return wish.plan.sdp end
  local way = passage.new(self.call.agent, wish.policy, "callee")
  if not self.offer then return false, nil, way end
  local text, err = way:write(self.offer)
  return text, err, way
end

return dialling
