-- SPDX-License-Identifier: MIT
-- Names for scripts: where a SIP URI leads (RFC 3263), records as they are, and a script's
-- own answers in the place of the DNS.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

local dns = {}

local record_kinds <const> = { A = true, SRV = true, NAPTR = true }
local transports <const> = { "udp", "tcp", "tls", "ws", "wss" }

-- ---- sip.dns

--- Asks these servers instead of those of /etc/resolv.conf, and for how long.
---@param context moonsip.Context
---@param options { servers: string|string[], timeout: (number|string)? }  "192.0.2.1",
---  "[2001:db8::1]:5353"; 5 s
---@return true?
---@return moonsip.Error? err
function dns.configure(context, options)
  options = misuse.options("sip.dns", options, { servers = true, timeout = true })
  local servers = options.servers
  if type(servers) == "string" then servers = { servers } end
  for _, one in ipairs(misuse.check("sip.dns", "servers", servers, "table")) do
    misuse.text("sip.dns", "servers", one)
  end
  if #servers == 0 then misuse.argument("sip.dns", "servers", "the list is empty") end
  local ms = options.timeout and duration.check("sip.dns", "timeout", options.timeout)
  return context.driver:name_servers(table.concat(servers, ","), ms)
end

-- ---- sip.lookup

local function start_lookup(one, context, kind, name)
  local asked, err = context.driver:lookup(kind, name, function(records, why)
    one:resolve(records, why)
  end)
  if not asked then return one:resolve(nil, err) end
  context:touch()
end

--- Asks the DNS for records of a name. No records are an empty list.
---@param context moonsip.Context
---@param kind "A"|"SRV"|"NAPTR"  A: IP addresses, of A and AAAA records
---@param name string
---@param callback function?
---@return (string|table)[]?
---@return moonsip.Error? err  of kind dns
function dns.lookup(context, kind, name, callback)
  if not record_kinds[kind] then
    misuse.argument("sip.lookup", "kind", '"A", "SRV" or "NAPTR" expected')
  end
  misuse.text("sip.lookup", "name", name)
  return wait.await(context, "sip.lookup", nil, callback, start_lookup, context, kind, name)
end

-- ---- sip.resolve

--- Hands out the questions that can be asked now; at the end the targets.
local function proceed(one, context, locator)
  local is_asking = false
  for number, kind, name in locator.next, locator do
    is_asking = true
    context.driver:lookup(kind, name, function(records, err)
      locator:answer(number, records, err and err.name)
      proceed(one, context, locator)
    end)
  end
  if is_asking then return context:touch() end
  local targets, err = locator:targets()
  if targets or err then one:resolve(targets, err) end
end

local function start_resolve(one, context, uri, spoken)
  local transport = uri.params and uri.params.transport
  if uri.scheme == "sips" and transport and transport:lower() == "tcp" then
    transport = "tls"
  end
  local host = uri.params and uri.params.maddr or uri.host
  proceed(one, context, core.locator(spoken, context.driver:seed(), host, uri.port,
    transport and transport:lower(), uri.scheme == "sips"))
end

local function check_transports(given)
  for _, name in ipairs(misuse.check("sip.resolve", "transports", given, "table")) do
    misuse.text("sip.resolve", "transports", name)
  end
  return given
end

--- Where requests to a URI would go (RFC 3263 4): in the order in which to try them.
---@param context moonsip.Context
---@param uri string|moonsip.Uri
---@param options { transports: string[]? }?  that can be used; all
---@param callback function?
---@return { transport: string, ip: string, port: integer }[]?
---@return moonsip.Error? err  of kind dns
function dns.resolve(context, uri, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options("sip.resolve", options, { transports = true })
  if type(uri) == "string" then
    local parsed = core.uri(misuse.text("sip.resolve", "uri", uri))
    if not parsed then misuse.argument("sip.resolve", "uri", uri .. " is no URI") end
    uri = parsed
  end
  if uri.scheme ~= "sip" and uri.scheme ~= "sips" then
    misuse.argument("sip.resolve", "uri", "a sip or sips URI expected")
  end
  return wait.await(context, "sip.resolve", nil, callback, start_resolve, context, uri,
    check_transports(options.transports or transports))
end

-- ---- a script's own answers

local function check_answer(list)
  if type(list) ~= "table" then
    error("a resolver returns a list of targets, nil for the DNS, or nil and an error", 0)
  end
  if list.ip then list = { list } end
  for _, one in ipairs(list) do
    if type(one) ~= "table" or type(one.ip) ~= "string" then
      error("a target of a resolver is { ip =, port =, transport = }", 0)
    end
  end
  return list
end

-- Targets without port or transport have those of the query.
local function complete(list, query)
  local targets = {}
  for at, one in ipairs(list) do
    local transport = one.transport or query.transport or query.secure and "tls" or "udp"
    local port = one.port or query.port or (transport == "tls" and 5061 or 5060)
    targets[at] = { ip = one.ip, port = port, transport = transport }
  end
  return targets
end

local function name_of(err)
  return errors.is(err) and err.name or "DNS"
end

-- Asks the script; in a task, so that it may wait.
local function ask(agent, fn, query, id)
  local engine, driver = agent.engine, agent.context.driver
  local well, list, err = pcall(fn, query)
  if well and list ~= nil then well, list = pcall(check_answer, list) end
  if agent.closed then return end
  if not well then
    engine:resolved(id, nil, "DNS")
    error(list, 0)
  elseif list then
    engine:resolved(id, complete(list, query))
  elseif err then
    engine:resolved(id, nil, name_of(err))
  else
    driver:locate(engine, id, query.host, query.port, query.transport, query.secure)
  end
  agent.context:touch()
end

--- Has `fn(query)` asked before the DNS whenever a request of the agent goes to a name.
---@param agent moonsip.Agent
---@param fn function?
function dns.attach(agent, fn)
  if not fn then return end
  local tasks = agent.context.tasks
  agent.context.driver:set_on_resolve(agent.engine, function(id, host, port, transport, secure)
    local query = { host = host, port = port, transport = transport, secure = secure }
    tasks:start(agent, ask, agent, fn, query, id)
  end)
end

return dns
