-- SPDX-License-Identifier: MIT
--
-- What a proxy checks before it forwards (RFC 3261 16.3, RFC 5393 4.2.2, 5.3.3), and what
-- it does not.

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local TO <const> = "10.0.0.21"

-- The status that refuses it, and the header of that reply.
local function check(text, aimed)
  local r <const> = relay.new()
  r:deliver(text)
  local event <const> = assert(r.net:event "request", "it was not handed up")
  r.transaction = event.transaction
  return r.net.engine:proxy_check(r.transaction, aimed), r
end

describe("before a request is forwarded", function()
  it("its Request-URI has a scheme that is known (16.3 item 2)", function()
    for _, uri in ipairs { "sip:a@b", "sips:a@b", "tel:+49301" } do
      assert.same(0, (check(messages.invite { uri = uri })))
    end
    for _, uri in ipairs { "http://a/b", "mailto:a@b", "urn:service:sos" } do
      assert.same(416, (check(messages.invite { uri = uri })))
    end
  end)

  it("Max-Forwards is not used up (16.3 item 3, figure 64)", function()
    for hops = 0, 255 do
      local status <const> = check(messages.invite { max_forwards = hops })
      assert.same(hops == 0 and 483 or 0, status, hops)
    end
    assert.same(0, (check((messages.invite():gsub("Max%-Forwards: 70\r\n", "")))))
  end)

  it("no proxy is required to know what we do not (16.3 item 5)", function()
    local r <const> = relay.new()
    r:receive("invite", { lines = { "Proxy-Require: foo", "Proxy-Require: bar,baz" } })
    local status <const>, lines = r.net.engine:proxy_check(r.transaction)
    assert.same(420, status)
    assert.same({ "Unsupported", "foo, bar, baz" }, lines)
    assert.same(0, (check(messages.invite { lines = { "Require: foo" } })))
    assert.same(0, (check(messages.invite { lines = { "Proxy-Require:" } })))
  end)

  it("it has breadth left (RFC 5393 5.3.3)", function()
    assert.same(440, (check(messages.invite { lines = { "Max-Breadth: 0" } })))
    assert.same(440, (check(messages.invite { lines = { "Max-Breadth: 000" } })))
    for _, value in ipairs { "1", "60", "61", "99999999999999999999", "none" } do
      assert.same(0, (check(messages.invite { lines = { "Max-Breadth: " .. value } })))
    end
  end)

  it("no Route of its own takes it past us where a script aims it", function()
    local foreign <const> = { lines = { "Route: <sip:10.0.0.1;lr>, <sip:far;lr>" } }
    local ours <const> = { lines = { "Route: <sip:10.0.0.1;lr>, <sip:10.0.0.1:5060;lr>" } }
    assert.same(403, (check(messages.invite(foreign), true)))
    assert.same(0, (check(messages.invite(foreign), false)))
    assert.same(0, (check(messages.invite(ours), true)))
  end)

  it("merged requests are no concern of a proxy's (16.3: MUST NOT)", function()
    local r <const> = relay.new()
    r:invite { "sip:bob@" .. TO }
    r:receive("invite", { branch = "z9hG4bKmerged" })
    assert.same(0, r.net.engine:proxy_check(r.transaction))
    assert.is_true(r:proxy { "sip:bob@" .. TO })
    assert.same(2, #r:sent_to(TO, "INVITE"))
  end)
end)

describe("loops and spirals (RFC 5393 4.2)", function()
  -- What our proxy sent comes back by way of others: `change` is what they did to it.
  local function back(change)
    local r <const> = relay.new()
    r:invite { "sip:bob@" .. TO }
    local text = r:last_to(TO)
    text = text:gsub("Via: ", "Via: SIP/2.0/UDP 10.0.0.33;branch=z9hG4bKother\r\nVia: ", 1)
    text = change and change(text) or text
    r:deliver(text, { ip = "10.0.0.33" })
    local event <const> = r.net:event "request"
    return (r.net.engine:proxy_check(event.transaction))
  end

  it("a request that comes back as it was is a loop: 482", function()
    -- The far end sends it to the address it had here.
    assert.same(482, back(function(text)
      return (text:gsub("^INVITE %S+", "INVITE sip:bob@10.0.0.1"))
    end))
  end)

  it("one that comes back for another address is a spiral", function()
    assert.same(0, back())
    assert.same(0, back(function(text)
      return (text:gsub("^INVITE %S+", "INVITE sip:carol@10.0.0.1"))
    end))
  end)

  it("a spiral is one with other Route, Proxy-Require or credentials, too", function()
    for _, line in ipairs { "Route: <sip:10.0.0.1;lr>", "Proxy-Authorization: Digest a=\"b\"",
      "Proxy-Require: x" } do
      local status <const> = back(function(text)
        return (text:gsub("^INVITE %S+", "INVITE sip:bob@10.0.0.1")
          :gsub("\r\nCSeq", "\r\n" .. line .. "\r\nCSeq"))
      end)
      assert.not_same(482, status)
    end
  end)

  it("other Vias, hops, breadth and ways are the same loop", function()
    assert.same(482, back(function(text)
      return (text:gsub("^INVITE %S+", "INVITE sip:bob@10.0.0.1")
        :gsub("Max%-Forwards: %d+", "Max-Forwards: 3"):gsub("Max%-Breadth: %d+", "Max-Breadth: 2")
        :gsub("\r\nCSeq", "\r\nRecord-Route: <sip:x;lr>\r\nX-New: 1\r\nCSeq"))
    end))
  end)

  it("the branch has a part of its own for each branch, and one that they share", function()
    local r <const> = relay.new()
    r:invite { "sip:a@10.0.0.21", "sip:b@10.0.0.22" }
    local one, two = messages.branch(r:last_to "10.0.0.21"), messages.branch(r:last_to "10.0.0.22")
    assert.not_equal(one, two)
    assert.same(one:sub(-13), two:sub(-13))
    assert.same("z9hG4bK", one:sub(1, 7))
    assert.same(7 + 16 + 13, #one)
  end)

  it("nobody else's Via is taken for ours, however odd (4.2.4)", function()
    local r <const> = relay.new()
    r:deliver(messages.invite { vias = { "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKa",
      "SIP/2.0/UDP 10.0.0.1;x;branch=\"q\";y=\"a;b\"", "SIP/3.0/x 10.0.0.1;branch", "gibberish" } })
    local event <const> = r.net:event "request"
    if event then assert.same(0, (r.net.engine:proxy_check(event.transaction))) end
  end)

  it("bug class 29: two addresses that fork to each other make no storm", function()
    -- RFC 5393 3: a@P and b@P each fork to both. Every request that P sends comes back to it.
    local r <const> = relay.new()
    local seen = 0
    local function serve()
      while true do
        local event
        for _, one in ipairs(r.net.events) do
          if one.kind == "request" and not one.served then
            event = one
            break
          end
        end
        if not event then return end
        event.served = true
        r.transaction = event.transaction
        local status <const> = r.net.engine:proxy_check(r.transaction)
        if status ~= 0 then
          r.net.engine:reply(r.transaction, status)
          r.net:collect()
        else
          r:proxy { { uri = "sip:a@10.0.0.1" }, { uri = "sip:b@10.0.0.1" } }
        end
      end
    end
    r:receive("options", { uri = "sip:a@10.0.0.1", max_forwards = 70 })
    local at = 1
    repeat
      serve()
      local packet <const> = r.net.sent[at]
      at = at + 1
      if packet then
        seen = seen + 1
        assert.is_true(seen < 2000, "a storm")
        if packet.to == "10.0.0.1:5060" then r:deliver(packet.text, { ip = "10.0.0.1" }) end
      end
    until not packet
    local requests = #r:sent_to("10.0.0.1", "OPTIONS")
    -- At most 2 * Max-Breadth, and no more than loop detection lets through: a, b, ab, ba ...
    assert.is_true(requests <= 120, requests .. " requests")
    assert.same(1, #r:sent_to("10.0.0.9"))
  end)
end)
