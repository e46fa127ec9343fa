-- SPDX-License-Identifier: MIT
-- Who is dialled when: carriers one after the other, phones at once, hunt groups; and what
-- the caller gets to see of it.

local face <const> = require "moonsip.face"
local legs <const> = require "spec.support.legs"
local messages <const> = require "spec.support.messages"

local talks <const> = legs.talks

describe("call:dial of a leg", function()
  local stage, alice, bob, carol, net, sbc
  before_each(function()
    stage = legs.stage()
    alice, bob, carol, net, sbc = stage.alice, stage.bob, stage.carol, stage.net, stage.sbc
  end)
  after_each(function() stage:close() end)

  local function call() return alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) }) end

  -- The kinds and statuses of the attempts that the last record has.
  local function attempts()
    local list <const> = {}
    for at, one in ipairs(stage.records[#stage.records].attempts) do
      list[at] = ("%s %s %s"):format(one.uri:match "@([^;:]+)", one.kind, one.code)
    end
    return list
  end

  local function reached(who)
    local near <const> = assert(call())
    net:advance(1)
    assert.equal(1, #who.calls)
    near:hangup()
    stage:finish()
  end

  for name, fail in pairs {
    ["a 503 before it rings"] = function(req) req:reply(503) end,
    ["a 503 after it rang, with early media"] = function(req)
      req:progress(183, { sdp = talks("10.2.0.1", 5000) })
      net:sleep "1s"
      req:reply(503)
    end,
    ["nothing that rings in time (pdd)"] = function(req)
      req:reply(100)
      net:sleep "20s"
    end,
    ["no answer at all (Timer B)"] = function() net:cut(sbc, bob) net:sleep "40s" end,
  } do
    it("goes on to the next carrier after " .. name, function()
      bob:on("INVITE", fail)
      carol:on("INVITE", function(req)
        req:progress(183, { sdp = talks("10.2.0.2", 6000) })
        net:sleep "1s"
        assert(req:answer { sdp = talks("10.2.0.2", 6000) })
      end)
      stage:join({ pdd = name:find "pdd" and "6s", ring = "80s" }, nil,
        { bob.contact, carol.contact })
      local near <const> = assert(call())
      net:advance "1s"
      assert.matches("c=IN IP4 10%.2%.0%.2\r\nt=0 0\r\nm=audio 6000", near.remote_sdp)
      local ids <const> = {}
      for _, one in ipairs(net:messages { method = "INVITE", from = sbc,
        retransmissions = false }) do
        -- What alice gets is a further INVITE, of the second carrier's media.
        if one.bytes:find "^INVITE" and not one.bytes:find "^INVITE sip:alice" then
          ids[messages.header(one.bytes, "Call%-ID")] = true
        end
      end
      local count = 0
      for _ in pairs(ids) do count = count + 1 end
      assert.equal(2, count) -- a carrier learns nothing of another
      near:hangup()
      net:heal()
      stage:finish()
      assert.equal(2, #attempts())
      assert.is_nil(stage.record.attempts[2].kind)
      assert.is_true(stage.record.pdd <= stage.record.answered - stage.record.began)
    end)
  end

  for _, code in ipairs { 404, 486, 487, 603 } do
    it("takes an answer for one: " .. code, function()
      bob:on("INVITE", function(req) req:reject(code) end)
      stage:join(nil, nil, { bob.contact, carol.contact })
      assert.equal(code, select(2, call()).code)
      assert.equal(0, net:count { to = carol })
      stage:finish()
    end)
  end

  it("gives up when it has rung long enough, altogether", function()
    for _, one in ipairs { bob, carol } do
      one:on("INVITE", function(req) req:ring() net:sleep "1m" end)
    end
    stage:join({ ring = "25s", hunt = true, each = "20s" }, nil, { bob.contact, carol.contact })
    local began <const> = net:now()
    local err <const> = select(2, call())
    assert.same({ 480, 25 }, { err.code, (net:now() - began) // 1 })
    stage:finish()
    assert.same({ "10.2.0.1 noanswer 408", "10.2.0.2 noanswer 408" }, attempts())
    assert.same({ "noanswer", 0 }, { stage.records[1].disposition, stage.records[1].billsec })
  end)

  describe("rings several at once", function()
    local both
    before_each(function() both = { { bob.contact, carol.contact } } end)

    it("and the first that answers is the leg: the others hear why (RFC 3326)", function()
      bob:on("INVITE", function(req) req:ring() net:sleep "10s" end)
      carol:on("INVITE", function(req)
        req:progress(183, { sdp = talks("10.2.0.2", 6000) })
        net:sleep "2s"
        req:answer { sdp = talks("10.2.0.2", 6000) }
      end)
      stage:join(nil, nil, both)
      local heard <const> = {}
      alice:on("1xx", function(res) heard[#heard + 1] = res.body ~= "" end)
      local near <const> = assert(call())
      net:advance "1s"
      assert.equal('SIP;cause=200;text="Call completed elsewhere"',
        messages.header(stage:first { method = "CANCEL", to = bob }, "Reason"))
      for _, has_media in ipairs(heard) do assert.is_false(has_media) end -- whose would it be?
      near:hangup()
      stage:finish()
    end)

    it("and ends a second answer that crosses", function()
      for _, one in ipairs { bob, carol } do
        one:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.9", 5000) } end)
      end
      stage:join({ mode = "parallel" }, nil, { bob.contact, carol.contact })
      local near <const> = assert(call())
      net:advance "1s"
      assert.equal(1, #bob.calls + #carol.calls)
      assert.equal("connected", near.state)
      near:hangup()
      stage:finish()
    end)

    it("and a 6xx of one speaks for all (16.7)", function()
      bob:on("INVITE", function(req) req:ring() net:sleep "10s" end)
      carol:on("INVITE", function(req) net:sleep "1s" req:reject(603) end)
      stage:join({ mode = "parallel", hunt = true }, nil, { bob.contact, carol.contact })
      assert.equal(603, select(2, call()).code)
      assert.equal(1, net:count { method = "CANCEL", to = bob })
      stage:finish()
    end)

    it("and the best failure is told when all have failed (16.7 item 6)", function()
      bob:on("INVITE", function(req) req:reject(503) end)
      carol:on("INVITE", function(req) net:sleep "1s" req:reject(486) end)
      stage:join(nil, nil, both)
      assert.equal(486, select(2, call()).code)
      stage:finish()
    end)

    it("and all are given up with the caller", function()
      for _, one in ipairs { bob, carol } do
        one:on("INVITE", function(req) req:ring() net:sleep "1m" end)
      end
      stage:join(nil, nil, both)
      local near <const> = alice:start_call(stage.to)
      net:advance "2s"
      near:hangup()
      net:advance "1s"
      assert.equal(1, net:count { method = "CANCEL", to = bob })
      assert.equal(1, net:count { method = "CANCEL", to = carol })
      stage:finish()
    end)
  end)

  it("tries the turns of a mixed list: first one, then two at once", function()
    bob:on("INVITE", function(req) req:reject(503) end)
    carol:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.2", 6000) } end)
    stage:join(nil, nil, { bob.contact, { carol.contact, "sip:nobody@10.9.9.9" } })
    reached(carol)
  end)

  describe("follows redirections", function()
    -- Bob is elsewhere: Contacts in no order.
    local function moved(code)
      bob:on("INVITE", function(req)
        req:redirect({ "<sip:nobody@10.9.9.9>;q=0.1", ("<%s>;q=0.9"):format(carol.contact) },
          { code = code })
      end)
      carol:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.2", 6000) } end)
    end

    it("when it was told to, by q (RFC 3261 8.1.3.4)", function()
      moved(302)
      stage:join({ recurse = true, user = "+4420" })
      reached(carol)
      assert.same({ "10.2.0.1 rejected 302", "10.2.0.2 nil nil" }, attempts())
      assert.matches("^INVITE sip:%+4420@", stage:first { method = "INVITE", to = bob })
      assert.matches("^INVITE sip:carol@", stage:first { method = "INVITE", to = carol })
    end)

    it("so many, and none that leads back", function()
      bob:on("INVITE", function(req) req:redirect { carol.contact, bob.contact } end)
      carol:on("INVITE", function(req) req:redirect { bob.contact, carol.contact } end)
      stage:join { recurse = 64 }
      assert.is_true(select(2, call()).code < 400)
      stage:finish()
      assert.equal(2, #attempts())
    end)

    it("to each of their Contacts until one does not fail", function()
      bob:on("INVITE", function(req)
        req:redirect { "sip:a@10.2.0.1", "sip:b@10.2.0.1", "sip:c@10.2.0.2" }
        bob:off("INVITE"):on("INVITE", function(one) one:reject(404) end)
      end)
      carol:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.2", 6000) } end)
      stage:join { recurse = true }
      reached(carol)
      assert.equal(4, #attempts())
    end)

    it("but no more than so many", function()
      bob:on("INVITE", function(req)
        req:redirect { ("sip:%d@10.2.0.1"):format(net:count()), "sip:other@10.2.0.1" }
      end)
      stage:join { recurse = 3 }
      call()
      stage:finish()
      assert.equal(4, #attempts())
    end)

    it("not otherwise: it is an answer", function()
      moved(302)
      stage:join(nil, nil, { bob.contact, carol.contact })
      assert.equal(302, select(2, call()).code)
      assert.equal(0, net:count { to = carol })
      stage:finish()
    end)
  end)

  it("with early = \"ring\" or false keeps early media, or all, to itself", function()
    bob:on("INVITE", function(req)
      req:progress(183, { sdp = talks("10.2.0.1", 5000) })
      net:sleep "1s"
      req:answer { sdp = talks("10.2.0.1", 5000) }
    end)
    local flow = ""
    for at, early in ipairs { "ring", false } do
      stage.sbc:off "INVITE"
      stage:join { early = early }
      local near <const> = assert(call())
      flow = flow .. (at == 1 and "180 200" or " 100 200")
      assert.equal(flow, stage:statuses(alice))
      near:hangup()
      net:advance "1s"
    end
    stage:finish()
  end)

  it("never tells of 199, which speaks of one branch (RFC 6228)", function()
    bob:on("INVITE", function(req)
      req:progress(199)
      net:sleep "1s"
      req:reject(404)
    end)
    stage:join()
    call()
    assert.equal("100 404", stage:statuses(alice))
    stage:finish()
  end)

  it("raises for what is no option, or belongs to one leg alone", function()
    local whys <const> = {}
    sbc:on("INVITE", function(req)
      local a <close> = req:leg()
      for at, options in ipairs { { early = "odd" }, { media = "odd" }, { mode = "odd" },
        { headers = { pass = "Via" } }, { headers = { pass = 7 } }, { odd = 1 } } do
        whys[at] = select(2, pcall(a.dial, a, bob.contact, options)):match "'(.-)'"
      end
    end)
    call()
    assert.same({ "early", "media", "mode", "headers.pass", "headers.pass", "odd" }, whys)
    stage:finish()
  end)

  describe("through gateways", function()
    it("keeps their limits, and gives the place back at the end", function()
      local sip <const> = face.of(sbc.context)
      local trunks <const> = sip.gateways({
        { name = "one", uri = bob.contact, max_calls = 1 }, { name = "two", uri = carol.contact },
      }, { probe = false })
      for _, one in ipairs { bob, carol } do
        one:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.9", 5000) } end)
      end
      stage:join(nil, nil, { trunks.one, trunks.two })
      local first <const>, second <const> = assert(call()), assert(call())
      net:advance "1s"
      assert.same({ 1, 1 }, { #bob.calls, #carol.calls })
      assert.same({ 1, 1 }, { trunks.one.calls, trunks.two.calls })
      first:hangup()
      second:hangup()
      stage:finish()
      assert.same({ 0, 0 }, { trunks.one.calls, trunks.two.calls })
      assert.same({ "one", "two" }, { stage.records[2].attempts[1].gateway,
                                      stage.records[2].attempts[2].gateway })
    end)
  end)

  describe("of a hunt group", function()
    local sip
    before_each(function() sip = face.of(sbc.context) end)

    -- The group answers a call of alice's; who took it.
    local function serve(group, options)
      sbc:on("INVITE", function(req)
        local a <close> = req:leg()
        local b <close>, err = group:dial(a, options)
        if not b then return a:reject(err) end
        a:bridge(b)
      end)
    end

    local function answers()
      for _, one in ipairs { bob, carol } do
        one:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.9", 5000) } end)
      end
    end

    local function taken(near)
      net:advance "1s"
      local who <const> = #bob.calls > 0 and "bob" or "carol"
      near:hangup()
      net:advance "1s"
      return who
    end

    it("goes on after busy and no answer, each ringing so long", function()
      serve(sip.hunt({ bob.contact, carol.contact }, { each = "7s" }))
      bob:on("INVITE", function(req) req:ring() net:sleep "1m" end)
      carol:on("INVITE", function(req) req:reject(486) end)
      local began <const> = net:now()
      assert.equal(486, select(2, call()).code)
      assert.equal(7, (net:now() - began) // 1)
      stage:finish()
    end)

    for order, who in pairs { listed = "bob bob bob", circular = "bob carol bob",
                              longest_idle = "bob carol bob" } do
      it("in the order " .. order, function()
        serve(sip.hunt({ bob.contact, carol.contact }, { order = order }))
        answers()
        local list <const> = {}
        for at = 1, 3 do list[at] = taken(assert(call())) end
        assert.equal(who, table.concat(list, " "))
        stage:finish()
      end)
    end

    it("leaves out who has a call; busy when everybody has", function()
      local group <const> = sip.hunt { bob.contact, carol.contact }
      serve(group)
      answers()
      local first <const>, second <const> = assert(call()), assert(call())
      net:advance "1s"
      assert.same({ 1, 1, 0 }, { #bob.calls, #carol.calls, group.free })
      assert.equal(486, select(2, call()).code)
      first:hangup()
      second:hangup()
      net:advance "1s"
      assert.same({ 2, 0, 1 }, { group.free, group.members[1].calls, group.members[1].answered })
      stage:finish()
    end)

    it("rings all who are free at once", function()
      serve(sip.hunt({ bob.contact, carol.contact }, { order = "all" }))
      bob:on("INVITE", function(req) req:ring() net:sleep "1m" end)
      carol:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.9", 5000) } end)
      assert.equal("carol", taken(assert(call())))
      assert.equal(1, net:count { method = "CANCEL", to = bob })
      stage:finish()
    end)

    it("raises for what is no group", function()
      for _, wrong in ipairs { { "x", 7 }, { { "sip:a@b" }, { order = "odd" } },
        { {}, nil }, { { "sip:a@b" }, { calls = 0 } } } do
        assert.is_false(pcall(sip.hunt, wrong[1], wrong[2]))
      end
    end)
  end)
end)

describe("sip.call_limit", function()
  local limit
  before_each(function()
    local stage <close> = legs.stage()
    limit = face.of(stage.sbc.context).call_limit(2)
  end)

  it("has so many places for each key, and one more is busy", function()
    local first <const>, second <const> = assert(limit:take "a"), assert(limit:take "a")
    local none <const>, err = limit:take "a"
    assert.is_nil(none)
    assert.same({ "busy", 486 }, { err.kind, err.code })
    assert(limit:take "b")
    first:release()
    first:release()
    assert.equal(1, limit:count "a")
    do
      local third <close> = assert(limit:take "a")
      assert.equal(2, limit:count(third.key))
    end
    second:release()
    assert.equal(0, limit:count "a")
  end)
end)
