-- SPDX-License-Identifier: MIT
--
-- Path (RFC 3327), Service-Route (RFC 3608), flows that name bindings (RFC 5626) and
-- sips (RFC 5630) at the registrar.

local registrar <const> = require "spec.support.registrar"
local messages <const> = require "spec.support.messages"

local status <const>, contacts <const> = registrar.status, registrar.contacts

local PHONE <const> = "<sip:alice@192.0.2.4>"
local HOPS <const> = { "Path: <sip:p3.example.com;lr>", "Path: <sip:p1.example.net;lr>" }

local function with(...)
  local lines <const> = { ... }
  return { lines = lines }
end

describe("Path (RFC 3327 5.3)", function()
  it("is kept with the contact, in its order, and copied into the 200", function()
    local world <close> = registrar.new()
    local text <const> = world:register({ PHONE }, with(HOPS[1], HOPS[2], "Supported: path"))
    assert.same({ "<sip:p3.example.com;lr>", "<sip:p1.example.net;lr>" },
      messages.headers(text, "Path"))
    local found <const> = assert(world.loc:lookup "sip:alice@example.com")
    assert.same({ "<sip:p3.example.com;lr>", "<sip:p1.example.net;lr>" }, found[1].path)
  end)

  it("is read from one line as from several", function()
    local world <close> = registrar.new()
    world:register({ PHONE }, with("Supported: path",
      'Path: "a, b" <sip:p3.example.com;lr> ,\r\n <sip:p1.example.net;lr>'))
    local found <const> = assert(world.loc:lookup "sip:alice@example.com")
    assert.same({ '"a, b" <sip:p3.example.com;lr>', "<sip:p1.example.net;lr>" }, found[1].path)
  end)

  it("belongs to the last REGISTER: a refresh without takes it away", function()
    local world <close> = registrar.new()
    world:register({ PHONE }, with(HOPS[1], "Supported: path"))
    world:register { PHONE }
    assert.is_nil(world.loc:lookup("sip:alice@example.com")[1].path)
  end)

  it("of a phone that does not support it gets 420, or is taken where told to", function()
    local strict <close> = registrar.new()
    local text <const> = strict:register({ PHONE }, with(HOPS[1]))
    assert.same({ 420, "path" }, { status(text), messages.header(text, "Unsupported") })
    assert.same(404, strict:found())
    local mild <close> = registrar.new { path = "any" }
    local answer <const> = mild:register({ PHONE }, with(HOPS[1]))
    assert.same(200, status(answer))
    assert.is_nil(messages.header(answer, "Path"))
    assert.same({ "<sip:p3.example.com;lr>" }, mild.loc:lookup("sip:alice@example.com")[1].path)
  end)

  it("that is malformed gets 400", function()
    local world <close> = registrar.new()
    for _, bad in ipairs { "sip:p1.example.net;lr", "<mailto:a@b>", "<sip:p1", "<sip:a>, ," } do
      assert.same(400, status(world:register({ PHONE }, with("Path: " .. bad, "Supported: path"))),
        bad)
    end
  end)

  it("leads requests of ours to the contact (5.4)", function()
    local world <close> = registrar.new()
    local edge <const> = world.net:endpoint "10.0.0.7:5060"
    world:register({ PHONE }, with("Path: <sip:10.0.0.7;lr>", "Path: <sip:p1.example.net;lr>",
      "Supported: path"))
    world.server:request("MESSAGE", world.loc:lookup "sip:alice@example.com", { body = "hi" })
    local got <const> = edge:expect("MESSAGE").bytes
    assert.matches("^MESSAGE sip:alice@192.0.2.4 SIP/2.0\r\n", got)
    assert.same("<sip:10.0.0.7;lr>, <sip:p1.example.net;lr>",
      table.concat(messages.headers(got, "Route"), ", "))
  end)

  it("of a hundred proxies is kept whole (bug class 28)", function()
    local world <close> = registrar.new()
    local values <const> = {}
    for i = 1, 100 do values[i] = ("<sip:p%d.example.com;lr>"):format(i) end
    local lines <const> = { "Supported: path", "Path: " .. table.concat(values, ",") }
    world:register({ PHONE }, { lines = lines })
    assert.same(values, world.loc:lookup("sip:alice@example.com")[1].path)
  end)
end)

describe("Service-Route (RFC 3608 6.3)", function()
  it("is in every 200, in its order, loose; also in that of a fetch", function()
    local world <close> = registrar.new {
      service_route = { "sip:p1.example.com", "<sip:hsp.example.com;lr>" } }
    for _, list in ipairs { { PHONE }, {} } do
      local text <const> = world:register(list)
      assert.same({ "<sip:p1.example.com;lr>", "<sip:hsp.example.com;lr>" },
        messages.headers(text, "Service%-Route"))
    end
    assert.is_nil(messages.header(world:register { "*" }, "Service%-Route")) -- a 400
  end)
end)

describe("a flow that names a binding (RFC 5626 6)", function()
  local INSTANCE <const> = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'

  local function flow_of(number, port)
    return ("<sip:alice@10.0.0.9:%d;ob>;reg-id=%d;%s"):format(port or 5060, number, INSTANCE)
  end

  it("is told by instance and reg-id, whatever the URI is", function()
    local world <close> = registrar.new():listen()
    local text <const> = world:register({ flow_of(1) }, with "Supported: path, outbound")
    assert.same("outbound", messages.header(text, "Require"))
    world:register({ flow_of(2) }, with "Supported: path, outbound")
    world:register({ flow_of(1, 5099) }, with "Supported: path, outbound")
    local found <const> = assert(world.loc:lookup "sip:alice@example.com")
    assert.same(2, #found)
    assert.same({ 1, "sip:alice@10.0.0.9:5099;ob" }, { found[1].reg_id, found[1].uri })
    assert.same("<urn:uuid:00000000-0000-1000-8000-000A95A0E128>", found[1].instance)
    assert.same("udp", found[1].flow.transport)
    assert.same({ "registered", "registered", "refreshed" }, {
      world.events[1]:match "^%a+", world.events[2]:match "^%a+", world.events[3]:match "^%a+" })
  end)

  it("needs an instance, and is ignored without", function()
    local world <close> = registrar.new()
    local text <const> = world:register({ "<sip:alice@10.0.0.9>;reg-id=1" },
      with "Supported: outbound")
    assert.is_nil(messages.header(text, "Require"))
    assert.is_nil(world.loc:lookup("sip:alice@example.com")[1].reg_id)
  end)

  it("gets 439 behind a proxy that gave no flow token, and is taken with one", function()
    local world <close> = registrar.new()
    local vias <const> = { "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKp",
      "SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKq" }
    local function register(lines)
      vias[1] = vias[1] .. "x"
      return world:register({ flow_of(1) }, { vias = vias, lines = lines })
    end
    assert.same(439, status(register { "Supported: path, outbound" }))
    assert.same(439, status(register { "Supported: path, outbound", "Path: <sip:e.example;lr>" }))
    local text <const> = register { "Supported: path, outbound", "Path: <sip:p.example;lr>",
      "Path: <sip:token@e.example;lr;ob>" }
    assert.same({ 200, "outbound" }, { status(text), messages.header(text, "Require") })
    local found <const> = assert(world.loc:lookup "sip:alice@example.com")
    assert.same({ 1, nil }, { found[1].reg_id, found[1].flow })
  end)

  it("is one at a time: 400 for two contacts that last", function()
    local world <close> = registrar.new()
    assert.same(400, status(world:register({ flow_of(1), flow_of(2) }, with "Supported: outbound")))
    assert.same(200, status(world:register({ flow_of(1), flow_of(2) .. ";expires=0" },
      with "Supported: outbound")))
  end)
end)

describe("sips (RFC 5630 5.2)", function()
  local SECURE <const> = "<sips:alice@10.0.0.9>"

  it("is the same address of record as sip", function()
    local world <close> = registrar.new()
    world:register({ SECURE }, { uri = "sips:example.com", to = "<sips:alice@example.com>" })
    assert.same({ "sips:alice@10.0.0.9" }, world:found "sip:alice@example.com")
    assert.same({ "sips:alice@10.0.0.9" }, world:found "sips:alice@example.com")
  end)

  it("wants Request-URI, contacts and Path of its own kind: else 400", function()
    local world <close> = registrar.new()
    assert.same(400, status(world:register { SECURE }))
    assert.same(400, status(world:register({ SECURE, PHONE }, { uri = "sips:example.com" })))
    assert.same(400, status(world:register({ SECURE }, { uri = "sips:example.com",
      lines = { "Path: <sip:p.example;lr>", "Supported: path" } })))
    assert.same(200, status(world:register({ SECURE, "<mailto:a@example.com>" },
      { uri = "sips:example.com",
        lines = { "Path: <sips:p.example;lr>", "Supported: path" } })))
    assert.same(2, #contacts(world:register()))
  end)
end)
