-- SPDX-License-Identifier: MIT
-- CANCEL against everything it can cross (RFC 3261 9), with and without reliable provisional
-- responses, and what was lost of it; and the reasons that are given (RFC 3326).

local pair <const> = require "spec.support.pair"

describe("a CANCEL", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  -- Bob rings and answers after a second; alice gives up at that instant, or so.
  local function race(at, options)
    options = options or {}
    net:link(alice, bob, { delay = 50 })
    local ends <const> = {}
    bob:on("INVITE", function(req)
      if options.early then req:progress { sdp = true } else req:ring() end
      net:sleep(options.answers or "1s")
      local call <const>, err <const> = req:answer()
      ends.bob = call and call:wait_end() or err
    end)
    local call <const> = alice:start_call(bob)
    net:advance(at)
    call:hangup { reason = 'SIP;cause=200;text="Call completed elsewhere"' }
    net:settle()
    ends.alice = call.why
    return ends
  end

  for _, early in ipairs { false, true } do
    local title <const> = early and ", after a reliable 183" or ""
    it("before the answer ends the call with 487, and its Reason arrives" .. title, function()
      local ends <const> = race("500ms", { early = early })
      assert.same({ "hangup", "cancelled" }, { ends.alice.kind, ends.bob.kind })
      assert.same({ 1, 0, 0 }, {
        net:count { method = "INVITE", code = 487, retransmissions = false },
        net:count { method = "INVITE", code = 200 }, net:count { method = "BYE" } })
      assert.equal(0, (net:live()))
    end)

    it("that crosses the 200: ACK and BYE, and no 487 (9.1, 15)" .. title, function()
      local ends <const> = race("1.06s", { early = early })
      assert.same({ "hangup", "hangup" }, { ends.alice.kind, ends.bob.kind })
      local function once(filter)
        filter.retransmissions = false
        return net:count(filter)
      end
      assert.same({ 1, 1, 1, 1, 0 }, { once { method = "CANCEL", code = 200 },
        once { method = "INVITE", code = 200 }, once { method = "ACK" },
        once { method = "BYE", code = 200 }, once { method = "INVITE", code = 487 } })
      assert.equal(0, (net:live()))
    end)
  end

  it("gives the callee its Reason (RFC 3326)", function()
    local why
    bob:on("INVITE", function(req)
      req:ring()
      why = req.call:wait_end()
    end)
    local call <const> = alice:start_call(bob)
    net:advance "1s"
    call:hangup { reason = 'SIP;cause=200;text="Call completed elsewhere"' }
    net:advance "1s"
    assert.same({ "cancelled", 'SIP;cause=200;text="Call completed elsewhere"' },
      { why.kind, why.header })
  end)

  it("and a BYE give theirs both ways", function()
    pair.answers(bob)
    local near <const>, far <const> = pair.connect(net, alice, bob)
    near:hangup { reason = "Q.850;cause=16" }
    net:advance "1s"
    assert.equal("Q.850;cause=16", far.why.header)
    local again <const>, other <const> = pair.connect(net, alice, bob)
    other:hangup { reason = "Q.850;cause=31" }
    net:advance "1s"
    assert.equal("Q.850;cause=31", again.why.header)
  end)

  it("before any response waits for one (9.1)", function()
    bob:on("INVITE", function(req)
      net:sleep "2s"
      req:ring()
    end)
    local call <const> = alice:start_call(bob)
    call:hangup()
    net:advance "100ms"
    assert.equal(0, net:count { method = "CANCEL" })
    net:settle()
    assert.equal(1, net:count { method = "CANCEL", code = 200, retransmissions = false })
  end)

  for name, lost in pairs { ["itself"] = "^CANCEL", ["of the 487"] = "^SIP/2.0 487",
                            ["of its 200"] = "^SIP/2.0 200.*CSeq: %d+ CANCEL",
                            ["of the ACK"] = "^ACK" } do
    it("survives the loss " .. name, function()
      local count = 0
      net:drop(function(bytes)
        count = count + (bytes:find(lost) and 1 or 0)
        return bytes:find(lost) and count <= 2
      end)
      local ends <const> = race("500ms", { answers = "10s" })
      assert.is_true(count > 2)
      assert.same({ "hangup", "cancelled" }, { ends.alice.kind, ends.bob.kind })
      assert.equal(0, (net:live()))
    end)
  end

  for name, lost in pairs { ["of the 200"] = "^SIP/2.0 200.*CSeq: %d+ INVITE",
                            ["of the ACK"] = "^ACK", ["of the BYE"] = "^BYE",
                            ["of the CANCEL"] = "^CANCEL" } do
    it("that crosses the 200 survives the loss " .. name, function()
      local count = 0
      net:drop(function(bytes)
        count = count + (bytes:find(lost) and 1 or 0)
        return bytes:find(lost) and count <= 2
      end)
      local ends <const> = race "1.06s"
      assert.same({ "hangup", "hangup" }, { ends.alice.kind, ends.bob.kind })
      assert.equal(0, (net:live()))
    end)
  end
end)
