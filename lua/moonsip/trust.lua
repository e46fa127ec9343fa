-- SPDX-License-Identifier: MIT
-- Who is trusted to say who calls (RFC 3325), and what has to go when a request leaves
-- those who are (RFC 3323 5, RFC 3325 7).

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

---@class moonsip.Trust
---@field private networks table?
---@field private gateways moonsip.Gateways?
local Trust = {}
Trust.__index = Trust
Trust.__name = "moonsip.trust"

local trust = {}

local known <const> = { networks = true, gateways = true }
local cross_known <const> = { to = true, asserted = true }

local anonymous <const> = '"Anonymous" <sip:anonymous@anonymous.invalid>'

-- What says more of the caller than he wants said (RFC 3323 5.1, RFC 5379 5.2), by what
-- he asked for. Via, Contact and Record-Route are ours in a call of our own.
local hidden <const> = {
  user = { "Subject", "Call-Info", "Organization", "User-Agent", "Reply-To",
           "In-Reply-To", "Referred-By" },
  header = { "Server" },
}

-- Headers of a request that go on as we say, or not at all.
local ours <const> = { "P-Asserted-Identity", "P-Preferred-Identity", "Privacy" }

-- RFC 3323 4.2, RFC 3325 9.3, RFC 7044 10.1; session would need a relay for the media.
local values <const> = { none = true, critical = true, header = true, user = true,
                         id = true, history = true, session = true }
local impossible <const> = { session = true }

--- What Privacy asks for, as a set.
local function privacy_of(req)
  local wanted = {}
  local lines = req.headers["Privacy"]
  if type(lines) == "table" then lines = table.concat(lines, ";") end
  for value in (lines or ""):lower():gmatch "[^;,%s]+" do wanted[value] = true end
  return wanted
end

--- An IP address that this is, or nil.
local function ip_of(text)
  local bare = text:gsub("^%[", ""):gsub("%]$", "")
  return not bare:find("/", 1, true) and core.addresses { bare } and bare or nil
end

local function has_ip(self, ip)
  return ip and self.networks and self.networks:has(ip) or false
end

--- Is one of them trusted: a request by where it came from, a gateway of the sets, an IP
--- address, or a URI whose host is one?
---@return boolean
function Trust:has(who)
  if type(who) == "table" and who.source_ip then
    return has_ip(self, who.source_ip)
      or self.gateways ~= nil and self.gateways:sender(who) ~= nil
  end
  if type(who) == "table" and type(who.name) == "string" then
    return self.gateways ~= nil and self.gateways[who.name] == who
  end
  local text = misuse.text("trust:has", "who", type(who) == "userdata" and tostring(who) or who)
  local ip = ip_of(text)
  if not ip then
    local uri = core.uri(text)
    ip = uri and uri.host and ip_of(uri.host)
  end
  return has_ip(self, ip)
end

--- Who the caller is, by those who are trusted: a list of addresses, at most one sip or
--- sips URI and one tel URI (RFC 3325 9.1), or nil. What others say is nothing (5).
---@return moonsip.Address[]?
---@return moonsip.Error?
function Trust:identity(req)
  if not self:has(req) then return nil end
  local list, err = req.message:typed "P-Asserted-Identity"
  if not list then return nil, err end
  local seen, found = {}, {}
  for _, one in ipairs(list) do
    local scheme = one.uri.scheme
    local kind = scheme == "tel" and "tel" or scheme:find "^sips?$" and "sip" or nil
    if kind and not seen[kind] then
      seen[kind] = true
      found[#found + 1] = one:copy()
    end
  end
  return #found > 0 and found or nil
end

--- The one of what a user prefers that he may have (RFC 3325 6): of those in `allowed`, that
--- which P-Preferred-Identity names, else the first.
---@param allowed (string|moonsip.Uri)[]
---@return string  value of P-Asserted-Identity
function Trust:prefer(req, allowed)
  misuse.check("trust:prefer", "allowed", allowed, "table")
  local wanted = req.message:typed "P-Preferred-Identity" or {}
  for _, each in ipairs(wanted) do
    for _, one in ipairs(allowed) do
      if each.uri == core.uri(tostring(one)) then return tostring(each) end
    end
  end
  if not allowed[1] then misuse.argument("trust:prefer", "allowed", "it is empty") end
  return ("<%s>"):format(allowed[1])
end

local function asserted_of(self, req, given)
  if given == nil then
    local list, err = self:identity(req)
    if not list then return nil, err end
    given = list
  elseif type(given) ~= "table" then
    given = { given }
  end
  local texts = {}
  for at, one in ipairs(given) do
    texts[at] = misuse.text("trust:cross", "asserted", tostring(one))
    if not core.address(texts[at]) then
      misuse.argument("trust:cross", "asserted", ("%q is no address"):format(texts[at]))
    end
  end
  return #texts > 0 and texts or nil
end

--- The Privacy that goes on: what was asked for, less what is done (RFC 3323 5).
local function rest_of(wanted, done)
  local left = {}
  for value in pairs(wanted) do
    if not done[value] and value ~= "critical" then left[#left + 1] = value end
  end
  table.sort(left)
  if #left > 0 and wanted.critical then left[#left + 1] = "critical" end
  return #left > 0 and table.concat(left, ";") or nil
end

--- Withholds from somebody who is not trusted what the caller asked to withhold.
local function withhold(crossing, wanted)
  local done = {}
  if wanted.none then return end
  local private = wanted.id or wanted.user or wanted.header
  if private then crossing.headers["P-Asserted-Identity"] = nil end
  for _, kind in ipairs { "user", "header" } do
    for _, name in ipairs(wanted[kind] and hidden[kind] or {}) do
      crossing.forward[name] = false
    end
    done[kind] = wanted[kind]
  end
  done.id = wanted.id
  if wanted.history or wanted.header or wanted.session then
    crossing.forward["History-Info"] = false
    done.history = wanted.history
  end
  if wanted.user or wanted.id then crossing.from = anonymous end
  crossing.headers["Privacy"] = rest_of(wanted, done)
end

--- What a request becomes on its way to somebody: headers, and the
--- From to send when the caller is hidden. `to` is who gets it, `asserted` who the caller
--- is when he has proved it; else what came from those who are trusted is passed on.
---@return table?
---@return moonsip.Error?  500: what is critical cannot be done (RFC 3323 5)
function Trust:cross(req, options)
  misuse.options("trust:cross", misuse.check("trust:cross", "options", options, "table"),
                 cross_known)
  if options.to == nil then misuse.argument("trust:cross", "to", "who gets the request?") end
  local asserted, err = asserted_of(self, req, options.asserted)
  if err then return nil, err end
  local wanted = privacy_of(req)
  local trusted = self:has(options.to)
  for value in pairs(trusted and {} or wanted) do
    if wanted.critical and (impossible[value] or not values[value]) then
      return nil, errors.new("invalid", ("privacy of the kind %s is not provided"):format(value),
        { code = 500 })
    end
  end
  local crossing = { trusted = trusted, forward = {}, headers = {
    ["P-Asserted-Identity"] = asserted, ["Privacy"] = rest_of(wanted, {}) } }
  if not trusted then withhold(crossing, wanted) end
  local forward = crossing.forward
  for _, name in ipairs(ours) do forward[name] = crossing.headers[name] or false end
  return crossing
end

--- A trust domain.
---@return moonsip.Trust
function trust.new(options)
  misuse.check("sip.trust", "options", options, "table")
  misuse.options("sip.trust", options, known)
  local networks, err
  if options.networks ~= nil then
    local list = options.networks
    if type(list) == "string" then list = { list } end
    misuse.check("sip.trust", "networks", list, "table")
    networks, err = core.addresses(list)
    if not networks then misuse.argument("sip.trust", "networks", err.reason) end
  end
  local gateways = options.gateways
  if gateways ~= nil and (getmetatable(gateways) or {}).__name ~= "moonsip.gateways" then
    misuse.argument("sip.trust", "gateways", "sip.gateways expected")
  end
  return setmetatable({ networks = networks, gateways = gateways }, Trust)
end

return trust
