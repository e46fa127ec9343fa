-- SPDX-License-Identifier: MIT

local face <const> = require "base_face"

local NEVER <const> = math.maxinteger

describe("the timer wheel", function()
  it("fires what is due, in order of instant and of start", function()
    local wheel <const> = face.wheel(0)
    for number, at in ipairs { 30, 10, 20, 10, 5000, 10 } do wheel:start(number, at) end
    assert.same(6, wheel:count())
    assert.same({}, wheel:expire(9))
    assert.same({ 2, 4, 6 }, wheel:expire(10))
    assert.same({ 3, 1 }, wheel:expire(4999))
    assert.same({ 5 }, wheel:expire(5000))
    assert.same({}, wheel:expire(NEVER))
    assert.same(0, wheel:count())
  end)

  it("moves a started timer, behind those of its new instant", function()
    local wheel <const> = face.wheel(0)
    wheel:start(1, 10)
    wheel:start(2, 20)
    wheel:start(1, 20)
    assert.same(2, wheel:count())
    assert.same({ 2, 1 }, wheel:expire(100))
  end)

  it("forgets a stopped one, and stopping again is fine", function()
    local wheel <const> = face.wheel(0)
    wheel:start(1, 10)
    wheel:start(2, 10)
    wheel:stop(1)
    wheel:stop(1)
    assert.same({ 2 }, wheel:expire(10))
    wheel:stop(2)
    assert.same(0, wheel:count())
  end)

  it("fires at once what is in the past, and does not run backwards", function()
    local wheel <const> = face.wheel(1000)
    wheel:start(1, 5)
    wheel:start(2, -5)
    assert.same({ 1, 2 }, wheel:expire(1000))
    wheel:start(3, 999)
    assert.same({}, wheel:expire(10))
    assert.same({ 3 }, wheel:expire(1000))
  end)

  it("keeps the order of equal instants across every level (bug class 40: any span)", function()
    for _, span in ipairs { 1, 255, 256, 257, 65535, 65536, 1 << 24, (1 << 24) + 1, 1 << 32,
      1 << 40, 1 << 48, (1 << 55) + 12345 } do
      local wheel <const> = face.wheel(77)
      wheel:start(1, 77 + span)
      -- The second is started when the clock is near: it is filed on another level.
      assert.same({}, wheel:expire(77 + span - 1))
      wheel:start(2, 77 + span)
      wheel:start(3, 77 + span)
      assert.same({ 1, 2, 3 }, wheel:expire(77 + span), span)
    end
  end)

  it("counts instants past its span as the last one", function()
    local wheel <const> = face.wheel(0)
    wheel:start(1, NEVER)
    wheel:start(2, 1 << 56)
    assert.same({}, wheel:expire((1 << 56) - 2))
    assert.same({ 1, 2 }, wheel:expire((1 << 56) - 1))
  end)

  it("knows an instant before which nothing fires, near the first", function()
    local wheel <const> = face.wheel(0)
    assert.same(NEVER, wheel:deadline())
    wheel:start(1, 100)
    assert.same(100, wheel:deadline())
    wheel:stop(1)
    wheel:start(1, 100000)
    local deadline = wheel:deadline()
    local steps = 0
    while #wheel:expire(deadline) == 0 do
      assert.truthy(deadline <= 100000)
      deadline = wheel:deadline()
      steps = steps + 1
    end
    assert.same(100000, deadline)
    assert.truthy(steps <= 7)
  end)

  it("agrees with a sorted list on a thousand random programs", function()
    math.randomseed(17)
    for _ = 1, 200 do
      local now = math.random(0, 1 << 20)
      local wheel <const> = face.wheel(now)
      local model <const>, order = {}, 0
      for _ = 1, 60 do
        local number <const> = math.random(1, 30)
        local action <const> = math.random(3)
        if action == 1 then
          local at <const> = now + math.random(0, 1 << math.random(1, 40))
          wheel:start(number, at)
          order = order + 1
          model[number] = { number = number, at = at, order = order }
        elseif action == 2 then
          wheel:stop(number)
          model[number] = nil
        else
          now = now + math.random(0, 1 << math.random(1, 34))
          local due <const> = {}
          for _, timer in pairs(model) do
            if timer.at <= now then due[#due + 1] = timer end
          end
          table.sort(due, function(a, b)
            if a.at ~= b.at then return a.at < b.at end
            return a.order < b.order
          end)
          local expected <const> = {}
          for i, timer in ipairs(due) do
            expected[i] = timer.number
            model[timer.number] = nil
          end
          assert.same(expected, wheel:expire(now))
        end
      end
    end
  end)
end)
