-- SPDX-License-Identifier: MIT
-- Bridges and conferences: who hears whom, and digits across.

local new_folder = require "spec.support.scratch".folder
local support = require "spec.support.media"

describe("together", function()
  local stage

  before_each(function() stage = support.stage() end)
  after_each(function() stage:close() end)

  -- A caller, our session for it, and what the caller hears.
  local function caller(options, ours)
    local outer, inner = stage:pair(options, ours)
    outer:listen()
    return outer, inner
  end

  local function hears(outer, hz, ms)
    return support.share(outer:heard():sub(-16 * (ms or 400)), hz)
  end

  local pcma <const> = { codecs = { { name = "PCMA", rate = 8000, payload_type = 8 } } }

  describe("a bridge", function()
    it("lets each hear the other, packets as they are", function()
      local a, one = caller()
      local b, two = caller()
      stage:run(200)
      assert(stage.media:bridge(one.id, two.id))
      a:play { stage:clip(support.sine(440, 3000)) }
      b:play { stage:clip(support.sine(1000, 3000)) }
      stage:run(2000)
      assert.is_true(hears(b, 440) > 0.99 and hears(a, 1000) > 0.99)
      local payloads = {}
      for _, packet in ipairs(stage:sent(a, 0)) do payloads[packet.payload] = true end
      local passed = 0
      for _, packet in ipairs(stage:sent(two, 0)) do
        if packet.at > 300 then passed = passed + 1 assert.is_true(payloads[packet.payload]) end
      end
      assert.is_true(passed >= 80)
    end)

    -- Numbers and timestamps of what one session sent, each step.
    local function assert_continuous(side, from)
      local last
      for _, packet in ipairs(stage:sent(side, 0)) do
        if packet.at >= from then
          if last then
            assert.equal(last.ssrc, packet.ssrc)
            assert.equal(last.seq + 1 & 0xffff, packet.seq)
            local step = packet.ts - last.ts & 0xffffffff
            assert.is_true(step >= 160 and step <= 800, step)
          end
          last = packet
        end
      end
      return last
    end

    it("goes on with the same SSRC, numbers and timestamps: prompt, bridge, prompt", function()
      local a, one = caller()
      local _, two = caller()
      a:play { { tone = "440", ms = 10000 } }
      two:play { { tone = "300", ms = 500 } }
      stage:run(600)
      stage.media:bridge(one.id, two.id)
      stage:run(1000)
      two:play { { tone = "600", ms = 500 } } -- a whisper: in the place of the other
      stage:run(1000)
      stage.media:unbridge(two.id)
      two:play { { tone = "900", ms = 500 } }
      stage:run(600)
      assert_continuous(two, 0)
    end)

    it("transcodes where the codecs differ", function()
      local a, one = caller()
      local b, two = caller(pcma)
      stage.media:bridge(one.id, two.id)
      a:play { { tone = "440", ms = 3000 } }
      b:play { { tone = "1000", ms = 3000 } }
      stage:run(2000)
      assert.is_true(hears(b, 440) > 0.99 and hears(a, 1000) > 0.99)
    end)

    it("converts between rates", function()
      local wide <const> = { codecs = { { name = "L16", rate = 16000, payload_type = 96 } } }
      local a, one = caller()
      local b, two = caller(wide)
      stage.media:bridge(one.id, two.id)
      a:play { { tone = "440", ms = 3000 } }
      b:play { { tone = "1000", ms = 3000 } }
      stage:run(2000)
      assert.is_true(support.share(b:heard():sub(-16000), 440, 16000) > 0.99)
      assert.is_true(hears(a, 1000) > 0.99)
    end)

    -- The digits that `side` heard.
    local function digits(side)
      local list = {}
      for _, event in ipairs(stage:all("digit", side.id)) do list[#list + 1] = event[1] end
      return table.concat(list)
    end

    it("takes digits across exactly once, with the packets of the audio in order", function()
      local a, one = caller()
      local b, two = caller()
      stage.media:bridge(one.id, two.id)
      b:play { { tone = "440", ms = 20000 } }
      local playing = a:play { { tone = "600", ms = 20000 } }
      stage:run(1000)
      a:dtmf { digits = "12#45" }
      stage.media:stop(a.id, playing)
      stage:run(3000)
      assert.same({ "12#45", "12#45" }, { digits(one), digits(b) })
      assert.equal("", digits(a))
      local seqs = {}
      for _, packet in ipairs(stage:sent(two)) do
        assert.is_nil(seqs[packet.seq])
        seqs[packet.seq] = true
      end
      assert.equal(0, b:stats().received.lost)
    end)

    it("makes tones of digits for who takes no events, and nothing twice", function()
      local a, one = caller()
      local b, two = caller({ events = "none" }, { events = "none" })
      stage.media:bridge(one.id, two.id)
      a:dtmf { digits = "159" }
      stage:run(2000)
      assert.equal("159", digits(b))
      b:dtmf { digits = "73" } -- tones: they cross in the audio
      stage:run(2000)
      assert.equal("73", digits(two))
      assert.equal("", digits(a))
    end)

    it("keeps digits to itself where it is told so", function()
      local a, one = caller()
      local b, two = caller()
      stage.media:bridge(one.id, two.id, { digits = false })
      a:dtmf { digits = "1" }
      stage:run(500)
      assert.same({ "1", "" }, { digits(one), digits(b) })
    end)

    it("takes a digit of signalling across", function()
      local _, one = caller()
      local b, two = caller()
      stage.media:bridge(one.id, two.id)
      stage.media:digit(one.id, "8")
      stage:run(500)
      assert.equal("8", digits(b))
    end)

    it("hears and records both while packets pass", function()
      local folder <close> = new_folder()
      local a, one = caller()
      local b, two = caller()
      stage.media:bridge(one.id, two.id)
      a:play { { tone = "440", ms = 3000 } }
      b:play { { tone = "1000", ms = 3000 } }
      local verb = one:monitor { path = folder.path .. "/both.wav" }
      stage:run(2000)
      stage.media:stop(one.id, verb)
      stage:ended(one.id, verb)
      local file <close> = assert(io.open(folder.path .. "/both.wav", "rb"))
      local data = file:read("a"):sub(45)
      assert.near(0.5, support.share(data:sub(8001, 24000), 440), 0.1)
      assert.near(0.5, support.share(data:sub(8001, 24000), 1000), 0.1)
    end)

    it("ends with either session, and the other goes on", function()
      local _, one = caller()
      local b, two = caller()
      stage.media:bridge(one.id, two.id)
      stage:run(200)
      stage.media:close(one.id)
      assert.equal("done", stage:ended(two.id, two:play { { tone = "440", ms = 1000 } }).why)
      assert.is_true(hears(b, 440) > 0.9)
    end)

    it("is no bridge to oneself, to a conference, or to who has gone", function()
      local _, one = caller()
      local conference = stage.media:conference()
      assert.equal("invalid", select(2, stage.media:bridge(one.id, one.id)).kind)
      assert.equal("gone", select(2, stage.media:bridge(one.id, conference)).kind)
      assert.equal("gone", select(2, stage.media:bridge(one.id, 77)).kind)
    end)
  end)

  describe("a conference", function()
    -- Three callers with a tone each, in one conference.
    local function three(options)
      local conference = assert(stage.media:conference(options))
      local outer, inner = {}, {}
      for i, hz in ipairs { 440, 700, 1000 } do
        outer[i], inner[i] = caller()
        outer[i]:play { { tone = tostring(hz), ms = 60000 } }
        assert(stage.media:join(conference, inner[i].id))
      end
      return conference, outer, inner
    end

    -- The shares of the three tones in what a caller hears now.
    local function mix(outer)
      outer:heard()
      stage:run(600)
      local heard = outer:heard():sub(-8000)
      return support.share(heard, 440), support.share(heard, 700), support.share(heard, 1000)
    end

    it("has each hear the others and not himself (below -40 dB)", function()
      local _, outer = three()
      stage:run(500)
      local shares = { { mix(outer[1]) }, { mix(outer[2]) }, { mix(outer[3]) } }
      for i = 1, 3 do
        for j = 1, 3 do
          if i == j then
            assert.is_true(shares[i][j] < 1e-4, shares[i][j])
          else
            assert.near(0.5, shares[i][j], 0.05)
          end
        end
      end
    end)

    it("mutes, deafens, and whispers to one alone", function()
      local _, outer, inner = three()
      stage.media:set_member(inner[1].id, { mute = true })
      stage:run(200)
      local a, b, c = mix(outer[2])
      assert.is_true(a < 1e-3 and b < 1e-3 and c > 0.95)
      stage.media:set_member(inner[1].id, { deaf = true })
      stage:run(200)
      assert.is_true(support.loudness(outer[1]:heard():sub(-1600)) < 10)
      stage.media:set_member(inner[1].id, { to = { inner[3].id } })
      stage:run(200)
      a = mix(outer[2])
      assert.is_true(a < 1e-3)
      a = mix(outer[3])
      assert.is_true(a > 0.4)
      a, b = mix(outer[1])
      assert.is_true(a < 1e-3 and b > 0.4)
    end)

    it("plays to all, and is recorded as a whole", function()
      local folder <close> = new_folder()
      local conference, outer = three()
      local verb = assert(stage.media:monitor(conference, { path = folder.path .. "/all.wav" }))
      local played = assert(stage.media:play(conference, { { tone = "1500", ms = 1500 } }))
      stage:run(1000)
      for i = 1, 3 do assert.is_true(support.share(outer[i]:heard():sub(-4000), 1500) > 0.2) end
      assert.equal("done", stage:ended(conference, played).why)
      stage:run(500)
      stage.media:stop(conference, verb)
      assert.equal("stopped", stage:ended(conference, verb).why)
      local file <close> = assert(io.open(folder.path .. "/all.wav", "rb"))
      local data = file:read("a"):sub(-8000)
      for _, hz in ipairs { 440, 700, 1000 } do assert.near(0.33, support.share(data, hz), 0.05) end
    end)

    it("tells who talks and who has stopped", function()
      local conference = stage.media:conference()
      local a, one = caller()
      local _, two = caller()
      stage.media:join(conference, one.id)
      stage.media:join(conference, two.id)
      a:play { { tone = "440", ms = 1000 } }
      stage:run(3000)
      assert.same({ 1, 1 }, { #stage:all("talk", one.id), #stage:all("silence", one.id) })
      assert.is_nil(stage:find("talk", two.id))
    end)

    it("takes 100 members, and not one more than it was made for", function()
      stage:close()
      stage = support.stage { tap = false }
      local conference = stage.media:conference { max = 100 }
      local outer, inner = {}, {}
      for i = 1, 101 do outer[i], inner[i] = stage:pair() end
      for i = 1, 100 do assert(stage.media:join(conference, inner[i].id)) end
      assert.equal("limit", select(2, stage.media:join(conference, inner[101].id)).kind)
      outer[1]:play { { tone = "440", ms = 5000 } }
      for _, i in ipairs { 2, 50, 100 } do outer[i]:listen() end
      stage:run(1000)
      for _, i in ipairs { 2, 50, 100 } do assert.is_true(hears(outer[i], 440) > 0.99) end
      stage.media:leave(inner[7].id)
      assert(stage.media:join(conference, inner[101].id))
    end)

    it("mixes members of different codecs and rates", function()
      local conference = stage.media:conference { rate = 16000 }
      local kinds <const> = {
        { codecs = { { name = "L16", rate = 16000, payload_type = 96 } } }, pcma, {},
      }
      local outer, inner = {}, {}
      for i, hz in ipairs { 440, 700, 1000 } do
        outer[i], inner[i] = caller(kinds[i])
        outer[i]:play { { tone = tostring(hz), ms = 10000 } }
        stage.media:join(conference, inner[i].id)
      end
      stage:run(1000)
      for i = 1, 3 do
        outer[i]:heard()
        stage:run(600)
        local rate = i == 1 and 16000 or 8000
        local heard = outer[i]:heard():sub(-rate)
        for j, hz in ipairs { 440, 700, 1000 } do
          local share = support.share(heard, hz, rate)
          if i == j then assert.is_true(share < 1e-4) else assert.near(0.5, share, 0.06) end
        end
      end
    end)

    it("lets its members go when it ends; they go on", function()
      local conference, outer, inner = three()
      stage:run(200)
      stage.media:close(conference)
      stage:run(10)
      assert.is_truthy(stage:find("closed", conference))
      local verb = inner[1]:play { { tone = "1500", ms = 500 } }
      assert.equal("done", stage:ended(inner[1].id, verb).why)
      assert.is_true(hears(outer[1], 1500, 200) > 0.9)
      assert.equal("gone", select(2, stage.media:join(conference, inner[1].id)).kind)
    end)

    it("plays its background to who is alone", function()
      local conference = stage.media:conference()
      local a, one = caller()
      local _, two = caller()
      assert(stage.media:background(conference, { stage:clip(support.sine(500, 1000)) }))
      stage.media:join(conference, one.id)
      stage:run(600)
      assert.is_true(hears(a, 500) > 0.95)
      stage.media:join(conference, two.id)
      stage:run(600)
      assert.is_true(support.loudness(a:heard():sub(-3200)) < 20)
    end)

    it("plays it to all while all of them are muted", function()
      local conference = stage.media:conference()
      local a, one = caller()
      local b, two = caller()
      assert(stage.media:background(conference, { stage:clip(support.sine(500, 1000)) }))
      for _, session in ipairs { one, two } do
        stage.media:join(conference, session.id, { mute = true })
      end
      stage:run(600)
      assert.is_true(hears(a, 500) > 0.95 and hears(b, 500) > 0.95)
      stage.media:set_member(two.id, {})
      stage:run(600)
      assert.is_true(support.loudness(a:heard():sub(-3200)) < 20)
    end)
  end)

  it("has everyone on hold hear the same place of the music", function()
    local music = stage:clip(support.samples(40000, function(i) return (i % 4000) * 4 end))
    local a, one = caller()
    stage.media:background(one.id, { music })
    stage:run(1500)
    local b, two = caller()
    stage.media:background(two.id, { music })
    stage:run(1000)
    local from_one, from_two = {}, {}
    for _, packet in ipairs(stage:sent(one, 0)) do from_one[packet.at // 20] = packet.payload end
    for _, packet in ipairs(stage:sent(two, 0)) do from_two[packet.at // 20] = packet.payload end
    local same = 0
    for at, payload in pairs(from_two) do
      if from_one[at] == payload then same = same + 1 end
    end
    assert.is_true(same >= 49, same)
    assert.is_true(a ~= b)
  end)
end)
