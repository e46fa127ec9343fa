-- SPDX-License-Identifier: MIT
--
-- What the scheme sips asks for (RFC 3261 8.1.1.8, 12.1.1, 19.1.2, 26.2.2; RFC 5630): TLS to
-- every hop, and nothing less.

local test <const> = require "moonsip.test"

local SECURE <const> = { cert = "read by nobody.pem" }
local BOTH <const> = { listen = { "udp:0.0.0.0:5060", "tcp:0.0.0.0:5060", "tls:0.0.0.0:5061" },
                       tls = SECURE }

local function network(of_alice, of_bob)
  local net <const> = test.net()
  local alice = net:agent("sip:alice@a.example", of_alice or BOTH)
  local bob = net:agent("sip:bob@b.example", of_bob or BOTH)
  bob:on("MESSAGE", function(req) return req:reply(200) end)
  bob:on("INVITE", function(req) return req:answer() end)
  return net, alice, bob
end

-- The transports that messages took, each once.
local function transports(net)
  local seen <const>, list = {}, {}
  for _, one in ipairs(net:messages()) do
    if not seen[one.transport] then list[#list + 1] = one.transport end
    seen[one.transport] = true
  end
  return list
end

local function contact_of(message) return message.bytes:match "\r\nContact: (<[^>]*>)" end

describe("A sips URI", function()
  for _, target in ipairs { "sips:bob@10.0.1.2", "sips:bob@10.0.1.2:5061",
                            "sips:bob@10.0.1.2;transport=tcp", "sips:bob@b.example" } do
    it(("leads to TLS: %s (RFC 3261 26.2.2)"):format(target), function()
      local net <close>, alice = network()
      net:dns("b.example", "10.0.1.2")
      assert(alice:request("MESSAGE", target):wait())
      assert.same({ "tls" }, transports(net))
    end)
  end

  it("is never reached without TLS, whatever else is spoken (RFC 5630 3.1.3)", function()
    local plain <const> = { listen = { "udp:0.0.0.0:5060", "tcp:0.0.0.0:5060" } }
    for _, target in ipairs { "sips:bob@10.0.1.2", "sips:bob@10.0.1.2;transport=tcp",
                              "sips:bob@10.0.1.2;transport=udp", "sips:bob@b.example" } do
      local net <close>, alice = network(plain)
      net:dns("b.example", "10.0.1.2")
      local res, err = alice:request("MESSAGE", target):wait()
      assert.is_nil(res)
      assert.is_string(err.kind)
      assert.equal(0, net:count())
    end
  end)

  it("of a name is located by its secure services alone (RFC 3263 4.1)", function()
    local net <close>, alice = network()
    net:zone [[
b.example            NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.b.example
b.example            NAPTR 20 10 "s" "SIPS+D2T" "" _sips._tcp.b.example
_sip._udp.b.example  SRV   10 1 5060 host.b.example
_sips._tcp.b.example SRV   10 1 5061 host.b.example
host.b.example       A     10.0.1.2
]]
    assert(alice:request("MESSAGE", "sips:bob@b.example"):wait())
    assert(alice:request("MESSAGE", "sip:bob@b.example"):wait())
    assert.same({ "tls", "udp" }, transports(net))
  end)

  it("makes both Contacts secure, and the whole call goes by TLS (8.1.1.8, 12.1.1)", function()
    local net <close>, alice, bob = network()
    local call = assert(alice:call "sips:bob@10.0.1.2")
    local invite <const> = net:messages { method = "INVITE" }
    local answer <const> = net:messages { method = "INVITE", code = 200 }
    assert.matches("^<sips:alice@10%.0%.1%.1:5061", contact_of(invite[1]))
    assert.matches("^<sips:bob@10%.0%.1%.2:5061", contact_of(answer[1]))
    bob.calls[1]:hangup()
    net:settle()
    assert.equal("ended", call.state)
    assert.same({ "tls" }, transports(net))
  end)

  it("is what a call is about: sip with TLS as transport keeps sip (RFC 5630 3.1.3)", function()
    local net <close>, alice = network()
    local call = assert(alice:call "sip:bob@10.0.1.2:5061;transport=tls")
    assert.matches("^<sip:alice@", contact_of(net:messages { method = "INVITE" }[1]))
    call:hangup()
    net:settle()
    assert.same({ "tls" }, transports(net))
  end)

  it("that a resolver leads elsewhere fails: it is not believed", function()
    local net <close> = test.net()
    local alice = net:agent("sip:alice@a.example", { listen = BOTH.listen, tls = SECURE,
      resolve = function() return { { ip = "10.0.1.2", port = 5060, transport = "udp" } } end })
    net:agent "sip:bob@b.example"
    local res, err = alice:request("MESSAGE", "sips:bob@b.example"):wait()
    assert.is_nil(res)
    assert.equal("NO_ROUTE", err.name)
    assert.equal(0, net:count())
  end)

  it("has TLS to every hop of its route, and a Route of it too (16.6, 26.2.2)", function()
    local net <close>, alice = network()
    assert(alice:request("MESSAGE", "sips:bob@far.example", { routes = { "sip:10.0.1.2;lr" } })
      :wait())
    assert(alice:request("MESSAGE", "sip:bob@far.example", { routes = { "sips:10.0.1.2;lr" } })
      :wait())
    assert.same({ "tls" }, transports(net))
  end)

  it("is not the same as its sip twin (19.1.4)", function()
    local uri <const> = require("moonsip.core").uri
    assert.is_false(uri "sips:bob@b.example" == uri "sip:bob@b.example")
  end)
end)
