-- SPDX-License-Identifier: MIT
--
-- For specs of media: a fabric with callers on it, what each of them was told, and the
-- packets that went over the wire, taken apart.

local core = require "moonsip.core"

local Stage = {}
Stage.__index = Stage

local Side = {}
Side.__index = Side

local support = {}

--- Linear samples as a string: `fn(i)` for each of `count`, 0 without.
function support.samples(count, fn)
  local parts = {}
  for i = 1, count do parts[i] = string.pack("<i2", fn and fn(i) or 0) end
  return table.concat(parts)
end

--- A sine of so many milliseconds.
function support.sine(hz, ms, rate, amplitude)
  rate = rate or 8000
  return support.samples(ms * rate // 1000, function(i)
    return math.floor((amplitude or 8000) * math.sin(2 * math.pi * hz * i / rate) + 0.5)
  end)
end

--- How much of samples (8 kHz unless `rate`) is that frequency: 0 to 1.
function support.share(samples, hz, rate)
  local w = 2 * math.pi * hz / (rate or 8000)
  local re, im, all, n = 0, 0, 0, #samples // 2
  for i = 1, n do
    local x = string.unpack("<i2", samples, 2 * i - 1)
    re, im, all = re + x * math.cos(w * i), im + x * math.sin(w * i), all + x * x
  end
  return all == 0 and 0 or 2 * (re * re + im * im) / (n * all)
end

--- Mean amplitude.
function support.loudness(samples)
  local sum, n = 0, #samples // 2
  for i = 1, n do sum = sum + math.abs((string.unpack("<i2", samples, 2 * i - 1))) end
  return n == 0 and 0 or sum / n
end

--- An RTP packet (RFC 3550 5.1) taken apart, or nil for what is none.
function support.rtp(bytes)
  if #bytes < 12 or bytes:byte(1) >> 6 ~= 2 then return nil end
  local kind = bytes:byte(2)
  if kind >= 192 and kind <= 223 then return nil end
  local seq, ts, ssrc = string.unpack(">I2I4I4", bytes, 3)
  return { type = kind & 0x7f, marker = kind >= 128, seq = seq, ts = ts, ssrc = ssrc,
           payload = bytes:sub(13) }
end

--- The bytes of one.
function support.packet(o)
  return string.pack(">BBI2I4I4", 0x80, (o.marker and 128 or 0) | o.type, o.seq, o.ts,
    o.ssrc or 0x1234) .. o.payload
end

--- A stage: a fabric, one media object, and everything it was told.
function support.stage(options)
  options = options or {}
  local self = setmetatable({ told = {}, packets = {}, sides = {} }, Stage)
  self.fabric = core.media_fabric { seed = options.seed or 1, now = options.now or 0 }
  self.media = self.fabric:media()
  self.media:on_event(function(kind, id, ...)
    local event = { at = self.fabric:now(), kind = kind, id = id, ... }
    table.insert(self.told, event)
    if self.on then self.on(event) end
  end)
  if options.link then self.fabric:link(nil, nil, options.link) end
  if options.tap ~= false then
    self.fabric:tap(function(now, from, to, bytes, lost)
      table.insert(self.packets, { at = now, from = from, to = to, bytes = bytes, lost = lost })
    end)
  end
  return self
end

local function settings(options, remote)
  local merged = {
    codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } },
    events = { payload_type = 101, rate = 8000 },
    remote_ip = remote and remote.ip, remote_port = remote and remote.port,
  }
  for name, value in pairs(options or {}) do
    merged[name] = value
    if value == "none" then merged[name] = nil end
  end
  return merged
end

--- A session on a host of its own.
function Stage:side(ip, name)
  local id, port = assert(self.media:open(ip))
  local one = setmetatable({ stage = self, media = self.media, id = id, ip = ip, port = port,
                             name = name or ip, address = ip .. ":" .. port }, Side)
  self.sides[id] = one
  return one
end

--- Two sessions that talk to each other; options of apply for both, or each.
function Stage:pair(options, other_options)
  self.pairs_made = (self.pairs_made or 0) + 1
  local n <const> = self.pairs_made
  local a, b = self:side("10.0." .. n .. ".1"), self:side("10.0." .. n .. ".2")
  a:apply(options, b)
  b:apply(other_options or options, a)
  return a, b
end

--- Runs so many milliseconds on, events and all.
function Stage:run(ms)
  local to <const> = self.fabric:now() + ms
  repeat until self.fabric:advance(to) >= to
  self.fabric:advance(to)
end

--- Runs until that verb has ended; its event. Fails after `most` ms (60 s).
function Stage:ended(id, verb, most)
  local give_up <const> = self.fabric:now() + (most or 60000)
  while self.fabric:now() < give_up do
    local event = self:find("end", id, verb)
    if event then return { why = event[2], info = event[3], at = event.at } end
    self.fabric:advance(give_up)
  end
  error("verb " .. tostring(verb) .. " goes on", 2)
end

--- The first event of that kind (and id, and first detail) that was told.
function Stage:find(kind, id, first)
  for _, event in ipairs(self.told) do
    local is_it = event.kind == kind and (id == nil or event.id == id)
    if is_it and (first == nil or event[1] == first) then return event end
  end
end

--- All of that kind.
function Stage:all(kind, id)
  local list = {}
  for _, event in ipairs(self.told) do
    if event.kind == kind and (id == nil or event.id == id) then list[#list + 1] = event end
  end
  return list
end

--- RTP packets that a side sent, with the time of each; of one payload type, or all.
function Stage:sent(side, payload_type)
  local list = {}
  for _, one in ipairs(self.packets) do
    local packet = one.from == side.address and support.rtp(one.bytes)
    if packet and (payload_type == nil or packet.type == payload_type) then
      packet.at = one.at
      list[#list + 1] = packet
    end
  end
  return list
end

function Stage:clip(samples, rate, wanted)
  return assert(self.media:clip(samples, rate or 8000, wanted))
end

function Stage:close()
  self.fabric:close()
end

function Side:apply(options, remote)
  if remote then self.remote = remote end
  assert(self.media:apply(self.id, settings(options, self.remote)))
  return self
end

for _, verb in ipairs { "play", "gather", "dtmf", "record", "monitor", "detect", "stream" } do
  Side[verb] = function(self, options)
    return assert(self.media[verb](self.media, self.id, options))
  end
end

function Side:stats() return self.media:stats(self.id) end

--- Begins to keep what it hears.
function Side:listen(options)
  local o = { what = "in", speak = false, buffer = 600000 }
  for name, value in pairs(options or {}) do o[name] = value end
  self.ear = self:stream(o)
  return self
end

--- What it heard since the last time.
function Side:heard()
  return assert(self.media:read(self.id, self.ear))
end

--- A datagram to this side, from whom it hears or another.
function Side:inject(bytes, from, is_rtcp)
  local to = is_rtcp and self.ip .. ":" .. (self.port + 1) or self.address
  return self.stage.fabric:inject(from or self.remote.address, to, bytes)
end

return support
