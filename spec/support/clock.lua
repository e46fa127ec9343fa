-- SPDX-License-Identifier: MIT
--
-- A driver without a network: only a clock, which jumps to the next timer, for specs
-- of what waits. `clock.sip()` is the face of a context over it.

local context = require "moonsip.context"
local core = require "moonsip.core"
local face = require "moonsip.face"

local Clock = {}
Clock.__index = Clock

local clock = {}

function Clock:now() return self.at end

--- The watchdog's: a spec moves it within a turn.
function Clock:clock() return math.max(self.busy_until, self.at) end
function Clock:clock_and_source() return Clock.clock, self end

function Clock:stamp() return ("%.3f"):format(self.at / 1000) end
function Clock:engine_options() return { now = self.at, seed = 1 } end
function Clock:timers() return self.wheel end
function Clock:set_on_timer(fn) self.on_timer = fn end
function Clock:set_on_refused() end
function Clock:set_on_signal(fn) self.on_signal = fn end
function Clock:changed() end
function Clock:stop() self.stopped = true end
function Clock:has_certificate() return false end
function Clock:close() end

--- Jumps to the next timer and fires it.
function Clock:step()
  local at = self.wheel:deadline()
  if not at then return false end
  self.at = math.max(self.at, at)
  local value = self.wheel:expire(self.at)
  while value ~= nil do
    self.on_timer(value)
    value = self.wheel:expire(self.at)
  end
  return true
end

function Clock:run()
  self.stopped = false
  while not self.stopped and self:step() do end
end

--- The face of a new context, the context, and the lines it logged.
---@param options table?  of context.new
function clock.sip(options)
  options = options or {}
  local lines = {}
  options.driver = setmetatable({ at = 0, busy_until = 0, wheel = core.timers(0) }, Clock)
  options.log = { level = options.level, write = function(line) lines[#lines + 1] = line end }
  local made = context.new(options)
  return face.of(made), made, lines
end

return clock
