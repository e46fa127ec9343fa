-- SPDX-License-Identifier: MIT
-- Changes of a session that cross, come too soon or fail (RFC 3261 14, RFC 3311 5, RFC 6141),
-- and who the other side says that it is (RFC 4916).

local descriptions <const> = require "spec.support.descriptions"
local pair <const> = require "spec.support.pair"

local talks <const> = descriptions.talks

describe("changes of a call", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  local function connect(options)
    pair.answers(bob)
    return pair.connect(net, alice, bob, options)
  end

  for _, verbs in ipairs { { "update", "update" }, { "update", "reinvite" },
                           { "reinvite", "update" }, { "reinvite", "reinvite" } } do
    it(("that cross, %s and %s: 491, and again, the caller later (14.1)"):format(verbs[1],
      verbs[2]), function()
      local near <const>, far <const> = connect()
      local done <const>, began <const> = {}, net:now()
      near[verbs[1]](near, { sdp = talks(5000) }, function(res)
        done.near, done.near_at = res.code, net:now() - began
      end)
      far[verbs[2]](far, { sdp = talks(6000) }, function(res)
        done.far, done.far_at = res.code, net:now() - began
      end)
      net:settle()
      assert.same({ 200, 200 }, { done.near, done.far })
      assert.is_true(net:count { code = 491 } >= 1)
      assert.is_true(done.far_at <= 2.1 and done.near_at <= 4.1)
      assert.same({ "connected", "connected" }, { near.state, far.state })
    end)
  end

  it("that come before the one before them is answered: 500, and again when that says so "
    .. "(RFC 3311 5.2)", function()
    local near <const>, far <const> = connect()
    local seen = 0
    far:on("UPDATE", function(req)
      seen = seen + 1
      if seen == 1 then net:sleep "3s" end
      req:answer()
    end)
    local codes <const> = {}
    near:request("UPDATE", { body = talks(5000) }):wait(function(res) codes[1] = res.code end)
    near:request("UPDATE"):wait(function(_, err)
      codes[2], codes.after = err.code, tonumber(err.response.headers["Retry-After"])
    end)
    net:advance "10s"
    assert.same({ 200, 500 }, { codes[1], codes[2] })
    assert.is_true(codes.after >= 0 and codes.after <= 10)
  end)

  it("are tried again after the Retry-After of a 500, five times at most", function()
    local near <const>, far <const> = connect()
    local times <const> = {}
    far:on("INVITE", function(req)
      times[#times + 1] = net:now()
      req:reply(500, { ["Retry-After"] = 4 })
    end)
    local err
    near:reinvite({}, function(_, why) err = why end)
    net:advance "1m"
    assert.equal(500, err.code)
    assert.equal(6, #times)
    assert.is_true(times[2] - times[1] >= 4 and times[2] - times[1] < 4.1)
    assert.same({ "connected", "connected" }, { near.state, far.state })
  end)

  it("that fail leave the session as it was, and the target where it moved (RFC 6141 3.4, 4.3)",
    function()
    local near <const>, far <const> = connect()
    local before <const> = { near.local_sdp, near.remote_sdp }
    far:on("INVITE", function(req)
      req:progress { sdp = true }
      net:sleep "1s"
      req:reject(488)
    end)
    local res <const>, err <const> = near:reinvite { sdp = talks(5000) }
    assert.is_nil(res)
    assert.equal(488, err.code)
    assert.same(before, { near.local_sdp, near.remote_sdp })
    assert.same({ before[2], before[1] }, { far.local_sdp, far.remote_sdp })
  end)

  for _, method in ipairs { "INVITE", "UPDATE" } do
    for _, lost in ipairs { "^" .. method, "^SIP/2.0 200.*CSeq: %d+ " .. method, "^ACK" } do
      it(("survive the loss of %s in %s"):format(lost:gsub("[%^%%]", ""), method), function()
        local near <const>, far <const> = connect()
        local count = 0
        net:drop(function(bytes)
          count = count + (bytes:find(lost) and 1 or 0)
          return bytes:find(lost) and count <= 2
        end)
        local res <const> = assert(method == "INVITE" and near:reinvite { sdp = talks(5000) }
          or near:update { sdp = talks(5000) })
        net:settle()
        assert.equal(200, res.code)
        assert.equal(5000, far.media.port)
        assert.same({ "connected", "connected" }, { near.state, far.state })
        assert(far:reinvite())
      end)
    end
  end

  describe("of who it is with (RFC 4916)", function()
    for _, verb in ipairs { "update", "reinvite" } do
      it("by " .. verb .. ": From changes, and requests of the other side go there", function()
        local near <const>, far <const> = connect()
        local heard
        near:on("identity", function(call, who) heard = { call, tostring(who.uri) } end)
        assert(far[verb](far, { from = '"Carol" <sip:carol@example.com>', sdp = verb == "update"
          and false or nil }))
        assert.same({ near, "sip:carol@example.com" }, heard)
        assert.same({ "sip:carol@example.com", "Carol" },
          { tostring(near.remote.uri), near.remote.display })
        assert(near:request("OPTIONS"):wait())
        local asked <const> = net:messages { method = "OPTIONS" }[1].bytes
        assert.matches("To: \"Carol\" <sip:carol@example.com>;tag=", asked)
        assert(far:request("INFO", {}):wait(function() end) or true)
        net:advance "1s"
        assert.matches("From: \"Carol\" <sip:carol@example.com>;tag=",
          net:messages { method = "INFO", from = bob }[1].bytes)
        assert.equal("sip:alice@example.com", tostring(far.remote.uri))
      end)
    end

    it("not when the other side refuses it, and not before its 200", function()
      local near <const>, far <const> = connect()
      near:on("UPDATE", function(req) req:reject(488) end)
      local res <const>, err <const> = far:update { from = "carol", sdp = talks(5000) }
      assert.is_nil(res)
      assert.equal(488, err.code)
      far:request "INFO"
      net:advance "1s"
      local asked <const> = net:messages { method = "INFO", from = bob }[1].bytes
      assert.matches("bob@", asked:match "From: [^\r]+")
    end)

    it("not where the other side does not support from-change", function()
      local old <const> = net:agent("sip:old@example.com", { media = false, supported = "timer" })
      pair.answers(bob)
      local near <const> = assert(old:call(bob))
      net:advance(1)
      local res <const>, err <const> = bob.calls[1]:update { from = "carol", sdp = false }
      assert.is_nil(res)
      assert.same({ "invalid", 0 }, { err.kind, net:count { method = "UPDATE" } })
      assert.equal("connected", near.state)
    end)
  end)
end)
