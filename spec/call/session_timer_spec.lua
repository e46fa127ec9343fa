-- SPDX-License-Identifier: MIT
-- Session timers between two scripts (RFC 4028): what each option makes of a call, and that
-- no script runs for a refresh.

local pair <const> = require "spec.support.pair"
local test <const> = require "moonsip.test"

describe("the session timer of a call", function()
  local net
  after_each(function() net:close() end)

  -- A network with two agents of these options; alice calls bob.
  local function calls(alice_options, bob_options, call_options, answer_options)
    net = test.net()
    local agents <const> = {}
    for at, given in ipairs { alice_options or {}, bob_options or {} } do
      local options <const> = { media = false }
      for name, value in pairs(given) do options[name] = value end
      agents[at] = net:agent(at == 1 and "sip:alice@example.com" or "sip:bob@example.com", options)
    end
    pair.answers(agents[2], answer_options)
    local near, far = pair.connect(net, agents[1], agents[2], call_options)
    return near, far, agents[1], agents[2]
  end

  local function updates(filter)
    filter = filter or {}
    filter.method, filter.retransmissions = filter.method or "UPDATE", false
    return net:count(filter)
  end

  -- Options of alice, bob, the call and the answer; what near then says.
  for name, case in pairs {
    ["is on by default: half an hour, refreshed by who called"] =
      { {}, {}, {}, {}, { 1800, "us" } },
    ["is as long as the shorter of both wants"] =
      { { session_timer = 3600 }, { session_timer = "10m" }, {}, {}, { 600, "us" } },
    ["is refreshed by the one who is told to"] =
      { {}, { session_timer = { refresher = "us" } }, {}, {}, { 1800, "them" } },
    ["lets the caller choose"] =
      { { session_timer = { refresher = "them" } }, {}, {}, {}, { 1800, "them" } },
    ["is what one call says"] =
      { {}, {}, { session_timer = { interval = 300, refresher = "us" } }, {}, { 300, "us" } },
    ["is what one answer says"] =
      { {}, {}, {}, { session_timer = { interval = "5m", refresher = "us" } }, { 300, "them" } },
    ["is none where the caller wants none"] = { { session_timer = false }, {}, {}, {} },
    ["is none where the call wants none"] = { {}, {}, { session_timer = false }, {} },
    ["is none where the callee wants none"] = { {}, { session_timer = false }, {}, {} },
    ["is none where the answer says so"] = { {}, {}, {}, { session_timer = false } },
  } do
    it(name, function()
      local near <const>, far <const> = calls(case[1], case[2], case[3], case[4])
      local wanted <const>, timer <const> = case[5], near.session_timer
      if not wanted then
        assert.is_nil(timer)
        assert.is_nil(far.session_timer)
        return
      end
      assert.same(wanted, { timer.interval, timer.refresher })
      assert.same({ wanted[1], wanted[2] == "us" and "them" or "us" },
        { far.session_timer.interval, far.session_timer.refresher })
      assert.is_true(timer.ends_in > wanted[1] * 2 / 3 - 1 and timer.ends_in < wanted[1])
    end)
  end

  it("goes on for as long as the call, and no script hears of it", function()
    local near <const>, far <const>, alice <const>, bob <const> = calls()
    local heard = 0
    for _, one in ipairs { alice, bob } do one:on("2xx", function() heard = heard + 1 end) end
    net:advance "10h"
    assert.equal(40, updates())
    assert.equal(40, updates { code = 200 })
    assert.same({ "connected", "connected", 0 }, { near.state, far.state, heard })
  end)

  it("shows a refresh to a handler of UPDATE, which answers it", function()
    local near <const>, far <const> = calls()
    local seen = 0
    far:on("UPDATE", function(req)
      seen = seen + 1
      req:reply(200)
    end)
    net:advance "1h"
    assert.equal(4, seen)
    assert.equal(1800, near.session_timer.interval)
  end)

  it("ends the call at both ends when the network is cut", function()
    local near <const>, far <const>, alice <const>, bob <const> = calls()
    net:cut(alice, bob)
    net:advance "1h"
    assert.same({ "timeout", "ended" }, { near.why.kind, near.state })
    assert.same({ "timeout", "EXPIRED", 408 }, { far.why.kind, far.why.name, far.why.code })
    net:settle()
    assert.equal(0, (net:live()))
  end)

  it("survives the loss of any message of a refresh", function()
    for _, lost in ipairs { "^UPDATE", "^SIP/2.0 200.*CSeq: %d+ UPDATE" } do
      local near <const>, far <const> = calls()
      local count = 0
      net:drop(function(bytes)
        count = count + (bytes:find(lost) and 1 or 0)
        return bytes:find(lost) and count <= 3
      end)
      net:advance "62m"
      assert.same({ "connected", "connected", 4 }, { near.state, far.state, updates() })
      net:close()
    end
    net = test.net()
  end)

  it("is refreshed by a further INVITE that changes nothing where UPDATE is not allowed",
    function()
    local near <const>, far <const> = calls({}, { allow = "INVITE, ACK, BYE, CANCEL, OPTIONS" })
    local before <const> = near.local_sdp
    net:advance "3h"
    assert.equal(0, updates())
    assert.equal(13, updates { method = "INVITE" })
    assert.same({ before, "connected" }, { near.local_sdp, far.state })
    local versions <const> = {}
    for _, one in ipairs(net:messages { method = "INVITE", retransmissions = false }) do
      versions[one.bytes:match "\r\no=([^\r]+)" or "none"] = true
    end
    local only <const> = next(versions)
    assert.is_nil(next(versions, only)) -- RFC 4028 7.4: the same origin field
  end)

  it("is refreshed with a proof of who we are where UPDATE is challenged", function()
    local near <const>, far <const> = calls({}, {}, { username = "alice", password = "secret" })
    local asked = 0
    far:on("UPDATE", function(req)
      if req.headers["Authorization"] then return req:reply(200) end
      asked = asked + 1
      req:reply(401, { ["WWW-Authenticate"] =
        'Digest realm="r", nonce="n' .. asked .. '", qop="auth", algorithm=MD5' })
    end)
    net:advance "1h"
    assert.is_true(asked >= 1)
    assert.same({ "connected", "connected" }, { near.state, far.state })
  end)

  it("of 1 s is refused with 422, and asked for again with Min-SE (7.3)", function()
    local near <const> = calls({}, { session_timer = { interval = 1800, min = 900 } },
      { session_timer = 90 })
    assert.equal(1, net:count { method = "INVITE", code = 422, retransmissions = false })
    assert.equal(900, near.session_timer.interval)
    local invites <const> = net:messages { method = "INVITE", retransmissions = false }
    assert.matches("Min%-SE: 900", invites[2].bytes)
    assert.equal(invites[1].bytes:match "Call%-ID: (%S+)", invites[2].bytes:match "Call%-ID: (%S+)")
  end)

  it("does not go round in 422s (bug class 24)", function()
    for _, step in ipairs { 0, 100 } do
      net = test.net()
      local alice <const> = net:agent("sip:alice@example.com", { media = false })
      local bob <const> = net:agent("sip:bob@example.com", { media = false })
      local count = 0
      bob:on("INVITE", function(req)
        count = count + 1
        req:reply(422, { ["Min-SE"] = tostring(2000 + step * count) })
      end)
      local call <const>, err <const> = alice:call(bob)
      assert.is_nil(call)
      assert.equal(422, err.code)
      assert.is_true(count <= 6)
      net:close()
    end
    net = test.net()
  end)

  it("refuses options that make no sense, at the caller's line", function()
    net = test.net()
    local alice <const> = net:agent "sip:alice@example.com"
    for _, given in ipairs { 89, 0, "1s", { interval = 10 }, { refresher = "uac" }, { x = 1 },
                             { min = 1 }, 4294967296, -1 } do
      local ok <const>, message <const> = pcall(alice.start_call, alice, "sip:b@10.9.9.9",
        { session_timer = given })
      assert.is_false(ok)
      assert.matches("session_timer", message .. (message:find "no such option" and "session_timer"
        or ""))
    end
  end)
end)
