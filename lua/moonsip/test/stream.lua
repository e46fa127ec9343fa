-- SPDX-License-Identifier: MIT
-- Connections: ordered and lossless, refused where nobody listens, held while the
-- hop is cut, and reset when a host goes down.
--
-- Whoever owns an end is told by
--   owner:stream_accepted(socket, end)   a listener got a connection; gives end.owner
--   owner:stream_opened(end)             it is connected; where there is such a method
--   owner:stream_data(end, bytes)
--   owner:stream_closed(end, error_name) the other side closed it, refused it, died

local trace = require "moonsip.trace"

---@class moonsip.test.StreamEnd
---@field id integer          of the connection, the same at both ends
---@field ip string
---@field port integer
---@field address string
---@field peer moonsip.test.StreamEnd
---@field owner table?
---@field is_open boolean     the handshake is done, so far as this end knows
---@field is_closed boolean   by this end, or as far as it heard
---@field is_plain boolean?   what is sent is none of SIP's: the journal does not have it
---@field private arrives_at integer  the last of what was sent from here
---@field private waiting table[]     for the handshake, or for the hop to be whole
local End = {}
End.__index = End
End.__name = "moonsip.test.stream_end"

local stream = {}

-- How long a connection attempt lasts that nobody answers.
local connect_ms <const> = 4000

-- What travels: `act(far end, value, record)`.
local Segment = {}
Segment.__index = Segment

function Segment:happen(wire)
  wire.in_flight = wire.in_flight - 1
  self.act(self.to, self.value, self.record)
end

local function hosts_of(self)
  local hosts = self.wire.hosts
  return hosts[self.ip], hosts[self.peer.ip]
end

local function depart(self, segment)
  local wire = self.wire
  local ms = wire:hop(hosts_of(self)).link:delay(wire.random)
  self.arrives_at = math.max(self.arrives_at, wire.now + ms)
  wire.in_flight = wire.in_flight + 1
  wire:schedule(self.arrives_at - wire.now, segment)
end

local function may_depart(self)
  return self.is_open and not self.wire:hop(hosts_of(self)).is_cut
end

-- Sends `act` to the peer, in order after what went before.
local function send(self, act, value, record)
  local segment = setmetatable({
    to = self.peer, act = act, value = value, record = record,
  }, Segment)
  if #self.waiting == 0 and may_depart(self) then
    depart(self, segment)
  else
    table.insert(self.waiting, segment)
  end
end

--- Sends what waited, when the hop is whole and the handshake done.
function End:resume()
  if not may_depart(self) then return end
  local waiting = self.waiting
  self.waiting = {}
  for _, segment in ipairs(waiting) do depart(self, segment) end
end

local function forget_when_done(self)
  if self.is_closed and self.peer.is_closed then self.wire.connections[self.id] = nil end
end

local function receive(self, bytes, record)
  if self.is_closed then
    record.lost = "closed"
  else
    self.wire.delivered = self.wire.delivered + 1
    self.owner:stream_data(self, bytes)
  end
end

-- The end hears that there is no connection any more, or never was one.
local function hear_closed(self, name)
  for _, segment in ipairs(self.waiting) do
    if segment.record then segment.record.lost = name end
  end
  self.waiting = {}
  local owner = not self.is_closed and self.owner
  self.is_closed = true
  forget_when_done(self)
  if owner then owner:stream_closed(self, name) end
end

--- Sends bytes; they wait while the connection is being opened or the hop is cut.
---@param bytes string
---@return boolean  false when this end is closed
function End:send(bytes)
  if self.is_closed then return false end
  local record = { at = self.wire.now, transport = self.transport, from = self.address,
                   to = self.peer.address, bytes = bytes }
  if not self.is_plain then self.wire.journal:add(record) end
  send(self, receive, bytes, record)
  return true
end

--- Closes this end; the other one hears of it after all that was sent.
function End:close()
  if self.is_closed then return end
  self.is_closed = true
  send(self, hear_closed, "EOF")
  forget_when_done(self)
end

--- The host of this end lost its power: what was not sent is gone.
function End:reset()
  if self.is_closed then return end
  self.is_closed, self.waiting = true, {}
  if self.is_open then send(self, hear_closed, "ECONNRESET") end
  forget_when_done(self)
end

-- ---- opening

local function opened(self)
  self.is_open = true
  local owner = not self.is_closed and self.owner
  if owner and owner.stream_opened then owner:stream_opened(self) end
  self:resume()
end

-- The request for a connection reaches the peer's host.
local function arrive(self)
  local wire = self.wire
  local socket = wire.sockets[self.transport][self.address]
  local host = wire.hosts[self.ip]
  self.is_open = true
  if not socket or host.is_down then
    self.is_closed = true
    return send(self, hear_closed, "ECONNREFUSED")
  end
  send(self, opened)
  socket.owner:stream_accepted(socket, self)
end

local TimeOut = {}
TimeOut.__index = TimeOut

function TimeOut:happen()
  if not self.client.is_open then
    self.client.peer.is_closed = true
    hear_closed(self.client, "ETIMEDOUT")
  end
end

local function new_end(wire, transport, id, ip, port)
  return setmetatable({ wire = wire, transport = transport, id = id, ip = ip, port = port,
                        address = trace.address(ip, port), is_open = false,
                        is_closed = false, arrives_at = 0, waiting = {} }, End)
end

--- Begins to connect. What is sent meanwhile waits; a failure is told by
--- stream_closed with ECONNREFUSED or ETIMEDOUT.
---@param wire moonsip.test.Wire
---@param transport "tcp"|"tls"
---@param ip string        our address
---@param to_ip string
---@param to_port integer
---@param owner table
---@return moonsip.test.StreamEnd
function stream.connect(wire, transport, ip, to_ip, to_port, owner)
  local id = wire:next_serial()
  local client = new_end(wire, transport, id, ip, wire:ephemeral_port(ip))
  local server = new_end(wire, transport, id, to_ip, to_port)
  client.peer, server.peer, client.owner = server, client, owner
  wire.connections[id] = client
  local from, to = hosts_of(client)
  if to and not wire:hop(from, to).is_cut and not wire:hop(to, from).is_cut then
    depart(client, setmetatable({ to = server, act = arrive }, Segment))
  else
    wire:schedule(connect_ms, setmetatable({ client = client }, TimeOut))
  end
  return client
end

--- Both ends of every connection, oldest first.
---@param wire moonsip.test.Wire
---@return moonsip.test.StreamEnd[]
function stream.ends(wire)
  local found = {}
  for id = 1, wire.serial do
    local client = wire.connections[id]
    if client then
      found[#found + 1] = client
      found[#found + 1] = client.peer
    end
  end
  return found
end

return stream
