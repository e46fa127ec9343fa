-- SPDX-License-Identifier: MIT
-- call:detect and call:wait_beep: who is at the other end of a call that we placed.

local ivr <const> = require "spec.support.ivr"

describe("call:detect", function()
  local stage
  after_each(function() stage:close() end)

  -- A script that detects, and a caller who says something.
  local function hears(options, what, prompts)
    stage = ivr.stage(([[
      local what, err = call:detect(%s)
      print(what, err and err.kind)
      sip.sleep "500ms"
      call:hangup()
    ]]):format(options), { prompts = prompts or { { "hello.wav", 0.6 }, { "greeting.wav", 6 } } })
    stage:call()
    if what then stage.caller:says(what) end
    return stage:printed(1)[1]
  end

  it("knows a human by a short greeting and the silence after it", function()
    assert.equal("human	nil", hears("{ max = '6s' }", { { silence = "500ms" }, "hello.wav" }))
  end)

  it("knows a machine by a long one", function()
    assert.equal("machine	nil", hears("{ max = '6s' }", "greeting.wav"))
  end)

  it("knows that nobody says anything", function()
    assert.equal("silence	nil", hears "{ max = '6s' }")
  end)

  it("knows a fax by its tone (CNG, 1100 Hz)", function()
    assert.equal("fax	nil", hears("{ max = '6s', amd = false }",
      { { tone = "1100/500,0/3000", ms = "4s" } }))
  end)

  for tone, what in pairs { busy = "busy", ["busy/de"] = "busy", ringback = "ringback",
                            ["ringback/gb"] = "ringback", congestion = "congestion",
                            dial = "dial" } do
    it(("knows a tone of an exchange: %s (E.180)"):format(tone), function()
      assert.equal(what .. "	nil", hears("{ max = '20s', amd = false, tone = true }",
        { { tone = tone, ms = "19s" } }))
    end)
  end

  it("hears no tone of an exchange in speech, nor where it was not asked for", function()
    assert.equal("notsure	nil", hears("{ max = '7s', amd = false, tone = true }", "greeting.wav"))
    stage:close()
    assert.equal("notsure	nil", hears("{ max = '9s', amd = false }",
      { { tone = "busy", ms = "8s" } }))
  end)

  it("is not sure when the time is up", function()
    assert.equal("notsure	nil",
      hears("{ max = '300ms' }", { { silence = "100ms" }, "greeting.wav" }))
  end)

  it("takes settings of its own, and refuses others", function()
    stage = ivr.stage [[
      for _, options in ipairs { { odd = 1 }, { amd = { odd = 1 } }, { amd = { words = "x" } },
                                 { max = "x" } } do
        local ok, err = pcall(function() call:detect(options) end)
        print(ok, err:find "ivr.lua:%d+: bad argument" ~= nil)
      end
      print(call:detect { amd = { initial = "200ms", total = "1s" } })
      call:hangup()
    ]]
    stage:call()
    local out <const> = stage:printed(5)
    for at = 1, 4 do assert.equal("false	true", out[at]) end
    assert.equal("silence", out[5])
  end)

  it("runs beside a prompt, and is resumed by a hang-up", function()
    stage = ivr.stage [[
      call:play("welcome.wav", function() print "played" end)
      local what, err = call:detect { max = "10s", amd = false }
      print(what, err.kind)
    ]]
    stage:call()
    assert(stage.caller:hears "welcome.wav")
    stage.net:advance "500ms"
    stage.caller:hangup()
    assert.same({ "played", "nil	hangup" }, stage:printed(2))
  end)
end)

describe("call:wait_beep", function()
  local stage
  after_each(function() stage:close() end)

  local function serve(options)
    stage = ivr.stage(([[
      local ok, err = call:wait_beep(%s)
      print(ok, err and err.kind)
      sip.sleep "500ms"
      call:hangup()
    ]]):format(options), { prompts = { { "greeting.wav", 3 } } })
    stage:call()
  end

  it("waits until one is heard behind the greeting", function()
    serve "{ max = '20s' }"
    stage.caller:says { "greeting.wav", { tone = "beep", ms = "400ms" } }
    assert.same({ "true	nil" }, stage:printed(1))
    assert.near(3.4, stage.net:now(), 0.8)
  end)

  it("is nil, timeout when none comes, and nil, hangup when the other side goes", function()
    serve "{ max = '2s' }"
    assert.same({ "nil	timeout" }, stage:printed(1))
    stage:close()
    serve ""
    stage.net:advance "1s"
    stage.caller:hangup()
    assert.same({ "nil	hangup" }, stage:printed(1))
  end)
end)
