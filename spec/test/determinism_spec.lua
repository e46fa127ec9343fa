-- SPDX-License-Identifier: MIT
--
-- The same seed gives the same run, bit for bit, in this process and in any other.

local ivr <const> = require "spec.support.ivr"
local test <const> = require "moonsip.test"

-- Calls and messages through a bad network with a script, TCP and a cut in between.
local function run(seed)
  local net <close> = test.net { seed = seed, loss = 0.1, duplicate = 0.1, reorder = 0.1,
                                 delay = { 0, 2000 } }
  local script = net:load("spec/test/scripts/answer.lua", "10.0.0.1")
  local alice = net:agent("sip:alice@example.com", { media = false })
  local bob = net:agent("sip:bob@example.com", { media = false })
  bob:on("MESSAGE", function(req) return req:reply(200) end)
  local calls = {}
  for at = 1, 4 do
    alice:call(script, { ring = "20s" }, function(call) calls[at] = call end)
    bob:request("OPTIONS", "sip:10.0.0.1;transport=tcp"):wait(function() end)
    alice:request("MESSAGE", bob, { body = "hello" }):wait(function() end)
  end
  net:advance "5s"
  net:cut(alice, script)
  net:advance "5s"
  net:heal()
  net:advance "30s"
  for at = 1, 4 do
    if calls[at] then calls[at]:hangup() end
  end
  assert(net:settle())
  return net:hash(), net:count {}, net:live()
end

-- Callers with audio, who hear and press keys, through loss and jitter.
local function run_audio(seed)
  local stage <close> = ivr.stage([[
    local key = call:gather { play = "welcome.wav", max = 1 }
    call:play { "welcome.wav", max = key and "500ms" or nil }
    call:record { file = folder .. "/" .. call.id .. ".wav", max = "2s" }
    call:hangup()
  ]], { net = { seed = seed, loss = 0.03, duplicate = 0.01, reorder = 0.02, delay = { 5, 60 } } })
  local net = stage.net
  for at = 1, 10 do
    local caller = net:agent(("sip:%d@example.com"):format(at))
    net.root.tasks:spawn(nil, function()
      net:sleep(at * 0.13)
      local call = caller:call(stage.ivr)
      if not call then return end
      net:sleep(at * 0.21)
      call:dtmf(tostring(at % 10))
      call:play "welcome.wav"
    end)
  end
  net:advance "20s"
  net:settle()
  return net:hash(), net.audio.fabric:digest()
end

describe("a run of a test network", function()
  it("repeats every packet of its audio with the same seed", function()
    local hash, digest = run_audio(3)
    local again, digest_again = run_audio(3)
    assert.same({ hash, digest }, { again, digest_again })
    assert.not_equal(digest, (select(2, run_audio(4))))
  end)

  it("repeats bit for bit with the same seed", function()
    local hash, count, live = run(7)
    assert.is_true(count > 30)
    assert.equal(0, live)
    assert.equal(hash, (run(7)))
    assert.not_equal(hash, (run(8)))
  end)

  it("repeats in another process, where tables and strings lie elsewhere", function()
    local command = [[%s -e 'describe = function() end
      local chunk = assert(loadfile "spec/test/determinism_spec.lua")
      print((chunk().run(7)))']]
    local pipe <close> = assert(io.popen(command:format(os.getenv "LUA" or "lua5.4")))
    assert.equal((run(7)), pipe:read "l")
  end)
end)

return { run = run }
