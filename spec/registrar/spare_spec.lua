-- SPDX-License-Identifier: MIT
--
-- Several flows of one device, at the proxy beside the registrar (RFC 5626 7).

local registrar <const> = require "spec.support.registrar"

local URN <const> = "urn:uuid:00000000-0000-1000-8000-000a95a0e128"

describe("Two flows of one device", function()
  local world, first, second, bob
  local timeout

  -- The device registers by a connection of its own; the one that does so last is tried first.
  local function flow(address, reg_id, urn, via)
    local phone <const> = world.net:endpoint("tcp:" .. address)
    world:register({ ('<sip:alice@%s;transport=tcp>;reg-id=%d;+sip.instance="<%s>"')
      :format(address, reg_id, urn or URN) },
      { phone = phone, lines = { "Supported: outbound" }, call_id = "flow" .. reg_id .. address,
        via = via or ("SIP/2.0/TCP %s;branch=z9hG4bK%d"):format(address, reg_id) })
    return phone
  end

  before_each(function()
    timeout = nil
    world = registrar.new()
    second = flow("10.0.0.21:40002", 2)
    world.net:advance "1s"
    first = flow("10.0.0.21:40001", 1)
    world.server:on("MESSAGE", function(req)
      return req:forward { world.loc:lookup(req.uri), mode = "parallel", timeout = timeout }
    end)
    bob = world.net:agent("sip:bob@example.com", { outbound_proxy = "10.0.0.1" })
  end)
  after_each(function() world:close() end)

  local function ask()
    local outcome <const> = {}
    bob:request("MESSAGE", "sip:alice@example.com", { body = "hi" }):wait(function(res, err)
      outcome.code = res and res.code or err.code
    end)
    return outcome
  end

  local function count(phone)
    world.net:advance "1s"
    return #phone.received
  end

  it("are not both asked, even where all targets are asked at once", function()
    local outcome <const> = ask()
    local got <const> = first:expect "MESSAGE"
    assert.equal(0, count(second))
    first:reply(got, 200, "OK")
    world.net:advance "1s"
    assert.equal(200, outcome.code)
  end)

  it("stand in for each other when one is cut (430)", function()
    first:disconnect()
    world.net:advance "1s"
    local outcome <const> = ask()
    second:reply(second:expect "MESSAGE", 200, "OK")
    world.net:advance "1s"
    assert.equal(200, outcome.code)
  end)

  it("likewise when an edge proxy says 430", function()
    local outcome <const> = ask()
    first:reply(first:expect "MESSAGE", 430, "Flow Failed")
    second:reply(second:expect "MESSAGE", 200, "OK")
    world.net:advance "1s"
    assert.equal(200, outcome.code)
  end)

  it("likewise when one is silent", function()
    timeout = "3s"
    local outcome <const> = ask()
    first:expect "MESSAGE"
    world.net:advance "4s"
    second:reply(second:expect "MESSAGE", 200, "OK")
    world.net:advance "1s"
    assert.equal(200, outcome.code)
  end)

  it("do not, once the device has answered", function()
    local outcome <const> = ask()
    first:reply(first:expect "MESSAGE", 486, "Busy Here")
    assert.equal(0, count(second))
    assert.equal(486, outcome.code)
  end)

  it("are 480 when both are cut", function()
    first:disconnect()
    second:disconnect()
    world.net:advance "1s"
    local outcome <const> = ask()
    world.net:advance "1s"
    assert.equal(480, outcome.code)
  end)

  it("are no matter to another device, which is asked beside them", function()
    local other <const> = flow("10.0.0.22:40001", 1, "urn:uuid:11111111-0000-1000-8000-0")
    ask()
    assert.same({ 1, 0, 1 }, { count(first), count(second), count(other) })
  end)

  it("are tried in order by a user agent too", function()
    first:disconnect()
    world.net:advance "1s"
    world.server:request("MESSAGE", world.loc:lookup "sip:alice@example.com", { body = "x" })
    assert.truthy(second:expect "MESSAGE")
  end)
end)
