-- SPDX-License-Identifier: MIT
--
-- The guard of an engine under attack and under load: scanners, forged sources, overload,
-- what it reports, and memory that fails.

local messages <const> = require "spec.support.messages"
local world <const> = require "spec.guard.world"

local guarded <const>, registrar <const>, LIMIT <const> = world.guarded, world.registrar,
  world.LIMIT

describe("scanners", function()
  local function agent(name) return { lines = { "User-Agent: " .. name } } end

  it("are dropped by their User-Agent, without case, wherever the pattern is in it", function()
    local one <const> = guarded(LIMIT)
    assert(one.engine:guard_scanners { "friendly-scanner", "sipvicious", "can", "scans" })
    for _, name in ipairs { "friendly-scanner", "Friendly-Scanner/1.0", "x SIPVicious y",
      "a toucan", "frifriendly-scanner", "friendly-sCAN" } do
      assert.is_nil(one:ask("10.0.0.9", "OPTIONS", agent(name)), name)
    end
    assert.equal(6, one:count "refused_scanner")
    for _, name in ipairs { "friendly", "sip-vicious", "ca n", "c", "Zoiper" } do
      assert.equal(200, one:ask("10.0.0.9", "OPTIONS", agent(name)), name)
    end
  end)

  it("get nothing either for a BYE, a CANCEL or a request of a dialog that is not there", function()
    local one <const> = guarded {}
    assert(one.engine:guard_scanners { "scanner" })
    for _, method in ipairs { "BYE", "CANCEL", "INVITE", "REGISTER", "DANCE" } do
      assert.is_nil(one:ask("10.0.0.9", method, agent "scanner"))
      assert.is_nil(one:ask("10.0.0.9", method,
        { lines = { "User-Agent: scanner" }, to_tag = "x" }))
    end
  end)

  it("are up to 256 patterns of 64 bytes, found in one pass however they overlap", function()
    math.randomseed(9)
    local one <const> = guarded {}
    for _ = 1, 60 do
      local patterns <const> = {}
      for at = 1, math.random(1, 12) do
        local letters <const> = {}
        for i = 1, math.random(1, 5) do letters[i] = string.char(96 + math.random(3)) end
        patterns[at] = table.concat(letters)
      end
      assert(one.engine:guard_scanners(patterns))
      for _ = 1, 40 do
        local letters <const> = {}
        for i = 1, math.random(1, 12) do letters[i] = string.char(64 + math.random(4)) end
        local text <const> = table.concat(letters)
        local expected = false
        for _, pattern in ipairs(patterns) do
          if text:lower():find(pattern, 1, true) then expected = true end
        end
        assert.equal(expected, one:ask("10.0.0.9", "OPTIONS", agent(text)) == nil, text)
      end
    end
    local many <const> = {}
    for at = 1, 256 do many[at] = "x" .. at end
    assert(one.engine:guard_scanners(many))
    many[257] = "y"
    assert.is_nil(one.engine:guard_scanners(many))
    assert(one.engine:guard_scanners { ("x"):rep(64) })
    assert.is_nil(one.engine:guard_scanners { ("x"):rep(65) })
    assert.is_nil(one.engine:guard_scanners { "" })
    assert.is_nil(one:ask("10.0.0.9", "OPTIONS", agent(("x"):rep(64)))) -- the last good ones stay
    assert(one.engine:guard_scanners {})
    assert.equal(200, one:ask("10.0.0.9", "OPTIONS", agent(("x"):rep(64))))
  end)
end)

describe("a million forged sources", function()
  local function ip(n)
    return ("%d.%d.%d.%d"):format(11 + (n >> 24), n >> 16 & 255, n >> 8 & 255, n & 255)
  end

  it("grow nothing, and drive out neither who is known nor who sends most", function()
    local one <const> = registrar { per_source = 30, per_source_ms = 2000, capacity = 1024 }
    for n = 1, 100 do one:register("10.1.0." .. n, "user" .. n) end
    for _ = 1, 40 do one:register "10.2.0.1" end -- a flood from one address
    local before <const> = one:count "live_bytes"
    local request <const> = messages.register { branch = "z9hG4bKflood", lines = {} }
    for n = 1, 30000 do
      one.engine:receive(one:flow(ip(n * 31)), request)
      local _, _, transaction = one.engine:next_event()
      if transaction then one.engine:reply_stateless(transaction, 401) end
      while one.engine:next_packet() do end
      if n % 100 == 0 then one:register "10.2.0.1" end
    end
    assert.equal(before, one:count "live_bytes")
    for n = 1, 100 do
      assert.equal("vouched", one:register("10.1.0." .. n, "user" .. n))
      for _ = 1, 35 do one:register("10.1.0." .. n) end -- more than a stranger has
      assert.equal("vouched", one:register("10.1.0." .. n, "user" .. n))
    end
    assert.is_nil(one:register "10.2.0.1") -- and the flood is still seen as one
  end)

  it("leave room for strangers, however many are known", function()
    local one <const> = registrar { per_source = 30, per_source_ms = 2000, capacity = 64 }
    for n = 1, 2000 do one:register(ip(n), "user" .. n) end
    local count = 0
    for _ = 1, 40 do
      if one:register "10.2.0.1" then count = count + 1 end
    end
    assert.equal(30, count)
  end)
end)

describe("overload (RFC 6357, RFC 7339 5)", function()
  local LATE <const> = { late_ms = 50, calm_ms = 15 }

  -- How many of a thousand strangers are refused.
  local function refused(one)
    local count = 0
    for n = 1, 1000 do
      local status = one:ask(("10.3.%d.%d"):format(n >> 8, n & 255), "OPTIONS")
      if status == 503 then count = count + 1 end
    end
    return count
  end

  local function be_late(one, ms, periods)
    for _ = 1, periods do
      one.engine:guard_late(ms)
      one:wait(100)
    end
  end

  it("refuses a share of what is new, which grows while it is late and shrinks when not",
    function()
      local one <const> = guarded(LATE)
      assert.equal(0, refused(one))
      be_late(one, 60, 4)
      local some <const> = refused(one)
      assert.is_true(some > 100 and some < 500, some)
      be_late(one, 500, 10)
      local most <const> = refused(one)
      assert.is_true(most > 950 and most < 1000, most) -- some always get through
      be_late(one, 30, 20) -- between the two limits it stays
      assert.equal(most, refused(one))
      be_late(one, 5, 20)
      local fewer <const> = refused(one)
      assert.is_true(fewer < most - 200, fewer)
      be_late(one, 5, 60)
      assert.equal(0, refused(one))
      assert.equal(one:count "refused_shed", some + most + most + fewer)
    end)

  it("is over after a while in which nothing is measured", function()
    local one <const> = guarded(LATE)
    be_late(one, 500, 10)
    one:wait(10000)
    assert.equal(0, refused(one))
  end)

  it("answers 503 without state, and says when to come back (21.5.4)", function()
    local one <const> = guarded(LATE)
    be_late(one, 500, 10)
    local seen <const> = {}
    for _ = 1, 200 do
      local status <const>, packet = one:ask("10.3.0.1", "INVITE")
      if status == 503 then
        local seconds <const> = tonumber(messages.header(packet, "Retry%-After"))
        assert.is_true(seconds >= 2 and seconds <= 14)
        seen[seconds] = true
      end
    end
    assert.is_true(next(seen, next(seen)) ~= nil) -- not all at once
    assert.equal(0, one:count "server_transactions")
  end)

  it("serves who is known, gateways, and what is under way", function()
    local one <const> = registrar { late_ms = 50, calm_ms = 15 }
    one:register("10.0.0.7", "alice")
    one.engine:guard_add("peer", { "10.0.0.8" })
    one:ask("10.0.0.9", "INVITE", { branch = "z9hG4bKinvite", call_id = "call", cseq = 1 })
    local _, _, transaction = one.engine:next_event()
    assert(one.engine:reply(transaction, 200))
    local ok <const> = one.engine:next_packet()
    be_late(one, 500, 10)
    for _ = 1, 100 do
      assert.is_truthy(one:register "10.0.0.7")
      assert.is_truthy(one:register "10.0.0.8")
    end
    local inside <const> = { call_id = "call", to_tag = messages.tag(ok, "To") }
    for n = 1, 100 do
      inside.branch, inside.cseq = "z9hG4bKinfo" .. n, 1 + n
      one.engine:receive(one:flow "10.0.0.9", messages.info(inside))
      assert.equal("request", (one.engine:next_event()))
    end
  end)

  it("is also long queues: of events, and of transactions", function()
    local one <const> = guarded(LATE, { seed = 1, max_events = 80, max_transactions = 1000 })
    one.engine:handles("*", true)
    local busy = 0
    for _ = 1, 60 do
      if one:ask("10.3.0.1", "INVITE") == 503 then busy = busy + 1 end
      one:wait(50)
    end
    assert.is_true(busy > 10, busy)
  end)

  it("is never seen where it is not asked for", function()
    local one <const> = guarded {}
    be_late(one, 5000, 50)
    assert.equal(0, refused(one))
  end)
end)

describe("a report", function()
  it("comes once a second, however many were refused, and sums them up", function()
    local one <const> = guarded { per_source = 1, per_source_ms = 1000 }
    one.engine:want_report(true)
    one.engine:guard_add("deny", { "10.9.0.0/16" })
    one:answered("10.0.0.9", 501)
    one:answered("10.9.0.1", 3)
    assert.is_nil(one.engine:next_event())
    one:wait(1000)
    assert.equal("guard", (one.engine:next_event()))
    assert.is_nil(one.engine:next_event())
    local list <const>, others = one.engine:guard_report()
    local counts <const> = {}
    for _, each in ipairs(list) do counts[each.source .. " " .. each.why] = each.count end
    assert.same({ ["10.0.0.9 rate"] = 500, ["10.9.0.1 denied"] = 3 }, counts)
    assert.equal(0, others)
    one:wait(5000)
    assert.is_nil(one.engine:next_event())
    one:answered("10.9.0.1", 1)
    one:wait(1000)
    assert.equal("guard", (one.engine:next_event()))
    assert.equal(1, #(one.engine:guard_report()))
  end)

  it("names sixteen, and counts the others", function()
    local one <const> = guarded {}
    one.engine:want_report(true)
    one.engine:guard_add("deny", { "10.9.0.0/16" })
    for n = 0, 999 do one:answered(("10.9.%d.%d"):format(n >> 8, n & 255), 1) end
    one:wait(1000)
    assert.equal("guard", (one.engine:next_event()))
    local list <const>, others = one.engine:guard_report()
    local sum = others
    for _, each in ipairs(list) do sum = sum + each.count end
    assert.is_true(#list <= 16 and #list > 8)
    assert.equal(1000, sum)
  end)

  it("is made for nobody who does not want it", function()
    local one <const> = guarded {}
    one.engine:guard_add("deny", { "10.9.0.0/16" })
    one:answered("10.9.0.1", 3)
    one:wait(5000)
    assert.is_nil(one.engine:next_event())
    assert.is_nil(one.engine:deadline())
  end)
end)

describe("a guard", function()
  it("survives memory that fails at each of its allocations", function()
    local one <const> = guarded(LIMIT)
    local networks <const> = { "10.9.0.0/16", "10.9.1.0/24", "2001:db8::/32" }
    local n, failed = 0, true
    while failed do
      n = n + 1
      one.engine:fail_allocation(n)
      local done = one.engine:set_guard(LIMIT)
      done = done and one.engine:guard_add("deny", networks)
      done = done and one.engine:guard_scanners { "scanner", "can" }
      done = done and one.engine:guard_remove("deny", { "10.9.1.0/24" })
      failed = not done
      one.engine:fail_allocation(0)
      one:answered("10.0.0.9", 3)
    end
    assert.is_true(n > 8, n)
    assert.equal(0, one:answered("10.9.1.1", 1))
    assert.is_true(one.engine:set_guard())
    assert.equal(1, one:answered("10.9.1.1", 1))
  end)

  it("leaves who cannot be remembered for want of memory alone", function()
    local one <const> = guarded(LIMIT)
    one.engine:fail_allocation(1, true)
    one:answered("10.0.0.9", 100)
    one.engine:fail_allocation(0)
    assert.equal(30, one:answered("10.0.0.9", 100))
  end)

  it("costs nothing while there is none, and is not asked", function()
    local one <const> = guarded()
    assert.equal(1000, one:answered("10.0.0.9", 1000))
    assert.has_error(function() one.engine:guard_add("deny", { "10.0.0.9" }) end)
    assert.equal(0, one.engine:guard_share())
  end)
end)
