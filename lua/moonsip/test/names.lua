-- SPDX-License-Identifier: MIT
-- The DNS of the test network: names that stand for targets, and zones with records, which
-- are found as RFC 3263 says.

local address = require "moonsip.test.address"
local core = require "moonsip.core"
local misuse = require "moonsip.misuse"
local zone = require "moonsip.test.zone"

---@class moonsip.test.Names
---@field private entries table<string, table|false>  false: its servers do not answer
---@field private zone moonsip.test.Zone
local Names = {}
Names.__index = Names
Names.__name = "moonsip.test.names"

local names = {}

-- RFC 3261 19.1.2, RFC 7118 5.5.
local default_port <const> = { udp = 5060, tcp = 5060, tls = 5061, ws = 80, wss = 443 }

-- When a real resolver gives up.
local silent_ms <const> = 5000

---@param random table  chance of its own, for the choice among servers (RFC 2782)
function names.new(random)
  return setmetatable({ entries = {}, zone = zone.new(), random = random }, Names)
end

--- The seed of the next choice.
function Names:seed()
  return self.random:bits()
end

local function check_target(verb, value)
  if type(value) == "string" then
    local parts = address.check(verb, value)
    return { ip = parts.ip, port = not parts.is_bare and parts.port or nil,
             transport = not parts.is_bare and parts.transport or nil }
  end
  misuse.check(verb, "target", value, "table")
  misuse.text(verb, "target.ip", value.ip)
  local ip = address.ip(value.ip)
  if not ip then misuse.argument(verb, "target.ip", "IP address expected") end
  if value.port then misuse.integer(verb, "target.port", value.port, 1, 65535) end
  return { ip = ip, port = value.port, transport = value.transport }
end

--- Sets what a name stands for: an address, or a list in order of preference of
--- addresses and { ip =, port =, transport = }; nil takes the name away, false has nobody
--- answer for it.
---@param verb string
---@param name string
---@param targets string|table|false|nil
function Names:set(verb, name, targets)
  name = misuse.text(verb, "name", name):lower()
  if not targets then
    self.entries[name] = targets
    return
  end
  if type(targets) == "string" or targets.ip then targets = { targets } end
  local list = {}
  for index, one in ipairs(targets) do list[index] = check_target(verb, one) end
  self.entries[name] = list
end

--- Adds the records of a zone, or with nil forgets all that were added.
function Names:set_zone(verb, text)
  if text == nil then self.zone = zone.new() else self.zone:add(verb, text) end
end

-- The entries that fit the transport asked for, with what the query or else the defaults
-- say where they are silent.
local function targets_of(entries, query)
  local found = {}
  for _, entry in ipairs(entries) do
    if not query.transport or not entry.transport or entry.transport == query.transport then
      local transport = query.transport or entry.transport
        or query.is_secure and "tls" or "udp"
      found[#found + 1] = { ip = entry.ip, transport = transport,
        port = query.port or entry.port or default_port[transport] }
    end
  end
  return #found > 0 and found or nil
end

--- What a SIP query finds.
---@param query { host: string, port: integer?, transport: string?, is_secure: boolean, is_steady: boolean, spoken: string[] }
---@return { ip: string, port: integer, transport: string }[]?
---@return string? error  the core's name of it
---@return integer? after_ms  nobody answers: it is told so long after
function Names:locate(query)
  local entries = self.entries[query.host:lower()]
  if entries == false then return nil, nil, silent_ms end
  local ip = address.ip((query.host:gsub("^%[(.*)%]$", "%1")))
  if entries or ip then
    local found = targets_of(entries or { { ip = ip } }, query)
    return found, not found and "DNS" or nil
  end
  local locator = core.locator(query.spoken, self:seed(), query.host, query.port,
    query.transport, query.is_secure, query.is_steady)
  for number, kind, name in locator.next, locator do
    local records, after_ms = self:records(kind, name)
    if after_ms then return nil, nil, after_ms end
    locator:answer(number, records)
  end
  local targets, err = locator:targets()
  return targets, err and err.name
end

--- The addresses of a name.
---@return string[]?  nil: no such name
---@return integer? after_ms
function Names:addresses(host)
  local ip = address.ip((host:gsub("^%[(.*)%]$", "%1")))
  if ip then return { ip } end
  local found, after_ms = self:records("A", host)
  if after_ms then return nil, after_ms end
  return #found > 0 and found or nil
end

--- Its records of one kind; of A those of AAAA too.
---@param kind "A"|"SRV"|"NAPTR"
---@return (string|table)[]
---@return integer? after_ms
function Names:records(kind, name)
  local entries = self.entries[name:lower()]
  if entries == false then return {}, silent_ms end
  local found = self.zone:find(kind, name)
  if kind == "A" then
    for _, entry in ipairs(entries or {}) do found[#found + 1] = entry.ip end
  end
  return found
end

return names
