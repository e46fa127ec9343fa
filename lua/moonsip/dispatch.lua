-- SPDX-License-Identifier: MIT
-- Events of an engine become calls of handlers. One entry drains them all; each script
-- function runs in a task of its own, so that nothing it does can stop the others.

local defaults = require "moonsip.defaults"
local dialog = require "moonsip.dialog"
local errors = require "moonsip.errors"
local forks = require "moonsip.forks"
local gruu = require "moonsip.gruu"
local handlers = require "moonsip.handlers"
local info_method = require "moonsip.info"
local keepers = require "moonsip.keepers"
local proxied_gateways = require "moonsip.proxied_gateways"
local dtmf = require "moonsip.verbs.dtmf"
local request = require "moonsip.request"

local dispatch = {}

--- Runs the handlers of a request, nearest first, then the defaults. A task.
---@param near moonsip.Handlers  of the agent when it came
local function serve(req, method, near)
  local tasks, of = req.agent.context.tasks, req.dialog
  if not of then
    if near:run(tasks, method, req) or near:run(tasks, "request", req) then return end
  elseif of.handlers and of.handlers:run(tasks, method, req)
    or of.relay and of.relay:take(of, req)
    -- A further INVITE is not a new call: only the call's own handler is for it.
    or method ~= "INVITE" and of.agent_handlers:run(tasks, method, req) then
    return
  end
  return defaults.answer(req, near)
end

local next_handler <const> = handlers.next

--- The same for most requests to most agents: outside dialogs, with one handler that takes
--- whatever comes.
local function serve_sole(req, fn, near)
  local tasks = req.agent.context.tasks
  tasks.current.fn = fn
  if fn(req) == next_handler and not near:run(tasks, "request", req) then
    return defaults.answer(req, near)
  end
end

local on = {}

-- How long who crossed an offer of its own is told to wait: at random (14.2).
local max_retry_after_s <const> = 10

--- Two offers at once (RFC 6337 4.3): theirs is refused.
local function refuse_crossing(agent, req, status)
  local chance = tonumber(agent.engine:token():sub(-2), 32) % (max_retry_after_s + 1)
  req:reply(status, status == 500 and { ["Retry-After"] = chance } or nil)
end

local has_description <const> = { INVITE = true, UPDATE = true, PRACK = true }

--- The dialog of subscriptions alone, which the core keeps, as an object for one request inside it.
local function of_usages(agent, number)
  local info = agent.engine:dialog_info(number)
  return info and info.by_usages and dialog.new(agent, number) or nil
end

function on.request(agent, message, transaction, number, method)
  local of = number ~= 0 and (agent.dialogs[number] or of_usages(agent, number)) or nil
  local req = request.new(agent, message, transaction, of, method)
  if number ~= 0 then
    -- Ended on our side a moment ago, or of a branch whose call is that of another.
    if not of or of.state == "connected" and of.number ~= number then return req:reply(481) end
    if method == "BYE" then agent:remote_bye(of, message) end
    if of.is_call and has_description[method] then
      local status = of:session_of(number):hear_request(req)
      if status then return refuse_crossing(agent, req, status) end
    elseif of.is_call and method == "INFO"
      and (info_method.refuse(req, of) or dtmf.take_info(req, of)) then
      return
    end
  end
  local tasks, near = agent.context.tasks, agent.handlers
  local fn = number == 0 and near.sole[method]
  if fn then return tasks:start(req, serve_sole, req, fn, near) end
  tasks:start(req, serve, req, method, near)
end

--- Handlers of what nobody answers: ACK and CANCEL.
local function notice(req, of, near)
  local tasks, method = req.agent.context.tasks, req.message.method
  if of and of.handlers and of.handlers:run(tasks, method, req) then return end
  near:run(tasks, method, req)
end

local function tell(agent, message, of, fields)
  local method = message.method
  if not (agent.handlers:has(method) or of and of.handlers
    and of.handlers:has(method)) then
    return
  end
  local req = request.new(agent, message, 0, of)
  for name, value in pairs(fields or {}) do rawset(req, name, value) end
  agent.context.tasks:start(req, notice, req, of, agent.handlers)
end

function on.ack(agent, message, _, number)
  local of = agent.dialogs[number]
  if not of then return end
  if of.is_call then of:acknowledged(message) end
  tell(agent, message, of)
end

--- Code 0: what it is proxied to will bring its final response (16.10).
function on.cancelled(agent, message, transaction, _, code)
  local invite = agent.requests[transaction]
  if invite and code == 0 then
    invite.cancelled = true
  elseif invite then
    invite.cancelled, invite.final = true, 487
    local of = invite.dialog
    if of and of.req == invite then
      of:ended(errors.new("cancelled", "the caller gave up",
        { code = 487, by = "remote", bye = message }))
    elseif of and of.relay then
      of.relay:cancelled(invite)
    end
    agent:forget_request(invite)
  end
  if message then tell(agent, message, nil, { invite = invite }) end
end

--- A 2xx that nobody waits for any more: of a further branch of a forked INVITE, or one
--- that crossed our CANCEL. It is acknowledged, when the core left that to us, and ended
--- (13.2.2.4).
local function end_unwanted(agent, message, number)
  local code = message.code
  if number == 0 or code < 200 or code >= 300 or message.cseq_method ~= "INVITE" then
    return
  end
  local info = agent.engine:dialog_info(number)
  if info and info.owes_ack then agent.engine:ack(number) end
  agent.engine:dialog_request(number, { method = "BYE", orphan = true })
end

--- The dialog object that a response made or came in.
local function dialog_of(agent, exchange, number, code)
  if number == 0 then return nil end
  local of = agent.dialogs[number]
  local call = exchange.call
  if exchange.is_farewell then return exchange.dialog end
  if call and not exchange.dialog then
    if code < 300 then
      agent.dialogs[number] = call
      call:bind(number, code)
    end
    return call
  end
  if not of and code < 300 then
    of = dialog.new(agent, number)
    agent.dialogs[number] = of
  end
  return of
end

function on.response(agent, message, transaction, number)
  local exchange = agent.exchanges[transaction]
  if not exchange then
    local invite = agent.forked[transaction]
    if invite and message.code // 100 == 2 then
      return forks.open(agent, invite, message, number)
    end
    return end_unwanted(agent, message, number)
  end
  local of = dialog_of(agent, exchange, number, message.code)
  exchange:negotiate(message, number)
  if exchange.own_ack and of and message.code // 100 == 2 then
    if exchange.plan.ack_later then
      of.owed_ack = exchange
    else
      agent:acknowledge(number, exchange)
    end
  end
  exchange:receive(message, of)
end

--- A reliable 1xx (RFC 3262 4). Code 1: its PRACK is left to us.
function on.reliable(agent, message, transaction, number, code)
  local exchange = agent.exchanges[transaction]
  if not exchange then return end -- given up: a CANCEL is on its way
  local of = dialog_of(agent, exchange, number, message.code)
  exchange:negotiate(message, number, true)
  if code == 1 then
    exchange.call:owe_prack(exchange, message, number)
  elseif exchange.session then
    exchange.call:session_of(number):step "SEND_PRACK"
  end
  exchange:receive(message, of, number)
end

--- A PRACK without a description: theirs came and was answered, or ours was.
function on.pracked(agent, _, transaction, number)
  local of = agent.dialogs[number]
  if of and of.is_call and of.session then of:session_of(number):pracked(transaction ~= 0) end
end

--- None came for a reliable response of ours, and the INVITE was answered 504.
function on.no_prack(agent, _, transaction, number, _, peer)
  local req, of = agent.requests[transaction], agent.dialogs[number]
  if of and of.is_call and not agent.engine:dialog_info(number) then -- it was early
    of:ended(errors.new("timeout", "no PRACK came for a provisional response",
      { code = 504 }))
  elseif of and of.session then
    of.session:step "SEND_FAILURE"
  end
  if req then
    req.final = 504
    agent:forget_request(req)
  end
  agent.context.log:rarely("warn", peer, "no PRACK came from %s for a reliable response; its "
    .. "INVITE was answered 504 (RFC 3262 3)", peer)
end

--- The session of a call is to be refreshed by us (RFC 4028 10).
function on.refresh(agent, _, _, number, code)
  local of = agent.dialogs[number]
  if of and of.is_call and of.number == number then of:refresh_session(code) end
end

--- The other side says that it is somebody else now (RFC 4916).
function on.identity(agent, _, _, number)
  local of = agent.dialogs[number]
  if of and of.is_call then of:fire("identity", of, of.remote) end
end

function on.failed(agent, _, transaction, _, code)
  local exchange = agent.exchanges[transaction]
  if exchange then exchange:lose(code) end
end

function on.ready(agent, _, _, number)
  local of = agent.dialogs[number]
  if of then of:ready() end
end

function on.no_ack(agent, _, _, number, _, peer)
  local of = agent.dialogs[number]
  if not of then return end
  of:acknowledged()
  if of.state ~= "ended" then
    of:hangup()
    agent.context.log:rarely("warn", peer, "no ACK came from %s for the 200 of a call; it "
      .. "was ended (RFC 3261 13.3.1.4)", peer)
  end
end

function on.unsent(agent, _, transaction, _, code, peer)
  if code == "TIMEOUT" then -- it was sent, and nobody said so: Timer H
    agent.context.log:rarely("debug", peer, "no ACK came from %s for a rejection", peer)
  else
    agent.context.log:rarely("warn", peer, "a final response to %s could not be sent: %s",
      peer, code)
  end
  local req = agent.requests[transaction]
  if req then agent:forget_request(req) end
end

function on.fell_back(agent, _, transaction, _, _, peer)
  local exchange = agent.exchanges[transaction]
  agent.context.log:rarely("info", peer, "too large for UDP, but no TCP connection: %s to "
    .. "%s goes by UDP (RFC 3261 18.1.1)", exchange and exchange.method or "request", peer)
end

--- A request inside a dialog that went through here: shown, then it goes on.
local function serve_routed(req)
  req.agent.handlers:run(req.agent.context.tasks, "routed", req)
  if req.final or req.forwarded or req.proxied or req.deferred then return end
  if req.to_gruu then return gruu.forward(req) end
  req:forward()
end

local function notice_routed(req)
  req.agent.handlers:run(req.agent.context.tasks, "routed", req)
  if req.to_gruu and not req.forwarded then gruu.forward(req) end
end

--- Code 1: to a GRUU, which is looked up first.
function on.routed(agent, message, transaction, _, code)
  if agent.byes_wanted > 0 and message.method == "BYE" then
    proxied_gateways.ended(agent, message.call_id)
  end
  local req = request.new(agent, message, transaction)
  local tasks = agent.context.tasks
  if code == 1 then req.to_gruu, req.stray = true, transaction == 0 end
  if transaction == 0 then return tasks:start(agent, notice_routed, req) end
  tasks:start(req, serve_routed, req)
end

local function serve_stray(req)
  req.agent.handlers:run(req.agent.context.tasks, "stray", req)
  if not req.forwarded then req.agent.engine:refuse(req.message, 481) end
end

function on.stray(agent, message)
  local req = request.new(agent, message, 0)
  req.stray = true
  agent.context.tasks:start(agent, serve_stray, req)
end

--- A flow that is kept alive has failed.
function on.flow_failed(agent, _, keeper, _, code)
  keepers.failed(agent, keeper, code)
end

function on.branch(agent, message, transaction, number, code)
  local req = agent.requests[transaction]
  if req and (req.observers or req.gates) then req:branch_became(message, number, code) end
end

function on.proxied(agent, message, transaction, number, code)
  local req = agent.requests[transaction]
  if req then req:outcome(message, number, code) end
end

--- Why a dialog ended that the core has given up.
local function why_ended(message, code)
  if message then return errors.hangup(message) end
  if type(code) == "string" then return errors.of_failure(code) end
  local kind = code == 408 and "timeout" or code == 481 and "gone"
    or code == 487 and "cancelled" or "hangup"
  return errors.new(kind, "the dialog ended", { code = code, by = "remote" })
end

function on.dialog_end(agent, message, _, number, code)
  local of = agent.dialogs[number]
  if not of then return end
  agent.dialogs[number] = nil
  -- A branch of a forked INVITE that another one is still tried of is not the call.
  if of.invite then return of:branch_ended(number) end
  if of.number ~= number then return end
  of:ended(why_ended(message, code))
end

-- ---- subscriptions: of a notifier by their own number, of ours by that of the request

local function subscriber_of(agent, origin, number)
  return agent.subscriptions[origin ~= 0 and origin or number]
end

function on.notified(agent, message, origin, number)
  local of = subscriber_of(agent, origin, number)
  if of then of:notified(number, message) end
end

function on.refreshed(agent, _, _, number, code)
  local of = agent.subscriptions[number]
  if of and of.refreshed then of:refreshed(number, code) end
end

function on.challenged(agent, message, origin, number)
  local of = subscriber_of(agent, origin, number)
  if of then of:challenged(number, message) else agent.engine:prove(number) end
end

function on.subscription_end(agent, message, origin, number, code)
  local of = subscriber_of(agent, origin, number)
  if origin == 0 then agent.subscriptions[number] = nil end
  if of then of:subscription_ended(number, code, message) end
end

--- Who was refused since the last time, and why.
function on.guard(agent)
  local report, others = agent.engine:guard_report()
  report.others = others
  agent:emit("guard", report)
end

--- Hands out all events of an agent's engine. In an entry of its scheduler.
---@param agent moonsip.Agent
function dispatch.drain(agent)
  local engine = agent.engine
  local kind, message, transaction, number, code, peer = engine:next_event()
  while kind do
    on[kind](agent, message, transaction, number, code, peer)
    if agent.closed then return end
    kind, message, transaction, number, code, peer = engine:next_event()
  end
end

return dispatch
