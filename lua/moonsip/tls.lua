-- SPDX-License-Identifier: MIT
-- The option `tls` of an agent: who we are over TLS and whom we trust (RFC 3261 26.3,
-- RFC 5922), and files that are read again when they were replaced.
--
--   cert, key     PEM files; the chain follows in the first. Or a list of such pairs, of
--                 which a server takes the one that is for the name asked for (SNI)
--   ca            file or folder of the authorities that we trust; default: the system's
--   crl           file of revoked certificates
--   verify        false: whoever answers is trusted
--   clients       "any" (default), "checked" (a certificate that is sent must be good), or
--                 "required" (RFC 5922 7.4)
--   ciphers       of TLS 1.2, as OpenSSL names them
--   version       "1.2" (default) or "1.3": the oldest that is spoken
--   reload        "watch": files are looked at every five seconds; or how often

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

local tls = {}

local verb <const> = "sip.agent"

local watch_ms <const> = 5000

local known <const> = { cert = true, key = true, ca = true, crl = true, verify = true,
                        clients = true, ciphers = true, version = true, reload = true }
local known_pair <const> = { cert = true, key = true }

local function text(options, name)
  local value = options[name]
  if value == nil then return nil end
  misuse.check(verb, "tls." .. name, value, "string")
  if value:find("\0", 1, true) then misuse.argument(verb, "tls." .. name, "NUL in a name") end
  return value
end

local function one_of(options, name, values)
  local value = options[name]
  if value == nil then return values[1] end
  for _, each in ipairs(values) do
    if value == each then return value end
  end
  misuse.argument(verb, "tls." .. name,
    ('one of "%s" expected'):format(table.concat(values, '", "')))
end

local function identity(options, fields)
  local cert, key = text(options, "cert"), text(options, "key")
  for name in pairs(options) do
    if not fields[name] then misuse.argument(verb, "tls." .. tostring(name), "no such option") end
  end
  if key and not cert then misuse.argument(verb, "tls.cert", "string expected, got nil") end
  return cert and { certificate = cert, key = key } or nil
end

local function identities_of(given)
  if #given == 0 then return { identity(given, known) } end
  local list, rest = {}, {}
  for name, value in pairs(given) do
    if math.type(name) ~= "integer" then rest[name] = value end
  end
  for at, pair in ipairs(given) do
    list[at] = identity(misuse.check(verb, "tls", pair, "table"), known_pair)
    if not list[at] then misuse.argument(verb, "tls.cert", "string expected, got nil") end
  end
  if identity(rest, known) then
    misuse.argument(verb, "tls.cert", "either a list of pairs or one is given")
  end
  return list
end

local function watch_span(given)
  if given == nil then return nil end
  return given == "watch" and watch_ms or duration.check(verb, "tls.reload", given)
end

--- The option, checked; nil when there is none.
---@param given table?
---@return table? config  of core.tls, and watch_ms
function tls.read(given)
  if misuse.optional(verb, "tls", given, "table") == nil then return nil end
  local version = one_of(given, "version", { "1.2", "1.3" })
  return {
    identities = identities_of(given),
    authorities = text(given, "ca"), revoked = text(given, "crl"),
    trusts_anybody = given.verify == false,
    clients = one_of(given, "clients", { "any", "checked", "required" }),
    ciphers = text(given, "ciphers"), wants_1_3 = version == "1.3",
    watch_ms = watch_span(given.reload),
  }
end

--- Reads certificates, keys and authorities again (option `tls`). Connections that are
--- open keep what they began with. When a file is broken or expired, all stays as it was.
---@return boolean? done
---@return moonsip.Error? err  names the file
local function reload_tls(self)
  if not self.tls then return nil, errors.new("invalid", "the agent has no TLS") end
  local done, err = self.tls:reload()
  if not done then self.context.log:error("TLS stays as it was: %s", err.reason) end
  return done, err
end

local Reader = {}
Reader.__index = Reader

function Reader:expire()
  local agent = self.agent
  self.timer = agent.context:start_timer(self.watch_ms, self)
  local changed = agent.tls:has_changed()
  -- At the second look: whoever replaced the certificate has replaced its key by then.
  if changed and self.was_changed then agent:reload_tls() end
  self.was_changed = changed
end

function Reader:stop()
  self.agent.context.wheel:stop(self.timer)
end

--- Gives an agent the TLS of its options, and reads the files again whenever they were
--- replaced, when that is wished for.
---@param agent moonsip.Agent
---@param config table?
---@return boolean? done
---@return moonsip.Error? err  names a file
function tls.attach(agent, config)
  if not config then return true end
  local driver = agent.context.driver
  local err
  agent.tls, err = driver:load_tls(config)
  if err then return nil, err end
  driver:set_tls(agent.engine, agent.tls)
  if config.watch_ms and agent.tls then
    local watch = setmetatable({ agent = agent, watch_ms = config.watch_ms }, Reader)
    watch.timer = agent.context:start_timer(config.watch_ms, watch)
    agent.tls_watch = watch
  end
  return true
end

--- The agent is being closed.
function tls.detach(agent)
  if agent.tls_watch then agent.tls_watch:stop() end
end

--- Gives the class of agents its method.
function tls.mixin(class)
  class.reload_tls = reload_tls
end

return tls
