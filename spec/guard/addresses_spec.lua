-- SPDX-License-Identifier: MIT
--
-- Lists of networks: which addresses are in them, in whatever form they come (bug class 40).

local core <const> = require "moonsip.core"

local function list(...) return assert(core.addresses { ... }) end

describe("a network (RFC 4632 3.1, RFC 4291 2.3)", function()
  for text, wanted in pairs {
    ["192.0.2.0/24"] = { yes = { "192.0.2.0", "192.0.2.255" },
                         no = { "192.0.1.255", "192.0.3.0" } },
    ["192.0.2.7/24"] = { yes = { "192.0.2.0", "192.0.2.255" }, no = { "192.0.3.0" } },
    ["192.0.2.7"] = { yes = { "192.0.2.7" }, no = { "192.0.2.6", "192.0.2.8" } },
    ["192.0.2.7/32"] = { yes = { "192.0.2.7" }, no = { "192.0.2.6", "192.0.2.8" } },
    ["192.0.2.6/31"] = { yes = { "192.0.2.6", "192.0.2.7" }, no = { "192.0.2.5", "192.0.2.8" } },
    ["0.0.0.0/0"] = { yes = { "0.0.0.1", "255.255.255.255", "127.0.0.1" },
                      no = { "::1", "2001:db8::1" } },
    ["128.0.0.0/1"] = { yes = { "128.0.0.0", "255.255.255.255" }, no = { "127.255.255.255" } },
    ["2001:db8::/32"] = { yes = { "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" },
                          no = { "2001:db7:ffff::", "2001:db9::" } },
    ["2001:db8::1"] = { yes = { "2001:db8::1", "2001:DB8:0:0:0:0:0:1" }, no = { "2001:db8::2" } },
    ["2001:db8::/64"] = { yes = { "2001:db8::ffff:ffff:ffff:ffff" }, no = { "2001:db8:0:1::" } },
    ["2001:db8::/65"] = { yes = { "2001:db8::7fff:ffff:ffff:ffff" },
                          no = { "2001:db8:0:0:8000::" } },
    ["::/0"] = { yes = { "::1", "ffff::", "2001:db8::1" },
                 no = { "192.0.2.1", "::ffff:192.0.2.1" } },
    ["8000::/1"] = { yes = { "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
                     no = { "7fff::" } },
  } do
    it(text .. " has its first and last address, and not their neighbours", function()
      local one <const> = list(text)
      for _, ip in ipairs(wanted.yes) do assert.is_true(one:has(ip), ip) end
      for _, ip in ipairs(wanted.no) do assert.is_false(one:has(ip), ip) end
    end)
  end

  for _, text in ipairs { "", "/", "/8", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1",
    "192.0.2.0/ 8", "192.0.2.0/008", "192.0.2/24", "192.0.2.256", "0192.0.2.1", "0x7f.0.0.1",
    "2130706433", "127.1", "192.0.2.0/24/8", "2001:db8::/129", "[2001:db8::1]", "::ffff:0:0/95",
    "example.com", "192.0.2.1:5060", "0.0.0.0", "::", "0.0.0.0/32", "::/128", "::ffff:0.0.0.0",
    "192.0.2.1 ", "1::2::3", "fe80::1%eth0" } do
    it(("is none: %q"):format(text), function()
      local none <const>, err = core.addresses { text }
      assert.is_nil(none)
      assert.truthy(err.reason:find("no address or network", 1, true))
    end)
  end
end)

describe("one address in several forms (bug class 40)", function()
  it("is one: an IPv4-mapped one is the IPv4 address, on both sides", function()
    for _, text in ipairs { "10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:a00:0/104" } do
      local one <const> = list(text)
      for _, ip in ipairs { "10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203",
        "0:0:0:0:0:FFFF:10.1.2.3" } do
        assert.is_true(one:has(ip), text .. " " .. ip)
      end
      assert.is_false(one:has "::10.1.2.3") -- IPv4-compatible is another one (RFC 4291 2.5.5.1)
      assert.is_false(one:has "::ffff:11.0.0.0")
    end
  end)

  it("is one: what leads to this host is its loopback", function()
    local ipv4 <const>, ipv6 <const> = list "127.0.0.0/8", list "::1"
    for _, ip in ipairs { "0.0.0.0", "::ffff:0.0.0.0", "::ffff:127.0.0.1", "127.255.0.1" } do
      assert.is_true(ipv4:has(ip), ip)
    end
    for _, ip in ipairs { "::", "0:0:0:0:0:0:0:0", "::1", "0::0001" } do
      assert.is_true(ipv6:has(ip), ip)
    end
  end)

  it("is looked up by an address and nothing else", function()
    for _, ip in ipairs { "", "localhost", "127.1", "[::1]", "::1/128", "1.2.3.4:5" } do
      assert.has_error(function() list("::1"):has(ip) end)
    end
  end)
end)

describe("a list of many networks", function()
  local function random_ip(bits)
    local n <const> = math.random(0, (1 << bits) - 1)
    return ("%d.%d.%d.%d"):format(10, n >> 16 & 255, n >> 8 & 255, n & 255), n
  end

  it("agrees with a look at each of them", function()
    math.randomseed(5)
    for _ = 1, 30 do
      local networks <const>, texts = {}, {}
      for at = 1, math.random(1, 40) do
        local ip, n = random_ip(24)
        local bits <const> = math.random(8, 32)
        networks[at] = { from = n >> (32 - bits) << (32 - bits), bits = bits }
        texts[at] = ip .. "/" .. bits
      end
      local one <const> = list(table.unpack(texts))
      for _ = 1, 300 do
        local ip, n = random_ip(24)
        local expected = false
        for _, network in ipairs(networks) do
          local first <const> = n >> (32 - network.bits) << (32 - network.bits)
          if first == network.from then expected = true end
        end
        assert.equal(expected, one:has(ip), ip)
      end
    end
  end)

  it("may be a hundred thousand", function()
    local texts <const> = {}
    for n = 0, 99999 do
      texts[#texts + 1] = ("10.%d.%d.%d"):format(n >> 16, n >> 8 & 255, n & 255)
    end
    local one <const> = list(table.unpack(texts, 1, 200))
    assert.is_true(one:has "10.0.0.199")
    local many <const> = assert(core.addresses(texts))
    assert.is_true(many:has "10.1.134.159")
    assert.is_false(many:has "10.1.134.160")
  end)
end)
