-- SPDX-License-Identifier: MIT
--
-- Where the peers of a spec live: a loopback address that belongs to this process
-- alone, made from its number, with ports counted up. Nothing else on the machine is
-- there, however many spec files run at a time, so no port needs to be searched.

local uv <const> = require "luv"

local place <const> = {}

local pid <const> = uv.os_getpid()

--- Our address: 127.64.0.0 to 127.127.255.255, as process numbers have 22 bits.
place.ip = ("127.%d.%d.%d"):format(64 + (pid >> 16 & 63), pid >> 8 & 255, pid & 255)

local last = 5060

--- A port that was not handed out yet. Odd ones are free, for RTCP and the like.
---@return integer
function place.port()
  last = last + 2
  return last
end

--- "127.64.0.1:5062", with a port of its own.
---@return string
function place.address()
  return ("%s:%d"):format(place.ip, place.port())
end

--- "[::1]:49152": IPv6 has one loopback address for everybody, so a free port of the
--- system's choice.
---@return string
function place.address6()
  local socket = uv.new_tcp()
  assert(socket:bind("::1", 0))
  local port = socket:getsockname().port
  socket:close()
  uv.run "nowait"
  return ("[::1]:%d"):format(port)
end

-- State of a listening socket in /proc/net/tcp, and of an unconnected one in udp.
local open_state <const> = { tcp = "0A", udp = "07" }

--- True when somebody listens there (proc(5), /proc/net/tcp).
---@param transport "udp"|"tcp"
---@param address string  "ip:port"
function place.is_open(transport, address)
  local a, b, c, d, port = address:match "^(%d+)%.(%d+)%.(%d+)%.(%d+):(%d+)$"
  local wanted = ("%02X%02X%02X%02X:%04X"):format(d, c, b, a, port) -- little endian
  for line in io.lines("/proc/net/" .. transport) do
    local own, state = line:match "^%s*%d+: (%S+) %S+ (%x%x) "
    if own == wanted and state == open_state[transport] then return true end
  end
  return false
end

return place
