-- SPDX-License-Identifier: MIT
-- Digest authentication as a server (RFC 7616, RFC 8760, RFC 3261 22): who sent this
-- request? The nonces prove themselves, so a challenge costs no state, and it is sent
-- without any (8.2.7). The look-up of a secret may wait.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

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
  local kept = {}
  for at, name in ipairs(list) do
    misuse.check("sip.digest", "algorithms", name, "string")
    if not core.digest.has(name) then
      misuse.argument("sip.digest", "algorithms",
        ("%s is not to be had here"):format(name))
    end
    kept[at] = name
  end
  if #kept == 0 then misuse.argument("sip.digest", "algorithms", "the list is empty") end
  return kept
end

local function check_qops(qop)
  qop = qop or "auth"
  local list = type(qop) == "table" and qop or { qop }
  for _, name in ipairs(list) do
    if name ~= "auth" and name ~= "auth-int" then
      misuse.argument("sip.digest", "qop", "auth or auth-int, or a list of both")
    end
  end
  return list
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
  local algorithms = check_algorithms(options.algorithms)
  local qops = check_qops(options.qop)
  local nonces = core.nonces { lifetime = lifetime, capacity = options.capacity,
    key = options.key, seed = context.driver:engine_options().seed }
  return setmetatable({
    context = context, realm = realm, secret = options.secret, mutual = options.mutual,
    has_key = options.key ~= nil, algorithms = algorithms, qop = table.concat(qops, ","),
    nonces = nonces,
    verifier = assert(core.verifier { nonces = nonces, realm = realm,
      algorithms = algorithms, qops = qops, any_uri = options.any_uri,
      without_qop = options.without_qop }),
  }, Digest)
end

--- Milliseconds of the clock that nonces are made by: one that nodes share where they
--- share a key.
local function clock(self)
  local driver = self.context.driver
  return self.has_key and driver:wall() or driver:now()
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

--- What a 2xx says of the authentication (RFC 7616 3.5).
local Proof = {}
Proof.__index = Proof

--- The value of Authentication-Info for a response with that body: that we know the
--- secret too, and the next nonce when the one that was used is getting old.
---@param body string?
---@return string
function Proof:value(body)
  local of, list = self.digest, {}
  if self.is_old then list[1] = "nextnonce=" .. quoted(of.nonces:new(clock(of), of.realm)) end
  local rspauth, qop, cnonce, count = self.attempt:rspauth(body or "")
  list[#list + 1] = "rspauth=" .. quoted(rspauth)
  if qop then
    list[#list + 1] = ("qop=%s, cnonce=%s, nc=%s"):format(qop, quoted(cnonce), count)
  end
  return table.concat(list, ", ")
end

local check_options <const> = { proxy = true }

--- Who sent the request: the user's name once his credentials are proven. Otherwise the
--- answer has been sent (a challenge; for a user who does not exist the same) and the
--- result is nil and why. nil and `cancelled` when the caller gave up meanwhile.
---@param req moonsip.Request
---@param options { proxy: boolean? }?  407 instead of 401
---@return string? user
---@return moonsip.Error? err
function Digest:check(req, options)
  options = options and misuse.options("auth:check", options, check_options)
  local role = options and options.proxy and proxy or user_agent
  local now = clock(self) -- a nonce gets no older while the secret is looked up
  local attempt, user = self.verifier:read(req.message, role.hears, now)
  if not attempt then return self:refuse(req, role, "no credentials that fit") end
  local secret = self.secret(user, self.realm)
  if req.cancelled then return nil, errors.new("cancelled",
    "the request was cancelled") end
  local engine = req.agent.engine
  local verdict, is_old = attempt:prove(secret, now)
  if verdict == "wrong" then
    engine:distrust(req.transaction)
    return self:refuse(req, role, "wrong credentials")
  elseif verdict ~= "good" then
    return self:refuse(req, role, "the nonce is " .. verdict, true)
  end
  req.authenticated = user
  engine:vouch(req.transaction)
  if role == user_agent and (self.mutual or is_old) then
    req.proof = setmetatable({ digest = self, attempt = attempt, is_old = is_old }, Proof)
  end
  return user
end

--- Challenges and says why, for the log of the script.
---@package
function Digest:refuse(req, role, why, stale)
  local done, err = self:challenge(req, { proxy = role == proxy, stale = stale })
  if not done then return nil, err end
  return nil, errors.new("auth", why, { code = role.code })
end

return digest
