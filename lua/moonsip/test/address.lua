-- SPDX-License-Identifier: MIT
-- Addresses as specs write them: "10.0.0.9", "10.0.0.9:5070", "tcp:10.0.0.9:5070",
-- "[fd00::9]:5060", "fd00::9".

local misuse = require "moonsip.misuse"

local address = {}

local default_port <const> = 5060
local known_transport <const> = { udp = true, tcp = true, tls = true, ws = true, wss = true }

--- True for an IPv6 literal.
---@param ip string
function address.is_ipv6(ip)
  return ip:find(":", 1, true) ~= nil
end

local function ipv4(text)
  local parts = { text:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }
  for _, part in ipairs(parts) do
    if tonumber(part) > 255 or #part > 3 then return nil end
  end
  return #parts == 4 and table.concat(parts, ".") or nil
end

-- The groups of one side of "::"; nil when one is none.
local function groups_of(text)
  local groups = {}
  if text == "" then return groups end
  for group in (text .. ":"):gmatch "([^:]*):" do
    if not group:find "^%x%x?%x?%x?$" then return nil end
    groups[#groups + 1] = tonumber(group, 16)
  end
  return groups
end

-- RFC 5952 4: lower case, no leading zeros, the longest run of zeros as "::".
local function write_ipv6(groups)
  local best_at, best_len, at = 0, 1, 1
  while at <= 8 do
    local len = 0
    while at + len <= 8 and groups[at + len] == 0 do len = len + 1 end
    if len > best_len then best_at, best_len = at, len end
    at = at + math.max(len, 1)
  end
  local texts = {}
  for index, group in ipairs(groups) do texts[index] = ("%x"):format(group) end
  if best_at == 0 then return table.concat(texts, ":") end
  return table.concat(texts, ":", 1, best_at - 1) .. "::"
    .. table.concat(texts, ":", best_at + best_len)
end

local function ipv6(text)
  local left, right = text:match "^(.-)::(.*)$"
  local head, tail = groups_of(left or text), groups_of(right or "")
  if not head or not tail or right and right:find("::", 1, true) then return nil end
  local missing = 8 - #head - #tail
  if left and missing < 1 or not left and missing ~= 0 then return nil end
  for _ = 1, missing do head[#head + 1] = 0 end
  table.move(tail, 1, #tail, #head + 1, head)
  return write_ipv6(head)
end

--- An IP address in its one spelling; nil when it is none.
---@param text string
---@return string?
function address.ip(text)
  return ipv4(text) or ipv6(text)
end

--- The parts of an address; raises at the spec's line when it is none.
---@param verb string
---@param text string
---@return { transport: string, ip: string, port: integer, is_bare: boolean }
---  is_bare: neither transport nor port was said
function address.check(verb, text)
  misuse.check(verb, "address", text, "string")
  local transport, rest = text:match "^(%a+):(.+)$"
  if not known_transport[transport or ""] then transport, rest = nil, text end
  local host, port = rest:match "^%[(.-)%]:?(%d*)$"
  if not host then host, port = rest:match "^([^:]*):?(%d*)$" end
  if not host then host, port = rest, "" end
  local ip, number = address.ip(host), port == "" and default_port or tonumber(port)
  if not ip or number > 65535 then
    misuse.argument(verb, "address",
      ('an address such as "10.0.0.9:5060" or "[fd00::9]" expected, got %q'):format(text))
  end
  return { transport = transport or "udp", ip = ip, port = number,
           is_bare = not transport and port == "" }
end

return address
