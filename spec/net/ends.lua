-- SPDX-License-Identifier: MIT
--
-- Both ends of a wire for the specs of net: a service (a core.loop whose clock
-- stands still, with an engine on it) and raw sockets of luv, which know nothing
-- of SIP. Nothing sleeps: `ends.until_true` turns both loops until something is so.

local core <const> = require "moonsip.core"
local uv <const> = require "luv"

local ends <const> = {}

-- The raw ends would die of a write to a service that closed; children that test
-- our own writes do without this.
local sigpipe <const> = uv.new_signal()
sigpipe:start("sigpipe", function() end)

ends.START = 1000000 -- where the clocks of services begin, in milliseconds

-- ---- services

local Service <const> = {}
Service.__index = Service

local services <const> = setmetatable({}, { __mode = "k" })

-- options: `loop` and `engine` for their constructors, `handles` (methods that
-- become events; all others the engine answers itself).
function ends.service(options)
  options = options or {}
  local self = setmetatable(
    { events = {}, errors = {}, crossings = 0, owned = {} }, Service)
  local loop_options = { now = ends.START }
  for key, value in pairs(options.loop or {}) do loop_options[key] = value end
  self.loop = assert(core.loop(loop_options))
  self.loop:on_error(function(text) self.errors[#self.errors + 1] = text end)
  self.engine = self:add_engine(options.engine, function() self:drain() end)
  for _, method in ipairs(options.handles or {}) do self.engine:handles(method, true) end
  services[self] = true
  return self
end

function Service:add_engine(options, on_events)
  local engine = assert(core.engine(options or {}))
  assert(self.loop:attach(engine, on_events or function() end))
  return engine
end

function Service:drain()
  self.crossings = self.crossings + 1
  while true do
    local kind, message, transaction, dialog, code = self.engine:next_event()
    if not kind then return end
    self.events[#self.events + 1] = {
      kind = kind, message = message, transaction = transaction, dialog = dialog,
      code = code,
    }
  end
end

-- An OPTIONS of its own to a port of this machine; `fields` are further ones of the
-- request, or others. As engine:request.
function Service:ask(port, transport, fields)
  local request = {
    method = "OPTIONS", uri = ("sip:127.0.0.1:%d;transport=%s"):format(port, transport),
    from = "<sip:a@example.com>",
  }
  for key, value in pairs(fields or {}) do request[key] = value end
  return self.engine:request(request)
end

-- Returns the port and the listener's number.
function Service:listen(transport, ip, port, options)
  local number, _, bound = assert(
    self.loop:listen(self.engine, transport, ip or "127.0.0.1", port or 0, options))
  return bound, number
end

function Service:advance(ms)
  assert(self.loop:advance(ms))
  ends.turn()
end

function Service:counts()
  return self.loop:counts()
end

-- The first event of a kind, once it has come.
function Service:wait_event(kind)
  local found
  ends.until_true(function()
    for _, event in ipairs(self.events) do
      if event.kind == kind then found = event end
    end
    return found
  end, "an event: " .. kind)
  return found
end

-- True when nothing would make the loop turn now: neither its descriptor nor a
-- deadline. What spins is not quiet.
function Service:is_quiet()
  ends.turn(3)
  local timeout = self.loop:timeout()
  if timeout == 0 then return false end
  local is_ready = false
  local poll = uv.new_poll(self.loop:pollfd())
  poll:start("r", function() is_ready = true end)
  uv.run("nowait")
  poll:close()
  uv.run("nowait")
  return not is_ready
end

-- Closes it with the service.
function Service:own(peer)
  self.owned[#self.owned + 1] = peer
  return peer
end

function Service:close()
  services[self] = nil
  for _, peer in ipairs(self.owned) do peer:close() end
  self.loop:close()
  self.engine:close()
end

Service.__close = Service.close

-- ---- turning

-- So many turns of every loop there is, without waiting.
function ends.turn(count)
  for _ = 1, count or 5 do
    for service in pairs(services) do service.loop:step(0) end
    uv.run("nowait")
  end
end

-- Turns until the function returns something true, which it returns.
function ends.until_true(fn, what)
  for _ = 1, 5000 do
    local result = fn()
    if result then return result end
    for service in pairs(services) do service.loop:step(0) end
    uv.run("nowait")
    if next(services) then next(services).loop:step(1) end
  end
  error("it never happened: " .. (what or "?"), 2)
end

-- ---- raw sockets

local function family(ip)
  return ip:find(":", 1, true) and "inet6" or "inet"
end

local Udp <const> = {}
Udp.__index = Udp

function ends.udp(ip, port)
  local self = setmetatable({ inbox = {}, froms = {} }, Udp)
  self.handle = uv.new_udp(family(ip or "127.0.0.1"))
  assert(self.handle:bind(ip or "127.0.0.1", port or 0))
  self.port = self.handle:getsockname().port
  self.handle:recv_start(function(err, text, from)
    if err or not text then return end
    self.inbox[#self.inbox + 1] = text
    self.froms[#self.froms + 1] = from
  end)
  return self
end

function Udp:send(text, ip, port)
  assert(self.handle:try_send(text, ip, port))
end

-- The n-th datagram (the first) and where it came from, once it is here.
function Udp:wait(n)
  n = n or 1
  ends.until_true(function() return self.inbox[n] end, "datagram " .. n)
  return self.inbox[n], self.froms[n]
end

function Udp:close()
  if not self.handle:is_closing() then self.handle:close() end
  uv.run("nowait")
end

Udp.__close = Udp.close

local Tcp <const> = {}
Tcp.__index = Tcp

local function tcp_over(handle)
  local self = setmetatable({ handle = handle, text = "", is_reading = true }, Tcp)
  self.on_read = function(err, bytes)
    if bytes then
      self.text = self.text .. bytes
    else
      self.ended = err or "EOF"
    end
  end
  return self
end

function Tcp:read()
  self.handle:read_start(self.on_read)
end

-- Connected to a service; options: `silent` (reads nothing yet).
function ends.connect(ip, port, options)
  options = options or {}
  local self = tcp_over(uv.new_tcp(family(ip)))
  local connected
  self.handle:connect(ip, port, function(err)
    assert(not err, err)
    connected = true
  end)
  ends.until_true(function() return connected end, "a connection")
  self.handle:nodelay(true)
  self.port = self.handle:getsockname().port
  if not options.silent then self:read() end
  return self
end

-- Sends at once as much as the kernel takes; returns how much.
function Tcp:send(text)
  return assert(self.handle:try_write(text))
end

function Tcp:wait(pattern)
  ends.until_true(function() return self.text:find(pattern) end, "bytes: " .. pattern)
  return self.text
end

function Tcp:wait_end()
  ends.until_true(function() return self.ended end, "the end of the connection")
  return self.ended
end

function Tcp:shutdown()
  self.handle:shutdown()
  uv.run("nowait")
end

function Tcp:reset()
  self.handle:close_reset()
  uv.run("nowait")
end

function Tcp:close()
  if not self.handle:is_closing() then self.handle:close() end
  uv.run("nowait")
end

Tcp.__close = Tcp.close

local Server <const> = {}
Server.__index = Server

-- A listening socket; `accepted` grows. options: `backlog`, `silent` (accepts nothing).
function ends.server(ip, options)
  options = options or {}
  local self = setmetatable({ accepted = {} }, Server)
  self.handle = uv.new_tcp(family(ip or "127.0.0.1"))
  assert(self.handle:bind(ip or "127.0.0.1", 0))
  self.port = self.handle:getsockname().port
  assert(self.handle:listen(options.backlog or 128, function()
    if options.silent then return end
    local client = uv.new_tcp()
    assert(self.handle:accept(client))
    local peer = tcp_over(client)
    peer:read()
    self.accepted[#self.accepted + 1] = peer
  end))
  return self
end

function Server:wait(n)
  ends.until_true(function() return self.accepted[n or 1] end, "a client")
  return self.accepted[n or 1]
end

function Server:close()
  for _, peer in ipairs(self.accepted) do peer:close() end
  self.handle:close()
  uv.run("nowait")
end

Server.__close = Server.close

-- One that nobody accepts from and whose backlog is full: further connections are
-- neither opened nor refused. Also returns what fills it, to be closed.
function ends.full_server()
  local server <const> = ends.server("127.0.0.1", { backlog = 0, silent = true })
  local fillers <const> = {}
  for i = 1, 4 do
    fillers[i] = uv.new_tcp()
    fillers[i]:connect("127.0.0.1", server.port, function() end)
    ends.turn()
  end
  return server, fillers
end

-- ---- names

local hosts <const> = setmetatable({}, {
  __gc = function(self) if self.path then os.remove(self.path) end end,
})

-- Lines for resolvers of this process in the place of /etc/hosts, until the next call.
function ends.hosts(text)
  if not hosts.path then
    hosts.path = os.tmpname()
    uv.os_setenv("CARES_HOSTS", hosts.path) -- c-ares reads it when it is asked
  end
  local file <close> = assert(io.open(hosts.path, "w"))
  file:write(text, "\n")
end

-- ---- messages

local last_branch = 0

-- An OPTIONS that the engine answers; fields: `method`, `transport`, `sent_by`,
-- `branch`, `body`, `length` (what Content-Length says), `headers` (whole lines).
function ends.request(fields)
  fields = fields or {}
  last_branch = last_branch + 1
  local body = fields.body or ""
  local method = fields.method or "OPTIONS"
  local lines = {
    method .. " sip:service@127.0.0.1 SIP/2.0",
    ("Via: SIP/2.0/%s %s;branch=z9hG4bK%s;rport"):format(fields.transport or "UDP",
      fields.sent_by or "127.0.0.1:5060", fields.branch or last_branch),
    "Max-Forwards: 70",
    "To: <sip:service@127.0.0.1>",
    "From: <sip:peer@127.0.0.1>;tag=" .. last_branch,
    "Call-ID: call" .. last_branch,
    "CSeq: 1 " .. method,
    "Contact: <sip:peer@127.0.0.1>",
  }
  for line in (fields.headers or ""):gmatch("[^\r\n]+") do lines[#lines + 1] = line end
  lines[#lines + 1] = "Content-Length: " .. (fields.length or #body)
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

-- How many messages begin with the pattern in a stream's text.
function ends.count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

-- ---- children

-- Runs a Lua chunk in a process of its own, with the build under test: what it
-- printed on both streams, and its exit status (128 + signal). `prefix` is a command
-- to run first ("ulimit -n 20;"), `environment` what env(1) takes.
function ends.child(chunk, prefix, environment)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(chunk)
  file:close()
  -- exec: a shell in between would tell of signals itself
  local pipe = assert(io.popen(("%s exec timeout 60 env %s %s %s 2>&1 </dev/null"):format(
    prefix or "", environment or "", os.getenv "LUA" or "lua5.4", path)))
  local output = pipe:read("a")
  local _, why, code = pipe:close()
  os.remove(path)
  return output, why == "signal" and 128 + code or code
end

-- The same with spec/support/failing_calls.c in front of its C library.
function ends.failing_child(chunk)
  return ends.child(chunk, "", ("LD_PRELOAD=%s/spec/failing_calls.so "
    .. "ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0"):format(
    os.getenv "BUILD" or "build"))
end

return ends
