-- SPDX-License-Identifier: MIT
-- sessions.lua NUMBER SECONDS realtime|normal WHAT [WAKE]: so many sessions in pairs on one media
-- thread while Lua is at work for 100 ms in every second. WHAT: "play", each plays a prompt
-- to the other; "conference", one of each pair plays, the others are in one conference;
-- "apart", the same without the conference. WAKE: the program of wake.c, run beside. Prints
-- the thread's counts as a Lua table.

local core = require "moonsip.core"

local number <const>, seconds <const> = tonumber(arg[1]), tonumber(arg[2])
local realtime <const>, what <const> = arg[3] == "realtime", arg[4]

local loop <const> = core.loop()
local media <const> = assert(core.media(loop, { ports = { 20000, 31999 }, realtime = realtime }))

local function work(ms)
  local from <const> = loop:clock()
  repeat until loop:clock() - from >= ms
end

local function run(ms)
  local from <const> = loop:now()
  local next_work = from + 1000
  while loop:now() - from < ms do
    loop:step(20)
    if loop:now() >= next_work then
      work(100)
      next_work = next_work + 1000
    end
  end
end

local prompt <const> = media:clip(("\x00\x10\x00\xf0"):rep(8000 * 5), 8000)
local ids <const>, ports <const> = {}, {}
for i = 1, number do ids[i], ports[i] = assert(media:open "127.0.0.1") end
for i = 1, number do
  assert(media:apply(ids[i], {
    remote_ip = "127.0.0.1", remote_port = ports[i % 2 == 1 and i + 1 or i - 1],
    codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } },
    events = { payload_type = 101, rate = 8000 },
  }))
  if what == "play" or i % 2 == 1 then assert(media:play(ids[i], { prompt, loop = 0 })) end
  if i % 100 == 0 then loop:step(0) end
end
if what == "conference" then
  local conference <const> = media:conference { max = number // 2 }
  for i = 2, number, 2 do assert(media:join(conference, ids[i])) end
end

run(4000) -- sockets are connected by then
local wake <const> = arg[5] and assert(io.popen(("%s %g"):format(arg[5], seconds)))
local before <const>, from <const> = media:counts(true), loop:clock()
run(seconds * 1000)
local after <const>, elapsed <const> = media:counts(), loop:clock() - from
local lost = 0
for i = 1, number do lost = lost + media:stats(ids[i]).received.lost end
local wake_p999, wake_max
if wake then wake_p999, wake_max = wake:read("n", "n") end
local packets <const> = after.packets_out - before.packets_out
print(("return { cpu = %f, out = %f, p99 = %f, p999 = %f, max = %f, overruns = %d, lost = %d, "
  .. "priority = %q, io_uring = %s, wake_p999 = %q, wake_max = %q }"):format(
    (after.cpu - before.cpu) / elapsed * 100, packets / elapsed * 1000,
    after.late_p99, after.late_p999, after.late_max, after.overruns - before.overruns, lost,
    after.priority, after.io_uring, wake_p999 or "-", wake_max or "-"))
os.exit(0, false)
