-- SPDX-License-Identifier: MIT
-- The seam between a context and the world: time, sockets, names. This is the
-- real one, over the loop of the core; moonsip.test has a virtual one with the
-- same methods. Nothing else in lua/ touches core.loop.
--
-- The contract, for whoever writes another driver:
--
--  * Callbacks (`on_events`, `on_timer`, `on_signal`, `on_wake`, resolve's `fn`) are
--    called from the main coroutine and never yield; the context runs scripts in
--    coroutines of its own inside them.
--  * While a callback runs, a context may call everything here but `step` and `run`.
--  * After a callback, and after `changed`, the driver takes what the engines have
--    to send (next_packet, next_query) and their new deadlines.
--  * Instants are milliseconds of `now`, spans too; only `timeout` is in seconds.

local core = require "moonsip.core"

---@class moonsip.Driver
local Driver = {}
Driver.__index = Driver
Driver.__name = "moonsip.driver"

local driver = {}

---@return moonsip.Driver
function driver.new()
  return setmetatable({ loop = core.loop(), engines = {}, seen = {} }, Driver)
end

--- The instant of this turn, monotonic.
---@return integer ms
function Driver:now()
  return self.loop:now()
end

--- The instant of this very moment, for the watchdog: it moves within a turn.
---@return number ms
function Driver:clock()
  return self.loop:clock()
end

--- The same as a function and what it wants, for who looks often.
---@return fun(source: any): number
---@return any source
function Driver:clock_and_source()
  return self.loop.clock, self.loop
end

--- Milliseconds since 1970, in whole seconds: for what outlives the program.
---@return integer ms
function Driver:wall()
  return os.time() * 1000
end

--- The time of day for the log, as text.
---@return string
function Driver:stamp()
  return os.date "%Y-%m-%d %H:%M:%S" --[[@as string]]
end

--- Options that every engine of the context is made with (`now`, `seed` ...).
---@return table
function Driver:engine_options()
  return { now = self.loop:now() }
end

--- Feeds an engine from now on; `on_events()` is called once in each turn in which
--- the engine has events.
function Driver:attach(engine, on_events)
  self.loop:attach(engine, on_events)
  table.insert(self.engines, engine)
end

-- Shows the recorder what an engine did since the last time.
local function show(self, engine)
  if not self.recorder then return end
  local records
  records, self.seen[engine] = engine:history(self.seen[engine] or 0)
  for _, record in ipairs(records) do self.recorder(record, engine) end
end

--- Sends what the engine still has to send, then forgets it and its listeners.
function Driver:detach(engine)
  self.loop:detach(engine)
  show(self, engine)
  self.seen[engine] = nil
  for at, one in ipairs(self.engines) do
    if one == engine then table.remove(self.engines, at) break end
  end
end

--- Opens a socket for an engine.
---@param spec { transport: string, ip: string, port: integer, advertise_host: string?, advertise_port: integer? }
---@return { number: integer, transport: string, ip: string, port: integer }?
---@return moonsip.Error? err
function Driver:listen(engine, spec)
  local number, ip, port = self.loop:listen(engine, spec.transport, spec.ip, spec.port, {
    advertise_host = spec.advertise_host, advertise_port = spec.advertise_port,
    tls = spec.tls, paths = spec.paths, origins = spec.origins, http = spec.http,
  })
  if not number then return nil, ip end
  return { number = number, transport = spec.transport, ip = ip, port = port }
end

--- Reads certificates and keys: core.tls, or nil and an error that names a file.
function Driver:load_tls(config)
  return core.tls(config)
end

--- True when somebody can be let in over TLS by that config.
---@param config table?
---@return boolean
function Driver:has_certificate(config) -- luacheck: ignore self
  return config ~= nil and #config.identities > 0
end

--- Who we are and whom we trust (core.tls) where the engine connects over TLS.
function Driver:set_tls(engine, tls)
  self.loop:set_tls(engine, tls)
end

--- `fn(remote, why)` for each peer over TLS that is not let in, or does not let us in.
function Driver:set_on_refused(fn)
  self.loop:on_refused(fn)
end

function Driver:unlisten(engine, number)
  self.loop:unlisten(engine, number)
end

--- The wheel of the context's own timers (core.timers): `wheel:start(at_ms, value)`.
function Driver:timers()
  return self.loop:wheel()
end

--- `fn(value)` is called for each timer of that wheel that is due.
function Driver:set_on_timer(fn)
  self.loop:on_timer(fn)
end

--- `fn("SIGINT" or "SIGTERM")`, only while `run` turns. nil takes it away.
function Driver:set_on_signal(fn)
  self.loop:on_signal(fn)
end

--- Takes signals from now on, whether and however the loop is turned, until false.
---@param holds boolean
function Driver:hold_signals(holds)
  return self.loop:hold_signals(holds)
end

--- One turn: waits at most `timeout_ms` (nil: until something happens) and does
--- what is due.
---@return boolean  false when nothing is left that could ever happen
function Driver:step(timeout_ms)
  return self.loop:step(timeout_ms)
end

--- Turns until `stop`, or until nothing is left that could happen; SIGINT and SIGTERM
--- go to on_signal meanwhile.
---@param rests boolean  it may gather what comes within some milliseconds
function Driver:run(rests)
  self.loop:run(rests)
end

--- Ends `run` when the turn is over.
function Driver:stop()
  self.loop:stop()
end

--- Looks a name up: `fn(addresses, err)` later, addresses a list of IP strings.
function Driver:resolve(host, fn)
  self.loop:resolve(host, fn)
end

--- Records of the DNS: `fn(records, err)` later; none are an empty list.
---@param kind "A"|"SRV"|"NAPTR"
---@return true?
---@return moonsip.Error? err
function Driver:lookup(kind, name, fn)
  return self.loop:lookup(kind, name, fn)
end

--- `fn(id, host, port, transport, is_secure, is_steady)` is asked where requests of the engine
--- go; it has `engine:resolved` or `locate` called with that id, then or later.
function Driver:set_on_resolve(engine, fn)
  if not self.resolvers then
    local resolvers = setmetatable({}, { __mode = "k" })
    self.resolvers = resolvers
    self.loop:on_resolve(function(asking, ...)
      local resolve = resolvers[asking]
      if not resolve then return false end
      resolve(...)
    end)
  end
  self.resolvers[engine] = fn
end

--- What on_resolve was asked is for the DNS after all.
function Driver:locate(engine, id, host, port, transport, is_secure, is_steady)
  self.loop:locate(engine, id, host, port, transport, is_secure, is_steady)
end

--- Serves HTTP on a port: `fn(id, method, target, headers, body, remote ip)` for each request,
--- which `http_answer` answers.
---@param spec { ip: string, port: integer, tls: userdata?, timeout_ms: integer?, max_body: integer?, max_connections: integer? }
---@return { number: integer, ip: string, port: integer }?
---@return moonsip.Error? err
function Driver:http_listen(spec, fn)
  local number, ip, port = self.loop:http_listen(spec.ip, spec.port, spec, fn)
  if not number then return nil, ip end
  return { number = number, ip = ip, port = port }
end

function Driver:http_close(number)
  self.loop:http_close(number)
end

--- Nothing happens when the peer is not there any more.
function Driver:http_answer(id, status, fields, body)
  self.loop:http_answer(id, status, fields, body)
end

--- Asks an HTTP server: `fn(status, field lines, body)` or `fn(nil, err)` later.
---@return integer? id  for `http_cancel`
---@return moonsip.Error? err
function Driver:http_ask(wish, fn)
  return self.loop:http_ask(wish, fn)
end

--- Its function is not called any more.
function Driver:http_cancel(id)
  self.loop:http_cancel(id)
end

--- Asks these servers instead of the system's.
---@return true?
---@return moonsip.Error? err
function Driver:name_servers(text, timeout_ms)
  return self.loop:name_servers(text, timeout_ms)
end

--- The seed of what is random in the choice among servers; nil: the system's randomness.
function Driver:seed() end

--- Connects to a server over TCP. `fn("open")`; `fn("data", bytes)`; `fn("writable")` after a
--- write that was cut short; `fn("end")` when the server sends no more; `fn("failed", err)`,
--- after which it is closed.
---@param options { patience_ms: integer?, send_buffer: integer? }  csrc/net/channel.h
---@return integer? id  for the channel_ methods
---@return moonsip.Error? err
function Driver:connect(ip, port, options, fn)
  return self.loop:connect(ip, port, options, fn)
end

--- How many bytes were taken; or nil and an error.
function Driver:channel_write(id, bytes) return self.loop:channel_write(id, bytes) end

--- Holds back what the server sends, or lets it go again.
function Driver:channel_hold(id, is_held) self.loop:channel_hold(id, is_held) end

--- We send no more.
function Driver:channel_finish(id) self.loop:channel_finish(id) end

--- Closes it; nothing more is told.
function Driver:channel_close(id) self.loop:channel_close(id) end

--- Runs a program: `fn(output, errors, status, signal)` later, or `fn(nil, err, errors)`.
---@param program table  its words, and environment, folder, input, output_max
---@return integer? id  for `kill`
---@return moonsip.Error? err
function Driver:spawn(program, fn)
  return self.loop:spawn(program, fn)
end

--- Kills a program that was spawned; its `fn` is called as ever.
function Driver:kill(id)
  return self.loop:kill(id)
end

--- Runs code in a thread of some workers (workers.lua): `fn(true, results...)`, or
--- `fn(false, message, traceback)` later.
---@return integer? id
---@return moonsip.Error? err  `at`: the argument that cannot be copied
function Driver:work(workers, code, fn, ...)
  if not workers.core then
    local made, err = self.loop:workers(workers.threads, workers.waiting)
    if not made then return nil, err end
    workers.core, workers.pending = made, {}
  end
  local pending = workers.pending
  local id, err
  local arguments = table.pack(package.path, package.cpath, code, ...)
  arguments[arguments.n + 1] = function(...)
    pending[id] = nil
    fn(...)
  end
  id, err = workers.core:add(table.unpack(arguments, 1, arguments.n + 1))
  if id then pending[id] = fn end
  return id, err
end

--- Ends their threads when what they run has ended.
function Driver:end_work(workers) -- luacheck: ignore self
  if not workers.core then return end
  workers.core:close()
  local pending = workers.pending
  workers.core, workers.pending = nil, nil
  for _, fn in pairs(pending) do fn(nil) end
end

--- Sends a command to a Redis server (redis.lua): `fn(reply)`, or `fn(nil, name, reason)`
--- later.
---@return true?
---@return moonsip.Error? err
function Driver:ask_redis(server, fn, ...)
  if not server.core then
    local made, err = self.loop:redis(server)
    if not made then return nil, err end
    server.core, server.pending = made, {}
  end
  local pending = server.pending
  local function answered(...)
    pending[fn] = nil
    fn(...)
  end
  local asked, err = server.core:command(answered, ...)
  if asked then pending[fn] = true end
  return asked, err
end

--- Closes the connection to it; who waits is told that nothing comes.
function Driver:end_redis(server) -- luacheck: ignore self
  if not server.core then return end
  server.core:close()
  local pending = server.pending
  server.core, server.pending = nil, nil
  for fn in pairs(pending) do fn(nil, "IO", "it was closed") end
end

--- A call from outside a turn queued packets, made work ready or changed a
--- deadline: the next `step` must not sleep through it, and a foreign loop that
--- drives us must hear of it (on_wake).
function Driver:changed()
  self.loop:wake()
end

--- The address of ours that leads to another, as the system routes now; nil for none.
---@param ip string
---@return string?
function Driver:source_ip(ip)
  return self.loop:source(ip)
end

--- core.media on this loop, whose events go to `fn(kind, id, ...)`.
---@param options { ports: integer[], realtime: boolean, io_uring: boolean, max_sessions: integer }
---@param fn function
---@return userdata?
---@return moonsip.Error? err
function Driver:open_media(options, fn)
  local made, err = core.media(self.loop, options)
  if not made then return nil, err end
  made:on_event(fn)
  self.media = made
  return made
end

--- For programs that turn a loop of their own (api.md rule 14).
function Driver:pollfd() return self.loop:pollfd() end
function Driver:events() return self.loop:events() end
function Driver:timeout() return self.loop:timeout() end
function Driver:empty() return self.loop:empty() end
function Driver:on_wake(fn) self.loop:on_wake(fn) end

--- `fn(record, engine)` for each message that comes or goes from now on (trace.lua), at the end
--- of its turn; nil takes it away. What an engine's history is too small for is missed.
---@param fn fun(record: moonsip.Record, engine: table)?
function Driver:record(fn)
  self.recorder = fn
  for _, engine in ipairs(self.engines) do
    self.seen[engine] = select(2, engine:history())
  end
  self.loop:on_turn(fn and function()
    for _, engine in ipairs(self.engines) do show(self, engine) end
  end)
end

--- Closes sockets and the loop. Doing it twice is fine.
function Driver:close()
  if self.media then self.media:close() end
  self.loop:close()
end

return driver
