-- SPDX-License-Identifier: MIT
--
-- Calls and requests through gateways: limits, who is tried next, what each gets to see.

local face <const> = require "moonsip.face"
local messages <const> = require "spec.support.messages"
local test <const> = require "moonsip.test"

describe("through gateways", function()
  local net, alice, sip, carriers
  before_each(function()
    net = test.net()
    alice = net:agent "sip:alice@example.com"
    sip = face.of(alice.context)
    carriers = {}
    for n = 1, 3 do
      carriers[n] = net:agent("sip:c" .. n .. "@carrier.example", { address = "10.0.9." .. n })
      carriers[n]:on("INVITE", function(req) req:answer() end)
      carriers[n]:on("MESSAGE", function(req) req:reply(202) end)
    end
  end)
  after_each(function() net:close() end)

  local function gateways(options, more)
    local set <const> = {}
    for n = 1, 3 do
      set[n] = { name = "g" .. n, uri = "sip:10.0.9." .. n }
      for key, value in pairs(options or {}) do set[n][key] = value end
      for key, value in pairs(more and more[n] or {}) do set[n][key] = value end
    end
    return sip.gateways(set, { probe = false })
  end

  local function refuse(n, code)
    carriers[n]:off("INVITE"):on("INVITE", function(req) req:reply(code) end)
  end

  local function tried()
    local list <const> = {}
    for _, one in ipairs(net:messages { method = "INVITE", from = alice,
      retransmissions = false }) do
      list[#list + 1] = one.to:match "10%.0%.9%.(%d)"
    end
    return table.concat(list)
  end

  describe("a call", function()
    it("has the user part that it is given, and the gateway's URI for the rest", function()
      local seen
      carriers[1]:off("INVITE"):on("INVITE", function(req)
        seen = { tostring(req.uri), tostring(req.to.uri), req.from.uri.user }
        req:answer()
      end)
      local trunks <const> = gateways(nil,
        { { uri = "sip:trunk@10.0.9.1:5060;transport=udp;x=y", from = "sip:acme@example.com" } })
      assert(alice:call(trunks.g1, { user = "+44 20" })):close()
      assert.same({ "sip:+44%2020@10.0.9.1:5060;transport=udp;x=y",
        "sip:+44%2020@10.0.9.1:5060;transport=udp;x=y", "acme" }, seen)
      assert(alice:call(trunks.g1)):close()
      assert.equal("sip:trunk@10.0.9.1:5060;transport=udp;x=y", seen[1])
      assert.has_error(function() alice:call(trunks.g1, { user = "a\r\nb" }) end)
      assert.has_error(function() alice:call("tel:+44", { user = "1" }) end)
    end)

    it("goes on to the next after an outage, and stops at an answer", function()
      for _, code in ipairs { 408, 430, 500, 502, 503, 504 } do
        refuse(1, code)
        local trunks <const> = gateways()
        local call <const> = assert(alice:call(trunks:select(), { user = "1" }))
        assert.same({ 0, 1, 0 }, { trunks.g1.calls, trunks.g2.calls, trunks.g3.calls })
        assert.same({ 1, 1, 0 }, { trunks.g1.attempts, trunks.g2.attempts, trunks.g3.attempts })
        assert.same({ 0, 1 }, { trunks.g1.answered, trunks.g2.answered })
        call:close()
      end
      for _, code in ipairs { 302, 404, 484, 486, 488, 600, 603 } do
        refuse(1, code)
        local before <const> = #tried()
        local none <const>, err = alice:call(gateways():select(), { user = "1" })
        assert.is_nil(none)
        assert.equal(code, err.code)
        assert.equal(before + 1, #tried())
      end
    end)

    it("may be dialled on behalf of another", function()
      refuse(1, 503)
      local trunks <const> = gateways()
      local legs <const> = {}
      alice:on("INVITE", function(req)
        local leg <const>, err = req.call:dial(trunks:select(), { user = "+4420" })
        legs[1] = leg or err
        req:answer()
      end)
      local bob <const> = net:agent "sip:bob@example.com"
      assert(bob:call(alice))
      assert.equal("connected", legs[1].state)
      assert.same({ 0, 1 }, { trunks.g1.calls, trunks.g2.calls })
      legs[1]:hangup()
      net:advance "1s"
      assert.equal(0, trunks.g2.calls)
    end)

    it("that does not ring in time leaves its place and has the next one tried", function()
      carriers[1]:off("INVITE"):on("INVITE", function(req)
        req:reply(100)
        req:defer()
      end)
      net:cut(carriers[2])
      local trunks <const> = gateways { down_after = 1 }
      assert(alice:call(trunks:select(), { user = "1", pdd = "3s" }))
      assert.equal("123", tried())
      assert.same({ true, false, true }, { trunks.g1.up, trunks.g2.up, trunks.g3.up })
      assert.same({ 0, 0, 1 }, { trunks.g1.calls, trunks.g2.calls, trunks.g3.calls })
    end)

    it("goes on when one does not answer, is not there, or has no such transport", function()
      net:cut(carriers[1])
      carriers[2]:close()
      local trunks <const> = gateways()
      assert(alice:call(trunks:select(), { user = "1" }))
      assert.equal("123", tried())
      local wrong <const> = gateways(nil, { { uri = "sip:10.0.9.3;transport=tls" } })
      assert(alice:call({ wrong.g1, wrong.g3 }, { user = "1" }))
      assert.equal(1, wrong.g1.failures)
    end)

    it("does not go on when somebody was reached whose phone rang out", function()
      carriers[1]:off("INVITE"):on("INVITE", function(req)
        req:ring()
        net:sleep "2s"
        req:reply(408)
      end)
      assert.is_nil((alice:call(gateways():select(), { user = "1" })))
      assert.equal("1", tried())
    end)

    it("does not go on once it is cancelled", function()
      carriers[1]:off("INVITE"):on("INVITE", function(req)
        req:ring()
        net:sleep "5s"
        req:reply(503)
      end)
      local trunks <const> = gateways()
      local none <const>, err = alice:call(trunks:select(), { user = "1", ring = "2s" })
      assert.is_nil(none)
      assert.equal("noanswer", err.kind)
      net:advance "1m"
      assert.equal("1", tried())
      assert.equal(0, trunks.g1.calls)
    end)

    it("leaves out those that are down, drained or full, and ends with the last reason", function()
      local trunks <const> = gateways({ max_calls = 1, down_after = 1 })
      refuse(1, 503)
      assert(alice:call(trunks:select(), { user = "1" })) -- g1 is down, g2 full
      trunks.g3:drain()
      local none, err = alice:call({ trunks.g1, trunks.g2, trunks.g3 }, { user = "1" })
      assert.is_nil(none)
      assert.same({ "limit", "gateway g3 is being drained" }, { err.kind, err.reason })
      assert.is_true(err:retryable())
      assert.equal("12", tried())
      none, err = trunks:select()
      assert.is_nil(none)
      assert.truthy(err.reason)
    end)

    it("has headers, From and credentials of the gateway that it is tried at", function()
      local seen <const> = {}
      for n = 1, 2 do
        local auth <const> = face.of(carriers[n].context).digest { realm = "r" .. n,
          secret = function(user) return user == "user" .. n and "pw" .. n or nil end }
        carriers[n]:off("INVITE"):on("INVITE", function(req)
          local user <const> = auth:check(req)
          if not user then return end
          seen[#seen + 1] = ("%s %s %s"):format(user, req.headers["X-Class"], req.from.uri.user)
          if n == 1 then return req:reply(503) end
          req:answer()
        end)
      end
      local more <const> = {}
      for n = 1, 2 do
        more[n] = { username = "user" .. n, password = "pw" .. n, from = "f" .. n,
                    headers = { ["X-Class"] = "class" .. n } }
      end
      local trunks <const> = gateways(nil, more)
      assert(alice:call(trunks:select(), { user = "1" }))
      assert.same({ "user1 class1 f1", "user2 class2 f2" }, seen)
    end)
  end)

  describe("at most max_calls go at once, and", function()
    local trunks
    before_each(function() trunks = gateways { max_calls = 2 } end)

    local function fill()
      return assert(alice:call(trunks.g1, { user = "1" })),
        assert(alice:call(trunks.g1, { user = "2" }))
    end

    it("one more is refused without a message", function()
      fill()
      local before <const> = net:count()
      local none <const>, err = alice:call(trunks.g1, { user = "3" })
      assert.is_nil(none)
      assert.same({ "limit", "gateway g1 has 2 calls already", 503 },
        { err.kind, err.reason, err.code })
      assert.equal(before, net:count())
      assert.same({ false, "gateway g1 has 2 calls already" },
        (function(ok, why) return { ok, why.reason } end)(trunks.g1:available()))
    end)

    for title, finish in pairs {
      ["we hang up"] = function(call) call:hangup() end,
      ["they hang up"] = function() carriers[1].calls[1]:hangup() end,
      ["its time is over"] = function(call) call:limit "1s" end,
      ["the call is closed"] = function(call) call:close() end,
    } do
      it("a place is free when " .. title, function()
        local one <const> = fill()
        assert.equal(2, trunks.g1.calls)
        finish(one)
        net:advance "2s"
        assert.equal(1, trunks.g1.calls)
        assert(alice:call(trunks.g1, { user = "3" }))
      end)
    end

    it("a place is free when a call is refused, cancelled, given up or not answered", function()
      refuse(1, 486)
      assert.is_nil((alice:call(trunks.g1, { user = "1" })))
      assert.equal(0, trunks.g1.calls)
      carriers[1]:off("INVITE"):on("INVITE", function(req) req:ring() req:defer() end)
      local one <const> = alice:start_call(trunks.g1, { user = "1" })
      net:advance "1s"
      assert.equal(1, trunks.g1.calls)
      one:hangup()
      net:advance "1s"
      assert.equal(0, trunks.g1.calls)
      local exchange <const> = alice:request("INVITE", trunks.g1, { user = "1" })
      net:advance "1s"
      exchange:close()
      net:advance "1s"
      assert.equal(0, trunks.g1.calls)
      exchange:close()
      net:cut(carriers[1])
      alice:call(trunks.g1, { user = "1" })
      assert.equal(0, trunks.g1.calls)
    end)

    it("a challenge that is answered takes no second place", function()
      local auth <const> = face.of(carriers[1].context).digest { realm = "r1",
        secret = function() return "pw" end }
      carriers[1]:off("INVITE"):on("INVITE", function(req)
        if auth:check(req) then req:answer() end
      end)
      trunks = gateways { max_calls = 1, cps = 1, username = "u", password = "pw" }
      assert(alice:call(trunks.g1, { user = "1" }))
      assert.same({ 1, 1 }, { trunks.g1.calls, trunks.g1.attempts })
    end)

    it("requests that are no call are not counted", function()
      fill()
      assert.equal(202, assert(alice:request("MESSAGE", trunks.g1, { body = "x" }):wait()).code)
      assert.equal(2, trunks.g1.calls)
    end)
  end)

  describe("so many calls per second go, and", function()
    it("one more goes to the next, or is refused", function()
      local trunks <const> = gateways { cps = 3 }
      for _ = 1, 3 do assert(alice:call(trunks.g1, { user = "1" })) end
      local none <const>, err = alice:call(trunks.g1, { user = "1" })
      assert.is_nil(none)
      assert.same({ "limit", "gateway g1 has had its 3 calls in 1 s" }, { err.kind, err.reason })
      assert(alice:call({ trunks.g1, trunks.g2 }, { user = "1" }))
      assert.equal(1, trunks.g2.calls)
      net:advance "1s"
      assert(alice:call(trunks.g1, { user = "1" }))
    end)

    it("a rate may be said as text", function()
      local trunks <const> = gateways { cps = "1/10s" }
      assert(alice:call(trunks.g1, { user = "1" }))
      net:advance "9s"
      assert.is_nil((alice:call(trunks.g1, { user = "1" })))
      net:advance "2s"
      assert(alice:call(trunks.g1, { user = "1" }))
    end)
  end)

  describe("credentials", function()
    local peers
    before_each(function() peers = {} end)

    -- A carrier that challenges by hand; what it was sent then.
    local function challenger(address, realm, code)
      peers[address] = peers[address] or net:endpoint(address)
      local peer <const> = peers[address]
      return function(options, target)
        local exchange <const> = alice:request("MESSAGE", target, options)
        local first <const> = assert(peer:expect "MESSAGE")
        peer:reply(first, code or 401, "Who", ('%s: Digest realm="%s", nonce="n", '
          .. 'algorithm=MD5, qop="auth"\r\n'):format(code == 407 and "Proxy-Authenticate"
          or "WWW-Authenticate", realm))
        local second <const> = peer:expect("MESSAGE", 3000)
        local proof <const> = second
          and (messages.header(second.bytes, "Authorization")
            or messages.header(second.bytes, "Proxy%-Authorization"))
        if second then peer:reply(second, 200, "OK") end
        exchange:wait()
        return proof
      end
    end

    it("of a gateway answer its realm, and no other (bug class 31)", function()
      local trunks <const> = sip.gateways({ g = { uri = "sip:10.0.8.1", username = "acme",
        password = "pw", realm = "uk.example" } }, { probe = false })
      assert.truthy(challenger("10.0.8.1:5060", "uk.example")({ body = "x" }, trunks.g))
      local evil <const> = sip.gateways({ g = { uri = "sip:10.0.8.2", username = "acme",
        password = "pw", realm = "uk.example" } }, { probe = false })
      for _, code in ipairs { 401, 407 } do
        assert.is_nil(challenger("10.0.8.2:5060", "evil.example", code)({ body = "x" }, evil.g))
      end
    end)

    it("without a realm are for the first that asks, from then on", function()
      local trunks <const> = sip.gateways({ g = { uri = "sip:10.0.8.1", username = "acme",
        password = "pw" } }, { probe = false })
      local first <const> = challenger("10.0.8.1:5060", "uk.example")
      assert.truthy(first({ body = "x" }, trunks.g))
      local second <const> = challenger("10.0.8.1:5060", "evil.example")
      local proof <const> = second({ body = "x" }, trunks.g)
      assert.is_nil(proof and proof:find "evil")
    end)

    it("of the agent are not shown to a gateway that has none of its own", function()
      local bob <const> = net:agent("sip:bob@example.com")
      bob.credentials = { { username = "bob", password = "secret", known = {} } }
      alice = bob
      local trunks <const> = face.of(bob.context).gateways({ g = { uri = "sip:10.0.8.1" } },
        { probe = false })
      assert.is_nil(challenger("10.0.8.1:5060", "uk.example")({ body = "x" }, trunks.g))
      assert.truthy(challenger("10.0.8.2:5060", "uk.example")({ body = "x",
        username = "bob", password = "secret" },
        face.of(bob.context).gateways({ g = { uri = "sip:10.0.8.2" } }, { probe = false }).g))
    end)
  end)
end)
