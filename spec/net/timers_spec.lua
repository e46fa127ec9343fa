-- SPDX-License-Identifier: MIT
--
-- core.timers: Lua values on a timing wheel.

local core <const> = require "moonsip.core"

-- All that is due, in order.
local function expired(wheel, now)
  local values <const> = {}
  for value in function() return wheel:expire(now) end do values[#values + 1] = value end
  return values
end

describe("core.timers", function()
  it("gives values back when they are due, in order of time and then of start", function()
    local wheel <const> = core.timers(0)
    wheel:start(20, "third")
    wheel:start(10, "first")
    wheel:start(10, "second")
    assert.same({}, expired(wheel, 9))
    assert.same({ "first", "second" }, expired(wheel, 10))
    assert.same({ "third" }, expired(wheel, 1000000))
    assert.equal(0, #wheel)
  end)

  it("stops a timer and gives its value back, once", function()
    local wheel <const> = core.timers(0)
    local value <const> = {}
    local id = wheel:start(10, value)
    assert.equal(1, #wheel)
    assert.equal(value, wheel:stop(id))
    assert.is_nil(wheel:stop(id))
    assert.same({}, expired(wheel, 100))
  end)

  it("does not take one timer's id for a later one's", function()
    local wheel <const> = core.timers(0)
    local old = wheel:start(10, "old")
    assert.same({ "old" }, expired(wheel, 10))
    local new = wheel:start(20, "new")
    assert.not_equal(old, new)
    assert.is_nil(wheel:stop(old))
    assert.equal("new", wheel:stop(new))
    for _, id in ipairs { 0, -1, math.maxinteger, math.mininteger } do
      assert.is_nil(wheel:stop(id))
    end
  end)

  it("tells the next deadline, and none when it is empty", function()
    local wheel <const> = core.timers(1000)
    assert.is_nil(wheel:deadline())
    wheel:start(1003, "soon")
    assert.equal(1003, wheel:deadline())
    wheel:stop(wheel:start(1001, "sooner"))
    assert.equal(1003, wheel:deadline())
  end)

  it("may tell a far deadline early, but always gets there", function()
    local wheel <const> = core.timers(1000)
    wheel:start(1000000, "far")
    local looks = 0
    repeat
      local at = wheel:deadline()
      looks = looks + 1
      assert.is_true(at <= 1000000 and looks < 10)
    until wheel:expire(at) == "far"
  end)

  it("fires at once what is due already, and never before its instant", function()
    local wheel <const> = core.timers(1000)
    wheel:start(5, "past")
    wheel:start(1000.2, "between two milliseconds")
    assert.same({ "past" }, expired(wheel, 1000))
    assert.same({ "between two milliseconds" }, expired(wheel, 1001))
  end)

  it("waits for ever for an instant that never comes", function()
    local wheel <const> = core.timers(0)
    local id = wheel:start(math.huge, "never")
    assert.same({}, expired(wheel, 1 << 50))
    assert.equal("never", wheel:stop(id))
  end)

  it("takes any value but nil, and refuses what is no instant", function()
    local wheel <const> = core.timers(0)
    wheel:start(1, false)
    assert.equal(false, wheel:expire(1))
    assert.has_error(function() wheel:start(1) end)
    assert.has_error(function() wheel:start("soon", 1) end)
    assert.has_error(function() wheel:start(0 / 0, 1) end)
    assert.has_error(function() wheel:stop "x" end)
    assert.has_error(function() core.timers() end)
    assert.equal(0, #wheel)
  end)

  it("keeps a value alive until it fires, and no longer", function()
    local wheel <const> = core.timers(0)
    local watch <const> = setmetatable({}, { __mode = "v" })
    watch[1], watch[2] = {}, {}
    wheel:start(10, watch[1])
    local id = wheel:start(20, watch[2])
    collectgarbage()
    assert.is_table(watch[1])
    assert.equal(watch[1], wheel:expire(10))
    wheel:stop(id)
    collectgarbage()
    collectgarbage()
    assert.same({}, watch)
  end)

  it("is bounded: a million timers, and no further one", function()
    local wheel <const> = core.timers(0)
    local id
    for i = 1, 1000000 do id = wheel:start(i, true) end
    local none, err = wheel:start(1, true)
    assert.is_nil(none)
    assert.equal("LIMIT", err.name)
    assert.is_true(wheel:stop(id))
    assert.is_number(wheel:start(1, true))
    assert.equal(1000000, #wheel)
  end)

  it("is of no use once it is closed", function()
    local kept
    do
      local wheel <close> = core.timers(0)
      wheel:start(1, "x")
      kept = wheel
    end
    local _, err = pcall(kept.start, kept, 1, "x")
    assert.matches("the wheel is closed", err)
  end)
end)
