-- SPDX-License-Identifier: MIT
-- Calls that nobody answers, that several could, or that end before they began.

local pair = require "spec.support.pair"

describe("a call", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  describe("that is hung up before the ACK of its 200", function()
    it("waits with the BYE until it comes (15)", function()
      bob:on("INVITE", function(req)
        local call = assert(req:answer())
        call:hangup()
      end)
      alice:call(bob)
      net:settle()
      for _, record in ipairs(net:messages { method = "BYE", from = bob }) do
        assert.is_true(record.at >= net:messages { method = "ACK" }[1].at)
      end
      assert.equal(0, #alice.calls)
      assert.equal(0, #bob.calls)
      assert.equal(1, net:count { method = "BYE", code = 200 })
    end)
  end)

  describe("that is not answered", function()
    for code, kind in pairs { [486] = "busy", [600] = "busy", [480] = "noanswer",
                              [603] = "rejected",
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
      local carol = net:agent("sip:carol@example.com", { media = false })
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

    it("though another 200 came when all was over is acknowledged and ended (13.2.2.4)", function()
      local peer = net:endpoint "10.0.0.77:5060"
      local call = alice:start_call(peer, { sdp = false }) -- whose ACK is ours
      local invite = peer:expect "INVITE"
      call:hangup()
      peer:reply(invite, 180, "Ringing")
      peer:expect "CANCEL"
      for _, tag in ipairs { "one", "two" } do
        peer:send((invite.bytes:gsub("^INVITE [^\r]*", "SIP/2.0 200 OK")
          :gsub("(\r\nTo: [^\r]*)", "%1;tag=" .. tag)
          :gsub("\r\nContact: [^\r]*", "\r\nContact: <sip:10.0.0.77>")))
        assert.truthy(peer:expect("ACK").bytes:find("tag=" .. tag, 1, true))
        assert.truthy(peer:expect("BYE").bytes:find("tag=" .. tag, 1, true))
      end
      net:settle()
      assert.equal(0, #alice.calls)
      assert.equal("", table.concat(net.log_lines, "\n"))
    end)
  end)

  describe("to several targets", function()
    it("tries the next one when one is out of order (RFC 3263 4.3)", function()
      local carol = net:agent("sip:carol@example.com", { media = false })
      bob:on("INVITE", function(req) req:reject(503) end)
      pair.answers(carol)
      local call = assert(alice:call { "sip:x@10.9.9.9;transport=tcp", bob.contact,
        carol.contact })
      assert.equal("connected", call.state)
      assert.equal(1, #carol.calls)
    end)

    it("takes an answer for an answer", function()
      local carol = net:agent("sip:carol@example.com", { media = false })
      pair.answers(carol)
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
        proxy:reply(invite.forked, 200, "OK",
          ("Contact: <sip:%s@10.8.0.1:5060>\r\n"):format(tag))
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
        if one.seen.method == "BYE" then
          byes[one.bytes:match "To: .-;tag=(%w+)"] = true
        end
      end
      assert.equal(2, acks)
      assert.same({ two = true }, byes)
    end)
  end)
end)
