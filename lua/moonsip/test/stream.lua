-- SPDX-License-Identifier: MIT
-- Connections: ordered and lossless, refused where nobody listens, held while the
-- hop is cut or the other end reads nothing, and reset when a host goes down. One of TLS or
-- WebSocket opens when its handshake is done too, which takes as many rounds as the real one.
--
-- Whoever owns an end is told by
--   owner:stream_accepted(socket, end)   a listener got a connection; gives end.owner
--   owner:stream_opened(end)             it is open; where there is such a method
--   owner:stream_moved(end)              what waited has left, or some; where there is one
--   owner:stream_data(end, bytes)
--   owner:stream_closed(end, error_name) the other side closed it, refused it, died
-- An owner with the field shakes_hands = false leaves the handshake of TLS or WebSocket half
-- done.

local trace = require "moonsip.trace"

---@class moonsip.test.StreamEnd
---@field id integer          of the connection, the same at both ends
---@field transport string
---@field ip string
---@field port integer
---@field address string
---@field peer moonsip.test.StreamEnd
---@field owner table?
---@field is_open boolean     all handshakes are done, so far as this end knows
---@field is_closed boolean   by this end, or as far as it heard
---@field is_plain boolean?   what is sent is none of SIP's: the journal does not have it
---@field waiting_bytes integer  sent, and still here
---@field private is_connected boolean  that of TCP is done
---@field private is_held boolean?      nothing more is read at this end
---@field private is_cut boolean?       it was closed at once
---@field private attempt table?        ends the attempt to connect when that lasts
---@field private arrives_at integer  the last of what was sent from here
---@field private waiting table[]     for the handshake, or for the hop to be whole
local End = {}
End.__index = End
End.__name = "moonsip.test.stream_end"

local stream = {}

-- How long a connection attempt lasts that nobody answers.
local connect_ms <const> = 4000

-- Rounds between a connection of TCP and the first message (RFC 8446 2, RFC 6455 1.3).
local rounds <const> = { tcp = 0, tls = 1, ws = 1, wss = 2 }

-- What travels: `act(far end, value, record)`. A greeting is of a handshake.
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

local hear_connected, hear_greeting

local function may_depart(self, segment)
  local is_ready = self.is_open or segment.is_greeting and self.is_connected
  local is_taken = not self.peer.is_held or segment.act == hear_connected
  return is_ready and is_taken and not self.wire:hop(hosts_of(self)).is_cut
end

-- Sends `act` to the peer, in order after what went before.
local function send(self, act, value, record)
  local segment = setmetatable({
    to = self.peer, act = act, value = value, record = record,
  }, Segment)
  if #self.waiting == 0 and may_depart(self, segment) then
    depart(self, segment)
  else
    table.insert(self.waiting, segment)
    self.waiting_bytes = self.waiting_bytes + (record and #record.bytes or 0)
  end
end

-- Sends what belongs to a handshake, before all that waits for that.
local function greet(self, act, value)
  local segment = setmetatable({ to = self.peer, act = act, value = value,
                                 is_greeting = true }, Segment)
  if may_depart(self, segment) then
    depart(self, segment)
  else
    table.insert(self.waiting, 1, segment)
  end
end

--- Sends what waited, as far as it may go.
function End:resume()
  local waiting, left = self.waiting, {}
  self.waiting, self.waiting_bytes = left, 0
  for _, segment in ipairs(waiting) do
    if not left[1] and may_depart(self, segment) then
      depart(self, segment)
    else
      left[#left + 1] = segment
      self.waiting_bytes = self.waiting_bytes + (segment.record and #segment.record.bytes or 0)
    end
  end
  local owner = not self.is_closed and #left < #waiting and self.owner
  if owner and owner.stream_moved then owner:stream_moved(self) end
end

--- Reads nothing more, until it is let go: what is sent to it waits at the other end.
---@param is_held boolean
function End:hold(is_held)
  self.is_held = is_held
  if not is_held then self.peer:resume() end
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

-- What waits is never sent.
local function lose_waiting(self, why)
  for _, segment in ipairs(self.waiting) do
    if segment.record then segment.record.lost = why end
  end
  self.waiting, self.waiting_bytes = {}, 0
end

local function end_attempt(self)
  if self.attempt then self.wire:cancel(self.attempt) end
  self.attempt = nil
end

-- The end hears that there is no connection any more, or never was one.
local function hear_closed(self, name)
  end_attempt(self)
  lose_waiting(self, name)
  local owner = not self.is_closed and self.owner
  self.is_closed = true
  forget_when_done(self)
  if owner then owner:stream_closed(self, name) end
end

--- Sends bytes; they wait while the connection is being opened, the hop is cut, or the other
--- end reads nothing.
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
  if not self.is_open and rounds[self.transport] > 0 then return self:cut "EOF" end
  self.is_closed = true
  send(self, hear_closed, "EOF")
  forget_when_done(self)
end

--- Ends it at once: what was not sent is lost, and the other end hears `name`.
---@param name string  "EOF", "ECONNRESET"
function End:cut(name)
  if self.is_closed then return end
  end_attempt(self)
  self.is_closed, self.is_cut = true, true
  lose_waiting(self, "cut off")
  if self.is_connected then greet(self, hear_closed, name) end
  forget_when_done(self)
end

--- The host of this end lost its power: what was not sent is gone.
function End:reset()
  self:cut "ECONNRESET"
end

-- ---- opening

local function open(self)
  end_attempt(self)
  self.is_open = true
  self:resume()
  local owner = not self.is_closed and self.owner
  if owner and owner.stream_opened then owner:stream_opened(self) end
end

local function shakes_hands(self)
  return not self.is_closed and self.owner and self.owner.shakes_hands ~= false
end

-- The client's turn in a handshake: it is open after the last.
local function take_turn(self, round)
  if round == rounds[self.transport] then
    open(self)
  elseif shakes_hands(self) then
    greet(self, hear_greeting, round + 1)
  end
end

-- The server answers; it has nothing to wait for after its last answer.
function hear_greeting(self, round)
  if not shakes_hands(self) then return end
  greet(self, take_turn, round)
  if round == rounds[self.transport] then open(self) end
end

function hear_connected(self)
  self.is_connected = true
  if self.is_cut then return greet(self, hear_closed, "EOF") end
  take_turn(self, 0)
end

-- The request for a connection reaches the peer's host.
local function arrive(self)
  local wire = self.wire
  local socket = wire.sockets[self.transport][self.address]
  local host = wire.hosts[self.ip]
  self.is_connected = true
  self.is_open = rounds[self.transport] == 0
  if not socket or host.is_down then
    self.is_closed = true
    return greet(self, hear_closed, "ECONNREFUSED")
  end
  greet(self, hear_connected)
  socket.owner:stream_accepted(socket, self)
end

local TimeOut = {}
TimeOut.__index = TimeOut

function TimeOut:happen()
  local client = self.client
  client.attempt = nil
  if client.is_connected then
    greet(client, hear_closed, "EOF")
  else
    client.peer.is_closed = true
  end
  hear_closed(client, "ETIMEDOUT")
end

local function new_end(wire, transport, id, ip, port)
  return setmetatable({ wire = wire, transport = transport, id = id, ip = ip, port = port,
                        address = trace.address(ip, port), is_connected = false,
                        is_open = false, is_closed = false, arrives_at = 0, waiting = {},
                        waiting_bytes = 0 }, End)
end

--- Begins to connect. What is sent meanwhile waits; a failure is told by
--- stream_closed with ECONNREFUSED or ETIMEDOUT.
---@param wire moonsip.test.Wire
---@param transport "tcp"|"tls"|"ws"|"wss"
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
  if owner.shakes_hands ~= false or rounds[transport] == 0 then
    client.attempt = setmetatable({ client = client }, TimeOut)
    wire:schedule(connect_ms, client.attempt)
  end
  local from, to = hosts_of(client)
  if to and not wire:hop(from, to).is_cut and not wire:hop(to, from).is_cut then
    depart(client, setmetatable({ to = server, act = arrive }, Segment))
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
