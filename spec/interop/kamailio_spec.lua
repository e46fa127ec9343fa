-- SPDX-License-Identifier: MIT
--
-- kamailio before us, which brings phones to our registrar and proxy with its Path and
-- Record-Route, and behind us, as the gateway of calls to numbers; and messages that would mean
-- one thing to us and another to it, which it never gets.

local kamailio <const> = require "spec.interop.support.kamailio"
local messages <const> = require "spec.support.messages"
local phone <const> = require "spec.interop.support.phone"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

local DOMAIN <const> = "neighbours.example"
local SCRIPT <const> = "spec/interop/scripts/neighbour.lua"

local function new_phone(user, transport, server)
  return phone.new { user = user, domain = DOMAIN, transport = transport, server = server,
                     lines = { "Supported: path" } }
end

-- Who sent a request: what its top Via says.
local function sender(text) return messages.header(text, "Via"):match "SIP/2%.0/%u+ ([^;]+)" end

for _, transport in ipairs { "udp", "tcp" } do
  describe("Between kamailio and kamailio over " .. transport, function()
    local server, edge, alice, bob, carrier

    before_each(function()
      local address = place.address()
      carrier = phone.new { user = "carrier", domain = DOMAIN, transport = "udp" }
      edge = kamailio.start { server = address, carrier = carrier.peer.address,
                              transport = transport }
      server = script.serve(SCRIPT, { DOMAIN, edge.gateway, transport }, { address = address })
      alice = new_phone("alice", transport, edge.edge)
      bob = new_phone("bob", transport, edge.edge)
    end)
    after_each(function()
      for _, one in ipairs { alice, bob, carrier } do one:close() end
      process.end_all()
    end)

    -- Alice calls somebody by way of the edge; both ends of the call.
    local function call(user, callee)
      local caller = alice:invite(edge.edge, user)
      local invite = callee:request "INVITE"
      local answered = callee:answer(invite, 200, sender(invite))
      assert.equal(200, caller:answered(edge.edge))
      callee:request "ACK"
      return caller, answered, invite
    end

    it("phones register by way of it, and are found along its Path (RFC 3327 5)", function()
      assert.equal(200, (bob:register(edge.edge)))
      local direct = new_phone("carol", transport, server.address)
      local caller = direct:invite(server.address, "bob")
      local invite = bob:request "INVITE"
      assert.equal(edge.edge, sender(invite))
      assert.is_nil(messages.header(invite, "Route"))
      local callee = bob:answer(invite, 200, edge.edge)
      assert.equal(200, caller:answered(server.address))
      bob:request "ACK"
      assert.equal(200, callee:ask("BYE", edge.edge, direct))
      direct:close()
    end)

    it("a call passes it, us and it again, all in its path, both ways (RFC 3261 16.12)", function()
      bob:register(edge.edge)
      local caller, callee, invite = call("bob", bob)
      local routes = table.concat(messages.headers(invite, "Record%-Route"), ",")
      for _, one in ipairs { edge.edge, server.address } do
        assert.truthy(routes:find(one, 1, true), routes)
      end
      assert.equal(200, callee:ask("INFO", edge.edge, alice))
      assert.equal(200, caller:ask("INVITE", edge.edge, bob))
      assert.equal(200, caller:ask("BYE", edge.edge, bob))
    end)

    it("a call that is given up is cancelled at its far end (RFC 3261 9.1, 16.10)", function()
      bob:register(edge.edge)
      local caller = alice:invite(edge.edge, "bob")
      local invite = bob:request "INVITE"
      bob:answer(invite, 180, edge.edge)
      caller:ringing()
      assert.equal(200, caller:cancel(edge.edge))
      bob:answer(bob:request "CANCEL", 200, edge.edge)
      bob:answer(invite, 487, edge.edge)
      assert.equal(487, caller:answered(edge.edge))
      bob:request "ACK"
    end)

    it("a 503 of it sends us to the next target (RFC 3261 16.7, 21.5.4)", function()
      local caller, callee, invite = call("4930123", carrier)
      assert.equal(edge.gateway, sender(invite))
      assert.truthy(invite:find "^INVITE sip:4930123@")
      assert.equal(200, callee:ask("INFO", edge.gateway, alice))
      assert.equal(200, caller:ask("BYE", edge.edge, carrier))
    end)
  end)
end
