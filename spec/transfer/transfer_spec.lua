-- SPDX-License-Identifier: MIT
--
-- call:transfer and what it needs of the other two: blind and attended transfers with the
-- messages of RFC 5589 6.1, 7.1 and RFC 5359 2.4, 2.5; Replaces (RFC 3891) and Join (RFC 3911).

local events <const> = require "spec.support.events"
local face <const> = require "moonsip.face"
local pair <const> = require "spec.support.pair"
local replaces <const> = require "moonsip.replaces"
local test <const> = require "moonsip.test"

describe("call:transfer", function()
  local net, alice, bob, carol
  -- Alice transfers bob, her caller, to carol.
  local function build(options)
    net = test.net()
    local function agent(name, last)
      local o <const> = { address = "10.0.0." .. last }
      for key, value in pairs(options) do o[key] = value end
      return net:agent(("sip:%s@example.com"):format(name), o)
    end
    alice, bob, carol = agent("alice", 11), agent("bob", 22), agent("carol", 33)
  end
  before_each(function() build { media = false } end)
  after_each(function() net:close() end)

  local function follows(who)
    who:on("REFER", function(req) return req:follow_refer() end)
  end

  -- A call from bob to alice: alice's end of it, and bob's.
  local function connect()
    pair.answers(alice)
    local near <const> = assert(bob:call(alice))
    net:advance "1s"
    return alice.calls[1], near
  end

  local function wait_for(call, to, options)
    local outcome <const> = {}
    call:transfer(to, options or {}, function(done, err)
      outcome.done, outcome.err = done, err
    end)
    return outcome
  end

  it("hands over to a URI with the messages of RFC 5589 6.1 (200 for 202: RFC 6665 8.3.1)",
    function()
    follows(bob)
    pair.answers(carol)
    local far <const> = connect()
    local sequence <const> = events.sequence(net)
    sequence()
    local outcome <const> = wait_for(far, "sip:carol@10.0.0.33")
    net:advance "2s"
    assert.is_true(outcome.done)
    local list <const> = sequence()
    assert.same({ "REFER", "200 REFER" }, { list[1], list[2] })
    local counts <const> = {}
    for _, one in ipairs(list) do counts[one] = (counts[one] or 0) + 1 end
    assert.same({ REFER = 1, ["200 REFER"] = 1, NOTIFY = 2, ["200 NOTIFY"] = 2, INVITE = 1,
      ["200 INVITE"] = 1, ACK = 1, BYE = 1, ["200 BYE"] = 1 }, counts)
    assert.equal("BYE", list[#list - 1])
    assert.equal("refer;id=1", events.last(net, "NOTIFY", "Event"))
    assert.same({ 0, 1, 1 }, { #alice.calls, #bob.calls, #carol.calls })
    assert.equal("<sip:alice@10.0.0.11:5060>", carol.calls[1].req.headers["Referred-By"])
    assert.same({ 0, 0 }, { alice:counts().dialogs, alice:counts().subscriptions })
  end)

  it("leaves the call as it is when the target refuses (RFC 5589 6.3)", function()
    follows(bob)
    carol:on("INVITE", function(req) req:reject(486) end)
    local far <const>, near = connect()
    local outcome <const> = wait_for(far, "sip:carol@10.0.0.33")
    net:advance "2s"
    assert.same({ nil, "busy", 486 }, { outcome.done, outcome.err.kind, outcome.err.code })
    assert.same({ "connected", "connected" }, { far.state, near.state })
  end)

  it("says so when the other side will not (603)", function()
    local far <const> = connect()
    local outcome <const> = wait_for(far, "sip:carol@10.0.0.33")
    net:advance "2s"
    assert.same({ "rejected", 603, "connected" }, { outcome.err.kind, outcome.err.code, far.state })
  end)

  it("hands over to another call with Replaces, as in RFC 5589 7.1", function()
    follows(bob)
    pair.answers(carol)
    local far <const> = connect()
    local second <const> = assert(alice:call(carol))
    net:advance "1s"
    local first_of_carol <const> = carol.calls[1]
    local replaced
    first_of_carol:on("replaced", function(by) replaced = by end)
    local outcome <const> = wait_for(far, second)
    net:advance "2s"
    assert.is_true(outcome.done)
    assert.same({ 0, 1, 1 }, { #alice.calls, #bob.calls, #carol.calls })
    assert.equal(carol.calls[1], replaced)
    assert.equal("ended", first_of_carol.state)
    assert.equal("bob", carol.calls[1].from.user)
    local refer <const> = events.last(net, "REFER", "Refer-To")
    assert.matches("^<sip:.*@10%.0%.0%.33:5060%?Replaces=.*&?Require=replaces", refer)
    assert.same({ 0, 0, 0 }, { alice:counts().dialogs, alice:counts().subscriptions,
      bob:counts().subscriptions })
  end)

  it("works when the transferee says BYE before it tells the end", function()
    local far <const>, near = connect()
    bob:on("REFER", function(req)
      local sub <const> = assert(req:accept { expires = 60, body = "SIP/2.0 100 Trying\r\n",
        content_type = "message/sipfrag" })
      near:hangup()
      face.of(bob.context).after(2, function()
        sub:terminate { body = "SIP/2.0 200 OK\r\n", content_type = "message/sipfrag" }
      end)
    end)
    local outcome <const> = wait_for(far, "sip:carol@10.0.0.33")
    net:advance "1s"
    assert.equal("ended", far.state)
    net:advance "3s"
    assert.is_true(outcome.done)
    assert.same({ 0, 0 }, { alice:counts().dialogs, bob:counts().dialogs })
  end)

  it("tells two transfers of one call apart by the id (RFC 3515 2.4.6)", function()
    follows(bob)
    carol:on("INVITE", function(req)
      face.of(carol.context).sleep(req.uri.user == "slow" and "5s" or "1s")
      req:reject(req.uri.user == "slow" and 404 or 486)
    end)
    local far <const> = connect()
    local slow <const> = wait_for(far, "sip:slow@10.0.0.33")
    local quick <const> = wait_for(far, "sip:quick@10.0.0.33")
    net:advance "3s"
    assert.same({ nil, 486 }, { slow.err, quick.err.code })
    net:advance "3s"
    assert.equal(404, slow.err.code)
  end)

  it("gives up with the verb's own wait", function()
    follows(bob)
    carol:on("INVITE", function(req) req:ring() req:defer() end)
    local far <const> = connect()
    local pending <const> = far:transfer("sip:carol@10.0.0.33", function() end)
    net:advance "2s"
    pending:cancel()
    net:advance "60s"
    assert.same({ 0, "connected" }, { alice:counts().subscriptions, far.state })
  end)

  it("says what is wrong with its arguments", function()
    local far <const> = connect()
    for _, bad in ipairs { { 5 }, { far }, { "sip:a@b", { colour = 1 } }, { "x\r\ny: z" }, {} } do
      assert.has_error(function() far:transfer(table.unpack(bad, 1, 2)) end)
    end
  end)

  describe("to one that does not speak REFER", function()
    before_each(function() net:close() build {} end)

    for _, status in ipairs { 405, 501 } do
      it(("bridges the two instead (%d)"):format(status), function()
        bob:on("REFER", function(req) req:reply(status) end)
        pair.answers(carol)
        local far <const> = connect()
        local second <const> = assert(alice:call(carol))
        net:advance "1s"
        local outcome <const> = wait_for(far, second)
        net:advance "2s"
        assert.same({ "connected", "connected" }, { far.state, second.state })
        assert.truthy(far.joint)
        bob.calls[1]:hangup()
        net:advance "1s"
        assert.equal(far, outcome.done.left)
      end)
    end

    it("calls the target itself for that", function()
      bob:on("REFER", function(req) req:reply(501) end)
      pair.answers(carol)
      local far <const> = connect()
      wait_for(far, "sip:carol@10.0.0.33")
      net:advance "2s"
      assert.same({ 2, 1 }, { #alice.calls, #carol.calls })
      assert.truthy(far.joint)
    end)

    it("does not with fallback = false", function()
      bob:on("REFER", function(req) req:reply(501) end)
      local far <const> = connect()
      local outcome <const> = wait_for(far, "sip:carol@10.0.0.33", { fallback = false })
      net:advance "2s"
      assert.equal(501, outcome.err.code)
    end)
  end)
end)

describe("an INVITE with Replaces (RFC 3891 3)", function()
  local net, alice, bob, carol
  before_each(function()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { media = false })
    bob = net:agent("sip:bob@example.com", { media = false })
    carol = net:agent("sip:carol@example.com", { media = false })
  end)
  after_each(function() net:close() end)

  local function invite(headers)
    local call <const>, err = carol:call(bob, { headers = headers })
    net:advance(1)
    return call or nil, err and err.code
  end

  local function connected()
    pair.answers(bob)
    local call <const> = assert(alice:call(bob))
    net:advance(1)
    return call
  end

  it("takes the place of a call, which gets a BYE", function()
    local call <const> = connected()
    assert(invite { Replaces = replaces.text(call), Require = "replaces" })
    assert.same({ "ended", 1, "carol" }, { call.state, #bob.calls, bob.calls[1].from.user })
  end)

  it("is refused with 481 when there is no such call, and leaves the others alone", function()
    local call <const> = connected()
    for _, text in ipairs { "x;to-tag=a;from-tag=b",
      replaces.text(call):gsub("to%-tag=", "to-tag=x"), (replaces.text(call):gsub("^", "x")) } do
      assert.equal(481, (select(2, invite { Replaces = text })))
    end
    assert.equal("connected", call.state)
  end)

  it("is refused with 603 when the call has ended: nobody's phone rings for it", function()
    bob:on("INVITE", function(req) return req:answer() end)
    local ids <const> = {}
    for at = 1, 64 do
      local call <const> = assert(alice:call(bob))
      net:advance(1)
      ids[at] = replaces.text(call)
      call:hangup()
      if at == 1 then -- the BYE has no answer yet
        assert.equal(603, (select(2, invite { Replaces = ids[at] })))
      end
      net:advance(1)
    end
    assert.equal(603, (select(2, invite { Replaces = ids[1] })))
    assert.equal(603, (select(2, invite { Join = ids[64] })))
    local one_more <const> = assert(alice:call(bob))
    one_more:hangup()
    net:advance(1)
    assert.equal(481, (select(2, invite { Replaces = ids[1] }))) -- 64 are remembered
  end)

  it("is refused when there are two of them, and in another request than INVITE (400)", function()
    local call <const> = connected()
    local text <const> = replaces.text(call)
    assert.equal(400, (select(2, invite { Replaces = { text, text } })))
    bob:on("MESSAGE", function(req) req:reply(200) end)
    for _, name in ipairs { "Replaces", "Join" } do
      local _, err <const> = carol:request("MESSAGE", bob, { headers = { [name] = text } }):wait()
      assert.equal(400, err.code)
    end
    assert.equal("connected", call.state)
  end)

  it("is promised by Supported (6.2, RFC 3911 7.2, RFC 4538 4, RFC 4488 4)", function()
    connected()
    local invite_of_alice <const> = net:messages({ method = "INVITE" })[1].bytes
    local answer <const> = net:messages({ method = "INVITE", code = 200 })[1].bytes
    for _, tag in ipairs { "replaces", "join", "tdialog", "norefersub" } do
      for _, bytes in ipairs { invite_of_alice, answer } do
        assert.matches("Supported: [^\r]*%f[%w]" .. tag, bytes)
      end
    end
  end)

  it("is an extension that we do not know where `supported` leaves it out (RFC 3261 8.2.2)",
    function()
    local old <const> = net:agent("sip:old@example.com", { media = false, supported = "timer" })
    pair.answers(old)
    assert(alice:call(old))
    net:advance "1s"
    local text <const> = replaces.text(alice.calls[1])
    local _, err <const> = carol:call(old, { headers = { Replaces = text, Require = "replaces" } })
    assert.same({ 420, "replaces" }, { err.code, err.response.headers["Unsupported"] })
    assert(carol:call(old, { headers = { Replaces = text } }))
    assert.equal(2, #old.calls)
  end)

  it("gets 486 with early-only for a call that was answered", function()
    local call <const> = connected()
    assert.equal(486, (select(2, invite { Replaces = replaces.text(call) .. ";early-only" })))
    assert.equal("connected", call.state)
  end)

  it("gets 481 for an early call that we did not place", function()
    bob:on("INVITE", function(req)
      if req.from.user == "carol" then return req:answer() end
      req:ring()
      req:defer()
    end)
    local call <const> = alice:start_call(bob)
    net:advance "1s"
    assert.equal(481, (select(2, invite { Replaces = replaces.text(call) })))
    assert.equal("ringing", call.state)
  end)

  it("cancels an early call that we placed", function()
    alice:on("INVITE", function(req) req:ring() req:defer() end)
    bob:on("INVITE", function(req) return req:answer() end)
    local call <const> = bob:start_call(alice)
    net:advance "1s"
    assert(invite { Replaces = replaces.text(alice.calls[1]) })
    net:advance "1s"
    assert.same({ "ended", 0 }, { call.state, #alice.calls })
  end)

  it("is refused when it is broken, or says Join as well (400)", function()
    local call <const> = connected()
    local text <const> = replaces.text(call)
    assert.equal(400, (select(2, invite { Replaces = "nothing" })))
    assert.equal(400, (select(2, invite { Replaces = text, Join = text })))
    assert.equal("connected", call.state)
  end)

  it("leaves the call alone when it is not accepted", function()
    local call <const> = connected()
    bob:off "INVITE"
    bob:on("INVITE", function(req)
      assert.equal(bob.calls[1], req.replaces)
      req:reject(488)
    end)
    assert.equal(488, (select(2, invite { Replaces = replaces.text(call) })))
    assert.equal("connected", call.state)
  end)

  it("names the call to join (RFC 3911 4)", function()
    local call <const> = connected()
    local seen
    bob:off "INVITE"
    bob:on("INVITE", function(req) seen = req.joins return req:answer() end)
    assert(invite { Join = replaces.text(call), Require = "join" })
    assert.equal("alice", seen.from.user)
    assert.same({ "connected", 2 }, { call.state, #bob.calls })
    assert.equal(481, (select(2, invite { Join = "x;to-tag=a;from-tag=b" })))
  end)
end)
