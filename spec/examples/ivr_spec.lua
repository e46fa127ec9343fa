-- SPDX-License-Identifier: MIT
--
-- The examples that talk, each loaded unchanged onto a network in memory and called by
-- somebody who hears and presses keys.

local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"

describe("examples/01_hello_ivr.lua", function()
  local net, ivr, alice
  before_each(function()
    net = test.net()
    ivr = net:load("examples/01_hello_ivr.lua", "10.0.0.1", { name = "ivr" })
    alice = net:agent "sip:alice@example.com"
  end)
  after_each(function() net:close() end)

  it("plays a prompt, collects a key, says it back, and hangs up", function()
    assert(alice:call(ivr))
    assert(alice:hears "welcome.wav")
    assert(alice:press "7")
    assert(alice:hears { say = "you pressed 7" })
    net:settle()
    assert.equal(0, #alice.calls)
    assert.same({ "call from sip:alice@example.com", "  pressed 7" },
      { ivr.output[3], ivr.output[4] })
  end)

  it("stops the prompt at the first key", function()
    assert(alice:call(ivr))
    net:advance "500ms"
    assert(alice:press "1")
    assert(alice:hears { say = "you pressed 1" })
    assert.is_true(net:now() < 3.5)
  end)

  it("says good bye to who presses nothing", function()
    assert(alice:call(ivr))
    assert(alice:hears "welcome.wav")
    assert(alice:hears "goodbye.wav")
    net:settle()
    assert.equal(0, #alice.calls)
  end)

  it("says nothing to who hangs up, and writes no error", function()
    assert(alice:call(ivr))
    net:advance "1s"
    alice:hangup()
    net:settle()
    for _, line in ipairs(ivr.log) do assert.matches(" info ", line) end
  end)

  it("does the same by callbacks for those who dial 600", function()
    assert(alice:call "sip:600@10.0.0.1")
    assert(alice:hears "welcome.wav")
    assert(alice:press "3")
    assert(alice:hears "digits/3.wav")
    assert(alice:hears "thanks.wav")
    net:settle()
    assert.equal(0, #alice.calls)
    assert.is_true(ivr:printed "gone: hangup")
  end)

  it("says what each call does, step by step", function()
    assert(alice:call(ivr))
    assert(alice:hears "welcome.wav")
    alice:press "7"
    net:settle()
    local lines <const> = {}
    for _, line in ipairs(ivr.log) do lines[#lines + 1] = line:match "info%s+(.*)$" end
    assert.same({
      "call 1: from sip:alice@example.com to sip:10.0.0.1:5060", "call 1: connected",
      "call 1: audio: PCMU, sendrecv", "call 1: gather welcome.wav", "call 1: digit 7",
      'call 1: gathered "7"', 'call 1: play "you pressed 7"', "call 1: ended: closed",
    }, lines)
  end)

  it("works in a bad network too", function()
    net:close()
    net = test.net { seed = 4, loss = 0.02, duplicate = 0.01, delay = { 5, 45 } }
    ivr = net:load("examples/01_hello_ivr.lua", "10.0.0.1")
    alice = net:agent "sip:alice@example.com"
    assert(alice:call(ivr))
    assert(alice:hears("welcome.wav", { likeness = 0.7 }))
    assert(alice:press "9")
    assert(alice:hears({ say = "you pressed 9" }, { likeness = 0.7 }))
  end)
end)

describe("examples/10_ivr_menu.lua", function()
  local net, folder, alice, operator
  before_each(function()
    net = test.net()
    folder = scratch.folder()
    net:load("examples/10_ivr_menu.lua", "10.0.0.1",
      { name = "menu", "0.0.0.0:5060", "sip:operator@10.0.0.9", folder.path })
    alice = net:agent "sip:alice@example.com"
    operator = net:agent("sip:operator@example.com", { address = "10.0.0.9" })
  end)
  after_each(function()
    net:close()
    folder:remove()
  end)

  local function call() assert(alice:call "sip:5000@10.0.0.1") end

  local function recordings(kind)
    local output <const> = folder:run("ls " .. folder.path)
    return output:match("(" .. kind .. "%-%w+%.wav)")
  end

  it("keeps a message, and says so", function()
    call()
    assert(alice:hears "menu.wav")
    assert(alice:press "2")
    assert(alice:hears "vm-intro.wav")
    net:advance "300ms"
    assert(alice:says "leave-message.wav")
    assert(alice:press "#")
    assert(alice:hears "vm-saved.wav")
    assert.truthy(recordings "vm")
  end)

  it("keeps the message of who just hangs up", function()
    call()
    assert(alice:press "2")
    assert(alice:hears "vm-intro.wav")
    net:advance "500ms"
    alice:says "leave-message.wav"
    alice:hangup()
    net:settle()
    assert.truthy(recordings "vm")
  end)

  it("connects with the operator, with music until then, and records both", function()
    operator:on("INVITE", function(req)
      req:ring()
      net:sleep "12s" -- music begins where it is for everybody: so that all of it comes
      req:answer()
    end)
    call()
    assert(alice:press "0")
    assert(alice:hears "moh.wav")
    net:advance "10s"
    assert(operator:says "thanks.wav")
    assert(alice:hears "thanks.wav")
    alice:says "welcome.wav"
    assert(operator:hears "welcome.wav")
    operator:hangup()
    net:settle()
    assert.equal(0, #alice.calls)
    assert.truthy(recordings "call")
  end)

  for status, prompt in pairs { [486] = "busy.wav", [480] = "noanswer.wav" } do
    it("takes a message when the operator answers " .. status, function()
      operator:on("INVITE", function(req) req:reject(status) end)
      call()
      assert(alice:press "0")
      assert(alice:hears(prompt))
      assert(alice:hears "vm-intro.wav")
    end)
  end

  it("asks three times, saying what is wrong", function()
    call()
    assert(alice:press "9")
    assert(alice:hears "invalid.wav")
    assert(alice:hears "menu.wav")
    assert(alice:hears "nothing.wav")
    assert(alice:hears "menu.wav")
    assert(alice:hears "nothing.wav")
    assert(alice:hears "goodbye.wav")
    net:settle()
    assert.equal(0, #alice.calls)
  end)

  it("is there for 5000 alone", function()
    assert.equal(404, select(2, alice:call "sip:1234@10.0.0.1").code)
  end)
end)

describe("examples/11_dialer.lua", function()
  it("calls every number: humans confirm, machines get the message", function()
    local net <const> = test.net()
    local folder <const> = scratch.folder()
    local path <const> = folder:write("numbers.txt", "100\n101\n102\n103\n104\n")
    local trunk <const> = net:agent("sip:trunk@example.com", { address = "10.0.0.9" })
    local at_once, most = 0, 0
    local heard <const> = {}
    local function answers(number, fn)
      trunk:on("INVITE", { user = number }, function(req)
        at_once = at_once + 1
        most = math.max(most, at_once)
        local call <close> = assert(req:answer())
        fn(call)
        call:wait_end()
        at_once = at_once - 1
      end)
    end
    local function hello(call)
      net:sleep "500ms"
      call:play "digits/1.wav"
    end
    answers("100", function(call) hello(call) net:sleep "5s" call:dtmf "1" end)
    answers("101", function(call) hello(call) net:sleep "5s" call:dtmf "2" end)
    answers("102", function(call)
      call:play { "menu.wav", { tone = "beep", ms = "500ms" } }
      local tape <const> = call:start_record(folder.path .. "/machine.wav")
      heard.machine = tape:wait().seconds
    end)
    trunk:on("INVITE", { user = "103" }, function(req) req:reject(486) end)
    answers("104", function(call) call:wait_end() end)
    local dialer <const> = net:load("examples/11_dialer.lua", "10.0.0.1",
      { name = "dialer", "0.0.0.0:5060", "sip:10.0.0.9", path })
    net:advance "2m"
    local results <const> = {}
    for _, line in ipairs(dialer.output) do
      local number <const>, why = line:match "^(%d+)%s+(%l+)"
      results[number] = why
    end
    assert.same({ ["100"] = "confirmed", ["101"] = "declined", ["102"] = "machine",
                  ["103"] = "busy", ["104"] = "noinput" }, results)
    assert.is_true(heard.machine > 2)
    assert.equal("ended", dialer.state)
    net:close()
    folder:remove()
  end)
end)
