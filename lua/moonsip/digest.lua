-- SPDX-License-Identifier: MIT
-- Digest authentication as a server (RFC 7616, RFC 8760, RFC 3261 22): who sent this
-- request? The nonces prove themselves, so a challenge costs no state, and it is sent
-- without any (8.2.7). The look-up of a secret may wait.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

local calculation <const> = core.digest

local default_lifetime_ms <const> = 300000

---@class moonsip.Digest
---@field realm string
---@field context moonsip.Context
---@field secret fun(user: string, realm: string): string|{ ha1: string }|nil
local Digest = {}
Digest.__index = Digest
Digest.__name = "moonsip.digest"

local digest = {}

local options_known <const> = { realm = true, algorithms = true, secret = true,
  qop = true,
                                lifetime = true, capacity = true, key = true,
                                  any_uri = true,
                                without_qop = true, mutual = true }

-- Headers and statuses of the two roles (22.2, 22.3).
local user_agent <const> = { asks = "WWW-Authenticate", hears = "Authorization",
  code = 401 }
local proxy <const> = { asks = "Proxy-Authenticate", hears = "Proxy-Authorization",
  code = 407 }

local function check_algorithms(list)
  list = list or { "SHA-256", "MD5" }
  if type(list) == "string" then list = { list } end
  misuse.check("sip.digest", "algorithms", list, "table")
  local kept, known = {}, {}
  for _, name in ipairs(list) do
    misuse.check("sip.digest", "algorithms", name, "string")
    if not calculation.has(name) then
      misuse.argument("sip.digest", "algorithms",
        ("%s is not to be had here"):format(name))
    end
    kept[#kept + 1] = name
    known[name:lower()] = name
  end
  if #kept == 0 then misuse.argument("sip.digest", "algorithms", "the list is empty") end
  return kept, known
end

local function check_qop(qop)
  qop = qop or "auth"
  local list, known = type(qop) == "table" and qop or { qop }, {}
  for _, name in ipairs(list) do
    if name ~= "auth" and name ~= "auth-int" then
      misuse.argument("sip.digest", "qop", "auth or auth-int, or a list of both")
    end
    known[name] = true
  end
  return table.concat(list, ","), known
end

---@param context moonsip.Context
---@param options table
---  realm: what the user's secret is for; secret(user, realm): his password, { ha1 = hex },
---  or nil when there is no such user, and it may wait; algorithms, most wanted first
---  (SHA-256, MD5); qop: "auth" (default), "auth-int" or both; lifetime of a nonce (5 min);
---  capacity: nonces in use at once (16384); key: 16 bytes that several nodes share;
---  mutual: every 2xx proves that we know the secret too (rspauth); any_uri: do not ask that uri= be the Request-URI; without_qop: take RFC 2069 clients
---@return moonsip.Digest
function digest.new(context, options)
  options = misuse.options("sip.digest", options, options_known)
  local realm = misuse.text("sip.digest", "realm", options.realm)
  misuse.check("sip.digest", "secret", options.secret, "function")
  local lifetime = options.lifetime and duration.check("sip.digest", "lifetime",
    options.lifetime)
  local algorithms, known = check_algorithms(options.algorithms)
  local qop, qops = check_qop(options.qop)
  return setmetatable({
    context = context, realm = realm, secret = options.secret, mutual = options.mutual,
    lifetime = lifetime or default_lifetime_ms, has_key = options.key ~= nil,
    algorithms = algorithms, known = known, qop = qop, qops = qops,
    any_uri = options.any_uri, without_qop = options.without_qop,
    nonces = core.nonces { lifetime = lifetime, capacity = options.capacity,
      key = options.key,
                           seed = context.driver:engine_options().seed },
  }, Digest)
end

--- Milliseconds of the clock that nonces are made by: one that nodes share where they
--- share a key.
local function clock(self)
  local context = self.context
  return self.has_key and context.driver:wall() or context:now()
end

local function quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

--- The values of a challenge, most wanted algorithm first (RFC 8760 2.3).
local function challenges(self, stale)
  local nonce = self.nonces:new(clock(self), self.realm)
  local values = {}
  for i, algorithm in ipairs(self.algorithms) do
    values[i] = ("Digest realm=%s, nonce=%s, algorithm=%s, qop=%s%s"):format(quoted(self.realm),
      quoted(nonce), algorithm, quoted(self.qop), stale and ", stale=true" or "")
  end
  return values
end

--- Challenges the sender; nothing is kept.
---@param req moonsip.Request
---@param options { proxy: boolean?, stale: boolean? }?
function Digest:challenge(req, options)
  options = options or {}
  local role = options.proxy and proxy or user_agent
  return req:reply(role.code, { stateless = true, [role.asks] = challenges(self,
    options.stale) })
end

--- The credentials for our realm among those that came, with what every client must
--- send (RFC 7616 3.4). nil when there are none, or when they are not whole.
local function credentials_of(self, req, role)
  for _, value in ipairs(req.message:typed(role.hears) or {}) do
    local params = value.params
    if value.scheme:lower() == "digest" and params and params.realm == self.realm then
      local whole = params.username and params.nonce and params.uri and params.response
      return whole and params or nil
    end
  end
end

--- The parts of the calculation, or nil when something in them is not what we asked
--- for: an algorithm or qop that we did not offer, another uri, a count that is none.
local function parts_of(self, req, params)
  local algorithm = self.known[(params.algorithm or "MD5"):lower()]
  local qop = params.qop and params.qop:lower()
  if not algorithm then return nil end
  if qop and not self.qops[qop] or not qop and not self.without_qop then return nil end
  local count = 0
  if qop then
    if not params.cnonce or not (params.nc or ""):find "^%x%x%x%x%x%x%x%x$" then
      return nil
    end
    count = tonumber(params.nc, 16)
    if count == 0 then return nil end
  end
  local message = req.message
  if not self.any_uri and params.uri ~= tostring(message.uri) then
    local uri = core.uri(params.uri)
    if not uri or uri ~= message.uri then return nil end
  end
  return { algorithm = algorithm, username = params.username, realm = self.realm,
           nonce = params.nonce, cnonce = params.cnonce, nc = params.nc, qop = qop,
           method = message.method, uri = params.uri, body = message.body }, count
end

--- Whether the response is what the user's secret gives. Without a user the same work
--- is done in vain, from a secret of the same sort, so that the time says nothing.
local function proves(self, parts, params, secret)
  if secret then self.has_hashes = type(secret) == "table" end
  if type(secret) == "table" then
    parts.ha1 = secret.ha1
  elseif not secret and self.has_hashes then
    parts.ha1 = parts.nonce
  else
    parts.password = secret or parts.nonce
  end
  local expected = calculation.response(parts)
  local equal = expected and calculation.equal(expected, params.response)
  return equal and secret ~= nil and secret ~= false
end

--- What a 2xx says of the authentication (RFC 7616 3.5).
local Proof = {}
Proof.__index = Proof

--- The value of Authentication-Info for a response with that body: that we know the
--- secret too, and the next nonce when the one that was used is getting old.
---@param body string?
---@return string
function Proof:value(body)
  local parts, of = self.parts, self.digest
  parts.body = body or ""
  local list = {}
  if self.is_old then list[1] = "nextnonce=" .. quoted(of.nonces:new(clock(of), of.realm)) end
  list[#list + 1] = "rspauth=" .. quoted(calculation.rspauth(parts))
  if parts.qop then
    list[#list + 1] = ("qop=%s, cnonce=%s, nc=%s"):format(parts.qop, quoted(parts.cnonce),
      parts.nc)
  end
  return table.concat(list, ", ")
end

--- Who sent the request: the user's name once his credentials are proven. Otherwise the
--- answer has been sent (a challenge; for a user who does not exist the same) and the
--- result is nil and why. nil and `cancelled` when the caller gave up meanwhile.
---@param req moonsip.Request
---@param options { proxy: boolean? }?  407 instead of 401
---@return string? user
---@return moonsip.Error? err
function Digest:check(req, options)
  options = misuse.options("auth:check", options, { proxy = true })
  local role = options.proxy and proxy or user_agent
  local params = credentials_of(self, req, role)
  local parts, count
  if params then parts, count = parts_of(self, req, params) end
  local verdict = parts and self.nonces:check(clock(self), self.realm,
    params.nonce, count)
  if not verdict or verdict == "forged" then
    return self:refuse(req, options, "no credentials that fit")
  end
  local secret = self.secret(params.username, self.realm)
  if req.cancelled then return nil, errors.new("cancelled",
    "the request was cancelled") end
  local engine = req.agent.engine
  if not proves(self, parts, params, secret) then
    engine:distrust(req.transaction)
    return self:refuse(req, options, "wrong credentials")
  end
  verdict = self.nonces:use(clock(self), self.realm, params.nonce, count)
  if verdict ~= "good" then
    return self:refuse(req, options, "the nonce is " .. verdict, true)
  end
  req.authenticated = params.username
  engine:vouch(req.transaction)
  local is_old = clock(self) - tonumber(params.nonce:sub(1, 12), 16) > self.lifetime // 2
  if role == user_agent and (self.mutual or is_old) then
    req.proof = setmetatable({ digest = self, parts = parts, is_old = is_old }, Proof)
  end
  return params.username
end

--- Challenges and says why, for the log of the script.
---@package
function Digest:refuse(req, options, why, stale)
  local done, err = self:challenge(req, { proxy = options.proxy, stale = stale })
  if not done then return nil, err end
  local code = options.proxy and proxy.code or user_agent.code
  return nil, errors.new("auth", why, { code = code })
end

return digest
