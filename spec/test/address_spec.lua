-- SPDX-License-Identifier: MIT
--
-- Addresses and names as specs write them.

local address <const> = require "moonsip.test.address"
local names <const> = require "moonsip.test.names"
local random <const> = require "moonsip.test.random"

describe("an address", function()
  for text, expected in pairs {
    ["10.0.0.9"] = { "udp", "10.0.0.9", 5060 },
    ["10.0.0.9:5070"] = { "udp", "10.0.0.9", 5070 },
    ["tcp:10.0.0.9:5070"] = { "tcp", "10.0.0.9", 5070 },
    ["[fd00::9]:5070"] = { "udp", "fd00::9", 5070 },
    ["fd00::9"] = { "udp", "fd00::9", 5060 },
    ["tcp:[FD00:0:0:0::9]"] = { "tcp", "fd00::9", 5060 },
    ["1:0:0:2:0:0:0:3"] = { "udp", "1:0:0:2::3", 5060 },
    ["::"] = { "udp", "::", 5060 },
    ["::1"] = { "udp", "::1", 5060 },
    ["1:2:3:4:5:6:7:8"] = { "udp", "1:2:3:4:5:6:7:8", 5060 },
  } do
    it("is read and written in one way (RFC 5952 4): " .. text, function()
      local parts = address.check("spec", text)
      assert.same(expected, { parts.transport, parts.ip, parts.port })
    end)
  end

  for _, text in ipairs {
    "", "pbx", "10.0.0", "10.0.0.256", "10.0.0.9:65536", "sctp:10.0.0.9", "1:2:3",
    "1:2:3:4:5:6:7:8:9", "::1::2", "[::1", "12345::",
  } do
    it(("is refused at the caller's line: %q"):format(text), function()
      local ok, why = pcall(address.check, "net:endpoint", text)
      assert.is_false(ok)
      assert.truthy(why:find("bad argument 'address' to 'net:endpoint'", 1, true), why)
    end)
  end
end)

describe("the names of a test network", function()
  local function targets(given, ...)
    local one = names.new(random.new(1))
    one:set("spec", "PBX.example", given)
    local host, port, transport, is_secure = ...
    return one:locate { host = host, port = port, transport = transport,
                        is_secure = is_secure }
  end

  it("have the default port and transport if not told otherwise (RFC 3263 4)", function()
    assert.same({ { ip = "10.0.0.1", port = 5060, transport = "udp" } },
      targets("10.0.0.1", "pbx.EXAMPLE"))
    assert.same({ { ip = "10.0.0.1", port = 5061, transport = "tls" } },
      targets("10.0.0.1", "pbx.example", nil, nil, true))
    assert.same({ { ip = "10.0.0.1", port = 99, transport = "tcp" } },
      targets("10.0.0.1", "pbx.example", 99, "tcp"))
  end)

  it("keep their order, and leave out what another transport needs", function()
    local list = { { ip = "10.0.0.2", transport = "tcp", port = 5080 }, "10.0.0.3" }
    assert.same({ { ip = "10.0.0.2", port = 5080, transport = "tcp" },
                  { ip = "10.0.0.3", port = 5060, transport = "udp" } },
      targets(list, "pbx.example"))
    assert.same({ { ip = "10.0.0.3", port = 5060, transport = "udp" } },
      targets(list, "pbx.example", nil, "udp"))
  end)

  it("know literals, and nothing else that they were not told", function()
    local one = names.new(random.new(1))
    assert.equal("fd00::1", one:locate({ host = "[fd00::1]" })[1].ip)
    assert.is_nil(one:locate { host = "pbx.example", spoken = { "udp" } })
    one:set("spec", "pbx.example", "10.0.0.1")
    assert.same({ "10.0.0.1" }, one:addresses "pbx.example")
    one:set("spec", "pbx.example", nil)
    assert.is_nil(one:addresses "pbx.example")
  end)
end)
