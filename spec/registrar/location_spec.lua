-- SPDX-License-Identifier: MIT
--
-- sip.location: options, look-ups, events, and what it holds in memory.

local core <const> = require "moonsip.core"
local registrar <const> = require "spec.support.registrar"
local messages <const> = require "spec.support.messages"

local status <const> = registrar.status

local DESK <const>, CELL <const> = "<sip:alice@10.0.0.9>", "<sip:alice@10.0.0.9:5070>"

describe("loc:lookup", function()
  it("gives contacts that say how they are reached and how long they hold", function()
    local world <close> = registrar.new()
    world:register({ DESK .. ";q=0.5;x=y" }, { expires = 100 })
    world.net:advance "10s"
    local found <const> = assert(world.loc:lookup "sip:alice@example.com")
    local one <const> = found[1]
    assert.same({ "sip:alice@10.0.0.9", 0.5, 90, "phone-1", 1, ";x=y" },
      { one.uri, one.q, one.expires, one.call_id, one.cseq, one.params })
    assert.same("sip:alice@10.0.0.9", tostring(one))
  end)

  it("takes a URI as text or object, and an address", function()
    local world <close> = registrar.new()
    world:register { DESK }
    local sip <const> = world.sip
    for _, uri in ipairs { "sip:alice@example.com", sip.uri "sip:alice@example.com",
      sip.address '"Alice" <sip:alice@example.com>;tag=1' } do
      assert.same(1, #assert(world.loc:lookup(uri)))
    end
    for _, bad in ipairs { 1, {}, "sip:a\r\nb@c" } do
      local ok <const>, err = pcall(world.loc.lookup, world.loc, bad)
      assert.is_false(ok)
      assert.matches("bad argument 'uri' to 'loc:lookup'", err)
    end
  end)

  it("says 404 for who is unknown and 480 for who is away", function()
    local world <close> = registrar.new()
    local none <const>, unknown = world.loc:lookup "sip:alice@example.com"
    assert.is_nil(none)
    assert.same({ "notfound", 404 }, { unknown.kind, unknown.code })
    world:register({ DESK }, { expires = 60 })
    world.net:advance "61s"
    local _, away = world.loc:lookup "sip:alice@example.com"
    assert.same({ "notfound", 480 }, { away.kind, away.code })
    for _, other in ipairs { "tel:+15551234", "mailto:alice@example.com", "nonsense" } do
      assert.same(404, world:found(other), other)
    end
  end)

  it("asks `known` where it is given, which may wait", function()
    local world
    world = registrar.new { known = function(uri)
      world.net:sleep(1)
      return uri.user == "bob" and uri.host == "example.com"
    end }
    assert.same(480, world:found "sip:bob@example.com")
    assert.same(404, world:found "sip:eve@example.com")
    assert.is_true(world.net:now() >= 2)
    world:close()
  end)

  it("tells strangers nothing of who exists: both are 480 to them", function()
    local world <close> = registrar.new { known = function(uri) return uri.user == "bob" end }
    world.server:on("MESSAGE", function(req)
      req.authenticated = world.authenticated
      local _, err = world.loc:lookup(req.uri)
      return req:reply(err)
    end)
    local caller <const> = world.net:agent "sip:caller@10.0.0.20"
    local function answer(user)
      local _, err = caller:request("MESSAGE", ("sip:%s@10.0.0.1"):format(user)):wait()
      local text <const> = tostring(err.response):gsub("branch=[^;]+", ""):gsub("tag=[^\r]+", "")
      return err.code, (text:gsub("[^\r]*Call%-ID[^\r]*\r\n", ""):gsub("To:[^\r]*", ""))
    end
    assert.same({ answer "bob" }, { answer "eve" })
    assert.same(480, (answer "eve"))
    world.authenticated = "caller"
    assert.same({ 480, 404 }, { (answer "bob"), (answer "eve") })
  end)
end)

describe("loc:remove", function()
  it("takes out all contacts, or one, and tells", function()
    local world <close> = registrar.new():listen()
    world:register { DESK, CELL }
    world:take_events()
    local gone <const> = assert(world.loc:remove("sip:alice@example.com", "sip:ALICE@10.0.0.9"))
    assert.same({}, gone) -- users have their case
    gone[1] = world.loc:remove("sip:alice@example.com", "sip:alice@10.0.0.9;x=y")[1]
    assert.same("sip:alice@10.0.0.9", gone[1].uri)
    assert.same({ "sip:alice@10.0.0.9:5070" }, world:found())
    assert.same(1, #world.loc:remove "sip:alice@example.com")
    assert.same(0, #world.loc:remove "sip:alice@example.com")
    assert.same(0, #world.loc:remove "tel:1")
    world.net:settle()
    assert.same({ "removed sip:alice@example.com sip:alice@10.0.0.9",
      "removed sip:alice@example.com sip:alice@10.0.0.9:5070" }, world:take_events())
    assert.same({ 480, 0 }, { world:found(), world.loc:count() })
  end)
end)

describe("events of a location", function()
  it("are handed a URI object and the contact, and may wait", function()
    local world <close> = registrar.new()
    local seen <const> = {}
    local function on_registered(aor, contact)
      world.net:sleep(1)
      seen[#seen + 1] = { aor.user, aor.host, contact.uri, contact.expires }
    end
    world.loc:on("registered", on_registered)
    world:register({ DESK }, { to = "<sip:%40l%20ce@example.com>" })
    world.net:advance "2s"
    assert.same({ { "@l ce", "example.com", "sip:alice@10.0.0.9", 3600 } }, seen)
    world.loc:off("registered", on_registered)
    world:register { CELL }
    world.net:advance "2s"
    assert.same(1, #seen)
  end)

  it("that raise are reported, and disturb nothing", function()
    local world <close> = registrar.new()
    world.loc:on("registered", function() error "oops" end)
    assert.same(200, status(world:register { DESK }))
    assert.matches("oops", table.concat(world.net.log_lines, "\n"))
    assert.same({ "sip:alice@10.0.0.9" }, world:found())
  end)

  it("tell of what had expired when a REGISTER finds it first", function()
    local world <close> = registrar.new():listen()
    world:register({ DESK }, { expires = 60 })
    world:register({ CELL }, { expires = 120 })
    world:take_events()
    world.net:advance "61s"
    assert.same({ "expired sip:alice@example.com sip:alice@10.0.0.9" }, world:take_events())
  end)
end)

describe("sip.location", function()
  it("has defaults: 10 contacts, a minute to an hour", function()
    local world <close> = registrar.new()
    local list <const> = {}
    for i = 1, 11 do list[i] = ("<sip:alice@10.0.0.9:%d>"):format(5060 + i) end
    assert.same(403, status(world:register(list)))
    list[11] = nil
    assert.same(200, status(world:register(list)))
    assert.same("60", messages.header(world:register({ DESK }, { expires = 5 }), "Min%-Expires"))
    assert.same("memory", world.loc.store)
  end)

  it("grants what it is told to", function()
    local world <close> = registrar.new { expires = { "2m", "1d", default = "30m" } }
    assert.matches("expires=1800$", registrar.contacts(world:register { DESK })[1])
    assert.matches("expires=86400$",
      registrar.contacts(world:register({ DESK }, { expires = 999999 }))[1])
    assert.same(423, status(world:register({ DESK }, { expires = 119 })))
  end)

  it("may stand for one domain, whatever host the URIs name", function()
    local world <close> = registrar.new { domain = "home.example" }
    world:register({ DESK }, { uri = "sip:10.0.0.1", to = "<sip:alice@10.0.0.1>" })
    for _, host in ipairs { "example.com", "10.0.0.1:5060", "home.example", "whatever" } do
      assert.same({ "sip:alice@10.0.0.9" }, world:found("sip:alice@" .. host))
    end
  end)

  it("names a wrong option at the caller's line", function()
    local world <close> = registrar.new()
    for name, bads in pairs {
      expires = { 60, { 0, 60 }, { 3601, 7200 }, { 600, 60 }, { 60, 3600, default = 30 }, { x = 1 },
        { 60, 2 ^ 33 } },
      max_contacts = { 0, 65, "x" }, when_full = { "x" }, path = { true }, domain = { 1, "a\nb" },
      known = { true }, service_route = { 1, "a b", "<x" }, unknown = { 1 }, store = { 1, "x" } } do
      for _, bad in ipairs(bads) do
        local ok <const>, err = pcall(world.sip.location, { [name] = bad })
        assert.is_false(ok, name)
        assert.matches(name, err)
        assert.matches("location_spec.lua", err)
      end
    end
  end)

  it("ends quietly, and only once", function()
    local world <close> = registrar.new():listen()
    world:register { DESK }
    world.loc:close()
    world.loc:close()
    world.net:advance "2h"
    assert.same({ "registered sip:alice@example.com sip:alice@10.0.0.9" }, world:take_events())
  end)
end)

describe("bindings in memory", function()
  local policy <const> = { min = 60, max = 3600, default = 3600, max_contacts = 10 }

  local function register(i, o)
    o = o or {}
    return core.message(messages.register { uri = "sip:example.com",
      call_id = o.call_id or "c" .. i, to = ("<sip:u%d@example.com>"):format(i), cseq = o.cseq,
      contact = o.contact or ("<sip:u%d@10.0.0.9:%d>"):format(i, 1024 + i % 60000),
      lines = o.lines })
  end

  it("come and go by thousands, and leave nothing behind", function()
    local keeper <const> = core.registrar(policy)
    local location <close> = core.location { now = 0, away = 0 }
    for i = 1, 5000 do assert.same(200, (keeper:save(register(i), location, i, 0))) end
    assert.same(5000, location:counts().contacts)
    for i = 1, 5000 do
      local found <const> = location:find(("u%d@example.com"):format(i), 5000)
      assert.same(("sip:u%d@10.0.0.9:%d"):format(i, 1024 + i), found[1].uri)
    end
    assert.is_true(location:deadline() <= 3600001)
    for at = 3600000, 3605000, 100 do location:expire(at) end
    assert.same({ 0, 0 }, { location:counts().contacts, location:counts().records })
    assert.is_nil(location:deadline())
  end)

  it("expire in order, each once", function()
    local keeper <const> = core.registrar(policy)
    local location <close> = core.location { now = 0, away = 10 }
    for i = 1, 100 do
      keeper:save(register(i, { lines = { "Expires: " .. 60 + i } }), location, 0, 0)
    end
    for i = 1, 100 do
      assert.is_nil(location:expire((60 + i) * 1000 - 1, true))
      local aor <const>, contact = location:expire((60 + i) * 1000, true)
      assert.same({ ("u%d@example.com"):format(i), 0 }, { aor, contact.expires })
    end
  end)

  it("remember as many of those without contacts as they are told", function()
    local keeper <const> = core.registrar(policy)
    local location <close> = core.location { now = 0, away = 3 }
    for i = 1, 5 do
      keeper:save(register(i), location, 0, 0)
      location:remove(("u%d@example.com"):format(i), 0)
    end
    local known <const> = {}
    for i = 1, 5 do known[i] = select(2, location:find(("u%d@example.com"):format(i), 0)) end
    assert.same({ false, false, true, true, true }, known)
    keeper:save(register(3), location, 0, 0) -- comes back, and leaves last
    location:remove("u3@example.com", 0)
    keeper:save(register(9), location, 0, 0)
    location:remove("u9@example.com", 0)
    assert.is_false(select(2, location:find("u4@example.com", 0)))
    assert.is_true(select(2, location:find("u3@example.com", 0)))
  end)

  it("stay as they were when there is no memory, whichever allocation fails", function()
    local keeper <const> = core.registrar(policy)
    local location <close> = core.location { now = 0, away = 10 }
    keeper:save(register(1), location, 0, 0)
    local before <const> = location:counts()
    for n = 1, 3 do
      location:fail_allocation(n)
      local got <const> = keeper:save(register(2, { contact = "<sip:a@b>, <sip:c@d>" }), location,
        0, 0)
      location:fail_allocation(0)
      assert.same(500, got)
      assert.same(before, location:counts())
      assert.is_nil(location:find("u2@example.com", 0))
    end
    for n = 1, 2 do -- of one who has a contact already
      location:fail_allocation(n)
      assert.same(500, (keeper:save(register(1, { contact = "<sip:a@b>, <sip:c@d>", cseq = 2 }),
        location, 0, 0)))
      location:fail_allocation(0)
      assert.same(before, location:counts())
    end
    assert.same(200, (keeper:save(register(2), location, 0, 0)))
  end)

  it("survive a collector that runs at every step", function()
    local keeper <const> = core.registrar(policy)
    local location <close> = core.location { now = 0, away = 10 }
    for i = 1, 50 do
      local _, _, lines, changes = keeper:save(register(1, { cseq = i, call_id = "c",
        contact = ("<sip:a@b:%d>"):format(1000 + i % 5) }), location, i, 0, true)
      collectgarbage()
      assert.matches("^Contact: <sip:a@b:%d+>;expires=3600\r\n", lines)
      assert.is_true(#changes >= 2)
    end
  end)
end)
