-- SPDX-License-Identifier: MIT
-- Clips and tones on the wire.

local core = require "moonsip.core"
local support = require "spec.support.media"

describe("play", function()
  local stage

  before_each(function() stage = support.stage() end)
  after_each(function() stage:close() end)

  -- mu-law of ITU-T G.711 by its definition (table 2a), not by our encoder.
  local function ulaw(x)
    local sign = x < 0 and 0 or 0x80
    local magnitude = math.min(math.abs(x) // 4 + 33, 8191)
    local segment = 0
    while magnitude >> (segment + 6) > 0 and segment < 7 do segment = segment + 1 end
    return (~(sign ~ 0x80 | segment << 4 | (magnitude >> (segment + 1) & 15)) & 0x7f) | sign
  end

  it("sends a clip bit-exactly: its samples as G.711 has them, each once, in order", function()
    local a = stage:pair()
    local samples = support.samples(1600, function(i) return ((i * 7919) % 8192 - 4096) * 4 end)
    local verb = a:play { stage:clip(samples) }
    assert.equal("done", stage:ended(a.id, verb).why)
    local sent = {}
    for _, packet in ipairs(stage:sent(a, 0)) do sent[#sent + 1] = packet.payload end
    local wanted = {}
    for i = 1, 1600 do
      wanted[i] = string.char(ulaw((string.unpack("<i2", samples, 2 * i - 1))))
    end
    assert.equal(table.concat(wanted), table.concat(sent):sub(1, 1600))
  end)

  it("sends a packet every 20 ms: 60 s are 3000, timestamps 160 apart, no drift", function()
    local a = stage:pair()
    local verb = a:play { { tone = "440", ms = 60000 } }
    local ended = stage:ended(a.id, verb, 61000)
    local packets = stage:sent(a, 0)
    assert.equal(ended.at, table.remove(packets).at) -- the first frame behind it
    assert.same({ "done", 60000, 3000 }, { ended.why, ended.info.ms, #packets })
    for i = 2, #packets do
      assert.equal(20, packets[i].at - packets[i - 1].at)
      assert.equal(160, packets[i].ts - packets[i - 1].ts & 0xffffffff)
      assert.equal(1, packets[i].seq - packets[i - 1].seq & 0xffff)
      assert.is_false(packets[i].marker)
    end
    assert.is_true(packets[1].marker) -- a talk spurt begins (RFC 3551 4.1)
  end)

  it("sends at most three frames at once when its clock came late, and no more of it", function()
    for late, left_out in pairs { [50] = 0, [60] = 0, [90] = 1, [500] = 22, [5000] = 247 } do
      local a = stage:pair()
      a:play { { tone = "440", ms = 60000 } }
      stage:run(1010)
      local before <const> = #stage:sent(a, 0)
      local from <const> = stage.fabric:now()
      stage.fabric:stall(late)
      local at_once = #stage:sent(a, 0) - before
      assert.is_true(at_once <= 3, late .. ": " .. at_once)
      stage:run(1000)
      local packets <const> = stage:sent(a, 0)
      local gaps = 0
      for i = 2, #packets do
        local step <const> = packets[i].ts - packets[i - 1].ts & 0xffffffff
        assert.equal(1, packets[i].seq - packets[i - 1].seq & 0xffff)
        -- a gap is of whole frames, and a talk spurt begins behind it (RFC 3551 4.1)
        assert.equal(0, step % 160)
        assert.equal(step > 160, packets[i].marker)
        gaps = gaps + step // 160 - 1
      end
      assert.near(left_out, gaps, 1, late)
      -- timestamps are true to time all the same
      local span <const> = packets[#packets].ts - packets[1].ts & 0xffffffff
      assert.near((packets[#packets].at - packets[1].at) * 8, span, 160)
      assert.is_true(stage.fabric:now() >= from + late)
    end
  end)

  it("plays a list without a gap, in rounds", function()
    local a, b = stage:pair()
    b:listen()
    local verb = a:play { stage:clip(support.sine(440, 50)), stage:clip(support.sine(440, 35)),
                          30, loop = 3 }
    assert.equal(345, stage:ended(a.id, verb).info.ms)
  end)

  it("begins where it is told to, and ends where", function()
    local a = stage:pair()
    local clip = stage:clip(support.sine(440, 1000))
    assert.equal(700, stage:ended(a.id, a:play { clip, from = 300 }).info.ms)
    assert.equal(200, stage:ended(a.id, a:play { { clip = clip, from = 300, to = 500 } }).info.ms)
    local cut = stage:ended(a.id, a:play { clip, clip, max = 1200 })
    assert.same({ "max", 1200 }, { cut.why, cut.info.ms })
    assert.equal(500, stage:ended(a.id, a:play { clip, clip, from = 1500 }).info.ms)
  end)

  it("is louder or softer by so many decibels", function()
    local a, b = stage:pair()
    b:listen()
    local clip = stage:clip(support.sine(440, 400, 8000, 4000))
    stage:ended(a.id, a:play { clip, gain = -6.02 })
    stage:run(100)
    local heard = b:heard()
    local middle = heard:sub(2 * 1600 + 1, 2 * 3000)
    assert.near(2000 * 2 / math.pi, support.loudness(middle), 60)
  end)

  it("stops on a digit that it was told, and keeps others for who comes next", function()
    local a, b = stage:pair()
    local verb = a:play { { tone = "440", ms = 5000 }, stop = "#" }
    b:dtmf { digits = "5#" }
    local ended = stage:ended(a.id, verb)
    assert.same({ "digit", "#" }, { ended.why, ended.info.digits })
    local gathered = stage:ended(a.id, a:gather { max = 1 })
    assert.same({ "max", "5" }, { gathered.why, gathered.info.digits })
  end)

  it("does not begin when a stop digit was typed ahead", function()
    local a, b = stage:pair()
    b:dtmf { digits = "7" }
    stage:run(500)
    local before = #stage:sent(a, 0)
    local ended = stage:ended(a.id, a:play { { tone = "440", ms = 5000 }, stop = "any" })
    assert.same({ "digit", "7", 0 }, { ended.why, ended.info.digits, ended.info.ms })
    assert.is_true(#stage:sent(a, 0) - before <= 1)
  end)

  it("is stopped by its number, at the next frame", function()
    local a = stage:pair()
    local verb = a:play { { tone = "440", ms = 5000 } }
    stage:run(300)
    assert.is_true(stage.media:stop(a.id, verb))
    local ended = stage:ended(a.id, verb)
    assert.equal("stopped", ended.why)
    assert.equal(300, ended.info.ms)
    local nothing, err = stage.media:stop(a.id, verb)
    assert.same({ nil, "gone" }, { nothing, err.kind })
  end)

  it("queues verbs behind each other, at most 32 (limit)", function()
    local a = stage:pair()
    local verbs = {}
    for i = 1, 32 do verbs[i] = a:play { { tone = "440", ms = 100 } } end
    local nothing, err = stage.media:play(a.id, { 100 })
    assert.same({ nil, "limit" }, { nothing, err.kind })
    for i = 1, 32 do
      local ended = stage:ended(a.id, verbs[i])
      assert.equal("done", ended.why)
      assert.near(i * 100, ended.at, 21)
    end
    assert(stage.media:play(a.id, { 100 }))
  end)

  it("mixes over what is sent anyhow", function()
    local a, b = stage:pair()
    b:listen()
    assert(stage.media:background(a.id, { stage:clip(support.sine(300, 1000)) }))
    stage:run(1000)
    a:play { { tone = "1000", ms = 1000 }, mix = true }
    b:heard()
    stage:run(1000)
    local heard = b:heard():sub(-8000)
    assert.is_true(support.share(heard, 300) > 0.2 and support.share(heard, 1000) > 0.2)
  end)

  it("sends silence between verbs, or comfort noise where both know it (RFC 3389)", function()
    local a = stage:pair()
    stage:run(100)
    local silent = stage:sent(a, 0)
    assert.equal(5, #silent)
    assert.equal(("\xff"):rep(160), silent[1].payload)
    local c = stage:pair { comfort_noise = 13 }
    stage:run(1000)
    assert.equal(0, #stage:sent(c, 0))
    assert.equal(5, #stage:sent(c, 13))
    c:play { { tone = "440", ms = 100 } }
    stage:run(300)
    assert.equal(5, #stage:sent(c, 0))
    assert.is_true(stage:sent(c, 0)[1].marker)
  end)

  it("packs 40 and 60 ms into a packet where the other side asks for it", function()
    local a = stage:pair { ptime = 60 }
    stage:run(600)
    local packets = stage:sent(a, 0)
    assert.equal(10, #packets)
    assert.equal(480, #packets[2].payload)
    assert.equal(480, packets[3].ts - packets[2].ts & 0xffffffff)
  end)

  it("ends at once when there is nothing to play", function()
    local a = stage:pair()
    local short = stage:clip(support.sine(440, 20))
    for _, program in ipairs { {}, { 0 }, { 0, loop = 0 }, { short, from = 100 } } do
      local ended = stage:ended(a.id, a:play(program))
      assert.same({ "done", 0 }, { ended.why, ended.info.ms })
    end
  end)

  it("plays on through a change of codec, from the same place", function()
    local a, b = stage:pair()
    local verb = a:play { stage:clip(support.sine(440, 1000)) }
    stage:run(500)
    local alaw = { codecs = { { name = "PCMA", rate = 8000, payload_type = 8 } } }
    a:apply(alaw, b)
    b:apply(alaw, a)
    assert.equal(1000, stage:ended(a.id, verb).info.ms)
    local before, after = stage:sent(a, 0), stage:sent(a, 8)
    assert.same({ 25, 26 }, { #before, #after }) -- and one of silence
    assert.equal(before[25].ssrc, after[1].ssrc)
    assert.equal(before[25].seq + 1 & 0xffff, after[1].seq)
    assert.equal(before[25].ts + 160 & 0xffffffff, after[1].ts)
  end)

  it("says what is wrong with a program", function()
    local a = stage:pair()
    local function wrong(program, pattern)
      local ok, why = pcall(stage.media.play, stage.media, a.id, program)
      assert.is_false(ok)
      assert.matches(pattern, why)
    end
    wrong({ "no tone" }, "tone")
    wrong({ {} }, "an item is a clip, a tone")
    wrong({ -5 }, "silence")
    wrong({ 10, gain = 200 }, "gain")
    wrong({ 10, loop = -1 }, "loop")
    wrong({ 10, stop = "x" }, "stop")
    local many = {}
    for i = 1, 257 do many[i] = 10 end
    wrong(many, "256")
    local nothing, err = stage.media:play(12345, { 10 })
    assert.same({ nil, "gone" }, { nothing, err.kind })
  end)

  it("says beforehand whether a text is a tone", function()
    assert.is_true(core.media_tone "440+480/2000,0/4000")
    assert.is_true(core.media_tone "ringback/de")
    local nothing, err = core.media_tone "440/"
    assert.same({ nil, "invalid" }, { nothing, err.kind })
  end)

  it("has the codecs that were there when it was built, PCMU and PCMA always", function()
    local names = {}
    for _, codec in ipairs(core.media_codecs()) do names[codec.name] = codec end
    assert.same({ 8000, 0 }, { names.PCMU.rate, names.PCMU.payload_type })
    assert.same({ 8000, 8 }, { names.PCMA.rate, names.PCMA.payload_type })
    assert.is_nil(core.media_missing "PCMU")
  end)
end)
