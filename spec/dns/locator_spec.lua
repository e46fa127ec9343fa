-- SPDX-License-Identifier: MIT
--
-- RFC 3263 as questions and answers, from records in a table.

local core <const> = require "moonsip.core"

local ALL <const> = { "udp", "tcp", "tls", "ws", "wss" }

local function naptr(order, preference, service, replacement, flags)
  return { order = order, preference = preference, flags = flags or "s", service = service,
           regexp = "", replacement = replacement }
end

local function srv(priority, weight, port, target)
  return { priority = priority, weight = weight, port = port, target = target }
end

-- options: spoken, seed, port, transport, secure, steady; records by "TYPE name".
-- Returns the targets as texts, or nil and the error's name; and what was asked.
local function locate(host, records, options)
  options = options or {}
  local locator <const> = core.locator(options.spoken or ALL, options.seed or 1, host,
    options.port, options.transport, options.secure, options.steady)
  local asked <const> = {}
  for number, kind, name in locator.next, locator do
    asked[#asked + 1] = kind .. " " .. name
    local answer = records[kind .. " " .. name]
    if type(answer) == "string" then
      locator:answer(number, nil, answer)
    else
      locator:answer(number, answer)
    end
  end
  local targets, err = locator:targets()
  if not targets then return nil, err.name, asked end
  local texts <const> = {}
  for at, one in ipairs(targets) do
    texts[at] = ("%s %s %d"):format(one.transport, one.ip, one.port)
  end
  return texts, nil, asked
end

-- The example of RFC 3263 4.1.
local function example()
  return {
    ["NAPTR example.com"] = {
      naptr(100, 50, "SIP+D2U", "_sip._udp.example.com"),
      naptr(50, 50, "SIPS+D2T", "_sips._tcp.example.com"),
      naptr(90, 50, "SIP+D2T", "_sip._tcp.example.com"),
    },
    ["SRV _sips._tcp.example.com"] = { srv(0, 1, 5061, "server1.example.com") },
    ["SRV _sip._tcp.example.com"] = { srv(0, 1, 5060, "server1.example.com") },
    ["SRV _sip._udp.example.com"] = { srv(0, 1, 5070, "server2.example.com") },
    ["A server1.example.com"] = { "192.0.2.1", "2001:db8::1" },
    ["A server2.example.com"] = { "192.0.2.2" },
  }
end

describe("selecting a transport (RFC 3263 4.1)", function()
  it("takes NAPTR records in their order, and goes on with those behind", function()
    local found, _, asked = locate("example.com", example())
    assert.same({ "tls 192.0.2.1 5061", "tls 2001:db8::1 5061", "tcp 192.0.2.1 5060",
                  "tcp 2001:db8::1 5060", "udp 192.0.2.2 5070" }, found)
    assert.equal("NAPTR example.com", asked[1])
  end)

  it("discards what we do not speak", function()
    assert.same({ "tcp 192.0.2.1 5060", "tcp 2001:db8::1 5060", "udp 192.0.2.2 5070" },
      (locate("example.com", example(), { spoken = { "udp", "tcp" } })))
    assert.same({ "udp 192.0.2.2 5070" },
      (locate("example.com", example(), { spoken = { "udp" } })))
  end)

  it("must discard services other than SIPS for sips", function()
    assert.same({ "tls 192.0.2.1 5061", "tls 2001:db8::1 5061" },
      (locate("example.com", example(), { secure = true })))
  end)

  it("knows WebSocket services (RFC 7118 5.5)", function()
    local records <const> = {
      ["NAPTR example.com"] = { naptr(1, 1, "SIP+D2W", "_sip._ws.example.com"),
                                naptr(2, 1, "sips+d2w", "_sips._ws.example.com", "S") },
      ["SRV _sip._ws.example.com"] = { srv(0, 0, 8080, "w.example.com") },
      ["SRV _sips._ws.example.com"] = { srv(0, 0, 8443, "w.example.com") },
      ["A w.example.com"] = { "192.0.2.3" },
    }
    assert.same({ "ws 192.0.2.3 8080", "wss 192.0.2.3 8443" },
      (locate("example.com", records)))
  end)

  it("takes lower preferences first within one order (RFC 3403 4.1)", function()
    local records <const> = example()
    for _, one in ipairs(records["NAPTR example.com"]) do one.order = 10 end
    records["NAPTR example.com"][1].preference = 1
    assert.equal("udp 192.0.2.2 5070", locate("example.com", records)[1])
  end)

  it("discards records that are no SRV pointers, or lead nowhere", function()
    local records <const> = example()
    records["NAPTR example.com"] = {
      naptr(1, 1, "SIP+D2T", "a.example.com", "a"), naptr(1, 1, "SIP+D2T", "a", "u"),
      naptr(1, 1, "SIP+D2T", ""), naptr(1, 1, "SIP+D2X", "_sip._udp.example.com"),
      naptr(1, 1, "", "_sip._udp.example.com"),
      naptr(9, 1, "SIP+D2U", "_sip._udp.example.com"),
    }
    assert.same({ "udp 192.0.2.2 5070" }, (locate("example.com", records)))
  end)

  it("asks SRV records of each transport that we speak when there is no NAPTR", function()
    local records <const> = example()
    records["NAPTR example.com"] = nil
    local found, _, asked = locate("example.com", records)
    assert.same({ "udp 192.0.2.2 5070", "tcp 192.0.2.1 5060", "tcp 2001:db8::1 5060" },
      found)
    assert.same({ "NAPTR example.com", "SRV _sip._udp.example.com",
                  "SRV _sip._tcp.example.com" }, { asked[1], asked[2], asked[3] })
    assert.same({ "tls 192.0.2.1 5061", "tls 2001:db8::1 5061" },
      (locate("example.com", records, { secure = true })))
  end)

  it("is UDP, or TLS for sips, when there are no SRV records either", function()
    local records <const> = { ["A example.com"] = { "192.0.2.9" } }
    assert.same({ "udp 192.0.2.9 5060" }, (locate("example.com", records)))
    assert.same({ "tls 192.0.2.9 5061" },
      (locate("example.com", records, { secure = true })))
    assert.same({ "tcp 192.0.2.9 5060" },
      (locate("example.com", records, { spoken = { "tcp" } })))
  end)

  it("is UDP, or TLS for sips, when only a port is said", function()
    local records <const> = example()
    records["A example.com"] = { "192.0.2.9" }
    local found, _, asked = locate("example.com", records, { port = 5080 })
    assert.same({ "udp 192.0.2.9 5080" }, found)
    assert.same({ "A example.com" }, asked)
    assert.same({ "tls 192.0.2.9 5080" },
      (locate("example.com", records, { port = 5080, secure = true })))
  end)

  it("is what was said", function()
    local found, _, asked = locate("example.com", example(), { transport = "tcp" })
    assert.same({ "tcp 192.0.2.1 5060", "tcp 2001:db8::1 5060" }, found)
    assert.equal("SRV _sip._tcp.example.com", asked[1])
    assert.same({ "tls 192.0.2.1 5061", "tls 2001:db8::1 5061" },
      (locate("example.com", example(), { transport = "tls" })))
  end)

  it("finds nothing by a transport that we do not speak", function()
    local found, err, asked = locate("example.com", example(),
      { transport = "tls", spoken = { "udp" } })
    assert.is_nil(found)
    assert.same({ "NO_ROUTE", {} }, { err, asked })
    found, err = locate("example.com", example(), { secure = true, spoken = { "udp" } })
    assert.is_nil(found)
    assert.equal("NO_ROUTE", err)
  end)
end)

describe("determining port and address (RFC 3263 4.2, RFC 2782)", function()
  local function servers(records, options)
    records["A a.example.com"] = { "192.0.2.1" }
    records["A b.example.com"] = { "192.0.2.2" }
    records["A c.example.com"] = { "192.0.2.3" }
    options = options or {}
    options.transport = "udp"
    return locate("example.com", records, options)
  end

  it("tries lower priorities first", function()
    assert.same({ "udp 192.0.2.2 2", "udp 192.0.2.3 3", "udp 192.0.2.1 1" }, (servers {
      ["SRV _sip._udp.example.com"] = { srv(30, 9, 1, "a.example.com"),
        srv(10, 0, 2, "b.example.com"), srv(20, 5, 3, "c.example.com") } }))
  end)

  it("draws by weight within one priority, each server once", function()
    local first <const> = { [1] = 0, [2] = 0, [3] = 0 }
    for seed = 1, 4000 do
      local found = servers({ ["SRV _sip._udp.example.com"] = {
        srv(10, 60, 1, "a.example.com"), srv(10, 20, 2, "b.example.com"),
        srv(10, 20, 3, "c.example.com") } }, { seed = seed })
      assert.equal(3, #found)
      local port = tonumber(found[1]:match "%d+$")
      first[port] = first[port] + 1
      table.sort(found)
      assert.same({ "udp 192.0.2.1 1", "udp 192.0.2.2 2", "udp 192.0.2.3 3" }, found)
    end
    assert.truthy(math.abs(first[1] / 4000 - 0.6) < 0.04, first[1])
    assert.truthy(math.abs(first[2] / 4000 - 0.2) < 0.04, first[2])
  end)

  it("hardly ever takes a server of weight 0 before others", function()
    local count = 0
    for seed = 1, 2000 do
      local found = servers({ ["SRV _sip._udp.example.com"] = {
        srv(1, 0, 1, "a.example.com"), srv(1, 99, 2, "b.example.com") } }, { seed = seed })
      if found[1]:find "1$" then count = count + 1 end
    end
    assert.truthy(count > 0 and count < 60, count)
  end)

  it("gives the same order every time for who keeps no state (4.4)", function()
    local order
    for seed = 1, 50 do
      local records <const> = { srv(1, 5, 1, "b.example.com"), srv(1, 5, 2, "a.example.com"),
                                srv(1, 9, 3, "c.example.com") }
      if seed % 2 == 0 then records[1], records[2] = records[2], records[1] end
      local found = servers({ ["SRV _sip._udp.example.com"] = records },
        { seed = seed, steady = true })
      order = order or found
      assert.same(order, found)
    end
    assert.same({ "udp 192.0.2.3 3", "udp 192.0.2.1 2", "udp 192.0.2.2 1" }, order)
  end)

  it("takes a target of '.' for a no", function()
    local found, err, asked = servers {
      ["SRV _sip._udp.example.com"] = { srv(0, 0, 0, ".") },
      ["A example.com"] = { "192.0.2.9" } }
    assert.is_nil(found)
    assert.same({ "DNS", 1 }, { err, #asked })
  end)

  it("asks for the host's own address, at the default port, without SRV records", function()
    local found, _, asked = servers { ["A example.com"] = { "192.0.2.9" } }
    assert.same({ "udp 192.0.2.9 5060" }, found)
    assert.same({ "SRV _sip._udp.example.com", "A example.com" }, asked)
  end)

  it("keeps the order of servers whichever is answered first", function()
    local locator <const> = core.locator(ALL, 1, "example.com", nil, "udp")
    local number = locator:next()
    locator:answer(number, { srv(1, 0, 1, "a"), srv(2, 0, 2, "b"), srv(3, 0, 3, "c") })
    local names <const> = {}
    for at, _, name in locator.next, locator do names[name] = at end
    assert.is_nil(locator:targets())
    locator:answer(names.c, { "192.0.2.3" })
    locator:answer(names.a, { "192.0.2.1" })
    assert.is_nil(locator:targets())
    locator:answer(names.b, {})
    local targets <const> = locator:targets()
    assert.same({ 1, 3, 2 }, { targets[1].port, targets[2].port, #targets })
  end)

  it("keeps to its bounds: services, servers, targets and the room for names", function()
    local many <const> = {}
    for at = 1, 64 do many[at] = srv(at, 0, at, "h" .. at) end
    local records <const> = { ["SRV _sip._udp.example.com"] = many }
    for at = 1, 64 do records["A h" .. at] = { "192.0.2." .. at, "192.0.3." .. at } end
    local found <const> = locate("example.com", records, { transport = "udp" })
    assert.equal(32, #found)
    assert.equal("udp 192.0.3.16 16", found[32])
    local long <const> = {}
    for at = 1, 64 do long[at] = srv(at, 0, at, ("x"):rep(250) .. at) end
    local _, err, asked = locate("example.com", { ["SRV _sip._udp.example.com"] = long },
      { transport = "udp" })
    assert.equal("DNS", err)
    assert.truthy(#asked <= 17, #asked)
    local services <const> = {}
    for at = 1, 64 do services[at] = naptr(at, 1, "SIP+D2U", "s" .. at) end
    _, err, asked = locate("example.com", { ["NAPTR example.com"] = services })
    assert.same({ "DNS", 1 + 8 + 1 }, { err, #asked })
  end)

  it("finds no name that is empty or longer than 255 bytes (RFC 1035 2.3.4)", function()
    for _, host in ipairs { "", ".", ("x"):rep(256) } do
      local found, err, asked = locate(host, {})
      assert.is_nil(found)
      assert.same({ "DNS", {} }, { err, asked })
    end
    assert.equal("NAPTR " .. ("x"):rep(255), select(3, locate(("x"):rep(255), {}))[1])
  end)
end)

describe("a DNS that fails", function()
  it("is not asked again when nobody answers", function()
    local found, err, asked = locate("example.com", { ["NAPTR example.com"] = "DNS_TIMEOUT" })
    assert.is_nil(found)
    assert.same({ "DNS_TIMEOUT", 1 }, { err, #asked })
  end)

  it("is asked for other records when it only fails on one sort", function()
    local records <const> = example()
    records["NAPTR example.com"] = "DNS_FAILED"
    assert.equal("udp 192.0.2.2 5070", locate("example.com", records)[1])
    records["SRV _sip._udp.example.com"] = "DNS"
    records["SRV _sip._tcp.example.com"] = "DNS"
    records["A example.com"] = { "192.0.2.9" }
    assert.same({ "udp 192.0.2.9 5060" }, (locate("example.com", records)))
  end)

  it("makes do with the servers whose addresses it tells", function()
    local records <const> = example()
    records["A server1.example.com"] = "DNS_TIMEOUT"
    assert.same({ "udp 192.0.2.2 5070" }, (locate("example.com", records)))
    records["A server2.example.com"] = "DNS_TIMEOUT"
    assert.equal("DNS_TIMEOUT", select(2, locate("example.com", records)))
  end)
end)
