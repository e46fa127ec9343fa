-- SPDX-License-Identifier: MIT
-- What one engine has of the wire: its listeners, its connections, and the two
-- ways between bytes and the engine.

local address = require "moonsip.test.address"
local connection = require "moonsip.test.connection"
local core = require "moonsip.core"
local stream = require "moonsip.test.stream"
local trace = require "moonsip.trace"

---@class moonsip.test.Port
---@field engine table
---@field on_events function
---@field private listeners table<integer, { sockets: table[], numbers: integer[] }>
---@field private sockets table<string, table>    of UDP, by address
---@field due_at integer?  when the engine has something to do
---@field private connections table<integer, moonsip.test.Connection>   by id
---@field private by_remote table<string, moonsip.test.Connection>  the latest to an address
local Port = {}
Port.__index = Port
Port.__name = "moonsip.test.port"

local port = {}

---@param driver moonsip.test.Driver
---@return moonsip.test.Port
function port.new(driver, engine, on_events)
  local self = setmetatable({
    driver = driver, wire = driver.wire, clock = driver.net.clock,
    engine = engine, on_events = on_events,
    listeners = {}, sockets = {}, connections = {}, by_remote = {}, is_closed = false,
  }, Port)
  self.clock:attach(engine, driver)
  return self
end

-- ---- listeners

local function close_listener(self, one)
  for _, socket in ipairs(one.sockets) do
    self.wire:unbind(socket)
    if self.sockets[socket.address] == socket then self.sockets[socket.address] = nil end
  end
  for _, number in ipairs(one.numbers) do self.engine:remove_listener(number) end
end

--- Listens on each of the addresses; they make one listener for the script.
---@return { number: integer, transport: string, ip: string, port: integer }?
---@return moonsip.Error? err
function Port:listen(spec, addresses)
  local one = { sockets = {}, numbers = {}, transport = spec.transport }
  local at_port = spec.port
  for _, ip in ipairs(addresses) do
    local socket, err = self.wire:bind(spec.transport, ip, at_port, self)
    local number
    if socket then
      one.sockets[#one.sockets + 1] = socket
      number, err = self.engine:add_listener(spec.transport, ip, socket.port,
        spec.advertise_host, spec.advertise_port)
    end
    if not number then
      close_listener(self, one)
      return nil, err
    end
    one.numbers[#one.numbers + 1] = number
    at_port, socket.number, socket.flows = socket.port, number, {}
    if spec.transport == "udp" then self.sockets[socket.address] = socket end
  end
  self.listeners[one.numbers[1]] = one
  return { number = one.numbers[1], transport = spec.transport, ip = addresses[1],
           port = at_port }
end

function Port:unlisten(number)
  local one = self.listeners[number]
  if not one then return end
  self.listeners[number] = nil
  close_listener(self, one)
end

-- ---- in

--- A message for the engine.
function Port:receive(flow, bytes)
  local driver = self.driver
  if driver.recorder then
    driver.recorder(trace.record(self.wire.now, "in", bytes, flow), self.engine)
  end
  self.engine:receive(flow, bytes)
end

function Port:datagram(socket, from, bytes)
  local flow = socket.flows[from]
  if not flow then
    local peer = address.check("datagram", from)
    flow = core.flow("udp", socket.ip, socket.port, peer.ip, peer.port, socket.number, 0)
    socket.flows[from] = flow
  end
  self:receive(flow, bytes)
  self.driver:turn()
end

-- Where a connection leads to, as connection_for finds it again.
local function remote_of(one)
  return one.transport .. ":" .. one.peer.address
end

local function add_connection(self, one, number, is_ours)
  local made = connection.new(self, one, number, is_ours)
  self.connections[one.id], self.by_remote[remote_of(one)] = made, made
  return made
end

function Port:stream_accepted(socket, one)
  one.owner = self
  add_connection(self, one, socket.number, false)
end

function Port:stream_opened(one)
  self.connections[one.id]:opened()
end

function Port:stream_moved(one)
  self.connections[one.id]:moved()
end

function Port:stream_data(one, bytes)
  self.connections[one.id]:received(bytes)
  self.driver:turn()
end

--- A connection has ended; whoever waits for something on it hears why.
---@param lost moonsip.test.Connection
---@param name string  of the error
function Port:lose(lost, name)
  local one = lost.stream
  local remote = remote_of(one)
  lost:close()
  self.connections[one.id] = nil
  if self.by_remote[remote] == lost then self.by_remote[remote] = nil end
  lost:tell_lost(self.engine, name)
end

function Port:stream_closed(one, name)
  self:lose(self.connections[one.id], name)
  self.driver:turn()
end

-- ---- out

local function send_datagram(self, bytes, flow)
  local socket = self.sockets[flow.local_address]
  if not socket then return false end
  self.wire:send(socket, flow.remote_address, bytes)
  return true
end

-- RFC 3261 18.1.1, 18.2.2: the connection that was named; else any that is open to
-- the address, else a new one. When the named one is gone, `fallback` says where to.
local function connection_for(self, flow, fallback)
  local named = self.connections[flow.connection]
  if named then return named end
  local to = flow.connection == 0 and flow.remote_address or fallback
  if not to then return nil end
  local known = self.by_remote[flow.transport .. ":" .. to]
  if known then return known end
  local target = address.check("connection", to)
  local one = stream.connect(self.wire, flow.transport, flow.local_ip, target.ip, target.port,
    self)
  return add_connection(self, one, flow.listener, true)
end

local function send(self, bytes, flow, owner, fallback)
  local driver = self.driver
  if driver.host.is_down then return end
  if driver.recorder then
    driver.recorder(trace.record(self.wire.now, "out", bytes, flow), self.engine)
  end
  local sent, name
  if flow.transport == "udp" then
    sent = send_datagram(self, bytes, flow)
  else
    local over = connection_for(self, flow, fallback)
    if over then sent, name = over:send(bytes, owner) end
  end
  if not sent and owner ~= 0 then self.engine:send_failed(owner, name or "TRANSPORT") end
end

-- The transports that its listeners speak.
local function spoken(self)
  local list = {}
  for _, one in pairs(self.listeners) do list[#list + 1] = one.transport end
  table.sort(list)
  return list
end

local Late = {}
Late.__index = Late

function Late:happen()
  local owner = self.port
  if owner.is_closed then return end
  owner.engine:resolved(self.id, nil, "DNS_TIMEOUT")
  owner.driver:turn()
end

--- Answers a query of the engine from the names of the network (RFC 3263 4).
function Port:locate(id, host, at_port, transport, is_secure, is_steady)
  local net = self.driver.net
  local targets, err, after_ms = net.names:locate({ host = host, port = at_port,
    transport = transport, is_secure = is_secure, is_steady = is_steady,
    spoken = spoken(self) })
  if after_ms then
    return self.wire:schedule(after_ms, setmetatable({ port = self, id = id }, Late))
  end
  self.engine:resolved(id, targets, err)
end

-- False when there was no query.
local function answer(self, id, ...)
  if not id then return false end
  if self.on_resolve then self.on_resolve(id, ...) else self:locate(id, ...) end
  return true
end

--- Sends what the engine has to send and answers what it asks.
function Port:flush()
  local engine = self.engine
  while true do
    local bytes, flow, owner, fallback = engine:next_packet()
    if bytes then
      send(self, bytes, flow, owner, fallback)
    else
      if not answer(self, engine:next_query()) then return end
    end
  end
end

--- Fires what is due, hands events out and sends what waits, until the engine rests.
function Port:turn()
  local engine, clock = self.engine, self.clock
  if self.due_at and self.due_at <= self.wire.now then engine:advance(self.wire.now) end
  repeat
    if engine:has_event() then self.on_events() end
    if self.is_closed then return end
    self:flush()
  until not engine:has_event()
  clock:rest(engine)
  self.due_at = engine:deadline()
end

--- Closes listeners and connections; the engine has no clock any more.
function Port:close()
  self.is_closed = true
  self.clock:detach(self.engine)
  for _, one in pairs(self.listeners) do
    for _, socket in ipairs(one.sockets) do self.wire:unbind(socket) end
  end
  self.listeners, self.sockets = {}, {}
  local ids = {}
  for id in pairs(self.connections) do ids[#ids + 1] = id end
  table.sort(ids)
  for _, id in ipairs(ids) do
    self.connections[id]:close()
    self.connections[id].stream:close()
  end
  self.connections, self.by_remote = {}, {}
end

return port
