-- SPDX-License-Identifier: MIT
--
-- REFER from both sides: the flows of RFC 3515 4, Refer-Sub (RFC 4488), Referred-By (RFC 3892),
-- and what is refused.

local events <const> = require "spec.support.events"
local face <const> = require "moonsip.face"
local pair <const> = require "spec.support.pair"
local test <const> = require "moonsip.test"

local CAROL <const> = "sip:carol@10.0.0.33"

describe("agent:refer", function()
  local net, alice, bob, carol
  before_each(function()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { media = false, address = "10.0.0.11" })
    bob = net:agent("sip:bob@example.com", { media = false, address = "10.0.0.22" })
    carol = net:agent("sip:carol@example.com", { media = false, address = "10.0.0.33" })
  end)
  after_each(function() net:close() end)

  local function follows(who, options)
    who:on("REFER", function(req) return req:follow_refer(options) end)
  end

  -- The steps of a referral, each as a text.
  local function refer(options, at)
    local steps <const> = {}
    face.of(alice.context).go(function()
      options.to = options.to or CAROL
      for step in alice:refer(at or bob.contact, options) do
        steps[#steps + 1] = ("%s%s%s"):format(step.code, step.final and " final" or "",
          step.error and " " .. step.error.kind or "")
      end
      steps[#steps + 1] = "over"
    end)
    return steps
  end

  it("asks outside of dialogs, as in RFC 3515 4.1 (200 for its 202: RFC 6665 8.3.1)", function()
    follows(bob)
    pair.answers(carol)
    local sequence <const> = events.sequence(net)
    local steps <const> = refer {}
    net:advance "2s"
    assert.same({ "100", "200 final", "over" }, steps)
    local list <const> = sequence()
    local told <const> = {}
    for _, one in ipairs(list) do
      if one:find "REFER" or one:find "NOTIFY" then told[#told + 1] = one end
    end
    assert.same({ "REFER", "200 REFER", "NOTIFY", "200 NOTIFY", "NOTIFY", "200 NOTIFY" }, told)
    assert.equal("message/sipfrag;version=2.0", events.last(net, "NOTIFY", "Content-Type"))
    assert.equal("SIP/2.0 200 OK\r\n", events.last(net, "NOTIFY"))
    assert.equal("terminated;reason=noresource", events.last(net, "NOTIFY", "Subscription-State"))
    assert.equal("refer", events.last(net, "NOTIFY", "Event"))
    assert.same({ 0, 0 }, { alice:counts().subscriptions, bob:counts().subscriptions })
    assert.equal(1, #carol.calls)
  end)

  it("takes 202 from peers of RFC 3515", function()
    bob:on("REFER", function(req) req:reply(202) end)
    local steps <const> = refer {}
    net:advance "33s"
    assert.same({ "408 final timeout", "over" }, steps)
  end)

  it("tells of ringing, and of the status that came in the end", function()
    follows(bob)
    carol:on("INVITE", function(req)
      req:ring()
      face.of(carol.context).sleep "3s"
      req:reject(486)
    end)
    local steps <const> = refer {}
    net:advance "10s"
    assert.same({ "100", "180", "486 final", "over" }, steps)
  end)

  it("carries Referred-By along (RFC 3892 2.2)", function()
    follows(bob)
    local seen
    carol:on("INVITE", function(req) seen = req.headers["Referred-By"] req:answer() end)
    refer { referred_by = "sip:boss@example.com" }
    net:advance "2s"
    assert.equal("<sip:boss@example.com>", seen)
  end)

  it("wants no subscription with subscribe = false (RFC 4488 4)", function()
    follows(bob)
    pair.answers(carol)
    local sequence <const> = events.sequence(net)
    local steps <const> = refer { subscribe = false }
    net:advance "40s"
    assert.same({ "200 final", "over" }, steps)
    assert.equal("false", events.last(net, "REFER", "Refer-Sub"))
    for _, one in ipairs(sequence()) do assert.is_nil(one:find "NOTIFY") end
    assert.equal(1, #carol.calls)
    assert.same({ 0, 0 }, { alice:counts().subscriptions, bob:counts().subscriptions })
  end)

  it("gets the subscription that it did not want from who knows no Refer-Sub (4)", function()
    bob:on("REFER", function(req)
      local sub <const> = assert(req:accept { expires = 60 })
      sub:terminate { body = "SIP/2.0 200 OK\r\n", content_type = "message/sipfrag" }
    end)
    local steps <const> = refer { subscribe = false }
    net:advance "2s"
    assert.same({ "200 final", "over" }, steps)
  end)

  it("names the refusal (603 without a handler)", function()
    local steps <const> = refer {}
    net:advance "1s"
    assert.same({ "603 final rejected", "over" }, steps)
  end)

  for status, to in pairs { [416] = "telnet:mud.example.com", [501] = "sip:c@d;method=BYE" } do
    it(("refuses %s with %d (RFC 3515 2.4.2)"):format(to, status), function()
      follows(bob)
      local steps <const> = refer { to = to }
      net:advance "1s"
      assert.same({ status .. " final rejected", "over" }, steps)
    end)
  end

  it("refuses none, two or broken Refer-To with 400 (RFC 3515 2.4.2)", function()
    follows(bob)
    for _, headers in ipairs { {}, { ["Refer-To"] = "<sip:a@b>, <sip:c@d>" },
      { ["Refer-To"] = "<nothing" } } do
      local _, err = alice:request("REFER", bob, { headers = headers }):wait()
      assert.equal(400, err.code)
    end
  end)

  it("does not take what a stranger would write into our INVITE (RFC 3261 19.1.5)", function()
    follows(bob)
    local seen
    carol:on("INVITE", function(req) seen = req req:answer() end)
    refer { to = CAROL .. "?Subject=hi&P-Asserted-Identity=%3Csip:boss%40b%3E&Route=%3Csip:e%3E"
      .. "&Foo=1%0D%0AY:%202" }
    net:advance "2s"
    assert.same({ "hi" }, { seen.headers["Subject"], seen.headers["P-Asserted-Identity"],
      seen.headers["Route"], seen.headers["Foo"], seen.headers["Y"] })
  end)

  it("ends with an error when the other side says no more", function()
    bob:on("REFER", function(req)
      local sub <const> = assert(req:accept { expires = 60, body = "SIP/2.0 100 Trying\r\n",
        content_type = "message/sipfrag" })
      face.of(bob.context).after(2, function() sub:terminate { reason = "giveup" } end)
    end)
    local steps <const> = refer {}
    net:advance "4s"
    assert.same({ "100", "100 final noanswer", "over" }, steps)
  end)

  it("may be left in the middle", function()
    follows(bob)
    carol:on("INVITE", function(req)
      req:ring()
      face.of(carol.context).sleep "20s"
      req:answer()
    end)
    face.of(alice.context).go(function()
      for step in alice:refer(bob.contact, { to = CAROL }) do
        if step.code == 180 then break end
      end
    end)
    net:advance "60s"
    assert.same({ 0, 0 }, { alice:counts().subscriptions, bob:counts().subscriptions })
    assert.equal(1, #carol.calls) -- what was asked for goes on
  end)

  it("says what is wrong with its arguments", function()
    for _, bad in ipairs { { bob.contact }, { bob.contact, {} }, { bob.contact, { to = "x y" } },
      { bob.contact, { to = "sip:a@b\r\nX: y" } }, { bob.contact, { to = CAROL, colour = 1 } } } do
      assert.has_error(function() alice:refer(table.unpack(bad)) end)
    end
  end)

  it("finds the call that Target-Dialog names (RFC 4538)", function()
    pair.answers(bob)
    local call <const> = assert(alice:call(bob))
    net:advance "1s"
    local found
    bob:on("REFER", function(req)
      found = req.target_dialog
      return req:reply(found and 202 or 403)
    end)
    refer { target_dialog = call, subscribe = false }
    net:advance "1s"
    assert.equal(bob.calls[1], found)
    assert.matches("tdialog", events.last(net, "REFER", "Require"))
    found = nil
    alice:request("REFER", bob, { headers = { ["Refer-To"] = CAROL, ["Target-Dialog"] =
      "x;local-tag=a;remote-tag=b" } }):wait()
    assert.is_nil(found)
  end)
end)
