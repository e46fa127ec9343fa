-- SPDX-License-Identifier: MIT
--
-- GRUUs at the registrar (RFC 5627 5): given, kept apart from contacts, resolved.

local registrar <const> = require "spec.support.registrar"
local messages <const> = require "spec.support.messages"

local status <const> = registrar.status

local URN <const> = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
local OTHER <const> = "urn:uuid:00000000-0000-1000-8000-000a95a0e128"

local function phone(ip, urn, more)
  return ('<sip:alice@%s>;+sip.instance="<%s>"%s'):format(ip, urn or URN, more or "")
end

local SUPPORTED <const> = { "Supported: gruu" }

local function register(world, contacts, o)
  local all <const> = { lines = SUPPORTED }
  for name, value in pairs(o or {}) do all[name] = value end
  return world:register(contacts, all)
end

-- pub-gruu and temp-gruu of the first Contact of an answer.
local function gruus(text)
  local contact <const> = messages.header(text, "Contact")
  return contact:match ';pub%-gruu="([^"]*)"', contact:match ';temp%-gruu="([^"]*)"'
end

local function uris(list)
  local found <const> = {}
  for at, one in ipairs(list or {}) do found[at] = one.uri end
  return found
end

describe("A registrar", function()
  local world
  before_each(function() world = registrar.new { domain = nil } end)
  after_each(function() world:close() end)

  it("gives a public and a temporary GRUU to a device that supports them (5.1, 5.2)", function()
    local public, temporary = gruus(register(world, { phone "192.0.2.4" }))
    assert.equal("sip:alice@example.com;gr=" .. URN, public)
    assert.truthy(temporary:find "^sip:tgruu%.[0-9a-v]+@example%.com;gr$", temporary)
    assert.is_nil((temporary:find("alice", 1, true)))
  end)

  it("gives none to one that does not ask, or has no instance, or where they are off", function()
    assert.is_nil((gruus(world:register { phone "192.0.2.4" })))
    assert.is_nil((gruus(register(world, { "<sip:alice@192.0.2.5>" }, { expires = 60 }))))
    local off <close> = registrar.new { gruu = false }
    assert.is_nil((gruus(register(off, { phone "192.0.2.4" }))))
  end)

  it("gives another temporary one with each REGISTER, and the same public one", function()
    local public, first = gruus(register(world, { phone "192.0.2.4" }))
    local again, second = gruus(register(world, { phone "192.0.2.4" }))
    assert.equal(public, again)
    assert.not_equal(first, second)
    for _, one in ipairs { public, first, second } do
      assert.same({ "sip:alice@192.0.2.4" }, uris(world.loc:lookup(one)), one)
    end
  end)

  it("resolves one to the contacts of that device alone (6.1)", function()
    local public, temporary = gruus(register(world, { phone "192.0.2.4" }))
    register(world, { phone("192.0.2.5", OTHER) })
    assert.equal(2, #world.loc:lookup "sip:alice@example.com")
    assert.same({ "sip:alice@192.0.2.4" }, uris(world.loc:lookup(public)))
    assert.same({ "sip:alice@192.0.2.4" }, uris(world.loc:lookup(temporary)))
    assert.same({ "sip:alice@192.0.2.4" },
      uris(world.loc:lookup("sip:alice@EXAMPLE.com;gr=" .. URN:upper())))
    assert.same({ "sip:alice@192.0.2.5" },
      uris(world.loc:lookup("sip:alice@example.com;gr=" .. OTHER)))
  end)

  it("ignores those that a phone proposes (5.1)", function()
    local text <const> = register(world, { phone("192.0.2.4", URN,
      ';pub-gruu="sip:eve@example.com;gr=x";temp-gruu="sip:t@example.com;gr"') })
    assert.equal("sip:alice@example.com;gr=" .. URN, (gruus(text)))
    assert.is_nil(text:find("eve", 1, true))
  end)

  it("refuses a contact that leads back with 403 (5.1)", function()
    local public, temporary = gruus(register(world, { phone "192.0.2.4" }))
    local device <const> = (';+sip.instance="<%s>"'):format(URN)
    for _, uri in ipairs { "sip:alice@example.com", public, temporary, "tel:+1" } do
      assert.same(403, status(register(world, { ("<%s>%s"):format(uri, device) })), uri)
    end
    assert.same(200, status(register(world, { ("<sip:bob@example.com;gr=x>%s"):format(device) })))
  end)

  it("says 480 to the public one of who is away, 404 to the temporary ones (5.3)", function()
    local public, temporary = gruus(register(world, { phone "192.0.2.4" }))
    register(world, { phone("192.0.2.5", OTHER) })
    register(world, { phone "192.0.2.4" .. ";expires=0" })
    local _, away = world.loc:lookup(public)
    local _, void = world.loc:lookup(temporary)
    assert.same({ 480, 404 }, { away.code, void.code })
    -- Again there: the old temporary ones stay void.
    world.net:advance "1s"
    register(world, { phone "192.0.2.4" })
    assert.same({ "sip:alice@192.0.2.4" }, uris(world.loc:lookup(public)))
    assert.is_nil((world.loc:lookup(temporary)))
  end)

  it("voids temporary ones when the Call-ID changes (5.1)", function()
    local _, old = gruus(register(world, { phone "192.0.2.4" }))
    world.net:advance "1s"
    local _, new = gruus(register(world, { phone "192.0.2.4" }, { call_id = "other", cseq = 1 }))
    assert.is_nil((world.loc:lookup(old)))
    assert.equal(1, #world.loc:lookup(new))
  end)

  it("keeps them while one flow of the device follows the other (RFC 5627 4.2)", function()
    local function flow(id, expires)
      local params <const> = (";reg-id=%d;expires=%d"):format(id, expires)
      return register(world, { phone("192.0.2.4", URN, params) },
        { lines = { "Supported: gruu, outbound" }, call_id = "flow" .. id, cseq = world.sent + 1 })
    end
    local _, first = gruus(flow(1, 60))
    world.net:advance "30s"
    flow(2, 600)
    world.net:advance "40s"
    local found <const> = assert(world.loc:lookup(first))
    assert.same({ 1, 2 }, { #found, found[1].reg_id })
  end)

  it("takes no forged or broken one", function()
    local _, good = gruus(register(world, { phone "192.0.2.4" }))
    local token <const> = good:match "tgruu%.([^@]*)"
    local bad <const> = { "", "0", token:sub(2), token .. "0", token:rep(9) }
    for at = 1, #token do
      local c <const> = token:sub(at, at)
      bad[#bad + 1] = token:sub(1, at - 1) .. (c == "0" and "1" or "0") .. token:sub(at + 1)
    end
    for _, one in ipairs(bad) do
      local _, err = world.loc:lookup(("sip:tgruu.%s@example.com;gr"):format(one))
      assert.equal(404, err and err.code, one)
    end
  end)

  it("knows those of another with its secret, and none of one without", function()
    local secret <const> = ("s"):rep(16)
    local one <close> = registrar.new { secret = secret }
    local _, temporary = gruus(register(one, { phone "192.0.2.4" }))
    local two <close> = registrar.new { secret = secret }
    register(two, { phone "192.0.2.4" })
    assert.equal(1, #two.loc:lookup(temporary))
    register(world, { phone "192.0.2.4" })
    assert.is_nil((world.loc:lookup(temporary)))
    assert.has_error(function() registrar.new { secret = "short" } end)
  end)

  it("does so with every store", function()
    local kept <const> = {}
    local own <close> = registrar.new { store = {
      load = function(aor) return kept[aor] end,
      save = function(aor, contacts) kept[aor] = contacts return true end,
    } }
    local public, temporary = gruus(register(own, { phone "192.0.2.4" }))
    assert.same({ "sip:alice@192.0.2.4" }, uris(own.loc:lookup(public)))
    assert.same({ "sip:alice@192.0.2.4" }, uris(own.loc:lookup(temporary)))
    own.net:advance "1s"
    register(own, { phone "192.0.2.4" }, { call_id = "other", cseq = 1 })
    assert.is_nil((own.loc:lookup(temporary)))
  end)

  it("supports a REGISTER that requires it", function()
    assert.same(200, status(world:register({ phone "192.0.2.4" }, { lines = { "Require: gruu" } })))
  end)
end)
