-- SPDX-License-Identifier: MIT
--
-- Turns the loop of luv, on which the peers of these specs live. Nothing here sleeps
-- for a fixed time: what is waited for ends the wait, and the deadline only bounds a
-- failure. It is generous, since the machine may be busy with everything else.

local uv <const> = require "luv"

local turn <const> = {}

-- Longer than any peer of ours takes for what is waited for, shorter than patience.
local deadline_ms <const> = 30000

-- Between two looks at what tells nobody when it changes (a socket of a child).
local look_ms <const> = 10

-- A write to a peer that closed is an error, not the end of this process.
local sigpipe <const> = uv.new_signal()
sigpipe:start("sigpipe", function() end)
sigpipe:unref()

local function run(fn, look)
  local is_late = false
  local late <close> = setmetatable({ timer = uv.new_timer(), look = uv.new_timer() }, {
    __close = function(self)
      self.timer:close()
      self.look:close()
      uv.run "nowait"
    end,
  })
  late.timer:start(deadline_ms, 0, function() is_late = true end)
  if look then late.look:start(look_ms, look_ms, function() end) end
  local value = fn()
  while not value and not is_late do
    uv.run "once"
    value = fn()
  end
  return value
end

--- The first true value of `fn`, which is asked after each event on the loop.
--- Raises when none comes; `detail()` then says what was seen instead.
---@param what string  what is waited for
---@param fn fun(): any
---@param detail (fun(): string)?
---@param look boolean?  fn looks at something that causes no event
function turn.until_true(what, fn, detail, look)
  local value = run(fn, look)
  if value then return value end
  error(("no %s within %d s%s"):format(what, deadline_ms // 1000,
    detail and "; seen:\n" .. detail() or ""), 0)
end

--- Lets time go by that a peer needs and tells nobody about, such as a key that is held:
--- nothing is concluded from how long it took.
---@param ms integer
function turn.pause(ms)
  local is_over = false
  local timer = uv.new_timer()
  timer:start(ms, 0, function() is_over = true end)
  while not is_over do uv.run "once" end
  timer:close()
  uv.run "nowait"
end

return turn
