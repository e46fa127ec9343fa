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

--- Two more that are ours alone, for those whose addresses matter: 1 and 2.
---@param number integer
function place.other_ip(number)
  return (place.ip:gsub("^127%.(%d+)", function(first) return "127." .. first + 64 * number end))
end

local last = 5060

--- A port that was not handed out yet. Odd ones are free, for RTCP and the like.
---@return integer
function place.port()
  last = last + 2
  return last
end

--- The first of `count` ports in a row that were not handed out yet.
---@param count integer
---@return integer
function place.ports(count)
  local first = last + 2
  last = last + count + count % 2
  return first
end

--- The first of 10 ports in a row for a peer that binds them on every address, or for a
--- `second` one: far from those above, which that would take from everybody, and from most
--- others' 20.
---@param second boolean?
---@return integer
function place.wide_ports(second)
  return 20000 + pid % 600 * 20 + (second and 10 or 0)
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

--- A port free on every address, of the system's choice: for a peer that does not let its
--- address be chosen.
---@return integer
function place.free_port()
  local socket = uv.new_udp()
  assert(socket:bind("0.0.0.0", 0))
  local port = socket:getsockname().port
  socket:close()
  uv.run "nowait"
  return port & ~1
end

-- State of a listening socket in /proc/net/tcp, and of an unconnected one in udp.
local open_state <const> = { tcp = "0A", udp = "07" }

--- True when a table of /proc/net (proc(5)) has a socket of that address and state.
local function has_socket(file, wanted, state)
  for line in io.lines("/proc/net/" .. file) do
    local own, at = line:match "^%s*%d+: (%S+) %S+ (%x%x) "
    if own == wanted and at == state then return true end
  end
  return false
end

--- True when somebody listens there.
---@param transport "udp"|"tcp"
---@param address string  "ip:port"
function place.is_open(transport, address)
  local a, b, c, d, port = address:match "^(%d+)%.(%d+)%.(%d+)%.(%d+):(%d+)$"
  local wanted = ("%02X%02X%02X%02X:%04X"):format(d, c, b, a, port) -- little endian
  return has_socket(transport, wanted, open_state[transport])
end

--- True when somebody listens at that port of every address, of IPv4 and IPv6.
---@param transport "udp"|"tcp"
---@param port integer
function place.is_open_everywhere(transport, port)
  return has_socket(transport .. "6", ("%032X:%04X"):format(0, port), open_state[transport])
end

return place
