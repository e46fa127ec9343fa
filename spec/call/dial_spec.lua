-- SPDX-License-Identifier: MIT
-- call:dial: a second leg on behalf of a call.

local test <const> = require "moonsip.test"

describe("call:dial", function()
  local net, alice, pbx, bob
  before_each(function()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { from = "\"Alice\" <sip:alice@example.com>",
      media = false })
    pbx = net:agent("sip:pbx@example.com", { media = false })
    bob = net:agent("sip:bob@example.com", { media = false })
  end)
  after_each(function() net:close() end)

  -- The pbx runs `fn(call, req)` for the call that alice places.
  local function serve(fn, answers)
    pbx:on("INVITE", function(req)
      if answers ~= false then assert(req:answer()) end
      fn(req.call, req)
    end)
  end

  it("returns a leg that is answered, a call of its own, from the same caller", function()
    local leg, from
    bob:on("INVITE", function(req)
      from = req.from
      req:answer()
    end)
    serve(function(call)
      leg = assert(call:dial(bob.contact))
      call:wait_end()
    end)
    local near <const> = assert(alice:call(pbx))
    net:advance(1)
    assert.same({ "connected", "out" }, { leg.state, leg.direction })
    assert.same({ "Alice", "sip:alice@example.com" }, { from.display, tostring(from.uri) })
    assert.not_equal(alice.calls[1].local_tag, from.tag)
    near:hangup()
    net:advance(1)
    assert.equal("connected", leg.state) -- not joined: each ends by itself
  end)

  it("tells why there is none, as agent:call does", function()
    local kinds <const> = {}
    bob:on("INVITE", function(req) req:reject(486) end)
    serve(function(call)
      kinds[#kinds + 1] = select(2, call:dial(bob.contact)).kind
      kinds[#kinds + 1] = select(2, call:dial "sip:nobody@10.9.9.9;transport=tcp").kind
      bob:off("INVITE"):on("INVITE", function(req) req:ring() net:sleep "1h" end)
      local began <const> = net:now()
      kinds[#kinds + 1] = select(2, call:dial(bob.contact)).kind
      kinds.ring = (net:now() - began) // 1
    end)
    assert(alice:call(pbx))
    net:advance "2m"
    assert.same({ "busy", "transport", "noanswer", ring = 30 }, kinds)
  end)

  for name, answers in pairs { answered = true, ringing = false } do
    it("is given up when the call that waits for it ends: " .. name, function()
      local err
      bob:on("INVITE", function(req) req:ring() net:sleep "1h" end)
      serve(function(call, req)
        if not answers then req:ring() end
        err = select(2, call:dial(bob.contact))
      end, answers)
      local near <const> = alice:start_call(pbx)
      net:advance "2s"
      near:hangup()
      net:advance "5s"
      assert.equal(answers and "hangup" or "cancelled", err.kind)
      assert.equal(1, net:count { method = "CANCEL", from = pbx, to = bob })
      assert.equal(0, #bob.calls)
    end)
  end

  it("takes the user, the gateway's From and header fields, and a way", function()
    local seen
    local carrier <const> = net:endpoint "10.0.9.9:5060"
    serve(function(call)
      call:dial({ uri = "sip:10.0.9.9", from = "sip:+1555@trunk.example",
                  headers = { ["X-Class"] = "premium" } }, {
        user = "+44 20", headers = { ["X-More"] = "1" }, ring = "5s" })
      call:dial("sip:x@10.0.9.9", { ring = "5s",
        via = { uri = "sip:10.0.9.9", from = "sip:+1556@trunk.example" } })
    end)
    assert(alice:call(pbx))
    seen = carrier:expect("INVITE").bytes
    assert.matches("^INVITE sip:%+44%%2020@10.0.9.9 SIP", seen)
    assert.matches("\r\nFrom: <sip:%+1555@trunk.example>", seen)
    assert.matches("\r\nX%-Class: premium\r\n", seen)
    assert.matches("\r\nX%-More: 1\r\n", seen)
    net:advance "40s"
    seen = carrier:expect(function(bytes) return bytes:find "^INVITE sip:x@" ~= nil end).bytes
    assert.matches("\r\nRoute: <sip:10.0.9.9;lr>", seen)
    assert.matches("\r\nFrom: <sip:%+1556@trunk.example>", seen)
  end)

  it("goes on to the next target when one does not ring in time (pdd)", function()
    local slow <const> = net:agent("sip:slow@example.com", { media = false })
    slow:on("INVITE", function(req)
      req:reply(100)
      net:sleep "4s"
      req:answer() -- crosses the CANCEL, or is too late
    end)
    bob:on("INVITE", function(req)
      req:ring()
      net:sleep "10s"
      req:answer()
    end)
    local leg, took
    serve(function(call)
      local began <const> = net:now()
      leg = assert(call:dial({ slow.contact, bob.contact }, { pdd = "2s", ring = "40s" }))
      took = (net:now() - began) // 1
      call:wait_end()
    end)
    assert(alice:call(pbx))
    net:advance "60s"
    assert.equal("connected", leg.state)
    assert.equal(12, took)
    assert.equal(0, #slow.calls)
    assert.equal(1, #bob.calls)
  end)

  it("says timeout, which another carrier may do better, when none rings (pdd)", function()
    local err
    serve(function(call) err = select(2, call:dial("sip:x@10.9.9.9", { pdd = "3s" })) end)
    assert(alice:call(pbx))
    local began <const> = net:now()
    net:advance "3100ms"
    assert.same({ "timeout", 408, true }, { err.kind, err.code, err:retryable() })
    assert.is_true(net:now() - began < 4)
    local own <const> = select(2, alice:call("sip:x@10.9.9.9", { pdd = "1s" }))
    assert.equal("timeout", own.kind)
  end)

  it("with a callback returns at once", function()
    local got
    bob:on("INVITE", function(req) req:answer() end)
    serve(function(call)
      call:dial(bob.contact, function(leg) got = leg.state end)
      call:wait_end()
    end)
    assert(alice:call(pbx))
    net:advance(1)
    assert.equal("connected", got)
  end)

  it("of a call that has ended is nil, with why", function()
    local near <const> = alice:start_call(bob)
    near:hangup()
    local leg <const>, err = near:dial(bob.contact)
    assert.is_nil(leg)
    assert.equal("hangup", err.kind)
    local ok <const>, message = pcall(function() near:dial(bob.contact, { odd = 1 }) end)
    assert.is_false(ok)
    assert.matches("bad argument 'odd' to 'call:dial'", message)
  end)
end)
