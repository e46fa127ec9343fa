-- SPDX-License-Identifier: MIT
-- sip.conference: rooms in which calls hear each other.

local core <const> = require "moonsip.core"
local ivr <const> = require "spec.support.ivr"
local media <const> = require "spec.support.media"
local wave <const> = require "spec.support.wave"

describe("sip.conference", function()
  local stage, bob, carol
  -- A script that puts every caller into one room; `options` of the room, and of joining.
  local function serve(options)
    options = options or {}
    stage = ivr.stage(([[
      local sip = require "moonsip"
      local folder = arg[1]
      local agent = assert(sip.agent { listen = "0.0.0.0:5060" })
      local room = assert(sip.conference(%s))
      for _, what in ipairs { "join", "leave" } do
        room:on(what, function(call, why) print(what, call.from.user, why) end)
      end
      room:on("start", function() print "start" end):on("end", function() print "end" end)
      agent:on("INVITE", function(req)
        local call = assert(req:answer())
        %s
        local record, err = room:join(call, %s)
        print(call.from.user, record and record.why, err and err.kind, call.state)
        if call.state == "connected" then call:play "welcome.wav" call:hangup() end
      end)
      agent:on("MESSAGE", function(req)
        local word = req.body
        if word == "close" then room:close() end
        if word == "kick" then print(room:kick(room.members[1])) end
        if word == "play" then print(room:play "welcome.wav") end
        if word == "mute" then print(room:set(room.members[1], { mute = true })) end
        if word == "whisper" then
          print(room:set(room.members[1], { whisper = room.members[2] }))
        end
        if word == "count" then print(#room.members) end
        req:reply(200)
      end)
      sip.run()
    ]]):format(options.room or "{ beep = false }", options.before or "", options.join or "{}"), {
      prompts = { "welcome.wav", "alice.wav", "bob.wav", "carol.wav", "moh.wav",
                  "ask.wav", "wrong.wav" } })
    bob = stage.net:agent "sip:bob@example.com"
    carol = stage.net:agent "sip:carol@example.com"
  end
  after_each(function() stage:close() end)

  local function tell(word) assert(bob:request("MESSAGE", stage.ivr, { body = word }):wait()) end

  local function all_in()
    for _, who in ipairs { stage.caller, bob, carol } do assert(who:call(stage.ivr)) end
    stage.net:advance "100ms"
  end

  it("lets each hear all others, and nobody himself", function()
    serve()
    all_in()
    stage.caller:says "alice.wav"
    assert(bob:hears "alice.wav")
    assert(carol:hears "alice.wav")
    assert.is_nil((stage.caller:hears("alice.wav", { within = "100ms" })))
    bob:says "bob.wav"
    assert(stage.caller:hears "bob.wav")
    assert(carol:hears "bob.wav")
  end)

  it("mixes who speaks at once", function()
    serve()
    for name, hz in pairs { ["low.wav"] = 500, ["high.wav"] = 800 } do
      wave.write(stage:path(name), media.sine(hz, 1000))
    end
    all_in()
    stage.caller.calls[1]:play(stage:path "low.wav", function() end)
    bob:says(stage:path "high.wav")
    stage.net:advance "500ms"
    local heard <const> = carol.calls[1].ear:samples(0)
    local middle <const> = heard:sub(#heard - 20800 + 1, #heard - 12800) -- both, for half a second
    for _, hz in ipairs { 500, 800 } do
      local share <const> = media.share(middle, hz)
      assert.is_true(share > 0.45 and share < 0.55, ("%d Hz: %.3f"):format(hz, share))
    end
    stage.caller:says "carol.wav"
    assert(carol:hears "carol.wav")
  end)

  it("tells who comes and who goes, and why", function()
    serve()
    all_in()
    bob:hangup()
    stage.net:advance "100ms"
    tell "count"
    tell "kick"
    assert(stage.caller:hears "welcome.wav")
    local out <const> = stage:printed(10)
    assert.same({ "start", "join	alice	nil", "join	bob	nil", "join	carol	nil" },
      { table.unpack(out, 1, 4) })
    local text <const> = table.concat(out, "\n")
    assert.truthy(text:find("leave	bob	hangup", 1, true))
    assert.truthy(text:find("bob	nil	hangup	ended", 1, true))
    assert.truthy(text:find("leave	alice	kicked", 1, true))
    assert.truthy(text:find("alice	kicked	nil	connected", 1, true))
    assert.truthy(text:find("\n2\n", 1, true))
  end)

  it("mutes, deafens and whispers", function()
    serve()
    all_in()
    tell "mute"
    stage.caller:says "alice.wav"
    assert.is_nil((bob:hears("alice.wav", { within = "100ms" })))
    tell "whisper"
    stage.caller:says "alice.wav"
    assert(bob:hears "alice.wav")
    assert.is_nil((carol:hears("alice.wav", { within = "100ms" })))
    stage:close()
    serve { join = "{ deaf = call.from.user == 'bob' }" }
    all_in()
    stage.caller:says "alice.wav"
    assert(carol:hears "alice.wav")
    assert.is_nil((bob:hears("alice.wav", { within = "100ms" })))
  end)

  it("plays to all, and music to whoever is alone", function()
    serve { room = '{ beep = false, music = "moh.wav" }' }
    assert(stage.caller:call(stage.ivr))
    assert(stage.caller:hears "moh.wav")
    assert(bob:call(stage.ivr))
    stage.net:advance "500ms"
    tell "play"
    assert(stage.caller:hears "welcome.wav")
    assert(bob:hears "welcome.wav")
    assert.is_nil((bob:hears("moh.wav", { within = "2s" })))
  end)

  it("records what everybody says", function()
    serve { room = '{ beep = false, record = folder .. "/room.wav" }' }
    all_in()
    stage.caller:says "alice.wav"
    bob:says "bob.wav"
    tell "close"
    stage.net:advance "500ms"
    local samples <const> = stage:read "room.wav"
    for _, name in ipairs { "alice.wav", "bob.wav" } do
      assert.is_true(core.likeness(ivr.samples(name), samples) > 0.9)
    end
  end)

  it("goes on with the calls when it is closed", function()
    serve()
    all_in()
    tell "close"
    for _, who in ipairs { stage.caller, bob, carol } do
      if who == stage.caller then assert(who:hears "welcome.wav") end
    end
    stage.net:settle()
    assert.truthy(table.concat(stage.ivr.output, "\n"):find("carol	closed	nil	connected", 1, true))
    local late <const> = assert(stage.caller:call(stage.ivr))
    stage.net:advance "3s"
    assert.truthy(table.concat(stage.ivr.output, "\n"):find("alice	nil	gone	connected", 1, true))
    assert.equal("ended", late.state)
  end)

  it("has as many members as it may, and one more is told so", function()
    serve { room = "{ beep = false, max = 2 }" }
    all_in()
    stage.net:advance "100ms"
    assert.truthy(table.concat(stage.ivr.output, "\n"):find("carol	nil	limit	connected", 1, true))
  end)

  it("beeps for who comes", function()
    serve { room = "{}" }
    assert(stage.caller:call(stage.ivr))
    stage.net:advance "1s"
    local before <const> = stage.caller.calls[1].ear:count()
    assert(bob:call(stage.ivr))
    stage.net:advance "1s"
    local heard <const>, loud = stage.caller.calls[1].ear:samples(before), 0
    for at = 1, #heard - 1, 2 do loud = math.max(loud, math.abs((("<i2"):unpack(heard, at)))) end
    assert.is_true(loud > 1000)
  end)

  it("refuses what makes no sense", function()
    stage = ivr.stage [[
      for _, options in ipairs { { max = 0 }, { max = 251 }, { odd = 1 }, { rate = 44100 },
                                 { ask = "welcome.wav" }, { pin = "12a" }, { pin = {} },
                                 { pin = ("1"):rep(33) }, { pin = "12#" }, { pin = "1", tries = 0 },
                                 { pin = { ["1"] = { odd = 1 } } } } do
        print((pcall(sip.conference, options)))
      end
      print(sip.conference { max = 250, pin = ("1"):rep(32), tries = 100 } ~= nil)
      local room = sip.conference()
      print((pcall(function() room:join "x" end)))
      print((pcall(function() room:set(call, { end_on_exit = true }) end)))
      print(room:set(call, {}))
      print(room:kick(call))
      call:hangup()
      print(select(2, room:join(call)).kind)
    ]]
    stage:call()
    local out <const> = stage:printed(17)
    for at = 1, 11 do assert.equal("false", out[at], at) end
    assert.equal("true", out[12])
    assert.same({ "false", "false" }, { out[13], out[14] })
    assert.matches("not a member", out[15])
    assert.same({ "false", "hangup" }, { out[16], out[17] })
  end)

  local function said() return table.concat(stage.ivr.output, "\n") end

  describe("that waits for its host (start_on_enter)", function()
    before_each(function()
      serve { room = '{ beep = false, music = "moh.wav" }',
              join = '{ start_on_enter = call.from.user == "carol", end_on_exit = '
                .. 'call.from.user == "carol" }' }
      for _, who in ipairs { stage.caller, bob } do assert(who:call(stage.ivr)) end
    end)

    it("has music for all who wait, who do not hear each other", function()
      for _, who in ipairs { stage.caller, bob } do assert(who:hears "moh.wav") end
      stage.caller:says "alice.wav"
      assert.is_nil((bob:hears("alice.wav", { within = "100ms" })))
    end)

    it("begins when the host comes", function()
      assert(carol:call(stage.ivr))
      stage.net:advance "500ms"
      assert.truthy(said():find("start", 1, true), said())
      stage.caller:says "alice.wav"
      for _, who in ipairs { bob, carol } do assert(who:hears "alice.wav") end
      assert.is_nil((bob:hears("moh.wav", { within = "2s" })))
    end)

    it("keeps what was set meanwhile for then", function()
      tell "mute"
      assert(carol:call(stage.ivr))
      stage.net:advance "500ms"
      stage.caller:says "alice.wav"
      assert.is_nil((bob:hears("alice.wav", { within = "100ms" })))
      bob:says "bob.wav"
      assert(stage.caller:hears "bob.wav")
    end)

    it("is over when the host leaves (end_on_exit), and waits again", function()
      assert(carol:call(stage.ivr))
      stage.net:advance "500ms"
      carol:hangup()
      assert(bob:hears "welcome.wav")
      for _, name in ipairs { "alice", "bob" } do
        assert.truthy(said():find(name .. "\tended\tnil\tconnected", 1, true), said())
        assert.truthy(said():find("leave\t" .. name .. "\tended", 1, true), said())
      end
      assert.truthy(said():find("\nend", 1, true), said())
      stage.net:settle()
      assert(stage.caller:call(stage.ivr))
      assert(bob:call(stage.ivr))
      assert(bob:hears "moh.wav")
    end)
  end)

  it("is over when its last member leaves", function()
    serve()
    all_in()
    for _, who in ipairs { stage.caller, bob } do who:hangup() end
    stage.net:advance "100ms"
    assert.is_nil(said():find("\nend", 1, true))
    carol:hangup()
    stage.net:advance "100ms"
    assert.truthy(said():find("\nend", 1, true), said())
  end)

  describe("behind a PIN", function()
    local function try(who, pin)
      assert(who:call(stage.ivr))
      assert(who:hears "ask.wav")
      if pin then assert(who:press(pin)) end
      stage.net:advance "500ms"
    end

    it("lets in who knows it", function()
      serve { room = '{ beep = false, pin = "1234", ask = "ask.wav" }' }
      for _, who in ipairs { stage.caller, bob } do try(who, "1234") end
      stage.caller:says "alice.wav"
      assert(bob:hears "alice.wav")
    end)

    it("says what is wrong, asks again, and gives up: auth", function()
      serve { room = '{ beep = false, pin = "1234", ask = "ask.wav", wrong = "wrong.wav", '
        .. 'tries = 2 }' }
      try(stage.caller, "9999")
      assert(stage.caller:hears "wrong.wav")
      assert(stage.caller:hears "ask.wav")
      assert(stage.caller:press "1235")
      assert(stage.caller:hears "welcome.wav")
      assert.truthy(said():find("alice\tnil\tauth\tconnected", 1, true), said())
      assert.is_nil(said():find("join", 1, true))
    end)

    it("takes silence for a wrong one", function()
      serve { room = '{ beep = false, pin = "1234", ask = "ask.wav", tries = 1 }' }
      try(stage.caller)
      stage.net:advance "10s"
      assert.truthy(said():find("alice\tnil\tauth", 1, true), said())
    end)

    it("gives each PIN rights of its own, before those of the script", function()
      serve { room = '{ beep = false, ask = "ask.wav", pin = { ["11"] = { mute = true }, '
        .. '["22"] = { end_on_exit = true }, ["333"] = true } }', join = "{ mute = false }" }
      try(stage.caller, "11#")
      try(bob, "333")
      try(carol, "22#")
      stage.caller:says "alice.wav"
      assert.is_nil((bob:hears("alice.wav", { within = "100ms" })))
      bob:says "bob.wav"
      assert(stage.caller:hears "bob.wav")
      carol:hangup()
      assert(bob:hears "welcome.wav")
    end)

    it("asks a function, which may wait, and is told when that raises", function()
      serve { room = [[{ beep = false, ask = "ask.wav", tries = 1, pin = function(pin, call)
        sip.sleep "200ms"
        if pin == "0" then error "no such table" end
        return pin == "7" and { mute = call.from.user == "bob" }
      end }]] }
      try(stage.caller, "7#")
      try(bob, "7#")
      stage.caller:says "alice.wav"
      assert(bob:hears "alice.wav")
      bob:says "bob.wav"
      assert.is_nil((stage.caller:hears("bob.wav", { within = "100ms" })))
      try(carol, "0#")
      stage.net:advance "1s"
      assert.truthy(said():find("carol\tnil\tauth", 1, true), said())
      assert.truthy(table.concat(stage.ivr.log, "\n"):find("no such table", 1, true))
    end)

    it("knows who hangs up while it asks", function()
      serve { room = '{ beep = false, pin = "1234", ask = "ask.wav" }' }
      try(stage.caller, "12")
      stage.caller:hangup()
      stage.net:advance "500ms"
      assert.truthy(said():find("alice\tnil\thangup\tended", 1, true), said())
    end)

    it("can be closed while it asks", function()
      serve { room = '{ beep = false, pin = "1234", ask = "ask.wav" }' }
      try(stage.caller)
      tell "close"
      assert(stage.caller:press "1234")
      stage.net:advance "500ms"
      assert.truthy(said():find("alice\tnil\tgone\tconnected", 1, true), said())
    end)
  end)
end)
