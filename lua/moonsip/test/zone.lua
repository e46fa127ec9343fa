-- SPDX-License-Identifier: MIT
-- Records of the test network's DNS, written as in a zone file (RFC 1035 5.1):
--
--   example.com             NAPTR  10 10 "s" "SIP+D2T" "" _sip._tcp.example.com
--   _sip._tcp.example.com   SRV    10 60 5060 a.example.com
--   a.example.com           A      10.0.0.2
--
-- A time to live and IN may stand in front of the type; ";" begins a comment. Every name is
-- a whole one, with or without a dot at its end.

local address = require "moonsip.test.address"
local misuse = require "moonsip.misuse"

---@class moonsip.test.Zone
---@field private names table<string, table<string, table[]>>  [name][kind]
local Zone = {}
Zone.__index = Zone
Zone.__name = "moonsip.test.zone"

local zone = {}

-- Aliases of aliases.
local max_aliases <const> = 8

function zone.new()
  return setmetatable({ names = {} }, Zone)
end

local function plain(name)
  return (name:lower():gsub("%.$", ""))
end

-- Words, and texts in quotes without them.
local function words_of(line)
  local words, at = {}, 1
  while true do
    local from, to, text = line:find('^%s*"([^"]*)"', at)
    if not from then from, to, text = line:find("^%s*([^%s;]+)", at) end
    if not from then return words end
    words[#words + 1], at = text, to + 1
  end
end

local function number(text)
  local value = math.tointeger(tonumber(text or ""))
  return value and value >= 0 and value <= 65535 and value or nil
end

local read = {}

function read.A(words) return address.ip(words[1] or "") end
read.AAAA = read.A

function read.CNAME(words) return words[1] and plain(words[1]) end

function read.SRV(words)
  local priority, weight, port = number(words[1]), number(words[2]), number(words[3])
  return port and weight and priority and words[4]
    and { priority = priority, weight = weight, port = port, target = plain(words[4]) }
end

function read.NAPTR(words)
  local order, preference = number(words[1]), number(words[2])
  return order and preference and words[6]
    and { order = order, preference = preference, flags = words[3], service = words[4],
          regexp = words[5], replacement = plain(words[6]) }
end

-- name [ttl] [IN] type data ...
local function parse(line)
  local words = words_of(line)
  local name, at = words[1], 2
  if tonumber(words[at] or "") then at = at + 1 end
  if words[at] == "IN" then at = at + 1 end
  local kind = words[at]
  local record = read[kind] and read[kind](table.move(words, at + 1, #words, 1, {}))
  if not record then return nil end
  return plain(name), kind == "AAAA" and "A" or kind, record
end

--- Adds records; a line that is none raises.
---@param verb string
---@param text string
function Zone:add(verb, text)
  misuse.check(verb, "text", text, "string")
  for line in text:gmatch "[^\n]+" do
    if line:find "^%s*[^%s;]" then
      local name, kind, record = parse(line)
      if not name then
        misuse.argument(verb, "text", ("no record: %q"):format(line:match "^%s*(.-)%s*$"))
      end
      local of = self.names[name] or {}
      self.names[name] = of
      of[kind] = of[kind] or {}
      table.insert(of[kind], record)
    end
  end
end

--- The records of a name, through its aliases.
---@param kind "A"|"SRV"|"NAPTR"
---@return (string|table)[]
function Zone:find(kind, name)
  local of = self.names[plain(name)]
  for _ = 1, max_aliases do
    local alias = of and of.CNAME
    if not alias then break end
    of = self.names[alias[1]]
  end
  return table.move(of and of[kind] or {}, 1, #(of and of[kind] or {}), 1, {})
end

return zone
