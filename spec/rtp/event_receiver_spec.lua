-- SPDX-License-Identifier: MIT
--
-- Telephone events received (RFC 4733 2.5.2): each digit is heard once, as the senders
-- of real phones send it, whatever the network does.

local face <const> = require "rtp_face"
local playout <const> = require "rtp_playout_face"
local rtp <const> = require "spec.support.rtp"

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
    assert.equal("timeout 5 320, started 7 480, ended 7 480",
      hear(500, { code = 7, duration = 480, stop = true }, { timestamp = 5000 }))
  end)

  it("ends it when the next one begins", function()
    hear(0, { code = 5, duration = 160 })
    local SIX <const> = { timestamp = 2000 }
    assert.equal("ended 5 160, started 6 160", hear(30, { code = 6, duration = 160 }, SIX))
    assert.equal("", hear(35, { code = 5, duration = 320 })) -- it comes late
    assert.equal("ended 6 320", hear(40, { code = 6, duration = 320, stop = true }, SIX))
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

  it("hears two presses of a sender whose timestamp stands still", function()
    local function press_at(ms, sequence)
      local first = { sequence = sequence, marker = true }
      local heard = { hear(ms, { code = 5, duration = 160 }, first),
                      hear(ms + 20, { code = 5, duration = 320 }, { sequence = sequence + 1 }) }
      for at = 2, 4 do
        heard[#heard + 1] = hear(ms + 40, { code = 5, duration = 480, stop = true },
          { sequence = sequence + at })
      end
      return heard
    end
    for at, sequence in ipairs { 65500, 65520, 4 } do
      assert.same({ "started 5 160", "", "ended 5 480", "", "" },
        press_at(at * 200, sequence), sequence)
      -- what of it comes late is of it
      assert.equal("", hear(at * 200 + 50, { code = 5, duration = 160 }, { sequence = sequence }))
      assert.equal("", hear(at * 200 + 50, { code = 5, duration = 320 },
        { sequence = sequence + 1 }))
    end
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
    local FULL <const> = { code = 16, duration = 65535 }
    assert.equal("started 16 65535", hear(0, FULL, { timestamp = 0xffff8000 }))
    assert.equal("", hear(20, { code = 16, duration = 160 }, { timestamp = 0x7fff }))
    assert.equal("", hear(30, FULL, { timestamp = 0xffff8000 })) -- a copy
    assert.equal("", hear(40, FULL, { timestamp = 0x7fff }))
    assert.equal("ended 16 131870",
      hear(60, { code = 16, duration = 800, stop = true }, { timestamp = 0x17ffe }))
    assert.equal("", hear(80, { code = 16, duration = 65535 }, { timestamp = 0x7fff }))
  end)

  it("joins them when the last packet of one was lost", function()
    assert.equal("started 16 65440", hear(0, { code = 16, duration = 65440 }, { timestamp = 0 }))
    assert.equal("", hear(20, { code = 16, duration = 160 }, { timestamp = 65535 }))
    assert.equal("ended 16 65855",
      hear(40, { code = 16, duration = 320, stop = true }, { timestamp = 65535 }))
  end)

  it("does not start a long event again that lapsed (2.5.2.2)", function()
    hear(0, { code = 16, duration = 65535 }, { timestamp = 0 })
    assert.equal("timeout 16 65535", tick(1000))
    assert.equal("", hear(1000, { code = 16, duration = 160 }, { timestamp = 65535 }))
    assert.equal("", hear(1020, { code = 16, duration = 160 }, { timestamp = 131070 }))
    -- a press of its own has its marker
    assert.equal("started 16 160",
      hear(1040, { code = 16, duration = 160 }, { timestamp = 196605, marker = true }))
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
    assert.equal("", hear(20, { code = 3, duration = 240 }, { timestamp = 0x220 }))
    assert.equal("", hear(40, {}, { payload = packed, timestamp = 0xffffff00 }))
  end)

  it("reads four of them, and no fifth", function()
    local packed = ""
    for code = 1, 5 do
      packed = packed .. face.write_event { code = code, duration = 80, stop = true }
    end
    assert.equal("started 1 80, ended 1 80, started 2 80, ended 2 80, started 3 80, ended 3 80, "
      .. "started 4 80, ended 4 80", hear(0, {}, { payload = packed }))
  end)

  it("counts packets without a whole event, and ignores what is behind one", function()
    for _, payload in ipairs { "", "\5", "\5\10\0" } do
      assert.equal("", hear(0, {}, { payload = payload }))
    end
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
