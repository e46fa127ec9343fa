-- SPDX-License-Identifier: MIT
--
-- examples/09_hello.lua, tested as those who write scripts test theirs: loaded
-- unchanged onto a network in memory, under a virtual clock.

local test <const> = require "moonsip.test"

local function golden(name)
  local file <close> = assert(io.open("spec/golden/" .. name .. ".txt"))
  return file:read "a"
end

describe("the hello script", function()
  local net, hello, alice

  local function begin(options)
    net = test.net(options)
    hello = net:load("examples/09_hello.lua", "10.0.0.1", { name = "hello" })
    alice = net:agent "sip:alice@example.com"
  end

  after_each(function() net:close() end)

  it("says where it listens and what to dial", function()
    begin()
    assert.is_true(hello:printed "listening on udp:10%.0%.0%.1:5060, tcp:10%.0%.0%.1:5060")
    assert.is_true(hello:printed "^dial sip:anything@10%.0%.0%.1:5060")
  end)

  it("answers a call and ends it after ten seconds", function()
    begin()
    local call = assert(alice:call(hello))
    assert.truthy(call.remote_sdp:find "^v=0\r\n")
    net:advance "9s"
    assert.equal("connected", call.state)
    net:advance "2s"
    assert.equal("ended", call.state)
    assert.is_true(hello:printed "^call from sip:alice@example%.com")
    assert.is_true(hello:printed "ended: hangup")
    net:settle()
    assert.equal(golden "hello", net:ladder())
    assert.equal(0, net:live())
  end)

  it("notices when the caller hangs up first", function()
    begin()
    local call = assert(alice:call(hello))
    net:advance "3s"
    call:hangup()
    net:settle()
    assert.equal(0, net:count { method = "BYE", from = hello })
    assert.equal(1, net:count { method = "BYE", class = "2xx", from = hello })
    assert.is_true(hello:printed "ended: hangup")
  end)

  it("replies to OPTIONS and MESSAGE, over UDP and TCP", function()
    begin()
    for _, transport in ipairs { "udp", "tcp" } do
      local to = "sip:10.0.0.1;transport=" .. transport
      local options = assert(alice:request("OPTIONS", to):wait())
      assert.truthy(options.headers["Allow"]:find("INVITE", 1, true))
      assert(alice:request("MESSAGE", to, { body = "hi " .. transport }):wait())
      assert.is_true(hello:printed("message from .*: hi " .. transport))
    end
  end)

  for seed = 1, 5 do
    it(("sets up and ends a call in a bad network (seed %d)"):format(seed), function()
      begin { seed = seed, loss = 0.2, duplicate = 0.1, reorder = 0.1, delay = { 5, 300 } }
      local call = assert(alice:call(hello))
      net:advance "50s"
      assert.equal("ended", call.state)
      assert.is_true(net:settle())
      assert.equal(0, net:live())
    end)
  end

  it("leaves when it is told to, and the caller hears of it", function()
    begin()
    local call = assert(alice:call(hello))
    hello:stop()
    net:settle()
    assert.equal("ended", hello.state)
    assert.equal("ended", call.state)
    assert.is_true(hello:printed "^bye$")
    assert.equal(0, net:live())
  end)
end)
