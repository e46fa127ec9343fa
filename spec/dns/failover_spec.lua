-- SPDX-License-Identifier: MIT
--
-- The next server of a name (RFC 3263 4.3), and which are tried last because they failed.

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local A <const>, B <const>, C <const> = "10.0.0.7", "10.0.0.8", "10.0.0.9"

-- Answers what the engine asks with these servers.
local function answer(net, ips, transport)
  local targets <const> = {}
  for at, ip in ipairs(ips) do
    targets[at] = { transport = transport or "udp", ip = ip, port = 5060 }
  end
  net.engine:resolved(net.engine:next_query(), targets)
  return net:collect()
end

local function ask(net, method, ips, more)
  local options <const> = { method = method, uri = "sip:peer@far.example" }
  for key, value in pairs(more or {}) do options[key] = value end
  local id <const> = net:request(options)
  answer(net, ips)
  return id
end

local function respond(net, status, fields)
  local text <const>, packet <const> = net:last(fields.to)
  return net:deliver(messages.answer(text, status, fields),
    { ip = packet.to:match "^[^:]*", transport = packet.transport })
end

-- Where each packet of a kind went.
local function ways(net, kind)
  local list <const> = {}
  for _, packet in ipairs(net.sent) do
    if messages.kind(packet.text) == kind then list[#list + 1] = packet.to:match "^[^:]*" end
  end
  return list
end

describe("a server that is silent", function()
  for _, method in ipairs { "INVITE", "OPTIONS" } do
    it("is followed by the next for " .. method .. ", when Timer B or F fires", function()
      local net <const> = wire.new()
      local id <const> = ask(net, method, { A, B })
      net:advance(31999)
      assert.same(0, #net.events)
      net:advance(1)
      assert.equal(B .. ":5060", net.sent[#net.sent].to)
      assert.are_not.equal(messages.branch(net.sent[1].text),
        messages.branch(net.sent[#net.sent].text))
      assert.equal(messages.header(net.sent[1].text, "CSeq"),
        messages.header(net.sent[#net.sent].text, "CSeq"))
      assert.same({}, net:heard())
      respond(net, 200, { to = method })
      assert.same({ 200, id }, { net:heard()[1], net:event().transaction })
    end)

    it("fails " .. method .. " when it is the last", function()
      local net <const> = wire.new()
      ask(net, method, { A, B })
      net:advance(64000)
      assert.same({ "failed" }, net:heard())
      assert.equal("TIMEOUT", net:event().code)
      assert.equal(0, net:live())
    end)
  end

  it("is given up sooner when others are left, if that is wished", function()
    local net <const> = wire.new { failover = 4000 }
    ask(net, "OPTIONS", { A, B })
    net:advance(4000)
    assert.equal(B .. ":5060", net.sent[#net.sent].to)
    net:advance(31999)
    assert.same({}, net:heard())
    net:advance(1)
    assert.same({ "failed" }, net:heard())
  end)

  it("is not silent once it sent a provisional response", function()
    local net <const> = wire.new { failover = 4000 }
    ask(net, "OPTIONS", { A, B })
    respond(net, 100, { to = "OPTIONS" })
    net:advance(31999)
    assert.same({ 100 }, net:heard())
    net:advance(1)
    assert.same({ 100, "failed" }, net:heard())
    for _, to in ipairs(ways(net, "OPTIONS")) do assert.equal(A, to) end
  end)

  it("is not followed by another when the request was cancelled", function()
    local net <const> = wire.new()
    local id <const> = ask(net, "INVITE", { A, B })
    assert.is_true(net.engine:cancel(id))
    net:advance(32000)
    assert.same({ "failed" }, net:heard())
    for _, to in ipairs(ways(net, "INVITE")) do assert.equal(A, to) end
  end)
end)

describe("a 503", function()
  it("of one server is not heard while there is another", function()
    local net <const> = wire.new()
    local id <const> = ask(net, "OPTIONS", { A, B })
    respond(net, 503, { to = "OPTIONS" })
    assert.same({}, net:heard())
    assert.same({ A, B }, ways(net, "OPTIONS"))
    respond(net, 503, { to = "OPTIONS" })
    assert.same({ 503, id }, { net:heard()[1], net:event().transaction })
    net:advance(64000)
    assert.equal(0, net:live())
  end)

  it("to an INVITE is acknowledged, and so are its copies (17.1.1.2)", function()
    local net <const> = wire.new()
    ask(net, "INVITE", { A, B })
    local first <const> = net:last "INVITE"
    local refusal <const> = messages.answer(first, 503)
    net:deliver(refusal, { ip = A })
    assert.same({ { A, B }, { A } }, { ways(net, "INVITE"), ways(net, "ACK") })
    assert.equal(messages.branch(first), messages.branch(net:last "ACK"))
    net:deliver(refusal, { ip = A })
    assert.same({ A, A }, ways(net, "ACK"))
    respond(net, 486, { to = "INVITE" })
    assert.same({ 486 }, net:heard())
    assert.same({ A, A, B }, ways(net, "ACK"))
    net:advance(64000)
    assert.equal(0, net:live())
  end)

  it("ends the early dialogs of that server", function()
    local net <const> = wire.new()
    ask(net, "INVITE", { A, B })
    respond(net, 180, { to = "INVITE" })
    local early <const> = net:event("response").dialog
    assert.truthy(early and early ~= 0)
    respond(net, 503, { to = "INVITE" })
    assert.equal(early, net:event("dialog_end").dialog)
    respond(net, 200, { to = "INVITE", to_tag = "other" })
    assert.equal(200, net:event("response").code)
    assert.are_not.equal(early, net:event("response").dialog)
  end)

  it("is heard when the request was cancelled", function()
    local net <const> = wire.new()
    local id <const> = ask(net, "INVITE", { A, B })
    respond(net, 100, { to = "INVITE" })
    assert.is_true(net.engine:cancel(id))
    respond(net, 503, { to = "INVITE" })
    assert.same({ 100, 503 }, net:heard())
    assert.same({ A }, ways(net, "INVITE"))
  end)
end)

describe("a server that failed", function()
  local function first_of(net)
    net.sent = {}
    ask(net, "OPTIONS", { A, B, C })
    return net.sent[1].to:match "^[^:]*"
  end

  it("is tried after the others of its name, until its time is over", function()
    local net <const> = wire.new()
    ask(net, "OPTIONS", { A, B, C })
    net:advance(32000)
    assert.equal(B, first_of(net))
    net:advance(29999)
    assert.equal(B, first_of(net))
    net:advance(1)
    assert.equal(A, first_of(net))
  end)

  it("is one whose connection or port refuses", function()
    local net <const> = wire.new { dead_target = 1000 }
    ask(net, "OPTIONS", { A, B, C })
    net.engine:send_failed(net.sent[1].owner, "ECONNREFUSED")
    net:collect()
    assert.equal(B, first_of(net))
    net:advance(1000)
    assert.equal(A, first_of(net))
  end)

  it("is one that asks not to be bothered, for as long (RFC 3261 21.5.4)", function()
    local net <const> = wire.new()
    ask(net, "OPTIONS", { A, B, C })
    respond(net, 503, { to = "OPTIONS", lines = { "Retry-After: 120" } })
    respond(net, 200, { to = "OPTIONS" })
    net:advance(119000)
    assert.equal(B, first_of(net))
    net:advance(2000)
    assert.equal(A, first_of(net))
  end)

  it("is believed to be dead for ten minutes at most, and without a span not", function()
    local net <const> = wire.new()
    ask(net, "OPTIONS", { A, B, C })
    respond(net, 503, { to = "OPTIONS" })
    assert.equal(A, first_of(net))
    respond(net, 503, { to = "OPTIONS", lines = { "Retry-After: 99999999" } })
    assert.equal(B, first_of(net))
    net:advance(599000)
    assert.equal(B, first_of(net))
    net:advance(1000)
    assert.equal(A, first_of(net))
  end)

  it("is alive again when it answers", function()
    local net <const> = wire.new { dead_target = 600000 }
    ask(net, "OPTIONS", { A })
    net:advance(32000)
    assert.equal(B, first_of(net))
    ask(net, "OPTIONS", { A })
    respond(net, 200, { to = "OPTIONS" })
    assert.equal(A, first_of(net))
  end)

  it("is tried all the same when all of them failed", function()
    local net <const> = wire.new { dead_target = 600000 }
    for _, ip in ipairs { A, B, C } do
      ask(net, "OPTIONS", { ip })
      net:advance(32000)
    end
    assert.equal(A, first_of(net))
  end)

  it("is one of a bounded number", function()
    local net <const> = wire.new { dead_target = 600000 }
    for at = 1, 2000 do
      ask(net, "OPTIONS", { ("10.1.%d.%d"):format(at // 250, at % 250 + 1) })
      net.engine:send_failed(net.sent[#net.sent].owner, "ECONNREFUSED")
      net:collect()
      if at == 1 then net.bytes = net.engine:counts().live_bytes end
    end
    assert.truthy(net.engine:counts().live_bytes < net.bytes + 20000)
  end)
end)
