-- SPDX-License-Identifier: MIT
--
-- Names to addresses, with a name server of our own on a loopback port.

local ends <const> = require "spec.net.ends"

local name_server <const> = require "spec.support.name_server"

local NXDOMAIN <const>, SERVFAIL <const> = name_server.NXDOMAIN, name_server.SERVFAIL
local with_names <const> = name_server.service

-- What the lookup said, once it has.
local function resolve(service, host)
  local result
  assert(service.loop:resolve(host, function(...) result = table.pack(...) end))
  assert.is_nil(result) -- never from inside the asking
  ends.until_true(function() return result end)
  return table.unpack(result, 1, result.n)
end

local function ask(service, uri)
  return assert(service.engine:request {
    method = "OPTIONS", uri = uri, from = "<sip:a@example.com>" })
end

describe("core.loop:resolve", function()
  it("gives every A and AAAA record (RFC 3263 4.2)", function()
    local service <close> = with_names {
      ["both.example"] = { A = { "127.0.0.1", "127.0.0.2" }, AAAA = { "::1" } } }
    local ips = resolve(service, "both.example")
    table.sort(ips)
    assert.same({ "127.0.0.1", "127.0.0.2", "::1" }, ips)
    assert.equal(0, service:counts().lookups)
  end)

  it("gives sixty-four addresses of a name that has more", function()
    local list <const> = {}
    for i = 1, 65 do list[i] = "127.0.0." .. i end
    local service <close> = with_names({ ["many.example"] = { A = list, AAAA = {} } }, nil,
      { tcp = true })
    assert.equal(64, #resolve(service, "many.example"))
  end)

  it("gives an IP address back as it is", function()
    local service <close> = with_names {}
    assert.same({ "192.0.2.1" }, resolve(service, "192.0.2.1"))
  end)

  it("knows the names of the hosts file", function()
    local service <close>, server = with_names {}
    ends.hosts "127.0.3.9 own.example"
    assert.same({ "127.0.3.9" }, resolve(service, "own.example"))
    assert.equal(0, server.asked)
  end)

  it("knows localhost without asking (RFC 6761 6.3)", function()
    local service <close>, server = with_names {}
    ends.hosts "127.0.3.9 localhost"
    for _, host in ipairs { "localhost", "LocalHost.", "sip.localhost" } do
      assert.same({ "127.0.0.1", "::1" }, resolve(service, host))
    end
    assert.equal(0, server.asked)
  end)

  it("says that a name does not exist, or has no address", function()
    local service <close> = with_names {
      ["none.example"] = NXDOMAIN, ["empty.example"] = {}, ["broken.example"] = SERVFAIL }
    local names <const> = { ["none.example"] = "DNS", ["empty.example"] = "DNS",
                            ["broken.example"] = "DNS_FAILED" }
    for host, name in pairs(names) do
      local ips, err = resolve(service, host)
      assert.is_nil(ips)
      assert.same({ "dns", name }, { err.kind, err.name })
    end
  end)

  it("refuses what is no host name at once, in a turn", function()
    local service <close>, server = with_names {}
    for _, host in ipairs { "", ("x"):rep(256), "a\0b.example", ("x"):rep(64) .. ".example" } do
      local ips, err = resolve(service, host)
      assert.is_nil(ips)
      assert.equal("dns", err.kind)
    end
    assert.equal(0, server.asked)
  end)

  it("gives up at resolve_ms when nobody answers", function()
    local service <close> = with_names({}, { resolve_ms = 4000 })
    local result
    service.loop:resolve("dead.example", function(...) result = table.pack(...) end)
    service:advance(3999)
    assert.is_nil(result)
    assert.equal(1, service:counts().lookups)
    service:advance(1)
    assert.is_nil(result[1])
    assert.same({ "dns", "DNS_TIMEOUT" }, { result[2].kind, result[2].name })
    assert.equal(0, service:counts().lookups)
  end)

  it("answers at once when no server is there at all", function()
    local closed = ends.udp()
    local port = closed.port
    closed:close()
    local service <close> = ends.service { loop = { name_servers = "127.0.0.1:" .. port } }
    local ips, err = resolve(service, "host.example")
    assert.is_nil(ips)
    assert.same({ "dns", "DNS_FAILED" }, { err.kind, err.name })
  end)

  it("answers when the servers it was told are none", function()
    local service <close> = ends.service { loop = { name_servers = "not an address" } }
    local ips, err = resolve(service, "host.example")
    assert.is_nil(ips)
    assert.equal("dns", err.kind)
  end)

  it("keeps many lookups apart, and is bounded", function()
    local records <const> = {}
    for i = 1, 100 do records["h" .. i .. ".example"] = { A = { "127.0.1." .. i } } end
    local service <close> = with_names(records)
    local seen, count = {}, 0
    for i = 1, 100 do
      assert(service.loop:resolve("h" .. i .. ".example", function(ips)
        seen[i], count = ips[1], count + 1
      end))
    end
    ends.until_true(function() return count == 100 end)
    for i = 1, 100 do assert.equal("127.0.1." .. i, seen[i]) end
    local none, err
    for _ = 1, 4097 do
      none, err = service.loop:resolve("dead.example", function() end)
    end
    assert.is_nil(none)
    assert.equal("LIMIT", err.name)
    assert.equal(4096, service:counts().lookups)
  end)

  it("is forgotten with its loop, whatever still comes", function()
    local service = with_names {}
    service.loop:resolve("dead.example", function() error "called after close" end)
    ends.turn()
    service:close()
    ends.turn()
  end)

  it("lets its callback do anything, also close the loop", function()
    local service <close> = with_names { ["a.example"] = { A = { "127.0.0.1" } } }
    local is_closed
    service.loop:resolve("a.example", function()
      service.loop:close()
      is_closed = true
    end)
    local loop <const> = service.loop
    for _ = 1, 5000 do
      if is_closed then break end
      loop:step(1)
      require("luv").run "nowait"
    end
    assert.is_true(is_closed)
    service.loop = { close = function() end, step = function() end }
  end)

  it("wants a name and a function", function()
    local service <close> = with_names {}
    assert.has_error(function() service.loop:resolve() end)
    assert.has_error(function() service.loop:resolve "a.example" end)
    assert.has_error(function() service.loop:resolve("a.example", {}) end)
  end)
end)

describe("a request to a name", function()
  it("goes to its address, by the port that was said (RFC 3263 4.2)", function()
    local service <close> = with_names { ["sip.example"] = { A = { "127.0.0.1" } } }
    service:listen "udp"
    local peer <close> = ends.udp()
    ask(service, "sip:sip.example:" .. peer.port)
    assert.matches("^OPTIONS sip:sip.example:", (peer:wait()))
  end)

  it("from a wildcard listener names an address of ours in Via (RFC 3261 18.1.1)",
    function()
    local service <close> = with_names { ["sip.example"] = { A = { "127.0.0.1" } } }
    service:listen("udp", "0.0.0.0")
    local peer <close> = ends.udp()
    ask(service, "sip:sip.example:" .. peer.port)
    assert.matches("Via: SIP/2.0/UDP 127%.0%.0%.1:", (peer:wait()))
  end)

  it("tries the next address when one does not take it (RFC 3263 4.3)", function()
    local service <close> = with_names {
      ["sip.example"] = { A = { "127.0.0.1", "127.0.0.2" } } }
    service:listen("tcp", "0.0.0.0")
    local server <close> = ends.server "127.0.0.2"
    ask(service, ("sip:sip.example:%d;transport=tcp"):format(server.port))
    server:wait():wait "OPTIONS sip:"
  end)

  it("skips addresses that no listener could send to", function()
    local service <close> = with_names {
      ["sip.example"] = { A = { "127.0.0.1" }, AAAA = { "::1" } },
      ["v6.example"] = { AAAA = { "::1" } } }
    service:listen("udp", "127.0.0.1")
    local peer <close> = ends.udp()
    ask(service, "sip:sip.example:" .. peer.port)
    peer:wait()
    ask(service, "sip:v6.example:" .. peer.port)
    assert.equal("NO_ROUTE", service:wait_event("failed").code)
  end)

  it("fails when the name does not exist (RFC 3261 8.1.3.1)", function()
    local service <close> = with_names { ["none.example"] = NXDOMAIN,
      ["_sip._udp.none.example"] = NXDOMAIN }
    service:listen "udp"
    local transaction = ask(service, "sip:none.example")
    local event = service:wait_event "failed"
    assert.same({ transaction, "DNS" }, { event.transaction, event.code })
  end)

  it("fails when the DNS is dead, at resolve_ms", function()
    local service <close> = with_names({}, { resolve_ms = 4000 })
    service:listen "udp"
    ask(service, "sip:dead.example")
    ends.turn()
    service:advance(3999)
    assert.same({}, service.events)
    service:advance(1)
    assert.equal("DNS_TIMEOUT", service:wait_event("failed").code)
  end)

  it("of an engine that is closed meanwhile is forgotten", function()
    local service <close> = with_names {}
    local engine <const> = service:add_engine()
    assert(service.loop:listen(engine, "udp", "127.0.0.1", 0))
    assert(engine:request { method = "OPTIONS", uri = "sip:dead.example",
      from = "<sip:a@example.com>" })
    ends.turn()
    assert.equal(1, service:counts().lookups)
    engine:close()
    assert.equal(0, service:counts().lookups)
    service:advance(60000)
    assert.same({}, service.errors)
  end)
end)

describe("core.loop:on_resolve", function()
  it("answers in the place of the DNS", function()
    local service <close>, server = with_names {}
    service:listen "udp"
    local peer <close> = ends.udp()
    local asked
    service.loop:on_resolve(function(engine, id, ...)
      asked = table.pack(...)
      engine:resolved(id, { { transport = "udp", ip = "127.0.0.1", port = peer.port } })
    end)
    ask(service, "sip:sip.example;transport=udp")
    peer:wait()
    assert.same({ "sip.example", nil, "udp", false, false, n = 5 }, asked)
    assert.equal(0, server.asked)
  end)

  it("may answer later", function()
    local service <close> = with_names {}
    service:listen "udp"
    local peer <close> = ends.udp()
    local later
    service.loop:on_resolve(function(engine, id, _, port)
      later = function()
        engine:resolved(id, { { transport = "udp", ip = "127.0.0.1", port = port } })
      end
    end)
    ask(service, "sip:sip.example:" .. peer.port)
    ends.turn()
    later()
    assert.matches("^OPTIONS", (peer:wait()))
  end)

  it("need not know which address of ours leads there (RFC 3261 18.1.1)", function()
    local service <close> = with_names {}
    service:listen("udp", "0.0.0.0")
    local first <close> = ends.udp()
    local second <close> = ends.udp "127.0.0.2"
    local later
    service.loop:on_resolve(function(engine, id, host, port)
      local ip = host == "late.example" and "127.0.0.2" or "127.0.0.1"
      local function answer()
        engine:resolved(id, { { transport = "udp", ip = ip, port = port } })
      end
      if host == "late.example" then later = answer else answer() end
    end)
    ask(service, "sip:sip.example:" .. first.port)
    assert.matches("Via: SIP/2.0/UDP 127%.0%.0%.1:", (first:wait()))
    ask(service, "sip:late.example:" .. second.port)
    ends.turn()
    later()
    assert.equal(0, service.loop:timeout()) -- or a host's loop would sleep over it
    assert.matches("Via: SIP/2.0/UDP 127%.0%.0%.1:", (second:wait()))
    assert.same({}, service.events)
  end)

  it("that raises is reported, and its request fails", function()
    local service <close> = with_names {}
    service:listen "udp"
    service.loop:on_resolve(function() error "no idea" end)
    ask(service, "sip:sip.example")
    assert.equal("DNS", service:wait_event("failed").code)
    assert.matches("no idea", service.errors[1])
  end)

  it("is not asked for what is an address already", function()
    local service <close> = with_names {}
    service:listen("udp", "0.0.0.0")
    local peer <close> = ends.udp()
    service.loop:on_resolve(function() error "asked" end)
    ask(service, "sip:127.0.0.1:" .. peer.port)
    peer:wait()
    assert.same({}, service.errors)
  end)

  it("leaves to the DNS what it says false to", function()
    local service <close> = with_names { ["sip.example"] = { A = { "127.0.0.1" } } }
    service:listen "udp"
    local peer <close> = ends.udp()
    service.loop:on_resolve(function() return false end)
    ask(service, "sip:sip.example:" .. peer.port)
    peer:wait()
  end)

  it("may leave it to the DNS later", function()
    local service <close> = with_names { ["sip.example"] = { A = { "127.0.0.1" } } }
    service:listen "udp"
    local peer <close> = ends.udp()
    local query
    service.loop:on_resolve(function(...) query = table.pack(...) end)
    ask(service, "sip:sip.example:" .. peer.port)
    ends.until_true(function() return query end)
    service.loop:locate(table.unpack(query, 1, query.n))
    peer:wait()
    assert.has_error(function() service.loop:locate(service.engine, 1) end)
  end)

  it("may close the engine that asks", function()
    local service <close> = with_names {}
    service:listen "udp"
    service.loop:on_resolve(function(engine) engine:close() end)
    ask(service, "sip:sip.example")
    ask(service, "sip:sip2.example")
    ends.turn()
    assert.same({}, service.errors)
    assert.equal(0, service:counts().listeners)
  end)
end)
