-- SPDX-License-Identifier: MIT
-- The DNS of the test network: a table of names.

local address = require "moonsip.test.address"
local misuse = require "moonsip.misuse"

---@class moonsip.test.Names
local Names = {}
Names.__index = Names
Names.__name = "moonsip.test.names"

local names = {}

-- RFC 3261 19.1.2.
local default_port <const>, default_secure_port <const> = 5060, 5061

function names.new()
  return setmetatable({ entries = {} }, Names)
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
--- addresses and { ip =, port =, transport = }; nil takes the name away.
---@param verb string
---@param name string
---@param targets string|table|nil
function Names:set(verb, name, targets)
  name = misuse.text(verb, "name", name):lower()
  if targets == nil then
    self.entries[name] = nil
    return
  end
  if type(targets) == "string" or targets.ip then targets = { targets } end
  local list = {}
  for index, one in ipairs(targets) do list[index] = check_target(verb, one) end
  self.entries[name] = list
end

--- What a SIP query finds (RFC 3263 4): the entries that fit the transport asked
--- for, with what the query or else the defaults say where they are silent.
---@return { ip: string, port: integer, transport: string }[]?  nil: no such name
function Names:targets(host, port, transport, is_secure)
  local entries = self.entries[host:lower()]
  local found = {}
  if not entries then
    local ip = address.ip((host:gsub("^%[(.*)%]$", "%1")))
    if not ip then return nil end
    entries = { { ip = ip } }
  end
  for _, entry in ipairs(entries) do
    if not transport or not entry.transport or entry.transport == transport then
      found[#found + 1] = {
        ip = entry.ip,
        port = port or entry.port or is_secure and default_secure_port or default_port,
        transport = transport or entry.transport or is_secure and "tls" or "udp",
      }
    end
  end
  return #found > 0 and found or nil
end

--- The addresses of a name.
---@return string[]?
function Names:addresses(host)
  local targets = self:targets(host)
  if not targets then return nil end
  local found = {}
  for index, target in ipairs(targets) do found[index] = target.ip end
  return found
end

return names
