-- SPDX-License-Identifier: MIT
-- A connection as an engine's port has it: what of a message is incomplete, who waits for it
-- to open, and the bounds and deadlines that csrc/net/connection.c keeps on the real network.

local core = require "moonsip.core"

---@class moonsip.test.Connection
---@field stream moonsip.test.StreamEnd
---@field flow table           as core.flow gives it
---@field private port moonsip.test.Port
---@field private framer table?      nil: each piece is a message, as over WebSocket
---@field private waiting integer[]  owners of what was sent before it was open
---@field private is_proven boolean  opened by us, or a whole message came
---@field private since integer      it was opened, or its handshake was done
---@field private used_at integer
---@field private partial_at integer?  since when a message is incomplete
---@field private stalled_at integer?  since when the other end takes nothing
---@field private watch table          its place in the queue of the wire
local Connection = {}
Connection.__index = Connection
Connection.__name = "moonsip.test.connection"

local connection = {}

-- The defaults of csrc/net/loop.h, in ms and bytes.
local partial_ms <const>, idle_ms <const> = 30000, 3900000
local max_queue <const> = 1048576

local keeps_messages <const> = { ws = true, wss = true }

-- ---- deadlines

local function deadline_of(self)
  if not self.stream.is_open then
    return self.is_ours and math.maxinteger or self.since + partial_ms -- stream.lua has ours
  end
  local at = self.used_at + idle_ms
  if not self.is_proven then at = math.min(at, self.since + partial_ms) end
  if self.partial_at then at = math.min(at, self.partial_at + partial_ms) end
  if self.stalled_at then at = math.min(at, self.stalled_at + partial_ms) end
  return at
end

local Watch = {}
Watch.__index = Watch

-- It is not moved with every message: one that comes too early waits for what is left.
local function arm(self)
  local at, wire = deadline_of(self), self.stream.wire
  if at == math.maxinteger or self.watch and self.watch.at <= at then return end
  if self.watch then wire:cancel(self.watch) end
  self.watch = setmetatable({ of = self, at = at }, Watch)
  wire:schedule(at - wire.now, self.watch)
end

function Watch:happen(wire)
  local of = self.of
  of.watch = nil
  if deadline_of(of) > wire.now then return arm(of) end
  of:cut "TIMEOUT"
  of.port.driver:turn()
end

local function note_stalled(self)
  if self.stream.waiting_bytes == 0 then
    self.stalled_at = nil
  elseif not self.stalled_at then
    self.stalled_at = self.stream.wire.now
    arm(self)
  end
end

-- ---- life

--- What a port knows of an end of a stream.
---@param port moonsip.test.Port
---@param one moonsip.test.StreamEnd
---@param number integer   the listener's
---@param is_ours boolean  we opened it
---@return moonsip.test.Connection
function connection.new(port, one, number, is_ours)
  local peer, now = one.peer, one.wire.now
  local self = setmetatable({
    port = port, stream = one, is_ours = is_ours, is_proven = is_ours, since = now,
    used_at = now, waiting = {},
    framer = not keeps_messages[one.transport] and core.framer() or nil,
    flow = core.flow(one.transport, one.ip, one.port, peer.ip, peer.port, number, one.id),
  }, Connection)
  arm(self)
  return self
end

--- Its handshake is done.
function Connection:opened()
  self.waiting = {}
  self.since, self.used_at = self.stream.wire.now, self.stream.wire.now
  note_stalled(self)
  arm(self)
end

--- It has ended: nothing of it happens any more.
function Connection:close()
  if self.watch then self.stream.wire:cancel(self.watch) end
  self.watch = nil
end

--- Ends it at once, and tells the engine why.
---@param name string  of the error
function Connection:cut(name)
  self.stream:cut "EOF"
  self.port:lose(self, name)
end

--- Requests that waited for it to open, or wait on it, learn that nothing comes of it.
---@param engine table
---@param name string  of the error
function Connection:tell_lost(engine, name)
  for _, owner in ipairs(self.waiting) do engine:send_failed(owner, name) end
  self.waiting = {}
  engine:connection_lost(self.stream.id, name)
end

-- ---- out

--- Sends a message: true, or nil and the error's name.
---@param bytes string
---@param owner integer  0: nobody
---@return boolean?
---@return string? name
function Connection:send(bytes, owner)
  local one, engine = self.stream, self.port.engine
  if one.waiting_bytes + #bytes > max_queue then
    self:cut "LIMIT"
    return nil, "LIMIT"
  end
  if not one:send(bytes) then return nil, "TRANSPORT" end
  if owner ~= 0 then
    if not one.is_open then table.insert(self.waiting, owner) end
    engine:sent_by(owner, one.id, one.is_open)
  end
  if one.is_open then
    if one.waiting_bytes == 0 then self.used_at = one.wire.now end
    note_stalled(self)
  end
  return true
end

--- What waited has left, or some of it.
function Connection:moved()
  self.stalled_at = nil
  note_stalled(self)
end

-- ---- in

local function note_partial(self, is_partial)
  if not is_partial then
    self.partial_at = nil
  elseif not self.partial_at then
    self.partial_at = self.stream.wire.now
    arm(self)
  end
end

-- RFC 5626 3.5.1, which over WebSocket is a message of its own (RFC 7118 6).
local function answer_ping(self) self.stream:send "\r\n" end

local function take(self, bytes)
  self.is_proven = true
  self.port:receive(self.flow, bytes)
end

local function take_frames(self, bytes)
  local framer = self.framer
  framer:feed(bytes)
  for kind, message in framer.next, framer do
    if kind == "ping" then
      answer_ping(self)
    elseif kind == "pong" then
      self.port.engine:ponged(self.stream.id)
    elseif kind == "message" then
      self.partial_at = nil
      take(self, message)
    elseif kind == "error" then
      self.port:receive(self.flow, message)
      self.stream:close()
      return self.port:lose(self, "TRANSPORT")
    end
    if self.stream.is_closed then return end
  end
  note_partial(self, framer:has_partial())
end

--- Bytes came: messages for the engine, pings, and the beginning of what comes later.
---@param bytes string
function Connection:received(bytes)
  self.used_at = self.stream.wire.now
  if self.framer then
    take_frames(self, bytes)
  elseif bytes:find "%S" then
    take(self, bytes)
  elseif #bytes > 2 then
    answer_ping(self)
  else
    self.port.engine:ponged(self.stream.id)
  end
end

return connection
