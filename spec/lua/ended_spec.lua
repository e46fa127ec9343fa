-- SPDX-License-Identifier: MIT
-- Objects that are used after their end: every verb gives an error value or does
-- nothing, and nothing of it reaches the wire.

local pair = require "spec.support.pair"

describe("after its end", function()
  local net, alice, bob
  before_each(function()
    net, alice, bob = pair.new()
    bob:on("INVITE", function(req) assert(req:answer()) end)
  end)
  after_each(function() net:close() end)

  local function is_error(value, err)
    assert.is_nil(value)
    assert.is_string(err.kind)
    assert.is_string(tostring(err))
  end

  local function silent(fn)
    net:settle()
    local before = net:count()
    fn()
    net:settle()
    assert.equal(before, net:count())
  end

  it("an agent sends nothing, and all else is harmless", function()
    alice:close()
    silent(function()
      is_error(alice:request("OPTIONS", bob):wait())
      is_error(alice:call(bob))
      is_error(alice:start_call(bob):wait())
      alice:on("INVITE", function() end):off "INVITE"
      assert.is_true(alice:reload(function() end))
      alice:emit("nothing")
      alice:drain(1)
      alice:close()
      assert.equal(0, #alice.calls)
      assert.is_number(alice:counts().received)
      assert.matches("udp:", tostring(alice))
      alice:trace(function() end):stop()
    end)
  end)

  for _, side in ipairs { "near", "far" } do
    it("a call of the " .. side .. " end", function()
      local near = assert(alice:call(bob))
      net:advance(1)
      local call = side == "near" and near or bob.calls[1]
      near:hangup()
      silent(function()
        assert.is_false(call:hangup())
        call:close()
        call:limit "1s"
        is_error(call:request("INFO"):wait())
        is_error(call:reinvite())
        is_error(call:update())
        assert.equal("hangup", call:wait_end().kind)
        assert.equal("hangup", select(2, call:wait()).kind)
        call:on("INFO", function() end):off "INFO"
        assert.is_nil(call.remote_tag)
        assert.is_string(call.id)
        assert.equal("alice", call.from.user)
        assert.is_string(call:ladder())
      end)
    end)
  end

  it("a call that nobody answered", function()
    bob:off "INVITE"
    local call = alice:start_call(bob)
    call:wait()
    silent(function()
      assert.is_false(call:hangup())
      is_error(call:wait())
      is_error(call:request("INFO"):wait())
      is_error(call:reinvite())
      assert.equal("ended", call.state)
    end)
  end)

  it("a dialog", function()
    bob:on("SUBSCRIBE", function(req) req:reply(200) end)
    local options = { headers = { Event = "x" } }
    local dialog = assert(alice:request("SUBSCRIBE", bob, options):wait()).dialog
    dialog:close()
    silent(function()
      is_error(dialog:request("SUBSCRIBE"):wait())
      dialog:close()
      assert.equal("hangup", dialog:wait_end().kind)
    end)
  end)

  it("an exchange", function()
    local exchange = alice:request("OPTIONS", bob)
    exchange:wait()
    silent(function()
      is_error(exchange:cancel())
      exchange:close()
      assert.equal(200, exchange:wait().code)
      for res in exchange:responses() do assert.equal(200, res.code) end
      exchange:on("2xx", function() end)
    end)
  end)

  it("a request that was answered, and one whose agent is closed", function()
    local answered, waiting
    bob:on("MESSAGE", function(req)
      if req.body == "wait" then
        waiting = req:defer()
      else
        answered = req
        req:reply(200)
      end
    end)
    alice:request("MESSAGE", bob, { body = "x" }):wait()
    alice:request("MESSAGE", bob, { body = "wait" })
    net:advance(1)
    bob:close()
    silent(function()
      for _, req in ipairs { answered, waiting } do
        is_error(req:reply(200))
        is_error(req:reject(404))
        is_error(req:progress())
        is_error(req:redirect "sip:a@b")
        req:defer()
        assert.equal("MESSAGE", req.method)
        assert.matches("^MESSAGE ", tostring(req))
      end
    end)
  end)

  it("timers, slots, jobs and groups", function()
    local clock = require "spec.support.clock"
    local sip = clock.sip()
    local timer = sip.after(1, function() end)
    sip.sleep(2)
    timer:stop()
    timer:stop()
    local slot = sip.pool(1):take()
    slot:release()
    slot:release()
    local job = sip.go(function() return 7 end)
    assert.equal(7, job:wait())
    job:cancel()
    assert.equal(7, job:wait())
    local group = sip.group()
    group:cancel()
    group:cancel()
    assert.is_true(group:wait())
  end)
end)
