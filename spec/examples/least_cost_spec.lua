-- SPDX-License-Identifier: MIT
--
-- The example of least-cost routing, loaded unchanged onto a network in memory.

local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"

describe("the example 20_least_cost", function()
  local net, folder, server, alice, carriers
  before_each(function()
    net = test.net()
    folder = scratch.folder()
    folder:write("rates.csv", "prefix,carrier,cost\n44,uk,0.8\n44,tel,1.1\n447,uk,3.5\n,tel,2\n")
    carriers = {}
    for n, name in ipairs { "uk", "tel" } do
      carriers[name] = net:agent("sip:" .. name .. "@carrier.example", { address = "10.0.9." .. n })
    end
    server = net:load("examples/20_least_cost.lua", "10.0.0.1", { "0.0.0.0:5060",
      "uk=sip:10.0.9.1", "tel=sip:10.0.9.2", folder.path .. "/rates.csv" })
    alice = net:agent "sip:alice@example.com"
    net:advance "2s"
  end)
  after_each(function()
    net:close()
    folder:remove()
  end)

  local function routed(number)
    local res, err = alice:request("INVITE", ("sip:%s@10.0.0.1"):format(number)):wait()
    res = res or err.response
    local list <const> = { res.code }
    for at, contact in ipairs(res.contacts or {}) do
      list[at + 1] = ("%s %g"):format(contact.uri.host, contact.q)
    end
    return list
  end

  it("names the cheapest carrier first, the others behind it (RFC 3261 8.3)", function()
    assert.same({ 302, "10.0.9.1 1", "10.0.9.2 0.5" }, routed "+442071234567")
    assert.same({ 302, "10.0.9.2 1", "10.0.9.1 0.5" }, routed "447700900123")
    assert.same({ 302, "10.0.9.2 1" }, routed "15551234567")
    assert.is_true(server:printed "^447700900123 by tel for 1.1")
    assert.same({ 484 }, routed "alice")
  end)

  it("leaves out a carrier that does not live", function()
    net:cut(carriers.uk)
    net:advance "30s"
    assert.is_true(server:printed "^uk is down: timeout")
    assert.same({ 302, "10.0.9.2 1" }, routed "442071234567")
    net:cut(carriers.tel)
    net:advance "30s"
    assert.same({ 503 }, routed "442071234567")
    net:heal()
    net:advance "30s"
    assert.is_true(server:printed "^uk is up")
    assert.equal(3, #routed "442071234567")
  end)

  it("takes new rates when they are good", function()
    folder:write("rates.csv", "prefix,carrier,cost\n44,uk,0.8\n44,tel,cheap\n")
    net:advance "11s"
    assert.is_true(server:printed "rates.csv:3: cost \"cheap\": a decimal number expected")
    assert.equal("10.0.9.1 1", routed("442071234567")[2])
    folder:write("rates.csv", "prefix,carrier,cost\n44,uk,0.8\n44,tel,0.5\n")
    net:advance "11s"
    assert.equal("10.0.9.2 1", routed("442071234567")[2])
    assert.same({ 404 }, routed "15551234567")
  end)
end)
