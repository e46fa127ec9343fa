-- SPDX-License-Identifier: MIT
--
-- The jitter buffer packet by packet: what it takes, what it gives, and its limits.

local playout <const> = require "rtp_playout_face"
local rtp <const> = require "spec.support.rtp"

describe("The jitter buffer", function()
  local buffer

  before_each(function() buffer = playout.jitter { noise = 13 } end)

  -- Packet n of a stream of 20 ms packets, put at its time or `at` ms.
  local function put(n, at, fields)
    local packet = {
      sequence = n & 0xffff, timestamp = n * 160 & 0xffffffff, ssrc = 7, payload = "n" .. n,
    }
    local ticks = 160
    for name, value in pairs(fields or {}) do
      if name == "ticks" then ticks = value else packet[name] = value end
    end
    buffer:put(packet, ticks, math.floor((at or n * 20) * rtp.MS))
  end

  local function pass(n, fields)
    local packet = { sequence = n & 0xffff, ssrc = 7 }
    for name, value in pairs(fields or {}) do packet[name] = value end
    buffer:pass(packet)
  end

  -- What there is at that ms: its payload, "lost 160" or "nothing 160"; and all of it.
  local function get(at, quiet)
    local result, frame = buffer:get(math.floor(at * rtp.MS), quiet)
    if result == "frame" then return frame.payload, frame end
    return ("%s %d"):format(result, frame.ticks), frame
  end

  local function stats() return buffer:stats() end

  -- Packets `from` to `to`, each put and then got 40 ms after it came, as in a network
  -- without jitter.
  local function flow(from, to)
    local list = {}
    for n = from, to do
      put(n)
      list[#list + 1] = get(n * 20)
    end
    return list
  end

  it("has nothing before the first packet, and holds it back at first", function()
    assert.equal("nothing 160", get(0))
    put(0)
    assert.equal("nothing 160", get(0))
    put(1)
    assert.equal("nothing 160", get(20))
    put(2)
    local payload, frame = get(40)
    assert.equal("n0", payload)
    assert.same({
      ticks = 160, skipped = 0, mendable = false, timestamp = 0, payload_type = 0,
      discontinuity = false, spurt = true, payload = "n0",
    }, frame)
    assert.equal("n1", get(60))
    assert.is_false(select(2, get(80)).spurt)
  end)

  it("gives frames as they were sent, of any length", function()
    flow(0, 5)
    for len = 0, 400, 7 do
      local n = 6 + len // 7
      put(n, nil, { payload = ("x"):rep(len) })
      get(n * 20)
    end
    -- the last two wait
    assert.equal(("x"):rep(392), get(64 * 20))
    assert.equal(("x"):rep(399), get(65 * 20))
  end)

  it("puts packets into order", function()
    flow(0, 5)
    put(7, 120)
    assert.equal("n4", get(120))
    put(6, 130)
    assert.equal("n5", get(140))
    assert.equal("n6", get(160))
    assert.equal("n7", get(180))
    assert.equal(1, stats().reordered)
    assert.equal(0, stats().lost)
  end)

  it("puts the very first packets into order too", function()
    put(5, 100)
    put(4, 105)
    put(3, 110)
    assert.equal("n3", get(145))
    assert.equal("n4", get(165))
    assert.equal("n5", get(185))
    assert.equal(2, stats().reordered)
    assert.equal(0, stats().lost)
  end)

  it("takes up to sixteen packets that come behind the very first one", function()
    put(100, 0)
    put(84, 1)
    put(83, 2)
    assert.equal(1, stats().late)
    assert.equal(1, stats().reordered)
  end)

  it("counts copies, of what waits and of what was played", function()
    flow(0, 5)
    put(5)
    put(4)
    put(0)
    assert.equal(3, stats().duplicate)
    assert.equal(0, stats().late)
    put(-65) -- further back than it remembers
    assert.equal(1, stats().late)
  end)

  it("conceals a packet that is lost, and offers the next for mending", function()
    flow(0, 4)
    put(6)
    put(7)
    assert.equal("n3", get(100))
    assert.equal("n4", get(120))
    local lost, frame = get(140)
    assert.equal("lost 160", lost)
    assert.is_true(frame.mendable)
    assert.equal("n6", buffer:peek())
    assert.equal("", buffer:peek(1)) -- no room
    assert.equal("n6", get(160))
    assert.equal("", buffer:peek() == "n7" and "" or "n7 is next")
    assert.equal(1, stats().lost)
    assert.equal(160, stats().concealed)
  end)

  it("conceals several, the last of which may be mended", function()
    flow(0, 4)
    put(8)
    for n = 9, 11 do put(n) end
    assert.equal("n3", get(100))
    assert.equal("n4", get(120))
    for i = 1, 3 do
      local lost, frame = get(120 + i * 20)
      assert.equal("lost 160", lost)
      assert.equal(i == 3, frame.mendable)
    end
    assert.equal("n8", get(200))
    assert.equal(3, stats().lost)
  end)

  it("waits for a packet that is late, and does not lose it", function()
    flow(0, 100)
    assert.equal("n99", get(101 * 20))
    assert.equal("n100", get(102 * 20))
    assert.equal("lost 160", get(103 * 20)) -- 101 is late
    put(101, 103 * 20 + 5)
    assert.equal("n101", get(104 * 20))
    assert.equal(160, stats().stretched)
    assert.equal(0, stats().lost)
    assert.equal(0, stats().late)
  end)

  it("does not conceal twice what it waited for in vain", function()
    flow(0, 100)
    get(101 * 20)
    get(102 * 20)
    assert.equal("lost 160", get(103 * 20)) -- nothing is there
    put(102, 103 * 20 + 5)
    put(103, 103 * 20 + 6)
    assert.equal("n102", get(104 * 20)) -- 101 is lost, and was concealed
    assert.equal("n103", get(105 * 20))
    assert.equal(1, stats().lost)
    assert.equal(0, stats().stretched)
  end)

  it("is silent when nothing comes for as long as it may lag behind", function()
    flow(0, 100)
    local lost = 0
    for tick = 101, 130 do
      local got = get(tick * 20)
      if got == "lost 160" then lost = lost + 1 end
      if tick > 112 then assert.equal("nothing 160", got) end
    end
    assert.equal(8, lost) -- 200 ms less what was in store
    assert.equal(0, stats().stretched)
  end)

  it("goes on after a pause of the sender, at its time (RFC 3389 5.1)", function()
    flow(0, 100)
    get(101 * 20)
    get(102 * 20)
    put(101, 200 * 20, { timestamp = 200 * 160, marker = true })
    assert.equal("nothing 160", get(103 * 20))
    assert.equal("nothing 160", get(200 * 20))
    local payload, frame = get(201 * 20) -- no jitter was seen: 20 ms are enough
    assert.equal("n101", payload)
    assert.is_true(frame.spurt)
    assert.is_false(frame.discontinuity)
    assert.equal(0, stats().lost)
  end)

  it("knows a pause that is already over by its sequence numbers", function()
    flow(0, 10)
    put(11, 12 * 20, { timestamp = 14 * 160 }) -- three frames of silence, early
    assert.equal("n9", get(11 * 20))
    assert.equal("n10", get(12 * 20))
    assert.equal("nothing 160", get(13 * 20))
    assert.equal(0, stats().concealed)
  end)

  it("takes events for what they are, and not for lost audio", function()
    flow(0, 10)
    for n = 11, 17 do pass(n) end -- a digit: audio pauses
    put(18)
    assert.equal("n9", get(11 * 20))
    assert.equal("n10", get(12 * 20))
    local got = {}
    for tick = 13, 20 do got[#got + 1] = get(tick * 20) end
    assert.equal("n18", got[#got])
    assert.equal(0, stats().lost)
    assert.equal(0, stats().concealed)
  end)

  it("plays audio that goes on between events", function()
    flow(0, 3)
    local sequence = 4
    for n = 4, 20 do
      put(n, nil, { sequence = sequence })
      pass(sequence + 1)
      sequence = sequence + 2
      assert.equal("n" .. n - 2, get(n * 20))
    end
    assert.equal(0, stats().lost)
  end)

  it("counts an event that came out of order, or twice, for one that came", function()
    flow(0, 3)
    pass(5)
    put(6)
    pass(4)
    pass(4)
    pass(-3) -- long ago
    pass(-300)
    pass(6) -- of the number of audio: that is played all the same
    put(7)
    local got = {}
    for tick = 4, 9 do got[#got + 1] = get(tick * 20) end
    assert.equal("n6 n7", table.concat(got, " "):match "n6.*$")
    assert.equal(0, stats().lost)
    pass(1, { ssrc = 9 }) -- of another source: not ours
    playout.jitter {}:pass { sequence = 1 } -- before there was any
  end)

  it("rests under comfort noise until audio is due", function()
    flow(0, 4)
    put(5, nil, { payload_type = 13, payload = "\60", ticks = 0 })
    assert.equal("n3", get(100))
    assert.equal("n4", get(120))
    local payload, frame = get(140)
    assert.equal("\60", payload)
    assert.equal(13, frame.payload_type)
    assert.equal(0, frame.ticks)
    for tick = 8, 30 do assert.equal("nothing 160", get(tick * 20)) end
    put(6, 30 * 20, { payload_type = 13, payload = "\61", ticks = 0, timestamp = 30 * 160 })
    put(7, 31 * 20, { timestamp = 31 * 160, marker = true })
    assert.equal("nothing 160", get(31 * 20))
    assert.equal("\61", get(32 * 20))
    payload, frame = get(33 * 20)
    assert.equal("n7", payload)
    assert.is_true(frame.spurt)
    assert.equal(0, stats().concealed)
  end)

  it("plays what is of another payload type, and says so", function()
    flow(0, 4)
    put(5, nil, { payload_type = 8 })
    put(6, nil, { payload_type = 8 })
    get(100)
    get(120)
    local _, frame = get(140)
    assert.equal(8, frame.payload_type)
    assert.is_false(frame.discontinuity)
  end)

  it("goes over to another SSRC without losing what waits of the first", function()
    flow(0, 4)
    put(5)
    for n = 6, 10 do
      put(n, nil, { ssrc = 8, sequence = 40000 + n, timestamp = 5000000 + n * 160 & 0xffffffff })
    end
    local got, breaks = {}, {}
    for tick = 5, 12 do
      local payload, frame = get(tick * 20)
      got[#got + 1] = payload
      if frame.discontinuity then breaks[#breaks + 1] = payload end
    end
    assert.same({ "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10" }, got)
    assert.same({ "n6" }, breaks)
    assert.equal(1, stats().restarts)
    assert.equal(0, stats().lost)
  end)

  it("goes on with a source that restarted", function()
    flow(0, 4)
    buffer:restart()
    for n = 5, 8 do put(n, nil, { sequence = 30000 + n, timestamp = 7 + n * 160 }) end
    local got = {}
    for tick = 5, 10 do got[#got + 1] = get(tick * 20) end
    assert.same({ "n3", "n4", "n5", "n6", "n7", "n8" }, got)
    assert.equal(1, stats().restarts)
  end)

  for name, jump in pairs { back = -100000, ["a little back"] = -160, ["far back"] = -0x7000000 } do
    it("goes on when timestamps jump " .. name, function()
      flow(0, 4)
      for n = 5, 9 do put(n, nil, { timestamp = n * 160 + jump & 0xffffffff }) end
      local got, breaks = {}, 0
      for tick = 5, 11 do
        local payload, frame = get(tick * 20)
        got[#got + 1] = payload
        if frame.discontinuity then breaks = breaks + 1 end
      end
      assert.same({ "n3", "n4", "n5", "n6", "n7", "n8", "n9" }, got)
      assert.equal(1, breaks)
      assert.equal(0, stats().lost)
    end)
  end

  it("goes on when timestamps jump ahead at a marker, as another source of a switch", function()
    flow(0, 4)
    for n = 5, 9 do put(n, nil, { timestamp = n * 160 + 800000, marker = n == 5 }) end
    local got = {}
    for tick = 5, 11 do got[#got + 1] = get(tick * 20) end
    assert.same({ "n3", "n4", "n5", "n6", "n7", "n8", "n9" }, got)
    assert.equal(1, stats().restarts)
    assert.equal(320, stats().target) -- of 40 ms, as before: it was no jitter
  end)

  it("goes on when they jump ahead without one, even where a packet was lost", function()
    for skipped = 0, 1 do
      buffer = playout.jitter {}
      flow(0, 4)
      for n = 5 + skipped, 40 do put(n, nil, { timestamp = n * 160 + 800000 & 0xffffffff }) end
      get(100)
      get(120)
      local heard = 0
      for tick = 7, 40 do
        if get(tick * 20):match "^n" then heard = heard + 1 end
      end
      assert.truthy(heard >= 24, heard)
      assert.truthy(stats().concealed <= 320)
    end
  end)

  it("plays timestamps that never move", function()
    for n = 0, 50 do
      put(n, nil, { timestamp = 1234 })
      local got = get(n * 20)
      if n >= 2 then assert.equal("n" .. n - 2, got) end
    end
  end)

  it("plays packets that overlap, for a sender that says less than it sends", function()
    local heard = 0
    for n = 0, 100 do
      put(n, nil, { ticks = 240 })
      if get(n * 20):match "^n" then heard = heard + 1 end
    end
    assert.truthy(heard > 60)
  end)

  it("goes round with sequence numbers and timestamps", function()
    for n = 65530, 65545 do
      put(n, nil, { timestamp = 0xffffff00 + n * 160 & 0xffffffff })
      local got = get(n * 20)
      if n >= 65532 then assert.equal("n" .. n - 2, got) end
    end
    assert.equal(0, stats().lost)
  end)

  it("survives a loss of thousands of packets", function()
    flow(0, 10)
    for tick = 11, 40 do get(tick * 20) end
    flow(2900, 2910)
    assert.equal("n2910", get(2911 * 20))
    assert.equal(0, stats().overflow)
    assert.equal(0, stats().late)
    assert.equal(2889, stats().lost)
  end)

  it("holds 64 packets, and gives up the oldest for the next", function()
    buffer = playout.jitter { memory = 1 << 16 }
    flow(0, 2) -- one is played, two wait
    for n = 3, 64 do put(n, 60) end
    assert.equal(0, stats().overflow)
    put(65, 60)
    assert.equal(1, stats().overflow)
  end)

  it("holds as many bytes as it was given, and gives up the oldest for more", function()
    buffer = playout.jitter { memory = 66 * 10 } -- ten cells of 64 bytes
    assert.equal(10, stats().cells)
    for n = 0, 9 do put(n, 0, { payload = ("x"):rep(64) }) end
    assert.equal(0, stats().overflow)
    assert.equal(0, stats().free_cells)
    put(10, 0, { payload = "y" })
    assert.equal(1, stats().overflow)
    put(11, 0, { payload = ("x"):rep(640) }) -- all of them
    assert.equal(11, stats().overflow)
    assert.equal(0, stats().free_cells)
    put(12, 0, { payload = ("x"):rep(641) }) -- one too many: not taken
    assert.equal(12, stats().overflow)
    assert.equal(0, stats().free_cells)
  end)

  it("does not give up what is newer for what is older", function()
    buffer = playout.jitter { memory = 66 * 4 }
    put(5, 0, { payload = ("x"):rep(256) })
    put(4, 0, { payload = "y" })
    assert.equal(1, stats().overflow)
    assert.equal(("x"):rep(256), get(60))
  end)

  it("gives its cells back", function()
    local sum = rtp.run {
      seconds = 60, jitter = 90, overtake = true, loss = 0.1, duplicate = 0.1, listen = 62,
      talks = function(n) return n % 90 < 70 end,
    }
    assert.equal(sum.stats.cells, sum.stats.free_cells)
  end)

  it("has memory for its maximum and a burst, however it is cut into packets", function()
    for _, ptime in ipairs { 10, 20, 30, 60 } do
      buffer = playout.jitter { memory = playout.jitter_memory(8000, 200) }
      for n = 0, 400 // ptime - 1 do
        put(n, 0, { payload = ("x"):rep(ptime * 8), ticks = ptime * 8, timestamp = n * ptime * 8 })
      end
      assert.equal(ptime == 10 and stats().overflow or 0, stats().overflow)
      assert.truthy(stats().overflow <= 20)
    end
  end)

  it("gives no payload that does not fit into the room, and goes on", function()
    flow(0, 4)
    local result, frame = buffer:get(100 * rtp.MS, false, 1)
    assert.equal("lost", result)
    assert.equal(160, frame.ticks)
    assert.equal("n4", get(120))
    assert.equal(1, stats().overflow)
  end)

  it("asks for concealment in pieces of at most 20 ms", function()
    for n = 0, 3 do put(n, n * 60, { ticks = 480, timestamp = n * 480 }) end
    put(5, 300, { ticks = 480, timestamp = 2400 })
    put(6, 360, { ticks = 480, timestamp = 2880 })
    for n = 0, 3 do assert.equal("n" .. n, get(40 + n * 60)) end
    assert.equal("lost 160", get(300))
    assert.equal("lost 160", get(320))
    assert.equal("lost 160", get(340))
    assert.equal("n5", get(360))
  end)

  it("loses what comes in the middle of its concealment", function()
    flow(0, 4)
    put(7)
    put(8)
    get(100)
    get(120)
    assert.equal("lost 160", get(140)) -- for 5
    put(5, 141)
    assert.equal(1, stats().late)
    put(6, 142) -- this one is in time
    assert.equal("n6", get(160))
    assert.equal(1, stats().lost)
  end)

  it("counts bursts from ahead of time, and cuts them to its maximum", function()
    for n = 0, 39 do put(n, 0) end -- 800 ms at once
    assert.truthy(stats().early > 20)
    local played = 0
    for tick = 0, 60 do
      if tick >= 40 then put(tick) end
      if get(tick * 20):match "^n" then played = played + 1 end
    end
    assert.truthy(stats().delay <= 260 * 8)
  end)

  it("refuses a configuration that makes no sense", function()
    for _, config in ipairs {
      { rate = 0 }, { rate = 999 }, { rate = 192001 }, { min = 100, max = 50 }, { min = 300 }, { memory = 65 }, { memory = 0 },
    } do
      assert.is_nil(playout.jitter(config))
    end
    for _, config in ipairs { { rate = 192000 }, { min = 50, max = 50 }, { memory = 66 }, { rate = 1000 } } do
      assert.truthy(playout.jitter(config))
    end
  end)

  it("keeps between its minimum and its maximum", function()
    for _, ms in ipairs { 40, 100 } do
      local sum = rtp.run { seconds = 20, buffer = { min = ms, start = 1 } }
      assert.equal(ms * 8, sum.stats.target)
      assert.truthy(sum.stats.delay >= ms * 8 and sum.stats.delay < ms * 8 + 160, sum.stats.delay)
    end
    local sum = rtp.run { seconds = 20, jitter = 100, overtake = true, buffer = { max = 50, start = 400 } }
    assert.equal(400, sum.stats.target)
  end)

  it("reckons with a clock far in the future, and one at its beginning", function()
    for _, from in ipairs { math.maxinteger - 100 * rtp.SECOND, 0, -50 * rtp.SECOND, math.mininteger } do
      for _, rate in ipairs { 8000, 192000 } do
        local sum = rtp.run {
          seconds = 20, from = from, jitter = 20, rate = rate, len = 160, buffer = { rate = rate },
        }
        assert.equal(0, sum.lost)
        assert.truthy(sum.frame >= 995)
      end
    end
  end)

  it("stands a clock that goes back", function()
    flow(0, 10)
    assert.truthy(get(-1000000):match "^n")
    put(11, -5000)
    get(-5000)
    flow(12, 20)
    assert.truthy(get(22 * 20))
  end)
end)
