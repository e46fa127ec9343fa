-- SPDX-License-Identifier: MIT
-- How a program runs and ends: sip.run turns the loop, SIGINT stops, SIGTERM drains
-- (no new calls, live ones may finish), a second signal ends at once.

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local timer = require "moonsip.timer"
local wait = require "moonsip.wait"

local lifecycle = {}

-- How long live calls may go on after SIGTERM.
local default_drain_ms <const> = 30000

-- Retry-After of what is refused meanwhile (RFC 3261 21.5.4).
local retry_after_s <const> = 60

-- Between two looks whether the last call has ended.
local drain_poll_ms <const> = 100

-- How long BYEs may take to arrive before the sockets close.
local linger_ms <const> = 2000

local run_options <const> = { drain = true, signals = true, rest = true }

--- What polls for the end of draining.
local Drain = {}
Drain.__index = Drain

--- True when no agent has a call, a request or a dialog of a script's own left.
local function is_idle(context)
  for _, agent in ipairs(context.agent_list) do
    if not agent:is_idle() then return false end
  end
  return true
end

function Drain:expire()
  local context = self.context
  if context.stopping then return end
  if is_idle(context) or context:now() >= self.until_at then
    return lifecycle.stop(context)
  end
  context:start_timer(drain_poll_ms, self)
end

--- Ends the program: at once, or when the live calls have ended, `grace` at most.
--- Waiting verbs return `nil, err` of kind "cancelled", so that their tasks end and
--- `<close>` variables are closed.
---@param grace (number|string)?  a duration
function lifecycle.stop(context, grace)
  if grace ~= nil then
    local ms = duration.check("sip.stop", "grace", grace)
    if ms > 0 then
      context.draining = true
      for _, agent in ipairs(context.agent_list) do agent:drain(retry_after_s) end
      local until_at = context:now() + ms
      Drain.expire(setmetatable({ context = context, until_at = until_at }, Drain))
      return
    end
  end
  context.stopping = true
  for _, one in ipairs(context.stop_waits) do one:resolve(true) end
  context.stop_waits = {}
  context.driver:stop()
  if context.host then context.host.stop() end
end

local function on_signal(context, name)
  context.log:info("%s", name)
  if name == "SIGTERM" and not context.draining and not context.stopping then
    return lifecycle.stop(context, (context.drain_ms or default_drain_ms) / 1000)
  end
  context.hurried = context.stopping or context.draining
  lifecycle.stop(context)
end

--- Ends tasks and calls.
local function end_all(context)
  context.tasks:cancel_all(context,
    errors.new("cancelled", "the program is being stopped"))
  for _, agent in ipairs(context.agent_list) do agent:end_all() end
end

--- True while what that sent waits for its answer.
local function is_sending(context)
  for _, agent in ipairs(context.agent_list) do
    if agent:is_sending() then return true end
  end
  return false
end

--- Turns the loop while what was sent may still be answered: a BYE that is lost is a
--- call that goes on at the other end. Only in the main chunk; a handler never waits here.
---@param context moonsip.Context
---@param agent moonsip.Agent?  only for what it sent
function lifecycle.linger(context, agent)
  local _, is_main = coroutine.running()
  if not is_main or context.tasks.depth > 0 or context.closed then return end
  local until_at = context:now() + linger_ms
  while not context.hurried do
    local busy
    if agent then busy = agent:is_sending() else busy = is_sending(context) end
    local left = until_at - context:now()
    if not busy or left <= 0 or not context.driver:step(left) then return end
  end
end

--- A main chunk that is itself a task (a script on a test network) lingers by waiting.
local function linger_in_task(context)
  local until_at = context:now() + linger_ms
  while is_sending(context) and context:now() < until_at do
    timer.sleep(context, drain_poll_ms / 1000)
  end
end

local function hear_signals(context)
  context.driver:set_on_signal(function(name)
    context.tasks:enter(on_signal, context, name)
  end)
end

--- For a program that is one script and nothing else: signals are taken from now on,
--- also before sip.run and in verbs of the main chunk.
---@param context moonsip.Context
function lifecycle.hold_signals(context)
  context.holds_signals = context.driver:hold_signals(true) == true
  hear_signals(context)
end

local function leave_signals(context)
  context.driver:set_on_signal(nil)
  if context.holds_signals then context.driver:hold_signals(false) end
  context.holds_signals = false
end

local function run_main(context, signals, rests)
  if signals then hear_signals(context) else leave_signals(context) end
  if not context.stopping and context.host then
    context.host.run()
  elseif not context.stopping then
    context.driver:run(rests)
  end
  context.tasks:enter(end_all, context)
  lifecycle.linger(context)
  if signals and not context.holds_signals then context.driver:set_on_signal(nil) end
  context.stopping, context.draining, context.hurried = false, false, false
  return true
end

local function start_stop_wait(one, context)
  if context.stopping then
    one:resolve(true)
  else
    table.insert(context.stop_waits, one)
  end
end

--- Turns the loop, or has the host turn its own, until sip.stop, a signal, or until
--- nothing is left that could happen. In a task it waits for sip.stop.
---@param options { drain: (number|string)?, signals: boolean?, rest: boolean? }?  drain: how long live calls may go on after SIGTERM (30 s); signals: whether SIGINT and SIGTERM are taken (true); rest: whether it gathers messages that come one by one, thousands a second (true)
---@return boolean? done
function lifecycle.run(context, options)
  options = misuse.options("sip.run", options, run_options)
  local drain = options.drain
  context.drain_ms = drain and duration.check("sip.run", "drain", drain)
    or default_drain_ms
  local _, is_main = coroutine.running()
  if is_main and context.tasks.depth == 0 then
    return run_main(context, options.signals ~= false, options.rest ~= false)
  end
  local done, err = wait.await(context, "sip.run", nil, nil, start_stop_wait, context)
  if context.main_task and context.tasks:running() == context.main_task then
    end_all(context)
    linger_in_task(context)
  end
  return done, err
end

--- Closes every agent, in the order in which they were made, and ends every task.
function lifecycle.close(context)
  if context.closed then return end
  context.closed, context.stopping = true, true
  context.tasks:enter(function()
    context.tasks:cancel_all(context,
      errors.new("cancelled", "the program is being stopped"))
  end)
  for _, agent in ipairs({ table.unpack(context.agent_list) }) do agent:close() end
  context.driver:close()
end

return lifecycle
