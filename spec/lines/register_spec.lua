-- SPDX-License-Identifier: MIT
--
-- Lines (RFC 3261 10.2): agent:register and the option `register`, at a registrar that is
-- played by hand.

local lines <const> = require "spec.support.lines"

describe("a line", function()
  local world
  before_each(function() world = lines.new() end)
  after_each(function() world:close() end)

  it("registers its address of record and keeps it registered (RFC 3261 10.2)", function()
    local line <const> = world:line { expires = "10m" }
    world.net:advance "1s"
    local first <const> = world.asked[1]
    assert.same({ "sip:example.com", "<sip:alice@example.com>", "sip:alice@10.0.0.2:5060",
                  600, true },
      { tostring(first.uri), first.to.text, tostring(first.contact.uri), first.contact.expires,
        first:has_token("Supported", "path") })
    assert.same({ "registered", true, "sip:alice@10.0.0.2:5060" },
      { line.state, line.registered, line.contact })
    assert.same({ "registered" }, world.heard)
    world.net:advance "10m"
    assert.same({ "registered", "refreshed" }, world.heard)
    local second <const> = world.asked[2]
    assert.same({ first.call_id, first.cseq + 1 }, { second.call_id, second.cseq })
    local at <const> = world.times[2] - world.times[1]
    assert.is_true(at >= 450000 and at <= 540000, at)
  end)

  it("is refreshed 32 s before the end, or at half of a short interval (RFC 5627 4.2)", function()
    for _, case in ipairs { { 64, 32, 32 }, { 2, 1, 1 }, { 100, 68, 68 }, { 1, 0.5, 0.5 } } do
      local one <const> = lines.new()
      one.answer = function(req) one:grant(req, case[1]) end
      one:line { expires = "1h" }
      one.net:advance "2m"
      local at <const> = (one.times[2] - one.times[1]) / 1000
      assert.is_true(at >= case[2] - 0.01 and at <= case[3] + 0.01, case[1] .. ": " .. at)
      one:close()
    end
  end)

  it("reads for how long from its own contact, among others", function()
    world.answer = function(req)
      req:reply(200, { Contact = { "<sip:alice@10.9.9.9>;expires=7000",
        ("<%s>;expires=120"):format(req.contact.uri), "<sip:desk@10.0.0.2:5060>;expires=3" } })
    end
    local line <const> = world:line()
    world.net:advance "1s"
    assert.equal(120, line.expires)
  end)

  it("never takes more time than it asked for (10.3 step 7; bug class 27)", function()
    world.answer = function(req)
      req:reply(200, { Contact = ("<%s>;expires=4294967295"):format(req.contact.uri) })
    end
    local line <const> = world:line { expires = 100 }
    world.net:advance "1s"
    assert.equal(100, line.expires)
  end)

  it("asks for 2^32-1 seconds, and not for one more", function()
    local line <const> = world:line { expires = 4294967295 }
    world.net:advance "1s"
    assert.same({ "registered", 4294967295 }, { line.state, world.asked[1].contact.expires })
    assert.has_error(function() world:line { expires = 4294967296 } end)
  end)

  it("takes its binding back when the agent is closed", function()
    world:line()
    world.net:advance "1s"
    world.alice:close()
    world.net:advance "1s"
    assert.same({ 2, 0 }, { #world.asked, world.asked[2].contact.expires })
  end)

  it("answers the challenge to that too", function()
    local line <const> = world:line { password = "wonderland" }
    world:challenge "wonderland"
    world.net:advance "1s"
    assert.equal("registered", line.state)
    world:stale()
    line:close()
    world.net:advance "1s"
    assert.same({ "closed", "registered", "unregistered" },
      { line.state, world.heard[1], world.heard[2] })
  end)

  it("waits for the outcome", function()
    local line <const> = world:line()
    local outcome
    line:wait(function(done, err) outcome = { done, err } end)
    world.net:advance "1s"
    assert.same({ true }, outcome)
    line:unregister(function(done) outcome = { "gone", done } end)
    world.net:advance "1s"
    assert.same({ "gone", true }, outcome)
    local why
    line:wait(function(_, err) why = err.kind end)
    world.net:advance "1s"
    assert.equal("gone", why)
  end)

  it("sends requests as itself, by the Service-Route (RFC 3608 6.1)", function()
    world.answer = function(req)
      world:grant(req, 600, { ["Service-Route"] = "<sip:10.0.0.1;lr>, <sip:home.example.com;lr>" })
    end
    local line <const> = world:line()
    world.net:advance "1s"
    assert.equal("<sip:10.0.0.1;lr>, <sip:home.example.com;lr>", line.service_route)
    local got
    world.server:on("MESSAGE", function(req)
      got = { req.from.uri.user, req:header_values "Route" }
      req:reply(200)
    end)
    line:request("MESSAGE", "sip:bob@example.org", { body = "x" })
    world.net:advance "1s"
    assert.same({ "alice", { "<sip:10.0.0.1;lr>", "<sip:home.example.com;lr>" } }, got)
  end)

  it("believes at most 16 values of Service-Route (bug class 28)", function()
    local many <const> = {}
    for at = 1, 17 do many[at] = ("<sip:p%d.example.com;lr>"):format(at) end
    world.answer = function(req) world:grant(req, 600, { ["Service-Route"] = many }) end
    local line <const> = world:line()
    world.net:advance "1s"
    assert.same({ "waiting", "invalid" }, { line.state, line.error.kind })
    many[17] = nil
    line:refresh()
    world.net:advance "1s"
    assert.equal("registered", line.state)
  end)

  it("is found by a request that comes for it", function()
    local line <const> = world:line()
    local other <const> = world:line { uri = "sip:alice@example.net", registrar = "10.0.0.1" }
    world.net:advance "1s"
    local found <const> = {}
    world.alice:on("MESSAGE", function(req)
      found[#found + 1] = req.line
      req:reply(200)
    end)
    world.server:request("MESSAGE", line.contact, { to = "sip:alice@example.net" })
    world.server:request("MESSAGE", line.contact, { to = "sip:alice@example.com" })
    world.server:request("MESSAGE", "sip:bob@10.0.0.2", {})
    world.net:advance "1s"
    assert.same({ other, line }, found)
  end)
end)

describe("the option register", function()
  it("makes lines, and one alone is whom the agent's requests come from", function()
    local world <close> = lines.new()
    local agent <const> = assert(world.sip.agent {
      listen = "10.0.0.2:5070", register = { uri = '"Ctd" <sip:ctd@example.com>' } })
    world.net:advance "1s"
    assert.equal("registered", agent.lines[1].state)
    local got
    world.server:on("OPTIONS", function(req)
      got = req.from.text
      req:reply(200)
    end)
    agent:request("OPTIONS", "sip:example.com")
    world.net:advance "1s"
    assert.truthy(got:find('"Ctd" <sip:ctd@example.com>;tag=', 1, true), got)
  end)

  it("takes a list", function()
    local world <close> = lines.new { register = { { uri = "sip:a@example.com" },
                                                   { uri = "sip:b@example.com" } } }
    world.net:advance "1s"
    assert.same({ 2, "registered", "registered" },
      { #world.alice.lines, world.alice.lines[1].state, world.alice.lines[2].state })
  end)

  it("is bounded by max_lines", function()
    assert.has_error(function()
      lines.new { max_lines = 1, register = { { uri = "sip:a@example.com" },
                                              { uri = "sip:b@example.com" } } }
    end, nil)
    local world <close> = lines.new { max_lines = 1 }
    assert.truthy(world:line())
    local none, err = world:line { uri = "sip:b@example.com" }
    assert.same({ nil, "limit" }, { none, err.kind })
  end)

  it("has a thousand lines with at most 32 REGISTERs under way at one server", function()
    local register <const> = {}
    for at = 1, 1000 do register[at] = { uri = ("sip:u%d@example.com"):format(at) } end
    local world <close> = lines.new({ register = register }, { delay = 50 })
    world.net:advance "20s"
    local count = 0
    for _, one in ipairs(world.alice.lines) do count = count + (one.registered and 1 or 0) end
    assert.equal(1000, count)
    assert.equal(1000, #world.asked)
    for at = 33, 1000 do
      assert.is_true(world.times[at] - world.times[at - 32] >= 100, at)
    end
  end)
end)
