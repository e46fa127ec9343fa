-- SPDX-License-Identifier: MIT
--
-- The smaller examples, each loaded unchanged onto a network in memory.

local test <const> = require "moonsip.test"

local SERVER <const> = "10.0.0.1"

describe("the example", function()
  local net, alice
  before_each(function()
    net = test.net()
    alice = net:agent "sip:alice@example.com"
  end)
  after_each(function() net:close() end)

  local function load(name, ...)
    return net:load("examples/" .. name .. ".lua", SERVER, { name = name, ... })
  end

  -- The status of a request to it.
  local function status_of(server, method, options, user)
    local uri = ("sip:%s@%s"):format(user or "x", SERVER)
    local res, err = alice:request(method, uri, options):wait()
    assert.equal("running", server.state)
    return res and res.code or err.code, err
  end

  it("02_callbacks answers later, asks the phone and hangs up", function()
    local server = load("02_callbacks")
    local call = assert(alice:call(server))
    assert.equal(2, math.floor(net:now()))
    net:advance "1s"
    assert.is_true(server:printed "^the phone says:.*INVITE")
    net:advance "5s"
    assert.equal("ended", call.state)
    assert.is_true(server:printed "^ended:.*hangup")
  end)

  it("03_methods accepts every method", function()
    local server = load("03_methods")
    for _, method in ipairs { "BYE", "REGISTER", "OPTIONS", "PRACK", "NOTIFY", "PUBLISH",
                              "INFO", "MESSAGE", "UPDATE", "ODD" } do
      assert.equal(200, (status_of(server, method)))
      assert.is_true(server:printed("^" .. method))
    end
    local call = assert(alice:call(server))
    assert.equal(200, assert(call:request("INFO"):wait()).code)
    call:hangup()
    local news = {}
    alice:on("NOTIFY", function(req) news[#news + 1] = req.body; req:reply(200) end)
    assert.equal(200, (status_of(server, "SUBSCRIBE",
      { headers = { Event = "x-example" } })))
    assert.equal(202, (status_of(server, "REFER",
      { headers = { ["Refer-To"] = "<sip:b@c>" } })))
    net:advance "1s"
    assert.same({ "as you see", "SIP/2.0 503 Service Unavailable\r\n" }, news)
    assert.is_true(server:printed "^ACK")
  end)

  it("04_call places a call and says how it went", function()
    alice:on("INVITE", function(req)
      req:ring()
      req:answer()
    end)
    local script = load("04_call", "0.0.0.0:5060", alice.contact, "3")
    assert.equal("ended", script.state)
    assert.same({ "180\tRinging", "answered", "ended" }, script.output)
    assert.equal(3, math.floor(net:now()))
    net:settle()
    assert.equal(0, #alice.calls)
  end)

  it("04_call fails when nobody answers, and without a target", function()
    alice:on("INVITE", function(req) req:reply(486) end)
    local ok, err = pcall(load, "04_call", "0.0.0.0:5060", alice.contact)
    assert.is_false(ok)
    assert.matches("not answered: busy: 486 Busy Here", err)
    ok, err = pcall(net.load, net, "examples/04_call.lua", "10.0.0.2")
    assert.is_false(ok)
    assert.matches("usage: 04_call.lua LISTEN URI", err)
  end)

  it("05_ping says when a peer goes and comes back", function()
    local server = load("05_ping", "0.0.0.0:5060", alice.contact)
    net:advance "1s"
    assert.is_true(server:printed "up\t200")
    net:cut(server, alice)
    net:advance "15s"
    assert.is_true(server:printed "down\ttimeout")
    net:heal(server, alice)
    net:advance "10s"
    assert.equal(4, #server.output) -- where it listens, and three changes
  end)

  it("06_redirect tells callers where to go", function()
    local server = load("06_redirect")
    local _, err = status_of(server, "INVITE", nil, "200")
    assert.equal(302, err.code)
    assert.equal(2, #err.response.contacts)
    _, err = status_of(server, "INVITE", nil, "742")
    assert.equal(301, err.code)
    assert.equal("sip:742@192.0.2.77", err.response.contact.uri.text)
    assert.equal(404, (status_of(server, "INVITE", nil, "999")))
  end)

  it("07_registrar keeps bindings until they expire, and redirects to them", function()
    local server = load("07_registrar", "0.0.0.0:5060")
    local function register(expires, contact)
      local res = assert(alice:request("REGISTER", "sip:" .. SERVER, {
        to = "sip:alice@" .. SERVER,
        headers = { Contact = contact or "<sip:alice@10.0.9.9>", Expires = expires },
      }):wait())
      return #res.contacts, res.contact and res.contact.expires
    end
    assert.equal(480, (status_of(server, "INVITE", nil, "alice")))
    assert.same({ 1, 60 }, { register(60) })
    local _, err = status_of(server, "INVITE", nil, "alice")
    assert.equal(302, err.code)
    assert.equal("sip:alice@10.0.9.9", err.response.contact.uri.text)
    net:advance "61s"
    assert.equal(480, (status_of(server, "INVITE", nil, "alice")))
    assert.same({ 2, 60 }, { register(60, { "<sip:a@10.0.9.9>", "<sip:b@10.0.9.9>" }) })
    assert.same({ 1, 60 }, { register(60, "<sip:a@10.0.9.9>;expires=0") })
    assert.same({ 0 }, { register(0, "*") })
    net:settle()
    assert.is_true(server:printed "^sip:alice@10.0.0.1\tis at\tsip:alice@10.0.9.9$")
    assert.is_true(server:printed "was not heard of again at\tsip:alice@10.0.9.9$")
    assert.is_true(server:printed "is no longer at\tsip:b@10.0.9.9$")
  end)

  it("07_registrar asks for the passwords that it is given", function()
    load("07_registrar", "0.0.0.0:5060", "alice:wonderland", "bob:builder")
    local function register(username, password, of)
      local res, err = alice:request("REGISTER", "sip:" .. SERVER, {
        to = ("sip:%s@%s"):format(of or username, SERVER),
        headers = { Contact = "<sip:x@10.0.9.9>" },
        username = username, password = password, realm = "moonsip",
      }):wait()
      return res and res.code or err.code
    end
    assert.equal(200, register("alice", "wonderland"))
    assert.equal(401, register("alice", "builder"))
    assert.equal(401, register("eve", "wonderland"))
    assert.equal(403, register("bob", "builder", "alice"))
    net:settle()
  end)

  it("08_message sends lines and shows what comes back", function()
    local lines = { "one", "two" }
    local wait = { one = 200, two = 486 }
    alice:on("MESSAGE", function(req) req:reply(wait[req.body]) end)
    local real = io.lines
    io.lines = function(path) -- luacheck: ignore
      if path then return real(path) end
      return coroutine.wrap(function()
        for _, line in ipairs(lines) do coroutine.yield(line) end
      end)
    end
    local ok, script = pcall(load, "08_message", "0.0.0.0:5060", alice.contact)
    io.lines = real -- luacheck: ignore
    assert.is_true(ok, script)
    assert.equal("ended", script.state)
    assert.is_true(script:printed "^%-> one\t200")
    assert.is_true(script:printed "^refused:\t486\tBusy Here")
  end)

  for _, name in ipairs { "02_callbacks", "03_methods", "05_ping", "06_redirect",
    "07_registrar" } do
    it(name .. " stops cleanly", function()
      local server = load(name, "0.0.0.0:5060")
      server:stop()
      net:settle()
      assert.equal("ended", server.state)
      assert.same({}, server.log)
    end)
  end
end)
