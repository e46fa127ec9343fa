-- SPDX-License-Identifier: MIT
-- Exchanges: waiting, iterating, cancelling, time limits, targets in order.

local pair = require "spec.support.pair"

describe("an exchange", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  local function rings_then(code)
    bob:on("INVITE", function(req)
      req:ring()
      net:sleep "2s"
      req:reply(code)
    end)
  end

  describe("can be waited for", function()
    before_each(function() bob:on("MESSAGE", function(req) req:reply(202) end) end)

    it("in the main chunk, in a task, with a callback, and as often as wanted", function()
      local exchange = alice:request("MESSAGE", bob)
      assert.is_false(exchange.done)
      local got
      exchange:wait(function(res) got = res.code end)
      assert.equal(202, exchange:wait().code)
      assert.equal(202, exchange:wait().code)
      net:advance(0)
      assert.equal(202, got)
      assert.is_true(exchange.done)
      assert.equal(202, exchange.final.code)
      assert.is_nil(exchange.error)
    end)

    it("by several tasks at once", function()
      local exchange, codes = alice:request("MESSAGE", bob), {}
      for _ = 1, 3 do exchange:wait(function(res) codes[#codes + 1] = res.code end) end
      exchange:wait()
      net:advance(0)
      assert.same({ 202, 202, 202 }, codes)
    end)

    it("and gives the error with its response", function()
      bob:off("MESSAGE"):on("MESSAGE", function(req)
        req:reply(486, "Not now", { ["Retry-After"] = 5 })
      end)
      local exchange = alice:request("MESSAGE", bob)
      local res, err = exchange:wait()
      assert.is_nil(res)
      assert.equal("busy: 486 Not now", tostring(err))
      assert.equal("5", err.response.headers["Retry-After"])
      assert.equal(err, exchange.error)
    end)
  end)

  describe("iterates its responses", function()
    local function collect(exchange)
      local codes = {}
      for res in exchange:responses() do codes[#codes + 1] = res.code end
      return codes
    end

    it("up to the final one", function()
      rings_then(486)
      assert.same({ 180, 486 }, collect(alice:request("INVITE", bob)))
      assert.same({ 200 }, collect(alice:request("OPTIONS", bob)))
    end)

    it("in a task too", function()
      rings_then(486)
      local codes
      bob:on("INFO", function(req)
        req:reply(200)
        codes = collect(bob:request("OPTIONS", alice.contact))
      end)
      alice:request("INFO", bob):wait()
      net:settle()
      assert.same({ 200 }, codes)
    end)

    it("that came before somebody asked", function()
      rings_then(480)
      local exchange = alice:request("INVITE", bob)
      local step = exchange:responses()
      net:advance "5s"
      assert.is_function(step)
      assert.same({ 180, 480 }, collect(exchange))
    end)

    it("ending with a step that has the error when none comes (api.md, Traps)", function()
      local steps = {}
      for res in alice:request("OPTIONS", "sip:x@10.9.9.9"):responses() do
        steps[#steps + 1] = res
      end
      assert.equal(1, #steps)
      assert.equal("timeout", steps[1].error.kind)
      assert.equal(408, steps[1].code)
    end)

    it("cancelling an INVITE when the loop is left", function()
      rings_then(200)
      for res in alice:request("INVITE", bob):responses() do
        if res.code == 180 then break end
      end
      net:settle()
      assert.equal(1, net:count { method = "CANCEL", code = 200 })
      assert.equal(0, #bob.calls)
      assert.equal(0, #alice.calls)
    end)

    it("keeping no more than 64 that nobody reads", function()
      bob:on("INVITE", function(req)
        for _ = 1, 100 do req:progress(183) end
        req:reply(486)
      end)
      local exchange = alice:request("INVITE", bob)
      exchange:responses()
      exchange:wait()
      assert.equal(64, #exchange.stream)
      assert.equal(486, exchange.stream[64].code)
    end)
  end)

  describe("can be cancelled", function()
    it("when it is an INVITE: the 487 ends it (9.1)", function()
      rings_then(200)
      local exchange = alice:request("INVITE", bob)
      net:advance(1)
      assert.is_true(exchange:cancel { headers = { Reason = "SIP;cause=200" } })
      local _, err = exchange:wait()
      assert.equal("cancelled", err.kind)
      assert.equal(487, err.response.code)
      assert.matches("Reason: SIP;cause=200", net:messages { method = "CANCEL" }[1].bytes)
    end)

    it("before any response came: the CANCEL waits for one (9.1)", function()
      rings_then(200)
      net:link(alice, bob, { delay = 500 })
      local exchange = alice:request("INVITE", bob)
      exchange:cancel()
      assert.equal(0, net:count { method = "CANCEL" })
      local _, err = exchange:wait()
      assert.equal("cancelled", err.kind)
      local ringing = net:messages({ code = 180 })[1]
      assert.is_true(net:messages({ method = "CANCEL" })[1].at >= ringing.at)
    end)

    it("when it is no INVITE: only the waiting ends (9.1)", function()
      bob:on("MESSAGE", function(req) net:sleep "5s" req:reply(200) end)
      local exchange = alice:request("MESSAGE", bob)
      net:advance(1)
      assert.is_true(exchange:cancel())
      assert.equal("cancelled", select(2, exchange:wait()).kind)
      net:settle()
      assert.equal(0, net:count { method = "CANCEL" })
    end)

    it("once: afterwards it is nil, err", function()
      local exchange = alice:request("OPTIONS", bob)
      exchange:wait()
      local ok, err = exchange:cancel()
      assert.is_nil(ok)
      assert.equal("invalid", err.kind)
    end)

    it("by leaving its <close> scope", function()
      rings_then(200)
      do
        local _ <close> = alice:request("INVITE", bob)
        net:advance(1)
      end
      net:settle()
      assert.equal(1, net:count { method = "INVITE", code = 487 })
    end)
  end)

  describe("with a timeout", function()
    it("ends in time, whatever the transaction would do", function()
      local _, err = alice:request("OPTIONS", "sip:x@10.9.9.9", { timeout = "3s" }):wait()
      assert.equal("timeout", err.kind)
      assert.equal(3, net:now())
    end)

    it("cancels an INVITE that rings on: noanswer", function()
      rings_then(200)
      local _, err = alice:request("INVITE", bob, { timeout = 1 }):wait()
      assert.equal("noanswer", err.kind)
      net:settle()
      assert.equal(1, net:count { method = "INVITE", code = 487 })
    end)
  end)

  describe("with several targets", function()
    local carol
    before_each(function()
      carol = net:agent("sip:carol@example.com", { media = false })
      carol:on("MESSAGE", function(req) req:reply(200, "Carol") end)
    end)

    for name, break_it in pairs {
      ["answers 503"] = function() bob:on("MESSAGE",
      function(req) req:reply(503) end) end,
      ["does not answer"] = function() net:cut(bob) end,
      ["answers no TCP"] = function() bob:close() end,
    } do
      it("goes on to the next when one " .. name .. " (RFC 3263 4.3)", function()
        break_it()
        local suffix = name:find "TCP" and ";transport=tcp" or ""
        local res = assert(alice:request("MESSAGE",
          { bob.contact .. suffix, carol.contact }):wait())
        assert.equal("Carol", res.reason)
      end)
    end

    it("goes on to the next, or fails, when its connection breaks (RFC 3261 18.4)",
      function()
      local peer = net:endpoint "tcp:10.0.0.9:5060"
      local uri = "sip:x@10.0.0.9;transport=tcp"
      net:sleep("1s", function() peer:disconnect() end)
      local res = assert(alice:request("MESSAGE", { uri, carol.contact }):wait())
      assert.equal("Carol", res.reason)
      net:sleep("1s", function() peer:disconnect() end)
      local _, err = alice:request("MESSAGE", uri):wait()
      assert.same({ "transport", "EOF", 2 }, { err.kind, err.name, math.floor(net:now()) })
      assert.is_true(err:retryable())
    end)

    it("takes any other answer for one", function()
      bob:on("MESSAGE", function(req) req:reply(404) end)
      local _, err = alice:request("MESSAGE", { bob.contact, carol.contact }):wait()
      assert.equal(404, err.code)
    end)

    it("gives the last error when all fail, each of them once", function()
      local _, err = alice:request("MESSAGE",
        { "sip:x@10.9.9.1", "sip:x@10.9.9.2" }, { timeout = "100s" }):wait()
      assert.equal("timeout", err.kind)
      assert.equal(64, math.floor(net:now()))
    end)

    it("of every kind: text, URI, address, gateway", function()
      local core = require "moonsip.core"
      for _, one in ipairs { carol.contact, core.uri(carol.contact),
                             core.address(("<%s>"):format(carol.contact)),
                             { uri = carol.contact, from = "trunk",
                               headers = { ["X-G"] = "1" } } } do
        assert.equal(200, assert(alice:request("MESSAGE", one):wait()).code)
      end
      local sent = net:messages { method = "MESSAGE", to = carol }
      local last = sent[#sent]
      assert.matches("X%-G: 1", last.bytes)
      assert.matches("From: <sip:trunk@", last.bytes)
    end)

    for name, given in pairs { number = 7, ["an empty list"] = {}, ["nothing"] = false,
                               ["65 targets"] = setmetatable({}, nil) } do
      it("refuses " .. name .. " at the caller's line", function()
        if name == "65 targets" then
          given = {}
          for at = 1, 65 do given[at] = "sip:x@10.9.9.9" end
        end
        local ok, err = pcall(function() alice:request("MESSAGE", given or nil) end)
        assert.is_false(ok)
        assert.matches("exchange_spec.lua:%d+: bad argument 'target' to 'agent:request'",
          err)
      end)
    end
  end)

  it("that cannot be sent tells so later, like any outcome", function()
    local seen
    local exchange = alice:request("MESSAGE", "sip:x y"):on("error", function(err)
      seen = err
    end)
    local res, err = exchange:wait()
    assert.is_nil(res)
    assert.equal("invalid", err.kind)
    assert.equal(err, seen)
  end)

  it("too large for UDP goes by TCP, or UDP where the script says so (18.1.1)", function()
    bob:on("PUBLISH", function(req) req:reply(200, req.transport) end)
    local body = ("x"):rep(1400)
    assert.equal("tcp", assert(alice:request("PUBLISH", bob,
      { body = body }):wait()).reason)
    assert.equal("udp",
      assert(alice:request("PUBLISH", bob, { body = body, no_tcp = true }):wait()).reason)
    local dave = net:agent("sip:dave@example.com",
      { peers = { ["10.0.1.2"] = { no_tcp = true } } })
    assert.equal("udp", assert(dave:request("PUBLISH", bob,
      { body = body }):wait()).reason)
  end)

  it("leaves nothing behind", function()
    rings_then(486)
    for _ = 1, 20 do
      alice:request("OPTIONS", bob):wait()
      alice:request("INVITE", bob):wait()
    end
    net:settle()
    assert.is_nil(next(alice.exchanges))
    assert.is_nil(next(alice.dialogs))
    assert.is_nil(next(bob.requests))
    assert.is_nil(next(bob.dialogs))
    assert.equal(0, alice:counts().dialogs + bob:counts().dialogs)
  end)
end)

describe("a dialog of SUBSCRIBE or REFER", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  for method, status in pairs { SUBSCRIBE = 200, REFER = 202 } do
    it("carries requests both ways after " .. method, function()
      local far
      bob:on(method, function(req)
        req:reply(status)
        far = req.dialog
      end)
      local res = assert(alice:request(method, bob, { headers = { Event = "x" } }):wait())
      local near = res.dialog
      assert.equal("confirmed", near.state)
      assert.equal("confirmed", far.state)
      assert.equal(near.call_id, far.call_id)
      assert.equal(near.local_tag, far.remote_tag)
      local seen
      near:on("NOTIFY", function(req) seen = req.body; req:reply(200) end)
      assert.equal(200, assert(far:request("NOTIFY", { body = "news" }):wait()).code)
      assert.equal("news", seen)
      bob:on("MESSAGE", function(req)
        req:reply(200, req.dialog == far and "there" or "no")
      end)
      assert.equal("there", assert(near:request("MESSAGE"):wait()).reason)
      assert.equal(405, select(2, far:request("INFO"):wait()).code)
    end)

    it("ends without a message when it is closed after " .. method, function()
      bob:on(method, function(req) req:reply(status) end)
      local near = assert(alice:request(method, bob,
        { headers = { Event = "x" } }):wait()).dialog
      local why
      near:on("end", function(err) why = err end)
      near:close()
      near:close()
      net:settle()
      assert.equal("ended", near.state)
      assert.equal("hangup", why.kind)
      assert.equal("hangup", near:wait_end().kind)
      assert.equal(0, alice:counts().dialogs)
      assert.equal(0, net:count { method = "BYE" })
    end)
  end

  it("ends for its handler's error, and for 481 from the other side (RFC 5057 5.1)",
    function()
    local told
    alice:on("error", function(err) told = err end)
    local far
    bob:on("SUBSCRIBE", function(req) req:reply(200); far = req.dialog end)
    local near = assert(alice:request("SUBSCRIBE", bob,
      { headers = { Event = "x" } }):wait()).dialog
    near:on("NOTIFY", function() error("boom") end)
    assert.equal(500, select(2, far:request("NOTIFY"):wait()).code)
    assert.equal("ended", near.state)
    assert.matches("boom", told.reason)
    assert.equal(481, select(2, far:request("NOTIFY"):wait()).code)
    net:settle()
    assert.equal("ended", far.state)
  end)
end)
