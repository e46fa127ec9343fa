-- SPDX-License-Identifier: MIT
-- The options of a line, checked:
--
--   uri           its address of record: "sip:alice@example.com", with a display name if it
--                 is to be in From
--   username, password (or ha1), realm; credentials   who we are when challenged; the
--                 username is the user part of `uri` unless it is said
--   registrar     whom it registers with (the domain of `uri`): a URI, or a list, of which
--                 the next is tried when one is silent or down
--   via           a proxy on the way (the agent's `outbound_proxy`): a URI, or a list
--   expires       how long each registration is asked for ("1h")
--   q             0 to 1: how much this contact is preferred
--   instance      a URN that names this device for good, "urn:uuid:...": with it a registrar
--                 gives GRUUs (RFC 5627)
--   gruu          "public" (default), "temporary" or false: which of those is our Contact
--   outbound      SIP outbound (RFC 5626): true, or a list of edge proxies, with a flow to each
--   keep_alive    how often its flows are kept alive at the least, whatever the server says;
--                 false: not at all
--   headers       of each REGISTER
--   transport     "udp", "tcp" ...
--   timeout       how long one attempt may take (what RFC 3261 17 says)
--   retry         { first = "30s", other = "90s", most = "30m", refused = false }: backoff.lua

local backoff = require "moonsip.backoff"
local core = require "moonsip.core"
local credentials = require "moonsip.credentials"
local duration = require "moonsip.duration"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local target = require "moonsip.target"

local line_settings = {}

local known <const> = {
  uri = true, username = true, password = true, ha1 = true, realm = true,
  credentials = true, registrar = true, via = true, expires = true, q = true,
  headers = true, transport = true, timeout = true, retry = true, instance = true,
  gruu = true, outbound = true, keep_alive = true,
}

local default_expires_s <const> = 3600
local max_s <const> = 4294967295
local max_registrars <const> = 8

-- RFC 5626 4.2.1: at least two must be possible, and four should be.
local max_edges <const> = 8

local least_keep_ms <const> = 5000

local function host_of(uri)
  return uri.port and ("%s:%d"):format(uri.host, uri.port) or uri.host
end

--- "sip:example.com": whom a REGISTER is for (RFC 3261 10.2).
local function domain_of(uri)
  local way = uri.transport and ";transport=" .. uri.transport or ""
  return ("%s:%s%s"):format(uri.scheme, host_of(uri), way)
end

--- The address of record as From and To say it (19.1.1: without parameters), and its URI.
local function aor_of(verb, given)
  local text = misuse.text(verb, "uri", given ~= nil and tostring(given) or given)
  local address, err = core.address(text)
  if not address then misuse.argument(verb, "uri", err.reason) end
  local uri = address.uri
  if not uri or uri.scheme ~= "sip" and uri.scheme ~= "sips" or (uri.user or "") == "" then
    misuse.argument(verb, "uri", "an address of record expected: \"sip:user@domain\"")
  end
  local display = text:match "^%s*(.-)%s*<"
  local bare = ("<%s:%s@%s>"):format(uri.scheme, core.escape(uri.user), host_of(uri))
  return display and display ~= "" and ("%s %s"):format(display, bare) or bare, uri:copy()
end

local function registrars_of(verb, given, uri)
  if given == nil then return { domain_of(uri) } end
  local list = {}
  for at, one in ipairs(type(given) == "table" and given or { given }) do
    local text = misuse.text(verb, "registrar", tostring(one))
    if not text:find("^%a+:") then text = "sip:" .. text end
    local parsed, err = core.uri(text)
    if not parsed then misuse.argument(verb, "registrar", err.reason) end
    list[at] = text
  end
  if #list < 1 or #list > max_registrars then
    misuse.argument(verb, "registrar", ("1 to %d URIs expected"):format(max_registrars))
  end
  return list
end

local function credentials_of(verb, options, uri, cache)
  local has_secret = options.password ~= nil or options.ha1 ~= nil
  if options.credentials ~= nil or options.username ~= nil or not has_secret then
    return credentials.of(verb, options, cache)
  end
  return credentials.of(verb, { username = uri.user, password = options.password,
                                ha1 = options.ha1, realm = options.realm }, cache)
end

local function expires_of(verb, given)
  if given == nil then return default_expires_s end
  return misuse.integer(verb, "expires", duration.check(verb, "expires", given) // 1000, 1,
    max_s)
end

local function q_of(verb, given)
  if given == nil then return nil end
  local q = misuse.check(verb, "q", given, "number")
  if q ~= q or q < 0 or q > 1 then misuse.argument(verb, "q", "0 to 1 expected") end
  return q < 1 and ("%.3f"):format(q):gsub("0+$", ""):gsub("%.$", "") or nil
end

--- A URN as it stands in +sip.instance (RFC 5626 4.1).
local function instance_of(verb, given)
  if given == nil then return false end
  if not misuse.text(verb, "instance", given):find "^[uU][rR][nN]:%w[%w%-]*:[^%s<>\"\\]+$" then
    misuse.argument(verb, "instance", "a URN expected: \"urn:uuid:...\"")
  end
  return ("<%s>"):format(given)
end

local gruus <const> = { public = "public", temporary = "temporary" }

local function gruu_of(verb, given, instance)
  if given == nil then return instance and "public" end
  if given == false then return false end
  if not gruus[given] then
    misuse.argument(verb, "gruu", "\"public\", \"temporary\" or false expected")
  end
  if not instance then misuse.argument(verb, "gruu", "there is none without an instance") end
  return given
end

--- Routes to the edges, one for each flow; false for no outbound.
local function edges_of(verb, given, instance, routes)
  if given == nil or given == false then return false end
  if not instance then
    misuse.argument(verb, "outbound", "a flow needs an instance (RFC 5626 4.1)")
  end
  if given == true then return { routes or false } end
  local list = type(given) == "table" and given or { given }
  if #list < 1 or #list > max_edges then
    misuse.argument(verb, "outbound", ("true or 1 to %d edge proxies expected"):format(max_edges))
  end
  local edges = {}
  for at, one in ipairs(list) do
    edges[at] = target.routes(verb, "outbound", one)
    if not core.header("Route", edges[at]) then
      misuse.argument(verb, "outbound", ("%s is no URI"):format(one))
    end
  end
  return edges
end

local function keep_alive_of(verb, given)
  if given == nil or given == false then return given end
  local ms = duration.check(verb, "keep_alive", given)
  if ms < least_keep_ms then
    misuse.argument(verb, "keep_alive", "at least five seconds expected")
  end
  return ms
end

local function transport_of(verb, given)
  if given == nil then return nil end
  local transport = misuse.text(verb, "transport", given):lower()
  if not transport:find "^%l+$" then
    misuse.argument(verb, "transport", "\"udp\", \"tcp\" ... expected")
  end
  return transport
end

---@param agent { credential_sets: table, routes: string? }  or what one will have
---@param verb string
---@param options table
function line_settings.read(agent, verb, options)
  misuse.options(verb, misuse.check(verb, "options", options, "table"), known)
  local aor, uri = aor_of(verb, options.uri)
  local instance = instance_of(verb, options.instance)
  local routes = target.routes(verb, "via", options.via) or agent.routes
  return {
    edges = edges_of(verb, options.outbound, instance, routes),
    keep_alive = keep_alive_of(verb, options.keep_alive),
    instance = instance, gruu = gruu_of(verb, options.gruu, instance),
    aor = aor, uri = uri,
    registrars = registrars_of(verb, options.registrar, uri),
    credentials = credentials_of(verb, options, uri, agent.credential_sets),
    routes = routes,
    expires_s = expires_of(verb, options.expires), q = q_of(verb, options.q),
    headers = headers.flatten(verb, options.headers),
    transport = transport_of(verb, options.transport),
    timeout_ms = options.timeout and duration.check(verb, "timeout", options.timeout),
    retry = backoff.read(verb, options.retry),
  }
end

--- Reads the option `register` of an agent: a line, or a list of them.
---@param verb string
---@param given table?
---@param agent { credential_sets: table, routes: string?, max_lines: integer }
---@return { lines: table[], is_one: boolean }
function line_settings.list(verb, given, agent)
  if given == nil then return { lines = {}, is_one = false } end
  misuse.check(verb, "register", given, "table")
  local is_one = given.uri ~= nil or given[1] == nil
  local list = {}
  for at, options in ipairs(is_one and { given } or given) do
    list[at] = line_settings.read(agent, verb, options)
  end
  if #list > agent.max_lines then
    misuse.argument(verb, "register", ("more than max_lines, %d"):format(agent.max_lines))
  end
  return { lines = list, is_one = is_one }
end

return line_settings
