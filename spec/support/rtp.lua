-- SPDX-License-Identifier: MIT
--
-- RTP for specs: packets as bytes, written without the code under test, and a sender,
-- a network and a playout on one virtual clock. The same seed gives the same run.

local playout <const> = require "rtp_playout_face"

local rtp <const> = {}

rtp.MS = 1000000 -- nanoseconds
rtp.SECOND = 1000000000

-- Fields of RFC 3550 5.1; `bits` are those before the sequence number, for what no
-- sound packet has.
function rtp.bytes(p)
  local csrcs, extension = p.csrcs or {}, p.extension
  local first = (p.version or 2) << 6 | (p.padding and 0x20 or 0) | (extension and 0x10 or 0)
    | (p.csrc_count or #csrcs)
  local second = (p.marker and 0x80 or 0) | (p.payload_type or 0)
  local head <const> = (">BBI2I4I4")
  local parts = { head:pack(first, second, p.sequence or 0, p.timestamp or 0, p.ssrc or 1) }
  for _, csrc in ipairs(csrcs) do parts[#parts + 1] = (">I4"):pack(csrc) end
  if extension then
    parts[#parts + 1] = (">I2I2"):pack(p.profile or 0, p.words or #extension // 4) .. extension
  end
  return table.concat(parts) .. (p.payload or "") .. (p.padding or "")
end

-- Numbers in 0 .. 1, the same for the same seed.
function rtp.random(seed)
  local state = seed * 0x9e3779b97f4a7c15 + 1
  return function()
    state = state ~ state << 13
    state = state ~ state >> 7
    state = state ~ state << 17
    return (state >> 11) / (1 << 53)
  end
end

-- What became of packets sent at `at` (ns): a list of { at, packet }, in order of arrival.
-- options: seed, delay, jitter (ms, evenly spread), loss, duplicate (0 .. 1),
-- overtake: every packet waits for its turn unless set.
function rtp.network(sent, options)
  local random <const>, arrivals <const> = rtp.random(options.seed or 1), {}
  local lost, copies, last = 0, 0, math.mininteger
  for i, s in ipairs(sent) do
    if random() < (options.loss or 0) then
      lost = lost + 1
    else
      for copy = 1, random() < (options.duplicate or 0) and 2 or 1 do
        local delay = (options.delay or 0) + random() * (options.jitter or 0)
        local at = s.at + math.floor(delay * rtp.MS)
        if not options.overtake and at < last then at = last end
        last = math.max(at, last)
        copies = copies + copy - 1
        arrivals[#arrivals + 1] = {
          at = at, packet = s.packet, ticks = s.ticks, order = i + copy / 4,
        }
      end
    end
  end
  table.sort(arrivals, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.order < b.order
  end)
  return arrivals, lost, copies
end

-- Packets of speech: number n has n in its payload. options: seconds, ptime (ms), rate,
-- from (ns), ppm (the sender's clock runs that much fast), sequence, timestamp, ssrc,
-- talks(n): false where the sender is silent; payload_type.
function rtp.speech(options)
  local ptime <const>, rate <const> = options.ptime or 20, options.rate or 8000
  local ticks <const> = rate * ptime // 1000
  local list <const>, count <const> = {}, math.floor((options.seconds or 1) * 1000) // ptime
  local silent, sequence = true, options.sequence or 65000
  for n = 0, count - 1 do
    local skew <const> = 1 + (options.ppm or 0) / 1e6
    local at = (options.from or 0) + math.floor(n * ptime * rtp.MS / skew)
    if not options.talks or options.talks(n) then
      list[#list + 1] = {
        at = at, ticks = ticks,
        packet = {
          sequence = sequence & 0xffff, ssrc = options.ssrc or 7, marker = silent,
          timestamp = (options.timestamp or 0xfffff000) + n * ticks & 0xffffffff,
          payload_type = options.payload_type or 0,
          payload = ("<I4"):pack(n) .. ("\xd5"):rep((options.len or ticks) - 4),
        },
      }
      silent, sequence = false, sequence + 1
    else
      silent = true
    end
  end
  return list
end

-- A playout of `seconds` from `from` (ns) that asks the buffer at each tick (20 ms) for as
-- much audio as was used up. Returns the list of what it got: { result, n, at, ... }.
-- options: tick (ms), quiet(n): the hint after that frame, pass(packet): what is no audio,
-- stall(at): the playout does not run at that tick.
function rtp.play(buffer, arrivals, options)
  local tick <const> = (options.tick or 20) * rtp.MS
  local rate <const> = options.rate or 8000
  local heard <const>, from <const> = {}, options.from or 0
  local next_arrival, owed, quiet = 1, 0, false
  for now = from, from + math.floor(options.seconds * rtp.SECOND), tick do
    while arrivals[next_arrival] and arrivals[next_arrival].at <= now do
      local a = arrivals[next_arrival]
      if options.pass and options.pass(a.packet) then
        buffer:pass(a.packet)
      else
        buffer:put(a.packet, a.ticks, a.at)
      end
      next_arrival = next_arrival + 1
    end
    if not (options.stall and options.stall(now)) then
      owed = owed + rate * (options.tick or 20) // 1000
      while owed > 0 do
        local result, got = buffer:get(now, quiet)
        got.result, got.at = result, now
        if result == "frame" and #got.payload >= 4 then got.n = ("<I4"):unpack(got.payload) end
        quiet = options.quiet and options.quiet(got.n) or false
        heard[#heard + 1] = got
        owed = owed - got.ticks
      end
    end
  end
  return heard
end

-- Functions that put single packets of 20 ms into a buffer and look at what it gives;
-- `buffer` says which.
function rtp.by_hand(buffer)
  local hand <const> = {}

  -- Packet n of a stream, put at its time or `at` ms.
  function hand.put(n, at, fields)
    local packet = {
      sequence = n & 0xffff, timestamp = n * 160 & 0xffffffff, ssrc = 7, payload = "n" .. n,
    }
    local ticks = 160
    for name, value in pairs(fields or {}) do
      if name == "ticks" then ticks = value else packet[name] = value end
    end
    buffer():put(packet, ticks, math.floor((at or n * 20) * rtp.MS))
  end

  function hand.pass(n, fields)
    local packet = { sequence = n & 0xffff, ssrc = 7 }
    for name, value in pairs(fields or {}) do packet[name] = value end
    buffer():pass(packet)
  end

  -- What there is at that ms: its payload, "lost 160" or "nothing 160"; and all of it.
  function hand.get(at, quiet)
    local result, frame = buffer():get(math.floor(at * rtp.MS), quiet)
    if result == "frame" then return frame.payload, frame end
    return ("%s %d"):format(result, frame.ticks), frame
  end

  function hand.stats() return buffer():stats() end

  -- Packets `from` to `to` as they come without jitter, and what there is at each.
  function hand.flow(from, to)
    local list = {}
    for n = from, to do
      hand.put(n)
      list[#list + 1] = hand.get(n * 20)
    end
    return list
  end

  return hand
end

-- How often each result was there, and the frames in order.
function rtp.summary(heard)
  local sum <const> = { frame = 0, lost = 0, nothing = 0, skipped = 0, numbers = {} }
  for _, got in ipairs(heard) do
    sum[got.result] = sum[got.result] + 1
    sum.skipped = sum.skipped + got.skipped
    if got.n then sum.numbers[#sum.numbers + 1] = got.n end
  end
  return sum
end

-- Sender, network, buffer and playout in one.
function rtp.run(options)
  local sent <const> = options.sent or rtp.speech(options)
  local arrivals <const>, lost <const>, copies <const> = rtp.network(sent, options)
  local buffer <const> = assert(playout.jitter(options.buffer or {}))
  local heard <const> = rtp.play(buffer, arrivals, {
    seconds = options.listen or options.seconds, from = options.from, tick = options.tick,
    quiet = options.quiet, pass = options.pass, stall = options.stall, rate = options.rate,
  })
  local sum <const> = rtp.summary(heard)
  sum.sent, sum.injected, sum.copies = #sent, lost, copies
  sum.stats = buffer:stats()
  sum.heard = heard
  return sum
end

return rtp
