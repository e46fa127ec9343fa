-- SPDX-License-Identifier: MIT
-- What a script sees of its context: the table that `require "moonsip"` returns.

local call_limit = require "moonsip.call_limit"
local conference = require "moonsip.conference"
local core = require "moonsip.core"
local digest = require "moonsip.digest"
local diversion = require "moonsip.diversion"
local dns = require "moonsip.dns"
local duration = require "moonsip.duration"
local enum = require "moonsip.enum"
local exec = require "moonsip.exec"
local gateways = require "moonsip.gateways"
local group = require "moonsip.group"
local handlers = require "moonsip.handlers"
local history = require "moonsip.history"
local hunt = require "moonsip.hunt"
local lifecycle = require "moonsip.lifecycle"
local misuse = require "moonsip.misuse"
local numbers = require "moonsip.numbers"
local pool = require "moonsip.pool"
local queue = require "moonsip.queue"
local rates = require "moonsip.rates"
local reason = require "moonsip.reason"
local redis = require "moonsip.redis"
local sqlite = require "moonsip.sqlite"
local timer = require "moonsip.timer"
local trust = require "moonsip.trust"
local workers = require "moonsip.workers"

local face = {}

--- Counters of everything in the context, by name.
function face.metrics(context)
  local total = { tasks = context.tasks:count(), late_handlers = context.watchdog.late,
                  agents = #context.agent_list }
  for _, agent in ipairs(context.agent_list) do
    for name, value in pairs(agent:counts()) do
      if type(value) == "number" then total[name] = (total[name] or 0) + value end
    end
  end
  for _, set in ipairs(context.gateway_sets) do
    for _, one in pairs(set) do
      total["gateways_" .. one.state] = (total["gateways_" .. one.state] or 0) + 1
    end
  end
  return total
end

--- The loop, for programs that turn one of their own (api.md rule 14).
local function add_loop(sip, context)
  local driver = context.driver
  function sip.pollfd() return driver:pollfd() end
  function sip.events() return driver:events() end
  function sip.timeout() return driver:timeout() end
  function sip.empty() return driver:empty() end
  function sip.step(timeout)
    local ms = timeout and duration.check("sip.step", "timeout", timeout) or nil
    return driver:step(ms)
  end
  function sip.on_wake(fn)
    driver:on_wake(misuse.optional("sip.on_wake", "fn", fn, "function"))
  end
  function sip.host(run, stop)
    context.host = misuse.optional("sip.host", "run", run, "function") and
      { run = run, stop = misuse.check("sip.host", "stop", stop, "function") }
  end
end

--- Values that need no context.
local function add_values(sip)
  sip.next = handlers.next
  function sip.uri(text) return core.uri(misuse.text("sip.uri", "text", text)) end
  function sip.address(text)
    return core.address(misuse.text("sip.address", "text", text))
  end
  function sip.message(text)
    return core.message(misuse.check("sip.message", "text", text, "string"))
  end
  function sip.sdp(text)
    return core.sdp(misuse.check("sip.sdp", "text", text, "string"))
  end
  function sip.escape(text)
    return core.escape(misuse.check("sip.escape", "text", text, "string"))
  end
  function sip.unescape(text)
    return core.unescape(misuse.check("sip.unescape", "text", text, "string"))
  end
  function sip.duration(value)
    return duration.check("sip.duration", "value", value) / 1000
  end
end

--- Who calls whom: numbers, identities, and where a call has been.
local function add_callers(sip)
  sip.numbers, sip.tel, sip.phone = numbers.new, numbers.tel, numbers.phone
  sip.trust, sip.history, sip.diversion = trust.new, history.of, diversion.of
  sip.reason, sip.status, sip.cause = reason.value, reason.status, reason.cause
end

--- The face of a context. Each call gives a new table.
---@param context moonsip.Context
---@return moonsip.Sip
function face.of(context)
  local agent = require "moonsip.agent"
  local location = require "moonsip.location"
  local sip = { log = context.log }
  add_values(sip)
  add_callers(sip)
  add_loop(sip, context)
  function sip.agent(options) return agent.new(context, options) end
  function sip.sleep(span, fn) return timer.sleep(context, span, fn) end
  function sip.after(span, fn) return timer.after(context, span, fn) end
  function sip.every(span, fn) return timer.every(context, span, fn) end
  function sip.go(fn, ...) return group.go(context, fn, ...) end
  function sip.group() return group.new(context) end
  function sip.pool(size) return pool.pool.new(context, size) end
  function sip.digest(options) return digest.new(context, options) end
  function sip.hunt(members, options) return hunt.new(context, members, options) end
  function sip.call_limit(most) return call_limit.new(most) end
  function sip.gateways(list, options) return gateways.new(context, list, options) end
  function sip.rates(source, fn) return rates.new(context, source, fn) end
  function sip.queue(where, options) return queue.new(context, where, options) end
  function sip.location(options) return location.new(context, options) end
  function sip.redis(url, options) return redis.new(context, url, options) end
  function sip.sqlite(path, options) return sqlite.new(context, path, options) end
  function sip.workers(options) return workers.new(context, options) end
  function sip.offload(fn, ...)
    context.workers = context.workers or workers.new(context)
    return workers.run(context.workers, "sip.offload", fn, ...)
  end
  function sip.conference(options) return conference.new(context, options) end
  function sip.rate(text) return pool.rate.new(context, text) end
  function sip.exec(command, options, fn)
    return exec.run(context, command, options, fn)
  end
  function sip.dns(options) return dns.configure(context, options) end
  function sip.resolve(uri, options, fn) return dns.resolve(context, uri, options, fn) end
  function sip.lookup(kind, name, fn) return dns.lookup(context, kind, name, fn) end
  function sip.enum(number, options, fn) return enum.look_up(context, number, options, fn) end
  function sip.now() return context:now() / 1000 end
  function sip.run(options) return lifecycle.run(context, options) end
  function sip.stop(grace) return lifecycle.stop(context, grace) end
  function sip.metrics() return face.metrics(context) end
  return sip
end

return face
