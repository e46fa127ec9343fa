-- SPDX-License-Identifier: MIT
--
-- The guard of an agent, as scripts have it.

local core <const> = require "moonsip.core"
local face <const> = require "moonsip.face"
local messages <const> = require "spec.support.messages"
local test <const> = require "moonsip.test"

describe("a guarded agent", function()
  local net, n
  before_each(function() net, n = test.net(), 0 end)
  after_each(function() net:close() end)

  local function server(options)
    options = options or {}
    options.address = "10.0.0.1"
    return net:agent("sip:pbx@10.0.0.1", options)
  end

  -- A request of a peer made by hand; the status of the answer, or nil.
  local function ask(peer, method, o)
    n = n + 1
    local request <const> = { method = method or "REGISTER", branch = "z9hG4bK" .. n,
      call_id = "c" .. n, cseq = n, via = ("SIP/2.0/%s %s;branch=z9hG4bK%d"):format(
        peer.transport:upper(), peer.address, n) }
    for key, value in pairs(o or {}) do request[key] = value end
    peer:send(messages.request(request), "10.0.0.1:5060")
    local got <const> = peer:expect(function() return true end, 500)
    return got and messages.kind(got.bytes) or nil, got and got.bytes
  end

  local function answered(peer, count, method)
    local found = 0
    for _ = 1, count do
      n = n + 1
      peer:send(messages.request { method = method or "REGISTER", branch = "z9hG4bK" .. n,
        call_id = "c" .. n, cseq = n }, "10.0.0.1:5060")
    end
    net:advance "100ms"
    while peer.received[1] do
      table.remove(peer.received, 1)
      found = found + 1
    end
    return found
  end

  it("limits sources, drops scanners and spares this host, unless told", function()
    local one <const> = server()
    local peer <const> = net:endpoint "10.0.0.9:5060"
    assert.equal(30, answered(peer, 50))
    assert.equal(20, one:counts().refused_rate)
    local scanner <const> = net:endpoint "10.0.0.8:5060"
    assert.is_nil(ask(scanner, "OPTIONS", { lines = { "User-Agent: friendly-scanner" } }))
    assert.equal(200, (ask(scanner, "OPTIONS", { lines = { "User-Agent: sipsak 0.9.8" } })))
    local here <const> = net:endpoint "127.0.0.1:5060"
    assert.equal(100, answered(here, 100))
    assert.equal(1, face.of(one.context).metrics().refused_scanner)
  end)

  it("lets everybody in with guard = false", function()
    local one <const> = server { guard = false }
    assert.equal(200, answered(net:endpoint "10.0.0.9:5060", 200))
    assert.is_false(one.guard)
  end)

  it("has what a script asks of it", function()
    local one <const> = server { guard = { per_ip = "5/10s", scanners = { "mybot" },
      deny = { "10.9.0.0/16" }, allow = "10.0.0.7", max_size = 1000, ban = "30s",
      overload = { late = "1s", calm = 0.1 }, known = "1h", capacity = 64,
      per_user = "3/1m" } }
    local peer <const> = net:endpoint "10.0.0.9:5060"
    assert.equal(5, answered(peer, 10))
    net:advance "20s"
    assert.equal(0, answered(peer, 1))
    net:advance "11s"
    assert.equal(5, answered(peer, 10))
    assert.equal(0, answered(net:endpoint "10.9.0.1:5060", 3))
    assert.equal(50, answered(net:endpoint "10.0.0.7:5060", 50))
    local other <const> = net:endpoint "10.0.0.6:5060"
    for _, name in ipairs { "MyBot/1", "sipvicious" } do
      assert.is_nil(ask(other, "OPTIONS", { lines = { "User-Agent: " .. name } }))
    end
    assert.equal(413, (ask(other, "OPTIONS", { body = ("x"):rep(1000) })))
    assert.equal(200, (ask(other, "OPTIONS", { body = ("x"):rep(500) })))
    assert.equal(0, one.guard.share)
  end)

  it("as the registrar's script says it", function()
    server { guard = { per_ip = "30/2s", scanners = "drop", max_size = 65535 } }
    assert.equal(30, answered(net:endpoint "10.0.0.9:5060", 50))
  end)

  it("refuses what is wrong at the script's line", function()
    for _, wrong in ipairs { 5, "on", { typo = 1 }, { per_ip = "30" }, { per_ip = 30 },
      { per_user = "x/1s" }, { scanners = "kill" }, { scanners = { "" } },
      { scanners = { ("x"):rep(65) } }, { allow = 5 }, { deny = { 5 } }, { ban = "x" },
      { overload = { late = "10ms", calm = "10ms" } }, { overload = { early = 1 } },
      { capacity = 7 }, { max_size = 0 }, { max_size = 65536 }, { known = -1 } } do
      local ok <const>, why = pcall(server, { guard = wrong })
      assert.is_false(ok)
      assert.truthy(tostring(why):find("guard_spec.lua", 1, true)
        or tostring(why):find("agent_spec.lua", 1, true), why)
      net:close()
      net = test.net()
    end
    local ok <const>, why = pcall(server, { guard = { deny = "10.0.0.0/33" } })
    assert.is_false(ok)
    assert.truthy(tostring(why):find('"10.0.0.0/33" is no address or network', 1, true))
  end)

  it("lists and bans at run time", function()
    local one <const> = server()
    local peer <const> = net:endpoint "10.0.0.9:5060"
    assert.is_true(one.guard:deny "10.0.0.0/24")
    assert.equal(0, answered(peer, 1))
    assert.is_true(one.guard:allow { "10.0.0.9" })
    assert.equal(1, answered(peer, 1))
    assert.equal(2, one.guard:forget { "10.0.0.0/24", "10.0.0.9", "10.0.0.8" })
    assert.is_true(one.guard:ban("10.0.0.9", "10s"))
    assert.equal(0, answered(peer, 1))
    net:advance "10s"
    assert.equal(1, answered(peer, 1))
    one.guard:ban("::ffff:10.0.0.9", "10s") -- one address in another form (bug class 40)
    assert.equal(0, answered(peer, 1))
    assert.is_true(one.guard:unban "10.0.0.9")
    assert.equal(1, answered(peer, 1))
    for _, wrong in ipairs { "10.0.0.0/24", "nobody", "" } do
      local done <const>, err = one.guard:ban(wrong, "10s")
      assert.is_nil(done)
      assert.equal("invalid", err.kind)
    end
    assert.is_nil((one.guard:deny "10.0.0"))
    assert.has_error(function() one.guard:deny(5) end)
    assert.has_error(function() one.guard:ban(5, 1) end)
  end)

  it("tells a script once a second who was refused, and nothing for each", function()
    local one <const> = server { guard = { per_ip = "1/10s", deny = { "10.9.0.0/16" } } }
    local reports <const> = {}
    one:on("guard", function(report) reports[#reports + 1] = report end)
    local peer <const> = net:endpoint "10.0.0.9:5060"
    answered(peer, 1001)
    answered(net:endpoint "10.9.0.1:5060", 2)
    net:advance "2s"
    assert.equal(1, #reports)
    table.sort(reports[1], function(a, b) return a.count > b.count end)
    assert.same({ { source = "10.0.0.9", why = "rate", count = 1000 },
                  { source = "10.9.0.1", why = "denied", count = 2 }, others = 0 }, reports[1])
    one:off "guard"
    answered(peer, 10)
    net:advance "2s"
    assert.equal(1, #reports)
  end)

  it("closes the connection of who is refused, and opens none", function()
    local one <const> = server { guard = { per_ip = "3/10s" } }
    local peer <const> = net:endpoint "tcp:10.0.0.9:5080"
    for _ = 1, 3 do assert.equal(405, (ask(peer))) end
    assert.is_nil(ask(peer))
    assert.equal(1, one:counts().refused_rate)
  end)

  -- A registrar with one user, alice, whose password is "right".
  local function registrar(options)
    local one <const> = server(options)
    local auth <const> = face.of(one.context).digest { realm = "r",
      secret = function(user) return user == "alice" and "right" or nil end }
    one:on("REGISTER", function(req)
      if auth:check(req) then req:reply(200) end
    end)
    return one
  end

  -- Registers by hand: 200, 401 or nil.
  local function try(peer, user, password)
    local status <const>, text = ask(peer)
    if status ~= 401 then return status end
    local challenge <const> = messages.header(text, "WWW%-Authenticate")
    local nonce <const> = challenge:match 'nonce="([^"]*)"'
    local parts <const> = { username = user, password = password, realm = "r", nonce = nonce,
      algorithm = "SHA-256", qop = "auth", nc = "00000001", cnonce = "abc", method = "REGISTER",
      uri = "sip:bob@10.0.0.1" }
    return (ask(peer, "REGISTER", { lines = { ('Authorization: Digest username="%s", realm="r", '
      .. 'nonce="%s", uri="sip:bob@10.0.0.1", response="%s", algorithm=SHA-256, qop=auth, '
      .. 'nc=00000001, cnonce="abc"'):format(user, nonce, core.digest.response(parts)) } }))
  end

  it("ends who guesses passwords, and not the user whose name is used", function()
    local one <const> = registrar { guard = { per_ip = "30/1h", per_user = "5/1h" } }
    local alice <const> = net:endpoint "10.0.0.7:5060"
    assert.equal(200, try(alice, "alice", "right"))
    for attacker = 1, 8 do
      local peer <const> = net:endpoint(("10.6.6.%d:5060"):format(attacker))
      for guess = 1, 3 do try(peer, "alice", "guess" .. guess) end
    end
    assert.is_true(one:counts().refused_user > 0)
    local fresh <const> = net:endpoint "10.6.6.66:5060"
    assert.is_nil(try(fresh, "alice", "right")) -- a stranger cannot use the name for now
    assert.equal(200, try(alice, "alice", "right"))
    local guesser <const> = net:endpoint "10.7.7.7:5060"
    local refused = 0
    for guess = 1, 40 do
      if not try(guesser, "user" .. guess, "x") then refused = refused + 1 end
    end
    assert.is_true(refused >= 24, refused)
    assert.equal(200, try(alice, "alice", "right"))
  end)

  it("counts nothing against phones that register", function()
    local one <const> = registrar { guard = { per_ip = "30/1h" } }
    local nat <const> = net:endpoint "10.0.0.7:5060"
    for _ = 1, 100 do assert.equal(200, try(nat, "alice", "right")) end
    assert.equal(0, one:counts().refused_rate)
  end)

  it("spares gateways, by the addresses that they have and answer from", function()
    local one <const> = server { guard = { per_ip = "5/1h" } }
    net:dns("gw.example", "10.5.0.2")
    local second <const> = net:agent("sip:gw@gw.example", { address = "10.5.0.2" })
    local trunks <const> = face.of(one.context).gateways({
      literal = { uri = "sip:10.5.0.1" }, named = { uri = "sip:gw.example" },
      calls = { uri = "sip:10.5.0.3", sources = { "10.5.1.0/24" } } }, { probe = "10s" })
    net:advance "2s"
    second:close()
    for _, ip in ipairs { "10.5.0.1:5060", "10.5.0.2:5060", "10.5.1.77:5060" } do
      assert.equal(50, answered(net:endpoint(ip), 50, "INFO"), ip)
    end
    assert.equal(5, answered(net:endpoint "10.5.0.9:5060", 50, "INFO"))
    local senders <const> = {}
    one:on("MESSAGE", function(req)
      local who <const> = trunks:sender(req)
      senders[#senders + 1] = who and who.name or "nobody"
      req:reply(200)
    end)
    for _, ip in ipairs { "10.5.0.1:5070", "10.5.0.2:5070", "10.5.1.78:5070", "10.5.2.1:5070" } do
      ask(net:endpoint(ip), "MESSAGE")
    end
    assert.same({ "literal", "named", "calls", "nobody" }, senders)
    -- An agent made later knows them too.
    local later <const> = assert(face.of(one.context).agent { listen = "udp:10.0.0.1:5062",
      guard = { per_ip = "5/1h" } })
    local peer <const> = net:endpoint "10.5.0.1:5099"
    for at = 1, 50 do
      peer:send(messages.info { branch = "z9hG4bKl" .. at, call_id = "l" .. at,
        via = "SIP/2.0/UDP 10.5.0.1:5099;branch=z9hG4bKl" .. at }, "10.0.0.1:5062")
    end
    net:advance "1s"
    assert.equal(50, #peer.received)
    later:close()
  end)
end)
