-- SPDX-License-Identifier: MIT
-- call:gather and call:menu: prompts and the digits that are pressed.

local gather <const> = require "moonsip.verbs.gather"
local ivr <const> = require "spec.support.ivr"

describe("call:gather", function()
  local stage
  local function serve(script, options)
    stage = ivr.stage(script, options)
    stage:call()
    return stage
  end
  after_each(function() if stage then stage:close() end stage = nil end)

  -- Prints what one gather gave, and when.
  local function asks(options)
    return serve(([[
      local began = sip.now()
      local digits, err = call:gather(%s)
      print(digits, err and err.kind, err and err.digits)
      print(sip.now() - began)
      sip.sleep "1s"
      call:hangup()
    ]]):format(options))
  end

  local function press(digits, after)
    stage.net:advance(after or "500ms")
    stage.caller:press(digits)
  end

  it("returns the digits at once when there are as many as asked for", function()
    asks [[{ play = "welcome.wav", max = 3 }]]
    press "123"
    assert.equal("123	nil	nil", stage:printed(2)[1])
  end)

  it("ends at the stop key, which is no part of the result", function()
    asks [[{ play = "welcome.wav" }]]
    press "42#"
    assert.equal("42	nil	nil", stage:printed(1)[1])
  end)

  it("ends 3 s after the last digit", function()
    asks [[{ play = "welcome.wav" }]]
    press "42"
    local out <const> = stage:printed(2)
    assert.equal("42	nil	nil", out[1])
    assert.near(0.5 + 0.24 + 3, tonumber(out[2]), 0.2)
  end)

  it("waits 5 s for the first one, from the end of the prompt on", function()
    asks [[{ play = "welcome.wav" }]]
    local out <const> = stage:printed(2)
    assert.equal("nil	noinput	", out[1])
    assert.near(1.2 + 5, tonumber(out[2]), 0.05)
  end)

  it("takes other times", function()
    asks [[{ timeout = "1s", interdigit = "500ms" }]]
    press("1", "100ms")
    local out <const> = stage:printed(2)
    assert.equal("1	nil	nil", out[1])
    assert.is_true(tonumber(out[2]) < 1)
  end)

  it("stops the whole prompt at the first digit (barge-in), unless it must not", function()
    asks [[{ play = { "welcome.wav", "welcome.wav", "welcome.wav" }, max = 2 }]]
    press "1"
    stage.net:advance "200ms"
    local heard <const> = stage.caller.calls[1].ear:count()
    assert.is_nil((stage.caller:hears("welcome.wav", { within = "1ms", likeness = 0.9 })))
    assert.is_true(heard / 8000 < 1.2)
    press "2"
    assert.equal("12	nil	nil", stage:printed(1)[1])
    stage:close()
    asks [[{ play = "welcome.wav", max = 2, barge = false }]]
    press "12"
    local out <const> = stage:printed(2)
    assert.equal("12	nil	nil", out[1])
    assert.near(1.2, tonumber(out[2]), 0.05)
  end)

  it("takes what was typed ahead, unless it is told to forget it", function()
    serve [[
      sip.sleep "1s"
      print(call:gather { play = "welcome.wav", max = 2 })
      sip.sleep "1s"
      print((call:gather { max = 2, flush = true, timeout = "1s" }))
      call:hangup()
    ]]
    press("12", "100ms")
    press("34", "1s")
    assert.same({ "12", "nil" }, stage:printed(2))
  end)

  it("knows a wrong digit at once by the pattern of its place", function()
    asks [[{ play = "welcome.wav", digits = "[1-3]x" }]]
    press "19"
    assert.equal("19	nil	nil", stage:printed(1)[1])
    stage:close()
    asks [[{ play = "welcome.wav", digits = "[1-3]x" }]]
    press "4"
    local out <const> = stage:printed(2)
    assert.equal("nil	nomatch	4", out[1])
    assert.is_true(tonumber(out[2]) < 0.7)
  end)

  it("is nomatch when there are too few digits", function()
    for options, keys in pairs { ["{ min = 4 }"] = "123#", ["{ digits = 'xxx' }"] = "12",
                                 ["{}"] = "#" } do
      asks(options)
      press(keys, "100ms")
      assert.matches("^nil	nomatch", stage:printed(1)[1], options)
      stage:close()
      stage = nil
    end
  end)

  it("tries again, and says what was wrong", function()
    serve([[
      local digits, err = call:gather { play = "welcome.wav", digits = "[12]", tries = 3,
        invalid = "invalid.wav", nothing = "nothing.wav", timeout = "2s" }
      print(digits, err and err.kind)
      sip.sleep "1s"
      call:hangup()
    ]], { prompts = { "welcome.wav", "invalid.wav", "nothing.wav" } })
    press "7"
    assert(stage.caller:hears "invalid.wav")
    assert(stage.caller:hears "welcome.wav")
    assert(stage.caller:hears "nothing.wav")
    assert(stage.caller:hears "welcome.wav")
    stage.caller:press "2"
    assert.equal("2	nil", stage:printed(1)[1])
  end)

  it("gives up after the last try with what was wrong then", function()
    asks [[{ play = "welcome.wav", max = 1, tries = 2, timeout = "1s" }]]
    local out <const> = stage:printed(2)
    assert.equal("nil	noinput	", out[1])
    assert.near(2 * 2.2, tonumber(out[2]), 0.1)
  end)

  it("speaks instead of playing, or both", function()
    serve [[
      call:gather({ play = "welcome.wav", say = "press a key", max = 1 },
        function(key) print(key) end)
      call:wait_end()
    ]]
    assert(stage.caller:hears "welcome.wav")
    assert(stage.caller:hears { say = "press a key" })
    stage.caller:press "5"
    assert.same({ "5" }, stage:printed(1))
  end)

  it("is resumed by a hang-up, while it plays and while it waits", function()
    for _, after in ipairs { "500ms", "3s" } do
      serve [[
        local digits, err = call:gather { play = "welcome.wav", max = 1 }
        print(digits, err.kind, err.by, call.state)
      ]]
      stage.net:advance(after)
      stage.caller:hangup()
      assert.same({ "nil	hangup	remote	ended" }, stage:printed(1))
      stage:close()
    end
    stage = nil
  end)

  it("is nil, io when its prompt is missing", function()
    asks [[{ play = "missing.wav" }]]
    assert.equal("nil	io	nil", stage:printed(1)[1])
  end)

  it("ends when its task is cancelled, and the next verb has its turn", function()
    serve [[
      local job = sip.go(function()
        local digits, err = call:gather { play = { "welcome.wav", loop = 1 } }
        print(digits, err.kind)
      end)
      sip.sleep "300ms"
      job:cancel()
      print(call:play { silence = "20ms" })
      call:hangup()
    ]]
    assert.same({ "nil	cancelled", "true" }, stage:printed(2))
  end)

  it("reads patterns as they are written", function()
    for pattern, places in pairs {
      ["[012]"] = { "012" }, ["x"] = { "0123456789" }, ["1X"] = { "1", "0123456789" },
      ["[0-3*]#"] = { "0123*", "#" }, ["."] = { "0123456789*#ABCD" }, ["[a-d]"] = { "ABCD" },
    } do
      assert.same(places, gather.places("call:gather", pattern), pattern)
    end
    for _, wrong in ipairs { "", "[]", "[", "[9-1]", "y", ("x"):rep(33), "[x]" } do
      assert.is_false(pcall(gather.places, "call:gather", wrong), wrong)
    end
  end)

  it("refuses what makes no sense at the script's line", function()
    serve [[
      for _, options in ipairs { { max = 0 }, { max = 33 }, { digits = "y" }, { tries = 0 },
                                 { stop = "x" }, { timeout = "x" }, { odd = 1 },
                                 { min = 5, max = 2 } } do
        local ok, err = pcall(function() call:gather(options) end)
        print(ok, err:find "ivr.lua:%d+: bad argument" ~= nil)
      end
      call:hangup()
    ]]
    for _, line in ipairs(stage:printed(8)) do assert.equal("false	true", line) end
  end)
end)

describe("call:menu", function()
  local stage
  local function serve(script, options)
    stage = ivr.stage(script, options or { prompts = { "menu.wav", "invalid.wav" } })
    stage:call()
  end
  after_each(function() stage:close() end)

  local function press(digits, after)
    stage.net:advance(after or "500ms")
    stage.caller:press(digits)
  end

  it("runs what an answer leads to, and returns what that returns", function()
    serve [[
      print(call:menu { play = "menu.wav",
        ["1"] = function(one, digits) return one == call, digits end,
        ["2"] = "two",
      })
      print(call:menu { play = "menu.wav", ["1"] = "one", ["2"] = "two" })
      call:hangup()
    ]]
    press "1"
    press("2", "1s")
    assert.same({ "true	1", "two" }, stage:printed(2))
  end)

  it("takes the most exact answer of several, of any length", function()
    serve [[
      for _ = 1, 3 do
        print((call:menu { play = "menu.wav", interdigit = "500ms",
          ["0"] = "operator", ["[1-9]xx"] = "extension", ["911"] = "help" }))
      end
      call:hangup()
    ]]
    press "911"
    press("0", "2s")
    press("345", "3s")
    assert.same({ "help", "operator", "extension" }, stage:printed(3))
  end)

  it("asks three times, saying what is wrong, then gives the last error", function()
    serve [[
      print(select(2, call:menu { play = "menu.wav", invalid = "invalid.wav", ["1"] = "one" }).kind)
      call:hangup()
    ]]
    for _ = 1, 2 do
      press "9"
      assert(stage.caller:hears "invalid.wav")
      assert(stage.caller:hears "menu.wav")
    end
    press "9"
    assert.same({ "nomatch" }, stage:printed(1))
  end)

  it("has something for when nothing fits", function()
    serve [[
      print(call:menu { play = "menu.wav", tries = 1, timeout = "1s", ["1"] = "one",
        otherwise = function(_, err) return err.kind end })
      call:menu({ play = "menu.wav", ["1"] = "one" }, function(...) print(...) end)
      call:wait_end()
    ]]
    press("1", "4s")
    assert.same({ "noinput", "one" }, stage:printed(2))
  end)

  it("is resumed by a hang-up, whatever else it has", function()
    serve [[
      local what, err = call:menu { play = "menu.wav", ["1"] = "one", otherwise = "none" }
      print(what, err.kind)
    ]]
    stage.net:advance "500ms"
    stage.caller:hangup()
    assert.same({ "nil	hangup" }, stage:printed(1))
  end)
end)
