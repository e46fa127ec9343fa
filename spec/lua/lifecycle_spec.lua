-- SPDX-License-Identifier: MIT
-- How a program ends: sip.stop, SIGINT, SIGTERM with draining, a second signal.

local clock = require "spec.support.clock"
local scratch = require "spec.support.scratch"
local test = require "moonsip.test"

local SCRIPT <const> = [[
local sip = require "moonsip"
local agent <close> = assert(sip.agent { listen = "0.0.0.0:5060", media = false })
agent:on("INVITE", function(req)
  local call <close> = assert(req:answer())
  call:wait_end()
end)
sip.go(function()
  local _ <close> = setmetatable({}, { __close = function() print "task closed" end })
  local _, err = sip.sleep "1h"
  print("slept: " .. tostring(err))
end)
sip.run()
print "run returned"
]]

describe("a script", function()
  local net, script, alice
  local folder <const> = scratch.folder()
  teardown(function() folder:remove() end)
  before_each(function()
    net = test.net()
    script = net:load(folder:write("script.lua", SCRIPT), "10.0.0.1")
    alice = net:agent("sip:alice@example.com", { media = false })
  end)
  after_each(function() net:close() end)

  it("that is stopped ends its tasks and calls, then its main chunk", function()
    local call = assert(alice:call(script))
    script:stop()
    net:settle()
    assert.equal("ended", call.state)
    assert.equal("ended", script.state)
    assert.same({ "slept: cancelled: 487 the program is being stopped", "task closed",
                  "run returned" }, script.output)
    assert.equal(1, net:count { method = "BYE", code = 200 })
    assert.same({}, script.log)
  end)

  it("that drains takes no new call, and ends when the last one has ended", function()
    local call = assert(alice:call(script))
    script:stop "30s"
    net:advance "1s"
    local _, err = alice:call(script)
    assert.equal(503, err.code)
    assert.equal("60", err.response.headers["Retry-After"])
    assert.equal("running", script.state)
    assert.equal(200, assert(call:reinvite()).code) -- live calls notice nothing
    call:hangup()
    net:advance "5s"
    assert.equal("ended", script.state)
    assert.is_true(net:now() < 10)
  end)

  it("that drains ends what still runs after the limit", function()
    local call = assert(alice:call(script))
    script:stop "30s"
    net:advance "29s"
    assert.equal("connected", call.state)
    net:advance "3s"
    assert.equal("ended", call.state)
    net:settle()
    assert.equal("ended", script.state)
  end)

  it("that drains and is stopped again ends at once", function()
    local call = assert(alice:call(script))
    script:stop "30s"
    net:advance "1s"
    script:stop()
    net:advance "1s"
    assert.equal("ended", call.state)
    assert.equal("ended", script.state)
  end)

  it("with nothing under way drains at once", function()
    script:stop "30s"
    net:advance "1s"
    assert.equal("ended", script.state)
  end)
end)

describe("sip.run in the main chunk", function()
  -- Runs it with signals at instants: when it returned, and what a task of it saw.
  local function run(signals, options)
    local sip, context, lines = clock.sip { level = "none" }
    local seen
    sip.go(function() seen = select(2, sip.sleep "1h") end)
    for at, name in pairs(signals) do
      sip.after(at, function() context.driver.on_signal(name) end)
    end
    sip.run(options)
    return sip.now(), seen, context, lines
  end

  it("ends by SIGINT; its tasks see a cancellation", function()
    local at, seen, context = run { [5] = "SIGINT" }
    assert.equal(5, at)
    assert.equal("cancelled", seen.kind)
    assert.is_nil(context.driver.on_signal) -- given back
  end)

  it("ends by SIGTERM, at once when there is nothing to wait for", function()
    assert.equal(5, (run { [5] = "SIGTERM" }))
  end)

  it("ends when nothing is left that could happen", function()
    local sip = clock.sip()
    local ticks = 0
    sip.after(3, function() ticks = ticks + 1 end)
    assert.is_true(sip.run())
    assert.equal(3, sip.now())
    assert.equal(1, ticks)
  end)

  it("leaves signals alone when told to", function()
    local sip, context = clock.sip()
    local during = "not looked"
    sip.after(1, function() during = context.driver.on_signal end)
    sip.run { signals = false }
    assert.is_nil(during)
  end)

  it("can be run again after it was stopped", function()
    local sip = clock.sip()
    for round = 1, 2 do
      sip.after(1, function() sip.stop() end)
      sip.after(9, function() end)
      sip.run()
      assert.equal(round, sip.now())
    end
  end)

  it("refuses options it does not know, and grace that is no duration", function()
    local sip = clock.sip()
    assert.has_error(function() sip.run { drian = 5 } end)
    assert.has_error(function() sip.run { drain = "soon" } end)
    assert.has_error(function() sip.stop "soon" end)
  end)
end)
