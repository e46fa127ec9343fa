-- SPDX-License-Identifier: MIT
-- The options of a gateway, checked:
--
--   uri         where requests go; a user part comes with each call
--   username, password (or ha1), realm; credentials    who we are when it asks
--   headers, from, routes, transport                    of every request through it
--   sources     addresses and networks that it calls us from, beside those it answers from
--   priority    the lower the earlier (0); weight: its share among equals (1)
--   cps         calls per second, a number or a rate such as "5/2s"; max_calls: at once
--   probe       how often OPTIONS ask whether it lives (30 s); false: never
--   probe_timeout  how long an answer may take (5 s)
--   down_after  failures in a row that take it down (2); up_after: answers that bring it
--               up again (2)
--   hold        how long it stays down when it is not probed (30 s)

local credentials = require "moonsip.credentials"
local core = require "moonsip.core"
local duration = require "moonsip.duration"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local pool = require "moonsip.pool"

local gateway_settings = {}

local verb <const> = "sip.gateways"

local known <const> = {
  name = true, uri = true, username = true, password = true, ha1 = true, realm = true,
  credentials = true, headers = true, from = true, routes = true, transport = true,
  sources = true,
  priority = true, weight = true, cps = true, max_calls = true, probe = true,
  probe_timeout = true, down_after = true, up_after = true, hold = true,
}

--- What may be said once for all of a set.
local shared <const> = { agent = true, probe = true, probe_timeout = true, down_after = true,
                         up_after = true, hold = true }

local defaults <const> = { probe = "30s", probe_timeout = "5s", down_after = 2, up_after = 2,
                           hold = "30s" }

local max_count <const> = 1000000
local max_weight <const> = 65535 -- as in SRV (RFC 2782)
local max_threshold <const> = 1000
local least_ms <const> = 100 -- between two probes

local function span(name, value)
  local ms = duration.check(verb, name, value)
  if ms < least_ms then misuse.argument(verb, name, "0.1 s or more expected") end
  return ms
end

local function check_uri(given)
  local uri = core.uri(misuse.text(verb, "uri", tostring(given)))
  if not uri or not uri.host or uri.scheme ~= "sip" and uri.scheme ~= "sips" then
    misuse.argument(verb, "uri", ("%q is no sip or sips URI"):format(tostring(given)))
  end
  return tostring(uri)
end

--- Networks that are its own, and what finds an address in them.
local function check_sources(given)
  if type(given) == "string" then given = { given } end
  local list = {}
  for at, text in ipairs(misuse.optional(verb, "sources", given, "table") or {}) do
    list[at] = misuse.check(verb, "sources", text, "string")
  end
  local networks, err = core.addresses(list)
  if not networks then misuse.argument(verb, "sources", err.reason) end
  return list, networks
end

local function check_cps(context, value)
  if value == nil then return nil end
  if type(value) == "number" then
    value = misuse.integer(verb, "cps", value, 1, 100000) .. "/1s"
  end
  return pool.rate.new(context, misuse.check(verb, "cps", value, "string"))
end

--- What all gateways of a set have unless they say otherwise.
function gateway_settings.of_set(options)
  options = misuse.options(verb, options, shared)
  local made = {}
  for name, value in pairs(defaults) do made[name] = value end
  for name, value in pairs(options) do made[name] = value end
  return made
end

--- The fields of a gateway.
---@param context moonsip.Context
---@param name string
---@param options table   as the script gave them
---@param set table       of of_set
function gateway_settings.read(context, name, options, set)
  misuse.options(verb, options, known)
  local function value(key)
    if options[key] ~= nil then return options[key] end
    return set[key]
  end
  headers.flatten(verb, options.headers) -- what is wrong with it is told now
  if options.transport ~= nil then misuse.text(verb, "transport", options.transport) end
  local addresses, networks = check_sources(options.sources)
  return {
    addresses = addresses, networks = networks,
    context = context, name = name, uri = check_uri(options.uri),
    headers = options.headers, from = options.from, routes = options.routes,
    transport = options.transport,
    credentials = credentials.of(verb, options, credentials.cache()),
    priority = misuse.integer(verb, "priority", options.priority or 0, 0, max_weight),
    weight = misuse.integer(verb, "weight", options.weight or 1, 0, max_weight),
    rate = check_cps(context, options.cps),
    max_calls = options.max_calls
      and misuse.integer(verb, "max_calls", options.max_calls, 1, max_count),
    probe_ms = value "probe" and span("probe", value "probe") or nil,
    probe_timeout_ms = span("probe_timeout", value "probe_timeout"),
    down_after = misuse.integer(verb, "down_after", value "down_after", 1, max_threshold),
    up_after = misuse.integer(verb, "up_after", value "up_after", 1, max_threshold),
    hold_ms = span("hold", value "hold"),
  }
end

return gateway_settings
