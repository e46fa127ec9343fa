-- SPDX-License-Identifier: MIT
-- The medium: a clock, what is going to happen, hosts with their addresses, and the
-- datagrams between them. It knows nothing of SIP.
--
-- An owner of a socket is told of a datagram by owner:datagram(socket, from, bytes),
-- from being an address such as "10.0.0.1:5060"; streams are stream.lua's.

local errors = require "moonsip.errors"
local journal = require "moonsip.test.journal"
local queue = require "moonsip.test.queue"
local random = require "moonsip.test.random"
local stream = require "moonsip.test.stream"
local trace = require "moonsip.trace"

---@class moonsip.test.Host
---@field name string
---@field addresses string[]
---@field is_down boolean

---@class moonsip.test.Socket
---@field transport string
---@field ip string
---@field port integer
---@field owner table

---@class moonsip.test.Wire
---@field now integer
---@field random moonsip.test.Random
---@field journal moonsip.test.Journal
---@field tick fun(now: integer)  told when the clock moves
---@field delivered integer  datagrams and stream segments that arrived
---@field in_flight integer
local Wire = {}
Wire.__index = Wire
Wire.__name = "moonsip.test.wire"

local wire = {}

-- What the text of an IPv6 address with a port begins with.
local bracket <const> = ("["):byte()

-- RFC 6335 6: ports for the ends of connections.
local first_ephemeral <const>, last_ephemeral <const> = 49152, 65535

---@param options { seed: integer, link: moonsip.test.Link, keep: integer }
---@return moonsip.test.Wire
function wire.new(options)
  return setmetatable({
    now = 0,
    tick = function() end,
    queue = queue.new(),
    random = random.new(options.seed),
    journal = journal.new(options.keep),
    default_link = options.link,
    hops = {},     -- [from host][to host] = { link, is_cut }
    hosts = {},    -- [ip] = host
    host_at = {},  -- ["10.0.0.1:5060"] = host, of addresses that were used
    sockets = { udp = {}, tcp = {}, tls = {}, ws = {}, wss = {} }, -- [address] = socket
    connections = {}, -- [id] = the end that opened it (stream.lua)
    ephemeral = {},
    loses = false, -- of Network:drop
    delivered = 0, in_flight = 0,
    serial = 0,    -- of connections
  }, Wire)
end

-- ---- hosts and the hops between them

---@param host moonsip.test.Host
---@return boolean  false when another host has one of its addresses
function Wire:add_host(host)
  for _, ip in ipairs(host.addresses) do
    if self.hosts[ip] and self.hosts[ip] ~= host then return false end
  end
  for _, ip in ipairs(host.addresses) do self.hosts[ip] = host end
  return true
end

--- The host of "10.0.0.1:5060", if there is one.
---@param text string
---@return moonsip.test.Host?
function Wire:host_of(text)
  local host = self.host_at[text]
  if not host then
    host = self.hosts[text:match "^%[(.-)%]" or text:match "^([^:]*)"]
    self.host_at[text] = host
  end
  return host
end

--- What is between two hosts, in one direction.
---@return { link: moonsip.test.Link, is_cut: boolean }
function Wire:hop(from, to)
  local row = self.hops[from]
  if not row then
    row = {}
    self.hops[from] = row
  end
  local hop = row[to]
  if not hop then
    hop = { link = self.default_link, is_cut = false }
    row[to] = hop
  end
  return hop
end

--- No hop is cut any more.
function Wire:heal()
  for _, row in pairs(self.hops) do
    for _, hop in pairs(row) do hop.is_cut = false end
  end
end

--- Sends what waited on connections for hops that are whole now.
function Wire:resume_streams()
  for _, one in ipairs(stream.ends(self)) do one:resume() end
end

--- Every connection of a host breaks, as when it loses its power.
function Wire:reset_streams(host)
  for _, one in ipairs(stream.ends(self)) do
    if self.hosts[one.ip] == host then one:reset() end
  end
end

-- ---- time

--- Moves the clock; it never runs backwards. `tick` hears of it.
function Wire:set_now(at)
  if at <= self.now then return end
  self.now = at
  self.tick(at)
end

--- Has `what:happen(wire)` called in `ms`.
function Wire:schedule(ms, what)
  self.queue:put(self.now + ms, what)
end

--- Does not have it called, which it is to be.
function Wire:cancel(what)
  self.queue:cancel(what)
end

--- Does what comes next, unless that is later than `limit`. Returns what it did.
---@param limit integer?
---@return any what  nil: nothing comes, or not by then
function Wire:next(limit)
  local at = self.queue:next_at()
  if not at or limit and at > limit then return nil end
  local what = self.queue:take()
  self:set_now(at)
  what:happen(self)
  return what
end

-- ---- sockets

--- Opens a socket; port 0 picks one.
---@param transport "udp"|"tcp"|"tls"
---@param owner table
---@return moonsip.test.Socket?
---@return moonsip.Error? err
function Wire:bind(transport, ip, port, owner)
  if port == 0 then port = self:ephemeral_port(ip) end
  local text, sockets = trace.address(ip, port), self.sockets[transport]
  if sockets[text] then
    local reason = ("%s %s: address already in use"):format(transport, text)
    return nil, errors.new("transport", reason, { name = "EADDRINUSE" })
  end
  local socket = { transport = transport, ip = ip, port = port, address = text,
                   host = self.hosts[ip], owner = owner }
  sockets[text] = socket
  return socket
end

function Wire:unbind(socket)
  local sockets = self.sockets[socket.transport]
  if sockets[socket.address] == socket then sockets[socket.address] = nil end
end

--- A number that no connection has yet.
---@return integer
function Wire:next_serial()
  self.serial = self.serial + 1
  return self.serial
end

--- A port that nobody was given yet on this address.
function Wire:ephemeral_port(ip)
  local port = self.ephemeral[ip] or first_ephemeral
  self.ephemeral[ip] = port < last_ephemeral and port + 1 or first_ephemeral
  return port
end

-- ---- datagrams

-- A record of the journal that is on its way.
local Datagram = {}
Datagram.__index = Datagram
Datagram.__name = "moonsip.test.datagram"

function Datagram:happen(net)
  net.in_flight = net.in_flight - 1
  local target = net.sockets.udp[self.to]
  if not target or target.host.is_down then
    self.lost = self.lost or "unreachable"
    return
  end
  net.delivered = net.delivered + 1
  target.owner:datagram(target, self.from, self.bytes)
end

--- Sends a datagram from a socket. Whatever becomes of it, nobody is told.
---@param socket moonsip.test.Socket
---@param to string  "10.0.0.1:5060"
---@param bytes string
function Wire:send(socket, to, bytes)
  local record = setmetatable({ at = self.now, transport = "udp", from = socket.address,
                                to = to, bytes = bytes, lost = nil }, Datagram)
  self.journal:add(record)
  local host = self:host_of(to)
  if not host then
    record.lost = "unreachable"
    return
  end
  local hop = self:hop(socket.host, host)
  if hop.is_cut then
    record.lost = "cut"
    return
  end
  if self.loses and self.loses(bytes, socket.address, to) then
    record.lost = "dropped"
    return
  end
  local ms, second = hop.link:fate(self.random, #bytes, to:byte() == bracket)
  if not ms then
    record.lost = second
    return
  end
  self.in_flight = self.in_flight + 1
  self.queue:put(self.now + ms, record)
  if second then
    self.in_flight = self.in_flight + 1
    self.queue:put(self.now + second, record)
  end
end

return wire
