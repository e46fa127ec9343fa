-- SPDX-License-Identifier: MIT
local clock = require "spec.support.clock"

describe("sip.group", function()
  local sip, context, lines
  before_each(function() sip, context, lines = clock.sip() end)

  it("waits for all its tasks", function()
    local group, ended = sip.group(), {}
    for seconds = 3, 1, -1 do
      group:go(function(name) sip.sleep(seconds); ended[#ended + 1] = name end, "t"
        .. seconds)
    end
    assert.equal(3, group.count)
    assert.is_true(group:wait())
    assert.same({ "t1", "t2", "t3" }, ended)
    assert.equal(0, group.count)
    assert.is_true(group:wait())
  end)

  it("cancels what still runs when its scope is left", function()
    local got, later = nil, nil
    do
      local group <close> = sip.group()
      group:go(function()
        got = select(2, sip.sleep "1h")
        later = select(2, sip.sleep "1h")
      end)
      sip.sleep(1)
    end
    sip.sleep(0)
    assert.equal("cancelled", got.kind)
    assert.equal("cancelled", later.kind)
    assert.equal(1, sip.now())
    assert.equal(0, context.tasks:count())
  end)

  it("starts no task any more once it is cancelled", function()
    local group = sip.group()
    group:cancel()
    local job, err = group:go(function() end)
    assert.is_nil(job)
    assert.equal("cancelled", err.kind)
  end)

  it("tells of the first that raised, and lets the others end", function()
    local group, ended = sip.group(), 0
    group:go(function() sip.sleep(1); error("one") end)
    group:go(function() sip.sleep(2); error("two") end)
    group:go(function() sip.sleep(3); ended = ended + 1 end)
    local ok, err = group:wait()
    assert.is_nil(ok)
    assert.matches("one", err)
    assert.equal(1, ended)
    assert.equal(2, group.failed)
    assert.equal(2, #lines)
  end)

  it("can be waited for with a callback", function()
    local group, got = sip.group(), nil
    group:go(sip.sleep, 5)
    group:wait(function(ok) got = ok end)
    sip.sleep(6)
    assert.is_true(got)
  end)
end)

describe("sip.pool", function()
  local sip
  before_each(function() sip = clock.sip() end)

  it("lets no more in than it has slots, in the order in which they came", function()
    local pool, inside, most, order = sip.pool(2), 0, 0, {}
    local group = sip.group()
    for at = 1, 6 do
      group:go(function()
        local _ <close> = pool:take()
        order[#order + 1] = at
        inside = inside + 1
        most = math.max(most, inside)
        sip.sleep(1)
        inside = inside - 1
      end)
    end
    group:wait()
    assert.equal(2, most)
    assert.same({ 1, 2, 3, 4, 5, 6 }, order)
    assert.equal(3, sip.now())
    assert.equal(2, pool.free)
  end)

  it("gets a slot back from a task that raises", function()
    local pool = sip.pool(1)
    sip.go(function()
      local _ <close> = pool:take()
      error("boom")
    end):wait()
    assert.equal(1, pool.free)
  end)

  it("passes a slot over who gave up waiting, and releasing twice counts once", function()
    local pool = sip.pool(1)
    local slot = pool:take()
    local waiting = sip.go(function() return pool:take() end)
    local patient = sip.go(function() return pool:take() end)
    sip.sleep(1)
    waiting:cancel()
    slot:release()
    slot:release()
    assert.is_nil((waiting:wait()))
    local got = patient:wait()
    assert.equal(0, pool.free)
    got:release()
    assert.equal(1, pool.free)
  end)

  for _, wrong in ipairs { 0, -1, 1.5, 1000001, "2", false } do
    it("refuses a size of " .. tostring(wrong), function()
      assert.has_error(function() sip.pool(wrong) end)
    end)
  end
end)

describe("sip.rate", function()
  local sip
  before_each(function() sip = clock.sip() end)

  it("grants no more than so many in any span of that length", function()
    local rate, times = sip.rate "3/2s", {}
    for at = 1, 8 do
      assert.is_true(rate:wait())
      times[at] = sip.now()
    end
    assert.same({ 0, 0, 0, 2, 2, 2, 4, 4 }, times)
  end)

  it("can be asked without waiting", function()
    local rate = sip.rate "1/s"
    assert.is_true(rate:allow())
    assert.is_false(rate:allow())
    sip.sleep(1)
    assert.is_true(rate:allow())
  end)

  for _, wrong in ipairs { "", "5", "0/1s", "5/0s", "x/1s", "5/1 parsec", "100001/1s",
    5 } do
    it("refuses " .. tostring(wrong), function()
      assert.has_error(function() sip.rate(wrong) end)
    end)
  end
end)

describe("sip.every and sip.after", function()
  local sip, context, lines
  before_each(function() sip, context, lines = clock.sip() end)

  it("fire at their instants, and no more once stopped", function()
    local times = {}
    local every = sip.every("10s", function() times[#times + 1] = sip.now() end)
    sip.after("25s", function() every:stop() end)
    sip.sleep "60s"
    assert.same({ 10, 20 }, times)
    assert.equal(0, #context.wheel)
  end)

  it("stop with their scope", function()
    local fired = false
    do
      local _ <close> = sip.after(1, function() fired = true end)
    end
    sip.sleep(2)
    assert.is_false(fired)
  end)

  it("leave a firing out while the one before still waits", function()
    local began = {}
    local every = sip.every("1s", function()
      began[#began + 1] = sip.now()
      sip.sleep "2.5s"
    end)
    sip.sleep "7s"
    every:stop()
    assert.same({ 1, 4, 7 }, began)
  end)

  it("go on after a firing that raised, which is reported", function()
    local count = 0
    local every = sip.every("1s", function()
      count = count + 1; error("boom " .. count)
    end)
    sip.sleep "3s"
    every:stop()
    assert.equal(3, count)
    assert.matches("boom 3", table.concat(lines))
  end)
end)
