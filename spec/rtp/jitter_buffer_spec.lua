-- SPDX-License-Identifier: MIT
--
-- The jitter buffer packet by packet: what it takes, what it gives, and its limits.

local playout <const> = require "rtp_playout_face"
local rtp <const> = require "spec.support.rtp"

describe("The jitter buffer", function()
  local buffer
  local hand <const> = rtp.by_hand(function() return buffer end)
  local put <const>, get <const>, flow <const>, stats <const> =
    hand.put, hand.get, hand.flow, hand.stats
  local pass <const> = hand.pass

  before_each(function() buffer = playout.jitter { noise = 13 } end)

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
    assert.equal("n6", buffer:peek(2))
    assert.equal("", buffer:peek(1)) -- no room
    assert.equal("n6", get(160))
    assert.equal("n7", buffer:peek())
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

  it("knows copies of an event that came when its number was over", function()
    flow(0, 3)
    for n = 5, 8 do
      put(n)
      get(n * 20 + 20)
    end
    assert.equal(1, stats().lost)
    pass(4)
    put(4)
    assert.equal(1, stats().duplicate)
    assert.equal(0, stats().late)
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

  it("leaves no comfort noise out to shorten its delay", function()
    for n = 0, 300 do put(n) get(n * 20 + 60) end -- further behind than it need be
    put(301, nil, { payload_type = 13, payload = "\60", ticks = 0 })
    put(302, 301 * 20, { timestamp = 301 * 160 })
    local got = {}
    for tick = 301, 310 do got[#got + 1] = get(tick * 20 + 60, true) end
    assert.truthy(table.concat(got, " "):find("\60", 1, true))
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
end)
