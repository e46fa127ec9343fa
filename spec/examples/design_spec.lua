-- SPDX-License-Identifier: MIT
--
-- The scripts that the Lua API was designed by, word for word as they were written before
-- there was any of it (spec/examples/design).

local design <const> = require "spec.support.design"
local sip <const> = require "moonsip"
local uv <const> = require "luv"

describe("a script of the design", function()
  local stage, net, folder, script

  local function load(name) script = stage:load(name) end

  before_each(function()
    stage = design.new()
    net, folder = stage.net, stage.folder
    folder:run(("mkdir %s/vm %s/calls"):format(folder.path, folder.path))
    net:dns("pbx.example", { "10.0.0.9" })
    net:dns("trunk.example", { "10.0.0.9" })
  end)
  after_each(function() stage:close() end)

  it("says hello, collects a key, says it back", function()
    load "hello_ivr"
    local alice <const> = net:agent "sip:alice@example.com"
    assert(alice:call(script))
    assert(alice:hears "welcome.wav")
    assert(alice:press "7")
    assert(alice:hears { say = "you pressed 7" })
    net:settle()
    assert.equal(0, #alice.calls)
    assert(alice:call "sip:600@10.0.0.1")
    assert(alice:hears "welcome.wav")
    assert(alice:press "3")
    assert(alice:hears "digits/3.wav")
    net:settle()
    assert.is_true(script:printed "^gone:%s+hangup")
    assert.is_nil(table.concat(script.log, "\n"):find " error ")
  end)

  it("connects with the operator, and takes a message where nobody answers", function()
    load "ivr_menu"
    local alice <const> = net:agent "sip:alice@example.com"
    local operator <const> = net:agent("sip:operator@pbx.example", { address = "10.0.0.9" })
    operator:on("INVITE", function(req) req:ring() net:sleep "12s" req:answer() end)
    assert(alice:call "sip:5000@10.0.0.1")
    assert(alice:hears "menu.wav")
    assert(alice:press "0")
    assert(alice:hears "moh.wav")
    net:advance "12s"
    assert(operator:says "thanks.wav")
    assert(alice:hears "thanks.wav")
    operator:hangup()
    net:settle()
    assert.equal(0, #alice.calls)
    assert.matches("%.wav", (folder:run("ls " .. folder.path .. "/calls")))
    operator:off "INVITE"
    operator:on("INVITE", function(req) req:reject(486) end)
    assert(alice:call "sip:5000@10.0.0.1")
    assert(alice:hears "menu.wav")
    assert(alice:press "0")
    assert(alice:hears "busy.wav")
    assert(alice:hears "vm-intro.wav")
    net:advance "400ms"
    assert(alice:says "leave-message.wav")
    alice:hangup()
    net:settle()
    assert.matches("%.wav", (folder:run("ls " .. folder.path .. "/vm")))
  end)

  it("asks three times, saying what is wrong", function()
    load "ivr_menu"
    local alice <const> = net:agent "sip:alice@example.com"
    assert(alice:call "sip:5000@10.0.0.1")
    assert(alice:press "9")
    for _, prompt in ipairs { "invalid.wav", "menu.wav", "nothing.wav", "menu.wav", "nothing.wav",
                              "goodbye.wav" } do
      assert(alice:hears(prompt))
    end
    net:settle()
    assert.equal(0, #alice.calls)
  end)

  it("calls every number of a file through a trunk that asks who calls", function()
    uv.os_setenv("PW", "secret")
    folder:write("numbers.txt", "100\n101\n102\n103\n")
    local trunk <const> = net:agent("sip:trunk@trunk.example", { address = "10.0.0.9" })
    local auth <const> = sip.digest { realm = "trunk.example",
                                      secret = function() return "secret" end }
    local function answers(number, fn)
      trunk:on("INVITE", { user = number }, function(req)
        if not auth:check(req) then return end
        local call <close> = assert(req:answer())
        fn(call)
        call:wait_end()
      end)
    end
    local function says(key)
      return function(call)
        net:sleep "500ms"
        call:play "digits/1.wav"
        net:sleep "5s"
        call:dtmf(key)
      end
    end
    answers("100", says "1")
    answers("101", says "2")
    answers("102", function(call)
      call:play { "menu.wav", { tone = "beep", ms = "500ms" } }
    end)
    trunk:on("INVITE", { user = "103" }, function(req) req:reject(486) end)
    load "dialer"
    net:advance "2m"
    local results <const> = {}
    for _, line in ipairs(script.output) do
      local number <const>, why = line:match "^(%d+)%s+(%l+)"
      results[number] = why
    end
    assert.same({ ["100"] = "confirmed", ["101"] = "declined", ["102"] = "machine",
                  ["103"] = "busy" }, results, table.concat(script.log, "\n"))
    assert.equal("ended", script.state)
  end)
end)
