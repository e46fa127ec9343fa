-- SPDX-License-Identifier: MIT
-- Who or what is at the other end.

local support = require "spec.support.media"

describe("detect", function()
  local stage

  before_each(function() stage = support.stage { tap = false } end)
  after_each(function() stage:close() end)

  -- Words as bursts of noise; each item is milliseconds of speech, or of silence below 0.
  local function speech(...)
    local parts, seed = {}, 1
    for _, ms in ipairs { ... } do
      parts[#parts + 1] = support.samples(math.abs(ms) * 8, function()
        seed = (seed * 1103515245 + 12345) & 0x7fffffff
        return ms > 0 and seed // 65536 % 8000 - 4000 or 0
      end)
    end
    return table.concat(parts)
  end

  local function verdict(samples, options)
    local a, b = stage:pair()
    local verb = a:detect(options)
    b:play { stage:clip(samples) }
    return stage:ended(a.id, verb)
  end

  it("tells a person: a word, and silence", function()
    assert.equal("human", verdict(speech(-500, 400, -3000), { amd = true }).why)
  end)

  it("tells a machine: speech that goes on", function()
    local greeting = speech(-300, 400, -200, 500, -150, 700, -100, 900, -200, 900)
    assert.equal("machine", verdict(greeting, { amd = true }).why)
  end)

  it("is not sure when the time is over", function()
    assert.equal("notsure", verdict(speech(-600, 300), { amd = { total = 700 } }).why)
  end)

  it("hears the beep of a machine, when it has ended", function()
    local greeting = speech(-200, 600, -300) .. support.sine(1000, 400) .. speech(-500)
    local ended = verdict(greeting, { beep = true })
    assert.equal("beep", ended.why)
    assert.near(1560, ended.at, 120)
  end)

  it("hears a fax: calling and answering tone (ITU-T T.30)", function()
    assert.equal("fax", verdict(support.sine(1100, 1000), { fax = true }).why)
    assert.equal("fax", verdict(support.sine(2100, 1000), { fax = true }).why)
  end)

  it("ends with silence, or with speech", function()
    local ended = verdict(speech(500, -3000), { silence = 1000 })
    assert.equal("silence", ended.why)
    ended = verdict(speech(-500, 1000), { speech = 300 })
    assert.equal("speech", ended.why)
  end)

  it("ends when its time is over, to the frame", function()
    local a = stage:pair()
    local ended = stage:ended(a.id, a:detect { beep = true, max = 1500 })
    assert.same({ "max", 1500 }, { ended.why, ended.info.ms })
  end)

  it("reports and goes on where it is told so", function()
    local a, b = stage:pair()
    local verb = a:detect { beep = true, silence = 500, report = true }
    local silence = speech(-1000)
    b:play { stage:clip(support.sine(1000, 300) .. silence .. support.sine(800, 300) .. silence) }
    stage:run(4000)
    local heard = {}
    for _, event in ipairs(stage:all("heard", a.id)) do
      assert.equal(verb, event[1])
      heard[#heard + 1] = event[2]
    end
    assert.same({ "beep", "silence", "beep", "silence" }, heard)
    stage.media:stop(a.id, verb)
    assert.equal("stopped", stage:ended(a.id, verb).why)
  end)

  it("runs beside what is said and other listeners, at most 8 of them (limit)", function()
    local a = stage:pair()
    for _ = 1, 8 do a:detect { beep = true } end
    assert.equal("limit", select(2, stage.media:detect(a.id, { beep = true })).kind)
    assert.equal("done", stage:ended(a.id, a:play { { tone = "440", ms = 100 } }).why)
  end)
end)
