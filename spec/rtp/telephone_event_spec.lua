-- SPDX-License-Identifier: MIT
--
-- Telephone events (RFC 4733): the payload, and what the senders of real phones make of
-- it. Each digit is heard once, whatever the network does.

local face <const> = require "rtp_face"
local playout <const> = require "rtp_playout_face"
local rtp <const> = require "spec.support.rtp"

describe("The payload of an event (RFC 4733 2.3)", function()
  it("is a code, an end, a volume and a duration", function()
    assert.same({ code = 11, stop = true, volume = 10, duration = 800 }, face.event "\11\x8a\3\x20")
    assert.same({ code = 255, stop = false, volume = 63, duration = 65535 }, face.event "\255\x3f\xff\xff")
    assert.equal("\11\x8a\3\x20", face.write_event { code = 11, stop = true, volume = 10, duration = 800 })
  end)

  it("has a reserved bit that is ignored (2.3.4)", function()
    assert.same({ code = 1, stop = false, volume = 5, duration = 0 }, face.event "\1\x45\0\0")
  end)

  it("is of four bytes", function()
    for len = 0, 3 do assert.is_nil(face.event(("\0"):rep(len))) end
    assert.truthy(face.event "\0\0\0\0\0")
  end)

  it("is a digit for codes 0 to 15 (3.2), and has a name for some others", function()
    local digits = {}
    for code = 0, 15 do
      local name, digit = face.event_name(code)
      assert.equal(name, digit)
      digits[#digits + 1] = digit
      assert.equal(code, face.event_of_digit(digit))
    end
    assert.equal("0123456789*#ABCD", table.concat(digits))
    assert.equal(12, face.event_of_digit "a")
    for _, other in ipairs { "E", "e", " ", "", "+" } do
      assert.equal(-1, face.event_of_digit(other))
    end
    local names = { [16] = "flash", [32] = "ANS", [33] = "/ANS", [36] = "CNG", [54] = "V.21 preamble",
      [66] = "dial tone", [17] = "", [255] = "" }
    for code, name in pairs(names) do
      local got, digit = face.event_name(code)
      assert.equal(name, got)
      assert.is_nil(digit)
    end
  end)
end)

describe("The events of an fmtp line (RFC 4733 2.4.1)", function()
  local function codes(text)
    local sound, list = face.event_set(text)
    return sound, table.concat(list, " ")
  end
  local DTMF <const> = "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"

  it("are codes and ranges of them", function()
    assert.same({ true, DTMF }, { codes "0-15" })
    assert.same({ true, DTMF .. " 66 70" }, { codes "0-15,66,70" })
    assert.same({ true, "0 255" }, { codes "255,0" })
    assert.same({ true, "5" }, { codes "5-5,5" })
  end)

  it("are DTMF when nothing is said (2.5.1.1)", function()
    assert.same({ true, DTMF }, { codes "" })
  end)

  it("are DTMF when what is said makes no sense", function()
    for _, text in ipairs { "256", "0-256", "5-4", "-", "1-", "-1", ",", "1,", ",1", "1,,2", "a", "0-15 ",
      "1-2-3", "99999999999999999999" } do
      assert.same({ false, DTMF }, { codes(text) }, text)
    end
  end)
end)

-- Packets of an event from its start at `at` (ns) and timestamp: a list of { at, packet }.
local function press(code, at, fields)
  local list = {}
  local function add(ms, duration, stop, marker)
    list[#list + 1] = { at = at + math.floor(ms * rtp.MS), packet = {
      ssrc = fields.ssrc, sequence = fields.sequence, timestamp = fields.timestamp, marker = marker,
      payload_type = 101,
      payload = face.write_event { code = code, duration = duration, stop = stop, volume = 10 },
    } }
    if not fields.same_number then fields.sequence = fields.sequence + 1 end
  end
  fields.pattern(add)
  return list
end

-- How phones were seen to send a digit: packets of one key press, and how long it is.
local SENDERS <const> = {
  baresip = { -- nine updates, three ends, 20 ms apart; audio goes on between
    ms = 240, step = 1920,
    pattern = function(add)
      for i = 1, 9 do add(i * 20, i * 160, false, i == 1) end
      for i = 10, 12 do add(i * 20, 1600, true) end
    end,
  },
  linphone = { -- three ends at one instant under one number
    ms = 100, step = 800,
    pattern = function(add, fields)
      for i = 1, 4 do add(i * 20, i * 160, false, i == 1) end
      fields.same_number = true
      for _ = 1, 3 do add(100, 800, true) end
      fields.same_number = false
      fields.sequence = fields.sequence + 1
    end,
  },
  sipp = { -- an SSRC of its own, no duration at first, timestamps of no clock, ends in a burst
    ms = 120, step = 400, ssrc = 0x01020304,
    pattern = function(add)
      for i = 0, 5 do add(i * 20, i * 160, false, i == 0) end
      for i = 0, 2 do add(100 + i, 800, true) end
    end,
  },
  chromium = { -- 100 ms
    ms = 140, step = 1120,
    pattern = function(add)
      for i = 1, 4 do add(i * 20, i * 160, false, i == 1) end
      for i = 5, 7 do add(i * 20, 800, true) end
    end,
  },
  ours = {
    ms = 140, step = 1120,
    pattern = function(add)
      local events = playout.events()
      events:push {}
      for i = 1, 7 do
        local got = events:tick(0, 160)
        local e = face.event(got.payload)
        add(i * 20, e.duration, e.stop, got.marker)
      end
    end,
  },
}

local TWELVE <const> = { 1, 2, 3, 3, 3, 4, 5, 0, 10, 9, 9, 11 }

-- The twelve digits as that phone sends them, with a pause of 60 ms after each.
local function twelve(sender)
  local list, at, timestamp = {}, 0, 0xfffff000
  local fields = { sequence = 65530, ssrc = sender.ssrc or 7 }
  fields.pattern = function(add) sender.pattern(add, fields) end
  for _, code in ipairs(TWELVE) do
    fields.timestamp = timestamp & 0xffffffff
    for _, p in ipairs(press(code, at, fields)) do
      p.packet.sequence = p.packet.sequence & 0xffff
      list[#list + 1] = p
    end
    at = at + (sender.ms + 60) * rtp.MS
    timestamp = timestamp + sender.step + (sender.step == 400 and 0 or 480)
  end
  return list
end

-- What the receiver says of those arrivals: codes that started, and that ended, in order.
local function listen(arrivals)
  local receiver <const> = playout.receiver()
  local started, ended, timeouts, last = {}, {}, 0, 0
  local function take(reports)
    for _, report in ipairs(reports) do
      local list = report.phase == "started" and started or ended
      list[#list + 1] = report.code
      if report.phase == "timeout" then timeouts = timeouts + 1 end
    end
  end
  for _, a in ipairs(arrivals) do
    for now = last, a.at, 20 * rtp.MS do take(receiver:tick(now)) end
    take(receiver:packet(a.packet, a.at))
    last = a.at
  end
  take(receiver:tick(last + rtp.SECOND))
  return started, ended, timeouts
end

describe("Digits of twelve key presses", function()
  for name, sender in pairs(SENDERS) do
    it("are each heard once, as " .. name .. " sends them", function()
      local started, ended, timeouts = listen(twelve(sender))
      assert.same(TWELVE, started)
      assert.same(TWELVE, ended)
      assert.equal(0, timeouts)
    end)

    it("are each heard once with 5 % loss, copies and packets out of order, as " .. name
      .. " sends them", function()
      for seed = 1, 200 do
        local arrivals = rtp.network(twelve(sender),
          { seed = seed, loss = 0.05, duplicate = 0.05, jitter = 45, overtake = true })
        local started, ended = listen(arrivals)
        assert.same(TWELVE, started, seed)
        assert.same(TWELVE, ended, seed)
      end
    end)
  end

  it("are each heard once when every end is lost", function()
    for _, sender in pairs(SENDERS) do
      local arrivals = {}
      for _, p in ipairs(twelve(sender)) do
        if not face.event(p.packet.payload).stop then arrivals[#arrivals + 1] = p end
      end
      local started, ended = listen(arrivals)
      assert.same(TWELVE, started)
      assert.same(TWELVE, ended)
    end
  end)

  it("are each heard once when nothing but one end comes", function()
    for _, sender in pairs(SENDERS) do
      local arrivals, seen = {}, {}
      for _, p in ipairs(twelve(sender)) do
        if face.event(p.packet.payload).stop and not seen[p.packet.timestamp] then
          seen[p.packet.timestamp] = true
          arrivals[#arrivals + 1] = p
        end
      end
      local started, ended = listen(arrivals)
      assert.same(TWELVE, started)
      assert.same(TWELVE, ended)
    end
  end)
end)

describe("A receiver of events (RFC 4733 2.5.2)", function()
  local receiver

  before_each(function() receiver = playout.receiver() end)

  -- Reports of one packet as "started 5 160".
  local function hear(ms, event, fields)
    local packet = { timestamp = 1000, payload_type = 101, payload = face.write_event(event) }
    for field, value in pairs(fields or {}) do packet[field] = value end
    local list = {}
    for i, r in ipairs(receiver:packet(packet, ms * rtp.MS)) do
      list[i] = ("%s %d %d"):format(r.phase, r.code, r.duration)
    end
    return table.concat(list, ", ")
  end

  local function tick(ms)
    local list = {}
    for i, r in ipairs(receiver:tick(ms * rtp.MS)) do
      list[i] = ("%s %d %d"):format(r.phase, r.code, r.duration)
    end
    return table.concat(list, ", ")
  end

  it("reports an event at its first packet, for barge-in, and at its end", function()
    assert.equal("started 5 160", hear(0, { code = 5, duration = 160 }, { marker = true }))
    assert.equal("", hear(20, { code = 5, duration = 320 }))
    assert.equal("ended 5 480", hear(40, { code = 5, duration = 480, stop = true }))
    assert.equal("", hear(60, { code = 5, duration = 480, stop = true }))
    assert.equal(1, receiver:get().copies)
  end)

  it("reports it when its first packets, and its marker, are lost", function()
    assert.equal("started 5 320", hear(0, { code = 5, duration = 320 }))
    assert.equal("started 7 480, ended 7 480",
      hear(500, { code = 7, duration = 480, stop = true }, { timestamp = 5000 }):match "started 7.*")
  end)

  it("ends it when the next one begins", function()
    hear(0, { code = 5, duration = 160 })
    assert.equal("ended 5 160, started 6 160", hear(30, { code = 6, duration = 160 }, { timestamp = 2000 }))
    assert.equal("", hear(35, { code = 5, duration = 320 })) -- it comes late
    assert.equal("ended 6 320", hear(40, { code = 6, duration = 320, stop = true }, { timestamp = 2000 }))
  end)

  it("ends it after three intervals of 50 ms without an update, and not again", function()
    hear(0, { code = 5, duration = 160 })
    hear(50, { code = 5, duration = 560 })
    assert.equal(200 * rtp.MS, receiver:get().deadline)
    assert.equal("", tick(199))
    assert.equal("timeout 5 560", tick(200))
    assert.equal(math.maxinteger, receiver:get().deadline)
    assert.equal("", hear(220, { code = 5, duration = 1760 }))
    assert.equal("", hear(240, { code = 5, duration = 1920, stop = true }))
    assert.equal("", tick(10000))
  end)

  it("tells the same digit twice by its timestamp", function()
    assert.equal("started 5 800, ended 5 800", hear(0, { code = 5, duration = 800, stop = true }))
    assert.equal("started 5 800, ended 5 800",
      hear(200, { code = 5, duration = 800, stop = true }, { timestamp = 2400 }))
  end)

  it("tells two events at one timestamp by their codes", function()
    assert.equal("started 5 160", hear(0, { code = 5, duration = 160 }))
    assert.equal("ended 5 160, started 6 160", hear(20, { code = 6, duration = 160 }))
  end)

  it("takes an event for one whatever its SSRC is", function()
    hear(0, { code = 5, duration = 160 }, { ssrc = 1 })
    assert.equal("", hear(20, { code = 5, duration = 320 }, { ssrc = 2 }))
  end)

  it("does not let its duration shrink by a packet out of order", function()
    hear(0, { code = 5, duration = 480 })
    hear(1, { code = 5, duration = 160 })
    assert.equal("ended 5 480", hear(2, { code = 5, duration = 320, stop = true }))
  end)

  it("joins the segments of a long event (2.5.2.3)", function()
    assert.equal("started 16 65535", hear(0, { code = 16, duration = 65535 }, { timestamp = 0xffff8000 }))
    assert.equal("", hear(20, { code = 16, duration = 160 }, { timestamp = 0x7fff }))
    assert.equal("", hear(30, { code = 16, duration = 65535 }, { timestamp = 0xffff8000 })) -- a copy
    assert.equal("", hear(40, { code = 16, duration = 65535 }, { timestamp = 0x7fff }))
    assert.equal("ended 16 131870",
      hear(60, { code = 16, duration = 800, stop = true }, { timestamp = 0x17ffe }))
    assert.equal("", hear(80, { code = 16, duration = 65535 }, { timestamp = 0x7fff }))
  end)

  it("joins them when the last packet of one was lost", function()
    assert.equal("started 16 65440", hear(0, { code = 16, duration = 65440 }, { timestamp = 0 }))
    assert.equal("", hear(20, { code = 16, duration = 160 }, { timestamp = 65535 }))
    assert.equal("ended 16 65855", hear(40, { code = 16, duration = 320, stop = true }, { timestamp = 65535 }))
  end)

  it("does not start a long event again that lapsed (2.5.2.2)", function()
    hear(0, { code = 16, duration = 65535 }, { timestamp = 0 })
    assert.equal("timeout 16 65535", tick(1000))
    assert.equal("", hear(1000, { code = 16, duration = 160 }, { timestamp = 65535 }))
    assert.equal("", hear(1020, { code = 16, duration = 160 }, { timestamp = 131070 }))
    -- a press of its own has its marker
    assert.equal("started 16 160", hear(1040, { code = 16, duration = 160 }, { timestamp = 196605, marker = true }))
  end)

  it("takes as a press of its own what begins 65535 ticks after one that ended", function()
    hear(0, { code = 5, duration = 800, stop = true }, { timestamp = 0 })
    assert.equal("started 5 160", hear(9000, { code = 5, duration = 160 }, { timestamp = 65535 }))
  end)

  it("reads several events in one packet (2.5.1.5)", function()
    local packed = face.write_event { code = 1, duration = 400, stop = true }
      .. face.write_event { code = 2, duration = 400, stop = true }
      .. face.write_event { code = 3, duration = 80 }
    assert.equal("started 1 400, ended 1 400, started 2 400, ended 2 400, started 3 80",
      hear(0, {}, { payload = packed, timestamp = 0xffffff00 }))
    -- the last one goes on alone, at its own timestamp
    assert.equal("", hear(20, { code = 3, duration = 240 }, { timestamp = 0xffffff00 + 800 & 0xffffffff }))
    assert.equal("", hear(40, {}, { payload = packed, timestamp = 0xffffff00 }))
  end)

  it("reads four of them, and no fifth", function()
    local packed = ""
    for code = 1, 5 do packed = packed .. face.write_event { code = code, duration = 80, stop = true } end
    assert.equal("started 1 80, ended 1 80, started 2 80, ended 2 80, started 3 80, ended 3 80, "
      .. "started 4 80, ended 4 80", hear(0, {}, { payload = packed }))
  end)

  it("counts packets without a whole event, and ignores what is behind one", function()
    for _, payload in ipairs { "", "\5", "\5\10\0" } do assert.equal("", hear(0, {}, { payload = payload })) end
    assert.equal(3, receiver:get().malformed)
    assert.equal("started 5 160", hear(0, {}, { payload = "\5\10\0\160xyz" }))
    assert.equal(3, receiver:get().malformed)
  end)

  it("remembers sixteen that ended: a copy of the seventeenth before is a press", function()
    for i = 1, 17 do
      hear(i, { code = 5, duration = 80, stop = true }, { timestamp = i * 1000 })
    end
    for i = 2, 17 do
      assert.equal("", hear(50, { code = 5, duration = 80, stop = true }, { timestamp = i * 1000 }))
    end
    assert.equal("started 5 80, ended 5 80",
      hear(60, { code = 5, duration = 80, stop = true }, { timestamp = 1000 }))
  end)

  it("keeps the last sixteen reports when nobody takes them", function()
    for i = 1, 40 do
      local payload = face.write_event { code = i, duration = 80, stop = true }
      receiver:packet({ timestamp = i * 1000, payload = payload }, i, true)
    end
    local list = receiver:tick(0)
    assert.equal(16, #list)
    assert.equal(33, list[1].code)
    assert.equal(40, list[16].code)
  end)

  it("reckons with a clock far in the future", function()
    local at <const> = math.maxinteger // rtp.MS - 100
    assert.equal("started 5 160", hear(at, { code = 5, duration = 160 }))
    assert.equal(math.maxinteger, receiver:get().deadline)
    assert.equal("ended 5 320", hear(at + 20, { code = 5, duration = 320, stop = true }))
  end)
end)

describe("A sender of events (RFC 4733 2.5.1)", function()
  local events, at

  before_each(function()
    events, at = playout.events(), 0xffffffe0
  end)

  -- What the next ticks of 20 ms send: "M 160", "320", "E 800", or "-" for audio.
  local function ticks(count)
    local list = {}
    for i = 1, count do
      local got = events:tick(at & 0xffffffff, 160)
      at = at + 160
      local e = got and face.event(got.payload)
      list[i] = not got and "-" or (got.marker and "M " or "") .. (e.stop and "E " or "") .. e.duration
    end
    return table.concat(list, " | ")
  end

  it("sends a digit of 100 ms, its end three times (2.5.1.4)", function()
    assert.is_true(events:push { code = 5 })
    assert.equal("M 160 | 320 | 480 | 640 | E 800 | E 800 | E 800 | - | -", ticks(9))
    assert.is_true(events:is_busy())
    ticks(1)
    assert.is_false(events:is_busy())
  end)

  it("keeps one timestamp for an event, one volume and code", function()
    events:push { code = 11, volume = 63 }
    for _ = 1, 7 do
      local got = events:tick(at & 0xffffffff, 160)
      at = at + 160
      assert.equal(0xffffffe0, got.timestamp)
      local e = face.event(got.payload)
      assert.equal(11, e.code)
      assert.equal(63, e.volume)
    end
  end)

  it("sends digits one after the other with at least 70 ms between", function()
    events:push { code = 1 }
    events:push { code = 1 }
    assert.equal("M 160 | 320 | 480 | 640 | E 800 | E 800 | E 800 | - | - | M 160", ticks(10))
  end)

  it("sends the last end of one before the next begins, whatever the gap is", function()
    events:push { code = 1, duration = 160, gap = 0 }
    events:push { code = 2, duration = 160, gap = 0 }
    assert.equal("M E 160 | E 160 | E 160 | M E 160 | E 160 | E 160 | -", ticks(7))
  end)

  it("rounds no duration: the end says how long it was", function()
    events:push { code = 1, duration = 560 }
    assert.equal("M 160 | 320 | 480 | E 560 | E 560 | E 560 | -", ticks(7))
    events:push { code = 1, duration = 1 }
    assert.equal("M E 1 | E 1 | E 1", ticks(3))
  end)

  it("is silent for a pause", function()
    events:push { pause = true, duration = 4000, gap = 0 }
    events:push { code = 9 }
    assert.equal(("- | "):rep(25) .. "M 160", ticks(26))
  end)

  it("sends a long event in segments of 65535 ticks (2.5.1.3)", function()
    local receiver = playout.receiver()
    events:push { code = 16, duration = 65535 * 2 + 400, gap = 0 }
    local reports, markers, stamps, full = {}, 0, {}, 0
    for i = 1, 900 do
      local timestamp = at & 0xffffffff
      local got = events:tick(timestamp, 160)
      at = at + 160
      if got then
        local e = face.event(got.payload)
        markers = markers + (got.marker and 1 or 0)
        if stamps[#stamps] ~= got.timestamp then stamps[#stamps + 1] = got.timestamp end
        if e.duration == 65535 then
          full = full + 1
          assert.is_false(e.stop)
        end
        for _, r in ipairs(receiver:packet(got, i * 20 * rtp.MS)) do reports[#reports + 1] = r end
      end
    end
    assert.equal(1, markers)
    assert.equal(6, full) -- each segment's last packet three times
    assert.same({ 0xffffffe0, 0xffffffe0 + 65535 & 0xffffffff, 0xffffffe0 + 131070 & 0xffffffff }, stamps)
    assert.equal(2, #reports)
    assert.equal("ended", reports[2].phase)
    assert.equal(65535 * 2 + 400, reports[2].duration)
  end)

  it("sends 65535 ticks as one segment, and 65536 as two", function()
    for duration, segments in pairs { [65535] = 1, [65536] = 2 } do
      events, at = playout.events(), 0
      events:push { code = 16, duration = duration, gap = 0 }
      local stamps, last = {}, nil
      while events:is_busy() do
        local got = events:tick(at, 160)
        at = at + 160
        if got then
          stamps[got.timestamp] = true
          last = face.event(got.payload)
        end
      end
      local count = 0
      for _ in pairs(stamps) do count = count + 1 end
      assert.equal(segments, count)
      assert.is_true(last.stop)
      assert.equal(segments == 1 and 65535 or 1, last.duration)
    end
  end)

  it("ends at once when it is stopped, and gives up what waits", function()
    events:push { code = 1 }
    events:push { code = 2 }
    assert.equal("M 160 | 320", ticks(2))
    events:stop()
    assert.equal("E 320 | E 320 | E 320 | - | -", ticks(5))
    assert.is_false(events:is_busy())
    events:push { code = 3 }
    events:stop() -- it had not begun
    assert.is_false(events:is_busy())
    assert.equal("-", ticks(1))
  end)

  it("ends an event whose length shows only then, and goes on with what waits", function()
    events:push { code = 1, duration = 0x7fffffff }
    assert.equal("M 160 | 320 | 480", ticks(3))
    events:shorten(320)
    assert.equal("E 480 | E 480 | E 480", ticks(3)) -- what was sent cannot be taken back
    events:push { code = 2, duration = 8000 }
    events:shorten(320) -- it waits
    assert.equal("- | M 160 | E 320 | E 320 | E 320 | -", ticks(6))
    events:shorten(160) -- it is over
    ticks(4)
    assert.is_false(events:is_busy())
    events:shorten(160)
    events:push { code = 3, duration = 320, gap = 0 }
    events:shorten(8000) -- never longer
    assert.equal("M 160 | E 320 | E 320 | E 320 | -", ticks(5))
  end)

  it("holds 32 orders, and no 33rd", function()
    for i = 1, 32 do assert.is_true(events:push { code = i % 16 }) end
    assert.is_false(events:push { code = 1 })
    ticks(10)
    assert.is_true(events:push { code = 1 })
  end)

  it("takes no order that makes no sense", function()
    assert.is_false(events:push { duration = 0 })
    assert.is_false(events:push { volume = 64 })
    assert.is_true(events:push { volume = 63 })
    assert.is_false(events:push { duration = 0x80000000 })
    assert.is_true(events:push { duration = 0x7fffffff })
    assert.is_false(events:push { gap = 0x40000000 })
  end)
end)
