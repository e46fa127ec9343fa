-- SPDX-License-Identifier: MIT
-- A hang-up in the middle of every verb: the script is resumed at once with nil and an error
-- of kind "hangup", whoever hung up, and nothing of the verb is left.

local ivr <const> = require "spec.support.ivr"

-- What is under way when the call ends; each returns what the verb does.
local verbs <const> = {
  play = [[call:play { "long.wav", loop = 0 }]],
  ["play of a tone"] = [[call:play { tone = "busy", ms = "1h" }]],
  ["say"] = [[call:say(("a long text. "):rep(20))]],
  ["gather, in its prompt"] = [[call:gather { play = "long.wav", tries = 3 }]],
  ["gather, before a digit"] = [[call:gather { timeout = "1m" }]],
  ["menu"] = [[call:menu { play = "long.wav", ["1"] = true }]],
  ["record, in its beep"] = [[call:record { file = folder .. "/r.wav" }]],
  ["record"] = [[call:record { file = folder .. "/r.wav", beep = false, silence = false }]],
  ["dtmf"] = [[call:dtmf(("1234567890"):rep(3))]],
  ["dtmf by INFO"] = [[call:dtmf(("1234567890"):rep(3), { how = "info" })]],
  ["detect"] = [[call:detect { amd = false, max = "1m" }]],
  ["wait_beep"] = [[call:wait_beep()]],
  ["stream:read"] = [[assert(call:stream { what = "none" }):read()]],
  ["stream:write"] = [[assert(call:stream { buffer = "1s" }):write(("\0\1"):rep(80000))]],
  ["stream:mark"] = [[(function()
      local stream = assert(call:stream())
      stream:write(("\0\1"):rep(80000))
      return stream:mark()
    end)()]],
  ["stream to a server"] = [[call:stream { to = "audiosocket://10.0.0.9:9" }]],
  ["stream:wait"] = [[assert(call:stream()):wait()]],
  ["bridge"] = [[(function()
      local leg = assert(call:dial "sip:bob@10.0.0.8")
      local record = call:bridge(leg)
      return nil, record.why
    end)()]],
  ["dial"] = [[call:dial "sip:carol@10.0.0.7"]],
  ["conference"] = [[assert(sip.conference { beep = false }):join(call)]],
  ["start_record's wait"] = [[(function()
      local record = assert(call:start_record(folder .. "/b.wav")):wait()
      return nil, { kind = record.why }
    end)()]],
}

local names <const> = {}
for name in pairs(verbs) do names[#names + 1] = name end
table.sort(names)

describe("a hang-up in the middle of", function()
  local stage
  after_each(function() stage:close() end)

  local function run(name)
    stage = ivr.stage(([[
      local sip = require "moonsip"
      call:on("MESSAGE", function(req) req:reply(200) call:hangup() end)
      local began = sip.now()
      print(select("#", pcall(function()
        local value, err = %s
        print(value, err and err.kind, call.state)
      end)))
      print(call:play "long.wav", select(2, call:play "long.wav").kind)
    ]]):format(verbs[name]), { prompts = { { "long.wav", 20 } } })
    stage.net:agent("sip:bob@example.com", { address = "10.0.0.8" })
      :on("INVITE", function(req) req:answer() end)
    stage.net:agent("sip:carol@example.com", { address = "10.0.0.7" })
      :on("INVITE", function(req) req:ring() req.call:wait_end() end)
    stage.net:server "10.0.0.9:1"
    stage.net:cut("10.0.0.9", stage.ivr)
    local call <const> = stage:call()
    stage.net:advance "700ms"
    return call
  end

  local function resumed()
    local at <const> = stage.net:now()
    local lines <const> = stage:printed(3)
    assert.equal("nil	hangup	ended", lines[1])
    assert.equal("nil	hangup", lines[3])
    assert.is_true(stage.net:now() - at < 1.2)
    assert(stage.net:settle())
    for _, line in ipairs(stage.ivr.log) do assert.is_nil(line:find " error ", line) end
  end

  for _, name in ipairs(names) do
    it(name .. ": the caller", function()
      run(name)
      stage.caller:hangup()
      resumed()
    end)

    it(name .. ": another task of the script", function()
      run(name):request("MESSAGE", { body = "go" })
      resumed()
    end)
  end
end)
