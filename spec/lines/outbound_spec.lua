-- SPDX-License-Identifier: MIT
--
-- SIP outbound (RFC 5626) from a line over edge proxies of ours to a registrar of ours: flows,
-- their keep-alives, and how they are formed again.

local face <const> = require "moonsip.face"
local lines <const> = require "spec.support.lines"

local URN <const> = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

local function serve(edge)
  edge:on("REGISTER", function(req) return req:forward { "sip:10.0.0.1", path = true } end)
  edge:on("request", function(req) return req:forward { record_route = true } end)
end

-- Edge proxies at these addresses, before a registrar and proxy of example.com.
local function new(addresses)
  local world <const> = lines.new()
  world.loc = face.of(world.server.context).location { flow_timer = world.flow_timer }
  world.answer = function(req) world.loc:save(req) end
  world.server:on("request", function(req)
    local contacts <const>, err = world.loc:lookup(req.uri)
    if not contacts then return req:reply(err) end
    return req:forward { contacts, mode = "parallel", timeout = "5s" }
  end)
  world.edges = {}
  for at, address in ipairs(addresses) do
    world.edges[at] = world.net:agent("sip:edge@" .. address,
      { address = address, domains = { "edge.example.com" } })
    serve(world.edges[at])
  end
  return world
end

local function contacts(world)
  local list <const> = world.loc:lookup "sip:alice@example.com" or {}
  table.sort(list, function(a, b) return (a.reg_id or 0) < (b.reg_id or 0) end)
  return list
end

-- What alice hears of a MESSAGE from bob by way of the domain.
local function reach(world)
  world.alice:off "MESSAGE"
  world.alice:on("MESSAGE", function(req) req:reply(200) end)
  local bob <const> = world.bob or world.net:agent("sip:bob@example.com",
    { outbound_proxy = "10.0.0.1" })
  world.bob = bob
  local outcome
  bob:request("MESSAGE", "sip:alice@example.com", { body = "hi", timeout = "20s" })
    :wait(function(res, err) outcome = res and res.code or err.code end)
  world.net:advance "21s"
  return outcome
end

for _, transport in ipairs { "udp", "tcp" } do
  describe("a line with flows over two edges by " .. transport, function()
    local world, line
    before_each(function()
      world = new { "10.0.0.11", "10.0.0.12" }
      line = assert(world:line { instance = URN, expires = "10m",
        outbound = { "sip:10.0.0.11;transport=" .. transport,
                     "sip:10.0.0.12;transport=" .. transport } })
      world.net:advance "1s"
    end)
    after_each(function() world:close() end)

    it("has a binding for each, named by reg-id (4.2.1)", function()
      local found <const> = contacts(world)
      assert.same({ 2, 1, 2 }, { #found, found[1].reg_id, found[2].reg_id })
      for at, asked in ipairs(world.asked) do
        assert.same({ true, true, "<" .. URN .. ">", true },
          { asked:has_token("Supported", "outbound"), asked:has_token("Supported", "path"),
            asked.contact.params["+sip.instance"], asked.contact.uri.params.ob })
        local path <const> = asked:header_values "Path"
        assert.truthy(path[1]:find(";ob>", 1, true), path[1])
        assert.truthy(found[at].path[1]:find(";ob>", 1, true))
      end
      assert.not_equal(world.asked[1].call_id, world.asked[2].call_id)
      assert.same({ true, true }, { line.flows[1].outbound, line.flows[2].outbound })
      assert.same({ "registered" }, { line.state })
    end)

    it("is reached by either flow", function()
      assert.equal(200, reach(world))
      world.edges[2]:close()
      world.net:advance "1s"
      world.net:cut("10.0.0.12")
      assert.equal(200, reach(world))
    end)

    it("keeps them alive, and notices a dead edge (4.4)", function()
      world.heard = {}
      world.net:advance "3m"
      assert.same({}, world.heard)
      world.net:cut("10.0.0.11")
      world.net:advance "3m"
      assert.same({ false, true, true },
        { line.flows[1].registered, line.flows[2].registered, line.registered })
      assert.truthy(table.concat(world.heard, " "):find "failed")
      world.net:heal()
      world.net:advance "8m"
      assert.same({ true, true }, { line.flows[1].registered, line.flows[2].registered })
    end)

    it("is lost when all of them have failed, and comes back (4.5)", function()
      world.net:cut("10.0.0.11")
      world.net:cut("10.0.0.12")
      world.net:advance "4m"
      assert.is_false(line.registered)
      local lost = 0
      for _, one in ipairs(world.heard) do lost = lost + (one == "lost" and 1 or 0) end
      assert.equal(1, lost)
      world.net:heal()
      world.net:advance "10m"
      assert.same({ true, true }, { line.flows[1].registered, line.flows[2].registered })
    end)

    for _, gruu in ipairs { "public", false } do
      it("sends requests by a flow, and gets those back by it; GRUU: " .. tostring(gruu), function()
        line:close()
        line = assert(world:line { instance = URN, gruu = gruu,
          outbound = { "sip:10.0.0.11;transport=" .. transport } })
        world.net:advance "1s"
        local bob <const> = world.net:agent("sip:bob@example.com", { address = "10.0.0.3" })
        bob:on("INVITE", function(req) req:answer() end)
        local call <const> = assert(line:call "sip:bob@10.0.0.3")
        local theirs <const> = bob.calls[1]
        local uri <const> = theirs.req.contact.uri
        assert.truthy(gruu and uri.params.gr or uri.params.ob, tostring(uri)) -- 4.3
        assert.is_true(#theirs.req:header_values "Record-Route" > 0)
        assert(theirs:hold())
        assert(call:hold())
        assert(theirs:hangup())
        world.net:advance "1s"
        assert.equal(0, #world.alice.calls)
      end)
    end

    it("is called by a flow, and what follows comes by it too (5.3.1)", function()
      world.alice:on("INVITE", function(req) req:answer() end)
      local bob <const> = world.net:agent("sip:bob@example.com", { outbound_proxy = "10.0.0.1" })
      local call <const> = assert(bob:call "sip:alice@example.com")
      assert(call:hold())
      assert(world.alice.calls[1]:hold())
      assert(call:hangup())
      world.net:advance "1s"
      assert.equal(0, #world.alice.calls)
    end)

    it("takes both back", function()
      line:close()
      world.net:advance "1s"
      assert.same({}, contacts(world))
    end)
  end)
end

describe("a flow", function()
  local world
  after_each(function() world:close() end)

  it("is refreshed over itself (4.2.2)", function()
    world = new { "10.0.0.11" }
    world.net:dns("edge.example.com", { "10.0.0.11" })
    local line <const> = world:line { instance = URN, expires = 100,
      outbound = "sip:edge.example.com;transport=tcp" }
    world.net:advance "1s"
    world.net:dns("edge.example.com", { "10.0.0.99" })
    world.net:advance "80s"
    assert.same({ "registered", 2 }, { line.state, #world.asked })
  end)

  it("that breaks is formed anew at once, when it had lasted (4.5)", function()
    world = new { "10.0.0.11" }
    local line <const> = world:line { instance = URN, outbound = "sip:10.0.0.11;transport=tcp" }
    world.net:advance "40s"
    world.edges[1]:close()
    serve(assert(face.of(world.edges[1].context).agent { listen = "10.0.0.11:5060" }))
    world.net:advance "2s"
    assert.same({ "registered", { "registered", "lost", "registered" } },
      { line.state, world.heard })
  end)

  it("that does not last is given time (4.5)", function()
    world = new { "10.0.0.11" }
    local line <const> = world:line { instance = URN, outbound = "sip:10.0.0.11;transport=tcp" }
    world.net:advance "5s"
    world.edges[1]:close()
    serve(assert(face.of(world.edges[1].context).agent { listen = "10.0.0.11:5060" }))
    world.net:advance "25s"
    assert.same({ "waiting", { "registered", "lost", "failed" } }, { line.state, world.heard })
    world.net:advance "40s"
    assert.equal("registered", line.state)
  end)

  it("of a plain line over TCP is watched too", function()
    world = lines.new()
    local line <const> = world:line { registrar = "sip:10.0.0.1;transport=tcp" }
    world.net:advance "40s"
    world.server:close()
    world.net:advance "1s"
    assert.same({ "lost", false }, { world.heard[2], line.registered })
  end)

  it("falls back to a plain registration after 439 (4.2.1)", function()
    world = lines.new()
    world.answer = function(req)
      if req.contact.params["reg-id"] then return req:reply(439) end
      world:grant(req, 600)
    end
    local line <const> = world:line { instance = URN,
                                      outbound = { "sip:10.0.0.1", "sip:10.0.0.1" } }
    world.net:advance "1s"
    assert.same({ "registered", "refused" }, { line.flows[1].state, line.flows[2].state })
    assert.is_nil(world.asked[#world.asked].contact.params["reg-id"])
  end)

  it("needs an instance, and edges that are URIs", function()
    world = lines.new()
    assert.has_error(function() world:line { outbound = true } end)
    assert.has_error(function() world:line { instance = URN, outbound = {} } end)
    assert.has_error(function() world:line { instance = URN, outbound = { "sip:a b" } } end)
    local nine <const> = {}
    for at = 1, 9 do nine[at] = "sip:e" .. at end
    assert.has_error(function() world:line { instance = URN, outbound = nine } end)
    assert.has_error(function() world:line { keep_alive = "1s" } end)
  end)
end)
