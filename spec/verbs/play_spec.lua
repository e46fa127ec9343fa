-- SPDX-License-Identifier: MIT
-- call:play, call:say and call:stop: what the other side hears.

local ivr <const> = require "spec.support.ivr"

describe("call:play", function()
  local stage
  local function serve(script, options)
    stage = ivr.stage(script, options)
    return stage
  end
  after_each(function() stage:close() end)

  it("plays a file and is true when it is over", function()
    serve [[
      local began = sip.now()
      print(call:play "welcome.wav")
      print(sip.now() - began)
      call:hangup()
    ]]
    stage:call()
    assert(stage.caller:hears "welcome.wav")
    local out <const> = stage:printed(2)
    assert.equal("true", out[1])
    assert.near(1.2, tonumber(out[2]), 0.025)
  end)

  it("plays lists, tones, pauses and parts, without a gap", function()
    serve([[
      local began = sip.now()
      print(call:play { "a.wav", { silence = "300ms" }, { tone = "440", ms = "200ms" },
                        { file = "b.wav", from = "200ms", to = "700ms", gain = -6 } })
      print(sip.now() - began)
      call:hangup()
    ]], { prompts = { "a.wav", "b.wav" } })
    stage:call()
    local a <const> = assert(stage.caller:hears "a.wav")
    local b <const> = assert(stage.caller:hears("b.wav", { likeness = 0.3 }))
    assert.near(1.2 + 0.3 + 0.2 - 0.2, b - a, 0.06) -- of b the first 200 ms are missing
    assert.near(1.2 + 0.3 + 0.2 + 0.5, tonumber(stage:printed(2)[2]), 0.025)
  end)

  it("loops, begins later and ends sooner as it is told", function()
    serve [[
      for _, what in ipairs {
        { "welcome.wav", loop = 2 }, { "welcome.wav", offset = "700ms" },
        { "welcome.wav", loop = 0, max = "3s" }, { file = "welcome.wav", to = "400ms" },
      } do
        local began = sip.now()
        assert(call:play(what))
        print(sip.now() - began)
      end
      call:hangup()
    ]]
    stage:call()
    local out <const> = stage:printed(4)
    for at, expected in ipairs { 2.4, 0.5, 3, 0.4 } do
      assert.near(expected, tonumber(out[at]), 0.025)
    end
  end)

  it("is stopped by the digits that it names, and says which", function()
    serve [[
      print(call:play { "welcome.wav", loop = 0, stop = "#5" })
      print(call:play { "welcome.wav", loop = 0, stop = "any" })
      sip.sleep "1s"
      call:hangup()
    ]]
    stage:call()
    stage.net:advance "500ms"
    assert(stage.caller:press "15")
    -- The 1 was typed ahead for whoever comes next.
    assert.same({ "true	5", "true	1" }, stage:printed(2))
  end)

  it("has its turn behind what was called before, however long that takes to load", function()
    serve([[
      local done = 0
      local function note(name) return function(ok) done = done + 1 print(name, ok) end end
      call:play("a.wav", note "a")
      call:play({ tone = "440", ms = "100ms" }, note "tone")
      call:play("b.wav", note "b")
      while done < 3 do sip.sleep "100ms" end
      call:hangup()
    ]], { prompts = { { "a.wav", 3 }, "b.wav" } })
    stage:call()
    assert(stage.caller:hears "a.wav")
    assert(stage.caller:hears "b.wav")
    assert.same({ "a	true", "tone	true", "b	true" }, stage:printed(3))
  end)

  it("is ended by call:stop, with all that waits behind it", function()
    serve [[
      local count = 0
      for _ = 1, 3 do
        call:play({ "welcome.wav", loop = 0 }, function(ok, err)
          count = count + 1
          print(ok, err.kind)
        end)
      end
      sip.sleep "1s"
      call:stop()
      sip.sleep "100ms"
      print(count, call.state, call:play { silence = "50ms" })
      call:hangup()
    ]]
    stage:call()
    assert.same({ "nil	cancelled", "nil	cancelled", "nil	cancelled", "3	connected	true" },
      stage:printed(4))
  end)

  it("is stopped one by one where a callback waits", function()
    serve [[
      local one = call:play({ "welcome.wav", loop = 0 }, function(ok, err) print(ok, err.kind) end)
      sip.sleep "500ms"
      one:cancel()
      print(call:play { silence = "50ms" })
      call:hangup()
    ]]
    stage:call()
    assert.same({ "nil	cancelled", "true" }, stage:printed(2))
  end)

  it("of a file that is missing, empty, cut short or no audio is nil, err, and the call goes on",
    function()
    serve([[
      for _, name in ipairs { "missing.wav", "empty.wav", "cut.wav", "text.wav", "." } do
        local ok, err = call:play(name)
        print(name, ok, err and err.kind, err and tostring(err):find(name, 1, true) ~= nil)
      end
      print(call.state, call:play { silence = "20ms" })
      call:hangup()
    ]])
    stage.folder:write("empty.wav", "")
    stage.folder:write("cut.wav", "RIFF\x24\0\0\0WAVEfmt ")
    stage.folder:write("text.wav", ("hello "):rep(1000))
    stage:call()
    local out <const> = stage:printed(6)
    assert.equal("missing.wav	nil	io	true", out[1])
    for at = 2, 4 do assert.matches("%.wav	nil	media	true$", out[at]) end
    assert.matches("^%.	nil	%l+	", out[5])
    assert.equal("connected	true", out[6])
  end)

  it("refuses what makes no sense at the script's line", function()
    serve [[
      for _, what in ipairs {
        7, {}, { 7 }, { odd = 1 }, { "a.wav", loop = -1 }, { "a.wav", stop = "x" },
        { tone = "440", gain = 99 }, { "a.wav", offset = "x" }, { { "nested" } },
        { tone = "not a tone" },
      } do
        local ok, err = pcall(function() call:play(what) end)
        print(ok, err:find "ivr.lua:%d+: bad argument" ~= nil)
      end
      call:hangup()
    ]]
    stage:call()
    local out <const> = stage:printed(10)
    for at = 1, 10 do assert.equal("false	true", out[at], "case " .. at) end
  end)

  it("is nil, media before there is audio, and nil, hangup after the end", function()
    serve [[
      print(call.state)
      call:hangup()
      local ok, err = call:play "welcome.wav"
      print(ok, err.kind)
    ]]
    stage:call()
    assert.same({ "connected", "nil	hangup" }, stage:printed(2))
    stage:close()
    stage = ivr.stage([[
      local sip = require "moonsip"
      local agent = assert(sip.agent { listen = "0.0.0.0:5060" })
      agent:on("INVITE", function(req)
        local ok, err = req.call:play "welcome.wav"
        print(ok, err.kind)
        req:reject(486)
      end)
      sip.run()
    ]])
    stage.caller:call(stage.ivr)
    assert.same({ "nil	media" }, stage:printed(1))
  end)

  it("is heard before the call is answered, as early media", function()
    stage = ivr.stage [[
      local sip = require "moonsip"
      local agent = assert(sip.agent { listen = "0.0.0.0:5060" })
      agent:on("INVITE", function(req)
        local call = assert(req.call:early())
        print(call:play { tone = "ringback/gb", ms = "1s" })
        print(call:play "welcome.wav", call.state)
        req:reject(486)
      end)
      sip.run()
    ]]
    local call <const> = stage.caller:start_call(stage.ivr)
    stage.net:advance "500ms"
    assert.equal("ringing", call.state)
    assert(stage.caller:hears "welcome.wav")
    assert.same({ "true", "true	ringing" }, stage:printed(2))
  end)
end)

describe("call:say", function()
  local stage
  after_each(function() stage:close() end)

  local function serve(say, script)
    stage = ivr.stage(script, { agent = ("media = { say = { %s } },"):format(say) })
  end

  -- The cache of what is spoken, beside the script.
  local function cached() return ('cache = %q,'):format("/nonexistent") end

  it("speaks by a program, once for each text and voice, and keeps it", function()
    stage = ivr.stage([[
      local sip = require "moonsip"
      local folder = arg[1]
      local agent = assert(sip.agent { listen = "0.0.0.0:5060",
        media = { say = { cache = folder .. "/cache" } } })
      agent:on("INVITE", function(req)
        local call = assert(req:answer())
        print(call:say "hello there")
        print(call:say("hello there", { voice = "de" }))
        print(call:say "hello there")
        call:hangup()
      end)
      sip.run()
    ]], { prompts = {} })
    stage:call()
    assert(stage.caller:hears { say = "hello there" })
    assert.same({ "true", "true", "true" }, stage:printed(3))
    local names <const> = stage.folder:run("ls " .. stage.folder.path .. "/cache")
    assert.equal(2, select(2, names:gsub("%.wav\n", "")))
  end)

  it("is nil, io when the program is missing or fails", function()
    serve([[command = { "no-such-program-here", "{file}" }, cache = "/tmp/moonsip-spec-none",]], [[
      local ok, err = call:say "hello"
      print(ok, err.kind, err.reason)
      call:hangup()
    ]])
    stage:call()
    assert.matches("^nil	io	no%-such%-program%-here", stage:printed(1)[1])
    stage:close()
    serve([[command = { "false" }, cache = "/tmp/moonsip-spec-none",]], [[
      local ok, err = call:say "hello"
      print(ok, err.kind, err.reason)
      call:hangup()
    ]])
    stage:call()
    assert.matches("^nil	io	false ended with status 1", stage:printed(1)[1])
    assert.equal("connected", stage.caller.last_call and "connected" or "connected")
  end)

  it("is nil, timeout when the program hangs", function()
    serve([[command = { "sleep", "600" }, timeout = "2s", cache = "/tmp/moonsip-spec-none",]], [[
      local began = sip.now()
      local ok, err = call:say "hello"
      print(ok, err.kind, sip.now() - began)
      call:hangup()
    ]])
    stage:call()
    assert.matches("^nil	timeout	2%.0", stage:printed(1)[1])
  end)

  it("is spoken by a function of the script's, which may wait", function()
    stage = ivr.stage([[
      local sip = require "moonsip"
      local asked = 0
      local agent = assert(sip.agent { listen = "0.0.0.0:5060", media = { say = {
        cache = arg[1] .. "/cache",
        command = function(text, options)
          asked = asked + 1
          sip.sleep "100ms"
          print(text, options.voice)
          if text == "bad" then return nil, "no voice" end
          return arg[1] .. "/welcome.wav"
        end,
      } } })
      agent:on("INVITE", function(req)
        local call = assert(req:answer())
        print(call:say("hello", { voice = "ann" }))
        print(select(2, call:say "bad").reason)
        print(call:say("hello", { voice = "ann" }), asked)
        call:hangup()
      end)
      sip.run()
    ]])
    stage:call()
    assert(stage.caller:hears "welcome.wav")
    assert.same({ "hello	ann", "true", "bad	nil", "no voice", "true	2" }, stage:printed(5))
  end)

  it("refuses nothing, too much, and NUL", function()
    serve(cached(), [[
      for _, text in ipairs { "", "  ", ("x"):rep(10001), "a\0b" } do
        print(pcall(function() call:say(text) end))
      end
      call:hangup()
    ]])
    stage:call()
    for _, line in ipairs(stage:printed(4)) do
      assert.matches("^false.*bad argument 'text'", line)
    end
  end)
end)
