-- SPDX-License-Identifier: MIT
--
-- Three nodes of examples/22_nodes.lua, which share a real redis-server: each a program of
-- its own at a loopback address of its own. One is killed, and registrations, new calls and
-- calls under way go on by the others.

local phone <const> = require "spec.interop.support.phone"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local redis <const> = require "spec.support.redis"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

local DOMAIN <const> = "example.com"
local EXAMPLE <const> = "examples/22_nodes.lua"

-- Where a phone behind an address translation says it is.
local INSIDE <const> = "10.255.255.1:5060"

local function users() return "alice:wonderland bob:builder" end

describe("Three nodes that share a Redis", function()
  local store, at, nodes, alice, bob

  local function start(name)
    local list = {}
    for _, one in ipairs { "a", "b", "c" } do list[#list + 1] = one .. "=" .. at[one] end
    nodes[name] = script.serve(EXAMPLE, { DOMAIN, store.url, table.unpack(list) },
      { address = at[name],
        env = { SECRET = "sixteen characters", USERS = users() } })
  end

  local function kill(name)
    nodes[name]:send_signal "sigkill"
    nodes[name]:wait()
  end

  local function new_phone(user, password, o)
    o = o or {}
    return phone.new { user = user, password = password, domain = DOMAIN,
      transport = o.transport or "udp", server = o.server, inside = o.inside }
  end

  -- A call of alice by way of one node that bob answers; both ends of it.
  local function call(server)
    local caller = alice:invite(server, "bob")
    local invite = bob:request "INVITE"
    local via = invite:match "Via: SIP/2%.0/%u+ ([^;]+)"
    local callee = bob:answer(invite, 200, via)
    assert.equal(200, caller:answered(server))
    bob:request "ACK"
    return caller, callee
  end

  before_each(function()
    store = redis.start()
    at = { a = place.ip .. ":5060", b = place.other_ip(1) .. ":5060",
           c = place.other_ip(2) .. ":5060" }
    nodes = {}
    for _, name in ipairs { "a", "b", "c" } do start(name) end
    alice = new_phone("alice", "wonderland")
  end)
  after_each(function()
    alice:close()
    if bob then bob:close() end
    bob = nil
    process.end_all()
    store:stop()
  end)

  it("find who registered at any of them; a nonce of one is good at all", function()
    bob = new_phone("bob", "builder")
    assert.same({ 200, 1 }, { bob:register(at.a) })
    assert.same({ 200, 0 }, { bob:register(at.b) }) -- with the nonce of a
    local caller = call(at.c)
    assert.equal(200, caller:ask("BYE", at.c, bob))
  end)

  it("without one of them register and call as before, and a call under way goes on", function()
    bob = new_phone("bob", "builder")
    bob:register(at.a)
    local caller, callee = call(at.a)
    kill "a"
    -- The route that a wrote leads through any other, from both ends.
    assert.equal(200, caller:ask("INFO", at.b, bob))
    assert.equal(200, callee:ask("INFO", at.c, alice))
    assert.equal(200, caller:ask("INVITE", at.c, bob))
    assert.equal(200, callee:ask("BYE", at.b, alice))
    -- Registrations and calls.
    assert.same({ 200, 0 }, { bob:register(at.b) })
    local again = call(at.c)
    assert.equal(200, again:ask("BYE", at.b, bob))
    -- It comes back, and takes part.
    start "a"
    local last = call(at.a)
    assert.equal(200, last:ask("BYE", at.a, bob))
  end)

  it("lose no call of others while one of them is killed", function()
    bob = new_phone("bob", "builder", { inside = place.address() })
    bob:register(at.a)
    local calls = 60
    local callee <close> = sipp.start("uas_nat_hangs_up", { transport = "udp", calls = calls,
      address = bob.place, parallel = 10 })
    local caller <close> = sipp.start("uac_nat_caller", { transport = "udp", target = at.b,
      user = "bob", calls = calls, rate = 100, parallel = 10 })
    kill "a"
    nodes.b:expect "node a .-, down"
    sipp.finish(caller)
    sipp.finish(callee)
  end)

  it("reach a phone by the connection that one of them has", function()
    bob = new_phone("bob", "builder", { transport = "tcp", server = at.b, inside = INSIDE })
    bob:register(at.b)
    local caller, callee = call(at.c) -- c to b, b to the phone
    assert.equal(200, caller:ask("INFO", at.c, bob))
    assert.equal(200, callee:ask("INFO", at.b, alice))
    assert.equal(200, caller:ask("INFO", at.a, bob)) -- c is not needed for it
    assert.equal(200, caller:ask("BYE", at.c, bob))
  end)

  it("reach it again when its node is gone and it has come to another", function()
    bob = new_phone("bob", "builder", { transport = "tcp", server = at.b, inside = INSIDE })
    bob:register(at.b)
    kill "b"
    nodes.c:expect "node b .-, down"
    local refused = alice:invite(at.c, "bob")
    local code = refused:answered(at.c)
    assert.is_true(code == 480 or code == 430 or code == 500 or code == 503 or code == 408, code)
    bob:close()
    bob = new_phone("bob", "builder", { transport = "tcp", server = at.a, inside = INSIDE })
    assert.equal(200, (bob:register(at.a)))
    local caller = call(at.c)
    assert.equal(200, caller:ask("BYE", at.c, bob))
  end)

  it("reach a phone behind an address translation by the node that it knows", function()
    bob = new_phone("bob", "builder", { inside = INSIDE })
    bob:register(at.a)
    local caller = call(at.b)
    assert.equal(200, caller:ask("INFO", at.c, bob)) -- handed over to a, which has the flow
    assert.equal(200, caller:ask("BYE", at.b, bob))
  end)

  it("keep a call whose caller has a connection, until its node is gone", function()
    alice:close()
    alice = new_phone("alice", "wonderland", { transport = "tcp", server = at.a, inside = INSIDE })
    bob = new_phone("bob", "builder")
    bob:register(at.b)
    local _, callee = call(at.a)
    assert.equal(200, callee:ask("INFO", at.b, alice)) -- b to a, a to the connection
    assert.equal(200, callee:ask("INFO", at.a, alice))
  end)

  it("say who is there", function()
    kill "c"
    for _, name in ipairs { "a", "b" } do nodes[name]:expect "node c .-, down" end
    start "c"
    for _, name in ipairs { "a", "b" } do nodes[name]:expect "node c .-, up" end
  end)
end)
