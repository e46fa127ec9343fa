-- SPDX-License-Identifier: MIT
-- By whom a call was diverted on its way here (RFC 5806), the last one first.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

---@class moonsip.Diversion
---@field total integer  diversions, by their counters
---@field limit integer?  that may still follow
local Diversion = {}
Diversion.__name = "moonsip.diversion"

local diversion = {}

local known <const> = { uri = true, reason = true, privacy = true, screen = true,
                        limit = true, counter = true }

-- RFC 5806 5.1; counter and limit have two digits.
local choices <const> = { privacy = { full = true, name = true, uri = true, off = true },
                          screen = { yes = true, no = true } }
local max_count <const> = 99
local hidden <const> = "<sip:anonymous@anonymous.invalid>"

local function number_of(text)
  return type(text) == "string" and text:find "^%d%d?$" and math.tointeger(text) or nil
end

local function text_of(text, default)
  return type(text) == "string" and text:gsub('^"(.*)"$', "%1"):lower() or default
end

local function entry_of(address)
  local params = address.params
  return { uri = address.uri:copy(), display = address.display,
           reason = text_of(params.reason, "unknown"),
           counter = number_of(params.counter) or 1, limit = number_of(params.limit),
           privacy = text_of(params.privacy, nil), screen = text_of(params.screen, nil),
           address = address:copy() }
end

function Diversion:__index(key)
  local value = Diversion[key]
  if value ~= nil then return value end
  if key == "limit" then return self[1] and self[1].limit end
  if key ~= "total" then return nil end
  local total = 0
  for _, one in ipairs(self) do total = total + one.counter end
  return total
end

local function check(options)
  local verb <const> = "diversion:add"
  misuse.options(verb, misuse.check(verb, "options", options, "table"), known)
  for name, of in pairs(choices) do
    local value = options[name]
    if value ~= nil and not of[value] then
      misuse.argument(verb, name, ("%q is none of RFC 5806"):format(tostring(value)))
    end
  end
  for _, name in ipairs { "counter", "limit" } do
    if options[name] ~= nil then misuse.integer(verb, name, options[name], 0, max_count) end
  end
  local reason = misuse.optional(verb, "reason", options.reason, "string") or "unknown"
  if not reason:find "^[%w-]+$" then misuse.argument(verb, "reason", "a word expected") end
  local uri = core.uri(misuse.text(verb, "uri", tostring(options.uri)))
  if not uri then misuse.argument(verb, "uri", "a URI expected") end
  return uri, reason
end

--- Puts a diversion on top; nil and an error when no more are allowed.
---@return moonsip.Diversion?
---@return moonsip.Error?
function Diversion:add(options)
  local uri, reason = check(options)
  local left = self.limit
  if left == 0 then return nil, errors.new("limit", "no more diversions are allowed") end
  local address = core.address(("<%s>"):format(uri))
  local params = address.params
  params.reason = reason
  params.counter = tostring(options.counter or 1)
  local limit = options.limit or left and left - 1
  if left and limit > left - 1 then limit = left - 1 end
  if limit then params.limit = tostring(limit) end
  params.privacy, params.screen = options.privacy, options.screen
  table.insert(self, 1, entry_of(address))
  return self
end

--- As values of the header. For those who are not trusted without the names of who asked
--- for privacy.
---@param options { trusted: boolean? }?
---@return string[]?  nil when there are none
function Diversion:values(options)
  options = misuse.options("diversion:values", options, { trusted = true })
  local list = {}
  for at, one in ipairs(self) do
    local text = tostring(one.address)
    if options.trusted == false and (one.privacy or "off") ~= "off" then
      text = hidden .. (tostring(one.address.params):gsub("^;?(.)", ";%1"))
    end
    list[at] = text
  end
  return #list > 0 and list or nil
end

--- The diversions of a request.
---@return moonsip.Diversion?
---@return moonsip.Error?
function diversion.of(req)
  misuse.check("sip.diversion", "req", req, "table")
  local list, err = req.message:typed "Diversion"
  if err then return nil, err end
  local self = setmetatable({}, Diversion)
  for at, address in ipairs(list or {}) do self[at] = entry_of(address) end
  return self
end

return diversion
