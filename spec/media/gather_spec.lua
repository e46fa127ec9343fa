-- SPDX-License-Identifier: MIT
-- Digits: gathered, typed ahead, sent, heard once.

local support = require "spec.support.media"

describe("gather", function()
  local stage

  before_each(function() stage = support.stage() end)
  after_each(function() stage:close() end)

  local prompt <const> = { tone = "440", ms = 2000 }

  it("returns at once with the last digit that is wanted", function()
    local a, b = stage:pair()
    local verb = a:gather { max = 2, timeout = 60000 }
    b:dtmf { digits = "12", ms = 400, gap = 100 }
    local ended = stage:ended(a.id, verb)
    assert.same({ "max", "12" }, { ended.why, ended.info.digits })
    assert.is_true(ended.at <= 525, ended.at) -- while the second key is still down
  end)

  it("ends with the stop key, which is no part of the result", function()
    local a, b = stage:pair()
    local verb = a:gather { max = 10 }
    b:dtmf { digits = "123#" }
    local ended = stage:ended(a.id, verb)
    assert.same({ "stop", "123", "#" }, { ended.why, ended.info.digits, ended.info.key })
  end)

  it("has no stop key when told so", function()
    local a, b = stage:pair()
    local verb = a:gather { max = 2, stop = "" }
    b:dtmf { digits = "#*" }
    assert.equal("#*", stage:ended(a.id, verb).info.digits)
  end)

  it("runs the time for the first digit from the end of the prompt, to the frame", function()
    local a = stage:pair()
    local ended = stage:ended(a.id, a:gather { prompt, timeout = 1500 })
    assert.same({ "timeout", "" }, { ended.why, ended.info.digits })
    assert.near(3500, ended.at, 20)
    assert.equal(2000, ended.info.ms)
  end)

  it("runs the time between digits from when the last key was let go", function()
    local a, b = stage:pair()
    local verb = a:gather { interdigit = 500 }
    b:dtmf { digits = "4", ms = 3000 }
    local ended = stage:ended(a.id, verb)
    assert.same({ "interdigit", "4" }, { ended.why, ended.info.digits })
    assert.near(3500, ended.at, 60)
  end)

  it("stops the whole prompt list at a digit, within 40 ms of its first packet", function()
    local a, b = stage:pair()
    local clip = stage:clip(support.sine(440, 5000))
    local verb = a:gather { clip, 100, clip, clip, max = 4, interdigit = 500 }
    stage:run(1000)
    b:dtmf { digits = "9" }
    local ended = stage:ended(a.id, verb)
    assert.same({ "interdigit", "9", true }, { ended.why, ended.info.digits, ended.info.barged })
    local pressed = stage:sent(b, 101)[1].at
    local last
    for _, packet in ipairs(stage:sent(a, 0)) do
      if packet.payload ~= ("\xff"):rep(160) then last = packet.at end
    end
    assert.is_true(last - pressed <= 40, last - pressed)
  end)

  it("keeps digits for after the prompt where barge-in is off", function()
    local a, b = stage:pair()
    local verb = a:gather { prompt, barge = false, max = 1 }
    stage:run(500)
    b:dtmf { digits = "3" }
    local ended = stage:ended(a.id, verb)
    assert.same({ "max", "3", false }, { ended.why, ended.info.digits, ended.info.barged })
    assert.near(2000, ended.at, 20)
  end)

  it("takes digits typed ahead, and not when it is to flush them", function()
    local a, b = stage:pair()
    b:dtmf { digits = "12" }
    stage:run(1000)
    local ended = stage:ended(a.id, a:gather { prompt, max = 1 })
    assert.same({ "max", "1", 0 }, { ended.why, ended.info.digits, ended.info.ms })
    ended = stage:ended(a.id, a:gather { max = 1, flush = true, timeout = 300 })
    assert.same({ "timeout", "" }, { ended.why, ended.info.digits })
  end)

  it("keeps 32 digits typed ahead, and loses the 33rd", function()
    local a = stage:pair()
    local digits = ("0123456789"):rep(4)
    for i = 1, 33 do
      stage.media:digit(a.id, digits:sub(i, i))
      stage:run(20)
    end
    assert.equal(digits:sub(1, 32), stage:ended(a.id, a:gather { stop = "" }).info.digits)
    assert.equal("timeout", stage:ended(a.id, a:gather { timeout = 100 }).why)
    stage.media:digit(a.id, "1")
    stage.media:flush(a.id)
    assert.equal("timeout", stage:ended(a.id, a:gather { timeout = 100 }).why)
  end)

  it("ends with the first digit that a place does not take", function()
    local a, b = stage:pair()
    local verb = a:gather { digits = { "12", "34" } }
    b:dtmf { digits = "13" }
    local matched = stage:ended(a.id, verb)
    assert.same({ "max", "13" }, { matched.why, matched.info.digits })
    stage:run(500)
    verb = a:gather { digits = { "12", "34" } }
    b:dtmf { digits = "19" }
    local ended = stage:ended(a.id, verb)
    assert.same({ "nomatch", "19" }, { ended.why, ended.info.digits })
  end)

  it("finds too few digits to be no match", function()
    local a, b = stage:pair()
    local verb = a:gather { min = 3 }
    b:dtmf { digits = "12#" }
    local ended = stage:ended(a.id, verb)
    assert.same({ "nomatch", "12" }, { ended.why, ended.info.digits })
    verb = a:gather { min = 3, interdigit = 300 }
    stage:run(500)
    b:dtmf { digits = "1" }
    assert.equal("nomatch", stage:ended(a.id, verb).why)
  end)

  it("ends when the session closes, and says what there was", function()
    local a, b = stage:pair()
    local verb = a:gather {}
    b:dtmf { digits = "5" }
    stage:run(300)
    stage.media:close(a.id)
    local ended = stage:ended(a.id, verb)
    assert.same({ "closed", "5" }, { ended.why, ended.info.digits })
    stage:run(1)
    assert.is_truthy(stage:find("closed", a.id))
  end)

  describe("digits", function()
    -- The last detail says by which way the digit came.
    local function heard(id)
      local digits = {}
      for _, event in ipairs(stage:all("digit", id)) do digits[#digits + 1] = event[1] end
      return table.concat(digits)
    end

    it("cross exactly once with 5 % loss, copies and reordering", function()
      stage:close()
      stage = support.stage {
        seed = 11, link = { loss = 0.05, duplicate = 0.05, reorder = 0.05, jitter = 15 },
      }
      local a, b = stage:pair()
      b:dtmf { digits = "159#0D*2846A" }
      stage:run(4000)
      assert.equal("159#0D*2846A", heard(a.id))
    end)

    it("count once when a key comes by events and by INFO (RFC 6086)", function()
      local a, b = stage:pair()
      b:dtmf { digits = "5", ms = 200 }
      stage:run(100)
      stage.media:digit(a.id, "5")
      stage:run(1000)
      assert.equal("5", heard(a.id))
      stage.media:digit(a.id, "5")
      stage:run(10)
      assert.equal("55", heard(a.id))
    end)

    it("are heard in the audio only when events were not agreed on", function()
      local inband = { events = "none" }
      local a, b = stage:pair(inband)
      b:dtmf { digits = "159#" }
      stage:run(1500)
      assert.equal("159#", heard(a.id))
      local c, d = stage:pair()
      d:dtmf { digits = "159#", how = "inband" }
      stage:run(1500)
      assert.equal("", heard(c.id))
    end)

    it("are sent as tones where there are no events, with pauses for w and W", function()
      local a, b = stage:pair { events = "none" }
      b:listen { what = "in" }
      local verb = a:dtmf { digits = "1w2W3" }
      local ended = stage:ended(a.id, verb)
      assert.equal("done", ended.why)
      assert.near(3 * 170 + 1500, ended.info.ms, 20)
      local failed = stage:ended(a.id, a:dtmf { digits = "1", how = "events" })
      assert.equal("failed", failed.why)
    end)

    it("that come late by INFO are of the same press up to 250 ms after its end", function()
      local a, b = stage:pair()
      b:dtmf { digits = "5", ms = 100 }
      stage:run(320)
      stage.media:digit(a.id, "5")
      stage:run(100)
      b:dtmf { digits = "6", ms = 100 }
      stage:run(400)
      stage.media:digit(a.id, "6")
      stage:run(100)
      assert.equal("566", heard(a.id))
    end)

    it("of a long key are one, with a duration that grows (RFC 4733 2.5.1.3)", function()
      local a, b = stage:pair()
      b:dtmf { digits = "7", ms = 8000 }
      stage:run(9000)
      assert.equal("7", heard(a.id))
    end)
  end)
end)
