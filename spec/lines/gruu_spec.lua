-- SPDX-License-Identifier: MIT
--
-- Lines with an instance: GRUUs asked for, learnt and used (RFC 5627 4), at our own registrar
-- and through our own proxy.

local face <const> = require "moonsip.face"
local lines <const> = require "spec.support.lines"

local URN <const> = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

-- A registrar and proxy of example.com instead of the one that is played by hand.
local function proxy(world, options)
  local loc <const> = face.of(world.server.context).location(options)
  world.answer = function(req) loc:save(req) end
  world.server:on("request", function(req)
    local contacts <const>, err = loc:lookup(req.uri)
    if not contacts then return req:reply(err) end
    return req:forward { contacts, mode = "parallel", record_route = true }
  end)
  return loc
end

describe("a line with an instance", function()
  local world
  before_each(function() world = lines.new() end)
  after_each(function() world:close() end)

  it("asks for GRUUs and learns them (4.1, 4.2)", function()
    proxy(world)
    local line <const> = world:line { instance = URN }
    world.net:advance "1s"
    local asked <const> = world.asked[1]
    assert.same({ true, "<" .. URN .. ">" },
      { asked:has_token("Supported", "gruu"), asked.contact.params["+sip.instance"] })
    assert.equal("sip:alice@example.com;gr=" .. URN, line.gruu)
    assert.truthy(line.temp_gruu:find "^sip:tgruu%.")
  end)

  it("is reached by both of them, and by no other device's", function()
    proxy(world)
    local line <const> = world:line { instance = URN }
    world.net:advance "1s"
    local got <const> = {}
    world.alice:on("MESSAGE", function(req)
      got[#got + 1] = tostring(req.uri)
      req:reply(200)
    end)
    local bob <const> = world.net:agent("sip:bob@example.com", { outbound_proxy = "10.0.0.1" })
    assert(bob:request("MESSAGE", line.gruu, {}):wait())
    assert(bob:request("MESSAGE", line.temp_gruu, {}):wait())
    local _, err = bob:request("MESSAGE", "sip:alice@example.com;gr=urn:x:y", {}):wait()
    assert.same({ "sip:alice@10.0.0.2:5060", "sip:alice@10.0.0.2:5060" }, got)
    assert.equal(480, err.code)
  end)

  for _, which in ipairs { "public", "temporary" } do
    it("says the " .. which .. " one in Contact, in re-INVITEs too (4.4)", function()
      proxy(world)
      local line <const> = world:line { instance = URN, gruu = which }
      world.net:advance "1s"
      local wanted <const> = which == "public" and line.gruu or line.temp_gruu
      local bob <const> = world.net:agent("sip:bob@example.com", { address = "10.0.0.3" })
      bob:on("INVITE", function(req) req:answer() end)
      local call <const> = assert(line:call "sip:bob@10.0.0.3")
      assert.equal(wanted, bob.calls[1].target)
      assert(call:hold())
      assert.equal(wanted, bob.calls[1].target)
      -- And what bob sends in the dialog finds its way by the proxy of the domain.
      bob.routes = "<sip:10.0.0.1;lr>"
      assert(bob.calls[1]:hangup())
      world.net:advance "1s"
      assert.equal(0, #world.alice.calls)
    end)
  end

  it("answers with it (4.4)", function()
    proxy(world)
    local line <const> = world:line { instance = URN }
    world.net:advance "1s"
    world.alice:on("INVITE", function(req)
      req:ring()
      req:answer()
    end)
    local bob <const> = world.net:agent("sip:bob@example.com", { outbound_proxy = "10.0.0.1" })
    local call <const> = assert(bob:call "sip:alice@example.com")
    assert.equal(line.gruu, call.target)
    assert(call:hold())
    assert.equal(line.gruu, call.target)
    assert(world.alice.calls[1]:hold())
    assert.equal(line.gruu, call.target)
  end)

  it("says where it is when it is told to, or when the registrar gives none", function()
    for _, case in ipairs { { { instance = URN, gruu = false } }, { { instance = URN }, true } } do
      local one <const> = lines.new()
      proxy(one, { gruu = not case[2] })
      local line <const> = one:line(case[1])
      one.net:advance "1s"
      local bob <const> = one.net:agent("sip:bob@example.com", { address = "10.0.0.3" })
      bob:on("INVITE", function(req) req:answer() end)
      assert(line:call "sip:bob@10.0.0.3")
      assert.equal("sip:alice@10.0.0.2:5060", bob.calls[1].target)
      one:close()
    end
  end)

  it("uses no GRUU of a registration that is over (4.4)", function()
    proxy(world)
    local line <const> = world:line { instance = URN, expires = 60 }
    world.net:advance "1s"
    world:refuse(99, 500)
    world.net:advance "61s"
    assert.is_nil(line.gruu)
    assert.is_nil(line:request_contact())
  end)

  it("believes no GRUU that is no URI", function()
    world.answer = function(req)
      req:reply(200, { Contact = req.contact.text .. ';pub-gruu="tel:1";temp-gruu="<x>"' })
    end
    local line <const> = world:line { instance = URN }
    world.net:advance "1s"
    assert.same({ "registered" }, { line.state, line.gruu, line.temp_gruu })
  end)

  it("is named by a URN, or is refused at the script's line", function()
    for _, bad in ipairs { "x", "urn:uuid:", 'urn:uuid:"x', "urn:a:b c", "<urn:a:b>" } do
      assert.has_error(function() world:line { instance = bad } end)
    end
    assert.has_error(function() world:line { gruu = "public" } end)
    assert.has_error(function() world:line { instance = URN, gruu = "both" } end)
  end)
end)
