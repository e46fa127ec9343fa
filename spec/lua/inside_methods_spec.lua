-- SPDX-License-Identifier: MIT
-- Each method inside a call, both ways, with a handler that raises, waits, answers twice,
-- forgets to answer, or ends what it stands on. With one that answers, and without one:
-- call_inside_spec.lua; outside of calls: methods_spec.lua.

local pair <const> = require "spec.support.pair"

local methods <const> = { "INVITE", "UPDATE", "INFO", "MESSAGE", "OPTIONS", "NOTIFY", "SUBSCRIBE",
                          "REFER", "PUBLISH", "REGISTER", "BYE", "EXAMPLE" }

for _, method in ipairs(methods) do
  describe(method .. " inside a call", function()
    local net, alice, bob, near, far
    before_each(function()
      net, alice, bob = pair.new()
      pair.answers(bob)
      near, far = pair.connect(net, alice, bob)
    end)
    after_each(function() net:close() end)

    -- In each direction, in a call of its own.
    local function both_ways(fn)
      fn(near, far)
      near:hangup()
      net:settle()
      near, far = pair.connect(net, alice, bob)
      fn(far, near)
    end

    local function ask(from)
      local res, err = from:request(method):wait()
      return res and res.code or err.code, err
    end

    it("gets 500 when its handler raises, which ends the call; on(\"error\") is told", function()
      both_ways(function(from, to)
        local told
        to.agent:on("error", function(err) told = err end)
        to:on(method, function() error "boom" end)
        assert.equal(500, (ask(from)))
        assert.matches("inside_methods_spec.lua:%d+: boom", told.reason)
        net:settle()
        assert.same({ "ended", "ended" }, { from.state, to.state })
      end)
    end)

    it("gets the answer of a handler that waits first", function()
      both_ways(function(from, to)
        to:on(method, function(req)
          assert(net:sleep "3s")
          req:reply(488)
        end)
        local began = net:now()
        assert.equal(488, (ask(from)))
        assert.is_true(net:now() - began >= 3)
        if method ~= "BYE" then assert.equal("connected", to.state) end
      end)
    end)

    it("gets the first of two answers; the second returns nil, err", function()
      both_ways(function(from, to)
        local second, why
        to:on(method, function(req)
          assert(req:reply(406))
          second, why = req:reply(200)
        end)
        assert.equal(406, (ask(from)))
        assert.is_nil(second)
        assert.equal("invalid", why.kind)
      end)
    end)

    it("gets 500 when its handler forgets it; a BYE gets 200 (15.1.2)", function()
      both_ways(function(from, to)
        to:on(method, function() end)
        assert.equal(method == "BYE" and 200 or 500, (ask(from)))
      end)
    end)

    it("may have its call ended by its handler", function()
      both_ways(function(from, to)
        to:on(method, function(req)
          to:hangup()
          req:reply(406)
        end)
        local res, err = from:request(method):wait()
        assert.is_true(res ~= nil or err ~= nil)
        net:settle()
        assert.same({ "ended", "ended" }, { from.state, to.state })
        assert.equal(0, #alice.calls + #bob.calls)
      end)
      assert.equal("connected", pair.connect(net, alice, bob).state) -- both are as they were
      assert.same({}, net.log_lines)
    end)

    it("may have its agent closed by its handler", function()
      local err
      far:on(method, function(req)
        bob:close()
        err = select(2, req:reply(200))
      end)
      near:request(method, { timeout = "5s" }):wait()
      net:settle()
      assert.is_not_nil(err)
      assert.is_true(bob.closed)
      assert.equal(0, #bob.calls)
    end)
  end)
end
