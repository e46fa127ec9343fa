-- SPDX-License-Identifier: MIT
--
-- The examples that give the audio of a call to a program, and that look at it themselves.

local test <const> = require "moonsip.test"
local web_server <const> = require "spec.support.web_server"

describe("examples/14_attach.lua", function()
  local net, script, server, alice
  before_each(function()
    net = test.net()
    script = net:load("examples/14_attach.lua", "10.0.0.1", { "0.0.0.0:5060", "10.0.0.9:9092" })
    alice = net:agent "sip:alice@example.com"
  end)
  after_each(function() net:close() end)

  -- Says what it hears, and hangs up at "#".
  local function echo(peer)
    local unread = ""
    peer.on_data = function(_, bytes)
      unread = unread .. bytes
      while #unread >= 3 do
        local kind, length = (">BI2"):unpack(unread)
        if #unread < 3 + length then return end
        local frame = unread:sub(1, 3 + length)
        unread = unread:sub(4 + length)
        if kind == 0x10 then peer:send(frame) end
        if kind == 3 and frame:sub(4) == "#" then peer:send "\0\0\0" end
      end
    end
  end

  it("lets a caller hear itself, and hangs up when the server does", function()
    server = net:server("10.0.0.9:9092", echo)
    local call <const> = assert(alice:call(script))
    net:advance "200ms"
    call:play("welcome.wav", function() end)
    assert(alice:hears "welcome.wav")
    alice:press "#"
    assert.equal("hangup", call:wait_end().kind)
    assert.is_true(script:printed "^attached as %x+%-")
    assert.is_true(script:printed "^the server hung up$")
    assert.equal(1, #server.peers)
  end)

  it("is interrupted by a star", function()
    server = net:server("10.0.0.9:9092", function(peer)
      peer:send((">Bs2"):pack(0x10, ("\0\32"):rep(32000)))
    end)
    local call <const> = assert(alice:call(script))
    net:advance "500ms"
    alice:press "*"
    net:advance "1s"
    local samples <const> = call.ear:samples(call.ear:count() - 4000)
    assert.is_nil(samples:find "[^\0\1\255\254\8\248]")
  end)

  it("says good-bye where no server is, and what was wrong", function()
    net:server "10.0.0.9:1"
    assert(alice:call(script))
    assert(alice:hears "goodbye.wav")
    net:settle()
    assert.is_true(script:printed "^not attached: transport: ")
  end)
end)

describe("examples/15_energy.lua", function()
  it("tells when a caller speaks, how loud, and how long the call was heard", function()
    local net <close> = test.net()
    local script <const> = net:load("examples/15_energy.lua", "10.0.0.1")
    local alice <const> = net:agent "sip:alice@example.com"
    assert(alice:call(script))
    net:advance "1s"
    alice:says "welcome.wav"
    net:advance "1s"
    alice:hangup()
    net:settle()
    local speaks, silent = 0, 0
    for _, line in ipairs(script.output) do
      if line:find "speaks" then speaks = speaks + 1 end
      if line:find "silent" then silent = silent + 1 end
    end
    assert.is_true(speaks >= 1 and silent >= 1, table.concat(script.output, "\n"))
    local seconds <const>, loudest = script.output[#script.output]:match
      "^heard ([%d.]+) s, loudest (%-?%d+) dB$"
    assert.is_true(tonumber(seconds) > 3, seconds)
    assert.is_true(tonumber(loudest) > -40, loudest)
  end)
end)

describe("examples/29_voice_agent.lua", function()
  local net, script, alice, server
  before_each(function()
    net = test.net()
    script = net:load("examples/29_voice_agent.lua", "10.0.0.1",
      { "0.0.0.0:5060", "ws://10.0.0.9:9093/" })
    alice = net:agent "sip:alice@example.com"
  end)
  after_each(function() net:close() end)

  it("lets a caller talk with an agent, and hangs up when that does", function()
    net:server("10.0.0.9:9093", function(peer)
      server = web_server.serve(peer, { on_message = function(one)
        local last <const> = one.objects[#one.objects]
        if last.event == "media" then
          one:say { event = "media", media = { payload = last.media.payload } }
        end
      end })
    end)
    local call <const> = assert(alice:call(script))
    net:advance "200ms"
    call:play("welcome.wav", function() end)
    assert(alice:hears "welcome.wav")
    server:say { event = "stop" }
    assert.equal("hangup", call:wait_end().kind)
    assert.is_true(script:printed "^talking as %x+%-")
    assert.is_true(script:printed "^the agent hung up$")
  end)

  it("says good-bye where no agent is", function()
    net:server "10.0.0.9:1"
    assert(alice:call(script))
    assert(alice:hears "goodbye.wav")
    assert.is_true(script:printed "^no agent: transport")
  end)
end)
