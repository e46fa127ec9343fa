-- SPDX-License-Identifier: MIT
-- The watchdog of api.md rule 6, on a clock that the spec moves.
local clock = require "spec.support.clock"

describe("the watchdog", function()
  it("names a handler that ran over 50 ms without yielding, and how late the loop ran",
    function()
    local sip, context, lines = clock.sip()
    local function slow() context.driver.busy_until = context.driver.at + 51 end
    local function quick() end
    sip.go(slow)
    sip.go(quick)
    sip.sleep(0)
    assert.equal(1, #lines)
    local here = debug.getinfo(slow, "S")
    assert.matches(("%s:%d ran 51 ms without yielding; the loop ran 51 ms late"):format(
      here.short_src:gsub("%p", "%%%0"), here.linedefined), lines[1])
    assert.equal(1, sip.metrics().late_handlers)
  end)

  it("says nothing of one that took 50 ms, or that waited longer", function()
    local sip, context, lines = clock.sip()
    sip.go(function()
      context.driver.busy_until = context.driver.at + 50
      sip.sleep(60)
      context.driver.busy_until = context.driver.at + 50
    end)
    sip.sleep(61)
    assert.same({}, lines)
  end)

  it("counts the lateness of a turn over its handlers", function()
    local sip, context, lines = clock.sip()
    for at = 1, 2 do
      sip.go(function() context.driver.busy_until = context.driver.at + 60 * at end)
    end
    sip.sleep(0)
    assert.matches("ran 60 ms without yielding; the loop ran 60 ms late", lines[1])
    assert.matches("ran 60 ms without yielding; the loop ran 120 ms late", lines[2])
  end)

  local function stuck_context()
    local looks = 0
    return clock.sip {
      stuck_ms = 1000,
      clock = function() -- each look at it is 100 ms later
        looks = looks + 1
        return looks * 100
      end,
    }
  end

  it("stops a handler that never returns, with its traceback", function()
    local sip, _, lines = stuck_context()
    local closed = false
    local ok, err = sip.go(function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      local function spin() while true do end end
      spin()
    end):wait()
    assert.is_nil(ok)
    assert.matches("watchdog_spec.lua:%d+: stopped: ran %d+ ms without yielding", err)
    assert.is_true(closed)
    assert.matches("in %a+ 'spin'", table.concat(lines))
  end)

  it("stops one that catches errors, too", function()
    local sip = stuck_context()
    local ok, err = sip.go(function()
      while true do pcall(function() while true do end end) end
    end):wait()
    assert.is_nil(ok)
    assert.matches("stopped: ran", err)
  end)

  it("stops one that hangs in a coroutine of its own", function()
    local sip, _, lines = stuck_context()
    local ok, err = sip.go(function()
      coroutine.wrap(function() while true do end end)()
    end):wait()
    assert.is_nil(ok)
    assert.matches("stopped: ran", err)
    assert.matches("watchdog_spec.lua", table.concat(lines))
  end)

  it("leaves alone what runs in no handler, and the handlers of others", function()
    stuck_context()
    local sip = clock.sip { stuck_ms = 1000 }
    local co = coroutine.wrap(function()
      for _ = 1, 3000000 do end
      return true
    end)
    assert.is_true(co())
    assert.is_true(sip.go(function()
      for _ = 1, 3000000 do end
      return true
    end):wait())
  end)

  it("lets the next handler run in peace", function()
    local sip = stuck_context()
    sip.go(function() while true do end end):wait()
    local sum = sip.go(function()
      local total = 0
      for at = 1, 3000000 do total = total + at % 2 end
      return total
    end):wait()
    assert.equal(1500000, sum)
  end)

  it("counts instructions where the clock stands still", function()
    local sip, context = clock.sip { stuck_ms = 1000 }
    context.watchdog.looks = 1990 -- as if it had run that long already
    local one = context.watchdog
    local check = one.check
    one.check = function() end
    sip.go(function() one.check = check; one.looks = 1990; while true do end end):wait()
    assert.is_true(one.looks < 2)
  end)

  it("can be told not to stop anything", function()
    local sip = clock.sip { stuck_ms = false }
    sip.go(function() assert.is_nil(debug.gethook()) end):wait()
    local ok = sip.go(function() return debug.gethook() == nil end):wait()
    assert.is_true(ok)
  end)
end)
