-- SPDX-License-Identifier: MIT
--
-- The guard of an engine: limits of sources and users, who is known, address lists.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"
local world <const> = require "spec.guard.world"

local guarded <const>, registrar <const>, LIMIT <const> = world.guarded, world.registrar,
  world.LIMIT

describe("a limit of 30 in 2 s for each source", function()
  it("lets 30 in and not the next, and all of them again after 2 s of quiet", function()
    local one <const> = guarded(LIMIT)
    assert.equal(30, one:answered("10.0.0.9", 31))
    assert.equal(0, one:answered("10.0.0.9", 500))
    assert.equal(501, one:count "refused_rate")
    assert.equal(501, one:count "dropped")
    one:wait(2000)
    assert.equal(30, one:answered("10.0.0.9", 31))
  end)

  it("gives back a share of it at a time: one in 66.7 ms", function()
    local one <const> = guarded(LIMIT)
    one:answered("10.0.0.9", 30)
    one:wait(66)
    assert.equal(0, one:answered("10.0.0.9", 2))
    one:wait(1)
    assert.equal(1, one:answered("10.0.0.9", 2))
    one:wait(1000)
    assert.equal(15, one:answered("10.0.0.9", 20))
  end)

  it("is each source's own, whatever its port; of IPv6 a /64 is a source", function()
    local one <const> = guarded(LIMIT)
    one:answered("10.0.0.9", 31)
    assert.equal(30, one:answered("10.0.0.8", 31))
    one.engine:add_listener("udp", "2001:db8::1", 5060)
    local count = 0
    for n = 1, 40 do
      local flow <const> = core.flow("udp", "2001:db8::1", 5060, ("2001:db8:0:1::%x"):format(n),
        5060, 2, 0)
      one.n = one.n + 1
      one.engine:receive(flow, messages.message { branch = "z9hG4bKv6" .. n, call_id = "v6" .. n })
      if one.engine:next_packet() then count = count + 1 end
    end
    assert.equal(30, count)
    local other <const> = core.flow("udp", "2001:db8::1", 5060, "2001:db8:0:2::1", 5060, 2, 0)
    one.engine:receive(other, messages.message { branch = "z9hG4bKother", call_id = "other" })
    assert.is_truthy(one.engine:next_packet())
  end)

  it("knows an IPv4-mapped address as the IPv4 one (bug class 40)", function()
    local one <const> = guarded(LIMIT)
    one:answered("10.0.0.9", 30)
    one.engine:add_listener("udp", "::ffff:10.0.0.1", 5060)
    local flow <const> = core.flow("udp", "::ffff:10.0.0.1", 5060, "::ffff:10.0.0.9", 5060, 2, 0)
    one.engine:receive(flow, messages.message { branch = "z9hG4bKm", call_id = "m" })
    assert.is_nil(one.engine:next_packet())
  end)

  for title, ask in pairs {
    ["OPTIONS that nobody handles"] = function(one) return one:ask("10.0.0.9", "OPTIONS") end,
    ["methods that are not allowed (405)"] = function(one) return one:ask("10.0.0.9", "INFO") end,
    ["unknown methods (501)"] = function(one) return one:ask("10.0.0.9", "DANCE") end,
    ["dialogs that are not there (481)"] = function(one)
      return one:ask("10.0.0.9", "BYE", { to_tag = "x" })
    end,
    ["CANCEL of nothing (481)"] = function(one) return one:ask("10.0.0.9", "CANCEL") end,
    ["malformed requests (400)"] = function(one)
      return one:ask("10.0.0.9", "MESSAGE", { from = "nonsense" })
    end,
  } do
    it("counts " .. title, function()
      local one <const> = guarded(LIMIT)
      for _ = 1, 30 do assert.is_truthy(ask(one)) end
      assert.is_nil(ask(one))
      assert.equal(1, one:count "refused_rate")
    end)
  end

  for title, bytes in pairs {
    ["noise"] = "\0\1\2\3 nothing that is SIP",
    ["responses that nobody waits for"] = messages.answer(messages.message {}, 200),
  } do
    it("counts " .. title .. ", which is answered by nobody", function()
      local one <const> = guarded(LIMIT)
      for _ = 1, 30 do
        local done <const>, err = one.engine:receive(one:flow "10.0.0.9", bytes)
        assert.is_true(done == true or err.name ~= "REFUSED")
      end
      local _, err <const> = one.engine:receive(one:flow "10.0.0.9", bytes)
      assert.equal("REFUSED", err.name)
    end)
  end

  it("does not count requests that the user accepts, or answers as phones do", function()
    local one <const> = guarded(LIMIT)
    one.engine:handles("*", true)
    for n = 1, 200 do
      one:ask("10.0.0.9", n % 2 == 0 and "INVITE" or "MESSAGE")
      local _, _, transaction = one.engine:next_event()
      local statuses <const> = { 200, 202, 302, 480, 486, 487, 488, 500, 503, 600, 603 }
      assert(one.engine:reply(transaction, statuses[n % #statuses + 1]))
      while one.engine:next_packet() do end
    end
    assert.equal(0, one:count "refused_rate")
  end)

  for _, status in ipairs { 400, 401, 403, 404, 405, 407, 420, 484, 501, 604 } do
    it(("counts what the user answers with %d"):format(status), function()
      local one <const> = guarded(LIMIT)
      one.engine:handles("*", true)
      for _ = 1, 30 do
        one:ask "10.0.0.9"
        local _, _, transaction = one.engine:next_event()
        assert(one.engine:reply_stateless(transaction, status))
        while one.engine:next_packet() do end
      end
      one:ask "10.0.0.9"
      assert.is_nil(one.engine:next_event())
    end)
  end

  it("is not used up by retransmissions of what a transaction knows (17.2.2)", function()
    local one <const> = guarded(LIMIT)
    one.engine:handles("*", true)
    local request <const> = messages.message {}
    one:send("10.0.0.9", request)
    local _, _, transaction = one.engine:next_event()
    assert(one.engine:reply(transaction, 404))
    for _ = 1, 100 do one:send("10.0.0.9", request) end
    assert.equal(100, one:count "absorbed")
    one.engine:handles("*", false)
    while one.engine:next_packet() do end
    assert.equal(29, one:answered("10.0.0.9", 40))
  end)

  it("bans who passes it, when that is wanted", function()
    local one <const> = guarded { per_source = 5, per_source_ms = 1000, ban_ms = 60000 }
    assert.equal(5, one:answered("10.0.0.9", 10))
    one:wait(59000)
    assert.equal(0, one:answered("10.0.0.9", 1))
    assert.is_true(one:count "refused_banned" >= 1)
    one:wait(2000)
    assert.equal(5, one:answered("10.0.0.9", 10))
  end)
end)

describe("who proves to be somebody", function()
  it("has his challenge back: a thousand phones behind one address register", function()
    local one <const> = registrar()
    for n = 1, 1000 do
      assert.equal("challenged", one:register "10.0.0.9")
      assert.equal("vouched", one:register("10.0.0.9", "user" .. n))
    end
    assert.equal(0, one:count "refused_rate")
  end)

  it("is known, and has ten times the limit for a while", function()
    local one <const> = registrar { per_source = 30, per_source_ms = 2000, known_ms = 60000 }
    one:register("10.0.0.9", "alice")
    local count = 0
    for _ = 1, 400 do
      if one:register "10.0.0.9" then count = count + 1 end
    end
    assert.is_true(count >= 300 and count <= 311, count)
    one:wait(61000)
    count = 0
    for _ = 1, 400 do
      if one:register "10.0.0.9" then count = count + 1 end
    end
    assert.equal(30, count)
  end)

  it("is not charged for what he asks then: a wrong number is no attack", function()
    local one <const> = guarded(LIMIT)
    one.engine:handles("*", true)
    for _ = 1, 500 do
      one:ask("10.0.0.9", "INVITE")
      local _, _, transaction = one.engine:next_event()
      one.engine:vouch(transaction)
      assert(one.engine:reply(transaction, 404))
      while one.engine:next_packet() do end
    end
    assert.equal(0, one:count "refused_rate")
  end)

  it("is one whom our answer reached, as his ACK says (13.3.1.4)", function()
    local one <const> = guarded(LIMIT)
    one.engine:handles("INVITE", true)
    one:ask("10.0.0.9", "INVITE", { branch = "z9hG4bKinvite", call_id = "call", cseq = 1 })
    local _, _, transaction = one.engine:next_event()
    assert(one.engine:reply(transaction, 200))
    local ok <const> = one.engine:next_packet()
    one:send("10.0.0.9", messages.ack { branch = "z9hG4bKack", call_id = "call", cseq = 1,
      to_tag = messages.tag(ok, "To") })
    assert.is_true(one:answered("10.0.0.9", 100) == 100)
  end)
end)

describe("a user whose credentials fail", function()
  it("10 times in a minute is refused to strangers, and to no one known", function()
    local one <const> = registrar { per_user = 10, per_user_ms = 60000 }
    one:register("10.0.0.7", "badalice")
    one.engine:handles("*", true)
    one:register("10.0.0.7", "alice")
    for n = 1, 9 do assert.equal("failed", one:register("10.0.1." .. n, "badalice")) end
    assert.is_nil(one:register("10.0.2.1", "badalice"))
    assert.equal(1, one:count "refused_user")
    assert.equal("failed", one:register("10.0.0.7", "badalice"))
    assert.equal("challenged", one:register "10.0.2.1")
    assert.equal("vouched", one:register("10.0.2.1", "bob"))
    one:wait(60000)
    assert.equal("failed", one:register("10.0.2.2", "badalice"))
  end)
end)

describe("address lists", function()
  it("deny and allow, and the smallest network decides", function()
    local one <const> = guarded(LIMIT)
    assert(one.engine:guard_add("deny", { "10.0.0.0/8", "2001:db8::/32" }))
    assert(one.engine:guard_add("allow", { "10.0.0.0/24" }))
    assert(one.engine:guard_add("deny", { "10.0.0.66" }))
    assert.equal(0, one:answered("10.9.9.9", 3))
    assert.equal(0, one:answered("10.0.0.66", 2))
    assert.equal(100, one:answered("10.0.0.9", 100)) -- and of whom is allowed nothing is counted
    assert.equal(5, one:count "refused_denied")
    assert.equal(1, one.engine:guard_remove("deny", { "10.0.0.66", "10.0.0.67" }))
    assert.equal(100, one:answered("10.0.0.66", 100))
    assert.is_nil(one.engine:guard_add("deny", { "nonsense" }))
  end)

  it("have gateways behind them: exempt, unless they are denied", function()
    local one <const> = guarded(LIMIT)
    assert(one.engine:guard_add("peer", { "10.0.0.9", "10.0.0.10" }))
    assert(one.engine:guard_add("deny", { "10.0.0.10" }))
    assert.equal(100, one:answered("10.0.0.9", 100))
    assert.equal(0, one:answered("10.0.0.10", 1))
    one.engine:guard_remove("peer", { "10.0.0.9" })
    assert.equal(30, one:answered("10.0.0.9", 100))
  end)

  it("have bans for a time", function()
    local one <const> = guarded(LIMIT)
    one.engine:guard_ban("10.0.0.9", 10000)
    assert.equal(0, one:answered("10.0.0.9", 3))
    one:wait(10000)
    assert.equal(3, one:answered("10.0.0.9", 3))
    one.engine:guard_ban("10.0.0.9", 10000)
    one.engine:guard_ban("10.0.0.9", 0)
    assert.equal(3, one:answered("10.0.0.9", 3))
  end)
end)
