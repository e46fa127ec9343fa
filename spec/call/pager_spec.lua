-- SPDX-License-Identifier: MIT
-- Instant messages in pager mode (RFC 3428): how large, how many at once, what they carry,
-- when they expire; and OPTIONS (RFC 3261 11).

local pair <const> = require "spec.support.pair"
local sip <const> = require "moonsip"
local test <const> = require "moonsip.test"

describe("MESSAGE", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  local function receive(fn)
    local heard <const> = {}
    bob:on("MESSAGE", function(req)
      heard[#heard + 1] = req
      if fn then return fn(req) end
      return req:reply(200)
    end)
    return heard
  end

  local function requests() return net:messages { method = "MESSAGE" } end

  it("is sent and answered, outside of calls and inside", function()
    local heard <const> = receive()
    assert.equal(200, assert(alice:message(bob, "hi")).code)
    assert.same({ "hi", "text/plain" }, { heard[1].body, heard[1].content_type.value })
    pair.answers(bob)
    local near <const>, far <const> = pair.connect(net, alice, bob)
    assert(near:message("<b>", { content_type = "text/html", headers = { Subject = "s" } }))
    assert.same({ "<b>", "text/html", "s", far },
      { heard[2].body, heard[2].content_type.value, heard[2].headers["Subject"], heard[2].call })
    local code
    alice:message(bob, "later", function(res) code = res.code end)
    net:settle()
    assert.equal(200, code)
    assert.equal(405, select(2, far:message "back").code) -- she has no handler
  end)

  it("names no Contact, and makes no dialog (4)", function()
    local heard <const> = receive()
    local res <const> = assert(alice:message(bob, "hi"))
    assert.is_nil(heard[1].headers["Contact"])
    assert.is_false(res.dialog)
    for _, options in ipairs {
      { contact = "sip:a@b" }, { headers = { Contact = "<sip:a@b>" } },
      { headers = { m = "<sip:a@b>" } }, { headers = { { "Contact", "<sip:a@b>" } } },
    } do
      assert.has_error(function() alice:request("MESSAGE", bob, options) end,
        "bad argument 'contact' to 'agent:request' (a MESSAGE has none (RFC 3428 4))")
    end
  end)

  it("has a 2xx without body and Contact (7)", function()
    receive(function(req)
      assert.has_error(function() req:reply(200, { body = "x" }) end,
        "bad argument 'body' to 'req:reply' (a 2xx to MESSAGE has none (RFC 3428 7))")
      assert.has_error(function() req:reply(202, { Contact = "<sip:a@b>" }) end)
      return req:reply(480, { body = "away" })
    end)
    assert.equal(480, select(2, alice:message(bob, "hi")).code)
  end)

  it("that is large goes by TCP (8, RFC 3261 18.1.1)", function()
    receive()
    assert(alice:message(bob, ("x"):rep(700)))
    assert(alice:message(bob, ("x"):rep(1300)))
    local list <const> = requests()
    assert.same({ "udp", "tcp" }, { list[1].transport, list[2].transport })
  end)

  -- An agent that speaks UDP alone.
  local function udp_only(name, ip)
    return net:agent(("sip:%s@example.com"):format(name),
      { media = false, address = ip, listen = ("udp:%s:5060"):format(ip) })
  end

  it("goes by UDP with 1300 bytes, and not with one more: limit, NEEDS_TCP (8)", function()
    local carol <const> = udp_only("carol", "10.0.0.2")
    carol:on("MESSAGE", function(req) return req:reply(200) end)
    for _, from in ipairs { udp_only("dave", "10.0.0.3"), alice } do -- no TCP of ours; of theirs
      assert(from:message("sip:carol@10.0.0.2", ("x"):rep(700)))
      local list = requests()
      local head <const> = #list[#list].bytes - 700
      assert(from:message("sip:carol@10.0.0.2", ("x"):rep(1300 - head)))
      list = requests()
      assert.same({ 1300, "udp" }, { #list[#list].bytes, list[#list].transport })
      local count <const> = net:count { method = "MESSAGE", transport = "udp" }
      local res, err = from:message("sip:carol@10.0.0.2", ("x"):rep(1301 - head))
      assert.same({ "limit", "NEEDS_TCP" }, { res or err.kind, err.name })
      assert.matches("RFC 3428 8", err.reason)
      assert.equal(count, net:count { method = "MESSAGE", transport = "udp" })
    end
  end)

  it("that is large and must stay on UDP is an error at once (8)", function()
    receive()
    local _, err = alice:message(bob, ("x"):rep(1300), { no_tcp = true })
    assert.same({ "limit", "NEEDS_TCP" }, { err.kind, err.name })
  end)

  it("inside a call is of its session: the rule of other requests (8)", function()
    receive()
    pair.answers(bob)
    local near <const> = pair.connect(net, alice, bob)
    assert(near:message(("x"):rep(1300), { no_tcp = true }))
    assert.equal("udp", requests()[1].transport)
  end)

  it("waits for the one before it to the same URI, not to others (8)", function()
    local times <const> = {}
    receive(function(req)
      times[req.body] = net:now()
      net:sleep "2s"
      return req:reply(200)
    end)
    local carol <const> = net:agent("sip:carol@example.com", { media = false })
    carol:on("MESSAGE", function(req)
      times[req.body] = net:now()
      return req:reply(200)
    end)
    local done <const> = {}
    for _, text in ipairs { "one", "two", "three" } do
      alice:message(bob, text, function(res) done[#done + 1] = text .. res.code end)
    end
    alice:message(carol, "other", function() end)
    net:advance "1s"
    assert.same({ true, nil, true }, { times.one ~= nil, times.two, times.other ~= nil })
    net:advance "9s"
    assert.same({ "one200", "two200", "three200" }, done)
    assert.is_true(times.two - times.one >= 2 and times.three - times.two >= 2)
  end)

  it("that waits has its turn when the one before it fails, is given up, or is challenged",
    function()
      local tries = 0
      local auth <const> = sip.digest { realm = "r", secret = function() return "s" end }
      receive(function(req)
        tries = tries + 1
        if req.body == "dead" then return net:sleep "1h" end
        if not auth:check(req) then return end
        return req:reply(200)
      end)
      local log <const> = {}
      local function note(res, err) log[#log + 1] = res and res.code or err.kind end
      local who <const> = { username = "alice", password = "s", timeout = "3s" }
      alice:message(bob, "dead", who, note)
      alice:message(bob, "next", { username = "alice", password = "s" }, note)
      alice:message(bob, "given up", { timeout = "1s" }, note)
      local given_up <const> = alice:request("MESSAGE", bob, { body = "not wanted" })
      given_up:cancel()
      net:advance "10s"
      assert.same({ "timeout", "timeout", 200 }, log)
      assert.equal(3, tries)
      assert.same({}, alice.pager)
    end)

  it("waits behind a thousand at most: limit", function()
    receive(function() net:sleep "1h" end)
    local err
    for _ = 1, 1001 do alice:request("MESSAGE", bob, { body = "x" }) end
    alice:message(bob, "one more", function(_, why) err = why end)
    net:advance(10)
    assert.same({ "limit" }, { err.kind })
    assert.equal(1, #net:messages { method = "MESSAGE", retransmissions = false })
  end)

  it("goes to the next target, and has its turn there", function()
    local heard <const> = receive()
    local list <const> = { "sip:nobody@10.9.9.9;transport=tcp", bob.contact }
    assert.equal(200, assert(alice:message(list, "hi")).code)
    assert.equal(1, #heard)
    assert.same({}, alice.pager)
  end)

  it("expires so long after its Date, or after it came (7)", function()
    local heard <const> = receive()
    assert(alice:message(bob, "hi", { expires = "1h" }))
    local req <const> = heard[1]
    assert.equal(3600, req.expires)
    assert.equal(req.message:typed "Date" + 3600, req.expires_at)
    assert(alice:message(bob, "hi", { headers = { Expires = "60" } }))
    net:advance "30s"
    local at <const> = heard[2].expires_at
    assert.is_nil(heard[2].headers["Date"])
    assert.equal(at, heard[2].expires_at)
    assert(alice:message(bob, "hi"))
    assert.is_nil(heard[3].expires_at)
  end)

  it("refuses wrong arguments at the script's line", function()
    assert.has_error(function() alice:message(bob) end)
    assert.has_error(function() alice:message(bob, "x", { body = "y" }) end)
    assert.has_error(function() alice:message(bob, "x", { expires = "soon" }) end)
    assert.has_error(function() alice:message(bob, "x", { expirs = "1s" }) end)
  end)
end)

describe("OPTIONS", function()
  it("is asked outside of calls and inside (11)", function()
    local net <close> = test.net()
    local alice <const> = net:agent("sip:alice@example.com", { media = false })
    local bob <const> = net:agent("sip:bob@example.com", { media = false })
    pair.answers(bob)
    local res = assert(alice:options(bob))
    assert.is_true(res:has_token("Allow", "INVITE"))
    local near <const>, far <const> = pair.connect(net, alice, bob)
    res = assert(near:options())
    assert.is_true(res:has_token("Supported", "100rel"))
    far:on("OPTIONS", function(req) return req:reply(486) end)
    local code
    near:options(function(_, err) code = err.code end)
    net:advance(10)
    assert.equal(486, code)
    bob:on("OPTIONS", function(req) return req:reply(200, { Accept = "text/x-foo" }) end)
    assert.equal("text/x-foo", assert(alice:options(bob, { timeout = "1s" })).headers["Accept"])
  end)
end)
