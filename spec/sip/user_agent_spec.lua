-- SPDX-License-Identifier: MIT
--
-- What the engine answers by itself, without a handler and without state.

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local function answer_to(method, o)
  local net <const> = wire.new { handles = {} }
  o = o or {}
  o.method = method
  net:deliver(messages.request(o))
  assert.same({}, net.events)
  assert.same(0, net:live())
  return net.sent[1] and net.sent[1].text, net
end

describe("a request nobody handles", function()
  local expected <const> = {
    OPTIONS = 200, -- RFC 3261 11.2
    SUBSCRIBE = 489, -- RFC 6665 4.2.1.1
    REFER = 603,
    INVITE = 405, REGISTER = 405, PUBLISH = 405, MESSAGE = 405,
    NOTIFY = 481 --[[RFC 6665 4.1.3]], INFO = 405,
    UPDATE = 405, PRACK = 405, BYE = 481 --[[15.1.2]],
    NEWMETHOD = 501, -- RFC 3261 21.5.2
  }

  for method, status in pairs(expected) do
    it(("%s gets %d"):format(method, status), function()
      local text <const> = answer_to(method)
      assert.same(status, (messages.kind(text)))
      if status == 405 or status == 501 then -- 8.2.1: 405 MUST have Allow
        assert.same("INVITE, ACK, BYE, CANCEL, OPTIONS", messages.header(text, "Allow"))
      end
    end)
  end

  it("ACK gets nothing, CANCEL 481", function()
    assert.is_nil(answer_to "ACK")
    assert.same(481, (messages.kind(answer_to "CANCEL")))
  end)

  it("OPTIONS tells the truth about us (11.2)", function()
    local text <const> = answer_to "OPTIONS"
    assert.same("INVITE, ACK, BYE, CANCEL, OPTIONS", messages.header(text, "Allow"))
    assert.same("application/sdp", messages.header(text, "Accept"))
    assert.same("timer", messages.header(text, "Supported"))
  end)

  it("OPTIONS that requires what we do not support gets 420 with Unsupported (8.2.2.3)",
    function()
    local text <const> = answer_to("OPTIONS", { lines = { "Require: timer, foo",
      "Require: bar" } })
    assert.same(420, (messages.kind(text)))
    assert.same("foo, bar", messages.header(text, "Unsupported"))
    assert.same(200, (messages.kind(answer_to("OPTIONS",
      { lines = { "Require: TIMER" } }))))
  end)

  it("OPTIONS to a foreign scheme gets 416 (8.2.2.1)", function()
    assert.same(416, (messages.kind(answer_to("OPTIONS",
      { uri = "nobodyKnowsThisScheme:x" }))))
  end)

  it("gets one To tag for all its copies (8.2.7)", function()
    local _ <const>, net <const> = answer_to "MESSAGE"
    net:deliver(messages.message())
    assert.same(2, #net.sent)
    assert.same(messages.tag(net.sent[1].text, "To"), messages.tag(net.sent[2].text,
      "To"))
    net:deliver(messages.message { branch = "z9hG4bKother" })
    assert.are_not.equal(messages.tag(net.sent[1].text, "To"),
      messages.tag(net.sent[3].text, "To"))
  end)
end)

describe("the checks before a request is accepted (8.2)", function()
  local function check(o)
    local net <const> = wire.new():deliver(messages.invite(o))
    return net.engine:check(net:event().transaction)
  end

  it("name 420, 416, or nothing", function()
    local status <const>, headers <const> = check { lines = { "Require: foo" } }
    assert.same({ 420, { "Unsupported", "foo" } }, { status, headers })
    assert.same(416, (check { uri = "x-far:there" }))
    assert.same(0, (check()))
    assert.same(0, (check { uri = "tel:+123456" }))
  end)

  it("name 400 for what makes a dialog without a Contact (8.1.1.8, bug class 15)", function()
    for _, contact in ipairs { false, "*", "<sip:a b>" } do
      assert.same(400, (check { contact = contact }))
    end
    for _, method in ipairs { "SUBSCRIBE", "REFER" } do
      local net <const> = wire.new():deliver(messages.request { method = method, contact = false })
      assert.same(400, (net.engine:check(net:event().transaction)))
    end
    local message <const> = wire.new():deliver(messages.message { contact = false })
    assert.same(0, (message.engine:check(message:event().transaction)))
  end)

  it("let a peer of RFC 2543 leave it out, and call it at its From", function()
    local net <const> = wire.new():deliver(messages.invite {
      contact = false, from = "Old <sip:old@10.0.0.9:5080>" })
    local transaction <const> = net:event().transaction
    assert.same(0, (net.engine:check(transaction)))
    local dialog <const> = assert(net.engine:reply(transaction, 200))
    assert.same("sip:old@10.0.0.9:5080", net.engine:dialog_info(dialog).target)
  end)
end)

describe("handlers by method", function()
  it("make events of their method only, until taken away", function()
    local net <const> = wire.new { handles = { "MESSAGE" } }
    net:deliver(messages.message()):deliver(messages.options { branch = "z9hG4bKo" })
    assert.same({ "request" }, net:heard())
    assert.same({ 200 }, net:kinds())
    net.engine:handles("MESSAGE", false)
    net:deliver(messages.message { branch = "z9hG4bKm2" })
    assert.same({ "request" }, net:heard())
    assert.same({ 200, 405 }, net:kinds())
  end)

  it("for extension methods are one", function()
    local net <const> = wire.new { handles = { "extension" } }
    net:deliver(messages.request { method = "FOO" })
    net:deliver(messages.request { method = "BAR", branch = "z9hG4bKb" })
    assert.same({ "request", "request" }, net:heard())
  end)

  it("have names, or an error at the caller", function()
    local net <const> = wire.new()
    assert.has_error(function() net.engine:handles("invite", true) end)
  end)
end)

describe("a malformed request (8.2, 21.4.1)", function()
  it("is answered 400 with what is wrong when it can be answered, and counted", function()
    local net <const> = wire.new():deliver((messages.invite():gsub("CSeq: 1 INVITE",
      "CSeq: 1 BYE")))
    assert.same({ 400 }, net:kinds())
    assert.same({}, net.events)
    assert.same(1, net.engine:counts().malformed)
  end)

  it("is dropped when it cannot", function()
    local net <const> = wire.new()
    for _, text in ipairs { "", "\r\n\r\n", "hello\r\n\r\n", "\0\0\0\0",
      "INVITE sip:a@b SIP/2.0\r\n\r\n" } do
      net:deliver(text)
    end
    assert.same({}, net.sent)
    assert.same({}, net.events)
  end)

  it("that is a response or an ACK is never answered", function()
    local net <const> = wire.new()
    net:deliver("SIP/2.0 99999 X\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKa\r\n\r\n")
    net:deliver((messages.ack():gsub("CSeq: 1 ACK", "CSeq: x ACK")))
    assert.same({}, net.sent)
  end)
end)
