-- SPDX-License-Identifier: MIT
-- Calls, from both ends: how they begin, what happens in them, and every way they end.

local test = require "moonsip.test"

describe("a call", function()
  local net, alice, bob
  before_each(function()
    net = test.net()
    alice = net:agent "sip:alice@example.com"
    bob = net:agent "sip:bob@example.com"
  end)
  after_each(function() net:close() end)

  local function answer(who, options)
    who:on("INVITE", function(req) assert(req:answer(options)) end)
  end

  -- Alice calls bob; both ends of it.
  local function connect(options)
    local near = assert(alice:call(bob, options))
    net:advance(1)
    return near, bob.calls[1]
  end

  describe("that is answered", function()
    it("is connected at both ends, with a session that carries nothing (RFC 3264 6)", function()
      answer(bob)
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
      answer(bob)
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
      answer(bob)
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
      local offer, answered = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n", "v=0\r\ns=answer\r\n"
      answer(bob, { sdp = answered })
      local near, far = connect { sdp = offer }
      assert.equal(offer, far.remote_sdp)
      assert.equal(answered, near.remote_sdp)
    end)

    it("can have the default description edited", function()
      answer(bob, { sdp = function(sdp) return sdp .. "a=x-edited\r\n" end })
      local near = connect { sdp = function(sdp) return sdp .. "a=x-offered\r\n" end }
      assert.matches("a=x%-offered", near.local_sdp)
      assert.matches("a=x%-edited", near.remote_sdp)
    end)

    it("without an offer gets one in the 200, and is answered in the ACK (13.2.1)", function()
      answer(bob)
      local near, far = connect { sdp = false }
      assert.matches("m=audio 9 RTP/AVP 0 8", far.local_sdp)
      assert.matches("a=inactive", far.remote_sdp)
      assert.equal("connected", near.state)
      net:advance "40s"
      assert.equal(1, net:count { method = "INVITE", code = 200 })
    end)

    it("lives without anybody holding it: the collector never hangs up", function()
      answer(bob)
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
        answer(bob)
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
      answer(bob)
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
      answer(bob)
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
      answer(bob)
      local near = connect()
      near:limit "10s"
      near:limit "20s" -- counts from here
      net:advance "19s"
      assert.equal("connected", near.state)
      net:advance "2s"
      assert.equal("ended", near.state)
    end)

    it("when its agent closes", function()
      answer(bob)
      local _, far = connect()
      alice:close()
      net:settle()
      assert.equal("ended", far.state)
    end)

    it("when no ACK comes for its 200 (13.3.1.4): BYE after 64*T1", function()
      answer(bob)
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
      answer(bob)
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
      answer(bob)
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

  describe("that is hung up before the ACK of its 200", function()
    it("waits with the BYE until it comes (15)", function()
      bob:on("INVITE", function(req)
        local call = assert(req:answer())
        call:hangup()
      end)
      alice:call(bob)
      net:settle()
      local order = {}
      for _, record in ipairs(net:messages { to = bob }) do
        order[#order + 1] = record.seen.method
      end
      for _, record in ipairs(net:messages { method = "BYE", from = bob }) do
        assert.is_true(record.at >= net:messages { method = "ACK" }[1].at)
      end
      assert.equal(0, #alice.calls)
      assert.equal(0, #bob.calls)
      assert.equal(1, net:count { method = "BYE", code = 200 })
    end)
  end)

  describe("that is not answered", function()
    for code, kind in pairs { [486] = "busy", [600] = "busy", [480] = "noanswer", [603] = "rejected",
                              [404] = "notfound", [503] = "rejected", [401] = "auth" } do
      it(("but refused with %d is nil, %s"):format(code, kind), function()
        bob:on("INVITE", function(req) req:reject(code) end)
        local call, err = alice:call(bob)
        assert.is_nil(call)
        assert.equal(kind, err.kind)
        assert.equal(code, err.code)
        assert.equal(0, #alice.calls)
        net:settle()
        assert.equal(0, #bob.calls)
      end)
    end

    it("but refused after it rang leaves nothing at either end", function()
      bob:on("INVITE", function(req) req:ring() net:sleep(1) req:reject(486) end)
      local call, err = alice:call(bob)
      assert.is_nil(call)
      assert.equal("busy", err.kind)
      net:settle()
      assert.equal(0, #bob.calls)
      assert.equal(0, alice:counts().dialogs + bob:counts().dialogs)
    end)

    it("within its ring time is cancelled: nil, noanswer", function()
      bob:on("INVITE", function(req) req:ring() net:sleep "60s" end)
      local call, err = alice:call(bob, { ring = "10s" })
      assert.is_nil(call)
      assert.equal("noanswer", err.kind)
      assert.equal(408, err.code)
      assert.is_true(net:now() < 11)
      assert.equal(1, net:count { method = "CANCEL", code = 200 })
    end)

    it("by anybody is nil, timeout after 64*T1 (Timer B)", function()
      local call, err = alice:call "sip:nobody@10.9.9.9"
      assert.is_nil(call)
      assert.equal("timeout", err.kind)
      assert.equal(408, err.code)
      assert.equal(32, math.floor(net:now()))
    end)

    it("because its URI makes no sense is nil, invalid", function()
      local call, err = alice:call "sip:"
      assert.is_nil(call)
      assert.equal("invalid", err.kind)
    end)

    it("but given up by its scope gets a CANCEL", function()
      bob:on("INVITE", function(req) req:ring() net:sleep "60s" end)
      do
        local call <close> = alice:start_call(bob)
        net:advance(1)
        assert.equal("ringing", call.state)
      end
      net:advance(1)
      assert.equal(1, net:count { method = "INVITE", code = 487 })
      assert.equal(0, #alice.calls)
    end)

    it("because the waiting task was cancelled gets a CANCEL, too", function()
      bob:on("INVITE", function(req) req:ring() net:sleep "60s" end)
      alice:on("INVITE", function(req)
        req:answer()
        alice:call(bob)
      end)
      local carol = net:agent "sip:carol@example.com"
      assert(carol:call(alice))
      net:advance(1)
      assert.equal("ringing", bob.calls[1].state)
      alice.context.tasks:cancel_all(alice.context, { kind = "cancelled" })
      net:advance(1)
      assert.equal(0, #bob.calls)
    end)

    it("by a handler whose scope ends gets 480, and 500 when that raises", function()
      local wanted
      bob:on("error", function() end)
      bob:on("INVITE", function(req)
        local _ <close> = req.call
        req:ring()
        if wanted == 500 then error("boom") end
        req:defer()
      end)
      for _, code in ipairs { 480, 500 } do
        wanted = code
        local _, err = alice:call(bob)
        assert.equal(code, err.code)
      end
    end)

    it("though the 200 and the CANCEL crossed is acknowledged and ended (9.1)", function()
      bob:on("INVITE", function(req) req:ring() net:sleep "1s" req:answer() end)
      local call = alice:start_call(bob)
      net:advance(1.0015) -- the 200 is on its way
      call:hangup()
      net:settle()
      assert.equal(0, #bob.calls)
      assert.equal(0, #alice.calls)
      assert.equal(1, net:count { method = "ACK" })
      assert.equal(1, net:count { method = "BYE", code = 200 })
    end)
  end)

  describe("to several targets", function()
    it("tries the next one when one is out of order (RFC 3263 4.3)", function()
      local carol = net:agent "sip:carol@example.com"
      bob:on("INVITE", function(req) req:reject(503) end)
      answer(carol)
      local call = assert(alice:call { "sip:x@10.9.9.9;transport=tcp", bob.contact, carol.contact })
      assert.equal("connected", call.state)
      assert.equal(1, #carol.calls)
    end)

    it("takes an answer for an answer", function()
      local carol = net:agent "sip:carol@example.com"
      answer(carol)
      bob:on("INVITE", function(req) req:reject(486) end)
      local _, err = alice:call { bob.contact, carol.contact }
      assert.equal("busy", err.kind)
      assert.equal(0, net:count { method = "INVITE", to = carol })
    end)
  end)

  describe("that forks", function()
    -- A proxy made by hand: two branches answer one INVITE.
    local function two_answers(late_ms)
      local proxy = net:endpoint "10.8.0.1:5060"
      local call = alice:start_call "sip:bob@10.8.0.1"
      local invite = assert(proxy:expect "INVITE")
      for _, tag in ipairs { "one", "two" } do
        local bytes = invite.bytes:gsub("(\r\nTo: [^\r]*)", "%1;tag=" .. tag)
        invite.forked = { bytes = bytes, from = invite.from }
        proxy:reply(invite.forked, 200, "OK", ("Contact: <sip:%s@10.8.0.1:5060>\r\n"):format(tag))
        net:advance(late_ms / 1000)
      end
      return call, proxy
    end

    it("keeps the first that answers; the other gets ACK and BYE (13.2.2.4)", function()
      local call, proxy = two_answers(100)
      net:advance(1)
      assert.equal("connected", call.state)
      assert.equal("one", call.remote_tag)
      local acks, byes = 0, {}
      for _, one in ipairs(proxy.received) do
        if one.seen.method == "ACK" then acks = acks + 1 end
        if one.seen.method == "BYE" then byes[one.bytes:match "To: .-;tag=(%w+)"] = true end
      end
      assert.equal(2, acks)
      assert.same({ two = true }, byes)
    end)
  end)

  describe("can be changed", function()
    local renewed <const> = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
      .. "t=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=sendonly\r\n"

    for _, verb in ipairs { "reinvite", "update" } do
      it("by " .. verb .. ": answered by the core of the other end when no handler does",
        function()
          answer(bob)
          local near, far = connect()
          local res = assert(near[verb](near, { sdp = renewed }))
          assert.equal(200, res.code)
          assert.equal(renewed, near.local_sdp)
          assert.equal(renewed, far.remote_sdp)
          assert.matches("m=audio 9 RTP/AVP 8\r\n", near.remote_sdp)
          assert.equal("connected", near.state)
          assert.equal("connected", far.state)
          assert(far[verb](far)) -- and the other way, with what was last agreed
        end)

      it("by " .. verb .. " that its handler refuses: the session stays as it was (14.1)",
        function()
          answer(bob)
          local near, far = connect()
          local before = near.local_sdp
          far:on(verb == "update" and "UPDATE" or "INVITE", function(req) req:reject(488) end)
          local res, err = near[verb](near, { sdp = renewed })
          assert.is_nil(res)
          assert.equal("media", err.kind)
          assert.equal(before, near.local_sdp)
          assert.equal("connected", near.state)
        end)
    end

    it("by reinvite with a callback", function()
      answer(bob)
      local near = connect()
      local got
      near:reinvite(function(res) got = res.code end)
      net:advance(1)
      assert.equal(200, got)
    end)

    it("by one end at a time: 491 to the one that crosses (14.1)", function()
      answer(bob)
      local near, far = connect()
      local got = {}
      near:reinvite({}, function(_, err) got[1] = err and err.code or 200 end)
      far:reinvite({}, function(_, err) got[2] = err and err.code or 200 end)
      net:settle()
      assert.same({ 491, 491 }, got)
      assert.equal("connected", near.state)
    end)

    it("without an offer: the answerer offers what it last said (14.2)", function()
      answer(bob)
      local near, far = connect()
      local before = far.local_sdp
      near:request("INVITE"):wait()
      net:advance(1)
      assert.equal(before, far.local_sdp)
    end)
  end)

  describe("carries requests both ways", function()
    local methods <const> = { "INFO", "MESSAGE", "OPTIONS", "NOTIFY", "SUBSCRIBE", "REFER", "PRACK",
                              "PUBLISH", "REGISTER", "UPDATE", "EXAMPLE" }
    local defaults <const> = { OPTIONS = 200, SUBSCRIBE = 489, REFER = 603, UPDATE = 200,
                               EXAMPLE = 501 }
    for _, method in ipairs(methods) do
      it(method .. ": to the call's handler, then the agent's, then the default", function()
        answer(bob)
        local near, far = connect()
        local function ask(from)
          local res, err = from:request(method, { headers = { ["X-A"] = "1" } }):wait()
          return res and res.code or err.code
        end
        for _, pair in ipairs { { near, far, bob }, { far, near, alice } } do
          local from, to, agent = table.unpack(pair)
          assert.equal(defaults[method] or 405, ask(from))
          agent:on(method, function(req)
            assert.equal(to, req.call)
            req:reply(201)
          end)
          assert.equal(201, ask(from))
          to:on(method, { headers = { ["X-A"] = "1" } }, function(req) req:reply(202) end)
          assert.equal(202, ask(from))
          assert.equal("connected", near.state)
        end
      end)
    end

    it("BYE can be looked at, and is answered 200 unless the handler does", function()
      local seen
      answer(bob)
      local near, far = connect()
      far:on("BYE", function(req) seen = req.headers["Reason"] end)
      near:hangup { reason = "SIP;cause=200" }
      net:settle()
      assert.equal("SIP;cause=200", seen)
      assert.equal(1, net:count { method = "BYE", code = 200 })
      assert.equal("ended", far.state)
    end)

    it("a further INVITE never reaches agent:on(\"INVITE\")", function()
      local count = 0
      bob:on("INVITE", function(req) count = count + 1; req:answer() end)
      local near = connect()
      assert(near:reinvite())
      assert.equal(1, count)
    end)
  end)

  describe("that ends", function()
    it("resumes the verbs of that call, and only those", function()
      answer(bob)
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
