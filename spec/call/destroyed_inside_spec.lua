-- SPDX-License-Identifier: MIT
-- Everything that a call has, ended from inside every callback of its own (bug class 21): run
-- under the address sanitizer by `make asan`. And storms of what belongs to nothing (bug class
-- 30), floods of calls that fail (26), timers at their extremes (25).

local descriptions <const> = require "spec.support.descriptions"
local pair <const> = require "spec.support.pair"
local test <const> = require "moonsip.test"

local talks <const> = descriptions.talks

-- What ends something.
local ENDS <const> = {
  hangup = function(call) call:hangup() end,
  close = function(call) call:close() end,
  drop = function(call) if call.number then call.agent.engine:dialog_drop(call.number) end end,
  ["agent:close"] = function(call) call.agent:end_all() end,
  cancel = function(call) if call.invite then call.invite:cancel() end end,
  ["an error"] = function() error "raised inside" end,
  collect = function() collectgarbage() end,
}

-- Callbacks of the one who calls and of the one who is called; `fn(call)` runs inside.
local INSIDE <const> = {
  ["1xx"] = function(alice, _, fn) alice:on("1xx", function(res) fn(res.call) end) end,
  ["2xx"] = function(alice, _, fn) alice:on("2xx", function(res) fn(res.call) end) end,
  ["a fork"] = function(alice, _, fn) alice:on("fork", function(two) fn(two) end) end,
  ["the first of a fork"] = function(alice, _, fn)
    alice:on("fork", function(_, one) fn(one) end)
  end,
  ["early"] = function(alice, _, fn) alice:on("early", fn) end,
  ["hold"] = function(_, bob, fn) bob:on("hold", fn) end,
  ["identity of alice"] = function(_, bob, fn) bob:on("identity", fn) end,
  ["identity of bob"] = function(alice, _, fn) alice:on("identity", fn) end,
  ["INVITE"] = function(_, bob, fn)
    bob:on("INVITE", function(req)
      fn(req.call)
      return require("moonsip").next
    end)
  end,
  ["a further INVITE"] = function(_, bob, fn)
    bob.inside = { INVITE = function(req) fn(req.call) end }
  end,
  PRACK = function(_, bob, fn) bob:on("PRACK", function(req) fn(req.call) end) end,
  UPDATE = function(_, bob, fn) bob:on("UPDATE", function(req) fn(req.call) end) end,
  ACK = function(_, bob, fn) bob:on("ACK", function(req) fn(req.call) end) end,
  BYE = function(_, bob, fn) bob:on("BYE", function(req) fn(req.call) end) end,
  CANCEL = function(_, bob, fn)
    bob:on("CANCEL", function() for _, call in ipairs(bob.calls) do fn(call) end end)
  end,
  ["the end"] = function(alice, bob, fn)
    alice:on("cdr", function(record) fn(record.call) end)
    bob:on("cdr", function(record) fn(record.call) end)
  end,
  ["an edit of the description"] = function(alice, _, fn)
    alice.edit = function(text)
      for _, call in ipairs(alice.calls) do fn(call) end
      return text
    end
  end,
}

-- A call with all there is in one, as far as it comes.
local function live(net, alice, bob)
  bob:on("INVITE", function(req)
    local call <const> = req:progress { sdp = true, authorize = "sendonly" }
    if not call then return end
    if bob.inside then for name, fn in pairs(bob.inside) do call:on(name, fn) end end
    net:sleep "1s"
    req:answer()
    net:sleep "2s"
    if call.state ~= "connected" then return end
    call:update { from = "carol", sdp = false }
    call:update { sdp = talks(6000) }
    net:sleep "1s"
  end)
  local ok <const>, call <const> = pcall(alice.start_call, alice, bob,
    { sdp = alice.edit, early_media = "authorized" })
  if not ok then return end -- an edit that raises, raises where the call is placed
  net:advance "2s"
  if call.state == "connected" then
    for _, verb in ipairs { "hold", "resume", "update", "reinvite" } do
      call[verb](call, {}, function() end)
    end
  end
  net:advance "40m" -- a refresh too
  call:hangup()
  local given_up <const> = alice:start_call(bob)
  net:advance "500ms"
  given_up:hangup()
  net:settle()
end

describe("inside a callback of a call, all of it may end (bug class 21):", function()
  for where, put in pairs(INSIDE) do
    for how, ends in pairs(ENDS) do
      it(("%s in %s"):format(how, where), function()
        local net <const>, alice <const>, bob <const> = pair.new()
        for _, one in ipairs { alice, bob } do one:on("error", function() end) end
        put(alice, bob, ends)
        live(net, alice, bob)
        for _, one in ipairs { alice, bob } do
          for _, call in ipairs(one.calls) do call:close() end
        end
        net:settle()
        assert.equal(0, #alice.calls + #bob.calls)
        bob:off("INVITE"):off("PRACK"):off("UPDATE"):off("ACK"):off("BYE"):off("CANCEL"):off("hold")
        alice:off("1xx"):off("2xx")
        pair.answers(bob)
        assert.equal("connected", assert(alice:call(bob)).state) -- both are as they were
        net:close()
      end)
    end
  end
end)

describe("what belongs to nothing (bug class 30)", function()
  for _, method in ipairs { "ACK", "CANCEL", "PRACK", "BYE", "UPDATE" } do
    it("a storm of " .. method .. " leaves nothing behind", function()
      local net <const> = test.net()
      local bob <const> = net:agent("sip:bob@example.com", { media = false, guard = false })
      local peer <const> = net:endpoint "10.0.0.99:5060"
      pair.answers(bob)
      for i = 1, 500 do
        peer:send(("%s sip:bob@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.99;branch=z9hG4bK%d\r\n"
          .. "From: <sip:a@x>;tag=%d\r\nTo: <sip:b@x>;tag=%d\r\nCall-ID: %d\r\nCSeq: %d %s\r\n"
          .. "Max-Forwards: 70\r\nRAck: 1 1 INVITE\r\nContent-Length: 0\r\n\r\n"):format(method, i,
          i, i, i, i, method), bob.contact:match "@(.*)$")
      end
      net:advance "1s"
      assert.equal(method == "ACK" and 0 or 500, #peer.received)
      if method ~= "ACK" then assert.matches("^SIP/2.0 481", peer.received[1].bytes) end
      net:settle()
      assert.equal(0, (net:live()))
      net:close()
    end)
  end

  it("a storm of 1xx and 2xx to an INVITE that was answered leaves one call", function()
    local net <const> = test.net()
    local alice <const> = net:agent("sip:alice@example.com", { media = false })
    local peer <const> = net:endpoint "10.0.0.99:5060"
    local call <const> = alice:start_call "sip:peer@10.0.0.99:5060"
    local invite <const> = assert(peer:expect "INVITE")
    local lines <const> = "Contact: <sip:p@10.0.0.99>\r\nContent-Type: application/sdp\r\n"
    for _ = 1, 20 do
      for _, status in ipairs { 180, 200, 183, 199, 200 } do
        peer:reply(invite, status, "x", lines .. "Require: 100rel\r\nRSeq: 5\r\n", talks(5000))
        net:advance(0.1)
      end
    end
    assert.equal("connected", call.state)
    assert.equal(1, alice:counts().dialogs)
    call:hangup()
    net:settle()
    net:close()
  end)
end)

describe("a flood of calls that fail (bug class 26)", function()
  it("leaves nothing alive", function()
    local net <const>, alice <const>, bob <const> = pair.new()
    local count = 0
    bob:on("INVITE", function(req)
      count = count + 1
      if count % 3 == 0 then req:progress { sdp = true } end
      if count % 4 == 0 then return end -- 500
      req:reject(count % 2 == 0 and 486 or 603)
    end)
    for _ = 1, 300 do alice:start_call(bob) end
    net:settle()
    assert.equal(300, count)
    assert.equal(0, (net:live()))
    assert.equal(0, #alice.calls + #bob.calls)
    net:close()
  end)
end)

describe("timers at their extremes (bug class 25)", function()
  for _, t1 in ipairs { 0.001, 3600, 86400 * 30 } do
    it(("T1 of %s s: PRACK, the 200 and its ACK"):format(t1), function()
      local net <const> = test.net()
      local alice <const> = net:agent("sip:alice@example.com", { media = false, t1 = t1 })
      local bob <const> = net:agent("sip:bob@example.com", { media = false, t1 = t1 })
      bob:on("INVITE", function(req)
        req:progress { sdp = true }
        req:answer()
      end)
      local call <const> = assert(alice:call(bob))
      net:advance "10s"
      assert.equal("connected", call.state)
      call:hangup()
      net:advance "1s"
      assert.equal(0, #bob.calls)
      net:close()
    end)
  end
end)
