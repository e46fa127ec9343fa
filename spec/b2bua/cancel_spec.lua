-- SPDX-License-Identifier: MIT
-- A caller who gives up (RFC 3261 9), in each state that a call through a B2BUA has: nothing
-- rings on, nothing is answered for nobody, and the record says so.

local legs <const> = require "spec.support.legs"

local talks <const> = legs.talks

describe("a caller who gives up", function()
  local stage, alice, bob, carol, net, sbc
  before_each(function()
    stage = legs.stage()
    alice, bob, carol, net, sbc = stage.alice, stage.bob, stage.carol, stage.net, stage.sbc
  end)
  after_each(function() stage:close() end)

  local function begin()
    return alice:start_call(stage.to, { sdp = talks("10.1.0.7", 4000) })
  end

  local function rings(who, span)
    who:on("INVITE", function(req)
      req:ring()
      net:sleep(span or "1m")
      if not req.cancelled then req:answer { sdp = talks("10.2.0.1", 5000) } end
    end)
  end

  local function sent(method, to)
    return net:count { method = method, to = to, from = sbc, retransmissions = false }
  end

  -- What the one record says: disposition, who, and how each attempt ended.
  local function told()
    assert.equal(1, #stage.records)
    local record <const> = stage.records[1]
    local kinds <const> = {}
    for at, one in ipairs(record.attempts) do kinds[at] = one.kind or "answered" end
    return ("%s by %s: %s"):format(record.disposition, record.by, table.concat(kinds, ", "))
  end

  it("before anybody is dialled: nobody is", function()
    local err
    sbc:on("INVITE", function(req)
      local a <close> = req:leg()
      net:sleep "2s"
      err = select(2, a:dial(bob.contact))
    end)
    local near <const> = begin()
    net:advance "1s"
    near:hangup()
    net:advance "5s"
    assert.equal("cancelled", err.kind)
    assert.equal(0, sent("INVITE", bob))
    assert.equal("cancelled by caller: ", told())
    assert.equal("487", stage:statuses(alice):match "%d+$")
    stage:finish()
  end)

  it("before anything came back: the CANCEL waits for a provisional response (9.1)", function()
    stage:join()
    bob:on("INVITE", function(req)
      net:sleep "3s"
      req:ring()
      net:sleep "10s"
    end)
    net:link(sbc, bob, { delay = 200 })
    local near <const> = begin()
    net:advance "100ms"
    near:hangup()
    net:advance "200ms"
    assert.equal(0, sent("CANCEL", bob))
    net:advance "20s"
    assert.equal(1, sent("CANCEL", bob))
    assert.equal("cancelled by caller: cancelled", told())
    stage:finish()
  end)

  it("while the second carrier is tried: that one alone is cancelled", function()
    stage:join(nil, nil, { bob.contact, carol.contact })
    bob:on("INVITE", function(req) req:reply(503) end)
    rings(carol)
    local near <const> = begin()
    net:advance "1s"
    near:hangup()
    net:advance "5s"
    assert.same({ 0, 1 }, { sent("CANCEL", bob), sent("CANCEL", carol) })
    assert.equal("cancelled by caller: rejected, cancelled", told())
    stage:finish()
  end)

  it("while where a redirection leads rings", function()
    stage:join({ recurse = true })
    bob:on("INVITE", function(req) req:redirect(carol.contact) end)
    rings(carol)
    local near <const> = begin()
    net:advance "1s"
    near:hangup()
    net:advance "5s"
    assert.equal(1, sent("CANCEL", carol))
    assert.equal("cancelled by caller: rejected, cancelled", told())
    stage:finish()
  end)

  it("while a hunt group rings, one after the other", function()
    stage:join({ hunt = true, each = "3s" }, nil, { bob.contact, carol.contact })
    rings(bob)
    rings(carol)
    local near <const> = begin()
    net:advance "5s"
    near:hangup()
    net:advance "5s"
    assert.same({ 1, 1 }, { sent("CANCEL", bob), sent("CANCEL", carol) })
    assert.equal("cancelled by caller: noanswer, cancelled", told())
    stage:finish()
  end)

  it("when the leg has answered and nobody has joined it yet: it is ended", function()
    sbc:on("INVITE", function(req)
      local a <close> = req:leg()
      local b <close> = assert(a:dial(bob.contact))
      net:sleep "3s"
      stage.record, stage.err = a:bridge(b)
    end)
    rings(bob, "1s")
    local near <const> = begin()
    net:advance "2s"
    near:hangup()
    net:advance "5s"
    assert.equal("cancelled", stage.err.kind)
    assert.equal("cancelled", stage.record.disposition)
    assert.equal(1, sent("BYE", bob))
    assert.equal("cancelled by caller: answered", told())
    stage:finish()
  end)

  it("when our 200 is on its way: both calls end by BYE (9.1, 15)", function()
    stage:join()
    rings(bob, "1s")
    net:link(alice, sbc, { delay = 300 })
    local near <const> = begin()
    net:advance "1500ms" -- answered at 1.3 s, which alice hears of at 1.6 s
    near:hangup()
    net:advance "5s"
    assert.same({ "ended", 0 }, { near.state, #bob.calls })
    assert.equal(1, sent("BYE", bob))
    assert.equal("answered by caller: answered", told())
    stage:finish()
  end)
end)

describe("the record of a call", function()
  it("has when it began, rang, was answered and ended, by which its spans are counted", function()
    local stage <close> = legs.stage()
    local net <const>, bob <const> = stage.net, stage.bob
    stage:join({ pdd = "5s" }, nil, { stage.carol.contact, bob.contact })
    stage.carol:on("INVITE", function(req)
      req:reply(100)
      net:sleep "1m"
    end)
    bob:on("INVITE", function(req)
      net:sleep "1s"
      req:ring()
      net:sleep "4s"
      req:answer { sdp = talks("10.2.0.1", 5000) }
    end)
    local near <const> = assert(stage.alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) }))
    net:advance "61500ms"
    near:hangup()
    net:advance "1s"
    local record <const> = stage.records[1]
    local function span(from, to) return math.floor((to - from) * 10 + 0.5) / 10 end
    assert.same({ 6, 6, 10, 61.5 }, { span(0, record.pdd), span(record.began, record.rang),
      span(record.began, record.answered), span(0, record.seconds) })
    assert.same({ 62, "answered", "caller" }, { record.billsec, record.disposition, record.by })
    assert.is_true(math.abs(record.minutes * 60 - record.seconds) < 0.001)
    assert.equal(record.ended, record.answered + record.seconds)
    local first <const>, second = record.attempts[1], record.attempts[2]
    assert.same({ "timeout", 408, 5 }, { first.kind, first.code, span(first.began, first.ended) })
    assert.same({ nil, nil }, { second.kind, second.code })
    assert.equal(record.rang, second.rang)
    stage:finish()
  end)
end)
