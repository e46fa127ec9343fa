-- SPDX-License-Identifier: MIT
--
-- How a contact is reached: by its URI, or by the flow that its REGISTER came by.

local registrar <const> = require "spec.support.registrar"
local messages <const> = require "spec.support.messages"

local function flow_of(world)
  local found <const> = assert(world.loc:lookup "sip:alice@example.com")
  return found[1].flow
end

describe("a phone behind an address translation", function()
  it("is sent to where its REGISTER came from, by UDP", function()
    local world <close> = registrar.new()
    world:register({ "<sip:alice@192.168.1.20:5062>" },
      { via = "SIP/2.0/UDP 192.168.1.20:5062;rport;branch=z9hG4bKnat" })
    local flow <const> = flow_of(world)
    assert.same({ "udp", "10.0.0.9", 5060 }, { flow.transport, flow.remote_ip, flow.remote_port })
    world.server:request("MESSAGE", world.loc:lookup "sip:alice@example.com", { body = "hi" })
    local got <const> = world.phone:expect("MESSAGE")
    assert.matches("^MESSAGE sip:alice@192.168.1.20:5062 SIP/2.0", got.bytes)
    assert.same("10.0.0.1:5060", got.from)
  end)

  it("is not taken for a diversion to another host", function()
    local world <close> = registrar.new()
    world:register({ "<sip:alice@192.0.2.99>" },
      { via = "SIP/2.0/UDP 192.168.1.20:5062;rport;branch=z9hG4bKdiv" })
    assert.is_nil(flow_of(world))
  end)

  it("is not looked for behind a proxy", function()
    local world <close> = registrar.new()
    world:register({ "<sip:alice@192.168.1.20:5062>" },
      { vias = { "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKproxy",
        "SIP/2.0/UDP 192.168.1.20:5062;rport;branch=z9hG4bKnat" } })
    assert.is_nil(flow_of(world))
  end)
end)

describe("a phone that says where it is", function()
  it("is sent to there, whatever port its REGISTER came from", function()
    local world <close> = registrar.new()
    world:register({ "<sip:alice@10.0.0.9:5099>" })
    assert.is_nil(flow_of(world))
    world:register({ "<sip:alice@phone.example>" },
      { via = "SIP/2.0/UDP phone.example;branch=z9hG4bKname", call_id = "b" })
    assert.is_nil(flow_of(world))
  end)
end)

describe("a phone with a connection", function()
  it("is sent to on that connection, also with a name that is none", function()
    local world <close> = registrar.new()
    local phone <const> = world.net:endpoint "tcp:10.0.0.8:40001"
    world:register({ "<sip:alice@df7jal23ls0d.invalid;transport=tcp>" },
      { phone = phone, via = "SIP/2.0/TCP df7jal23ls0d.invalid;branch=z9hG4bKtcp" })
    local flow <const> = flow_of(world)
    assert.same("tcp", flow.transport)
    world.server:request("MESSAGE", world.loc:lookup "sip:alice@example.com", { body = "hi" })
    assert.matches("^MESSAGE sip:alice@df7jal23ls0d.invalid", phone:expect("MESSAGE").bytes)
  end)

  it("may be one of IPv6", function()
    local world <close> = registrar.new()
    local server <const> = world.net:agent("sip:six@example.com",
      { address = "fd00::1", domains = { "example.com" } })
    server:on("REGISTER", function(req) return world.loc:save(req) end)
    local phone <const> = world.net:endpoint "tcp:[fd00::9]:40001"
    world:register({ "<sip:alice@[fd00::9];transport=tcp>" }, { phone = phone,
      server = "[fd00::1]:5060", via = "SIP/2.0/TCP [fd00::9];branch=z9hG4bKsix" })
    local flow <const> = flow_of(world)
    assert.same({ "tcp", "fd00::1", 5060, "fd00::9" },
      { flow.transport, flow.local_ip, flow.local_port, flow.remote_ip })
    assert.is_true(flow.connection > 0 and flow.remote_port > 0)
    server:request("MESSAGE", world.loc:lookup "sip:alice@example.com", { body = "hi" })
    assert.matches("^MESSAGE sip:alice@%[fd00::9%]", phone:expect("MESSAGE").bytes)
  end)

  it("is not found any more when the connection is gone", function()
    local world <close> = registrar.new()
    local phone <const> = world.net:endpoint "tcp:10.0.0.8:40001"
    world:register({ "<sip:alice@10.0.0.8;transport=tcp>" },
      { phone = phone, via = "SIP/2.0/TCP 10.0.0.8;branch=z9hG4bKtcp" })
    phone:disconnect()
    world.net:advance "1s"
    local res <const>, err = world.server:request("MESSAGE",
      world.loc:lookup "sip:alice@example.com", { body = "hi" }):wait()
    assert.is_nil(res)
    assert.same("transport", err.kind)
  end)
end)

describe("contacts as targets", function()
  it("are tried in their order", function()
    local world <close> = registrar.new()
    local second <const> = world.net:endpoint "10.0.0.8:5060"
    world:register { "<sip:alice@10.0.0.9>;q=0.9", "<sip:alice@10.0.0.8>;q=0.5" }
    local exchange <const> = world.server:request("MESSAGE",
      world.loc:lookup "sip:alice@example.com", { body = "hi" })
    local got <const> = world.phone:expect("MESSAGE")
    world.phone:send(messages.answer(got.bytes, 503, { contact = false }))
    local other <const> = second:expect("MESSAGE")
    second:send(messages.answer(other.bytes, 200, { contact = false }))
    assert.same(200, exchange:wait().code)
  end)
end)
