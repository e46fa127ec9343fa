-- SPDX-License-Identifier: MIT
-- A peer made by hand, byte by byte: what it gets is a queue, what it sends is what
-- the spec wrote. It has no state machine that could be polite in the spec's place.

local address = require "moonsip.test.address"
local errors = require "moonsip.errors"
local glance = require "moonsip.glance"
local misuse = require "moonsip.misuse"
local stream = require "moonsip.test.stream"
local trace = require "moonsip.trace"

---@class moonsip.test.Received
---@field bytes string
---@field from string       "10.0.0.1:5060"
---@field at integer        ms
---@field seen moonsip.Glance
---@field private stream moonsip.test.StreamEnd?

---@class moonsip.test.Endpoint
---@field address string
---@field ip string
---@field port integer
---@field transport "udp"|"tcp"|"tls"|"ws"|"wss"
---@field shakes_hands boolean?  false: it leaves handshakes of TLS and WebSocket half done
---@field closed string?  why its last connection ended
---@field received moonsip.test.Received[]  not yet taken
local Endpoint = {}
Endpoint.__index = Endpoint
Endpoint.__name = "moonsip.test.endpoint"

local endpoint = {}

-- How long `expect` waits unless told.
local default_wait_ms <const> = 32000

---@param net moonsip.test.Network
---@param host moonsip.test.Host
---@param at { transport: string, ip: string, port: integer }
---@return moonsip.test.Endpoint
function endpoint.new(net, host, at)
  local self = setmetatable({
    net = net, host = host, transport = at.transport, ip = at.ip, port = at.port,
    address = trace.address(at.ip, at.port), received = {}, streams = {}, by_remote = {},
  }, Endpoint)
  local err
  self.socket, err = net.wire:bind(at.transport, at.ip, at.port, self)
  if not self.socket then misuse.raise("net:endpoint: %s", err.reason) end
  return self
end

-- ---- what the wire tells

local function arrived(self, from, bytes, one)
  table.insert(self.received, { bytes = bytes, from = from, at = self.net.wire.now,
                                seen = glance.at(bytes), stream = one })
end

function Endpoint:datagram(_, from, bytes)
  arrived(self, from, bytes)
end

local function add_stream(self, to, one)
  one.owner = self
  self.by_remote[to] = one
  table.insert(self.streams, one)
  if self.is_held then one:hold(true) end
  return one
end

function Endpoint:stream_accepted(_, one)
  add_stream(self, one.peer.address, one)
end

function Endpoint:stream_data(one, bytes)
  arrived(self, one.peer.address, bytes, one)
end

function Endpoint:stream_closed(one, name)
  self.closed = name
  self.by_remote[one.peer.address] = nil
  for at, other in ipairs(self.streams) do
    if other == one then table.remove(self.streams, at) end
  end
end

-- ---- what a spec does

-- The connection to an address; opened when there is none.
local function stream_to(self, to)
  local known = self.by_remote[to]
  if known then return known end
  local target = address.check("endpoint:send", to)
  return add_stream(self, to, stream.connect(self.net.wire, self.transport, self.ip, target.ip,
    target.port, self))
end

--- Opens a connection without sending anything over it.
---@param to string  "10.0.0.1:5061"
---@return moonsip.test.Endpoint self
function Endpoint:connect(to)
  if self.transport == "udp" then
    misuse.raise "endpoint:connect: UDP has no connections"
  end
  local target = address.check("endpoint:connect", to)
  stream_to(self, trace.address(target.ip, target.port))
  return self
end

--- Reads nothing more from its connections, until it is let go.
---@param is_held boolean
---@return moonsip.test.Endpoint self
function Endpoint:hold(is_held)
  self.is_held = misuse.check("endpoint:hold", "is_held", is_held, "boolean")
  for _, one in ipairs(self.streams) do one:hold(is_held) end
  return self
end

--- Sends bytes as they are: one datagram, or a piece of the stream.
---@param bytes string
---@param to string?  "10.0.0.1:5060"; the sender of the last message it got
---@return moonsip.test.Endpoint self
function Endpoint:send(bytes, to)
  misuse.check("endpoint:send", "bytes", bytes, "string")
  to = to or self.last_from
  if not to then
    misuse.argument("endpoint:send", "to", "nothing was received yet: say where to")
  end
  local target = address.check("endpoint:send", to)
  to = trace.address(target.ip, target.port)
  if self.transport == "udp" then
    self.net.wire:send(self.socket, to, bytes)
  else
    stream_to(self, to):send(bytes)
  end
  return self
end

-- Takes the first message in the queue that fits, and drops those before it.
local function take(self, fits)
  local queue = self.received
  for at, one in ipairs(queue) do
    if fits(one) then
      table.move(queue, at + 1, #queue + at, 1)
      self.last_from = one.from
      return one
    end
  end
end

local function matcher(what)
  if type(what) == "function" then
    return function(one) return what(one.bytes, one) end
  end
  if what == nil then return function() return true end end
  local filter
  if type(what) == "table" then
    filter = what
  elseif math.tointeger(what) then
    filter = { code = math.tointeger(what) }
  elseif type(what) == "string" and what:find "^%dxx$" then
    filter = { class = what }
  elseif type(what) == "string" then
    filter = { method = what }
  else
    misuse.argument("endpoint:expect", "what",
      "a method, a status, a class, a filter or a function expected")
  end
  return function(one) return glance.fits(one.seen, filter) end
end

--- Turns the network until a message has come that fits; skips others before it.
---@param what string|integer|table|function|nil  "INVITE", 200, "1xx", a filter as of
---  net:count, or fn(bytes, received); nil: whatever comes
---@param within_ms integer?  32000
---@return moonsip.test.Received?
---@return moonsip.Error? err
function Endpoint:expect(what, within_ms)
  local fits = matcher(what)
  local limit = self.net.wire.now + (within_ms or default_wait_ms)
  while true do
    local one = take(self, fits)
    if one then return one end
    local left = limit - self.net.wire.now
    if left < 0 or not self.net:turn(left) then
      return nil, errors.new("timeout", ("%s got nothing that fits %s"):format(
        self.address, type(what) == "table" and "the filter" or tostring(what)))
    end
  end
end

--- A response to a request that came: its Via, From, To (with a tag), Call-ID and CSeq
--- as they were, as RFC 3261 8.2.6.2 wants it.
---@param request moonsip.test.Received
---@param status integer
---@param reason string
---@param more string?  further header lines, each ending in CRLF, and nothing else
---@param body string?
---@return moonsip.test.Endpoint self
function Endpoint:reply(request, status, reason, more, body)
  local lines = { ("SIP/2.0 %d %s"):format(status, reason) }
  for line in request.bytes:match "^.-\r\n(.-\r\n)\r\n":gmatch "(.-)\r\n" do
    local name = line:match "^([%w%-]+)":lower()
    if name == "to" and not line:find ";tag=" and status > 100 then
      line = line .. ";tag=" .. self.ip:gsub("%X", "") .. self.port
    end
    if name == "via" or name == "from" or name == "to" or name == "call-id"
        or name == "cseq" then
      lines[#lines + 1] = line
    end
  end
  body = body or ""
  lines[#lines + 1] = ("%sContent-Length: %d\r\n\r\n%s"):format(more or "", #body, body)
  return self:send(table.concat(lines, "\r\n"), request.from)
end

--- Closes its connections; they can be opened again.
function Endpoint:disconnect()
  for _, one in ipairs(self.streams) do one:close() end
  self.streams, self.by_remote = {}, {}
end

--- Closes it for good.
function Endpoint:close()
  self:disconnect()
  self.net.wire:unbind(self.socket)
end

Endpoint.__close = Endpoint.close

return endpoint
