-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

describe("INVITEs that cross (RFC 3261 14)", function()
  it("get 491 while ours waits", function()
    local net <const> = wire.new()
    local dialog <const> = net:called()
    net:dialog_request(dialog, { method = "INVITE" })
    net:deliver(messages.invite { branch = "z9hG4bKre", cseq = 2, to_tag = net.to_tag })
    assert.same(1, net:count(491))
    assert.same({ "request", "ack" }, net:heard())
  end)

  it("get 500 with Retry-After of 0 to 10 s while theirs waits (14.2)", function()
    local net <const> = wire.new()
    net:called()
    net:deliver(messages.invite { branch = "z9hG4bKre", cseq = 2, to_tag = net.to_tag })
    net:deliver(messages.invite { branch = "z9hG4bKra", cseq = 3, to_tag = net.to_tag })
    local wait <const> = tonumber(messages.header(net:last(500), "Retry%-After"))
    assert.is_true(wait >= 0 and wait <= 10)
  end)

  local function refused(net, dialog)
    local id <const>, err = net:dialog_request(dialog, { method = "INVITE" })
    assert.is_nil(id)
    assert.same("PENDING", err.name)
  end

  it("are not sent by us while one of either side waits (14.1)", function()
    local net <const> = wire.new()
    local dialog <const> = net:called()
    net:deliver(messages.invite { branch = "z9hG4bKre", cseq = 2, to_tag = net.to_tag })
    refused(net, dialog)
    net:reply(200)
    refused(net, dialog)
    net:deliver(messages.ack { branch = "z9hG4bKa2", cseq = 2, to_tag = net.to_tag })
    assert.truthy(net:dialog_request(dialog, { method = "INVITE" }))
    refused(net, dialog)
  end)

  it("of ours wait for the ACK of what we answered, and hear when it came (14.1)", function()
    local net <const> = wire.new()
    net:deliver(messages.invite())
    local dialog <const> = net:reply(200)
    refused(net, dialog)
    refused(net, dialog)
    assert.truthy(net:dialog_request(dialog, { method = "INFO" }))
    net:deliver(messages.ack { branch = "z9hG4bKa1", to_tag = messages.tag(net:last(200), "To") })
    assert.same({ "request", "ack", "ready" }, net:heard())
    assert.same(dialog, net:event().dialog)
    assert.truthy(net:dialog_request(dialog, { method = "INVITE" }))
  end)

  it("of ours wait for the ACK of a rejection too, or for Timer H (14.1)", function()
    for _, has_ack in ipairs { true, false } do
      local net <const> = wire.new()
      local dialog <const> = net:called()
      net:deliver(messages.invite { branch = "z9hG4bKre", cseq = 2, to_tag = net.to_tag })
      refused(net, dialog)
      net:reply(488)
      refused(net, dialog)
      net:deliver(messages.invite { branch = "z9hG4bKra", cseq = 3, to_tag = net.to_tag })
      assert.same(0, net:count(500)) -- ours is answered: theirs may come (14.2)
      net:reply(488)
      refused(net, dialog)
      if has_ack then
        net:deliver(messages.ack { branch = "z9hG4bKra", cseq = 3, to_tag = net.to_tag })
      else
        net:advance(32000)
      end
      assert.same("ready", net:event().kind)
      assert.truthy(net:dialog_request(dialog, { method = "INVITE" }))
    end
  end)

  it("of ours hear when another of ours is over, after its answer (14.1)", function()
    for status, heard in pairs { [200] = { 200, 200, "ready" },
                                 [488] = { 200, 488, "ready" } } do
      local net <const> = wire.new()
      local dialog <const> = net:call()
      assert(net:dialog_request(dialog, { method = "INVITE" }))
      refused(net, dialog)
      net:deliver(messages.answer(net:last "INVITE", status))
      assert.same(heard, net:heard())
    end
  end)
end)
