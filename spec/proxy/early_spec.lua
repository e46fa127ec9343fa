-- SPDX-License-Identifier: MIT
--
-- 199 by a proxy (RFC 6228 6): early dialogs of a branch that failed while others go on.

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local A <const>, B <const> = "10.0.0.21", "10.0.0.22"

local function uri(ip) return "sip:bob@" .. ip end

-- Two branches at once, or one after the other; the INVITE has these lines.
local function forked(lines, groups)
  local r <const> = relay.new()
  r:invite({ { uri = uri(A), group = 1 }, { uri = uri(B), group = groups or 1 } }, nil,
    { lines = lines or { "Supported: 199" } })
  return r
end

describe("a branch that rang and failed while others go on (RFC 6228 6)", function()
  it("is told of by a 199 with its To tag and the reason", function()
    local r <const> = forked()
    r:answer(A, 180, { to_tag = "a" }):answer(B, 180, { to_tag = "b" })
    r:answer(A, 486, { to_tag = "a" })
    assert.same({ 180, 180, 199 }, r:upstream())
    local text <const> = r:up(199)
    assert.same({ "a", "SIP;cause=486", "Early Dialog Terminated" },
      { messages.tag(text, "To"), messages.header(text, "Reason"),
        text:match "^SIP/2.0 199 ([^\r]+)" })
    r:answer(B, 200, { to_tag = "b" })
    assert.same({ 180, 180, 199, 200 }, r:upstream())
  end)

  it("is told of when another is tried after it", function()
    local r <const> = forked(nil, 2)
    r:answer(A, 180, { to_tag = "a" }):answer(A, 408, { to_tag = "a" })
    assert.same({ 180, 199 }, r:upstream())
    r:answer(B, 486, { to_tag = "b" })
    assert.same({ 180, 199, 486 }, r:upstream())
  end)

  it("is not told of when it did not ring, or was the last", function()
    local r <const> = forked()
    r:answer(A, 486, { to_tag = "a" })
    assert.same({}, r:upstream())
    r:answer(B, 180, { to_tag = "b" }):answer(B, 486, { to_tag = "b" })
    assert.same({ 180, 486 }, r:upstream())
  end)

  it("is not told of to who does not know 199, or insists on 100rel", function()
    for _, lines in ipairs { { "Supported: timer" }, { "Supported: 199", "Require: 100rel" } } do
      local r <const> = forked(lines)
      r:answer(A, 180, { to_tag = "a" }):answer(A, 486, { to_tag = "a" })
      assert.same({ 180 }, r:upstream())
    end
  end)

  it("is not told of to who has given up", function()
    local r <const> = forked()
    r:answer(A, 180, { to_tag = "a" }):answer(B, 180, { to_tag = "b" })
    r:cancel()
    r:answer(A, 487, { to_tag = "a" })
    assert.same(0, #r:sent_to("10.0.0.9", 199))
  end)
end)
