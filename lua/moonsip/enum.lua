-- SPDX-License-Identifier: MIT
-- ENUM (RFC 6116): from a telephone number to the URIs that its NAPTR records write.

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

local enum = {}

local verb <const> = "sip.enum"

-- RFC 6116 5.2.1: records that only lead to other records, one after the other.
local max_hops <const> = 5
local max_digits <const> = 15
-- RFC 6116 3.4.2 and RFC 3402 3.2: what longer expressions would be for is not seen.
local max_regexp <const> = 255

-- ---- the expressions of NAPTR records

local magic <const> = "[%^%$%(%)%%%.%[%]%*%+%-%?]"

-- The next piece of a POSIX extended expression as one of a Lua pattern; nil for what has
-- no such (alternatives, counts, back references, repeated groups).
local function piece(text, at)
  local set = text:match("^%[%^?[%w+*#.%-]+%]", at)
  if set then return set, at + #set, true end
  local escaped = text:match("^\\([^%w])", at)
  if escaped then return "%" .. escaped, at + 2, true end
  local c = text:sub(at, at)
  if c == "." then return ".", at + 1, true end
  if c == "(" or c == ")" or c == "^" or c == "$" then return c, at + 1, false end
  if c:find "[%w+@:;,=_/#~!&%- ]" and c ~= "+" then return (c:gsub(magic, "%%%0")), at + 1, true end
end

--- A POSIX extended regular expression (RFC 3402 3.2) as a Lua pattern; nil when it has
--- something that numbers have no use for.
---@param text string
---@return string?
function enum.pattern(text)
  local out, at = {}, 1
  while at <= #text do
    local made, next_at, is_repeatable = piece(text, at)
    if not made then return nil end
    local count = is_repeatable and text:match("^[*+?]", next_at) or ""
    out[#out + 1] = made .. count
    at = next_at + #count
  end
  local pattern = table.concat(out)
  return pcall(string.find, "", pattern) and pattern or nil
end

-- Delimiter, expression, delimiter, replacement, delimiter, flags (RFC 3402 3.2).
local function parts_of(regexp)
  local mark = regexp:sub(1, 1)
  if mark == "" or mark:find "[%d\\i]" or #regexp > max_regexp then return nil end
  local from, to, flags = regexp:match("^.([^" .. "%" .. mark .. "]*)%" .. mark
    .. "([^%" .. mark .. "]*)%" .. mark .. "(i?)$")
  return from, to, flags
end

--- What the expression of a record makes of a number; nil when it does not fit.
---@param regexp string  "!^.*$!sip:info@example.com!"
---@param number string  "+4930123"
---@return string?
function enum.rewrite(regexp, number)
  local from, to = parts_of(regexp)
  local pattern = from and enum.pattern(from)
  if not pattern then return nil end
  local first, last = number:find(pattern)
  if not first then return nil end
  local found = table.pack(number:match(pattern))
  if not from:find("(", 1, true) then found = {} end
  local whole = number:sub(first, last)
  local made = to:gsub("\\(%d)", function(digit)
    return digit == "0" and whole or found[tonumber(digit)] or ""
  end)
  return number:sub(1, first - 1) .. made .. number:sub(last + 1)
end

-- ---- records

-- RFC 6116 3.4.3: "E2U+sip", also as one of several: "E2U+voice:tel+sip".
local function offers(service, wanted)
  local rest = service:lower():match "^e2u(%+.*)$"
  if not rest then return false end
  for name in rest:gmatch "%+([^+]+)" do
    if name == wanted or name:match "^[^:]*" == wanted then return true end
  end
  return false
end

local function by_order(a, b)
  if a.order ~= b.order then return a.order < b.order end
  return a.preference < b.preference
end

--- "+49 30 123" as "3.2.1.0.3.9.4.e164.arpa" (RFC 6116 3.2).
---@param number string  "+" and digits
---@param suffix string
---@return string
function enum.domain(number, suffix)
  return (number:sub(2):reverse():gsub("%d", "%0.")) .. suffix
end

local look -- below

-- Goes on with the records behind one that only leads to them (5.2.1).
local function follow(state, name)
  name = name:lower()
  if state.seen[name] or state.hops >= max_hops then return false end
  state.seen[name], state.hops = true, state.hops + 1
  look(state, name)
  return true
end

local function take(state, records)
  table.sort(records, by_order)
  for _, one in ipairs(records) do
    local flag = one.flags:lower()
    if flag == "" and one.replacement ~= "" then
      table.insert(state.further, one.replacement)
    elseif flag == "u" and offers(one.service, state.service) then
      local uri = enum.rewrite(one.regexp, state.number)
      if uri and not uri:find "[%s%c]" then table.insert(state.uris, uri) end
    end
  end
  while #state.uris == 0 and #state.further > 0 do
    if follow(state, table.remove(state.further, 1)) then return end
  end
  if #state.uris > 0 then return state.one:resolve(state.uris) end
  state.one:resolve(nil, errors.new("notfound",
    ("%s: no record of the service %s"):format(state.number, state.service)))
end

function look(state, name)
  local asked, why = state.context.driver:lookup("NAPTR", name, function(records, err)
    if err then return state.one:resolve(nil, err) end
    take(state, records)
  end)
  if not asked then return state.one:resolve(nil, why) end
  state.context:touch()
end

local function start(one, context, number, service, suffix)
  local name = enum.domain(number, suffix)
  look({ one = one, context = context, number = number, service = service, uris = {},
         further = {}, seen = { [name] = true }, hops = 0 }, name)
end

--- The URIs of a number, in the order in which to try them.
---@param context moonsip.Context
---@param number string  E.164 with "+"; spaces, dots, dashes and parentheses are for the eye
---@param options { service: string?, suffix: string? }?  "sip" (also "pres", "tel" ...); "e164.arpa"
---@param callback function?
---@return string[]?
---@return moonsip.Error? err  notfound; dns
function enum.look_up(context, number, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options(verb, options, { service = true, suffix = true })
  local bare = misuse.text(verb, "number", number):gsub("[%s%-%.%(%)/]", "")
  if not bare:find "^%+%d+$" or #bare > max_digits + 1 then
    misuse.argument(verb, "number", ('a number such as "+4930123" expected, got %q')
      :format(number))
  end
  local service = misuse.text(verb, "service", options.service or "sip"):lower()
  local suffix = misuse.text(verb, "suffix", options.suffix or "e164.arpa")
  return wait.await(context, verb, nil, callback, start, context, bare, service, suffix)
end

return enum
