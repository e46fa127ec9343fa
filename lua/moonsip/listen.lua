-- SPDX-License-Identifier: MIT
-- Where an agent listens: "udp:0.0.0.0:5060", "udp::5060", "tcp:[::1]:5060"; without a
-- transport, "127.0.0.1:5070", both UDP and TCP.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

local listen = {}

local default_port <const> = { udp = 5060, tcp = 5060, tls = 5061, ws = 80, wss = 443 }
local secure <const> = { tls = true, wss = true }
local default_transports <const> = { "udp", "tcp" }

-- RFC 1035 2.3.4.
local max_host <const> = 255

-- A port that the system picks for UDP may not be free for TCP: this often.
local max_tries <const> = 32

---@class moonsip.Listener
---@field transport string
---@field ip string
---@field port integer
---@field advertise_host string?
---@field advertise_port integer?
---@field number integer?  of the core, once it is open

local function bad(text, why)
  return nil, errors.new("invalid", ("listen %q: %s"):format(text, why))
end

--- "[::1]:5060", "192.0.2.1:5060", ":5060", "192.0.2.1" or "5060".
local function host_and_port(text, port_if_none)
  local host, port = text:match "^%[(.*)%]:?(%d*)$"
  if not host then host, port = text:match "^([^:]*):(%d*)$" end
  if not host and text:find "^%d+$" then host, port = "", text end
  if not host then host, port = text, "" end
  if host:find(":", 1, true) and not text:find("[", 1, true) then
    return nil, "an IPv6 address stands in brackets"
  end
  port = tonumber(port) or port_if_none
  if port > 65535 then return nil, "the port is out of range" end
  if host == "" or host == "*" then host = "0.0.0.0" end
  if not host:find "^[%d%.]+$" and not host:find "^[%x:%.]+$" then
    return nil, "an IP address is expected"
  end
  return host, port
end

--- Adds the listeners that a text means; true, or nil and an error.
local function parse(list, text, known)
  local transport, rest = text:match "^(%a+):(.*)$"
  if transport then
    transport = transport:lower()
    if not known[transport] then
      return bad(text, ("no transport %q"):format(transport))
    end
  else
    rest = text
  end
  local host, port = host_and_port(rest, default_port[transport or "udp"])
  if not host then return bad(text, port) end
  for _, one in ipairs(transport and { transport } or default_transports) do
    list[#list + 1] = { transport = one, ip = host, port = port }
  end
  return true
end

local known_transports <const> = {
  udp = true, tcp = true, tls = true, ws = true, wss = true,
}

--- The listeners that the `listen` option means.
---@param verb string
---@param given string|string[]
---@param has_certificate boolean  so that TLS can be accepted
---@return moonsip.Listener[]?
---@return moonsip.Error? err
function listen.list(verb, given, has_certificate)
  if type(given) == "string" then given = { given } end
  misuse.check(verb, "listen", given, "table")
  local list = {}
  for _, text in ipairs(given) do
    misuse.text(verb, "listen", text)
    local done, err = parse(list, text, known_transports)
    if not done then return nil, err end
    if secure[list[#list].transport] and not has_certificate then
      return bad(text, "TLS needs a certificate: tls = { cert = ..., key = ... }, or "
        .. "moonsip run --cert FILE --key FILE")
    end
  end
  if #list == 0 then misuse.argument(verb, "listen", "the list is empty") end
  return list
end

--- "host" or "host:port", as Via and Contact have it (RFC 3261 25.1).
local function advertised(verb, text)
  misuse.text(verb, "advertise", text)
  local uri = not text:find "[@;?]" and core.uri("sip:" .. text)
  if not uri or #uri.host > max_host then
    misuse.argument(verb, "advertise", ("%q is no host or host:port"):format(text))
  end
  return uri.host, uri.port
end

--- An address to listen on, without a transport: raises for what is none.
---@param verb string
---@param text string
---@param port_if_none integer
---@return string ip
---@return integer port
function listen.place(verb, text, port_if_none)
  local host, port = host_and_port(misuse.text(verb, "address", text), port_if_none)
  if not host then misuse.argument(verb, "address", ("%q: %s"):format(text, port)) end
  return host, port
end

--- What the outside sees instead: "host", "host:port", or a table by transport.
---@param list moonsip.Listener[]
---@param given string|table<string, string>|nil
function listen.advertise(verb, list, given)
  if given == nil then return end
  for _, one in ipairs(list) do
    local text = type(given) == "table" and given[one.transport] or given
    if type(text) == "string" then
      one.advertise_host, one.advertise_port = advertised(verb, text)
    elseif type(given) ~= "table" then
      misuse.argument(verb, "advertise", "string or table expected, got " .. type(given))
    end
  end
end

--- With port 0 the transports of one address share a port: lists of what belongs
--- together.
local function groups_of(wanted)
  local groups, of_ip = {}, {}
  for _, one in ipairs(wanted) do
    local shares = one.port == 0 and (one.transport == "udp" or one.transport == "tcp")
    local group = shares and of_ip[one.ip]
    if not group or group[one.transport] then
      group = {}
      groups[#groups + 1] = group
      if shares then of_ip[one.ip] = group end
    end
    group[#group + 1], group[one.transport] = one, true
  end
  return groups
end

--- Opens what belongs together, on the port that the first one gets, or none of it.
local function open_group(driver, engine, group, more)
  local list, port = {}, group[1].port
  for at, one in ipairs(group) do
    local opened, err = driver:listen(engine, {
      transport = one.transport, ip = one.ip, port = port,
      advertise_host = one.advertise_host, advertise_port = one.advertise_port,
      tls = more.tls, paths = more.paths, origins = more.origins, http = more.http,
    })
    if not opened then
      for _, other in ipairs(list) do driver:unlisten(engine, other.number) end
      return nil, err
    end
    opened.advertise_host, opened.advertise_port = one.advertise_host, one.advertise_port
    list[at], port = opened, opened.port
  end
  return list
end

--- Opens every listener. On an error some may be left open.
---@param wanted moonsip.Listener[]
---@param more { tls: userdata?, paths: string[]?, origins: string[]?, http: function? }  core.tls,
---  whom WebSockets let in, and who answers other requests there
---@return moonsip.Listener[]?
---@return moonsip.Error? err
function listen.open(driver, engine, wanted, more)
  local all = {}
  for _, group in ipairs(groups_of(wanted)) do
    local tries = group[1].port == 0 and #group > 1 and max_tries or 1
    local list, err
    repeat
      list, err = open_group(driver, engine, group, more)
      tries = tries - 1
    until list or err.name ~= "EADDRINUSE" or tries == 0
    if not list then return nil, err end
    table.move(list, 1, #list, #all + 1, all)
  end
  return all
end

--- What an agent leaves by over TLS when it has no certificate, so that nobody is let in: a
--- port of each address that it listens on.
---@param wanted moonsip.Listener[]
---@return moonsip.Listener[]
function listen.outgoing(wanted)
  local list, seen = {}, {}
  for _, one in ipairs(wanted) do
    if not seen[one.ip] then
      seen[one.ip] = true
      for transport in pairs(secure) do
        list[#list + 1] = { transport = transport, ip = one.ip, port = 0,
                            advertise_host = one.advertise_host }
      end
    end
  end
  table.sort(list, function(a, b) return a.ip .. a.transport < b.ip .. b.transport end)
  return list
end

--- "udp:192.0.2.1:5060".
---@param one moonsip.Listener
function listen.text(one)
  return (one.ip:find(":", 1, true) and "%s:[%s]:%d" or "%s:%s:%d")
    :format(one.transport, one.ip, one.port)
end

return listen
