-- SPDX-License-Identifier: MIT
-- Calls, from both ends: how they begin, and every way they end.

local pair = require "spec.support.pair"

describe("a call", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  -- Alice calls bob; both ends of it.
  local function connect(options) return pair.connect(net, alice, bob, options) end

  describe("that is answered", function()
    it("is connected at both ends, with a session that carries nothing (RFC 3264 6)",
      function()
      pair.answers(bob)
      local near, far = connect()
      assert.equal("connected", near.state)
      assert.equal("connected", far.state)
      assert.equal("out", near.direction)
      assert.equal("in", far.direction)
      assert.matches("m=audio 9 RTP/AVP 0 8\r\n", near.local_sdp)
      assert.equal(near.local_sdp, far.remote_sdp)
      assert.matches("m=audio 9 RTP/AVP 0\r\n.*a=inactive", far.local_sdp)
      assert.equal(far.local_sdp, near.remote_sdp)
      assert.same({ near }, alice.calls)
    end)

    it("says who calls whom, and has an id fit for a file name", function()
      pair.answers(bob)
      local near, far = connect { to = "\"Bob\" <sip:bob@example.com>" }
      assert.equal("alice", near.from.user)
      assert.equal("bob", near.to.user)
      assert.equal("alice", far.from.user)
      assert.equal("Bob", far.to.display)
      assert.matches("^%w+$", near.id)
      assert.matches("^%w+$", far.id)
      assert.equal(near.id, near.id)
      assert.not_equal(near.id, far.id)
    end)

    it("shows its dialog, the same from both ends (12)", function()
      pair.answers(bob)
      local near, far = connect()
      assert.equal(near.call_id, far.call_id)
      assert.equal(near.local_tag, far.remote_tag)
      assert.equal(near.remote_tag, far.local_tag)
      assert.matches("^sip:.*10%.0%.%d+%.%d+", near.target)
      near:hangup()
      net:settle()
      assert.is_nil(near.remote_tag)
      assert.matches("^%w+", near.call_id) -- what logs and ladders know it by
    end)

    it("rings first when the other end says so", function()
      bob:on("INVITE", function(req)
        req:ring { ["X-Tone"] = "soft" }
        net:sleep "3s"
        req:progress(183)
        net:sleep "3s"
        req:answer()
      end)
      local seen = {}
      alice:on("1xx", function(res)
        seen[#seen + 1] = res.code
        assert.equal("ringing", res.call.state)
      end)
      connect()
      assert.same({ 180, 183 }, seen)
    end)

    it("can have descriptions of the script's own on both sides", function()
      local offer, answered = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n",
        "v=0\r\ns=answer\r\n"
      pair.answers(bob, { sdp = answered })
      local near, far = connect { sdp = offer }
      assert.equal(offer, far.remote_sdp)
      assert.equal(answered, near.remote_sdp)
    end)

    it("can have the default description edited", function()
      pair.answers(bob, { sdp = function(sdp) return sdp .. "a=x-edited\r\n" end })
      local near = connect { sdp = function(sdp) return sdp .. "a=x-offered\r\n" end }
      assert.matches("a=x%-offered", near.local_sdp)
      assert.matches("a=x%-edited", near.remote_sdp)
    end)

    it("without an offer gets one in the 200, and is answered in the ACK (13.2.1)",
      function()
      pair.answers(bob)
      local near, far = connect { sdp = false }
      assert.matches("m=audio 9 RTP/AVP 0 8", far.local_sdp)
      assert.matches("a=inactive", far.remote_sdp)
      assert.equal("connected", near.state)
      net:advance "40s"
      assert.equal(1, net:count { method = "INVITE", code = 200 })
    end)

    it("lives without anybody holding it: the collector never hangs up", function()
      pair.answers(bob)
      connect()
      collectgarbage()
      collectgarbage()
      net:advance "10m"
      assert.equal(1, #alice.calls)
      assert.equal(0, net:count { method = "BYE" })
    end)
  end)

  describe("ends", function()
    local why_near, why_far
    local function watch(near, far)
      why_near, why_far = nil, nil
      near:on("end", function(why) why_near = why end)
      far:on("end", function(why) why_far = why end)
    end

    for _, side in ipairs { "near", "far" } do
      it("when the " .. side .. " end hangs up: one BYE (15)", function()
        pair.answers(bob)
        local near, far = connect()
        watch(near, far)
        assert.is_true((side == "near" and near or far):hangup())
        assert.is_false((side == "near" and near or far):hangup())
        net:settle()
        assert.equal("hangup", why_near.kind)
        assert.equal("hangup", why_far.kind)
        assert.equal(side == "near" and "local" or "remote", why_near.by)
        assert.equal(side == "near" and "remote" or "local", why_far.by)
        assert.equal("ended", near.state)
        assert.equal("ended", far.state)
        assert.equal(1, net:count { method = "BYE", code = 200 })
        assert.equal(0, #alice.calls)
        assert.equal(0, #bob.calls)
        assert.equal(0, alice:counts().dialogs + bob:counts().dialogs)
      end)
    end

    it("with the Reason that was given (RFC 3326)", function()
      pair.answers(bob)
      local near, far = connect()
      watch(near, far)
      near:hangup { reason = 'SIP;cause=200;text="done"', headers = { ["X-More"] = "1" } }
      net:settle()
      assert.equal('SIP;cause=200;text="done"', why_far.header)
    end)

    it("when its scope ends, at either end", function()
      local order = {}
      bob:on("INVITE", function(req)
        local call <close> = assert(req:answer())
        call:on("end", function() order[#order + 1] = "far" end)
        net:sleep "5s"
      end)
      do
        local call <close> = assert(alice:call(bob))
        call:on("end", function() order[#order + 1] = "near" end)
        net:advance "10s"
        assert.same({ "far", "near" }, order)
      end
      pair.answers(bob)
      do
        local _ <close> = assert(alice:call(bob))
      end
      net:settle()
      assert.equal(0, #bob.calls)
    end)

    it("when the handler that answered it raises: BYE", function()
      bob:on("error", function() end)
      bob:on("INVITE", function(req)
        req:answer()
        net:sleep(1)
        error("boom")
      end)
      local near = assert(alice:call(bob))
      assert.equal("hangup", near:wait_end().kind)
      assert.equal(1, net:count { method = "BYE", to = alice })
    end)

    it("when a handler of its own raises: BYE, and on(\"error\") hears of it", function()
      local told
      bob:on("error", function(err) told = err end)
      bob:on("INVITE", function(req)
        req:answer():on("INFO", function() error("boom") end)
      end)
      local near = connect()
      local _, err = near:request("INFO"):wait()
      assert.equal(500, err.code)
      net:settle()
      assert.equal("ended", near.state)
      assert.matches("boom", told.reason)
    end)

    it("after its limit", function()
      pair.answers(bob)
      local near = connect()
      near:limit "10s"
      near:limit "20s" -- counts from here
      net:advance "19s"
      assert.equal("connected", near.state)
      net:advance "2s"
      assert.equal("ended", near.state)
    end)

    it("when its agent closes", function()
      pair.answers(bob)
      local _, far = connect()
      alice:close()
      net:settle()
      assert.equal("ended", far.state)
    end)

    it("when no ACK comes for its 200 (13.3.1.4): BYE after 64*T1", function()
      pair.answers(bob)
      local call = alice:start_call(bob)
      net:cut(alice, bob)
      net:heal(alice, bob)
      -- Only the ACKs are lost: alice is gone once she has sent the INVITE.
      net:advance(0.001)
      net:cut(alice)
      net:advance "31s"
      assert.equal("connected", bob.calls[1].state)
      net:advance "2s"
      assert.equal(0, #bob.calls)
      assert.is_true(net:count { method = "BYE", from = bob } > 0)
      assert.is_not_nil(call)
    end)

    it("when the other end has forgotten it: 481 to anything in it (RFC 5057)", function()
      pair.answers(bob)
      local near, far = connect()
      far:close()
      net:cut(alice, bob)
      net:advance "60s"
      net:heal(alice, bob)
      near:request("INFO"):wait()
      net:settle()
      assert.equal("ended", near.state)
    end)

    it("with a record for on(\"cdr\")", function()
      local records = {}
      alice:on("cdr", function(record) records[#records + 1] = record end)
      pair.answers(bob)
      local near = connect()
      net:advance "9s"
      near:hangup()
      net:settle()
      assert.equal(1, #records)
      local record = records[1]
      assert.equal(near, record.call)
      assert.equal("out", record.direction)
      assert.equal("hangup", record.why.kind)
      assert.is_true(record.seconds >= 10 and record.seconds < 10.1)
      assert.equal("alice", record.from.user)
      assert.equal("bob", record.to.user)
    end)
  end)

  describe("that ends", function()
    it("resumes the verbs of that call, and only those", function()
      pair.answers(bob)
      local near, far = connect()
      local got, slept = {}, nil
      bob:on("MESSAGE", function(req)
        req:reply(200)
        got.info = table.pack(far:request("INFO"):wait())
        got.change = table.pack(far:reinvite())
        got.why = far:wait_end()
        slept = net:sleep "5s"
      end)
      alice:on("INFO", function(req) req:defer() end)
      near:request("MESSAGE"):wait()
      net:advance(1)
      near:hangup()
      net:advance(1)
      assert.is_nil(got.info[1])
      assert.equal("hangup", got.info[2].kind)
      assert.is_nil(got.change[1])
      assert.equal("hangup", got.change[2].kind)
      assert.equal("hangup", got.why.kind)
      assert.is_nil(slept)
      net:advance "5s"
      assert.is_true(slept)
    end)

    it("ends the handler quietly that does not care", function()
      bob:on("INVITE", function(req)
        local call = assert(req:answer())
        local res, err = call:request("INFO"):wait()
        if not res then error(err) end
      end)
      alice:on("INFO", function(req) req:defer() end)
      local near = assert(alice:call(bob))
      net:advance(1)
      near:hangup()
      net:settle()
      assert.is_nil(table.concat(net.log_lines):find "bob: ")
    end)
  end)

  it("can be ended from inside any handler of it", function()
    for _, what in ipairs { "INFO", "end", "1xx", "2xx" } do
      local call
      bob:on("INVITE", function(req)
        req:ring()
        local far = assert(req:answer())
        far:request("INFO"):wait()
      end)
      call = alice:start_call(bob)
      call:on(what, function(req)
        call:hangup()
        if what == "INFO" then req:reply(200) end
      end)
      net:advance "5s"
      call:hangup()
      net:settle()
      assert.equal(0, #alice.calls, what)
      assert.equal(0, #bob.calls, what)
    end
    assert.same({}, net.log_lines)
  end)
end)
