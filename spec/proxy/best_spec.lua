-- SPDX-License-Identifier: MIT
--
-- The best response (RFC 3261 16.7 items 4, 6, 7): as a comparison, cell by cell, and as
-- what a caller gets.

local face <const> = require "proxy_face"
local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

-- From the best to the worst; those of one row are as good as each other. 6xx, then the
-- lowest class; in it what tells the caller how to go on, and last what tells him least.
local order <const> = {
  { 600, 603, 604, 606 },
  { 300, 301, 302, 305, 380 },
  { 401, 407 },
  { 415, 420, 484 },
  { 486 },
  { 400, 402, 403, 405, 406, 410, 413, 414, 416, 421, 423, 440, 481, 482, 483, 485, 488, 491,
    493 },
  { 480 },
  { 404 },
  { 408, 430 },
  { 487 },
  { 500, 501, 502, 504, 505, 513 },
  { 503 },
}

local function each_pair(fn)
  for row, statuses in ipairs(order) do
    for other_row, others in ipairs(order) do
      for _, status in ipairs(statuses) do
        for _, other in ipairs(others) do fn(status, other, row, other_row) end
      end
    end
  end
end

describe("of two responses", function()
  it("the better one is found in every pair (16.7 item 6)", function()
    each_pair(function(status, other, row, other_row)
      local wanted <const> = row < other_row and 1 or row > other_row and -1 or 0
      assert.same(wanted, face.compare(status, other), status .. " and " .. other)
    end)
  end)

  it("487 is the best of its class for a caller who gave up, and no better than 6xx", function()
    each_pair(function(status, other, row, other_row)
      if status ~= 487 and other ~= 487 then return end
      if status // 100 ~= 4 or other // 100 ~= 4 then
        assert.same(row < other_row and 1 or -1, face.compare(status, other, true))
      elseif status ~= other then
        assert.same(status == 487 and 1 or -1, face.compare(status, other, true))
      end
    end)
  end)
end)

-- Two branches that fail so; what the caller gets.
local function outcome(first, second, o)
  local r <const> = relay.new()
  r:invite { "sip:bob@10.0.0.21", "sip:bob@10.0.0.22" }
  r:answer("10.0.0.21", first, o):answer("10.0.0.22", second, o)
  return r:upstream(), r
end

describe("a caller", function()
  local statuses <const> = { 302, 401, 404, 408, 420, 480, 486, 487, 500, 503, 600, 603 }
  for _, first in ipairs(statuses) do
    it(("gets the best of %d and each other, in either order, alone and once"):format(first),
      function()
        for _, second in ipairs(statuses) do
          local wanted = face.compare(second, first) > 0 and second or first
          if wanted == 503 then wanted = 500 end
          assert.same({ wanted }, (outcome(first, second)), first .. " and " .. second)
        end
      end)
  end

  it("gets it with its sender's tag and every byte but the first Via (16.7 items 3, 9)",
    function()
      local _, r = outcome(404, 486, { lines = { "X-Odd :  1 ,2", "Warning: 399 a \"b,c\"" } })
      local down = messages.answer(r:last_to("10.0.0.22", "INVITE"), 486, { to_tag = "tag22",
        lines = { "X-Odd :  1 ,2", "Warning: 399 a \"b,c\"" } })
      local without = down:gsub("Via: SIP/2.0/UDP 10.0.0.1[^\n]*\n", "", 1)
      assert.same(without, (r:up()))
    end)

  it("gets 500 for a lone 503, of which we know nothing (16.7 item 6)", function()
    local r <const> = relay.new()
    r:invite { "sip:bob@10.0.0.21" }
    r:answer("10.0.0.21", 503, { lines = { "Retry-After: 900" } })
    assert.same({ 500 }, r:upstream())
    assert.is_nil(messages.header(r:up(), "Retry%-After"))
    assert.is_string(messages.tag(r:up(), "To"))
  end)

  it("gets the other 5xx when there is one (16.7 item 6)", function()
    assert.same({ 501 }, (outcome(503, 501)))
  end)

  it("gets 407 of the RFC's example: 503, 407, 501 and 404", function()
    local r <const> = relay.new()
    r:invite { "sip:a@10.0.0.21", "sip:b@10.0.0.22", "sip:c@10.0.0.23", "sip:d@10.0.0.24" }
    for at, status in ipairs { 503, 407, 501, 404 } do r:answer("10.0.0.2" .. at, status) end
    assert.same({ 407 }, r:upstream())
  end)

  it("gets the challenges of all branches, unchanged, whichever is chosen (16.7.7)", function()
    local first <const> = { "WWW-Authenticate: Digest realm=\"a\", nonce=\"1\"" }
    local second <const> = { "Proxy-Authenticate: Digest realm=\"b\", nonce=\"2\"",
      "Proxy-Authenticate:Basic  realm=\"c\"" }
    for _, swapped in ipairs { false, true } do
      local r <const> = relay.new()
      r:invite { "sip:a@10.0.0.21", "sip:b@10.0.0.22", "sip:c@10.0.0.23" }
      r:answer("10.0.0.23", 486)
      r:answer(swapped and "10.0.0.22" or "10.0.0.21", swapped and 407 or 401,
        { lines = swapped and second or first })
      r:answer(swapped and "10.0.0.21" or "10.0.0.22", swapped and 401 or 407,
        { lines = swapped and first or second })
      assert.same({ swapped and 407 or 401 }, r:upstream())
      local text <const> = r:up()
      assert.same({ "Digest realm=\"a\", nonce=\"1\"" },
        messages.headers(text, "WWW%-Authenticate"))
      assert.same({ "Digest realm=\"b\", nonce=\"2\"", "Basic  realm=\"c\"" },
        messages.headers(text, "Proxy%-Authenticate"))
    end
  end)

  it("gets no challenge of another branch with a response that is none", function()
    local r <const> = relay.new()
    r:invite { "sip:a@10.0.0.21", "sip:b@10.0.0.22" }
    r:answer("10.0.0.21", 401, { lines = { "WWW-Authenticate: Digest realm=\"a\", nonce=\"1\"" } })
    r:answer("10.0.0.22", 603)
    assert.same({ 603 }, r:upstream())
    assert.is_nil(messages.header(r:up(), "WWW%-Authenticate"))
  end)

  it("gets the first of equals", function()
    local _, r = outcome(486, 486)
    assert.same("tag21", messages.tag(r:up(), "To"))
  end)

  it("gets 408 when nobody answers, and a real one rather than ours (16.6 item 7)", function()
    local r <const> = relay.new()
    r:invite { "sip:a@10.0.0.21" }
    r:advance(32000)
    assert.same({ 100, 408 }, r:upstream())
    local one <const> = relay.new()
    one:invite { "sip:a@10.0.0.21", "sip:b@10.0.0.22" }
    one:answer("10.0.0.21", 408, { lines = { "X-Mine: 1" } }):advance(32000)
    assert.same("1", messages.header(one:up(408), "X%-Mine"))
  end)

  it("gets 500 when nothing could be sent (16.9: as if it were 503)", function()
    local r <const> = relay.new()
    r:invite { "sip:a@10.0.0.21" }
    r.net.engine:send_failed(select(2, r:last_to "10.0.0.21").owner, "TRANSPORT")
    r.net:collect()
    assert.same({ 500 }, r:upstream())
  end)

  it("gets a 416 for a target that no request can be sent to", function()
    local r <const> = relay.new()
    r:invite { "tel:+4930123" }
    assert.same({ 416 }, r:upstream())
    assert.same(0, r.net.engine:counts().client_transactions)
  end)

  it("who asks anything but INVITE gets no 408, late as it would be (RFC 4320 4.2)", function()
    local r <const> = relay.new()
    r:receive "options"
    r:proxy { "sip:a@10.0.0.21" }
    r:advance(100000)
    assert.same({}, r:upstream())
    assert.same(0, r:live())
  end)
end)

describe("a script that waits", function()
  it("is told of the best when all have failed, and nothing has gone back", function()
    local r <const> = relay.new()
    r:invite({ "sip:a@10.0.0.21", "sip:b@10.0.0.22" }, { finish = false })
    r:answer("10.0.0.21", 486)
    assert.is_nil(r:outcome())
    r:answer("10.0.0.22", 404)
    local code <const>, event = r:outcome()
    assert.same(486, code)
    assert.same(486, event.message.code)
    assert.same(1, event.dialog)
    assert.same({}, r:upstream())
  end)

  it("may try others: the best of all sets goes back in the end", function()
    local r <const> = relay.new()
    r:invite({ "sip:a@10.0.0.21" }, { finish = false })
    r:answer("10.0.0.21", 486)
    r:proxy({ "sip:b@10.0.0.22" }, { finish = false })
    r:answer("10.0.0.22", 480)
    assert.same(486, (r:outcome()))
    assert.is_true(r.net.engine:proxy_finish(r.transaction))
    r.net:collect()
    assert.same({ 486 }, r:upstream())
    assert.same("tag21", messages.tag(r:up(), "To"))
  end)

  it("may choose another that it saw, and change it", function()
    local r <const> = relay.new()
    r:invite({ "sip:a@10.0.0.21", "sip:b@10.0.0.22" }, { finish = false, watch = true })
    r:answer("10.0.0.21", 480):answer("10.0.0.22", 486)
    local seen
    for _, event in ipairs(r.net.events) do
      if event.kind == "branch" and event.code == 480 then seen = event.message end
    end
    seen.headers["X-Chosen"] = "yes"
    assert.is_true(r.net.engine:proxy_finish(r.transaction, seen))
    r.net:collect()
    assert.same({ 480 }, r:upstream())
    assert.same("yes", messages.header(r:up(), "X%-Chosen"))
    assert.same(1, #messages.headers(r:up(), "Via"))
  end)

  it("may not send back a 2xx or what is no answer to a forwarded request", function()
    local core <const> = require "moonsip.core"
    local r <const> = relay.new()
    r:invite({ "sip:a@10.0.0.21" }, { finish = false })
    r:answer("10.0.0.21", 486)
    for _, text in ipairs {
      messages.answer(r:last_to "10.0.0.21", 200),
      messages.answer(r:last_to "10.0.0.21", 486, { vias = { "SIP/2.0/UDP 10.0.0.1;branch=z9" } }),
      messages.invite(),
    } do
      local ok <const>, err = r.net.engine:proxy_finish(r.transaction, core.message(text))
      assert.is_nil(ok)
      assert.same("INVALID", err.name)
    end
  end)

  it("may answer by itself at any time: the branches are cancelled", function()
    local r <const> = relay.new()
    r:invite({ "sip:a@10.0.0.21" }, { finish = false })
    r:answer("10.0.0.21", 180)
    assert.same(0, r.net.engine:reply(r.transaction, 486))
    r.net:collect()
    assert.same({ 180, 486 }, r:upstream())
    assert.same({ "INVITE", "CANCEL" }, r:kinds_to "10.0.0.21")
  end)

  it("may not put a tag of its own into a 2xx, nor make a dialog (16.7 item 6)", function()
    local r <const> = relay.new()
    r:invite({ "sip:a@10.0.0.21" }, { finish = false })
    local ok <const>, err = r.net.engine:reply(r.transaction, 200)
    assert.same({ nil, "STATE" }, { ok, err.name })
    assert.same(0, r.net.engine:reply(r.transaction, 100))
  end)

  it("may say 181 as a user agent beside the proxy would, with a tag and a Contact (16.7 item 6)",
    function()
    local r <const> = relay.new()
    r:invite({ "sip:a@10.0.0.21" }, { finish = false })
    assert.same(0, r.net.engine:reply(r.transaction, 181)) -- no dialog is kept for it
    r:answer("10.0.0.21", 180)
    r:answer("10.0.0.21", 200)
    assert.same({ 181, 180, 200 }, r:upstream())
    local own <const> = r.net:last(181)
    assert.truthy(messages.tag(own, "To") and messages.header(own, "Contact"))
    assert.not_equal(messages.tag(own, "To"), messages.tag(r.net:last(200), "To"))
    assert.same(0, r.net.engine:counts().dialogs)
  end)

  it("may not where that had to be reliable: nobody could take its PRACK (RFC 3262 3)", function()
    local r <const> = relay.new()
    r:invite({ "sip:a@10.0.0.21" }, { finish = false }, { lines = { "Require: 100rel" } })
    local ok <const>, err = r.net.engine:reply(r.transaction, 181)
    assert.same({ nil, "STATE" }, { ok, err.name })
  end)
end)
