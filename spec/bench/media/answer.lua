-- SPDX-License-Identifier: MIT
-- answer.lua PEER SECONDS DIGIT_MS BUSY_MS: one session that gathers a digit over a prompt
-- of a minute, for peer.c, while Lua is at work for BUSY_MS in every second. Prints what the
-- peer measured.

local core = require "moonsip.core"

local peer <const>, seconds <const>, digit_ms <const>, busy_ms <const> =
  arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])

local loop <const> = core.loop()
local media <const> = assert(core.media(loop, { ports = { 20000, 31999 } }))
local id <const>, port <const> = assert(media:open "127.0.0.1")
local peer_port <const> = port + 2
assert(media:apply(id, { remote_ip = "127.0.0.1", remote_port = peer_port,
  codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } },
  events = { payload_type = 101, rate = 8000 } }))
local prompt <const> = media:clip(("\x00\x10\x00\xf0"):rep(8000 * 30), 8000) -- 60 s

local command <const> = ("%s %d %d %g %g"):format(peer, peer_port, port, seconds, digit_ms)
local pipe <const> = assert(io.popen(command))
assert(media:gather(id, { prompt, max = 1, timeout = 60000 }))
local from <const> = loop:now()
local next_work = from
while loop:now() - from < seconds * 1000 do
  loop:step(20)
  if busy_ms > 0 and loop:now() >= next_work then
    local at <const> = loop:clock()
    repeat until loop:clock() - at >= busy_ms
    next_work = next_work + 1000
  end
end
local loud, span, gap, barge = pipe:read("n", "n", "n", "n")
print(("return { packets = %d, span = %f, gap = %f, barge = %f }"):format(loud, span, gap, barge))
os.exit(0, false)
