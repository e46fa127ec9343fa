-- SPDX-License-Identifier: MIT
--
-- The call flows of RFC 3665 section 3: real engines at every place, and on each link the
-- messages of the document, in its order.

local sip <const> = require "moonsip"
local test <const> = require "moonsip.test"

local ALICE <const>, P1 <const>, P2 <const>, BOB <const> =
  "10.0.0.10", "10.0.0.1", "10.0.0.2", "10.0.0.20"
local names <const> = { [ALICE] = "A", [P1] = "1", [P2] = "2", [BOB] = "B" }

-- "A>1" -> the kinds of what went that way, copies too.
local function links(net)
  local found = {}
  for _, record in ipairs(net:messages()) do
    local from, to = record.from:match "^(.*):%d+$", record.to:match "^(.*):%d+$"
    local link = names[from] .. ">" .. names[to]
    local what = record.bytes:match "^SIP/2.0 (%d+)" or record.bytes:match "^%S+"
    found[link] = (found[link] and found[link] .. " " or "") .. what
  end
  return found
end

local function two_proxies(options)
  local net = test.net(options or { delay = 60 })
  local alice = net:agent("sip:alice@atlanta.example.com", { address = ALICE,
    credentials = {
      { realm = "atlanta.example.com", username = "alice", password = "secret" },
      { realm = "biloxi.example.com", username = "alice", password = "secret" },
    } })
  local bob = net:agent("sip:bob@biloxi.example.com", { address = BOB })
  local p1 = net:agent("sip:p1@atlanta.example.com", { address = P1,
    domains = { "atlanta.example.com" } })
  local p2 = net:agent("sip:p2@biloxi.example.com", { address = P2,
    domains = { "biloxi.example.com" } })
  net:dns("biloxi.example.com", { P2 })
  return net, alice, bob, p1, p2
end

local function auth(realm)
  return sip.digest { realm = realm, secret = function() return "secret" end }
end

local TO_BOB <const> = "sip:bob@biloxi.example.com"

-- P1 forwards to the domain, P2 to Bob's phone; both stay.
local function outbound(check)
  return function(req)
    if check and not check:check(req, { proxy = true }) then return end
    if check then req:reply(100) end
    return req:forward { req.uri, record_route = true }
  end
end

local function inbound(check)
  return function(req)
    if check and not check:check(req, { proxy = true }) then return end
    return req:forward { "sip:bob@" .. BOB, record_route = true }
  end
end

-- Rings, answers and hangs up, after so long.
local function phone(net, ring, talk)
  return function(req)
    if ring then
      net:sleep(ring)
      req:ring()
      net:sleep(ring)
    end
    local call = req:answer()
    if call and talk then
      net:sleep(talk)
      call:hangup()
    end
  end
end

describe("RFC 3665", function()
  it("3.1 Successful Session Establishment", function()
    local net <close>, alice, bob = two_proxies()
    bob:on("INVITE", phone(net, 0.1, 2))
    local call = assert(alice:call("sip:bob@" .. BOB))
    net:advance "10s"
    assert.equal("ended", call.state)
    assert.same({ ["A>B"] = "INVITE ACK 200", ["B>A"] = "180 200 BYE" }, links(net))
  end)

  it("3.2 Session Establishment Through Two Proxies", function()
    local net <close>, alice, bob, p1, p2 = two_proxies()
    p1:on("INVITE", outbound(auth "atlanta.example.com"))
    p2:on("INVITE", inbound())
    bob:on("INVITE", phone(net, 0.1, 2))
    local call = assert(alice:call(TO_BOB, { routes = "sip:" .. P1 }))
    net:advance "10s"
    assert.equal("ended", call.state)
    assert.same({
      ["A>1"] = "INVITE ACK INVITE ACK 200", ["1>A"] = "407 100 180 200 BYE",
      ["1>2"] = "INVITE ACK 200", ["2>1"] = "100 180 200 BYE",
      ["2>B"] = "INVITE ACK 200", ["B>2"] = "180 200 BYE",
    }, links(net))
    assert.is_true(net:settle())
    assert.equal(0, net:live())
  end)

  it("3.3 Session with Multiple Proxy Authentication", function()
    local net <close>, alice, bob, p1, p2 = two_proxies()
    p1:on("INVITE", outbound(auth "atlanta.example.com"))
    p2:on("INVITE", inbound(auth "biloxi.example.com"))
    bob:on("INVITE", function(req)
      net:sleep(0.15)
      return req:answer()
    end)
    local call = assert(alice:call(TO_BOB, { routes = "sip:" .. P1 }))
    assert.equal("connected", call.state)
    net:advance "1s"
    assert.same({
      ["A>1"] = "INVITE ACK INVITE ACK INVITE ACK", ["1>A"] = "407 100 407 100 200",
      ["1>2"] = "INVITE ACK INVITE ACK", ["2>1"] = "407 100 200",
      ["2>B"] = "INVITE ACK", ["B>2"] = "200",
    }, links(net))
    local last = net:messages({ method = "INVITE", to = BOB })[1].bytes
    local count = 0
    for realm in last:gmatch "Proxy%-Authorization: [^\r]*realm=\"([%w.]+)\"" do
      count = count + (realm:find "example.com" and 1 or 0)
    end
    assert.equal(2, count)
  end)

  it("3.4 Successful Session with Proxy Failure", function()
    local net <close>, alice, bob, _, p2 = two_proxies { delay = 60 }
    net:cut(alice, P1)
    p2:on("INVITE", inbound(auth "biloxi.example.com"))
    bob:on("INVITE", phone(net, 0.1, 2))
    local call = assert(alice:call {
      { uri = TO_BOB, routes = "sip:" .. P1 }, { uri = TO_BOB, routes = "sip:" .. P2 },
    })
    net:advance "10s"
    assert.equal("ended", call.state)
    assert.same({
      ["A>1"] = "INVITE INVITE INVITE INVITE INVITE INVITE INVITE",
      ["A>2"] = "INVITE ACK INVITE ACK 200", ["2>A"] = "407 100 180 200 BYE",
      ["2>B"] = "INVITE ACK 200", ["B>2"] = "180 200 BYE",
    }, links(net))
  end)

  it("3.5 Session Through a SIP ALG", function()
    local net <close>, alice, bob, p1, p2 = two_proxies()
    p1:on("INVITE", outbound()) -- the ALG stays, the proxy behind it does not
    p2:on("INVITE", function(req) return req:forward { "sip:bob@" .. BOB } end)
    bob:on("INVITE", phone(net, 0.1))
    local call = assert(alice:call(TO_BOB, { routes = "sip:" .. P1 }))
    net:advance "1s"
    call:hangup()
    net:advance "1s"
    assert.same({
      ["A>1"] = "INVITE ACK BYE", ["1>A"] = "100 180 200 200",
      ["1>2"] = "INVITE", ["2>1"] = "100 180 200",
      ["2>B"] = "INVITE", ["B>2"] = "180 200",
      ["1>B"] = "ACK BYE", ["B>1"] = "200",
    }, links(net))
  end)

  it("3.6 Session via Redirect and Proxy Servers with SDP in ACK", function()
    local net <close>, alice, bob, p1, p2 = two_proxies()
    p1:on("INVITE", function(req) return req:redirect("sip:bob@" .. P2) end)
    p2:on("INVITE", inbound())
    bob:on("INVITE", phone(net, 0.1, 2))
    local call, err = alice:call("sip:bob@" .. P1, { sdp = false })
    assert.is_nil(call)
    assert.equal(302, err.code)
    call = assert(alice:call(err.response.contact.uri, { sdp = false }))
    net:advance "10s"
    assert.equal("ended", call.state)
    assert.same({
      ["A>1"] = "INVITE ACK", ["1>A"] = "302",
      ["A>2"] = "INVITE ACK 200", ["2>A"] = "100 180 200 BYE",
      ["2>B"] = "INVITE ACK 200", ["B>2"] = "180 200 BYE",
    }, links(net))
    assert.truthy(net:messages({ method = "ACK", to = BOB })[1].bytes:find "m=audio")
  end)

  it("3.7 Session with re-INVITE (IP Address Change)", function()
    local net <close>, alice, bob, _, p2 = two_proxies()
    p2:on("INVITE", function(req) return req:forward { "sip:bob@" .. BOB } end)
    bob:on("INVITE", phone(net, 0.1))
    local call = assert(alice:call(TO_BOB))
    net:advance "1s"
    assert(bob.calls[1]:reinvite())
    net:advance "1s"
    call:hangup()
    net:advance "1s"
    assert.same({
      ["A>2"] = "INVITE", ["2>A"] = "100 180 200",
      ["2>B"] = "INVITE", ["B>2"] = "180 200",
      ["A>B"] = "ACK 200 BYE", ["B>A"] = "INVITE ACK 200",
    }, links(net))
  end)

  it("3.8 Unsuccessful No Answer", function()
    local net <close>, alice, bob, p1, p2 = two_proxies()
    p1:on("INVITE", outbound())
    p2:on("INVITE", inbound())
    bob:on("INVITE", function(req)
      net:sleep(0.15)
      req:ring()
      net:sleep "60s"
    end)
    local call, err = alice:call(TO_BOB, { routes = "sip:" .. P1, ring = "5s" })
    assert.is_nil(call)
    assert.equal("noanswer", err.kind)
    net:advance "5s"
    assert.same({
      ["A>1"] = "INVITE CANCEL ACK", ["1>A"] = "100 180 200 487",
      ["1>2"] = "INVITE CANCEL ACK", ["2>1"] = "100 180 200 487",
      ["2>B"] = "INVITE CANCEL ACK", ["B>2"] = "180 200 487",
    }, links(net))
  end)

  -- Bob refuses after a while: what comes back, hop by hop.
  local function refused(status, rings)
    local net <close>, alice, bob, p1, p2 = two_proxies()
    p1:on("INVITE", outbound())
    p2:on("INVITE", inbound())
    bob:on("INVITE", function(req)
      net:sleep(0.15)
      if rings then
        req:ring()
        net:sleep "5s"
      end
      return req:reply(status)
    end)
    local call, err = alice:call(TO_BOB, { routes = "sip:" .. P1 })
    assert.is_nil(call)
    assert.equal(status, err.code)
    net:advance "1s"
    return links(net)
  end

  it("3.9 Unsuccessful Busy", function()
    assert.same({
      ["A>1"] = "INVITE ACK", ["1>A"] = "100 486", ["1>2"] = "INVITE ACK", ["2>1"] = "100 486",
      ["2>B"] = "INVITE ACK", ["B>2"] = "486",
    }, refused(486))
  end)

  it("3.10 Unsuccessful No Response from User Agent", function()
    local net <close>, alice, _, p1, p2 = two_proxies()
    net:cut(p2, BOB)
    p1:on("INVITE", outbound())
    p2:on("INVITE", function(req)
      local _, err = req:proxy { "sip:bob@" .. BOB, record_route = true }
      return req:reply(err.code == 408 and 480 or err, "No Response")
    end)
    local call, err = alice:call(TO_BOB, { routes = "sip:" .. P1, ring = "60s" })
    assert.is_nil(call)
    assert.equal(480, err.code)
    assert.equal("No Response", err.reason)
    net:advance "1s"
    assert.same({
      ["A>1"] = "INVITE ACK", ["1>A"] = "100 480", ["1>2"] = "INVITE ACK", ["2>1"] = "100 480",
      ["2>B"] = "INVITE INVITE INVITE INVITE INVITE INVITE INVITE",
    }, links(net))
  end)

  it("3.11 Unsuccessful Temporarily Unavailable", function()
    assert.same({
      ["A>1"] = "INVITE ACK", ["1>A"] = "100 180 480", ["1>2"] = "INVITE ACK",
      ["2>1"] = "100 180 480", ["2>B"] = "INVITE ACK", ["B>2"] = "180 480",
    }, refused(480, true))
  end)
end)
