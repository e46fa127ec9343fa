-- SPDX-License-Identifier: MIT
--
-- Subscriptions in the core that share the dialog of a call, and their memory.

local messages <const> = require "spec.support.messages"
local subscriptions <const> = require "spec.support.subscriptions"
local wire <const> = require "spec.support.wire"

local subscribe <const> = subscriptions.subscribe
local accept <const> = subscriptions.accept
local accepted <const> = subscriptions.accepted
local state_of <const> = subscriptions.state_of
local refresh <const> = subscriptions.refresh
local notify <const> = subscriptions.notify

describe("subscriptions in the dialog of a call (RFC 5057, 6665 4.5.2)", function()
  -- A call that we placed, in which we sent a REFER.
  local function referring()
    local net <const> = wire.new()
    local dialog <const> = net:call()
    local info <const> = net.engine:dialog_info(dialog)
    local number <const> = assert(net.engine:watch { call_id = info.call_id,
      from_tag = info.local_tag, event = "refer", expires = 180, dialog = dialog })
    net:dialog_request(dialog, { method = "REFER", subscription = number,
      headers = { "Refer-To", "<sip:carol@10.0.0.8>" } })
    net:answer(202, { to = "REFER" })
    local function tell(state, o)
      o = o or {}
      notify(net, { call_id = info.call_id, to_tag = info.local_tag, from_tag = info.remote_tag,
        from = ("%s;tag=%s"):format(info.remote_uri, info.remote_tag), cseq = o.cseq,
        event = "Event: " .. (o.event or "refer"), state = state, body = o.body })
    end
    return net, dialog, number, tell
  end

  it("are told inside it, with the id of the REFER or without (RFC 3515 2.4.6)", function()
    local net <const>, _, number, tell = referring()
    tell("active;expires=60", { body = "SIP/2.0 100 Trying\r\n", cseq = 100 })
    assert.same({ "notified", number }, { net:event().kind, net:event().dialog })
    tell("active;expires=60", { event = "refer;id=2", cseq = 101 })
    assert.same({ "notified", number }, { net:event().kind, net:event().dialog })
    tell("active;expires=60", { event = "refer;id=99", cseq = 102 })
    assert.same("request", net:event().kind)
    tell("terminated;reason=noresource", { cseq = 103, body = "SIP/2.0 200 OK\r\n" })
    assert.same({ "subscription_end", 1 }, { net:event().kind, net.engine:counts().dialogs })
  end)

  it("outlive the BYE of the call", function()
    local net <const>, dialog, number, tell = referring()
    tell("active;expires=60", { cseq = 100 })
    net:dialog_request(dialog, { method = "BYE" })
    net:answer(200, { to = "BYE" })
    assert.same("dialog_end", net:event().kind)
    assert.same(1, net.engine:counts().dialogs)
    tell("terminated;reason=noresource", { cseq = 101 })
    assert.same({ "subscription_end", number }, { net:event().kind, net:event().dialog })
    assert.same({ 0, 0 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
  end)

  it("outlive a BYE that crosses the first NOTIFY", function()
    local net <const>, dialog, number, tell = referring()
    net:dialog_request(dialog, { method = "BYE" })
    tell("active;expires=60", { cseq = 100 })
    assert.same({ "notified", number }, { net:event().kind, net:event().dialog })
    net:answer(200, { to = "BYE" })
    tell("terminated;reason=noresource", { cseq = 101 })
    assert.same(0, net.engine:counts().dialogs)
  end)

  it("end with it when an answer destroys the dialog (RFC 5057 5.1)", function()
    local net <const>, dialog, number = referring()
    net:dialog_request(dialog, { method = "INFO" })
    net:answer(404, { to = "INFO" })
    local kinds <const> = {}
    for _, event in ipairs(net.events) do kinds[#kinds + 1] = event.kind end
    assert.same({ "subscription_end", "dialog_end" }, { kinds[#kinds - 1], kinds[#kinds] })
    assert.same(number, net.events[#net.events - 1].dialog)
    assert.same({ 0, 0 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
  end)

  it("go without the call when a NOTIFY gets 481, and the call stays (RFC 5057 5.1)", function()
    local net <const> = wire.new()
    net:called()
    net:deliver(messages.refer { branch = "z9hG4bKrefer", cseq = 5,
      to_tag = net.to_tag, lines = { "Refer-To: <sip:carol@10.0.0.8>" } })
    local number <const> = accept(net, { default = 60, event = "refer" }, "SIP/2.0 100 Trying\r\n",
      "message/sipfrag")
    assert.truthy(number > 0)
    assert.same("active;expires=60", state_of(net))
    net:answer(481, { to = "NOTIFY" })
    assert.same({ 0, 1 }, { net.engine:counts().subscriptions, net.engine:counts().dialogs })
  end)

  it("are no more than sixteen in one dialog", function()
    local net <const> = wire.new()
    net:called()
    for i = 1, 17 do
      net:deliver(messages.refer { branch = "z9hG4bKrefer" .. i, cseq = 5 + i,
        to_tag = net.to_tag, lines = { "Refer-To: <sip:carol@10.0.0.8>" } })
      local number <const>, err = accept(net, { default = 60, event = "refer;id=" .. 5 + i })
      if i < 17 then assert.truthy(number > 0) else assert.same("LIMIT", err.name) end
    end
  end)
end)

describe("memory of subscriptions", function()
  it("is given back whole, in both roles", function()
    local net <const> = accepted(nil, nil, "open", "text/plain")
    refresh(net, 2, 0)
    net:answer(200, { to = "NOTIFY" }):advance(64000)
    local before <const> = wire.new():advance(64000).engine:counts().live_blocks
    -- Buffers and parsed messages that the engine keeps for the next one.
    assert.truthy(net.engine:counts().live_blocks - before < 16)
  end)

  it("running out changes nothing", function()
    local at = 1
    repeat
      local net <const> = wire.new()
      subscribe(net)
      net.engine:fail_allocation(at)
      local ok <const>, number = pcall(accept, net, nil, "open", "text/plain")
      net.engine:fail_allocation(0)
      net:collect():advance(100)
      local counts <const> = net.engine:counts()
      assert.truthy(counts.subscriptions <= 1)
      local done <const> = ok and number and number > 0 and counts.subscriptions == 1
      net.engine:close()
      at = at + 1
    until done or at > 60
    assert.truthy(at > 3)
  end)
end)
