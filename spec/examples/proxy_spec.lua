-- SPDX-License-Identifier: MIT
--
-- The example of a proxy, loaded unchanged onto a network in memory.

local test <const> = require "moonsip.test"

local SERVER <const> = "10.0.0.1"

describe("the example 16_proxy", function()
  local net, server, alice, desk, mobile, voicemail
  before_each(function()
    net = test.net()
    server = net:load("examples/16_proxy.lua", SERVER, { SERVER .. ":5060",
      "bob=sip:bob@10.0.0.20", "bob=sip:bob@10.0.0.21", "voicemail=sip:vm@10.0.0.30" })
    alice = net:agent("sip:alice@example.com", { address = "10.0.0.10" })
    desk = net:agent("sip:bob@example.com", { address = "10.0.0.20", name = "desk" })
    mobile = net:agent("sip:bob@example.com", { address = "10.0.0.21", name = "mobile" })
    voicemail = net:agent("sip:vm@example.com", { address = "10.0.0.30" })
    for _, phone in ipairs { desk, mobile } do
      phone:on("INVITE", function(req)
        req:ring()
        net:sleep(phone == mobile and 3 or 10)
        return req:answer()
      end)
    end
    voicemail:on("INVITE", function(req) return req:answer() end)
  end)
  after_each(function()
    assert.is_true(net:settle())
    assert.equal(0, net:live())
    assert.same({}, server.log)
    net:close()
  end)

  it("rings all phones of a name; the first that answers has the call", function()
    local call = assert(alice:call("sip:bob@" .. SERVER))
    net:advance "1s"
    assert.equal(1, net:count { method = "CANCEL", to = desk })
    assert.is_true(server:printed "^bob%s+reached")
    call:hangup()
    net:advance "1s"
    assert.is_true(server:printed "^ended by sip:alice@example.com")
    assert.equal(1, net:count { method = "BYE", to = mobile })
  end)

  it("goes to the voicemail when nobody answers within 20 s", function()
    for _, phone in ipairs { desk, mobile } do
      phone:off "INVITE"
      phone:on("INVITE", function(req)
        req:ring()
        net:sleep "60s"
      end)
    end
    local began = net:now()
    local call = assert(alice:call("sip:bob@" .. SERVER))
    assert.equal(20, math.floor(net:now() - began))
    assert.equal(1, #voicemail.calls)
    call:hangup()
  end)

  it("does not for who is busy", function()
    for _, phone in ipairs { desk, mobile } do
      phone:off "INVITE"
      phone:on("INVITE", function(req) return req:reply(486) end)
    end
    local _, err = alice:call("sip:bob@" .. SERVER)
    assert.equal(486, err.code)
    assert.is_true(server:printed "^bob%s+busy: 486")
  end)

  it("forwards other requests alike, and refuses strangers", function()
    mobile:on("MESSAGE", function(req) return req:reply(200) end)
    assert.equal(200, alice:request("MESSAGE", "sip:bob@" .. SERVER, { body = "hi" }):wait().code)
    for _, uri in ipairs { "sip:carol@" .. SERVER, "sip:bob@10.0.0.20" } do
      local options = { body = "hi", routes = "sip:" .. SERVER }
      local _, err = alice:request("MESSAGE", uri, options):wait()
      assert.equal(404, err.code)
    end
  end)
end)
