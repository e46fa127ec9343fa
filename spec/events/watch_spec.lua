-- SPDX-License-Identifier: MIT
--
-- agent:watch: what others tell us (RFC 6665 4.1), from a script.

local events <const> = require "spec.support.events"
local face <const> = require "moonsip.face"

local BOB <const> = "sip:bob@example.com"

describe("agent:watch", function()
  local net, server, alice
  before_each(function() net, server, alice = events.new() end)
  after_each(function() net:close() end)

  -- Runs as a task of alice's.
  local function task(fn) return face.of(alice.context).go(fn) end

  it("is a loop whose end un-subscribes", function()
    local n = 0
    local notifier <const> = server:event("x-n", { state = function() return tostring(n) end })
    local sequence <const> = events.sequence(net)
    local seen <const> = {}
    task(function()
      for info, doc in alice:watch(BOB, "x-n") do
        seen[#seen + 1] = info.state .. " " .. doc
        if doc == "2" then break end
      end
      seen[#seen + 1] = "out"
    end)
    for i = 1, 3 do
      net:advance "1s"
      n = i
      notifier:notify()
    end
    net:advance "1s"
    assert.same({ "active 0", "active 1", "active 2", "out" }, seen)
    local list <const> = sequence()
    assert.same({ "SUBSCRIBE", "200 SUBSCRIBE", "NOTIFY", "200 NOTIFY" },
      { list[#list - 3], list[#list - 2], list[#list - 1], list[#list] })
    assert.equal("0", events.last(net, "SUBSCRIBE", "Expires"))
    assert.same({ 0, 0 }, { server:counts().subscriptions, alice:counts().subscriptions })
  end)

  it("gives a step with the error when it is refused, and ends", function()
    local steps <const> = {}
    task(function()
      for info in alice:watch(BOB, "x-none") do steps[#steps + 1] = info end
      steps[#steps + 1] = "over"
    end)
    net:advance "1s"
    assert.same({ "terminated", 489, "over" }, { steps[1].state, steps[1].error.code, steps[2] })
    assert.equal(0, alice:counts().subscriptions)
  end)

  it("asks again for longer after 423 (4.1.2.1)", function()
    server:event("x-n", { expires = { 300, 600 }, state = function() return "x" end })
    local heard <const> = events.gather(alice, BOB, "x-n", { expires = 60 })
    net:advance "1s"
    assert.same({ "active", 300 }, { heard[1].state, heard[1].expires })
  end)

  it("asks only once more, whatever it is told (bug class 27)", function()
    local asked = 0
    server:on("SUBSCRIBE", function(req)
      asked = asked + 1
      req:reply(423, { ["Min-Expires"] = 1000 * asked })
    end)
    local heard <const> = events.gather(alice, BOB, "x-n", { expires = 60 })
    net:advance "1m"
    assert.same({ 2, 423 }, { asked, heard[1].error.code })
  end)

  -- Subscribes as often as it is asked for, and ends each with a reason after a second.
  local function ending(reason, retry_after)
    local times <const> = {}
    server:on("SUBSCRIBE", function(req)
      times[#times + 1] = net:now()
      local sub <const> = assert(req:accept { body = "x" })
      if #times > 4 then return end
      face.of(server.context).after(1, function()
        sub:terminate { reason = reason, retry_after = retry_after }
      end)
    end)
    return times
  end

  for _, reason in ipairs { "rejected", "noresource", "invariant" } do
    it("does not come back after " .. reason .. " (4.1.3)", function()
      local times <const> = ending(reason)
      local heard <const> = events.gather(alice, BOB, "x-n")
      net:advance "1h"
      assert.equal(1, #times)
      assert.same({ "terminated", reason }, { heard[#heard].state, heard[#heard].reason })
      assert.is_nil(heard[#heard].retry)
    end)
  end

  for reason, least in pairs { deactivated = 0, timeout = 0, probation = 30, giveup = 30 } do
    it("comes back after " .. reason .. " (4.1.3)", function()
      local times <const> = ending(reason)
      local heard <const> = events.gather(alice, BOB, "x-n")
      net:advance "1h"
      assert.equal(5, #times)
      assert.equal("active", heard[#heard].state)
      assert.truthy(times[2] - times[1] >= 1 + least and times[2] - times[1] < 2 + least)
      assert.truthy(times[5] - times[4] > 4) -- what does not last waits longer
    end)
  end

  it("waits as long as retry-after says, where that means something (4.1.3)", function()
    local times = ending("probation", 100)
    events.gather(alice, BOB, "x-n")
    net:advance "5m"
    assert.truthy(times[2] - times[1] >= 101)
    net:close()
    net, server, alice = events.new()
    times = ending("deactivated", 100)
    events.gather(alice, BOB, "x-n")
    net:advance "5m"
    assert.truthy(times[2] - times[1] < 2)
  end)

  it("begins anew when a refresh gets 481, in another dialog (4.1.2.2)", function()
    server:event("x-n", { state = function() return "x" end })
    local heard <const> = events.gather(alice, BOB, "x-n", { expires = 100 })
    net:advance "1s"
    for number in pairs(server.subscriptions) do server.engine:subscription_drop(number) end
    net:advance "2m"
    assert.same({ "active", "terminated", "active" }, { heard[1].state, heard[2].state,
      heard[3].state })
    assert.same({ "gone", 0 }, { heard[2].error.kind, heard[2].retry })
    assert.are_not.equal(heard[1].message.call_id, heard[3].message.call_id)
  end)

  it("answers challenges, of the first request and of each refresh (RFC 3261 22)", function()
    local auth <const> = face.of(server.context).digest { realm = "example.com",
      secret = function() return "secret" end }
    server:on("SUBSCRIBE", function(req)
      if not auth:check(req) then return end
      req:accept { body = "x" }
    end)
    local heard <const> = events.gather(alice, BOB, "x-n", { username = "alice",
      password = "secret", expires = 100 })
    net:advance "5m"
    assert.same({ "active", "active" }, { heard[1].state, heard[#heard].state })
    assert.truthy(#heard > 2)
  end)

  it("polls once with expires = 0 (4.4.3)", function()
    server:event("x-n", { state = function() return "now" end })
    local steps <const> = {}
    task(function()
      for info, doc in alice:watch(BOB, "x-n", { expires = 0 }) do
        steps[#steps + 1] = { info.state, info.reason, doc }
      end
    end)
    net:advance "5m"
    assert.same({ { "terminated", "timeout", "now" } }, steps)
    assert.equal(0, alice:counts().subscriptions)
  end)

  it("fails when no NOTIFY ever comes (Timer N, 4.1.2.4)", function()
    server:on("SUBSCRIBE", function(req) req:reply(200, { Expires = 600 }) end)
    local heard <const> = events.gather(alice, BOB, "x-n")
    net:advance "31s"
    assert.same({}, heard)
    net:advance "2s"
    assert.same({ "terminated", "timeout" }, { heard[1].state, heard[1].error.kind })
    assert.is_nil(heard[1].retry)
  end)

  it("tells several notifiers apart, and ends with the last of them (4.1.4)", function()
    local carol <const> = net:agent("sip:carol@example.com", { address = "10.0.0.6" })
    local dave <const> = net:agent("sip:dave@example.com", { address = "10.0.0.7" })
    local subs <const> = {}
    for _, one in ipairs { carol, dave } do
      one:on("SUBSCRIBE", function(req)
        subs[#subs + 1] = assert(req:accept { body = one.aor })
      end)
    end
    server:on("SUBSCRIBE", function(req)
      req:forward { "sip:10.0.0.6", "sip:10.0.0.7", mode = "parallel" }
    end)
    local steps <const> = {}
    task(function()
      for info, doc in alice:watch(BOB, "x-n") do
        steps[#steps + 1] = { info.state, doc, info.fork }
      end
      steps[#steps + 1] = "over"
    end)
    net:advance "1s"
    assert.equal(2, #steps)
    assert.are_not.equal(steps[1][3], steps[2][3])
    subs[1]:terminate { reason = "noresource" }
    net:advance "1s"
    assert.equal(3, #steps)
    subs[2]:terminate { reason = "noresource" }
    net:advance "1s"
    assert.same({ 5, "over" }, { #steps, steps[5] })
  end)

  it("keeps the newest news for a reader who is slow", function()
    local n = 0
    local one <const> = server:event("x-n", { state = function() return tostring(n) end })
    local docs <const> = {}
    task(function()
      for _, doc in alice:watch(BOB, "x-n") do
        docs[#docs + 1] = doc
        if #docs == 1 then face.of(alice.context).sleep "200s" end
      end
    end)
    for i = 1, 100 do
      net:advance "1s"
      n = i
      one:notify()
    end
    net:advance "200s"
    assert.equal("100", docs[#docs])
    assert.equal(65, #docs)
  end)

  it("may be left inside its own callback, at every step (bug class 21)", function()
    for at = 1, 4 do
      local n, s, a = events.new()
      local one <const> = s:event("x-n", { state = function() return tostring(n:now()) end })
      local count, watch = 0, nil
      watch = a:watch(BOB, "x-n", { expires = 60 }, function()
        count = count + 1
        if count == at then
          watch:close()
          if at % 2 == 0 then a:close() end
        end
      end)
      for _ = 1, 6 do
        n:advance "20s"
        one:notify()
      end
      n:advance "2m"
      assert.equal(at, count)
      assert.equal(0, s:counts().subscriptions)
      n:close()
    end
  end)

  it("says what is wrong with its arguments", function()
    for _, bad in ipairs { { 5, "x" }, { BOB }, { BOB, "x", { colour = 1 } },
      { BOB, "x", { expires = "soon" } }, { BOB, "x", {}, 5 },
      { BOB, "x", { id = "a\r\nB: c" } } } do
      assert.has_error(function() alice:watch(table.unpack(bad, 1, 4)) end)
    end
  end)
end)
