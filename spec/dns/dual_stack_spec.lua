-- SPDX-License-Identifier: MIT
--
-- Names with addresses of IPv4 and IPv6 (RFC 7984, RFC 6157 5): all of both are used, in order,
-- and one family whose way is broken costs one attempt.

local test <const> = require "moonsip.test"

local SECURE <const> = { cert = "read by nobody.pem" }

local ZONE <const> = [[
both.example                 AAAA fd00::2
both.example                 A    10.0.0.2
six.example                  AAAA fd00::2
four.example                 A    10.0.0.2
_sip._tcp.preferred.example  SRV  10 1 5060 six.example
_sip._tcp.preferred.example  SRV  20 1 5060 both.example
_sip._tcp.old.example        SRV  10 1 5060 four.example
_sip._tcp.old.example        SRV  20 1 5060 six.example
]]

-- Alice, with addresses of the families that are named, and Bob, who has both.
local function network(families)
  local net <const> = test.net()
  net:zone(ZONE)
  local addresses <const>, listen = {}, {}
  for _, family in ipairs(families) do
    addresses[#addresses + 1] = family == 4 and "10.0.1.1" or "fd00::1"
    local any <const> = family == 4 and "10.0.1.1" or "[fd00::1]"
    for _, transport in ipairs { "udp", "tcp", "tls", "ws" } do
      listen[#listen + 1] = ("%s:%s:5060"):format(transport, any)
    end
  end
  local alice = net:agent("sip:alice@a.example", { address = addresses, listen = listen,
                                                   tls = SECURE })
  local bob = net:agent("sip:bob@b.example", { address = { "10.0.0.2", "fd00::2" }, tls = SECURE,
    listen = { "udp:0.0.0.0:5060", "udp:[::]:5060", "tcp:0.0.0.0:5060", "tcp:[::]:5060",
               "ws:0.0.0.0:80", "ws:[::]:80", "tls:0.0.0.0:5061", "tls:[::]:5061" } })
  local came <const> = {}
  bob:on("OPTIONS", function(req)
    came[#came + 1] = req.source.ip:find ":" and 6 or 4
    return req:reply(200)
  end)
  return net, alice, came
end

describe("A name with addresses of both families", function()
  for family, expected in pairs { [4] = { 4 }, [6] = { 6 } } do
    it(("is reached by IPv%d from who has that alone: the others are ignored (RFC 7984 3.1)")
      :format(family), function()
        for _, transport in ipairs { "udp", "tcp", "tls", "ws" } do
          local net <close>, alice, came = network { family }
          assert(alice:request("OPTIONS", "sip:bob@both.example;transport=" .. transport):wait())
          assert.same(expected, came)
          assert.truthy(net)
        end
      end)
  end

  it("is asked for addresses of each server of its SRV records, whose order stays (4)", function()
    local net <close> = network { 4, 6 }
    local function ways(name)
      local list <const> = {}
      for at, one in ipairs(assert(net:resolve("sip:" .. name .. ";transport=tcp"))) do
        list[at] = one.ip
      end
      return list
    end
    assert.same({ "fd00::2", "fd00::2", "10.0.0.2" }, ways "preferred.example")
    assert.same({ "10.0.0.2", "fd00::2" }, ways "old.example")
  end)

  it("is reached by the other one at once when the first is refused", function()
    local net <close>, alice, came = network { 4, 6 }
    local target <const> = "sip:bob@both.example;transport=tcp"
    net:zone(nil)
    net:dns("both.example", { "fd00::9", "10.0.0.2" })
    net:endpoint "[fd00::9]:5061" -- a host on which nobody listens at 5060
    assert(alice:request("OPTIONS", target):wait())
    assert.same({ 4 }, came)
    assert.is_true(net:now() < 0.1)
  end)

  for _, transport in ipairs { "tcp", "tls", "ws" } do
    it("costs 4 s where one of them is silent, and then no more: over " .. transport, function()
      local net <close>, alice, came = network { 4, 6 }
      local target <const> = "sip:bob@both.example;transport=" .. transport
      net:zone(nil)
      net:dns("both.example", { "fd00::9", "10.0.0.2" }) -- nobody is at the first
      assert(alice:request("OPTIONS", target):wait())
      assert.same({ 4 }, came)
      assert.near(4, net:now(), 0.1)
      for _ = 1, 5 do assert(alice:request("OPTIONS", target):wait()) end
      assert.near(4, net:now(), 0.2)
      assert.same({ 4, 4, 4, 4, 4, 4 }, came)
    end)
  end
end)
