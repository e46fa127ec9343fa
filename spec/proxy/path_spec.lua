-- SPDX-License-Identifier: MIT
--
-- Registrations that pass through (RFC 3327, 3608): Path, and the requests that come back
-- along it.

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local REGISTRAR <const> = "10.0.0.2"

local function registered(o)
  o = o or {}
  local r <const> = relay.new(o.options)
  r:deliver(messages.register { uri = "sip:example.com", branch = "z9hG4bKreg",
    via = "SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bKreg;rport",
    contact = "<sip:bob@192.168.1.5:5060>", lines = o.lines }, { port = 33333 })
  r.transaction = r.net:event("request").transaction
  assert(r:proxy({ { uri = "sip:example.com", via = "sip:" .. REGISTRAR } }, { stay = "path" }))
  r.register = r:last_to(REGISTRAR, "REGISTER")
  return r
end

-- A new request from the registrar's side along a path.
local function along(path, o)
  o = o or {}
  return messages.invite { uri = o.uri or "sip:bob@192.168.1.5:5060", branch = "z9hG4bKin",
    via = "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKin", call_id = "in", lines = { "Route: " .. path } }
end

describe("a REGISTER that passes through", function()
  it("gets a Path of ours in front of those there are (RFC 3327 5.2)", function()
    local r <const> = registered { lines = { "Path: <sip:before;lr>", "Supported: path" } }
    local paths <const> = messages.headers(r.register, "Path")
    assert.same(2, #paths)
    assert.truthy(paths[1]:find "^<sip:[0-9a-vx-y]+@10.0.0.1:5060;lr>$")
    assert.same("<sip:before;lr>", paths[2])
    assert.is_nil(messages.header(r.register, "Record%-Route"))
  end)

  it("its answer goes back with Path and Service-Route as they came (RFC 3608 6.2)", function()
    local r <const> = registered()
    r:answer(REGISTRAR, 200, { to = "REGISTER", lines = {
      "Path: " .. messages.header(r.register, "Path"),
      "Service-Route: <sip:10.0.0.1;lr>, <sip:home;lr>" } })
    assert.same("<sip:10.0.0.1;lr>, <sip:home;lr>", messages.header(r:up(200), "Service%-Route"))
    assert.same(messages.header(r.register, "Path"), messages.header(r:up(200), "Path"))
  end)
end)

describe("a request that comes along that Path", function()
  it("goes to where the phone registered from, whatever its Contact says", function()
    local r <const> = registered()
    r:deliver(along(messages.header(r.register, "Path")), { ip = REGISTRAR })
    r.transaction = r.net:event("request").transaction
    assert.is_true(r.net.engine:proxy_is_routed(r.transaction))
    assert.same(0, r.net.engine:proxy_check(r.transaction, false))
    r:proxy({ {} }, { stay = "record_route" })
    local invite <const>, packet = r:up "INVITE"
    assert.same("10.0.0.9:33333", packet.to)
    assert.same("INVITE sip:bob@192.168.1.5:5060 SIP/2.0", invite:match "^[^\r]+")
    assert.is_nil(messages.header(invite, "Route"))
  end)

  it("is a script's to judge: nothing is forwarded by itself", function()
    local r <const> = registered()
    r:deliver(along(messages.header(r.register, "Path")), { ip = REGISTRAR })
    assert.same("request", r.net:event().kind)
    assert.same({}, r:sent_to "10.0.0.9")
  end)

  it("and one along a Path that we did not write is routed by nothing", function()
    local r <const> = registered()
    local path <const> = messages.header(r.register, "Path")
    local user <const> = path:match "sip:(.-)@"
    for at, forged in ipairs { "<sip:10.0.0.1;lr>",
      (path:gsub(user, user:match "^(.-)y")), -- the proof without the flow
      (path:gsub("(y.......)(.)", function(a, c) return a .. (c == "0" and "1" or "0") end)),
      (path:gsub("y", "x")) } do
      r:deliver((along(forged):gsub("z9hG4bKin", "z9hG4bKin" .. at)), { ip = REGISTRAR })
      r.transaction = r.net:event("request").transaction
      assert.is_false(r.net.engine:proxy_is_routed(r.transaction), forged)
    end
  end)

  it("a token of a Path opens no dialog's door: inside one it is 481", function()
    local r <const> = registered()
    r:deliver((along(messages.header(r.register, "Path")):gsub("To: <sip:bob@10.0.0.1>",
      "%0;tag=x")), { ip = REGISTRAR })
    assert.same({ "REGISTER", 481 }, r:kinds_to(REGISTRAR))
  end)

  it("goes to the connection that the phone holds open (RFC 5626 5.3)", function()
    local r <const> = relay.new { transport = "tcp" }
    r.net.engine:add_listener("udp", "10.0.0.1", 5060)
    r:deliver(messages.register { uri = "sip:example.com",
      via = "SIP/2.0/TCP 192.168.1.5:5060;branch=z9hG4bKreg", contact = "<sip:bob@192.168.1.5>" },
      { port = 44444, connection = 7 })
    r.transaction = r.net:event("request").transaction
    r:proxy({ { uri = "sip:example.com", via = "sip:" .. REGISTRAR } }, { stay = "path" })
    local path <const> = messages.header(r:last_to(REGISTRAR), "Path")
    assert.truthy(path:find("@10.0.0.1:5060;lr>, <sip:", 1, true)) -- two of ours: udp, tcp
    r:deliver(along(path), { ip = REGISTRAR, transport = "udp" })
    r.transaction = r.net:event("request").transaction
    r:proxy { {} }
    local _, packet = r:up "INVITE"
    assert.same(7, packet.flow.connection)
    assert.same("tcp", packet.transport)
  end)
end)

describe("a Route that the phone took from Service-Route (RFC 3608 6.1)", function()
  it("is taken off where it is ours, and the rest is followed", function()
    local r <const> = relay.new()
    r:receive("invite", { uri = "sip:carol@far.example",
      lines = { "Route: <sip:10.0.0.1;lr>, <sip:10.0.0.2;lr>" } })
    r:proxy { {} }
    assert.same({ "<sip:10.0.0.2;lr>" }, messages.headers(r:last_to(REGISTRAR), "Route"))
  end)
end)
