-- SPDX-License-Identifier: MIT
--
-- Agents on a test network: calls and requests between real engines, the clock, and
-- what can be asked afterwards.

local test <const> = require "moonsip.test"

local function golden(name)
  local file <close> = assert(io.open("spec/golden/" .. name .. ".txt"))
  return file:read "a"
end

-- Alice and Bob, who rings, answers after three seconds and knows MESSAGE.
local function two(options)
  local net = test.net(options)
  local alice = net:agent "sip:alice@example.com"
  local bob = net:agent "sip:bob@example.com"
  bob:on("INVITE", function(req)
    req:ring()
    net:sleep "3s"
    return req:answer()
  end)
  bob:on("MESSAGE", function(req) return req:reply(200) end)
  return net, alice, bob
end

describe("a test network", function()
  it("runs a call from the first INVITE to the last 200 (RFC 3665 3.1)", function()
    local net <close>, alice, bob = two()
    local call = assert(alice:call(bob))
    assert.equal("connected", call.state)
    net:advance "40s"
    assert.equal("connected", bob.calls[1].state)
    call:hangup()
    assert.is_true(net:settle())
    assert.equal(golden "call", net:ladder())
    assert.equal(0, #alice.calls + #bob.calls)
  end)

  it("has nothing left alive once it is quiet", function()
    local options = { loss = 0.2, duplicate = 0.1, delay = { 1, 500 } }
    local net <close>, alice, bob = two(options)
    for _ = 1, 5 do
      local call = alice:call(bob)
      alice:request("MESSAGE", bob, { body = "hi" }):wait()
      if call then call:hangup() end
    end
    assert.is_true(net:live() > 0)
    assert.is_true(net:settle())
    local total, parts = net:live()
    assert.equal(0, total)
    assert.same({ server_transactions = 0, client_transactions = 0, dialogs = 0,
                  timers = 0 }, parts)
  end)

  it("turns for verbs in the main chunk, in handlers and with callbacks alike", function()
    local _ <close>, alice, bob = two()
    local results = {}
    bob:on("INFO", function(req)
      local res = bob:request("MESSAGE", alice):wait() -- inside a handler
      results[#results + 1] = res and res.code
      return req:reply(200)
    end)
    alice:on("MESSAGE", function(req) return req:reply(202) end)
    alice:request("MESSAGE", bob):wait(function(res) results[#results + 1] = res.code end)
    local res = assert(alice:request("INFO", bob):wait())
    results[#results + 1] = res.code
    table.sort(results)
    assert.same({ 200, 200, 202 }, results)
  end)

  it("moves the clock only where something is due (RFC 3261 17.1.1.2)", function()
    local net <close>, alice = two()
    local res, err = alice:request("OPTIONS", "sip:10.0.0.99"):wait()
    assert.is_nil(res)
    assert.equal("timeout", err.kind)
    assert.equal(32, net:now())
    net:advance(0.25)
    assert.equal(32.25, net:now())
  end)

  it("sleeps in the main chunk, and says what cannot wait in a handler", function()
    local net <close>, alice, bob = two()
    net:sleep "2s"
    assert.equal(2, net:now())
    local why
    bob:on("INFO", function(req)
      local _, text = pcall(net.advance, net, 1)
      why = text
      return req:reply(200)
    end)
    assert(alice:request("INFO", bob):wait())
    assert.truthy(why:find "net:advance cannot turn the network inside a handler")
  end)

  it("gives up on a quiet that does not come", function()
    local net <close>, alice = two()
    alice.context.tasks:start(nil, function()
      while true do net:sleep "10s" end
    end)
    local quiet, err = net:settle "5m"
    assert.is_nil(quiet)
    assert.equal("timeout", err.kind)
    assert.truthy(net:now() <= 300)
  end)

  it("fails a verb that waits for what can never happen", function()
    local net <close>, alice = two()
    local asked = net:endpoint "10.0.0.9:5060"
    local call = alice:start_call(asked)
    asked:reply(asked:expect "INVITE", 180, "Ringing", "Contact: <sip:10.0.0.9>\r\n")
    local answered, err = call:wait()
    assert.is_nil(answered)
    assert.truthy(err.kind)
    assert.is_true(net:now() > 100)
  end)

  it("counts and picks messages", function()
    local net <close>, alice, bob = two()
    local call = assert(alice:call(bob))
    call:hangup()
    net:settle()
    assert.equal(1, net:count { method = "BYE" })
    assert.equal(1, net:count { method = "BYE", class = "2xx" })
    assert.equal(1, net:count { code = 180 })
    assert.equal(2, net:count { class = "2xx" })
    assert.equal(3, net:count { from = alice })
    assert.equal(3, net:count { to = bob })
    assert.equal(3, net:count { to = "10.0.1.1" })
    assert.equal(0, net:count { transport = "tcp" })
    local invite = net:messages { method = "INVITE" }[1]
    assert.equal("10.0.1.1:5060", invite.from)
    assert.equal(6, net:count { call_id = invite.seen.call_id })
    assert.has_error(function() net:count { methd = "BYE" } end)
  end)

  it("tells retransmissions from first copies (RFC 3261 17.1.2.2)", function()
    local net <close>, alice, bob = two()
    net:cut(alice, bob)
    local exchange = alice:request("MESSAGE", bob)
    net:advance "4s"
    net:heal()
    assert(exchange:wait())
    assert.equal(5, net:count { method = "MESSAGE" })
    assert.equal(1, net:count { method = "MESSAGE", retransmissions = false })
    assert.equal(4, net:count { method = "MESSAGE", retransmissions = true })
    assert.equal(4, net:count { lost = true })
  end)

  it("keeps as many messages as it was told, and counts none of the rest", function()
    local net <close>, alice, bob = two { keep = 10 }
    for _ = 1, 5 do assert(alice:request("MESSAGE", bob):wait()) end
    assert.equal(10, net:count {})
    local before = net:hash()
    assert(alice:request("MESSAGE", bob):wait())
    assert.is_false(pcall(net.count, net, {}))
    assert.not_equal(before, net:hash())
  end)

  it("shows every message as text", function()
    local net <close>, alice, bob = two()
    assert(alice:request("MESSAGE", bob, { body = "hi" }):wait())
    local text = net:trace()
    assert.truthy(text:find("0.000  udp 10.0.1.1:5060 -> 10.0.1.2:5060", 1, true), text)
    assert.truthy(text:find("    MESSAGE sip:bob@10.0.1.2:5060 SIP/2.0\n", 1, true), text)
  end)

  it("knows the names it was told (RFC 3263 4)", function()
    local net <close>, alice, bob = two()
    net:dns("example.com", bob.host.addresses[1])
    assert(alice:request("MESSAGE", "sip:bob@example.com"):wait())
    local _, err = alice:request("MESSAGE", "sip:bob@example.org"):wait()
    assert.equal("dns", err.kind)
  end)

  it("carries TCP, and refuses where nobody listens", function()
    local net <close>, alice, bob = two { loss = 0.5 }
    local res = assert(alice:request("MESSAGE", "sip:bob@10.0.1.2;transport=tcp"):wait())
    assert.equal(200, res.code)
    assert.equal(2, net:count { transport = "tcp" })
    net:endpoint "10.0.0.9:5060"
    local _, err = alice:request("MESSAGE", "sip:x@10.0.0.9;transport=tcp"):wait()
    assert.equal("transport", err.kind)
    assert.truthy(bob)
  end)

  it("carries IPv6", function()
    local net <close> = test.net()
    local alice = net:agent("sip:alice@example.com", { address = "fd00::1" })
    local bob = net:agent("sip:bob@example.com", { address = "fd00::2" })
    bob:on("MESSAGE", function(req) return req:reply(200) end)
    assert.equal("sip:bob@[fd00::2]:5060", bob.contact)
    assert(alice:request("MESSAGE", bob):wait())
    assert.equal("[fd00::1]:5060", net:messages()[1].from)
  end)

  it("lets two agents be cut from each other, and no others", function()
    local net <close>, alice, bob = two()
    local carol = net:agent "sip:carol@example.com"
    net:cut(alice, bob)
    assert.is_nil((alice:request("MESSAGE", bob, { timeout = "2s" }):wait()))
    assert(carol:request("MESSAGE", bob):wait())
    net:heal(alice, bob)
    assert(alice:request("MESSAGE", bob):wait())
  end)

  for name, options in pairs {
    ["an unknown option"] = { lose = 0.1 }, ["a wrong seed"] = { seed = "x" },
    ["a wrong probability"] = { loss = 2 },
  } do
    it("refuses " .. name .. " at the caller's line", function()
      local ok, why = pcall(test.net, options)
      assert.is_false(ok)
      assert.truthy(why:find("bad argument", 1, true), why)
    end)
  end

  it("refuses an address twice, and hosts that it does not know", function()
    local net <close> = two()
    assert.has_error(function() net:agent("sip:x@y", { address = "10.0.1.1" }) end)
    assert.has_error(function() net:cut("10.0.0.77", "10.0.1.1") end)
    assert.has_error(function() net:link("10.0.1.1", "10.0.1.2", { los = 1 }) end)
  end)

  it("is at an end after close: nobody listens any more", function()
    local net, alice, bob = two()
    net:close()
    assert.is_true(alice.closed and bob.closed)
    net:close()
  end)
end)

describe("an agent of a test network", function()
  it("registers at a server and sends all else through it (RFC 3261 10.2)", function()
    local net <close>, alice, bob = two()
    local registrar = net:agent("sip:example.com", { address = "10.0.0.1" })
    local contacts = {}
    registrar:on("REGISTER", function(req)
      table.insert(contacts, req.headers["Contact"])
      return req:reply(200)
    end)
    assert(alice:register(registrar))
    assert.same({ "<sip:alice@10.0.1.1:5060>" }, contacts)
    local register = net:messages { method = "REGISTER" }[1]
    assert.equal("sip:example.com", register.seen.uri)
    assert.truthy(register.bytes:find("\r\nTo: <sip:alice@example.com>\r\n", 1, true))
    assert.truthy(register.bytes:find("\r\nExpires: 3600\r\n", 1, true))
    alice:request("MESSAGE", bob):wait(function() end)
    net:settle()
    assert.equal("10.0.0.1:5060", net:messages { method = "MESSAGE" }[1].to)
  end)

  it("is told no by a server that wants to know who it is", function()
    local net <close>, alice = two()
    local registrar = net:agent("sip:example.com", { address = "10.0.0.1" })
    registrar:on("REGISTER", function(req)
      return req:reply(401, { ["WWW-Authenticate"] = 'Digest realm="x", nonce="y"' })
    end)
    local res, err = alice:register(registrar)
    assert.is_nil(res)
    assert.equal("auth", err.kind)
  end)
end)
