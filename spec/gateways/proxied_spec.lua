-- SPDX-License-Identifier: MIT
--
-- Requests that are proxied to gateways keep to their limits, and tell how they are.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

describe("proxied to gateways", function()
  local net, alice, server, sip, carriers
  before_each(function()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { media = false })
    server = net:agent("sip:server@example.com", { address = "10.0.0.1", media = false })
    sip = face.of(server.context)
    carriers = {}
    for n = 1, 3 do
      carriers[n] = net:agent("sip:c" .. n .. "@carrier.example",
        { address = "10.0.9." .. n, media = false })
      carriers[n]:on("INVITE", function(req) req:answer() end)
    end
  end)
  after_each(function() net:close() end)

  local function gateways(more)
    local set <const> = {}
    for n = 1, 3 do
      set[n] = { name = "g" .. n, uri = "sip:10.0.9." .. n }
      for key, value in pairs(more and more[n] or {}) do set[n][key] = value end
    end
    return sip.gateways(set, { probe = false, down_after = 1 })
  end

  local function serve(verb, set)
    server:on("INVITE", function(req)
      local res, err = req[verb](req, set)
      if verb == "proxy" then return req:finish(res, err) end
      if not res then req:reply(err) end
    end)
  end

  local function refuse(n, code)
    carriers[n]:off("INVITE"):on("INVITE", function(req) req:reply(code) end)
  end

  local function call() return alice:call "sip:bob@10.0.0.1" end

  local function counts(trunks)
    return ("%d %d %d"):format(trunks.g1.calls, trunks.g2.calls, trunks.g3.calls)
  end

  for _, verb in ipairs { "proxy", "forward" } do
    describe("by req:" .. verb, function()
      it("takes a place until the BYE comes through, where the route is recorded", function()
        local trunks <const> = gateways { { max_calls = 1 } }
        serve(verb, { trunks.g1, trunks.g2, record_route = true, mode = "serial" })
        local first <const>, second <const> = assert(call()), assert(call())
        net:advance "1s"
        assert.equal("1 1 0", counts(trunks))
        assert.same({ 1, 1 }, { #carriers[1].calls, #carriers[2].calls })
        first:hangup()
        net:advance "1s"
        assert.equal("0 1 0", counts(trunks))
        assert(call()):hangup()
        net:advance "1s"
        second:hangup()
        net:settle()
        assert.equal("0 0 0", counts(trunks))
        assert.same({ 2, 2, 1, 1 }, { trunks.g1.attempts, trunks.g1.answered,
                                      trunks.g2.attempts, trunks.g2.answered })
        assert.equal(0, (net:live()))
      end)

      it("gives it back with the answer where nothing more will be seen", function()
        local trunks <const> = gateways()
        serve(verb, { trunks.g1 })
        local near <const> = assert(call())
        net:advance "1s"
        assert.equal("0 0 0", counts(trunks))
        near:hangup()
        net:settle()
      end)

      it("goes on to the next when one fails, and tells how each is", function()
        local trunks <const> = gateways()
        refuse(1, 503)
        serve(verb, { trunks.g1, trunks.g2, record_route = true, mode = "serial" })
        local near = assert(call())
        net:advance "1s"
        assert.equal("0 1 0", counts(trunks))
        assert.same({ "down", "up" }, { trunks.g1.state, trunks.g2.state })
        near:hangup()
        net:advance "1s"
        assert.equal("0 0 0", counts(trunks))
        near = assert(call()) -- the one that is down hears nothing of it
        net:advance "1s"
        assert.equal(1, trunks.g1.attempts)
        near:hangup()
        net:settle()
      end)

      it("rings several at once, each with its place", function()
        local trunks <const> = gateways()
        for n = 1, 2 do
          carriers[n]:off("INVITE"):on("INVITE", function(req)
            req:ring()
            net:sleep(n == 1 and "10s" or "3s")
            req:answer()
          end)
        end
        serve(verb, { trunks.g1, trunks.g2, mode = "parallel", record_route = true })
        local near <const> = alice:start_call "sip:bob@10.0.0.1"
        net:advance "1s"
        assert.equal("1 1 0", counts(trunks))
        net:advance "5s"
        assert.equal("0 1 0", counts(trunks))
        near:hangup()
        net:settle()
        assert.equal("0 0 0", counts(trunks))
      end)

      it("gives all back when the caller gives up", function()
        local trunks <const> = gateways()
        carriers[1]:off("INVITE"):on("INVITE", function(req) req:ring() net:sleep "1m" end)
        serve(verb, { trunks.g1, trunks.g2, mode = "serial" })
        local near <const> = alice:start_call "sip:bob@10.0.0.1"
        net:advance "1s"
        near:hangup()
        net:settle()
        assert.equal("0 0 0", counts(trunks))
        assert.equal(0, trunks.g2.attempts)
      end)

      it("answers 503 when none takes a call, and the best response when all have failed",
        function()
          local trunks <const> = gateways { { max_calls = 1 }, { cps = 1 } }
          serve(verb, { trunks.g1, trunks.g2, record_route = true, mode = "serial" })
          assert(call())
          assert(call())
          assert.equal(503, select(2, call()).code)
          refuse(1, 486)
          refuse(2, 503)
          net:advance "2s"
          alice:hangup()
          for _, one in ipairs(alice.calls) do one:hangup() end
          net:settle()
          assert.equal(486, select(2, call()).code)
          net:settle()
          assert.equal("0 0 0", counts(trunks))
        end)
    end)
  end

  it("gives a place back that nobody ever ended after twelve hours", function()
    local trunks <const> = gateways()
    serve("proxy", { trunks.g1, record_route = true })
    assert(call())
    net:advance "1s"
    net:cut(alice)
    net:cut(carriers[1]) -- whose session timer would end the call (RFC 4028 10)
    net:advance "11h"
    assert.equal("1 0 0", counts(trunks))
    net:advance "2h"
    assert.equal("0 0 0", counts(trunks))
  end)
end)
