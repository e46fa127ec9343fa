-- SPDX-License-Identifier: MIT
-- A context: everything one script's moonsip consists of. All state hangs off it;
-- `require "moonsip"` is the face of a default one, and the test network makes one
-- for each script that it loads.

local driver = require "moonsip.driver"
local log = require "moonsip.log"
local task = require "moonsip.task"
local watchdog = require "moonsip.watchdog"

---@class moonsip.Context
---@field driver moonsip.Driver
---@field wheel table          core.timers of this context
---@field tasks moonsip.Tasks
---@field watchdog moonsip.Watchdog
---@field agents table<moonsip.Agent, true>
---@field agent_list moonsip.Agent[]  in the order in which they were made
---@field gateway_sets moonsip.Gateways[]
---@field gruu_locations table<moonsip.Location, true>  that know whom GRUUs lead to
---@field log moonsip.Log
---@field listen string[]?     overrides the `listen` of the script's agents
---@field tls table?           of agents that say nothing of theirs
---@field stopping boolean     sip.stop was called
---@field holds_signals boolean  see lifecycle.hold_signals
---@field drain_ms integer?    how long live calls may go on after SIGTERM
---@field refusals integer     waits of the main chunk that were refused: see wait.lua
---@field draining boolean     no new calls; live ones may finish
---@field hurried boolean      a second signal came: no lingering
---@field main_task moonsip.Task?  a main chunk that runs as a task
---@field media moonsip.MediaHub?  made by the first call with audio
---@field on_clip fun(path: string, clip: userdata)?  hears of what is loaded
---@field prompts string[]?    folders that prompts are looked for in
---@field stop_waits moonsip.Wait[]  tasks that wait in sip.run
---@field host { run: function, stop: function }?  the loop of the program that drives us
local Context = {}
Context.__index = Context
Context.__name = "moonsip.context"

local context = {}

-- A handler is late past this (api.md rule 6), and stopped past that.
local late_ms <const> = 50
local stuck_ms <const> = 10000

---@param options { driver: moonsip.Driver?, tasks: moonsip.Tasks?, listen: (string|string[])?, tls: table?, log: table?, stuck_ms: (number|false)?, clock: (fun(): number)? }?
---  tasks: of another context whose scripts share its clock, in simulations
---@return moonsip.Context
function context.new(options)
  options = options or {}
  local self = setmetatable({
    driver = options.driver or driver.new(),
    agents = {}, agent_list = {}, gateway_sets = {}, gruu_locations = {},
    stopping = false, draining = false, hurried = false, closed = false,
    holds_signals = false, refusals = 0,
    stop_waits = {}, taps = {},
  }, Context)
  self.listen = type(options.listen) == "string" and { options.listen } or options.listen
  self.tls = options.tls
  self.wheel = self.driver:timers()
  self.log = log.new(self, options.log)
  self.report = function(fn, err, trace) self:report_error(fn, err, trace) end
  local stuck = options.stuck_ms
  if stuck == nil then stuck = stuck_ms end
  local clock, source = self.driver:clock_and_source()
  self.watchdog = watchdog.new {
    clock = options.clock or clock, source = source,
    late_ms = late_ms,
    stuck_ms = stuck,
    on_late = function(fn, ran, late)
      self.log:warn("handler %s ran %d ms without yielding; the loop ran %d ms late",
        watchdog.place(fn), ran // 1, late // 1)
    end,
  }
  self.tasks = options.tasks or task.new(self)
  self.driver:set_on_refused(function(remote, why)
    self.log:rarely("warn", remote:match "^(.*):%d+$", "no TLS with %s: %s", remote, why)
  end)
  self.driver:set_on_timer(function(value) self.tasks:enter(value.expire, value) end)
  return self
end

--- What nobody else takes: an error in a task without an agent, or in the library.
function Context:report_error(fn, _, trace)
  self.log:error("error in %s: %s", fn and watchdog.place(fn) or "moonsip", trace)
end

--- Milliseconds of the driver's clock.
---@return integer
function Context:now()
  return self.driver:now()
end

--- A timer for `value:expire()` in `ms`; its id is for `context.wheel:stop`.
---@return integer id
function Context:start_timer(ms, value)
  local id = self.wheel:start(self.driver:now() + ms, value)
  self:touch()
  return id
end

--- After a call that queued packets, or set a timer: inside a turn the driver looks
--- by itself when we return.
function Context:touch()
  if self.tasks.depth == 0 then self.driver:changed() end
end

--- Prompts of a script are looked for beside it, and in the folder `prompts` there.
---@param path string  of the script
function Context:look_beside(path)
  local folder = path:match "^(.*)/[^/]*$" or "."
  self.prompts = { folder, folder .. "/prompts" }
end

--- Remembers an agent, in order.
function Context:add_agent(agent)
  self.agents[agent] = true
  table.insert(self.agent_list, agent)
end

function Context:remove_agent(agent)
  self.agents[agent] = nil
  for at, one in ipairs(self.agent_list) do
    if one == agent then
      table.remove(self.agent_list, at)
      return
    end
  end
end

local function update_recorder(self)
  local taps, fn = self.taps, self.recorder
  if not fn and #taps == 0 then return self.driver:record(nil) end
  self.driver:record(function(record, engine)
    if fn then fn(record) end
    for _, one in ipairs(taps) do one:see(record, engine) end
  end)
end

--- `fn(record)` for every message that leaves or comes (trace.lua), for traces and
--- ladders; nil takes it away.
---@param fn fun(record: moonsip.Record)?
function Context:record(fn)
  self.recorder = fn
  update_recorder(self)
end

--- The same for the messages of one agent: `tap:see(record, engine)`.
---@param one moonsip.Tap
function Context:add_tap(one)
  self.taps = table.move(self.taps, 1, #self.taps, 1, {})
  table.insert(self.taps, one)
  update_recorder(self)
end

function Context:remove_tap(one)
  local kept = {}
  for _, other in ipairs(self.taps) do
    if other ~= one then kept[#kept + 1] = other end
  end
  self.taps = kept
  update_recorder(self)
end

return context
