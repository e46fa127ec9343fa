-- SPDX-License-Identifier: MIT
--
-- When a loop rests before it waits (net/pace.h): a loop by hand, with messages that come
-- at instants of our own.

local new_pace <const> = require "pace"

local TICK <const>, HANDLING <const> = 4000, 10 -- microseconds; of one message

-- Turns a loop until `until_us`. `arrive(now, from)` is the instant of the next message
-- after `now`; `from` is the end of the last turn. Returns turns, waits that were not
-- spared, rests, the longest that a message waited, and messages.
local function turn_until(pace, until_us, arrive)
  local now, counts = 0, { turns = 0, waits = 0, rests = 0, latest = 0, messages = 0 }
  local next_at = arrive(0, 0)
  while now < until_us do
    if next_at > now then -- nothing is there
      local rest <const> = pace:wait(now)
      if rest > 0 then counts.rests, now = counts.rests + 1, now + rest end
      if next_at > now then counts.waits, now = counts.waits + 1, next_at end
      pace:woke(now)
    end
    local began <const> = now
    local got = 0
    while next_at <= began do
      counts.latest = math.max(counts.latest, began - next_at)
      got, now = got + 1, now + HANDLING
      next_at = arrive(next_at, now)
    end
    pace:turned(got)
    counts.turns, counts.messages = counts.turns + 1, counts.messages + got
  end
  return counts
end

local function every(us)
  return function(last) return last + us end
end

describe("the pace of a loop", function()
  it("is that of its messages while they wake it less than 2000 times a second", function()
    local counts <const> = turn_until(new_pace(), 1000 * TICK, every(520))
    assert.equal(0, counts.rests)
    assert.equal(0, counts.latest)
  end)

  it("is one rest a tick when each message of thousands would wake it", function()
    local counts <const> = turn_until(new_pace(), 1000 * TICK, every(110))
    assert.is_true(counts.rests <= 1000, counts.rests)
    assert.is_true(counts.waits <= 800, counts.waits) -- nearly all of them in trials
    assert.is_true(counts.messages >= 1000 * TICK // 111, counts.messages)
    assert.is_true(counts.latest <= TICK, counts.latest)
  end)

  it("is not that of one call whose messages come at once", function()
    local pace <const> = new_pace()
    for call = 0, 99 do
      for message = 1, 8 do
        local now <const> = (call * 32 + 1) * TICK + message * 50
        assert.equal(0, pace:wait(now))
        pace:woke(now + 10)
        pace:turned(1)
      end
    end
  end)

  -- Woken so often that it rests: when that began.
  local function often(pace)
    local now = 100
    while pace:wait(now) == 0 do
      pace:woke(now + 5)
      now = now + 100
    end
    return now
  end

  it("ends every rest at a tick", function()
    local pace <const> = new_pace()
    local now <const> = often(pace)
    assert.equal(3200, now)
    pace:woke(now + 5)
    for at = now + 50, now + 400, 50 do
      assert.equal(TICK - at % TICK, pace:wait(at))
      pace:woke(at + 5)
    end
  end)

  it("knows no rest where there is always something to do", function()
    local counts <const> = turn_until(new_pace(), 1000 * TICK, every(9))
    assert.equal(0, counts.rests)
  end)

  it("knows none when the last wait brought work for half a tick", function()
    local pace <const> = new_pace()
    local woke <const> = often(pace) + 5
    pace:woke(woke)
    assert.equal(0, pace:wait(woke + TICK // 2))
    pace:woke(woke + TICK // 2 + 1)
    assert.is_true(pace:wait(woke + TICK // 2 + 5) > 0)
  end)

  -- The next message comes when the peer has our answer.
  local function answer_to(_, ended) return ended + 30 end

  it("hardly slows down a peer that waits for our answers", function()
    local counts <const> = turn_until(new_pace(), 10000 * TICK, answer_to)
    assert.is_true(counts.rests < 200, counts.rests)
    assert.is_true(counts.messages > 10000 * TICK // 40 * 0.98, counts.messages)
  end)

  it("hardly slows down several peers that wait for our answers", function()
    local function answers()
      local queue = { 0, 0, 0, 0, 0, 0, 0 }
      return function(_, ended)
        table.insert(queue, ended + 100)
        return table.remove(queue, 1)
      end
    end
    local never <const> = { wait = function() return 0 end, woke = function() end,
                            turned = function() end }
    local unhindered <const> = turn_until(never, 10000 * TICK, answers())
    local counts <const> = turn_until(new_pace(), 10000 * TICK, answers())
    assert.is_true(counts.rests > 0)
    assert.is_true(counts.rests < 400, counts.rests)
    assert.is_true(counts.messages > unhindered.messages * 0.96, counts.messages)
  end)

  it("tries without rests for two ticks, more and more seldom", function()
    local trials, latest, pace = {}, nil, new_pace()
    turn_until({
      wait = function(_, now)
        local rest <const> = pace:wait(now)
        local tick <const> = now // TICK
        if rest == 0 and tick ~= latest and now > TICK then
          table.insert(trials, tick)
          latest = tick
        end
        return rest
      end,
      woke = function(_, now) pace:woke(now) end,
      turned = function(_, messages) pace:turned(messages) end,
    }, 500 * TICK, every(110))
    assert.same({ 16, 17, 50, 51, 116, 117, 246, 247, 376, 377 }, trials)
  end)

  it("rests again when others have come", function()
    local pace <const> = new_pace()
    turn_until(pace, 3000 * TICK, answer_to)
    local from <const> = 3000 * TICK
    local counts <const> = turn_until({
      wait = function(_, now) return pace:wait(from + now) end,
      woke = function(_, now) pace:woke(from + now) end,
      turned = function(_, messages) pace:turned(messages) end,
    }, 4000 * TICK, every(110))
    assert.is_true(counts.rests > 2500, counts.rests)
  end)

  it("has patience with calls whose messages wait for each other", function()
    -- 1000 calls a second of five messages, each 30 us after our turn with the last one.
    local calls, began = {}, 0
    local function arrive(last, ended)
      for _, call in ipairs(calls) do
        if call.at <= last then call.at, call.left = math.max(ended, last) + 30, call.left - 1 end
      end
      local next_at = (began + 1) * 1000
      if next_at <= last + 1 then
        began = began + 1
        calls[#calls + 1] = { at = next_at + 30, left = 4 }
        next_at = (began + 1) * 1000
      end
      for at = #calls, 1, -1 do
        if calls[at].left == 0 then table.remove(calls, at) end
      end
      for _, call in ipairs(calls) do next_at = math.min(next_at, call.at) end
      return math.max(next_at, last + 1)
    end
    local counts <const> = turn_until(new_pace(), 1000 * TICK, arrive)
    assert.is_true(counts.rests > 900, counts.rests)
  end)

  it("is its messages' own again after eight rests in a row that gathered nothing", function()
    local pace <const> = new_pace()
    local now = often(pace) // TICK * TICK
    for rests = 0, 8 do -- the first is too short to count
      now = now + TICK
      pace:woke(now - 10)
      pace:turned(1)
      assert.equal(rests < 8, pace:wait(now) > 0)
    end
  end)
end)
