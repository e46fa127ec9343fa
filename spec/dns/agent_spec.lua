-- SPDX-License-Identifier: MIT
--
-- Zones of the test network, a script's own answers, ENUM: names as scripts see them.

local enum <const> = require "moonsip.enum"
local errors <const> = require "moonsip.errors"
local test <const> = require "moonsip.test"

local ZONE <const> = [[
; the example of RFC 3263 4.1, without TLS
example.com.             3600 IN NAPTR 90 50 "s" "SIP+D2T" "" _sip._tcp.example.com.
example.com              NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp.example.com
_sip._tcp.example.com    SRV   10 1 5060 a.example.com
_sip._tcp.example.com    SRV   20 1 5060 b.example.com
_sip._udp.example.com    SRV   10 1 5060 b.example.com
a.example.com            A     10.0.0.2
b.example.com            CNAME c.example.com ; an alias
c.example.com            A     10.0.0.3
c.example.com            AAAA  fd00::3
]]

-- Who answers at 10.0.0.2 and 10.0.0.3.
local function network()
  local net = test.net()
  net:zone(ZONE)
  local alice = net:agent("sip:alice@example.org", { address = { "10.0.1.1", "fd00::1:1" } })
  local function server(name, address)
    local one = net:agent("sip:" .. name .. "@example.com", { address = address })
    one:on("MESSAGE", function(req) return req:reply(one.verdict or 200) end)
    return one
  end
  return net, alice, server("a", "10.0.0.2"), server("b", { "10.0.0.3", "fd00::3" })
end

local function message(agent, uri)
  return agent:request("MESSAGE", uri or "sip:bob@example.com"):wait()
end

local function sent(net)
  local list = {}
  for _, one in ipairs(net:messages { method = "MESSAGE", retransmissions = false }) do
    if not one.bytes:find "^SIP/" then list[#list + 1] = one.transport .. " " .. one.to end
  end
  return list
end

describe("a zone of the test network", function()
  it("leads to servers by NAPTR, SRV, CNAME and A records (RFC 3263 4)", function()
    local net <close>, alice = network()
    assert(message(alice))
    assert.same({ "tcp 10.0.0.2:5060" }, sent(net))
  end)

  it("has the next server tried after a 503, a refusal and silence (4.3)", function()
    local net <close>, alice, a, b = network()
    a.verdict = 503
    assert(message(alice))
    assert.same({ "tcp 10.0.0.2:5060", "tcp 10.0.0.3:5060" }, sent(net))
    b.verdict = 503
    local res, err = message(alice)
    assert.is_nil(res)
    assert.equal(503, err.code)
    net:cut(alice, a)
    b.verdict = 200
    assert(message(alice))
  end)

  it("has several addresses of both families (RFC 7984)", function()
    local net <close>, alice, a, b = network()
    net:cut(alice, a)
    b.verdict = 503
    message(alice)
    local list = sent(net)
    assert.same({ "tcp 10.0.0.2:5060", "tcp 10.0.0.3:5060", "tcp [fd00::3]:5060",
                  "udp 10.0.0.3:5060", "udp [fd00::3]:5060" }, list)
  end)

  it("refuses lines that are no records", function()
    local net <close> = test.net()
    for _, line in ipairs { "a.example", "a.example MX 10 b", "a.example A 10.0.0.256",
      "a SRV 1 2 b", "a SRV 1 2 70000 b", "a NAPTR 1 2 s" } do
      assert.has_error(function() net:zone(line) end)
    end
    net:zone "; nothing\n\n  ; but comments"
  end)

  it("is forgotten, and a name may have nobody who answers for it", function()
    local net <close>, alice = network()
    net:dns("example.com", false)
    local began = net:now()
    local _, err = message(alice)
    assert.same({ "dns", "no answer from the DNS in time" }, { err.kind, err.reason })
    assert.equal(5.0, net:now() - began)
    net:dns("example.com", nil)
    assert(message(alice))
    net:zone(nil)
    _, err = message(alice)
    assert.equal("dns", err.kind)
  end)

  it("gives the same servers for the same seed, and others for another", function()
    local function order(seed)
      local net <close> = test.net { seed = seed }
      local lines = {}
      for at = 1, 8 do
        lines[#lines + 1] = ("_sip._udp.x SRV 1 10 5060 h%d"):format(at)
        lines[#lines + 1] = ("h%d A 10.0.2.%d"):format(at, at)
      end
      net:zone(table.concat(lines, "\n"))
      local alice = net:agent "sip:alice@example.org"
      local texts = {}
      for at, one in ipairs(assert(alice.context and net:resolve "sip:x;transport=udp")) do
        texts[at] = one.ip
      end
      return table.concat(texts, " ")
    end
    assert.equal(order(1), order(1))
    assert.not_equal(order(1), order(2))
  end)
end)

describe("the option failover of an agent", function()
  it("is how long a server of several may be silent", function()
    local net <close> = test.net()
    net:zone(ZONE)
    local alice = net:agent("sip:alice@example.org",
      { listen = "udp::5060", failover = "2s" })
    net:zone "_sip._udp.two.example SRV 1 0 5060 dead\n_sip._udp.two.example SRV 2 0 5060 b"
    net:zone "dead A 10.0.0.77\nb A 10.0.0.3"
    local b = net:agent("sip:b@example.com", { address = "10.0.0.3" })
    b:on("MESSAGE", function(req) return req:reply(200) end)
    assert(message(alice, "sip:bob@two.example"))
    assert.truthy(net:now() < 3)
    assert(message(alice, "sip:bob@two.example")) -- remembered
    assert.truthy(net:now() < 3)
  end)
end)

describe("the option resolve of an agent", function()
  local function with(fn)
    local net = test.net()
    net:zone(ZONE)
    local alice = net:agent("sip:alice@example.org", { resolve = fn })
    local b = net:agent("sip:b@example.com", { address = "10.0.0.3" })
    b:on("MESSAGE", function(req) return req:reply(200) end)
    return net, alice
  end

  it("answers in the place of the DNS", function()
    local asked
    local net <close>, alice = with(function(query)
      asked = query
      return { { ip = "10.0.0.99", transport = "tcp" }, { ip = "10.0.0.3" } }
    end)
    assert(message(alice, "sip:bob@pool.internal"))
    assert.same({ host = "pool.internal", secure = false }, asked)
    assert.same({ "udp 10.0.0.3:5060" }, { sent(net)[#sent(net)] })
  end)

  it("may wait, and may leave a name to the DNS", function()
    local net
    net = nil
    local one <close>, alice = with(function(query)
      net:sleep(1)
      if query.host == "pool.internal" then return { ip = "10.0.0.3" } end
    end)
    net = one
    assert(message(alice, "sip:bob@pool.internal"))
    assert(message(alice, "sip:bob@c.example.com"))
    local _, err = message(alice, "sip:bob@nowhere.example")
    assert.equal("dns", err.kind)
  end)

  it("may fail, also by raising, and may be wrong", function()
    for _, fn in ipairs {
      function() return nil, errors.new("dns", "no such pool") end,
      function() error "oops" end,
      function() return 5 end,
      function() return { { host = "x" } } end,
    } do
      local net <close>, alice = with(fn)
      alice:on("error", function() end)
      local res, err = message(alice)
      assert.is_nil(res)
      assert.equal("dns", err.kind)
      assert.truthy(net)
    end
  end)

  it("is a function", function()
    local net <close> = test.net()
    assert.has_error(function() net:agent("sip:a@b.example", { resolve = "x" }) end)
  end)
end)

describe("ENUM (RFC 6116)", function()
  it("writes a number as a domain, digit by digit from its end (3.2)", function()
    assert.equal("4.3.2.1.5.5.5.e164.arpa", enum.domain("+5551234", "e164.arpa"))
  end)

  it("applies the expression of a record (3.3, RFC 3402 3.2)", function()
    for regexp, expected in pairs {
      ["!^.*$!sip:info@example.com!"] = "sip:info@example.com",
      ["!^\\+49(.*)$!sip:\\1@example.de!"] = "sip:30123@example.de",
      ["!^(\\+49)(3)(.*)$!sip:\\3.\\2.\\1@x!i"] = "sip:0123.3.+49@x",
      ["/^.*$/sip:a@b/"] = "sip:a@b",
      ["!^\\+([0-9]+)$!sip:\\1@x!"] = "sip:4930123@x",
      ["!^.*$!sip:\\0@x!"] = "sip:+4930123@x",
    } do
      assert.equal(expected, enum.rewrite(regexp, "+4930123"), regexp)
    end
  end)

  it("passes over what does not fit, or means what numbers have no use for", function()
    for _, regexp in ipairs { "", "!", "!^.*$!", "!^.*$!sip:a", "!^\\+1(.*)$!sip:\\1@x!",
      "!^(a|b)$!sip:x@y!", "!^.{3}$!sip:x@y!", "!(((.*)!sip:x@y!", "!^(.*)*$!sip:x@y!",
      "!^[[:digit:]]$!sip:x@y!", "!^(.)\\1!sip:x@y!", "1^.*$1sip:x@y1",
      "!" .. (".*"):rep(200) .. "!sip:x@y!" } do
      assert.is_nil(enum.rewrite(regexp, "+4930123"), regexp)
    end
  end)

  it("does not take long, whatever the expression", function()
    local evil <const> = "!^" .. (".*"):rep(8) .. "x$!sip:x@y!"
    assert.is_nil(enum.rewrite(evil, "+123456789012345"))
  end)

  local function numbers(zone)
    local net = test.net()
    net:zone(zone)
    return net
  end

  it("takes records in order, of the service asked for, alone or among others (3.4.3)",
    function()
    local net <close> = numbers [[
1.2.e164.arpa NAPTR 100 20 "u" "E2U+sip" "!^.*$!sip:third@x!" .
1.2.e164.arpa NAPTR 100 10 "u" "e2u+SIP" "!^.*$!sip:second@x!" .
1.2.e164.arpa NAPTR 10 10 "U" "E2U+voice:tel+sip" "!^.*$!sip:first@x!" .
1.2.e164.arpa NAPTR 1 10 "u" "E2U+sipx" "!^.*$!sip:no@x!" .
1.2.e164.arpa NAPTR 1 10 "u" "sip+E2U" "!^.*$!sip:no@x!" .
1.2.e164.arpa NAPTR 1 10 "s" "E2U+sip" "" _sip._udp.x
]]
    assert.same({ "sip:first@x", "sip:second@x", "sip:third@x" }, net:enum "+21")
    assert.same({ "sip:first@x" }, net:enum("+21", { service = "voice" }))
    local _, err = net:enum("+21", { service = "pres" })
    assert.equal("notfound", err.kind)
    _, err = net:enum "+22"
    assert.equal("notfound", err.kind)
  end)

  it("follows records that lead to others, but not in circles (5.2.1)", function()
    local net <close> = numbers [[
1.e164.arpa NAPTR 1 1 "" "" "" a.example
a.example NAPTR 1 1 "" "" "" 1.e164.arpa
a.example NAPTR 2 1 "" "" "" b.example
b.example NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:far@x!" .
2.e164.arpa NAPTR 1 1 "" "" "" c1
c1 NAPTR 1 1 "" "" "" c2
c2 NAPTR 1 1 "" "" "" c3
c3 NAPTR 1 1 "" "" "" c4
c4 NAPTR 1 1 "" "" "" c5
c5 NAPTR 1 1 "" "" "" c6
c6 NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:too.far@x!" .
]]
    assert.same({ "sip:far@x" }, net:enum "+1")
    local _, err = net:enum "+2"
    assert.equal("notfound", err.kind)
  end)

  it("knows other trees, and what is no number", function()
    local net <close> = numbers '1.tree NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:x@y!" .'
    assert.same({ "sip:x@y" }, net:enum("+ (1)", { suffix = "tree" }))
    for _, number in ipairs { "1", "+", "+1a", "+1234567890123456", "" } do
      assert.has_error(function() net:enum(number) end)
    end
    net:dns("1.e164.arpa", false)
    local _, err = net:enum "+1"
    assert.equal("dns", err.kind)
  end)
end)
