-- SPDX-License-Identifier: MIT
-- call:bridge, call:unbridge, call:dial with music: two calls hear each other.

local core <const> = require "moonsip.core"
local ivr <const> = require "spec.support.ivr"

describe("call:bridge", function()
  local stage, bob, far
  -- A script that dials bob for whoever calls.
  local function serve(script, options)
    options = options or {}
    options.prompts = options.prompts or { "welcome.wav", "mine.wav", "moh.wav" }
    stage = ivr.stage(([[
      local leg = assert(call:dial("sip:bob@10.0.1.2", { ring = "10s" }))
      %s
    ]]):format(script), options)
    bob = stage.net:agent("sip:bob@example.com", options.bob)
    bob:on("INVITE", function(req) far = assert(req:answer()) end)
    stage:call()
    stage.net:advance "100ms"
  end
  after_each(function() stage:close() end)

  local joins <const> = [[
    local record, err = call:bridge(leg)
    print(record and record.left == leg, record and record.why.kind, record and record.seconds // 1,
          err and err.kind, call.state)
    sip.sleep "200ms"
  ]]

  it("lets both sides hear each other", function()
    serve(joins)
    bob:says "mine.wav"
    assert(stage.caller:hears "mine.wav")
    stage.caller:says "welcome.wav"
    assert(bob:hears "welcome.wav")
  end)

  it("returns when the other leg leaves; this one goes on", function()
    serve(joins)
    stage.net:advance "3s"
    bob:hangup()
    assert.same({ "true	hangup	3.0	nil	connected" }, stage:printed(1))
  end)

  it("returns when this one leaves, and says so", function()
    serve(joins .. "\n leg:hangup()")
    stage.net:advance "2s"
    stage.caller:hangup()
    assert.same({ "false	hangup	2.0	nil	ended" }, stage:printed(1))
    stage.net:settle()
    assert.equal(0, #bob.calls)
  end)

  it("passes each digit once, also from tones to events", function()
    serve(joins, { bob = { media = { dtmf = { "inband" } } } })
    local pressed <const> = {}
    far:on("dtmf", function(key) pressed[#pressed + 1] = key end)
    stage.caller:press "159"
    stage.net:advance "500ms"
    assert.same({ "1", "5", "9" }, pressed)
  end)

  it("transcodes between sides that speak other codecs", function()
    serve(joins, { bob = { media = { codecs = { "PCMA" } } } })
    assert.equal("PCMA", far.media.codec.name)
    bob:says "mine.wav"
    assert(stage.caller:hears "mine.wav")
  end)

  it("records both sides", function()
    serve [[
      call:bridge(leg, { record = folder .. "/both.wav" })
      print "done"
    ]]
    bob:says "mine.wav"
    stage.caller:says "welcome.wav"
    bob:hangup()
    stage:printed(1)
    stage.net:advance "500ms"
    local samples <const> = stage:read "both.wav"
    assert.is_true(core.likeness(ivr.samples "mine.wav", samples) > 0.9)
    assert.is_true(core.likeness(ivr.samples "welcome.wav", samples) > 0.9)
  end)

  it("is taken apart by unbridge, and both calls have their verbs again", function()
    serve [[
      sip.after("1s", function() print(call:unbridge()) end)
      local record = call:bridge(leg)
      print(record.left, record.why.kind)
      print(call:unbridge())
      call:play "welcome.wav"
      leg:play "mine.wav"
    ]]
    assert(stage.caller:hears "welcome.wav")
    assert(bob:hears "mine.wav")
    assert.same({ "true", "nil	cancelled", "false" }, stage:printed(3))
  end)

  it("plays music to one side while the other one's phone holds it", function()
    serve [[call:bridge(leg, { hold_music = "moh.wav" })]]
    assert(far:hold())
    assert(stage.caller:hears "moh.wav")
    assert(far:resume())
    stage.net:advance "100ms"
    bob:says "mine.wav"
    assert(stage.caller:hears "mine.wav")
  end)

  it("ends with the task that waits in it", function()
    serve [[
      local job = sip.go(function() print(select(2, call:bridge(leg)).kind) end)
      sip.sleep "1s"
      job:cancel()
      print(call:play "welcome.wav")
    ]]
    assert(stage.caller:hears "welcome.wav")
    assert.same({ "cancelled", "true" }, stage:printed(2))
  end)

  it("adds fields of the script's to its record", function()
    serve [[
      local record = call:bridge(leg):merge { carrier = "uk" }
      print(record.carrier, record.minutes > 0)
    ]]
    stage.net:advance "6s"
    bob:hangup()
    assert.same({ "uk	true" }, stage:printed(1))
  end)

  it("needs two calls with audio", function()
    serve [[
      leg:hangup()
      print(select(2, call:bridge(leg)).kind)
      print(pcall(function() call:bridge(call) end))
      print(pcall(function() call:bridge "bob" end))
    ]]
    local out <const> = stage:printed(3)
    assert.equal("hangup", out[1])
    assert.matches("^false.*another call expected", out[2])
    assert.matches("^false.*another call expected", out[3])
  end)
end)

describe("call:dial", function()
  local stage
  after_each(function() stage:close() end)

  for name, option in pairs { ["music"] = 'hold_music = "moh.wav"',
    ["ringback"] = "ringback = true" } do
    it("lets the caller hear " .. name .. " until the leg is answered", function()
      stage = ivr.stage(([[
        local leg = assert(call:dial("sip:bob@10.0.1.2", { ring = "10s", %s }))
        print "answered"
        leg:hangup()
        sip.sleep "2s"
      ]]):format(option), { prompts = { "moh.wav" } })
      local bob <const> = stage.net:agent "sip:bob@example.com"
      bob:on("INVITE", function(req)
        req:ring()
        stage.net:sleep "4s"
        req:answer()
      end)
        local call <const> = stage:call()
      if name == "music" then assert(stage.caller:hears "moh.wav") end
      stage.net:advance "1s"
      local function loudness(samples)
        local sum = 0
        for at = 1, #samples - 1, 2 do sum = sum + math.abs((("<i2"):unpack(samples, at))) end
        return sum / (#samples // 2)
      end
      assert.is_true(loudness(call.ear:samples(0)) > 100)
      stage:printed(1)
      stage.net:advance "1s"
      assert.is_true(loudness(call.ear:samples(call.ear:count() - 4000)) < 20)
    end)
  end
end)
