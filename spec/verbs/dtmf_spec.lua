-- SPDX-License-Identifier: MIT
-- Digits both ways: telephone events (RFC 4733), tones, and SIP INFO, each key once.

local dtmf <const> = require "moonsip.verbs.dtmf"
local ivr <const> = require "spec.support.ivr"

describe("digits", function()
  local stage
  after_each(function() stage:close() end)

  -- A script that prints every digit, and how it came.
  local listens <const> = [[
    call:on("dtmf", function(key, one, info) print(key, one == call, info.how) end)
    call:wait_end()
  ]]

  local function serve(script, options)
    stage = ivr.stage(script or listens, options)
    return stage
  end

  local function digits_of(out)
    local found <const> = {}
    for at, line in ipairs(out) do found[at] = line:match "^(.)\t" end
    return table.concat(found)
  end

  for how, options in pairs {
    rfc4733 = {},
    inband = { caller = { media = { dtmf = { "inband" } } } },
  } do
    it("of twelve keys arrive once each and in order, as " .. how, function()
      serve(nil, options)
      local call <const> = stage:call()
      assert(call:dtmf "123456789*0#")
      stage.net:advance "500ms"
      assert.equal("123456789*0#", digits_of(stage.ivr.output))
      assert.matches("\ttrue\t" .. how .. "$", stage.ivr.output[1])
    end)
  end

  it("by INFO are answered 200, and go where others go", function()
    serve [[
      print((call:gather { max = 3 }))
      call:wait_end()
    ]]
    local call <const> = stage:call()
    assert(call:dtmf("12#", { how = "info" }))
    assert.same({ "12" }, stage:printed(1))
    assert.equal(3, stage.net:count { method = "INFO", code = 200 })
  end)

  it("that come in two ways at once are one (INFO beside RFC 4733)", function()
    serve()
    local call <const> = stage:call()
    call:dtmf("5", { how = "info" }, function() end)
    call:dtmf("5", function() end)
    stage.net:advance "2s"
    assert.equal("5", digits_of(stage.ivr.output))
  end)

  it("by INFO are the script's where the agent does not listen for them", function()
    serve([[
      call:on("INFO", function(req) print(req.body:match "Signal=(%S+)") req:reply(200) end)
      call:wait_end()
    ]], { agent = 'media = { dtmf = { "rfc4733" } },' })
    local call <const> = stage:call()
    assert(call:dtmf("7", { how = "info" }))
    assert.same({ "7" }, stage:printed(1))
  end)

  it("by INFO with a body that says none get 400", function()
    serve()
    local call <const> = stage:call()
    for _, body in ipairs { "Signal=\r\n", "Signal=99\r\n", "hello" } do
      local _, err = call:request("INFO",
        { body = body, content_type = "application/dtmf-relay" }):wait()
      assert.equal(400, err.code, body)
    end
    assert(call:request("INFO", { body = "4", content_type = "application/dtmf" }):wait())
    stage.net:advance "500ms"
    assert.equal("4", digits_of(stage.ivr.output))
  end)

  it("in the bodies that senders write are understood", function()
    for body, expected in pairs {
      ["Signal=5\r\nDuration=160"] = { "5", 160 }, ["Signal= *\nDuration= 250\n"] = { "*", 250 },
      ["signal=10"] = { "*", 100 }, ["Signal=11"] = { "#", 100 }, ["Signal=12"] = { "A", 100 },
      ["Signal=d"] = { "D", 100 }, ["Signal=5\r\nDuration=99999999"] = { "5", 100 },
    } do
      assert.same(expected, { dtmf.parse_info("application/dtmf-relay", body) }, body)
    end
    assert.same({}, { dtmf.parse_info("application/dtmf-relay", "Signal=16") }) -- hook flash
  end)

  it("are sent as tones where no events were agreed on", function()
    serve(nil, { agent = 'media = { dtmf = { "inband" } },' })
    local call <const> = stage:call()
    assert.is_nil(call.media.events)
    assert(call:dtmf "42")
    stage.net:advance "500ms"
    assert.equal("42", digits_of(stage.ivr.output))
    local done <const>, err = call:dtmf("1", { how = "rfc4733" })
    assert.is_nil(done)
    assert.equal("media", err.kind)
  end)

  it("pause, and last, as they are told", function()
    serve()
    local call <const> = stage:call()
    local began <const> = stage.net:now()
    assert(call:dtmf("1w2", { duration = "200ms", gap = "100ms" }))
    assert.near(0.2 + 0.1 + 0.5 + 0.2, stage.net:now() - began, 0.2)
  end)

  it("reach the script that sleeps: nothing is lost", function()
    serve [[
      sip.sleep "5s"
      print((call:gather { max = 4 }))
      call:hangup()
    ]]
    stage:call()
    stage.caller:press "1234"
    assert.same({ "1234" }, stage:printed(1))
  end)

  it("are heard by the agent's handler too", function()
    stage = ivr.stage [[
      local sip = require "moonsip"
      local agent = assert(sip.agent { listen = "0.0.0.0:5060" })
      agent:on("dtmf", function(key, call) print(key, call.direction) end)
      agent:on("INVITE", function(req) req:answer() end)
      sip.run()
    ]]
    stage:call()
    stage.caller:press "9"
    assert.same({ "9	in" }, stage:printed(1))
  end)

  it("survive loss and reordering (RFC 4733 2.5.1.4)", function()
    serve(nil, { net = { loss = 0.05, reorder = 0.02, delay = { 5, 40 }, seed = 5 } })
    local call <const> = stage:call()
    assert(call:dtmf "123456789*0#")
    stage.net:advance "1s"
    assert.equal("123456789*0#", digits_of(stage.ivr.output))
  end)

  it("refuse what are none at the script's line", function()
    serve [[
      for _, digits in ipairs { "", "x", ("1"):rep(65), "1 2" } do
        local ok, err = pcall(function() call:dtmf(digits) end)
        print(ok, err:find "ivr.lua:%d+: bad argument 'digits'" ~= nil)
      end
      print(pcall(function() call:dtmf("1", { how = "odd" }) end))
      call:hangup()
    ]]
    stage:call()
    local out <const> = stage:printed(5)
    for at = 1, 4 do assert.equal("false	true", out[at]) end
  end)

  it("are cut short by a hang-up", function()
    serve [[
      local ok, err = call:dtmf "123456789"
      print(ok, err.kind)
    ]]
    stage:call()
    stage.net:advance "300ms"
    stage.caller:hangup()
    assert.same({ "nil	hangup" }, stage:printed(1))
  end)
end)
