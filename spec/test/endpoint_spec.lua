-- SPDX-License-Identifier: MIT
--
-- The wire of the test network, between two peers made by hand: datagrams and
-- connections without any SIP in between.

local test <const> = require "moonsip.test"

describe("datagrams of a test network", function()
  local function pair(options)
    local net = test.net(options)
    return net, net:endpoint "10.0.0.1:5060", net:endpoint "[fd00::2]:5070"
  end

  it("take their time and arrive byte for byte", function()
    local net <close>, a, b = pair { delay = 30 }
    a:send("x\r\n\0\255", "[fd00::2]:5070")
    local got = assert(b:expect())
    assert.equal("x\r\n\0\255", got.bytes)
    assert.equal("10.0.0.1:5060", got.from)
    assert.equal(30, got.at)
    b:send "back"
    assert.equal("back", a:expect().bytes)
    assert.equal(0.06, net:now())
  end)

  it("are lost where nobody is, and in a cut network, and the ladder says so", function()
    local net <close>, a, b = pair()
    a:send("to nobody", "10.9.9.9:5060")
    a:send("to a closed port", "[fd00::2]:9")
    net:cut(a, b)
    a:send("into the cut", b.address)
    net:settle()
    net:heal()
    a:send("whole again", b.address)
    assert.equal("whole again", b:expect().bytes)
    local why = {}
    for at, record in ipairs(net:messages()) do why[at] = record.lost or "arrived" end
    assert.same({ "unreachable", "unreachable", "cut", "arrived" }, why)
    assert.equal(3, net:count { lost = true })
    assert.truthy(net:ladder():find("12 bytes cut -", 1, true), net:ladder())
  end)

  it("follow the settings of their own hop, in one direction or both", function()
    local net <close>, a, b = pair { delay = 10 }
    net:link(a, b, { delay = 50, one_way = true })
    a:send("there", b.address)
    assert.equal(50, b:expect().at)
    b:send "back"
    assert.equal(60, a:expect().at)
    net:link(a, b, { loss = 1 })
    b:send "lost"
    a:send("lost", b.address)
    net:settle()
    assert.equal(2, net:count { lost = true })
  end)

  it("cut around one host leave the others alone", function()
    local net <close>, a, b = pair()
    local c = net:endpoint "10.0.0.3:5060"
    net:cut(a)
    b:send("x", c.address)
    assert.truthy(c:expect())
    a:send("x", c.address)
    assert.is_nil((c:expect(nil, 100)))
    net:heal(a, c)
    a:send("y", c.address)
    assert.equal("y", c:expect().bytes)
  end)

  it("come twice and out of order as chance has it", function()
    local net <close>, a, b = pair { duplicate = 0.2, reorder = 0.2, delay = 5, seed = 3 }
    for at = 1, 500 do
      a:send(tostring(at), b.address)
      net:advance(0.002)
    end
    net:settle()
    local copies, late, last = 0, 0, 0
    local seen = {}
    for _, one in ipairs(b.received) do
      local at = tonumber(one.bytes)
      if seen[at] then copies = copies + 1 elseif at < last then late = late + 1 end
      seen[at], last = true, math.max(last, at)
    end
    assert.equal(500, #seen)
    assert.near(100, copies, 30)
    assert.near(100, late, 30)
  end)
end)

describe("connections of a test network", function()
  it("carry bytes in order and without loss, on the way the first one opened", function()
    local net <close> = test.net { loss = 0.5, reorder = 0.5, delay = { 1, 100 } }
    local a, b = net:endpoint "tcp:10.0.0.1:5060", net:endpoint "tcp:10.0.0.2:5060"
    local sent = {}
    for at = 1, 50 do
      sent[at] = tostring(at)
      a:send(sent[at], "10.0.0.2:5060")
    end
    net:settle()
    local got = {}
    for at, one in ipairs(b.received) do got[at] = one.bytes end
    assert.same(sent, got)
    local from = assert(b:expect()).from
    assert.truthy(from:find "^10%.0%.0%.1:49152$")
    b:send "back"
    assert.equal("back", a:expect().bytes)
  end)

  it("are refused where nobody listens, and time out where nobody is", function()
    local net <close> = test.net { delay = 10 }
    local a = net:endpoint "tcp:10.0.0.1:5060"
    net:endpoint "10.0.0.2:5060"
    a:send("x", "10.0.0.2:5060")
    net:settle()
    assert.equal("ECONNREFUSED", a.closed)
    assert.equal(0.02, net:now())
    a:send("x", "10.0.0.3:5060")
    net:settle()
    assert.equal("ETIMEDOUT", a.closed)
    assert.equal(4.02, net:now())
    assert.same({ "ECONNREFUSED", "ETIMEDOUT" },
      { net:messages()[1].lost, net:messages()[2].lost })
  end)

  it("hold what is sent into a cut until it is healed", function()
    local net <close> = test.net()
    local a, b = net:endpoint "tcp:10.0.0.1:5060", net:endpoint "tcp:10.0.0.2:5060"
    a:send("1", "10.0.0.2:5060")
    assert.equal("1", b:expect().bytes)
    net:cut(a, b)
    a:send("2", "10.0.0.2:5060")
    a:send("3", "10.0.0.2:5060")
    net:advance "1m"
    assert.equal(0, #b.received)
    net:heal(a, b)
    assert.equal("2", b:expect().bytes)
    assert.equal("3", b:expect().bytes)
  end)

  it("tell the other side of their end after the last byte", function()
    local net <close> = test.net()
    local a, b = net:endpoint "tcp:10.0.0.1:5060", net:endpoint "tcp:10.0.0.2:5060"
    a:send("last words", "10.0.0.2:5060")
    a:disconnect()
    net:settle()
    assert.equal("last words", b:expect().bytes)
    assert.equal("EOF", b.closed)
  end)
end)

describe("an endpoint", function()
  it("waits for a method, a status, a class, a filter or a function", function()
    local net <close> = test.net()
    local a, b = net:endpoint "10.0.0.1:5060", net:endpoint "10.0.0.2:5060"
    for _, line in ipairs {
      "SIP/2.0 100 Trying", "SIP/2.0 183 Progress", "SIP/2.0 200 OK", "BYE sip:a SIP/2.0",
      "hello",
    } do
      b:send(line .. "\r\nCSeq: 1 INVITE\r\n\r\n", a.address)
    end
    assert.equal(100, a:expect("1xx").seen.code)
    assert.equal(200, a:expect(200).seen.code)
    assert.equal("BYE", a:expect("BYE").seen.method)
    assert.truthy(a:expect(function(bytes) return bytes:find "hello" end))
    local nothing, err = a:expect({ class = "4xx" }, 50)
    assert.is_nil(nothing)
    assert.equal("timeout", err.kind)
  end)

  it("answers with what a response copies from its request (RFC 3261 8.2.6.2)", function()
    local net <close> = test.net()
    local a, b = net:endpoint "10.0.0.1:5060", net:endpoint "10.0.0.2:5060"
    a:send("OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
      .. "From: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 7 OPTIONS\r\n"
      .. "Contact: <sip:a>\r\n\r\n", b.address)
    b:reply(b:expect "OPTIONS", 486, "Busy Here", "Retry-After: 5\r\n", "why")
    local got = a:expect(486)
    assert.equal("SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n"
      .. "From: <sip:a>;tag=1\r\nTo: <sip:b>;tag=100025060\r\nCall-ID: 1\r\n"
      .. "CSeq: 7 OPTIONS\r\nRetry-After: 5\r\nContent-Length: 3\r\n\r\nwhy", got.bytes)
  end)

  it("does not take an address that somebody has", function()
    local net <close> = test.net()
    net:endpoint "10.0.0.1:5060"
    assert.has_error(function() net:endpoint "10.0.0.1:5060" end)
    assert.truthy(net:endpoint "10.0.0.1:5061")
    assert.truthy(net:endpoint "tcp:10.0.0.1:5060")
  end)
end)
