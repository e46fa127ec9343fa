-- SPDX-License-Identifier: MIT
--
-- The example of a registrar and proxy, loaded unchanged onto a network in memory. Real phones
-- use it in spec/interop.

local test <const> = require "moonsip.test"

local SERVER <const> = "10.0.0.1"

describe("the example 17_registrar_proxy", function()
  local net, server, alice, bob
  before_each(function()
    net = test.net()
    server = net:load("examples/17_registrar_proxy.lua", SERVER, { SERVER .. ":5060",
      "alice:wonderland", "bob:builder", "voicemail=sip:vm@10.0.0.30" })
    net:dns("example.com", { SERVER })
    alice = net:agent("sip:alice@example.com", { address = "10.0.0.10", username = "alice",
      password = "wonderland" })
    bob = net:agent("sip:bob@example.com", { address = "10.0.0.20", username = "bob",
      password = "builder" })
    assert(alice:register(server))
    assert(bob:register(server))
  end)
  after_each(function() net:close() end)

  it("registers who knows a password, and calls go from phone to phone", function()
    bob:on("INVITE", function(req) return req:answer() end)
    local call = assert(alice:call "sip:bob@example.com")
    call:hangup()
    net:advance "1s"
    assert.is_true(server:printed "^sip:alice@example.com%s+hangs up")
  end)

  it("refuses a user who says to be another, and who knows no password", function()
    for _, options in ipairs {
      { username = "bob", password = "builder" }, { username = "alice", password = "guess" },
    } do
      options.address = options.username == "bob" and "10.0.0.11" or "10.0.0.12"
      local mallory = net:agent("sip:alice@example.com", options)
      local _, err = mallory:call "sip:bob@example.com"
      assert.is_true(err.code == 403 or err.kind == "auth", tostring(err))
    end
  end)

  it("is no relay for strangers, who may call our users", function()
    local stranger = net:agent("sip:eve@far.example", { address = "10.0.0.40" })
    bob:on("MESSAGE", function(req) return req:reply(200) end)
    assert.equal(200, stranger:request("MESSAGE", "sip:bob@example.com"):wait().code)
    local _, err = stranger:request("MESSAGE", "sip:x@10.0.0.99", { routes = "sip:" .. SERVER })
      :wait()
    assert.equal("auth", err.kind)
  end)

  it("goes to the voicemail when nobody answers within 30 s", function()
    local voicemail = net:agent("sip:vm@10.0.0.30", { address = "10.0.0.30" })
    voicemail:on("INVITE", function(req) return req:answer() end)
    bob:on("INVITE", function(req)
      req:ring()
      net:sleep "60s"
    end)
    assert(alice:call "sip:bob@example.com")
    assert.equal(1, #voicemail.calls)
  end)
end)
