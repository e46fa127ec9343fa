-- SPDX-License-Identifier: MIT
-- The driver of a context in the test network: what driver.lua is over the loop of
-- the core, over a virtual clock and a wire of Lua tables. One driver is one host.

local address = require "moonsip.test.address"
local channel = require "moonsip.test.channel"
local core = require "moonsip.core"
local errors = require "moonsip.errors"
local attachment = require "moonsip.test.port"
local trace = require "moonsip.trace"

---@class moonsip.test.Driver
---@field net moonsip.test.Network
---@field wire moonsip.test.Wire
---@field host moonsip.test.Host
---@field wheel table
---@field private ports moonsip.test.Port[]  one for each engine, in order
---@field private armed_at integer?  the instant of the wake-up that is scheduled
---@field is_marked boolean          it is in the network's list of work
local Driver = {}
Driver.__index = Driver
Driver.__name = "moonsip.test.driver"

local driver = {}

---@param net moonsip.test.Network
---@param host moonsip.test.Host
---@return moonsip.test.Driver
function driver.new(net, host)
  return setmetatable({
    net = net, wire = net.wire, host = host,
    wheel = core.timers(net.wire.now),
    ports = {}, is_marked = false, is_closed = false,
  }, Driver)
end

function Driver:now() return self.wire.now end

--- No time passes inside a turn.
function Driver:clock() return self.wire.now end

function Driver:clock_and_source() return Driver.clock, self end
-- What time it is on a network when it is made.
local epoch_ms <const> = 1735689600000 -- the first instant of 2025

function Driver:wall() return epoch_ms + self.wire.now end

function Driver:stamp() return trace.time(self.wire.now) end

function Driver:engine_options()
  return { now = self.wire.now, seed = self.net:engine_seed() }
end

function Driver:timers() return self.wheel end

function Driver:set_on_timer(fn) self.on_timer = fn end

function Driver:set_on_signal(fn) self.on_signal = fn end

function Driver:hold_signals() return true end

function Driver:record(fn) self.recorder = fn end

-- ---- engines and their sockets

local function port_of(self, engine)
  for at, one in ipairs(self.ports) do
    if one.engine == engine then return one, at end
  end
  error("an engine that is not attached", 3)
end

function Driver:attach(engine, on_events)
  table.insert(self.ports, attachment.new(self, engine, on_events))
  self:changed()
end

function Driver:detach(engine)
  local one, at = port_of(self, engine)
  one:flush()
  one:close()
  table.remove(self.ports, at)
end

-- Where a script's `listen` ends up: a script names its own machine, which here is
-- this host.
local function own_addresses(self, ip)
  local same_family = {}
  for _, own in ipairs(self.host.addresses) do
    if own == ip then return { own } end
    if address.is_ipv6(own) == address.is_ipv6(ip) then
      same_family[#same_family + 1] = own
    end
  end
  return #same_family > 0 and same_family or self.host.addresses
end

function Driver:listen(engine, spec)
  if not self.wire.sockets[spec.transport] then
    return nil, errors.new("transport",
      ("the test network has no transport %q"):format(spec.transport))
  end
  local ip = address.ip(spec.ip) or spec.ip
  return port_of(self, engine):listen(spec, own_addresses(self, ip))
end

--- A hop over TLS is one without the cryptography: who is at the other end is not in
--- doubt here.
function Driver:load_tls() end
function Driver:has_certificate(config) return not config or #config.identities > 0 end
function Driver:set_tls() end
function Driver:set_on_refused() end

function Driver:unlisten(engine, number)
  port_of(self, engine):unlisten(number)
end

-- ---- turns

--- Has this driver looked at before the clock moves on.
function Driver:changed()
  self.net:mark(self)
end

-- Fires the timers of the context that are due.
local function fire(self)
  local now = self.wire.now
  while not self.is_closed do
    local value = self.wheel:expire(now)
    if value == nil then return end
    self.on_timer(value)
  end
end

-- The next instant at which something of this host is due.
local function deadline(self)
  local at = self.wheel:deadline()
  for _, one in ipairs(self.ports) do
    local other = one.due_at
    if other and (not at or other < at) then at = other end
  end
  return at
end

local Wake = {}
Wake.__index = Wake

function Wake:happen()
  local owner = self.driver
  if owner.armed_at ~= self.at then return end -- a sooner one came in between
  owner.armed_at = nil
  owner:turn()
end

local function arm(self)
  local at = deadline(self)
  if not at or self.armed_at and self.armed_at <= at then return end
  self.armed_at = math.max(at, self.wire.now)
  self.wire:schedule(self.armed_at - self.wire.now,
    setmetatable({ driver = self, at = self.armed_at }, Wake))
end

--- Fires what is due, hands events out, sends what waits, until nothing is left.
function Driver:turn()
  if self.is_closed then return end
  fire(self)
  local ports = self.ports
  for at = #ports, 1, -1 do -- a handler may close the one it belongs to
    if ports[at] then ports[at]:turn() end
  end
  if not self.is_closed then arm(self) end
end

--- The counters of each of its engines: an iterator.
function Driver:counts()
  local at = 0
  return function()
    at = at + 1
    return self.ports[at] and self.ports[at].engine:counts()
  end
end

function Driver:step(timeout_ms)
  return self.net:turn(timeout_ms)
end

function Driver:run()
  self.is_stopped = false
  while not self.is_stopped and self:step(nil) do end
end

function Driver:stop()
  self.is_stopped = true
  self:changed()
end

-- ---- names

local Answer = {}
Answer.__index = Answer

function Answer:happen()
  if self.driver.is_closed then return end
  self.fn(self.found, self.err)
  self.driver:turn()
end

local function answer_later(self, fn, found, err, after_ms)
  self.wire:schedule(after_ms or 0,
    setmetatable({ driver = self, fn = fn, found = found, err = err }, Answer))
end

local function silence()
  return errors.new("dns", "no answer from the DNS in time", { name = "DNS_TIMEOUT" })
end

function Driver:resolve(host, fn)
  local found, after_ms = self.net.names:addresses(host)
  if after_ms then return answer_later(self, fn, nil, silence(), after_ms) end
  answer_later(self, fn, found, not found
    and errors.new("dns", host .. ": name not found", { name = "DNS" }) or nil)
end

function Driver:lookup(kind, name, fn)
  local found, after_ms = self.net.names:records(kind, name)
  answer_later(self, fn, found, after_ms and silence(), after_ms)
  return true
end

function Driver:set_on_resolve(engine, fn) port_of(self, engine).on_resolve = fn end

function Driver:locate(engine, ...) port_of(self, engine):locate(...) end

-- ---- the web: what sites.lua knows

Driver.is_virtual = true

function Driver:http_listen(spec, fn)
  local ips = own_addresses(self, address.ip(spec.ip) or spec.ip)
  return self.net.web:listen(self, ips, spec, fn)
end

function Driver:http_close(number) self.net.web:close(number) end

function Driver:http_answer(id, status, fields, body)
  self.net.web:answer(self.wire, id, status, fields, body)
end

function Driver:http_ask(wish, fn) return self.net.web:ask(self, wish, fn) end

function Driver:http_cancel(id) self.net.web:cancel(id) end

--- There is one DNS here, and everybody reaches it.
function Driver:name_servers() return true end

function Driver:seed() return self.net.names:seed() end

-- ---- connections of scripts' own

function Driver:connect(ip, port, options, fn)
  local id = self.wire:next_serial()
  self.channels = self.channels or {}
  self.channels[id] = channel.connect(self, ip, port, options, function(kind, ...)
    if self.is_closed or not self.channels[id] then return end
    if kind == "failed" then self.channels[id] = nil end
    fn(kind, ...)
  end)
  return id
end

function Driver:channel_write(id, bytes)
  local one = self.channels[id]
  if not one then return nil, errors.of_failure "GONE" end
  return one:write(bytes)
end

function Driver:channel_hold(id, is_held)
  if self.channels[id] then self.channels[id]:hold(is_held) end
end

--- A connection of the wire is closed both ways at once.
function Driver:channel_finish(id) self:channel_close(id) end

function Driver:channel_close(id)
  local one = self.channels[id]
  self.channels[id] = nil
  if one then one:close() end
end

-- ---- programs: real ones, which take no virtual time at all

-- One that has not ended by then hangs: on the virtual clock it never ends.
local patience_ms <const> = 10000

local Ending = {}
Ending.__index = Ending

function Ending:happen()
  local owner = self.driver
  if owner.is_closed or not owner.children[self.id] then return end
  owner.children[self.id] = nil
  self.fn(table.unpack(self.values, 1, self.values.n))
  owner:turn()
end

--- A real loop, for what is not simulated.
local function outside(self)
  self.outside = self.outside or core.loop()
  return self.outside
end

--- Hands what came of something at this virtual instant to its `fn`.
local function end_now(self, ending)
  self.children = self.children or {}
  self.last_child = (self.last_child or 0) + 1
  ending.id = self.last_child
  self.children[ending.id] = true
  self.wire:schedule(0, ending)
  return ending.id
end

--- Runs code in a thread to its end, here and now; `fn` hears of it at this virtual
--- instant. The threads of some workers last as long as on a real loop.
function Driver:work(workers, code, fn, ...)
  local loop = outside(self)
  if not workers.core then
    workers.core = assert(loop:workers(workers.threads, workers.waiting))
  end
  local ending = setmetatable({ driver = self, fn = fn }, Ending)
  local arguments = table.pack(package.path, package.cpath, code, ...)
  arguments[arguments.n + 1] = function(...) ending.values = table.pack(...) end
  local id, err = workers.core:add(table.unpack(arguments, 1, arguments.n + 1))
  if not id then return nil, err end
  while not ending.values do loop:step() end
  return end_now(self, ending)
end

--- Asks a real Redis server, and waits for its reply here and now.
function Driver:ask_redis(server, fn, ...)
  local loop = outside(self)
  local ending = setmetatable({ driver = self, fn = fn }, Ending)
  server.core = server.core or assert(loop:redis(server))
  local asked, err = server.core:command(function(...) ending.values = table.pack(...) end, ...)
  if not asked then return nil, err end
  while not ending.values do loop:step() end
  end_now(self, ending)
  return true
end

function Driver:end_redis(server) -- luacheck: ignore self
  if server.core then server.core:close() end
  server.core = nil
end

function Driver:end_work(workers) -- luacheck: ignore self
  if workers.core then workers.core:close() end
  workers.core = nil
end

--- Runs a program to its end, here and now; `fn` hears of it at this virtual instant.
function Driver:spawn(program, fn)
  local loop = core.loop()
  local ending = setmetatable({ driver = self, fn = fn }, Ending)
  local id, err = loop:spawn(program, function(...) ending.values = table.pack(...) end)
  if not id then
    loop:close()
    return nil, err
  end
  local until_ms = loop:clock() + patience_ms
  while not ending.values and loop:clock() < until_ms do
    loop:step(until_ms - loop:clock())
  end
  loop:close()
  self.last_child = (self.last_child or 0) + 1
  ending.id = self.last_child
  self.children = self.children or {}
  self.children[ending.id] = true
  if ending.values then self.wire:schedule(0, ending) end
  return ending.id
end

--- On the virtual clock it has ended already, or hung and is gone: nobody is told.
function Driver:kill(id)
  self.children[id] = nil
end

--- The host's address of the same family as `ip`.
function Driver:source_ip(ip)
  for _, own in ipairs(self.host.addresses) do
    if address.is_ipv6(own) == address.is_ipv6(ip) then return own end
  end
end

--- Media of the network's audio, which is one for all hosts.
function Driver:open_media(_, fn)
  self.media = self.net:open_media(fn)
  return self.media
end

-- ---- programs that turn a loop of their own have no place in a simulation

local function no_descriptor()
  error("the test network has no descriptor to poll: net:advance turns it", 3)
end

Driver.pollfd, Driver.events = no_descriptor, no_descriptor

function Driver:timeout()
  local at = self.net:next_at()
  return at and (at - self.wire.now) / 1000
end

function Driver:empty() return self.net:next_at() == nil end

function Driver:on_wake() end

--- Closes sockets and connections. Doing it twice is fine.
function Driver:close()
  self.is_closed = true
  self.net.web:close_all(self)
  if self.media then self.media:close() end
  for _, one in ipairs(self.ports) do one:close() end
  for _, one in pairs(self.channels or {}) do one:close() end
  self.ports, self.channels = {}, nil
end

return driver
