-- SPDX-License-Identifier: MIT
--
-- How a set of gateways finds out who lives: by OPTIONS, and by what calls meet.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

describe("gateways", function()
  local net, alice, sip, carrier, answer, events
  before_each(function()
    net = test.net()
    alice = net:agent "sip:alice@example.com"
    sip = face.of(alice.context)
    carrier = net:agent("sip:carrier@example.com", { address = "10.0.9.1" })
    answer, events = 200, {}
    local function reply(req)
      if answer then req:reply(answer, { ["Retry-After"] = answer == 503 and net.wait or nil }) end
      if not answer then req:defer() end
    end
    carrier:on("OPTIONS", reply)
    carrier:on("INVITE", reply)
  end)
  after_each(function() net:close() end)

  local function watch(trunks)
    for _, event in ipairs { "up", "down", "draining", "drained" } do
      trunks:on(event, function(one, err)
        events[#events + 1] = ("%s %s at %d%s"):format(one.name, event, net:now() // 1,
          err and ": " .. tostring(err) or "")
      end)
    end
    return trunks
  end

  local function gateways(options, given)
    local uk <const> = given or {}
    uk.uri = uk.uri or "sip:10.0.9.1"
    return watch(sip.gateways({ uk = uk }, options))
  end

  local function asked()
    local times <const> = {}
    for _, one in ipairs(net:messages { method = "OPTIONS", to = carrier,
      retransmissions = false }) do
      times[#times + 1] = one.at / 1000
    end
    return times
  end

  describe("are asked by OPTIONS (RFC 3261 11)", function()
    it("once within a second, then at the interval, a little earlier or later", function()
      gateways { probe = "30s" }
      net:advance "301s"
      local times <const> = asked()
      assert.is_true(times[1] < 1)
      assert.is_true(#times >= 9 and #times <= 12, #times)
      local spans <const> = {}
      for at = 2, #times do
        local span <const> = times[at] - times[at - 1]
        assert.is_true(span >= 22.5 and span <= 37.6, span)
        spans[span] = true
      end
      assert.is_nil(next(spans, next(spans)) == nil and 1 or nil) -- they differ
    end)

    it("never, when that is not wanted, and no more once the set is closed", function()
      gateways { probe = false }
      net:advance "5m"
      assert.equal(0, #asked())
      local trunks <const> = gateways { probe = "10s" }
      net:advance "60s"
      local count <const> = #asked()
      assert.is_true(count >= 5)
      trunks:close()
      net:advance "5m"
      assert.equal(count, #asked())
    end)

    it("as often as each of them says", function()
      watch(sip.gateways({ uk = { uri = "sip:10.0.9.1", probe = "10s" },
                           tel = { uri = "sip:10.0.9.7", probe = false } }, { probe = "1h" }))
      net:advance "100s"
      assert.is_true(#asked() >= 8)
      assert.equal(#asked(), net:count { method = "OPTIONS" })
    end)

    it("by the agent that is named, and by none before there is one", function()
      local bob <const> = net:agent "sip:bob@example.com"
      local set <const> = face.of(alice.context).gateways({ uk = { uri = "sip:10.0.9.1" } },
        { agent = bob, probe = "10s" })
      net:advance "60s"
      assert.is_true(net:count { method = "OPTIONS", from = bob, to = carrier } >= 5)
      assert.equal(0, net:count { method = "OPTIONS", from = alice })
      assert.is_true(set.uk.up)
      bob:close()
      net:advance "60s"
      assert.is_true(set.uk.up)
    end)

    it("and the script's own handlers hear nothing of that", function()
      alice:on("response", function(res) events[#events + 1] = res.code end)
      gateways { probe = "10s" }
      net:advance "60s"
      assert.same({}, events)
    end)

    it("with the credentials, headers and From of each", function()
      local auth <const> = face.of(carrier.context).digest { realm = "uk.example",
        secret = function(user) return user == "acme" and "pw" or nil end }
      local froms <const> = {}
      carrier:off("OPTIONS"):on("OPTIONS", function(req)
        if not auth:check(req) then return end
        froms[#froms + 1] = req.from.uri.user .. " " .. req.headers["X-Class"]
        req:reply(200)
      end)
      gateways({ probe = "10s" }, { username = "acme", password = "pw", realm = "uk.example",
        from = "sip:acme@example.com", headers = { ["X-Class"] = "premium" } })
      net:advance "15s"
      assert.equal("acme premium", froms[1])
      assert.same({}, events)
    end)

    for _, code in ipairs { 200, 401, 403, 404, 405, 481, 483, 486, 500, 501, 502, 603 } do
      it(("and live when they answer %d"):format(code), function()
        answer = code
        local trunks <const> = gateways { probe = "5s" }
        net:advance "60s"
        assert.same({}, events)
        assert.is_true(trunks.uk.up)
      end)
    end
  end)

  describe("go down", function()
    for title, set in pairs {
      ["when they answer 503 (21.5.4)"] = function() answer = 503 end,
      ["when they do not answer"] = function() net:cut(carrier) end,
      ["when there is no way to them"] = function() carrier:close() end,
    } do
      it(title .. ", after as many failures as are said, once, and come up again",
        function()
          local trunks <const> = gateways { probe = "10s", probe_timeout = "2s",
                                            down_after = 3, up_after = 2 }
          net:advance "12s"
          assert.is_true(trunks.uk.up)
          set()
          net:advance "60s"
          assert.equal(1, #events)
          assert.truthy(events[1]:find "^uk down at %d+: ", events[1])
          assert.same({ "down", false }, { trunks.uk.state, trunks.uk.up })
          assert.is_true(trunks.uk.failures >= 3)
          assert.is_truthy(trunks.uk.why)
          if title:find "no way" then return end
          answer = 200
          net:heal()
          net:advance "15s"
          assert.equal(2, #events)
          assert.truthy(events[2]:find "^uk up at %d+$", events[2])
          assert.is_nil(trunks.uk.why)
        end)
    end

    it("soon: while it is in doubt the next question comes within a second", function()
      gateways { probe = "1h", down_after = 3, up_after = 3 }
      net:advance "2s"
      answer = 503
      net:advance "90m"
      assert.equal(1, #events)
      local times <const> = asked()
      local last <const> = #times
      while times[2] - times[1] < 100 do table.remove(times, 1) end
      assert.is_true(times[4] - times[2] < 3, times[4] - times[2])
      answer = 200
      local before <const> = last
      net:advance "2h"
      assert.equal(2, #events)
      assert.is_true(#asked() > before + 2)
    end)

    it("and one success in between begins the count anew", function()
      local n = 0
      carrier:off("OPTIONS"):on("OPTIONS", function(req)
        n = n + 1
        req:reply(n % 3 == 0 and 200 or 503)
      end)
      local trunks <const> = gateways { probe = "10s", down_after = 3 }
      net:advance "10m"
      assert.same({}, events)
      assert.is_true(trunks.uk.up)
    end)

    it("at once when a 503 says when to come back, and are left alone until then (21.5.4)",
      function()
        local trunks <const> = gateways { probe = "5s", down_after = 5, up_after = 1 }
        net:advance "3s"
        answer, net.wait = 503, 120
        net:advance "10s"
        assert.equal(1, #events)
        local count <const>, at <const> = #asked(), net:now()
        answer = 200
        net:advance "100s"
        assert.equal(count, #asked())
        assert.is_false(trunks.uk.up)
        net:advance "30s"
        assert.is_true(trunks.uk.up)
        assert.is_true(net:now() - at <= 140)
      end)
  end)

  describe("are marked by what calls through them meet", function()
    local function call(options)
      return alice:call(options.to or options.trunks.uk, { user = "+4420", ring = options.ring })
    end

    for _, code in ipairs { 408, 503 } do
      it(("a %d"):format(code), function()
        local trunks <const> = gateways { probe = false, down_after = 2 }
        answer = code
        for n = 1, 2 do
          assert.is_true(trunks.uk.up)
          local none <const>, err = call { trunks = trunks }
          assert.is_nil(none)
          assert.equal(code, err.code)
          assert.equal(n, trunks.uk.failures)
        end
        net:advance(0)
        assert.is_false(trunks.uk.up)
        assert.equal(1, #events)
        local none <const>, err = call { trunks = trunks }
        assert.is_nil(none)
        assert.same({ "transport", "gateway uk is down", 503 }, { err.kind, err.reason, err.code })
        assert.equal(2, net:count { method = "INVITE", retransmissions = false })
      end)
    end

    it("no answer at all", function()
      local trunks <const> = gateways { probe = false, down_after = 1 }
      net:cut(carrier)
      local none <const>, err = call { trunks = trunks }
      assert.is_nil(none)
      assert.equal("timeout", err.kind)
      assert.is_false(trunks.uk.up)
      assert.equal(1, trunks.uk.failures)
    end)

    it("no answer within the time that it may ring, counted once", function()
      local trunks <const> = gateways { probe = false, down_after = 2 }
      net:cut(carrier)
      assert.is_nil((call { trunks = trunks, ring = "3s" }))
      net:advance "60s"
      assert.equal(1, trunks.uk.failures)
      assert.is_true(trunks.uk.up)
    end)

    it("a connection that is refused", function()
      local trunks <const> = gateways({ probe = false, down_after = 1 },
        { uri = "sip:10.0.9.1:5099;transport=tcp" })
      local none <const>, err = call { trunks = trunks }
      assert.is_nil(none)
      assert.equal("transport", err.kind)
      assert.is_false(trunks.uk.up)
    end)

    for _, code in ipairs { 302, 404, 480, 486, 487, 488, 500, 603 } do
      it(("but not a %d, which is an answer"):format(code), function()
        local trunks <const> = gateways { probe = false, down_after = 1 }
        answer = code
        assert.is_nil((call { trunks = trunks }))
        assert.is_true(trunks.uk.up)
        assert.equal(0, trunks.uk.failures)
      end)
    end

    it("nor a phone that rang out", function()
      local trunks <const> = gateways { probe = false, down_after = 1 }
      carrier:off("INVITE"):on("INVITE", function(req)
        req:ring()
        net:sleep "5s"
        req:reply(408)
      end)
      assert.is_nil((call { trunks = trunks }))
      carrier:off("INVITE"):on("INVITE", function(req)
        req:ring()
        req:defer()
      end)
      local none <const>, err = call { trunks = trunks, ring = "5s" }
      assert.is_nil(none)
      assert.equal("noanswer", err.kind)
      assert.is_true(trunks.uk.up)
    end)

    it("after which they are asked at once, and not at the next interval", function()
      local trunks <const> = gateways { probe = "1h", down_after = 2 }
      net:advance "2s"
      local count <const> = #asked()
      carrier:off "INVITE"
      carrier:on("INVITE", function(req) req:reply(503) end)
      assert.is_nil((call { trunks = trunks }))
      net:advance "2s"
      assert.equal(count + 1, #asked())
      assert.is_true(trunks.uk.up) -- it answered
    end)

    it("and without probes are tried again after a while: one more failure decides", function()
      local trunks <const> = gateways { probe = false, down_after = 3, hold = "20s" }
      answer = 503
      for _ = 1, 3 do call { trunks = trunks } end
      assert.is_false(trunks.uk.up)
      net:advance "19s"
      assert.is_false(trunks.uk.up)
      net:advance "2s"
      assert.is_true(trunks.uk.up)
      assert.is_nil((call { trunks = trunks }))
      assert.is_false(trunks.uk.up)
      net:advance "21s"
      answer = 486
      assert.is_nil((call { trunks = trunks }))
      answer = 503
      call { trunks = trunks }
      assert.is_true(trunks.uk.up)
    end)
  end)

  describe("are drained by a call", function()
    it("take no new calls, finish theirs, and say when that is done", function()
      carrier:off("INVITE"):on("INVITE", function(req) req:answer() end)
      local trunks <const> = gateways { probe = false }
      local one <const> = assert(alice:call(trunks.uk, { user = "1" }))
      trunks.uk:drain()
      trunks.uk:drain()
      assert.same({ "draining", false, 1 }, { trunks.uk.state, trunks.uk.up, trunks.uk.calls })
      local none <const>, err = alice:call(trunks.uk, { user = "2" })
      assert.is_nil(none)
      assert.same({ "limit", "gateway uk is being drained" }, { err.kind, err.reason })
      assert.equal("connected", one.state)
      net:advance "10s"
      assert.same({ "uk draining at 0" }, events)
      one:hangup()
      net:advance "1s"
      assert.same({ "uk draining at 0", "uk drained at 10" }, events)
      trunks.uk:resume()
      net:advance(0)
      assert.equal("uk up at 11", events[3])
      assert(alice:call(trunks.uk, { user = "3" })):close()
    end)

    it("at once when there is no call, and stay drained when they come up", function()
      local trunks <const> = gateways { probe = "5s", down_after = 1, up_after = 1 }
      trunks.uk:drain()
      net:advance(0)
      assert.same({ "uk draining at 0", "uk drained at 0" }, events)
      answer = 503
      net:advance "20s"
      answer = 200
      net:advance "20s"
      assert.equal("draining", trunks.uk.state)
      answer = 503
      net:advance "20s"
      trunks.uk:resume()
      net:advance(0)
      assert.truthy(events[3]:find "^uk down at 60: limit: 503", events[3])
    end)
  end)
end)
