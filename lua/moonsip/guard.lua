-- SPDX-License-Identifier: MIT
-- The guard of an agent: its settings, and what a script may do with it. What it does with
-- messages happens in the core, before anything is kept of them.
--
--   per_ip     "30/2s": requests of one source that are refused; false: no limit
--   per_user   "10/1m": failed credentials of one user; false: no limit
--   ban        how long a source is banned that passes its limit (it is not)
--   scanners   "drop": known scanners; a list: those and these patterns; false: none
--   allow, deny   addresses and networks; allow is this host unless told
--   overload   { late = "100ms", calm = "20ms" }, false: nothing is ever refused for the load
--   known      how long somebody stays known (2 h)
--   capacity   sources, and users, that are remembered at once (32768)
--   max_size   bytes of a message (limits.message_size)

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local pool = require "moonsip.pool"

---@class moonsip.Guard
---@field share number  of new requests of strangers that are refused now, 0 to 1
---@field private engine table
local Guard = {}
Guard.__name = "moonsip.guard"

local getters <const> = {}

function getters:share() return self.engine:guard_share() / 1000 end

Guard.__index = core.lookup(Guard, getters)

local guard = {}

local verb <const> = "sip.agent"

local known <const> = { per_ip = true, per_user = true, ban = true, scanners = true,
                        allow = true, deny = true, overload = true, known = true,
                        capacity = true, max_size = true }

-- User-Agents of programs that look for victims.
local scanners <const> = {
  "friendly-scanner", "friendly-request", "sipvicious", "sipcli", "sip-scan", "sipscan",
  "sundayddr", "siparmyknife", "sivus", "vaxsipuseragent", "pplsip", "iwar", "smap",
  "sip bomber", "cobalt strike",
}

-- What this host sends comes from nowhere else: the system sees to that.
local this_host <const> = { "127.0.0.0/8", "::1" }

local max_capacity <const> = 1 << 24
local max_patterns <const> = 256
local max_message <const> = 65535

local function check_rate(name, given, default)
  if given == false then return 0, 0 end
  local count, span_ms = pool.rate.parse(given or default)
  if not count then
    misuse.argument(verb, "guard." .. name, ("%q is no rate such as %q"):format(
      tostring(given), default))
  end
  return count, span_ms
end

local function check_list(name, given)
  local list = {}
  for at, text in ipairs(type(given) == "string" and { given } or misuse.check(verb,
    "guard." .. name, given, "table")) do
    list[at] = misuse.check(verb, "guard." .. name, text, "string")
  end
  return list
end

local function check_scanners(given)
  if given == false then return {} end
  local list = table.move(scanners, 1, #scanners, 1, {})
  if given == nil or given == "drop" then return list end
  if type(given) ~= "table" then
    misuse.argument(verb, "guard.scanners", "\"drop\", a list of patterns or false expected")
  end
  for _, text in ipairs(check_list("scanners", given)) do
    if text == "" or #text > 64 then
      misuse.argument(verb, "guard.scanners", "patterns of 1 to 64 bytes expected")
    end
    list[#list + 1] = text
  end
  if #list > max_patterns then misuse.argument(verb, "guard.scanners", "too many patterns") end
  return list
end

local function check_overload(given)
  if given == false then return 0, 0 end
  given = misuse.options(verb, given, { late = true, calm = true })
  local late = duration.check(verb, "guard.overload.late", given.late or "100ms")
  local calm = duration.check(verb, "guard.overload.calm", given.calm or "20ms")
  if late < 1 or calm >= late then
    misuse.argument(verb, "guard.overload", "calm is less than late")
  end
  return late, calm
end

--- The option `guard` of sip.agent, checked; nil for false.
function guard.settings(given)
  if given == false then return nil end
  local options = misuse.options(verb, given, known)
  local made = { scanners = check_scanners(options.scanners),
                 allow = check_list("allow", options.allow or this_host),
                 deny = check_list("deny", options.deny or {}) }
  local core_options = {}
  core_options.per_source, core_options.per_source_ms = check_rate("per_ip", options.per_ip,
    "30/2s")
  core_options.per_user, core_options.per_user_ms = check_rate("per_user", options.per_user,
    "10/1m")
  core_options.late_ms, core_options.calm_ms = check_overload(options.overload)
  for name, option in pairs { ban_ms = "ban", known_ms = "known" } do
    if options[option] then
      core_options[name] = duration.check(verb, "guard." .. option, options[option])
    end
  end
  if options.capacity ~= nil then
    core_options.capacity = misuse.integer(verb, "guard.capacity", options.capacity, 8,
      max_capacity)
  end
  if options.max_size ~= nil then
    made.max_size = misuse.integer(verb, "guard.max_size", options.max_size, 1, max_message)
  end
  made.core = core_options
  return made
end

--- Puts the guard in front of an engine.
---@param engine table
---@param chosen table  of guard.settings
---@return moonsip.Guard?
---@return moonsip.Error? err  an address is none
function guard.new(engine, chosen)
  local done, err = engine:set_guard(chosen.core)
  done, err = done and engine:guard_scanners(chosen.scanners), err
  if done then done, err = engine:guard_add("allow", chosen.allow) end
  if done then done, err = engine:guard_add("deny", chosen.deny) end
  if not done then return nil, err end
  return setmetatable({ engine = engine }, Guard)
end

--- Tells every agent of a context that these addresses are a gateway's.
---@param context moonsip.Context
---@param list string[]
function guard.add_peers(context, list)
  for _, agent in ipairs(context.agent_list) do
    if agent.guard then agent.engine:guard_add("peer", list) end
  end
end

--- Tells a new agent of all gateways of its context.
---@param agent moonsip.Agent
function guard.add_gateways(agent)
  if not agent.guard then return end
  for _, set in ipairs(agent.context.gateway_sets) do
    for _, one in pairs(set) do agent.engine:guard_add("peer", one.addresses) end
  end
end

local function networks(what, given)
  local list = type(given) == "string" and { given } or misuse.check(what, "networks", given,
    "table")
  for _, text in ipairs(list) do misuse.check(what, "networks", text, "string") end
  return list
end

--- Nothing that comes from there is counted or refused.
---@param given string|string[]  addresses, networks such as "192.0.2.0/24"
---@return true?
---@return moonsip.Error? err
function Guard:allow(given)
  return self.engine:guard_add("allow", networks("guard:allow", given))
end

--- Nothing that comes from there is looked at.
---@param given string|string[]
---@return true?
---@return moonsip.Error? err
function Guard:deny(given)
  return self.engine:guard_add("deny", networks("guard:deny", given))
end

--- Takes exactly these networks off the lists.
---@param given string|string[]
---@return integer? count  that were on them
---@return moonsip.Error? err
function Guard:forget(given)
  return self.engine:guard_remove("deny", networks("guard:forget", given))
end

local function ban(self, what, ip, ms)
  misuse.check(what, "ip", ip, "string")
  if ip:find("/", 1, true) or not core.addresses { ip } then
    return nil, errors.new("invalid", ("%q is no IP address"):format(ip))
  end
  self.engine:guard_ban(ip, ms)
  return true
end

--- Nothing that comes from there is looked at for a span. Of IPv6 it is the /64.
---@param ip string
---@param span number|string  a duration
---@return true?
---@return moonsip.Error? err
function Guard:ban(ip, span)
  return ban(self, "guard:ban", ip, duration.check("guard:ban", "span", span))
end

--- Ends a ban.
---@param ip string
---@return true?
---@return moonsip.Error? err
function Guard:unban(ip)
  return ban(self, "guard:unban", ip, 0)
end

guard.Guard = Guard

return guard
