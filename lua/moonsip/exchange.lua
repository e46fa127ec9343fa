-- SPDX-License-Identifier: MIT
-- An exchange: one wish of a script, "send this request", with the successive
-- transactions it takes, until its final response (api.md rule 2).

local credentials = require "moonsip.credentials"
local errors = require "moonsip.errors"
local gateway = require "moonsip.gateway"
local handlers = require "moonsip.handlers"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local parts = require "moonsip.parts"
local pager = require "moonsip.pager"
local recv_info = require "moonsip.recv_info"
local response = require "moonsip.response"
local retry = require "moonsip.retry"
local stream = require "moonsip.stream"
local wait = require "moonsip.wait"
local wish = require "moonsip.wish"

---@class moonsip.Exchange
---@field agent moonsip.Agent
---@field method string
---@field target string         URI it goes to now
---@field call moonsip.Call?    of an INVITE, or that it was sent in
---@field session moonsip.Session?  that its offers and answers are of
---@field done boolean          a final response came, or none will
---@field final moonsip.Response?
---@field error moonsip.Error?  why there is no 2xx
local Exchange = {}
Exchange.__index = Exchange
Exchange.__name = "moonsip.exchange"

handlers.mixin(Exchange, "exchange")

local exchange = {}

local none <const> = {}

-- Another target may do better after these (RFC 3263 4.3; RFC 5626 7).
local try_next <const> = { [408] = true, [430] = true, [503] = true }

-- Failures of the other side, not of ours.
local is_outage <const> = { timeout = true, transport = true, dns = true }

local function host_of(self) return self.agent.context end

--- The gateway's leave to send goes back, or along with a call that was answered.
local function end_permit(self, call)
  local permit = self.permit
  if not permit then return end
  self.permit = nil
  if call then call:keep_permit(permit) else permit:release() end
end

--- No answer came from the target's gateway: told once for each attempt.
local function tell_missed(self, err)
  local of = self.targets[self.at].gateway
  if not of or self.is_told then return end
  self.is_told = true
  of:missed(err)
end

--- What observers and waiters get to see at the end.
local function settle(self, final, err)
  if self.done then return end
  self.done, self.final, self.error = true, final, err
  end_permit(self, not err and self.call)
  if err and self.says_info then recv_info.roll_back(self) end
  if self.pager_key then pager.leave(self) end
  if self.timer then host_of(self).wheel:stop(self.timer) end
  self.timer = nil
  retry.stop(self)
  if self.transaction then self.agent.exchanges[self.transaction] = nil end
  if self.dialog and self.dialog.exchanges then self.dialog.exchanges[self] = nil end
  if self.on_done then self:on_done(not err and final or nil, err) end
  local waits = self.waits
  self.waits = nil
  for _, one in ipairs(waits or {}) do
    if err then one:resolve(nil, err) else one:resolve(final) end
  end
  if self.stream and not final then self.stream:feed(nil) end
end

local class_name <const> = { "1xx", "2xx", "3xx", "4xx", "5xx", "6xx" }

local function run_level(tasks, list, code, one, consumed)
  return list and (list:run(tasks, code, one, consumed)
    or list:run(tasks, class_name[code // 100], one, consumed)
    or list:run(tasks, "response", one, consumed))
end

--- Nearest first: of the exchange, of its call or dialog, of the agent; on each level
--- the exact status before the class before any.
local function run_handlers(self, code, one, consumed)
  local tasks = host_of(self).tasks
  local near = self.call or self.dialog
  return run_level(tasks, self.handlers, code, one, consumed)
    or near and run_level(tasks, near.handlers, code, one, consumed)
    or run_level(tasks, self.agent_handlers, code, one, consumed)
end

local function wants(list, code)
  return list and (list:has(code) or list:has(class_name[code // 100])
    or list:has "response")
end

--- Shows a response to whoever observes such; one that we made use of ourselves only to
--- those whose filter says `all = true`.
local function observe(self, one, consumed)
  if self.is_farewell then return end
  local code = one.message.code
  local near = self.call or self.dialog
  if wants(self.handlers, code) or near and wants(near.handlers, code)
    or wants(self.agent_handlers, code) then
    host_of(self).tasks:start(self.agent, run_handlers, self, code, one, consumed)
  end
  if self.stream and not consumed then self.stream:feed(one) end
end

local function run_error(self, err)
  for _, fn in ipairs(self.handlers:of_event "error") do fn(err, self) end
end

local function fail(self, err)
  if self.done then return end
  if self.handlers and self.handlers:has "error" then
    host_of(self).tasks:start(self.agent, run_error, self, err)
  end
  settle(self, nil, err)
end

local function fail_now(self, err) fail(self, err) end

--- The body as it is to be now: a description of ours depends on what was agreed since.
--- An INVITE without an offer gets one in its 2xx, and the answer goes into the ACK
--- (13.2.1).
local function prepare(self)
  local session, err = self.session, nil
  self.body = self.plan.body
  if session then self.body, err = session:ask(self) end
  self.own_ack = self.method == "INVITE" and session ~= nil and self.body == nil
  local more = self.plan.parts
  if more and not err then
    self.body, self.content_type = parts.join(self.body, more, self.agent.engine:token())
  end
  return not err, err
end

--- Hands a request outside dialogs to the core, with leave of the target's gateway.
local function hand_to_target(self)
  local of = self.targets[self.at].gateway
  if of and not self.permit then
    local permit, why = of:claim(self.method)
    if not permit then return nil, why end
    self.permit = permit
  end
  local transaction, err = self.agent.engine:request(wish.of(self))
  if not transaction then tell_missed(self, err) end
  return transaction, err
end

--- Hands it to the core: the transaction, or nil and why it cannot be sent.
local function hand_over(self)
  local agent, dialog = self.agent, self.dialog
  if agent.closed then return nil, errors.new("gone", "the agent is closed") end
  if dialog and dialog.state == "ended" and not self.is_farewell then
    return nil, dialog.why
  end
  local ok, err = prepare(self)
  if not ok then return nil, err end
  local transaction
  if dialog then
    transaction, err = agent.engine:dialog_request(self.number or dialog.number, wish.of(self))
  else
    transaction, err = hand_to_target(self)
  end
  if not transaction and self.session then self.session:hear_failure(self) end
  return transaction, err
end

--- Makes the next target the current one; false when there is none.
local function advance(self)
  if not self.targets[self.at + 1] then return false end
  end_permit(self)
  self.at, self.provisional, self.is_told = self.at + 1, nil, nil
  return true
end

--- Sends it to the current target. A failure is told later, as any other outcome.
local function send(self)
  local agent = self.agent
  local transaction, err
  if self.method == "MESSAGE" then
    local may_go, why = pager.enter(self)
    if may_go == false then return end -- its turn comes
    err = why
  end
  if not err then transaction, err = hand_over(self) end
  if transaction then
    self.transaction = transaction
    agent.exchanges[transaction] = self
    if self.plan.pdd_ms then retry.limit_ringing(self, self.plan.pdd_ms) end
  elseif self.dialog and err.name == "PENDING" then
    self.dialog:queue(self) -- until the other INVITE is over (14.1)
  elseif advance(self) then
    return send(self)
  else
    host_of(self).tasks:spawn(agent, fail_now, self, err)
  end
end

--- Sends a request and returns at once.
---@param agent moonsip.Agent
---@param verb string
---@param method string
---@param targets table[]  of target.list; one with the URI nil inside a dialog
---@param plan table       what all its transactions share
---@param fields table?    call, dialog, session, number, owner, cseq, on_done(exchange, response of
---  2xx, err); is_farewell: a BYE, which is sent in a dialog that has ended for the script;
---  is_quiet: the agent's handlers hear nothing of it; outlives: its agent's end does not end it
---@return moonsip.Exchange
function exchange.start(agent, verb, method, targets, plan, fields)
  fields = fields or none
  local self = setmetatable({
    agent = agent, verb = verb, method = method, targets = targets, plan = plan, at = 1,
    done = false, agent_handlers = not fields.is_quiet and agent.handlers or nil,
    call = fields.call, dialog = fields.dialog, session = fields.session, number = fields.number,
    on_done = fields.on_done, is_farewell = fields.is_farewell, owner = fields.owner,
    handlers = false, cseq = fields.cseq, outlives = fields.outlives, body = nil,
    own_ack = false, target = nil, transaction = nil, timer = nil, provisional = nil,
    final = nil, error = nil, waits = nil,
  }, Exchange)
  if self.dialog and not self.is_farewell then self.dialog.exchanges[self] = true end
  send(self)
  if plan.timeout_ms and not self.done then
    self.timer = host_of(self):start_timer(plan.timeout_ms, self)
  end
  return self
end

--- Answers a challenge: the same request again, with proof, the same Call-ID and From
--- tag and the next CSeq (RFC 3261 22.2). False when it is not ours to answer.
local function answer_challenge(self, one)
  local sets = wish.credentials(self)
  if not sets or self.cancelling then return false end
  local proof = credentials.answer(sets, one, wish.way(self))
  if not proof then return false end
  self.proof, self.tries = proof, (self.tries or 0) + 1
  self:send_next(one.message)
  return true
end

--- The same request once more at once: the next in its sequence.
---@param of table  what refused it
---@package
function Exchange:send_next(of)
  self.agent.exchanges[self.transaction] = nil
  if not self.dialog then
    self.call_id, self.from_tag, self.cseq = of.call_id, of.from.tag, of.cseq + 1
  end
  send(self)
end

--- Sends it once more, to the same target.
---@package
function Exchange:again()
  if not self.done then send(self) end
end

--- Goes on to the next target, if there is one.
---@return boolean
---@package
function Exchange:go_on()
  local transaction = self.transaction
  if self.cancelling or not advance(self) then return false end
  self.agent.exchanges[transaction] = nil
  send(self)
  return true
end

--- It did not ring in time. What it may still say is nobody's: a 2xx is ended.
---@package
function Exchange:leave_target()
  self.agent.engine:cancel(self.transaction)
  if self.session then self.session:hear_failure(self) end
  local err = errors.new("timeout", "it did not ring in time", { code = 408 })
  if not self.provisional then tell_missed(self, err) end
  if self:go_on() then return end
  self.agent.exchanges[self.transaction] = nil
  fail(self, err)
end

--- What a response means for offer and answer, before anything else is made of it (from
--- the dispatcher).
---@param number integer        the dialog, or 0
---@param is_reliable boolean?  a 1xx that is acknowledged
---@package
function Exchange:negotiate(of, number, is_reliable)
  if self.says_info then recv_info.hear(self, of, number) end
  if not self.session then return end
  if self.method == "INVITE" and not self.dialog then
    self.call:hear_branch(self, of, number, is_reliable)
  else
    self.session:hear_response(self, of, is_reliable)
  end
end

--- Header fields for the ACK of a 2xx that we write ourselves: the credentials of its
--- INVITE (22.1).
---@return string[]?
---@package
function Exchange:ack_headers()
  return self.proof_sent
end

--- Tells the target's gateway of a response. True when another target may do better.
local function is_elsewhere(self, code, message)
  local of = self.targets[self.at].gateway
  if not of then return try_next[code] end
  local value = code == 503 and message:typed "Retry-After"
  of:seen_at(message.source_ip)
  of:heard(code, value and value.seconds, self.provisional)
  if code // 100 == 2 and self.call then of:succeeded() end
  return gateway.is_elsewhere(code, self.provisional)
end

--- A response came (from the dispatcher). `dialog` is the one it made or came in; `number`
--- that of a reliable 1xx.
---@package
function Exchange:receive(of, dialog, number)
  local one = response.new(self, of, dialog, number)
  local code = of.code
  local other = is_elsewhere(self, code, of)
  local sets = wish.credentials(self)
  if sets and dialog and not self.dialog and code < 300 then dialog.credentials = sets end
  if code < 200 then
    self.provisional = code
    if code >= 180 then retry.rings(self) end
    if self.plan.attempt then self.plan.attempt:heard(of) end
    return observe(self, one)
  end
  if other and self:go_on() then return end
  if (code == 401 or code == 407) and answer_challenge(self, one)
    or code == 422 and retry.with_longer_session(self, of)
    or not self.plan.passes_glare and (code == 491 and retry.after_glare(self)
      or code == 500 and retry.when_told(self, of)) then
    return observe(self, one, true)
  end
  if sets and code < 300 then credentials.accepted(sets, one) end
  local err = code >= 300 and errors.of_response(one) or nil
  if err and self.gave_up then err = self.gave_up end
  settle(self, one, err) -- whoever waited goes on after the observers
  observe(self, one)
end

--- No response will come (from the dispatcher).
---@param name string  the core's name of the failure
---@package
function Exchange:lose(name)
  self.agent.exchanges[self.transaction] = nil
  if self.session then self.session:hear_failure(self) end
  local err = errors.of_failure(name)
  if is_outage[err.kind] then tell_missed(self, err) end
  if self:go_on() then return end
  fail(self, self.gave_up or err)
end

--- Its `timeout` has passed.
---@package
function Exchange:expire()
  self.timer = nil
  local rings = self.method == "INVITE" and self.provisional
  self.gave_up = rings and errors.new("noanswer", "not answered in time", { code = 408 })
    or errors.new("timeout", "no final response in time")
  if not self.provisional then tell_missed(self, self.gave_up) end
  if self.method == "INVITE" and self:cancel() then return end
  fail(self, self.gave_up)
end

local cancel_options <const> = { headers = true }

--- Cancels an INVITE that has no final response (9.1): the 487 that follows ends the
--- exchange. Of other requests only the waiting ends.
---@param options { headers: table? }?  e.g. Reason
---@return true?
---@return moonsip.Error? err
function Exchange:cancel(options)
  options = misuse.options("exchange:cancel", options, cancel_options)
  local flat = headers.flatten("exchange:cancel", options.headers)
  if self.done then return nil, errors.new("invalid", "the exchange has ended") end
  self.cancelling = true
  if self.method == "INVITE" and self.transaction then
    return self.agent.engine:cancel(self.transaction, flat)
  end
  fail(self, errors.new("cancelled", "given up"))
  return true
end

--- Cancels what still runs and forgets it: closing never waits.
function Exchange:close()
  if self.done then return end
  if self.method == "INVITE" and self.transaction then
    self.agent.engine:cancel(self.transaction)
  end
  settle(self, nil, errors.new("cancelled", "given up"))
end

Exchange.__close = Exchange.close

--- Ends it from outside: its call or agent has ended.
---@package
function Exchange:abandon(err)
  settle(self, nil, err)
end

local function start_wait(one, self)
  if self.done then
    if self.error then one:resolve(nil, self.error) else one:resolve(self.final) end
    return
  end
  self.waits = self.waits or {}
  table.insert(self.waits, one)
end

--- Waits for the final response: a 2xx, or `nil, err` where `err.response` is the one
--- that came, if any.
---@return moonsip.Response?
---@return moonsip.Error? err
function Exchange:wait(callback)
  return wait.await(host_of(self), "exchange:wait", self.agent, callback, start_wait,
    self)
end

--- For `for res in exchange:responses() do`: every response, the final one last. When
--- none comes the last step has an `error`. Leaving the loop early cancels an INVITE.
function Exchange:responses()
  self.stream = self.stream or stream.new(self)
  return stream.next, self.stream, nil, self
end

return exchange
