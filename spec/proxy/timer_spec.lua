-- SPDX-License-Identifier: MIT
--
-- Time: Timer C (RFC 3261 16.6 item 11, 16.7 item 2, 16.8), time-outs of targets, and
-- the servers of a name one after the other (16.6 item 7, RFC 3263 4.3).

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local A <const>, B <const>, C <const> = "10.0.0.21", "10.0.0.22", "10.0.0.23"

local C_MS <const> = 181000

local function ringing(o)
  local r <const> = relay.new(o)
  r:invite { "sip:a@" .. A }
  return r:answer(A, 180)
end

describe("Timer C (16.8)", function()
  it("cancels what has rung for three minutes, and the caller gets 408", function()
    local r <const> = ringing()
    r:advance(C_MS - 1)
    assert.same({ "INVITE" }, r:kinds_to(A))
    r:advance(1)
    assert.same({ "INVITE", "CANCEL" }, r:kinds_to(A))
    assert.same({ 180, 408 }, r:upstream())
    r:answer(A, 487)
    assert.same({ 180, 408 }, r:upstream())
    r:advance(60000)
    assert.same(0, r:live())
  end)

  it("starts anew with each of 101 to 199 (16.7 item 2)", function()
    local r <const> = ringing()
    for _, status in ipairs { 183, 180, 199 } do r:advance(C_MS - 1):answer(A, status) end
    r:advance(C_MS - 1)
    assert.same(0, #r:sent_to(A, "CANCEL"))
    r:advance(1)
    assert.same(1, #r:sent_to(A, "CANCEL"))
  end)

  it("does not with a 100: that is no sign that it rings", function()
    local r <const> = ringing()
    for _ = 1, 4 do r:advance(40000):answer(A, 100) end
    r:advance(C_MS - 160000)
    assert.same(1, #r:sent_to(A, "CANCEL"))
    local only <const> = relay.new()
    only:invite { "sip:a@" .. A }
    only:answer(A, 100)
    for _ = 1, 4 do only:advance(40000):answer(A, 100) end
    only:advance(C_MS - 160000)
    assert.same({ "INVITE", "CANCEL" }, only:kinds_to(A))
  end)

  it("lets the next target have its turn", function()
    local r <const> = relay.new { timer_c = 5000 }
    r:invite { "sip:a@" .. A, { uri = "sip:b@" .. B, group = 1 } }
    r:answer(A, 180):advance(5000)
    assert.same({ "INVITE" }, r:kinds_to(B))
    r:answer(B, 200)
    assert.same({ 180, 200 }, r:upstream())
  end)

  it("a 2xx that crosses its CANCEL is a 2xx, and ends the others (16.7 item 5)", function()
    local r <const> = relay.new { timer_c = 5000 }
    r:invite { "sip:a@" .. A, { uri = "sip:b@" .. B, group = 1 } }
    r:answer(A, 180):advance(5000):answer(B, 180):answer(A, 200)
    assert.same({ 180, 180, 200 }, r:upstream())
    assert.same({ "INVITE", "CANCEL" }, r:kinds_to(B))
  end)

  it("even when the caller has got a failure by then: it goes back all the same", function()
    local r <const> = relay.new { timer_c = 5000 }
    r:invite { "sip:a@" .. A }
    r:answer(A, 180):advance(5000):answer(A, 200)
    assert.same({ 180, 408, 200 }, r:upstream())
  end)

  it("even when the server's transaction is over: without state then (16.7 item 9)", function()
    local r <const> = relay.new { timer_c = 5000 }
    local via <const> = "SIP/2.0/UDP 192.168.0.1:5060;branch=z9hG4bKpeer1;rport"
    r:invite({ "sip:a@" .. A }, nil, { via = via })
    r:answer(A, 180):advance(5000)
    r:deliver(messages.ack { via = via, to_tag = messages.tag(r:up(408), "To") })
    r:advance(6000):answer(A, 200) -- behind Timer I
    assert.same({ 180, 408, 200 }, r:upstream())
    local text <const>, packet = r:last_to("10.0.0.9", 200)
    assert.same({ "10.0.0.9:5060", 1 }, { packet.to, #messages.headers(text, "Via") })
    r:answer(A, 200)
    assert.same({ 180, 408, 200, 200 }, r:upstream())
    r:advance(64000)
    assert.same(0, r:live())
  end)
end)

describe("a target's own time-out", function()
  it("cancels it when it rang, and counts as 408", function()
    local r <const> = relay.new()
    r:invite({ { uri = "sip:a@" .. A, timeout = 10000 } }, { finish = false })
    r:answer(A, 180):advance(9999)
    assert.is_nil(r:outcome())
    r:advance(1)
    assert.same(408, (r:outcome()))
    assert.is_nil(r.net:event("proxied").message)
    assert.same({ "INVITE", "CANCEL" }, r:kinds_to(A))
  end)

  it("gives the next its turn at once; what comes late of the first changes nothing but a 2xx",
    function()
      for _, late in ipairs { 487, 180, 200 } do
        local r <const> = relay.new()
        r:invite { { uri = "sip:a@" .. A, timeout = 1000 }, { uri = "sip:b@" .. B, group = 1 } }
        r:advance(1000)
        assert.same({ "INVITE" }, r:kinds_to(B))
        r:answer(A, late)
        if late == 180 then assert.same({ "INVITE", "INVITE", "CANCEL" }, r:kinds_to(A)) end
        assert.same(late == 200 and { 100, 200 } or { 100 }, r:upstream())
        r:answer(B, 486)
        assert.same(late == 200 and { 100, 200 } or { 100, 486 }, r:upstream())
        r:advance(200000)
        assert.same(0, r:live())
      end
    end)

  it("of each target in a group by itself", function()
    local r <const> = relay.new()
    r:invite({ { uri = "sip:a@" .. A, timeout = 1000 }, { uri = "sip:b@" .. B, timeout = 2000 },
      "sip:c@" .. C }, { finish = false })
    r:answer(A, 180):answer(B, 180):answer(C, 180)
    r:advance(1000)
    assert.same({ 1, 0, 0 }, { #r:sent_to(A, "CANCEL"), #r:sent_to(B, "CANCEL"),
      #r:sent_to(C, "CANCEL") })
    r:answer(A, 200, { to = "CANCEL" }):advance(1000)
    assert.same({ 1, 1, 0 }, { #r:sent_to(A, "CANCEL"), #r:sent_to(B, "CANCEL"),
      #r:sent_to(C, "CANCEL") })
    assert.is_nil(r:outcome())
  end)

  it("ends a request that is no INVITE: it is not sent again", function()
    local r <const> = relay.new()
    r:receive "message"
    r:proxy({ { uri = "sip:a@" .. A, timeout = 1000 } }, { finish = false })
    r:advance(1000)
    assert.same(408, (r:outcome()))
    local count <const> = #r:sent_to(A)
    r:advance(10000)
    assert.same(count, #r:sent_to(A))
    r:answer(A, 200, { to = "MESSAGE" })
    assert.same({}, r:upstream())
  end)

  it("runs while its name is looked up, too", function()
    local r <const> = relay.new()
    r:invite({ { uri = "sip:a@far.example", timeout = 1000 } }, { finish = false })
    r:advance(1000)
    assert.same(408, (r:outcome()))
    assert.same(0, r.net.engine:counts().client_transactions)
  end)
end)

describe("the servers of a name (RFC 3263 4.3)", function()
  -- Answers the query of a target at a name with these addresses.
  local function resolve(r, ...)
    local targets <const> = {}
    for at, ip in ipairs { ... } do
      targets[at] = { transport = "udp", ip = ip, port = 5060, local_ip = "10.0.0.1" }
    end
    local query <const>, host = r.net.engine:next_query()
    assert.same("far.example", host)
    r.net.engine:resolved(query, targets)
    r.net:collect()
  end

  local function to_name(...)
    local r <const> = relay.new()
    r:invite { "sip:a@far.example" }
    resolve(r, ...)
    return r
  end

  it("are tried when one is silent, with a branch of its own (16.6 item 7)", function()
    local r <const> = to_name(A, B)
    r:advance(32000)
    local first <const>, second = r:last_to(A, "INVITE"), r:last_to(B, "INVITE")
    assert.not_equal(messages.branch(first), messages.branch(second))
    assert.same(messages.branch(first):sub(-13), messages.branch(second):sub(-13))
    r:answer(B, 200)
    assert.same({ 100, 200 }, r:upstream())
  end)

  it("when one is overloaded: 503 is acknowledged, and no outcome", function()
    local r <const> = to_name(A, B)
    r:answer(A, 503)
    assert.same({ "INVITE", "ACK" }, r:kinds_to(A))
    assert.same({ "INVITE" }, r:kinds_to(B))
    r:answer(B, 486)
    assert.same({ 486 }, r:upstream())
  end)

  it("not when one is overloaded that the caller has given up (16.10)", function()
    local r <const> = to_name(A, B)
    r:answer(A, 180)
    r:cancel()
    r:answer(A, 503)
    assert.same({}, r:kinds_to(B))
    assert.same(0, r.net.engine:counts().queries)
  end)

  it("when one cannot be reached", function()
    local r <const> = to_name(A, B)
    r.net.engine:send_failed(select(2, r:last_to(A)).owner, "TRANSPORT")
    r.net:collect()
    r:answer(B, 180):answer(B, 200)
    assert.same({ 180, 200 }, r:upstream())
  end)

  it("not when one has said something: an answer, or that it rings", function()
    for _, status in ipairs { 486, 408, 500 } do
      local r <const> = to_name(A, B)
      r:answer(A, status)
      assert.same({}, r:kinds_to(B))
      assert.same({ status }, r:upstream())
    end
    local r <const> = to_name(A, B)
    r:answer(A, 180):advance(C_MS)
    assert.same({}, r:kinds_to(B))
  end)

  it("end with 408 when all are silent, 500 when none can be reached", function()
    local r <const> = to_name(A, B)
    r:advance(64000)
    assert.same({ 100, 408 }, r:upstream())
    local other <const> = to_name(A, B)
    for _, ip in ipairs { A, B } do
      other.net.engine:send_failed(select(2, other:last_to(ip)).owner, "TRANSPORT")
      other.net:collect()
    end
    assert.same({ 500 }, other:upstream())
  end)

  it("a name that is not found is as a server that is not reached", function()
    local r <const> = relay.new()
    r:invite { "sip:a@far.example", { uri = "sip:b@" .. B, group = 1 } }
    r.net.engine:resolved(r.net.engine:next_query(), nil, "DNS")
    r.net:collect()
    assert.same({ "INVITE" }, r:kinds_to(B))
  end)
end)

describe("a request too large for UDP (18.1.1)", function()
  local function large()
    local r <const> = relay.new()
    assert(r.net.engine:add_listener("tcp", "10.0.0.1", 5060))
    r:invite({ "sip:a@" .. A }, { stay = "record_route" }, { body = ("x"):rep(1300) })
    return r
  end

  it("goes by TCP, and by UDP when that fails; Via and Record-Route say which", function()
    local r <const> = large()
    local text <const>, packet = r:last_to(A)
    assert.same("tcp", packet.transport)
    assert.truthy(messages.header(text, "Via"):find "^SIP/2.0/TCP")
    assert.truthy(messages.header(text, "Record%-Route"):find(";transport=tcp;lr>, <sip:", 1, true))
    r.net.engine:send_failed(packet.owner, "TRANSPORT")
    r.net:collect()
    local again <const>, second = r:last_to(A)
    assert.same("udp", second.transport)
    assert.truthy(messages.header(again, "Via"):find "^SIP/2.0/UDP")
    assert.is_nil(messages.header(again, "Record%-Route"):find("transport", 1, true))
    r:answer(A, 200)
    assert.same({ 200 }, r:upstream())
  end)
end)
