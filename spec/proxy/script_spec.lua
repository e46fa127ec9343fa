-- SPDX-License-Identifier: MIT
--
-- Proxies as scripts write them (api.md rules 2, 4, 7, "Protocol traps"), between real
-- agents on a test network.

local phones <const> = require "spec.support.phones"

local PROXY <const> = phones.PROXY
local uri <const> = phones.uri

describe("a proxy", function()
  local place, net, proxy, alice, at
  before_each(function()
    place = phones.new()
    net, proxy, alice, at = place.net, place.proxy, place.alice, place.at
  end)
  after_each(function() place:close() end)

  local function phone(...) return place:phone(...) end
  local function call(options) return place:call(options) end
  local function sent_to(...) return place:sent_to(...) end
  local function on_invite(fn) proxy:on("INVITE", fn) end

  it("waits for the outcome, which is the 2xx, and has sent it on by then", function()
    phone("bob", 1)
    local got
    on_invite(function(req)
      local res, err = req:proxy { uri "bob" }
      got = { res and res.code, err, res and res.to.tag ~= nil, req.final }
      return req:finish(res, err)
    end)
    local one = assert(call())
    assert.same({ 200, nil, true, 200 }, got)
    one:hangup()
  end)

  it("decides when all have failed: nothing was sent upstream yet", function()
    phone("bob", 1, 486)
    phone("carol", 1)
    local seen
    on_invite(function(req)
      local res, err = req:proxy { uri "bob" }
      seen = { err.kind, err.code, err.response.code, tostring(err.response.reason) }
      assert(not res)
      res, err = req:proxy { uri "carol" }
      return req:finish(res, err)
    end)
    local one = assert(call())
    assert.same({ "busy", 486, 486, "Busy Here" }, seen)
    assert.equal(0, net:count { code = 486, to = alice })
    one:hangup()
  end)

  it("finishes with the best response when its handler returns", function()
    phone("bob", nil, 404)
    phone("carol", nil, 486)
    on_invite(function(req) req:proxy { uri "bob", uri "carol" } end)
    local _, err = call()
    assert.equal(486, err.code)
    assert.same({}, net.log_lines)
  end)

  it("cancels its branches and sends 500 when its handler raises", function()
    phone("bob", 10)
    on_invite(function(req)
      req:on("1xx", function() error "a handler that raises" end)
      req:forward { uri "bob" }
      net:sleep "1s"
      error "this one raises"
    end)
    local _, err = call()
    assert.equal(500, err.code)
    net:advance "1s"
    assert.equal(1, sent_to("bob", "CANCEL"))
    assert.equal(2, #net.log_lines)
  end)

  it("forwards without waiting, and no Lua runs for what comes", function()
    phone("bob", 1)
    local entered = 0
    on_invite(function(req)
      entered = entered + 1
      assert(req:forward { uri "bob", record_route = true })
    end)
    local one = assert(call())
    assert(one:request("INFO", { body = "x" }):wait() or true)
    one:hangup()
    net:advance "1s"
    assert.equal(1, entered)
    assert.equal(1, sent_to("bob", "BYE"))
    assert.equal(1, net:count { method = "BYE", to = proxy })
    assert.equal(0, proxy:counts().events)
  end)

  it("takes a callback as well, and finishes when that returns", function()
    phone("bob", 1, 486)
    local told
    on_invite(function(req)
      req:proxy({ uri "bob" }, function(res, err) told = { res, err.code } end)
    end)
    local _, err = call()
    assert.equal(486, err.code)
    assert.same({ nil, 486 }, told)
  end)

  it("is told that the caller gave up, and whatever it does then has no effect", function()
    phone("bob", 60)
    local told = {}
    on_invite(function(req)
      local res, err = req:proxy { uri "bob" }
      told[1], told[2] = res, err.kind
      told[3] = select(2, req:proxy { uri "carol" }).kind
      told[4] = select(2, req:forward { uri "carol" }).kind
      told[5] = req:finish(res, err)
      told[6] = req.cancelled
    end)
    local _, err = call { ring = "3s" }
    assert.equal("noanswer", err.kind)
    net:advance "1s"
    assert.same({ nil, "cancelled", "cancelled", "cancelled", true, true }, told)
    assert.equal(1, sent_to("bob", "CANCEL"))
    assert.equal(0, sent_to "carol")
    assert.equal(1, net:count { code = 487, to = alice })
  end)

  it("tells handlers of CANCEL, of a forwarded request too", function()
    phone("bob", 60)
    local seen
    on_invite(function(req) req:forward { uri "bob" } end)
    proxy:on("CANCEL", function(req) seen = req.message.method end)
    call { ring = "2s" }
    net:advance "1s"
    assert.equal("CANCEL", seen)
  end)

  it("sees every branch and every response, of which nothing waits for it", function()
    phone("bob", 2, 486)
    phone("carol", 1)
    local seen = {}
    local function see(what) seen[#seen + 1] = what end
    on_invite(function(req)
      req:on("branch", function(b)
        see(("%d %s %s"):format(b.number, b.state, b.code or "-"))
        assert.equal(uri(b.number == 1 and "bob" or "carol"), b.uri)
        assert.equal(b.uri, b.target)
      end)
      req:on("1xx", function(res) see("1xx of " .. res.branch.number) end)
      req:on(486, function(res) see("486 of " .. res.branch.number .. tostring(res.call)) end)
      req:on("4xx", function() see "never: 486 is nearer" end)
      req:on("2xx", { headers = { ["X-None"] = "1" } }, function() see "never" end)
      req:on("response", function(res) see("any: " .. res.code) end)
      req:forward { uri "bob", uri "carol", mode = "serial" }
    end)
    local one = assert(call())
    one:hangup()
    assert.same({
      "1 trying -", "1 ringing 180", "1xx of 1", "1 failed 486", "486 of 1false",
      "2 trying -", "2 ringing 180", "1xx of 2", "2 answered 200", "any: 200",
    }, seen)
  end)

  it("may begin to look, stop looking, and cancel one branch", function()
    phone("bob", 30)
    phone("carol", 3)
    local rings = 0
    on_invite(function(req)
      req:forward { uri "bob", uri "carol" }
      local function on_ring(res)
        rings = rings + 1
        if res.branch.uri == uri "bob" then
          assert.is_true(res.branch:cancel { headers = { Reason = "SIP;cause=603" } })
          req:off("1xx", on_ring)
        end
      end
      req:on("1xx", on_ring)
    end)
    local one = assert(call())
    assert.is_true(rings >= 1)
    local cancel = net:messages({ method = "CANCEL" })[1].bytes
    assert.truthy(cancel:find("Reason: SIP;cause=603", 1, true))
    one:hangup()
  end)

  it("orders by q: the best first, equals at once, and in the modes parallel and serial", function()
    for _, name in ipairs { "bob", "carol", "dave" } do phone(name, 1, 480) end
    local order = {}
    for name, one in pairs(at) do
      one:on("INVITE", function() order[#order + 1] = name return require "moonsip".next end)
    end
    local sip <const> = require "moonsip"
    local set
    on_invite(function(req) req:proxy(set) end)
    local function times()
      order = {}
      local began = #net:messages { method = "INVITE", from = proxy }
      call()
      local list, first = {}, nil
      local all = net:messages { method = "INVITE", from = proxy }
      for i = began + 1, #all do
        first = first or all[i].at
        for name, address in pairs(phones.addresses) do
          if all[i].to:find(address, 1, true) then
            list[#list + 1] = name .. (all[i].at - first) // 900
          end
        end
      end
      return table.concat(list, " ")
    end
    set = { { uri = uri "bob", q = 0.2 }, { uri = uri "carol", q = 1 },
      { uri = uri "dave", q = 0.2 } }
    assert.equal("carol0 bob1 dave1", times())
    set.mode = "parallel"
    assert.equal("bob0 carol0 dave0", times())
    set.mode = "serial"
    assert.equal("carol0 bob1 dave2", times())
    set = { { uri "carol" }, { { uri = uri "bob", q = 0.1 }, { uri = uri "dave", q = 0.5 } } }
    assert.equal("carol0 dave1 bob2", times())
    set = { { uri "carol", uri "dave" }, uri "bob" }
    assert.equal("carol0 dave0 bob1", times())
    set = { sip.address("<" .. uri "bob" .. ">;q=0.3"), sip.uri(uri "carol"),
      sip.address("<" .. uri "dave" .. ">;q=0.7") }
    assert.equal("carol0 dave1 bob2", times())
  end)

  it("sets header fields for all, for one, and takes some away", function()
    phone("bob", nil, 486)
    phone("carol", nil, 486)
    on_invite(function(req)
      req.headers["X-Edit"] = "by hand"
      req:forward { headers = { ["X-All"] = "1", ["X-Both"] = "set", Subject = false },
        uri "bob",
        { uri = uri "carol", headers = { ["X-Both"] = "own", ["X-One"] = { "a", "b" } } } }
    end)
    call { headers = { Subject = "secret", ["X-All"] = "0" } }
    local to_bob = net:messages({ method = "INVITE", to = at.bob })[1].bytes
    local to_carol = net:messages({ method = "INVITE", to = at.carol })[1].bytes
    for _, line in ipairs { "X-All: 1", "X-Both: set", "X-Edit: by hand" } do
      assert.truthy(to_bob:find("\r\n" .. line .. "\r\n", 1, true), line)
    end
    for _, line in ipairs { "X-All: 1", "X-Both: own", "X-One: a\r\nX-One: b" } do
      assert.truthy(to_carol:find("\r\n" .. line .. "\r\n", 1, true), line)
    end
    for _, text in ipairs { to_bob, to_carol } do
      assert.is_nil(text:find("secret", 1, true))
      assert.is_nil(text:find("X-All: 0", 1, true))
    end
    assert.is_nil(to_carol:find("X-Both: set", 1, true))
  end)

  it("times targets out, one by one or all", function()
    phone("bob", 20)
    phone("carol", 20)
    phone("dave", 1)
    on_invite(function(req)
      return req:forward { { uri "bob" }, { { uri = uri "carol", timeout = "1s" } }, { uri "dave" },
        timeout = "3s" }
    end)
    local began = net:now()
    local one = assert(call())
    assert.equal(5, math.floor(net:now() - began + 0.1))
    one:hangup()
  end)

  it("tries another after 408, 503 and what cannot be reached", function()
    phone("carol", nil, nil)
    at.bob:on("INVITE", function(req) req:reply(503) end)
    local codes = {}
    on_invite(function(req)
      for _, target in ipairs { uri "bob", "sip:nobody@10.0.9.9;transport=tcp", uri "carol" } do
        local res, err = req:proxy { target, timeout = "5s" }
        if res then return req:finish(res) end
        codes[#codes + 1] = err.code .. " " .. err.kind .. (err:retryable() and " again" or "")
      end
    end)
    local one = assert(call())
    assert.equal("503 rejected again", codes[1])
    assert.equal(2, #codes)
    one:hangup()
  end)

  it("follows redirections when told so, so often", function()
    at.bob:on("INVITE", function(req) req:redirect(uri "carol") end)
    at.carol:on("INVITE", function(req) req:redirect(uri "dave") end)
    phone("dave", nil)
    local recurse
    on_invite(function(req) return req:forward { uri "bob", recurse = recurse } end)
    local _, err = call()
    assert.equal(302, err.code)
    recurse = 1
    _, err = call()
    assert.equal(302, err.code)
    recurse = true
    assert(call()):hangup()
  end)

  it("answers what a proxy must not forward, and says so", function()
    local refusals = {}
    on_invite(function(req)
      local _, err = req:proxy { uri "bob" }
      refusals[#refusals + 1] = err.kind .. " " .. err.code
    end)
    local function status(options, target)
      local _, err = alice:call(target or "sip:bob@" .. PROXY, options)
      return err.code
    end
    assert.equal(483, status { headers = { ["Max-Forwards"] = 0 } })
    assert.equal(420, status { headers = { ["Proxy-Require"] = "foo" } })
    assert.equal(440, status { headers = { ["Max-Breadth"] = 0 } })
    assert.equal(403, status({ routes = { "sip:" .. PROXY, "sip:10.0.0.99" } }))
    assert.same({ "rejected 483", "rejected 420", "rejected 440", "rejected 403" }, refusals)
    assert.equal(0, sent_to "bob")
    assert.truthy(table.concat(net.log_lines):find("has a Route that leads past us", 1, true))
  end)

  it("says 480 for an empty set, and 500 for an error of something else", function()
    local step
    on_invite(function(req)
      if step == 1 then
        local res, err = req:proxy { {} }
        assert.equal("noanswer", err.kind)
        return req:finish(res, err)
      end
      return req:finish(nil, require "moonsip.errors".new("store", "the store is down"))
    end)
    step = 1
    assert.equal(480, select(2, call()).code)
    step = 2
    local _, err = call()
    assert.equal(500, err.code)
    assert.equal("30", err.response.headers["Retry-After"])
  end)

  it("is no relay where no script says so", function()
    proxy:on("MESSAGE", function(req) return req:reply(200) end)
    for _, target in ipairs { "sip:victim@10.0.0.20", "sip:bob@example.com" } do
      local _, err = alice:call(target, { routes = "sip:" .. PROXY })
      assert.equal(405, err.code)
      local res = alice:request("BYE", target, { routes = "sip:" .. PROXY }):wait()
      assert.is_nil(res)
    end
    assert.equal(0, sent_to "bob")
  end)

  it("knows what is local: domains, its own addresses, and whose From that is", function()
    local seen = {}
    proxy:on("request", function(req)
      seen[#seen + 1] = ("%s %s %s"):format(req:is_local(), req.from:is_local(),
        req.to.uri:is_local())
      return req:reply(404)
    end)
    local function ask(target, from)
      alice:request("OPTIONS", target, { routes = "sip:" .. PROXY, from = from }):wait()
    end
    ask("sip:bob@example.com", "sip:alice@example.com")
    ask("sip:bob@EXAMPLE.COM:5080", "sip:alice@far.example")
    ask("sip:bob@10.0.0.1", "sip:alice@10.0.0.1")
    ask("sip:bob@10.0.0.2", "sip:alice@10.0.0.10")
    assert.same({ "true true true", "true false true", "true true true", "false false false" },
      seen)
    assert.is_true(proxy:is_local "sip:x@example.com")
    assert.is_false(proxy:is_local "sip:x@example.org")
  end)

  it("cannot be asked for what makes no sense, and says at which line", function()
    local said = {}
    on_invite(function(req)
      for _, set in ipairs {
        { uri "bob", mode = "random" }, { uri "bob", record_rout = true },
        { uri "bob", timeout = "soon" }, { 42 }, { { { uri "bob" } } },
        { { uri = uri "bob", q = 2 } },
        { { uri = uri "bob", from = "sip:x@y" } }, { uri "bob", headers = { Via = "x" } },
        { uri "bob", headers = { ["X-A"] = "a\r\nb" } }, { uri "bob", recurse = -1 },
        { "sip:a@b\r\nX: 1" }, { uri "bob", stateless = true },
      } do
        local ok, err = pcall(req.proxy, req, set)
        said[#said + 1] = ok and "no error"
          or err:match ": (bad argument '[%w_%-]+') to 'req:proxy'" or err
      end
      local res, err = req:proxy { "bob" }
      said[#said + 1] = tostring(res) .. " " .. err.kind
      return req:reply(404)
    end)
    call()
    assert.same({
      "bad argument 'mode'", "bad argument 'record_rout'", "bad argument 'timeout'",
      "bad argument 'target'", "bad argument 'target'", "bad argument 'q'", "bad argument 'from'",
      "bad argument 'Via'", "bad argument 'X-A'", "bad argument 'recurse'", "bad argument 'target'",
      "bad argument 'stateless'", "nil invalid",
    }, said)
  end)

  it("cannot send a second answer, or forward what is answered", function()
    phone("bob", nil)
    local said = {}
    on_invite(function(req)
      local res = req:proxy { uri "bob" }
      said[1] = select(2, req:reply(486)).kind
      said[2] = select(2, req:proxy { uri "carol" }).kind
      said[3] = select(2, req:forward { uri "carol" }).kind
      said[4] = req:finish(res)
    end)
    assert(call()):hangup()
    assert.same({ "invalid", "invalid", "invalid", true }, said)
  end)

  it("may answer a request that it has forwarded: the branches are cancelled", function()
    phone("bob", 30)
    on_invite(function(req)
      req:forward { uri "bob" }
      net:sleep "2s"
      return req:reply(486)
    end)
    assert.equal(486, select(2, call()).code)
    net:advance "1s"
    assert.equal(1, sent_to("bob", "CANCEL"))
  end)

  it("has both ends of one dialog only where it put them: a UA's request is no proxy's", function()
    local said
    on_invite(function(req)
      req:ring()
      said = { select(2, req:proxy { uri "bob" }).kind }
      return req:reply(480)
    end)
    call()
    assert.same({ "invalid" }, said)
  end)
end)
