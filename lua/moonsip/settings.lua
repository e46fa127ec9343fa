-- SPDX-License-Identifier: MIT
-- The options of sip.agent, checked:
--
--   listen          "udp:0.0.0.0:5060", "tcp::5060", "[::1]:5060", or a list of them
--   advertise       "host" or "host:port" that Via and Contact say instead; or a table
--                   by transport
--   outbound_proxy  a URI (or a list): every request outside dialogs goes through it
--   from            who requests come from: a URI, an address, a user part
--   domains         host names that are ours
--   secret          key of the tokens in our Record-Route and Path: agents with the same
--                   one take each other's dialogs; a text of at least 16 characters
--   node            a name of up to 8 letters and digits, in front of every tag and branch
--   nodes           where they are that have that secret, by name (nodes.lua)
--   username, password (or ha1), realm; credentials: who we are when challenged
--   user_agent      what User-Agent and Server say; nothing by default
--   session_timer   of its calls (session_timer.lua): 1800 s; false: none
--   reliable        "supported", "required" or "off": provisional responses (provisional.lua)
--   recv_info       Info Packages that calls receive, beside those that handlers are for; {}
--                   says that they are spoken of (recv_info.lua)
--   allow, accept, supported   values of those headers; Allow follows the handlers
--   peers           overrides for hosts: { ["192.0.2.9"] = { no_tcp = true } }
--   t1, t2, t4, timer_c   durations of RFC 3261 17, table 4
--   failover        how long a server may be silent when its name has others (64*T1)
--   dead_target     how long a server that failed is tried after the others ("30s")
--   resolve         fn(query): targets in the place of the DNS (dns.lua)
--   guard           who is let in (guard.lua); false: everybody
--   history         bytes of the last messages that are kept for ladders (256 KiB); 0 none
--   media           of its calls (media.lua); false: none, streams are inactive
--   websocket       whom WebSockets let in: { paths = {...}, origins = {...} }, and how other
--                   requests to their ports are answered: routes (web/routes.lua)
--   tls             who we are over TLS and whom we trust: see tls.lua
--   keep_alive      how often who offers keep-alives is asked to send them (RFC 6223; "30s"); false:
--                   not at all
--   register        lines: addresses of record that are kept registered (line_settings.lua)
--   max_lines       of them at most (10 000)
--   mtu, max_transactions, max_dialogs, max_subscriptions, max_events, limits   bounds of
--                   the core

local credentials = require "moonsip.credentials"
local duration = require "moonsip.duration"
local guard = require "moonsip.guard"
local info_package = require "moonsip.info_package"
local line_settings = require "moonsip.line_settings"
local media = require "moonsip.media"
local misuse = require "moonsip.misuse"
local nodes = require "moonsip.nodes"
local provisional = require "moonsip.provisional"
local session_timer = require "moonsip.session_timer"
local routes = require "moonsip.web.routes"
local target = require "moonsip.target"
local tls = require "moonsip.tls"

local settings = {}

local verb <const> = "sip.agent"

local known <const> = {
  listen = true, advertise = true, outbound_proxy = true, from = true, domains = true,
  secret = true, node = true, nodes = true,
  user_agent = true, recv_info = true, allow = true, accept = true, supported = true, peers = true,
  t1 = true, t2 = true, t4 = true, timer_c = true, failover = true, dead_target = true,
  resolve = true, mtu = true, max_transactions = true,
  max_dialogs = true, max_subscriptions = true, max_events = true, limits = true,
  guard = true,
  history = true, media = true, username = true, password = true, ha1 = true, realm = true,
  credentials = true, tls = true, websocket = true, session_timer = true, reliable = true,
  register = true, max_lines = true, keep_alive = true,
}

local known_limits <const> = { message_size = true, header_count = true,
                               header_size = true, uri_params = true,
                               multipart_depth = true, multipart_parts = true }

local default_t1_ms <const> = 500

local least_secret <const> = 16

local default_history <const> = 262144

local default_max_lines <const> = 10000

-- What the address translations in front of phones forget soonest (RFC 5626 4.4.2).
local default_keep_ms <const> = 30000

local max_count <const> = 4294967295

-- Paths, and origins of pages.
local max_door <const> = 32

local function websocket_of(given)
  local door = misuse.options(verb, given, { paths = true, origins = true, routes = true })
  local read = { routes = door.routes and routes.new(verb, door.routes) }
  for _, name in ipairs { "paths", "origins" } do
    local list = door[name] or {}
    read[name] = type(list) == "string" and { list }
      or misuse.check(verb, "websocket." .. name, list, "table")
    if #read[name] > max_door then
      misuse.argument(verb, "websocket." .. name, ("more than %d"):format(max_door))
    end
    for _, text in ipairs(read[name]) do misuse.text(verb, "websocket." .. name, text) end
  end
  return read
end

local function list_of(options, name)
  local value = options[name]
  if value == nil then return nil end
  if type(value) == "string" then return misuse.text(verb, name, value) end
  local list = misuse.check(verb, name, value, "table")
  for _, each in ipairs(list) do misuse.text(verb, name, each) end
  return table.concat(list, ", ")
end

-- Extensions of calls: RFC 3262, 4028, 4916, 6228, 3891, 3911, 4538, 4488.
local function supported_of(options, reliable, timer)
  local given = list_of(options, "supported")
  if given then return given end
  local tags = { "from-change", "199", "replaces", "join", "tdialog", "norefersub" }
  if not timer.no_timer then table.insert(tags, 1, "timer") end
  if reliable ~= "off" then table.insert(tags, 1, "100rel") end
  return table.concat(tags, ", ")
end

local function secret_of(given)
  if given == nil then return nil end
  if #misuse.check(verb, "secret", given, "string") < least_secret then
    misuse.argument(verb, "secret", ("at least %d characters expected"):format(least_secret))
  end
  return given
end

local function node_of(given)
  if given == nil then return nil end
  if not misuse.check(verb, "node", given, "string"):find "^%w%w?%w?%w?%w?%w?%w?%w?$" then
    misuse.argument(verb, "node", "1 to 8 letters and digits expected")
  end
  return given
end

--- Seconds.
local function keep_alive_of(given)
  if given == false then return 0 end
  local ms = given == nil and default_keep_ms or duration.check(verb, "keep_alive", given)
  if ms < 1000 then misuse.argument(verb, "keep_alive", "at least a second expected") end
  return ms // 1000
end

local function engine_options(context, options)
  local engine = context.driver:engine_options()
  for _, name in ipairs { "t1", "t2", "t4", "timer_c", "failover", "dead_target" } do
    if options[name] ~= nil then
      engine[name] = duration.check(verb, name, options[name])
      if engine[name] < 1 then
        misuse.argument(verb, name, "at least a millisecond expected")
      end
    end
  end
  for _, name in ipairs { "mtu", "max_transactions", "max_dialogs", "max_subscriptions",
                          "max_events" } do
    if options[name] ~= nil then
      engine[name] = misuse.integer(verb, name, options[name], 1, max_count)
    end
  end
  engine.keep_alive = keep_alive_of(options.keep_alive)
  engine.secret = secret_of(options.secret)
  engine.owner = node_of(options.node)
  if options.limits ~= nil then
    engine.limits = misuse.options(verb, options.limits, known_limits)
    for name, value in pairs(engine.limits) do
      misuse.integer(verb, "limits." .. name, value, 1, max_count)
    end
  end
  return engine
end

--- The guard; the largest message is a limit of the engine.
local function guard_options(engine, given)
  local chosen = guard.settings(given)
  local size = chosen and chosen.max_size
  if size then
    local limits = { message_size = size }
    for name, value in pairs(engine.limits or {}) do limits[name] = value end
    engine.limits = limits
  end
  return chosen
end

local function peers_of(given)
  local peers = {}
  for host, one in pairs(misuse.optional(verb, "peers", given, "table") or {}) do
    misuse.text(verb, "peers", host)
    peers[host:lower()] = misuse.options(verb, one, { no_tcp = true })
  end
  return next(peers) and peers or nil
end

--- The options of an agent, checked and with their defaults.
---@param context moonsip.Context
---@param options table?
function settings.read(context, options)
  options = misuse.options(verb, options, known)
  local listen = options.listen
  if context.listen then
    -- `moonsip run --listen` and the like: for the first agent of the script.
    listen, context.listen = context.listen, nil
  end
  if listen == nil then
    misuse.argument(verb, "listen", "string or list expected, got nil")
  end
  local engine = engine_options(context, options)
  local domains = options.domains
  if type(domains) == "string" then domains = { domains } end
  for _, name in ipairs(misuse.optional(verb, "domains", domains, "table") or {}) do
    misuse.text(verb, "domains", name)
  end
  if options.from ~= nil then misuse.text(verb, "from", tostring(options.from)) end
  local reliable = provisional.read(verb, options.reliable) or "supported"
  local timer = session_timer.read(verb, options.session_timer == nil or options.session_timer)
  local sets, routes_of_all = credentials.cache(), target.routes(verb, "outbound_proxy",
    options.outbound_proxy)
  local max_lines = misuse.integer(verb, "max_lines", options.max_lines or default_max_lines,
    1, max_count)
  local user_agent = options.user_agent
  if user_agent ~= nil then misuse.text(verb, "user_agent", user_agent) end
  return {
    listen = listen, engine = engine, guard = guard_options(engine, options.guard),
    domains = domains, user_agent = user_agent, node = options.node,
    nodes = nodes.read(options.nodes, options.node, options.secret),
    recv_info = options.recv_info ~= nil
      and info_package.names(verb, "recv_info", options.recv_info) or nil,
    allow = list_of(options, "allow"),
    accept = list_of(options, "accept") or "application/sdp",
    supported = supported_of(options, reliable, timer), reliable = reliable,
    required = reliable == "required" and "100rel" or "", session_timer = timer,
    history = misuse.integer(verb, "history", options.history or default_history, 0,
      max_count),
    credentials = credentials.of(verb, options, sets), credential_sets = sets,
    register = line_settings.list(verb, options.register,
      { credential_sets = sets, routes = routes_of_all, max_lines = max_lines }),
    max_lines = max_lines,
    tls = tls.read(options.tls or context.tls), websocket = websocket_of(options.websocket),
    media = media.read(options.media),
    resolve = misuse.optional(verb, "resolve", options.resolve, "function"),
    from = options.from, peers = peers_of(options.peers),
    routes = routes_of_all,
    deferred_ms = 64 * (engine.t1 or default_t1_ms), -- Timer F of the other side
  }
end

return settings
