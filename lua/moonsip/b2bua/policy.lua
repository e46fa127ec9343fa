-- SPDX-License-Identifier: MIT
-- What crosses from one leg of a B2BUA to the other, as options of call:dial and
-- call:bridge:
--
--   media    "relay": audio goes through us; "direct": descriptions go through, and audio
--            takes its own way
--   early    "relay": what rings is heard, and early media too; "ring": 180 alone; false
--   hide     nothing is said of the hosts of the other leg
--   headers  header fields to set, and beside them { pass = names, drop = names }, where a
--            name may end in "*"
--   codecs   in a relay: that are offered; else: all others are taken out of offers
--   sdp      in a relay: of the offer, as for agent:call; else a function that edits what goes
--            through, fn(sdp, "callee" or "caller"): whom it is for
--
-- The two are calls of their own (RFC 7092 3.1): Via, Route, Contact, Call-ID, tags, CSeq
-- and what else belongs to one dialog, hop or user agent never cross.

local core = require "moonsip.core"
local misuse = require "moonsip.misuse"
local plan = require "moonsip.plan"

---@class moonsip.Policy
---@field media "relay"|"direct"
---@field early "relay"|"ring"|false
---@field hide boolean
---@field codecs string[]|false   of "direct"
---@field edit function|false     of "direct"
---@field hold "pass"|"local"     of a relay: whether one leg is told that the other one holds
---@field private crossing userdata  of the core: header fields that cross
local Policy = {}
Policy.__index = Policy
Policy.hide, Policy.codecs, Policy.edit = false, false, false
Policy.early, Policy.hold = false, "local"

local policy = {}

-- Header fields without a word of the script's (core.crossing), by whether hosts are hidden.
local plain <const> = { [false] = core.crossing({}, {}, false),
                        [true] = core.crossing({}, {}, true) }
Policy.crossing = plain[false]

--- Names, of which the last character may be "*".
local function patterns(verb, name, given)
  if given == nil then return {} end
  if type(given) == "string" then given = { given } end
  local list = {}
  for at, each in ipairs(misuse.check(verb, name, given, "table")) do
    list[at] = misuse.text(verb, name, each)
    if core.header_scope(each) == "leg" then
      misuse.argument(verb, name, each .. " belongs to one leg and never crosses")
    end
  end
  return list
end

-- ---- reading options

local function one_of(verb, name, value, allowed)
  if not allowed[value] then
    misuse.argument(verb, name, ("%s is none of its values"):format(tostring(value)))
  end
  return value
end

local medias <const> = { relay = true, direct = true, pass = true }
local earlies <const> = { relay = true, ring = true, [false] = true }

--- "relay" or "direct" of what a script said; "pass" is another word for the latter.
function policy.media(verb, value, agent)
  if value == nil then return agent.media and "relay" or "direct" end
  one_of(verb, "media", value, medias)
  if value ~= "relay" then return "direct" end
  if not agent.media then misuse.argument(verb, "media", "the agent has no media") end
  return value
end

--- Takes `pass` and `drop` out of the header fields that are to be set.
local function split_headers(verb, given, self)
  if given == nil then return nil end
  misuse.check(verb, "headers", given, "table")
  if given.pass == nil and given.drop == nil then return given end
  self.crossing = core.crossing(patterns(verb, "headers.pass", given.pass),
    patterns(verb, "headers.drop", given.drop), self.hide)
  local rest = {}
  for name, value in pairs(given) do
    if name ~= "pass" and name ~= "drop" then rest[name] = value end
  end
  return rest
end

--- The policy of options, out of which its own are taken.
---@param verb string
---@param call moonsip.Call  the leg that is there
---@param options table      a table of ours
---@return moonsip.Policy
function policy.take(verb, call, options)
  local self = setmetatable({ media = policy.media(verb, options.media, call.agent) }, Policy)
  local early = options.early
  if early == nil then early = call.is_leg and "relay" end
  self.early = one_of(verb, "early", early, earlies)
  self.hide = options.hide and true or false
  self.crossing = plain[self.hide]
  if call.is_leg then self.hold = "pass" end
  options.headers = split_headers(verb, options.headers, self)
  if self.media == "direct" and options.codecs ~= nil then
    self.codecs = misuse.check(verb, "codecs", options.codecs, "table")
    options.codecs = nil
  end
  if self.media == "direct" and type(options.sdp) == "function" then
    self.edit, options.sdp = options.sdp, nil
  end
  options.media, options.early, options.hide = nil, nil, nil
  return self
end

--- The same for a leg that takes somebody's place: nothing is heard of it while it rings.
---@return moonsip.Policy
function Policy:silent()
  local made = {}
  for name, value in pairs(self) do made[name] = value end
  made.early = false
  return setmetatable(made, Policy)
end

--- The one of two calls that were joined without a word.
---@return moonsip.Policy
function policy.plain(call)
  return setmetatable({ media = policy.media(nil, nil, call.agent) }, Policy)
end

-- ---- crossing

local function add_host(hosts, host)
  if host then hosts[(host:lower():gsub("[%[%]]", ""))] = true end
end

--- The hosts that a message speaks of as those of its sender and his way.
local function hosts_of(message)
  local hosts = {}
  add_host(hosts, message.source_ip)
  for _, via in ipairs(message.vias or {}) do add_host(hosts, via.host) end
  for _, address in ipairs { message.contact or false, message.from or false } do
    if address then add_host(hosts, address.uri.host) end
  end
  return hosts
end

--- A value with our host in place of those.
local function mask(value, hosts, own)
  local masked = value:gsub("%[([%x:%.]+)%]", function(ip) return hosts[ip:lower()] and own end)
  return (masked:gsub("([%w%.%-]+)(@?)", function(word, at)
    return at == "" and hosts[word:lower()] and own or nil
  end))
end

--- Appends the header fields of a message that cross to a flat list.
---@param message table    of the core
---@param agent moonsip.Agent
---@param flat string[]?   what is set already, which stays
---@return string[]?
function Policy:carry(message, agent, flat)
  local first = flat and #flat + 2 or 2
  flat = self.crossing:carry(message, flat)
  if not self.hide or not flat then return flat end
  local hosts
  for at = first, #flat, 2 do
    hosts = hosts or hosts_of(message)
    flat[at] = mask(flat[at], hosts, plan.own_host(agent))
  end
  return flat
end

--- Names in a flat list, in lower case.
function policy.names(flat)
  local set = {}
  for at = 1, flat and #flat or 0, 2 do set[flat[at]:lower()] = true end
  return set
end

--- A flat list as the pairs that options take.
---@param flat string[]?
---@return table[]?
function policy.pairs(flat)
  if not flat then return nil end
  local list = {}
  for at = 1, #flat, 2 do list[#list + 1] = { flat[at], flat[at + 1] } end
  return list
end

--- The header fields of a message that cross, as an option.
---@return table[]?
function Policy:headers(message, agent)
  return policy.pairs(self:carry(message, agent))
end

--- Somebody of one leg, as the other one is told: without the tag that is that leg's own, and
--- with our host where hosts are hidden.
---@param given userdata  address
---@param agent moonsip.Agent
---@return string?
function Policy:identity(given, agent)
  if not self.hide then return given:bare() end
  local made = core.address(plan.from_of(agent, "call:dial", given.uri.user or "anonymous"))
  if made and given.display then made.display = given.display end
  return made and tostring(made)
end

--- Who calls, as the other leg is told.
---@param call moonsip.Call
---@return string? from
function Policy:caller(call)
  if call.direction == "out" then return nil end
  return self:identity(call.from, call.agent)
end

return policy
