-- SPDX-License-Identifier: MIT
-- What happens inside a call: changes of its session, and requests both ways.

local pair = require "spec.support.pair"

describe("a call", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  -- Alice calls bob; both ends of it.
  local function connect(options) return pair.connect(net, alice, bob, options) end

  it("keeps the Contact that it was given, in requests and in answers (RFC 3261 12.2.1.1)",
    function()
    local of <const> = { [alice] = alice.contact .. ";gr=x", [bob] = bob.contact .. ";gr=y" }
    bob:on("INVITE", function(req)
      assert(req:answer { headers = { Contact = ("<%s>;isfocus"):format(of[bob]) } })
    end)
    local near <const>, far <const> = connect { contact = of[alice] }
    for _, one in ipairs { near, far } do
      assert(one:reinvite())
      assert(one:update { sdp = false })
      assert(one:update())
    end
    net:advance "16m" -- a refresh of the core
    local count = 0
    for who, uri in pairs(of) do
      for _, one in ipairs(net:messages { from = who }) do
        local contact <const> = one.bytes:match "\r\nContact: <(.-)>"
        if contact then
          assert.equal(uri, contact)
          count = count + 1
        end
      end
    end
    assert.is_true(count >= 16)
    assert.same({ of[bob], of[alice] }, { near.target, far.target })
  end)

  describe("can be changed", function()
    local renewed <const> =
      "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
      .. "t=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=sendonly\r\n"

    for _, verb in ipairs { "reinvite", "update" } do
      it("by " .. verb .. ": answered by the core of the other end when no handler does",
        function()
          pair.answers(bob)
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
          pair.answers(bob)
          local near, far = connect()
          local before = near.local_sdp
          far:on(verb == "update" and "UPDATE" or "INVITE", function(req)
            req:reject(488)
          end)
          local res, err = near[verb](near, { sdp = renewed })
          assert.is_nil(res)
          assert.equal("media", err.kind)
          assert.equal(before, near.local_sdp)
          assert.equal("connected", near.state)
        end)
    end

    it("by reinvite with a callback", function()
      pair.answers(bob)
      local near = connect()
      local got
      near:reinvite(function(res) got = res.code end)
      net:advance(1)
      assert.equal(200, got)
    end)

    it("by both ends at once: 491, and again after a while (14.1)", function()
      pair.answers(bob)
      local near, far = connect()
      local got, seen = {}, {}
      alice:on(491, function() seen[#seen + 1] = "unasked" end)
      alice:on(491, { all = true }, function() seen[#seen + 1] = "asked" end)
      local began = net:now()
      near:reinvite({}, function(res) got[1] = res.code; got.near = net:now() - began end)
      far:reinvite({}, function(res) got[2] = res.code; got.far = net:now() - began end)
      net:settle()
      assert.equal(200, got[1])
      assert.equal(200, got[2])
      assert.is_true(got.far <= 2.01)
      assert.is_true(got.near >= 2.1 and got.near <= 4.01)
      assert.same({ "asked" }, seen)
      assert.equal("connected", near.state)
    end)

    -- What bob sent and got: methods of requests, statuses of answers.
    local function flow_at_bob()
      local kinds = {}
      for _, one in ipairs(net:messages()) do
        kinds[#kinds + 1] = one.bytes:match "^SIP/2.0 (%d+)" or one.bytes:match "^%u+"
      end
      return table.concat(kinds, " ")
    end

    it("right after the answer: it waits for the ACK (14.1)", function()
      net:link(alice, bob, { delay = 40 })
      local got
      bob:on("INVITE", function(req)
        local call = assert(req:answer())
        got = table.pack(call:reinvite())
      end)
      assert(alice:call(bob))
      net:advance "1s"
      assert.equal(200, got[1].code)
      assert.equal("INVITE 200 ACK INVITE 200 ACK", flow_at_bob())
    end)

    it("right after an answer whose ACK never comes: not at all", function()
      local got
      bob:on("INVITE", function(req)
        local call = assert(req:answer())
        net:cut(alice, bob)
        got = table.pack(call:reinvite())
      end)
      alice:request("INVITE", bob)
      net:settle()
      assert.is_nil(got[1])
      assert.equal("hangup", got[2].kind)
      assert.equal(0, net:count { method = "INVITE", from = bob })
    end)

    it("twice at once by one end: one after the other (14.1)", function()
      pair.answers(bob)
      local near = connect()
      local done = {}
      for at = 1, 3 do near:reinvite(function(res) done[at] = res.code end) end
      net:settle()
      assert.same({ 200, 200, 200 }, done)
      assert.matches("INVITE 200 ACK INVITE 200 ACK INVITE 200 ACK$", flow_at_bob())
    end)

    it("by one end while it has to answer the other: afterwards (14.1)", function()
      pair.answers(bob)
      local near, far = connect()
      local got
      far:on("INVITE", function(req)
        far:reinvite(function(res) got = res.code end)
        net:sleep "1s"
        req:reject(488)
      end)
      near:reinvite(function() end)
      net:settle()
      assert.equal(200, got)
      assert.matches("INVITE 100 488 ACK INVITE 200 ACK$", flow_at_bob())
    end)

    it("unless it is cancelled, or the call ends, while it waits its turn", function()
      bob:on("INVITE", function(req)
        local call = assert(req:answer())
        local cancelled = call:request("INVITE")
        local left = call:request("INVITE")
        assert(cancelled:cancel())
        assert.equal("cancelled", cancelled.error.kind)
        call:hangup()
        assert.equal("hangup", left.error.kind)
      end)
      alice:request("INVITE", bob)
      net:settle()
      assert.equal("INVITE 200 ACK BYE 200", flow_at_bob())
    end)

    it("not for ever: after five retries a 491 is an answer", function()
      pair.answers(bob)
      local near, far = connect()
      local count = 0
      far:on("INVITE", function(req) count = count + 1; req:reject(491) end)
      local res, err = near:reinvite()
      assert.is_nil(res)
      assert.equal(491, err.code)
      assert.equal(6, count)
    end)

    it("and tries no more when the call has ended", function()
      pair.answers(bob)
      local near, far = connect()
      far:on("INVITE", function(req) req:reject(491) end)
      local got
      near:reinvite(function(_, err) got = err.kind end)
      net:advance "1s"
      near:hangup()
      net:settle()
      assert.equal("hangup", got)
      assert.equal(1, net:count { method = "INVITE", code = 491 })
    end)

    it("without an offer: the answerer offers what it last said (14.2)", function()
      pair.answers(bob)
      local near, far = connect()
      local before = far.local_sdp
      near:request("INVITE"):wait()
      net:advance(1)
      assert.equal(before, far.local_sdp)
    end)
  end)

  describe("carries requests both ways", function()
    it("and tells its own handler of the ACK of its 200 (13.3.1.4)", function()
      local heard = {}
      bob:on("INVITE", function(req)
        local call = assert(req:answer())
        call:on("ACK", function(ack) heard[#heard + 1] = ack.method end)
        call:wait_end()
      end)
      local near = assert(alice:call(bob))
      net:advance(1)
      assert.same({ "ACK" }, heard)
      near:hangup()
      net:settle()
      assert(alice:call(bob)):hangup() -- the next call has its own handler
      net:settle()
      assert.same({ "ACK", "ACK" }, heard)
    end)

    local methods <const> = { "INFO", "MESSAGE", "OPTIONS", "NOTIFY", "SUBSCRIBE",
                              "REFER",
                              "PUBLISH", "REGISTER", "UPDATE", "EXAMPLE" }
    local defaults <const> = { OPTIONS = 200, SUBSCRIBE = 489, NOTIFY = 489, REFER = 603,
                               UPDATE = 200, EXAMPLE = 501 }
    for _, method in ipairs(methods) do
      it(method .. ": to the call's handler, then the agent's, then the default",
        function()
        pair.answers(bob)
        local near, far = connect()
        local function ask(from)
          local res, err = from:request(method, { headers = { ["X-A"] = "1" } }):wait()
          return res and res.code or err.code
        end
        for _, one in ipairs { { near, far, bob }, { far, near, alice } } do
          local from, to, agent = table.unpack(one)
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
      pair.answers(bob)
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
end)
