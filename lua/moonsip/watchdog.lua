-- SPDX-License-Identifier: MIT
-- The watchdog: names a handler that ran over 50 ms without yielding, and stops one
-- that never returns (api.md rule 6).
--
-- Lateness needs one look at the clock after each handler. A handler that never
-- returns can only be caught from inside the interpreter: a count hook, which Lua
-- calls every `hook_count` instructions. The hook is set once for each pooled
-- coroutine, not for each handler: `debug.sethook` costs 150 to 200 ns, while the
-- counting costs about 2 ns per instruction of a script (Lua 5.4.4, 3.6 GHz), 0.1 to
-- 0.2 us for a handler that only replies. `stuck = false` takes the hook away.
-- Coroutines that a script makes in a handler inherit the hook.

local core = require "moonsip.core"

local sethook <const> = debug.sethook

---@class moonsip.Watchdog
local Watchdog = {}
Watchdog.__index = Watchdog

local watchdog = {}

-- Instructions between two looks: 3 to 10 ms of a busy script.
local hook_count <const> = 1000000

-- Under a clock that stands still (a simulated one), this many looks: some 10 s.
local max_looks <const> = 2000

--- "examples/09_hello.lua:12", where a function begins.
---@param fn function
---@return string
function watchdog.place(fn)
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then return "a C function" end
  return ("%s:%d"):format(info.short_src, info.linedefined)
end

--- The watchdog of a context.
---@param options { clock: (fun(source: any): number), source: any, late_ms: number, stuck_ms: number|false, on_late: fun(fn: function, ran_ms: number, late_ms: number) }
function watchdog.new(options)
  local self = setmetatable({
    clock = options.clock, source = options.source,
    late_ms = options.late_ms, stuck_ms = options.stuck_ms,
    on_late = options.on_late,
    mark = 0,       -- when the running handler began
    turn_began = 0, -- when the driver entered
    looks = 0,
    is_on = false,  -- a turn is under way
    late = 0,       -- handlers that were
  }, Watchdog)
  if self.stuck_ms then
    self.hook = function() return self:look() end
  end
  return self
end

--- Watches a coroutine, and those it will make, for as long as it lives.
function Watchdog:watch(co)
  if self.hook then core.watch(co, hook_count, self.hook) end
end

function Watchdog:unwatch(co)
  sethook(co)
end

--- A turn begins.
function Watchdog:mark_turn()
  local now = self.clock(self.source)
  self.mark, self.turn_began, self.is_on = now, now, true
end

--- It has ended.
function Watchdog:rest()
  self.is_on = false
end

--- A handler gave control back.
---@param task moonsip.Task
function Watchdog:check(task)
  local now = self.clock(self.source)
  local ran = now - self.mark
  self.mark, self.looks = now, 0
  if ran > self.late_ms then
    self.late = self.late + 1
    self.on_late(task.fn, ran, now - self.turn_began)
  end
end

--- The hook: raises in a handler that has run too long. Once it does, it does so at
--- each further instruction, so that no pcall of the script catches it for good.
function Watchdog:look()
  if not self.is_on then return end -- another context's handler
  self.looks = self.looks + 1
  local ran = self.clock(self.source) - self.mark
  if ran <= self.stuck_ms and self.looks < max_looks then return end
  sethook(self.hook, "", 1)
  error(("stopped: ran %d ms without yielding or returning"):format(ran // 1), 2)
end

return watchdog
