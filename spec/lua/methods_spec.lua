-- SPDX-License-Identifier: MIT
-- Each method, in both directions: with a handler, without one, and with a handler that
-- raises, waits, answers twice, forgets to answer, or closes what it stands on
-- (api.md rules 1, 6 and 7).

local pair = require "spec.support.pair"

-- Methods that are requests of their own; ACK and CANCEL have a part of this file.
local methods <const> = { "INVITE", "BYE", "REGISTER", "OPTIONS", "PRACK", "SUBSCRIBE",
                          "NOTIFY",
                          "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE", "EXAMPLE" }

-- What is answered when nobody handles it.
local default_status <const> = { OPTIONS = 200, SUBSCRIBE = 489, NOTIFY = 481, REFER = 603,
                                 EXAMPLE = 501, BYE = 481 }

describe("a request", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  -- Sends it and returns the final status, and the error kind.
  local function status_of(from, method, to)
    local res, err = from:request(method, to):wait()
    return res and res.code or err.code, err and err.kind
  end

  local function both_ways(fn)
    fn(alice, bob)
    fn(bob, alice)
  end

  local function log_of(who)
    local text = table.concat(net.log_lines, "\n")
    return text:find(who.host.name .. ": ", 1, true) and text or ""
  end

  for _, method in ipairs(methods) do
    describe("of method " .. method, function()
      it("reaches its handler, which answers", function()
        both_ways(function(from, to)
          local got
          to:on(method, function(req)
            got = req
            req:reply(200, "Fine", { ["X-Seen"] = "yes" })
          end)
          local res = assert(from:request(method, to,
            { headers = { ["X-Sent"] = "1" } }):wait())
          assert.equal(200, res.code)
          assert.equal("Fine", res.reason)
          assert.equal("yes", res.headers["X-Seen"])
          assert.equal(method, got.method)
          assert.equal("1", got.headers["X-Sent"])
          assert.equal(from.username, got.from.user)
        end)
      end)

      it("gets a default without one", function()
        both_ways(function(from, to)
          assert.equal(default_status[method] or 405, (status_of(from, method, to)))
        end)
      end)

      it("gets 500 when its handler raises, and on(\"error\") the traceback", function()
        both_ways(function(from, to)
          local told
          to:on("error", function(err) told = err end)
          to:on(method, function() error("boom") end)
          assert.equal(500, (status_of(from, method, to)))
          assert.matches("methods_spec.lua:%d+: boom", told.reason)
          assert.matches("stack traceback", told.traceback)
          assert.matches("methods_spec.lua:%d+", told.handler)
          assert.equal(method, told.request.method)
          assert.equal("", log_of(to))
        end)
      end)

      it("gets the answer of a handler that waits first", function()
        both_ways(function(from, to)
          to:on(method, function(req)
            assert(net:sleep "3s")
            req:reply(202)
          end)
          local began = net:now()
          assert.equal(202, (status_of(from, method, to)))
          assert.is_true(net:now() - began >= 3)
        end)
      end)

      it("gets the first of two answers; the second returns nil, err", function()
        both_ways(function(from, to)
          local second, why
          to:on(method, function(req)
            assert(req:reply(404))
            second, why = req:reply(200)
          end)
          assert.equal(404, (status_of(from, method, to)))
          assert.is_nil(second)
          assert.equal("invalid", why.kind)
          assert.matches("already answered with 404", why.reason)
        end)
      end)

      if method ~= "BYE" then
        it("gets 500 when its handler forgets it, and the log names its line", function()
          both_ways(function(from, to)
            local function forget() end
            to:on(method, forget)
            assert.equal(500, (status_of(from, method, to)))
            assert.matches(("methods_spec.lua:%d returned without answering %s"):format(
              debug.getinfo(forget, "S").linedefined, method), log_of(to))
          end)
        end)
      end

      it("can be answered after its handler has returned", function()
        both_ways(function(from, to)
          to:on(method, function(req)
            req:defer()
            net:sleep("2s", function() req:reply(200) end)
          end)
          assert.equal(200, (status_of(from, method, to)))
        end)
      end)

      it("survives a handler that closes its agent", function()
        local answered, err
        bob:on(method, function(req)
          bob:close()
          answered, err = req:reply(200)
        end)
        local exchange = alice:request(method, bob, { timeout = "5s" })
        exchange:wait()
        assert.is_nil(answered)
        assert.is_not_nil(err)
        assert.equal(0, #bob.calls)
      end)

      it("goes to the next handler after sip.next", function()
        local seen = {}
        bob:on(method, { headers = { ["X-A"] = "1" } }, function() seen[1] = "filtered"
          return require "moonsip.handlers".next end)
        bob:on(method, function()
          seen[2] = "plain"; return require "moonsip.handlers".next
        end)
        bob:on("request", function(req) seen[3] = "catch-all"; req:reply(200) end)
        local res = assert(alice:request(method, bob,
          { headers = { ["X-A"] = "1" } }):wait())
        assert.equal(200, res.code)
        assert.same({ "filtered", "plain", "catch-all" }, seen)
      end)

      it("gets 404 when no filter of its handlers fits", function()
        bob:on(method, { user = "nobody" }, function(req) req:reply(200) end)
        local expected = { OPTIONS = 200, BYE = 481, NOTIFY = 481, SUBSCRIBE = 489, REFER = 603 }
        assert.equal(expected[method] or 404, (status_of(alice, method, bob)))
      end)
    end)
  end

  it("of any method reaches on(\"request\") when nobody has it", function()
    bob:on("request", function(req) req:reply(299, req.method) end)
    for _, method in ipairs(methods) do
      local res = assert(alice:request(method, bob):wait())
      assert.equal(299, res.code)
      assert.equal(method, res.reason)
    end
  end)

  it("of no method is told of when BYE is forgotten: 200, the call is over anyway (15.1.2)",
    function()
      bob:on("BYE", function() end)
      assert.equal(200, (status_of(alice, "BYE", bob)))
    end)

  it("is refused with 420 when it requires what we do not support (8.2.2.3), but rejections "
    .. "need no check", function()
    bob:on("MESSAGE", function(req) req:reply(req.body == "no" and 403 or 200) end)
    local function send(body)
      return select(2, alice:request("MESSAGE", bob,
        { body = body, headers = { Require = "nothing-we-know" } }):wait())
    end
    local err = send "yes"
    assert.equal(420, err.code)
    assert.equal("nothing-we-know", err.response.headers["Unsupported"])
    assert.equal(403, send("no").code)
  end)

  it("that is no INVITE and is answered too late gets nothing (RFC 4320 4.2)", function()
    local answered, err
    bob:on("INFO", function(req)
      net:sleep "40s"
      answered, err = req:reply(200)
    end)
    assert.equal("timeout", select(2, status_of(alice, "INFO", bob)))
    net:settle()
    assert.is_nil(answered)
    assert.is_not_nil(err)
    assert.equal(0, net:count { code = 200 })
    assert.is_true(bob:is_idle())
  end)

  it("that is stateless-rejected leaves no transaction behind (8.2.7)", function()
    bob:on("INVITE", function(req) req:reply(403, { stateless = true }) end)
    local _, err = alice:call(bob)
    assert.equal(403, err.code)
    assert.equal(0, bob:counts().server_transactions)
  end)
end)

describe("ACK and CANCEL", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  it("can be looked at, and never answered", function()
    local acked, why
    bob:on("INVITE", function(req) assert(req:answer()) end)
    bob:on("ACK", function(ack) acked = ack.method; why = select(2, ack:reply(200)) end)
    assert(alice:call(bob))
    net:advance(1)
    assert.equal("ACK", acked)
    assert.equal("invalid", why.kind)
    assert.equal(0, net:count { method = "ACK", class = "2xx" })
  end)

  it("do their work with nobody looking", function()
    bob:on("INVITE", function(req) assert(req:answer()) end)
    assert(alice:call(bob))
    net:advance "40s" -- the 200 would be sent again without the ACK (13.3.1.4)
    assert.equal(1, net:count { method = "INVITE", code = 200 })
    assert.equal("connected", bob.calls[1].state)
  end)

  it("CANCEL ends a call that rings: 200 to it, 487 to the INVITE (9.2)", function()
    local cancelled, why, late
    bob:on("CANCEL", function(req) cancelled = req end)
    bob:on("INVITE", function(req)
      req:ring()
      req.call:on("end", function(err) why = err end)
      net:sleep "60s"
      late = table.pack(req:answer())
    end)
    local call = alice:start_call(bob)
    net:advance(1)
    assert.equal("ringing", call.state)
    assert.equal("ringing", bob.calls[1].state)
    call:hangup()
    net:advance(1)
    assert.equal("CANCEL", cancelled.method)
    assert.equal("INVITE", cancelled.invite.method)
    assert.is_true(cancelled.invite.cancelled)
    assert.equal("cancelled", why.kind)
    assert.equal(1, net:count { method = "CANCEL", code = 200 })
    assert.equal(1, net:count { method = "INVITE", code = 487 })
    net:settle()
    assert.is_nil(late[1])
    assert.equal("cancelled", late[2].kind)
    assert.equal(0, #bob.calls)
    assert.equal(0, #alice.calls)
  end)

  for _, kind in ipairs { "raises", "waits", "closes its agent" } do
    it("survive a handler that " .. kind, function()
      local function handler()
        if kind == "raises" then error("boom") end
        if kind == "waits" then net:sleep(1) end
        if kind == "closes its agent" then bob:close() end
      end
      local told = 0
      bob:on("error", function() told = told + 1 end)
      bob:on("ACK", handler)
      bob:on("CANCEL", handler)
      bob:on("INVITE", function(req)
        req:ring()
        if req.from.user == "alice" and req.headers["X-Wait"] then net:sleep "60s" end
        if not req.cancelled then req:answer() end
      end)
      local call = alice:start_call(bob, { headers = { ["X-Wait"] = "1" } })
      net:advance(1)
      call:hangup()
      net:advance(1)
      assert.equal(0, #alice.calls)
      if kind ~= "closes its agent" then
        local second = assert(alice:call(bob))
        assert.equal("connected", second.state)
        second:hangup()
      end
      net:settle()
      assert.equal(0, #bob.calls)
      assert.equal(kind == "raises" and 2 or 0, told) -- its CANCEL and its ACK
    end)
  end

  it("cannot be sent by hand: they belong to their INVITE", function()
    for _, method in ipairs { "ACK", "CANCEL" } do
      local ok, err = pcall(alice.request, alice, method, bob)
      assert.is_false(ok)
      assert.matches("bad argument 'method' to 'agent:request' %(" .. method, err)
    end
  end)
end)
