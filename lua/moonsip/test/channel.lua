-- SPDX-License-Identifier: MIT
-- Connections of scripts' own over the wire (driver.lua's `connect`), and the servers that
-- they lead to: bytes both ways, with a window, so that an end that does not read holds the
-- other one up as TCP does.

local errors = require "moonsip.errors"
local stream = require "moonsip.test.stream"

---@class moonsip.test.Channel
---@field private wire moonsip.test.Wire
---@field private fn fun(kind: string, ...)
---@field private driver moonsip.test.Driver?  whose turn follows
---@field private one moonsip.test.StreamEnd
---@field private unread integer   bytes of ours that the other end has not taken
---@field private kept string[]    bytes of theirs that were not taken
---@field private is_held boolean
local Channel = {}
Channel.__index = Channel
Channel.__name = "moonsip.test.channel"

local channel = {}

-- Bytes that may be on their way and unread (the default of RFC 9293's window).
local window <const> = 65535

local function new(wire, one, fn, driver)
  one.is_plain = true -- none of SIP's messages, which is what the journal is for
  return setmetatable({ wire = wire, one = one, fn = fn, driver = driver, unread = 0,
                        kept = {}, is_held = false, is_closed = false, moved_at = wire.now,
                      }, Channel)
end

local function tell(self, ...)
  if self.is_closed then return end
  self.fn(...)
  if self.driver then self.driver:turn() end
end

local function fail(self, name)
  tell(self, "failed", errors.of_failure(name))
  self.is_closed = true
end

-- ---- what the stream tells

function Channel:stream_opened() tell(self, "open") end

local function drain(self)
  while self.kept[1] and not self.is_held and not self.is_closed do
    local bytes, far = table.remove(self.kept, 1), self.one.peer.owner
    tell(self, "data", bytes)
    if far and far.taken then far:taken(#bytes) end
  end
  if self.has_ended and not self.kept[1] and not self.is_held then
    self.has_ended = false
    tell(self, "end")
  end
end

function Channel:stream_data(_, bytes)
  table.insert(self.kept, bytes)
  drain(self)
end

function Channel:stream_closed(_, name)
  if name ~= "EOF" then return fail(self, name) end
  self.has_ended = true
  drain(self)
end

--- The other end took so many bytes of ours.
---@package
function Channel:taken(count)
  self.unread, self.moved_at = self.unread - count, self.wire.now
  if self.is_full and self.unread < window // 2 then
    self.is_full = false
    tell(self, "writable")
  end
end

-- What is unread for too long breaks it (RFC 5482: the user timeout).
local Patience = {}
Patience.__index = Patience

function Patience:happen(wire)
  local of = self.of
  of.is_watched = false
  if of.is_closed or of.unread == 0 then return end
  if wire.now - of.moved_at >= of.patience_ms then
    of.one:reset()
    return fail(of, "ETIMEDOUT")
  end
  of:watch()
end

---@private
function Channel:watch()
  if not self.patience_ms or self.is_watched then return end
  self.is_watched = true
  self.wire:schedule(self.patience_ms, setmetatable({ of = self }, Patience))
end

-- ---- what its user does

--- How many bytes were taken, or nil and an error.
---@param bytes string
---@return integer?
---@return moonsip.Error? err
function Channel:write(bytes)
  local room = window - self.unread
  if #bytes > room then
    bytes, self.is_full = bytes:sub(1, math.max(room, 0)), true
  end
  if bytes == "" then return 0 end
  if not self.one:send(bytes) then return nil, errors.of_failure "EPIPE" end
  if self.unread == 0 then self.moved_at = self.wire.now end
  self.unread = self.unread + #bytes
  self:watch()
  return #bytes
end

--- Takes nothing of what comes, until it is let go.
---@param is_held boolean
function Channel:hold(is_held)
  self.is_held = is_held
  if not is_held then drain(self) end
end

function Channel:close()
  self.is_closed = true
  self.one:close()
end

--- Breaks it: the other end hears of a reset.
function Channel:reset()
  self.is_closed = true
  self.one:reset()
end

-- ---- making them

--- Connects a host's driver to a server.
---@return moonsip.test.Channel
function channel.connect(driver, ip, port, options, fn)
  local self = new(driver.wire, {}, fn, driver)
  self.patience_ms = options.patience_ms
  self.one = stream.connect(driver.wire, "tcp", driver:source_ip(ip), ip, port, self)
  self.one.is_plain = true
  return self
end

---@class moonsip.test.Peer: moonsip.test.Channel
---@field unsent string    what waits for the other end to read
---@field received string  all that came, for those who set no `on_data`
---@field on_data fun(peer: moonsip.test.Peer, bytes: string)?
---@field on_end fun(peer: moonsip.test.Peer, err: moonsip.Error?)?
---@field ended string?    "end", or the name of the error
local Peer = setmetatable({}, { __index = Channel })
Peer.__name = "moonsip.test.peer"

--- `received` is put together when it is asked for.
function Peer:__index(key)
  if key ~= "received" then return Peer[key] end
  local pieces = self.pieces
  if #pieces > 1 then self.pieces = { table.concat(pieces) } end
  return self.pieces[1] or ""
end

local function flush(self)
  local taken = self:write(self.unsent)
  self.unsent = taken and self.unsent:sub(taken + 1) or ""
end

local on = {}

function on.data(self, bytes)
  if self.on_data then return self:on_data(bytes) end
  table.insert(self.pieces, bytes)
end

on.writable = flush

on["end"] = function(self)
  self.ended = "end"
  if self.on_end then self:on_end() end
end

function on.failed(self, err)
  self.ended = err.name
  if self.on_end then self:on_end(err) end
end

--- Sends bytes, as fast as the other end takes them.
---@param bytes string
function Peer:send(bytes)
  local was_empty = self.unsent == ""
  self.unsent = self.unsent .. bytes
  if was_empty then flush(self) end
end

local Server = {}
Server.__index = Server

function Server:stream_accepted(socket, one)
  local peer
  peer = setmetatable(new(self.wire, one, function(kind, ...)
    if on[kind] then on[kind](peer, ...) end
  end), Peer)
  peer.unsent, peer.pieces = "", {}
  one.owner = peer
  table.insert(self.peers, peer)
  if self.fn then self.fn(peer, socket) end
end

--- Stops listening; connections go on.
function Server:close() self.wire:unbind(self.socket) end

--- Listens on a host's address: `fn(peer)` for each connection.
---@param wire moonsip.test.Wire
---@param fn fun(peer: moonsip.test.Peer)?
function channel.listen(wire, ip, port, fn)
  local self = setmetatable({ wire = wire, fn = fn, peers = {} }, Server)
  local socket, err = wire:bind("tcp", ip, port, self)
  if not socket then return nil, err end
  self.socket, self.port = socket, socket.port
  return self
end

return channel
