-- SPDX-License-Identifier: MIT
-- Digest authentication as a client (RFC 3261 22, RFC 7616, RFC 8760): which challenge is
-- answered, with what, and what is remembered so that the next request needs none.
--
-- Whom we prove ourselves to: credentials with a realm answer that realm and no other.
-- Those without one are for whoever the request that names them was meant for: the first
-- realm that challenges it is theirs from then on. A peer who called us gets none.

local core = require "moonsip.core"
local misuse = require "moonsip.misuse"

local calculation <const> = core.digest

local credentials = {}

---@class moonsip.Credentials
---@field username string
---@field password string?
---@field ha1 string?      hash of username:realm:password, of the algorithm that is asked for
---@field realm string?
---@field private known table<string, table>  last challenge by role and realm

-- Times a request is sent again for challenges: once, and once more for a stale nonce.
local max_tries <const> = 2

local roles <const> = {
  [401] = { asks = "WWW-Authenticate", proves = "Authorization" },
  [407] = { asks = "Proxy-Authenticate", proves = "Proxy-Authorization" },
}

local function check_one(verb, given)
  local made = { username = misuse.text(verb, "username", given.username), known = {} }
  if given.ha1 ~= nil then
    made.ha1 = misuse.text(verb, "ha1", given.ha1)
  else
    made.password = misuse.check(verb, "password", given.password, "string")
  end
  if given.realm ~= nil then made.realm = misuse.text(verb, "realm", given.realm) end
  return made
end

--- Sets made of tables that a script still has, so that what they learnt stays with
--- them; one per agent.
function credentials.cache()
  return setmetatable({}, { __mode = "k" })
end

--- The set of a table, which may have other fields beside.
local function set_of(verb, given, cache)
  misuse.check(verb, "credentials", given, "table")
  local made = cache[given]
  if not made then
    made = check_one(verb, given)
    cache[given] = made
  end
  return made
end

--- The sets that options name: `credentials` (one or a list), or `username`, `password`
--- or `ha1`, and `realm` beside other options; nil when they name none.
---@param verb string
---@param options table
---@param cache table  of credentials.cache
---@return moonsip.Credentials[]?
function credentials.of(verb, options, cache)
  local given = options.credentials
  if given ~= nil then
    misuse.check(verb, "credentials", given, "table")
    if given.username ~= nil then return { set_of(verb, given, cache) } end
    local list = {}
    for i, one in ipairs(given) do list[i] = set_of(verb, one, cache) end
    return list
  end
  return options.username ~= nil and { set_of(verb, options, cache) } or nil
end

--- The set for a realm; one without a realm takes the first that asks for its own.
local function set_for(sets, realm)
  for _, set in ipairs(sets) do
    if set.realm == realm then return set end
  end
  for _, set in ipairs(sets) do
    if not set.realm then
      set.realm = realm
      return set
    end
  end
end

local function qop_of(offered)
  if not offered then return nil, true end
  local auth_int
  for word in offered:lower():gmatch "[%w-]+" do
    if word == "auth" then return "auth", true end
    auth_int = auth_int or word == "auth-int"
  end
  return auth_int and "auth-int" or nil, auth_int
end

local function quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

--- The value of Authorization for a challenge that is remembered, with its next count.
local function prove(set, asked, way)
  asked.count = asked.count + 1
  local nc = ("%08x"):format(asked.count)
  local cnonce = way.engine:token()
  local response = calculation.response {
    algorithm = asked.algorithm, username = set.username, password = set.password,
    ha1 = set.ha1, realm = asked.realm, nonce = asked.nonce, qop = asked.qop, nc = nc,
    cnonce = cnonce, method = way.method, uri = way.uri, body = way.body or "",
  }
  if not response then return nil end
  asked.last = { algorithm = asked.algorithm, username = set.username, password = set.password,
                 ha1 = set.ha1, realm = asked.realm, nonce = asked.nonce, qop = asked.qop,
                 nc = nc, cnonce = cnonce, uri = way.uri }
  local value = { ("Digest username=%s, realm=%s, nonce=%s, uri=%s, response=%s")
    :format(quoted(set.username), quoted(asked.realm), quoted(asked.nonce), quoted(way.uri),
      quoted(response)) }
  if asked.algorithm then value[#value + 1] = ", algorithm=" .. asked.algorithm end
  if asked.opaque then value[#value + 1] = ", opaque=" .. quoted(asked.opaque) end
  if asked.qop then
    value[#value + 1] = (", qop=%s, nc=%s, cnonce=%s"):format(asked.qop, nc, quoted(cnonce))
  end
  return table.concat(value)
end

--- The challenges that can be answered, the topmost of each realm (RFC 8760 2.4).
local function usable(response, role)
  local list, seen = {}, {}
  for _, value in ipairs(response.message:typed(role.asks) or {}) do
    local params = value.params
    if value.scheme:lower() == "digest" and params and params.realm and params.nonce then
      local qop, fits = qop_of(params.qop)
      if fits and calculation.has(params.algorithm or "MD5") and not seen[params.realm] then
        seen[params.realm] = true
        list[#list + 1] = {
          realm = params.realm, nonce = params.nonce, opaque = params.opaque, qop = qop,
          algorithm = params.algorithm, stale = (params.stale or ""):lower() == "true", count = 0,
        }
      end
    end
  end
  return list
end

--- True when a challenge says no more than that the nonce is old: what was proven stands.
local function refuses(set, role, asked)
  local before = set.known[role.asks .. asked.realm]
  return before and before.tried and not asked.stale
end

--- What this request has answered before goes along again: a proxy on its way lets nothing
--- through without it (22.3).
local function add_earlier(flat, sets, answered, way)
  for _, set in ipairs(sets) do
    local keys = {}
    for key, asked in pairs(set.known) do
      if asked.tried and not answered[key] then keys[#keys + 1] = key end
    end
    table.sort(keys) -- the same each time
    for _, key in ipairs(keys) do
      local asked = set.known[key]
      local value = prove(set, asked, way)
      if value then flat[#flat + 1], flat[#flat + 2] = asked.proves, value end
    end
  end
end

--- Header fields that answer the challenges of a 401 or 407, as a flat list; nil when
--- they are not ours to answer, or were answered before.
---@param sets moonsip.Credentials[]
---@param response moonsip.Response
---@param way { engine: table, method: string, uri: string, body: string?, tries: integer }
---@return string[]?
function credentials.answer(sets, response, way)
  local role = roles[response.code]
  if not role or way.tries >= max_tries then return nil end
  local flat, answered = {}, {}
  for _, asked in ipairs(usable(response, role)) do
    local set = set_for(sets, asked.realm)
    if set and not (way.tries > 0 and refuses(set, role, asked)) then
      local key = role.asks .. asked.realm
      asked.tried, asked.proves, answered[key] = true, role.proves, true
      set.known[key] = asked
      local value = prove(set, asked, way)
      if value then flat[#flat + 1], flat[#flat + 2] = role.proves, value end
    end
  end
  if not flat[1] then return nil end
  if way.tries > 0 then add_earlier(flat, sets, answered, way) end
  return flat
end

--- What proves us before anybody asks, from challenges that were answered before.
---@param sets moonsip.Credentials[]
---@param way table  as for answer
---@return string[]?
function credentials.ahead(sets, way)
  local flat
  for _, set in ipairs(sets) do
    for _, role in pairs(roles) do
      local asked = set.realm and set.known[role.asks .. set.realm]
      local value = asked and asked.proven and prove(set, asked, way)
      if value then
        flat = flat or {}
        flat[#flat + 1], flat[#flat + 2] = role.proves, value
      end
    end
  end
  return flat
end

--- Whether the server has proven in turn that it knows the secret, where it says so.
local function is_mutual(asked, info, body)
  if not info.rspauth then return true end
  local last = asked.last
  if not last or info.cnonce ~= last.cnonce or info.nc ~= last.nc then return false end
  last.body = body
  local expected = calculation.rspauth(last)
  return expected ~= nil and calculation.equal(expected, info.rspauth)
end

--- A server has taken a request up, and so its proof: further ones need no challenge.
---@param sets moonsip.Credentials[]
function credentials.taken_up(sets)
  for _, set in ipairs(sets) do
    for _, asked in pairs(set.known) do
      if asked.tried then asked.proven, asked.tried = true, nil end
    end
  end
end

--- A request went through: its nonces are good, and the next one of the server may be
--- named (RFC 7616 3.5), which is believed when its proof fits.
---@param sets moonsip.Credentials[]
---@param response moonsip.Response
function credentials.accepted(sets, response)
  local info = {}
  for _, param in ipairs(response.message:typed "Authentication-Info" or {}) do
    info[param.name] = param.value
  end
  local own <const> = roles[401].asks
  credentials.taken_up(sets)
  for _, set in ipairs(sets) do
    for key, asked in pairs(set.known) do
      if info.nextnonce and asked.proven and key == own .. asked.realm
        and is_mutual(asked, info, response.message.body) then
        asked.nonce, asked.count = info.nextnonce, 0
      end
    end
  end
end

return credentials
