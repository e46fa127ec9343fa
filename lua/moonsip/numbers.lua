-- SPDX-License-Identifier: MIT
-- Telephone numbers: how a place dials them, E.164, and the two kinds of URI that carry
-- them (RFC 3966; RFC 3261 19.1.6).
--
--   country        country code: "44"
--   national       what is dialled before a national number: "0"; "" when nothing is
--   international  what is dialled before a country code: "00"
--   area           code of the own area, for numbers dialled without one
--   length         digits of a national number that needs no prefix (North America: 10)
--   short          numbers of so few digits stay what they are: "112" (3)

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

---@class moonsip.Numbers
---@field private plan table
local Numbers = {}
Numbers.__index = Numbers
Numbers.__name = "moonsip.numbers"

local numbers = {}

-- E.164 6.2: at most 15 digits, of which the first is none of 0.
local max_digits <const> = 15
local default_short <const> = 3

local known <const> = { country = true, national = true, international = true, area = true,
                        length = true, short = true }

local function invalid(format, ...)
  return nil, errors.new("invalid", format:format(...))
end

--- The digits of a number without what is only for the eye (RFC 3966 5.1.1); "(0)" after
--- a country code is not dialled. nil when there is anything else.
local function digits_of(text)
  local global = text:find "^%s*%+" ~= nil
  if global then text = text:gsub("%(0%)", "", 1) end
  local bare = text:gsub("[%s%-%.%(%)/]", "")
  return bare:find "^%+?%d+$" and bare or nil
end

--- The number in a user part, "+44-20;ext=5", and the rest of it.
local function split(user)
  return user:match "^[^;]*", user:match ";.*" or ""
end

--- A URI out of what a script may give: a URI, an address, text of either.
local function uri_of(verb, given)
  if type(given) == "userdata" then
    local kind = getmetatable(given).__name
    return kind == "moonsip.address" and given.uri or given
  end
  local text = misuse.text(verb, "number", given)
  if text:find "^%s*[Tt][Ee][Ll]:" or text:find "^%s*[Ss][Ii][Pp][Ss]?:" then
    return core.uri(text)
  end
  if text:find("<", 1, true) then
    local address, err = core.address(text)
    return address and address.uri, err
  end
  return nil
end

--- Number and phone-context of what a script gives, or nil and an error.
local function number_of(verb, given)
  local uri, err = uri_of(verb, given)
  if err then return nil, err end
  if not uri then return given, nil end
  if uri.scheme == "tel" then
    local context = uri.params["phone-context"]
    return uri.user, context ~= true and context or nil
  end
  if not uri.user then return invalid("%s has no number", uri) end
  local number, rest = split(uri.user)
  return number, rest:lower():match ";phone%-context=([^;]*)"
end

--- "+" and digits, when that is a number of E.164.
local function global(digits)
  if not digits:find "^[1-9]" or #digits > max_digits then
    return invalid("+%s is no number of E.164", digits)
  end
  return "+" .. digits
end

local function after(text, prefix)
  return prefix ~= "" and text:sub(1, #prefix) == prefix and text:sub(#prefix + 1) or nil
end

--- What a number means that was dialled here.
local function dialled_here(plan, digits)
  if #digits <= plan.short then return invalid("%s is a short number", digits) end
  local rest = after(digits, plan.international)
  if rest then return global(rest) end
  if #digits == plan.length then return global(plan.country .. digits) end
  rest = after(digits, plan.national)
  if rest then return global(plan.country .. rest) end
  if plan.area then return global(plan.country .. plan.area .. digits) end
  if plan.national == "" and not plan.length then return global(plan.country .. digits) end
  return invalid("%s is no whole number", digits)
end

local function normalise(verb, plan, given)
  local number, context = number_of(verb, given)
  if not number then return nil, context end
  local digits = digits_of(number)
  if not digits then return invalid("%q is no telephone number", number) end
  local rest = after(digits, "+")
  if rest then return global(rest) end
  -- A local number of elsewhere cannot be dialled here (RFC 3966 5.1.5).
  if context and context:gsub("[%-%.%(%)]", "") ~= "+" .. plan.country
    and context:find "^%+" then
    return invalid("%s is a number of %s", digits, context)
  end
  return dialled_here(plan, digits)
end

--- The number as E.164 has it, "+442079460000".
---@return string?
---@return moonsip.Error?
function Numbers:e164(given) return normalise("numbers:e164", self.plan, given) end

--- As it is dialled from here: with the national prefix inside the country, else with the
--- international one.
---@return string?
---@return moonsip.Error?
function Numbers:dial(given)
  local plan = self.plan
  local whole, err = normalise("numbers:dial", plan, given)
  if not whole then return nil, err end
  local rest = after(whole, "+" .. plan.country)
  if rest then return (#rest == plan.length and "" or plan.national) .. rest end
  return plan.international .. whole:sub(2)
end

--- Do both mean the same line? Numbers that are nobody's elsewhere compare by digits.
---@return boolean
function Numbers:equal(a, b)
  local one = normalise("numbers:equal", self.plan, a)
  local other = normalise("numbers:equal", self.plan, b)
  if one or other then return one == other end
  one, other = number_of("numbers:equal", a), number_of("numbers:equal", b)
  one, other = one and digits_of(one), other and digits_of(other)
  return one ~= nil and one == other
end

local function digits_option(options, name, default)
  local value = options[name]
  if value == nil then value = default end
  if value == nil then return nil end
  misuse.check("sip.numbers", name, value, "string")
  if value:find "%D" then misuse.argument("sip.numbers", name, "digits expected") end
  return value
end

--- How numbers are dialled at a place.
---@return moonsip.Numbers
function numbers.new(options)
  misuse.check("sip.numbers", "options", options, "table")
  misuse.options("sip.numbers", options, known)
  local function integer(name, default)
    if options[name] == nil then return default end
    return misuse.integer("sip.numbers", name, options[name], 0, max_digits)
  end
  local country = digits_option(options, "country")
  if not country or not country:find "^[1-9]%d?%d?$" then
    misuse.argument("sip.numbers", "country", "country code expected")
  end
  return setmetatable({ plan = {
    country = country, area = digits_option(options, "area"),
    national = digits_option(options, "national", "0"),
    international = digits_option(options, "international", "00"),
    length = integer("length", nil), short = integer("short", default_short),
  } }, Numbers)
end

-- Parameters of a number, those that come first first (RFC 3966 3, RFC 3261 19.1.6).
local first <const> = { isub = 1, ext = 2, postd = 3, ["phone-context"] = 4 }

local function ordered(rest)
  local params = {}
  for param in rest:lower():gmatch ";([^;]+)" do
    params[#params + 1] = param
  end
  local function rank(param) return first[param:match "^[^=]*"] or 5 end
  table.sort(params, function(a, b)
    if rank(a) ~= rank(b) then return rank(a) < rank(b) end
    return a < b
  end)
  return #params > 0 and ";" .. table.concat(params, ";") or ""
end

--- A tel URI of a number or of a sip URI that has one (RFC 3966).
---@return moonsip.Uri?
---@return moonsip.Error?
function numbers.tel(given, context)
  misuse.optional("sip.tel", "context", context, "string")
  local uri, err = uri_of("sip.tel", given)
  if err then return nil, err end
  if uri and uri.scheme == "tel" then return uri:copy() end
  local user = given
  if uri then
    user = uri.user
    if not user or uri.params.user ~= "phone" and not user:find "^%+%d" then
      return invalid("%s has no telephone number", uri)
    end
    context = context or uri.host
  end
  local number, rest = split(user)
  number = number:gsub("[%s/]", "")
  if not number:find "^%+" and not rest:lower():find(";phone-context=", 1, true) then
    if not context then return invalid("%s needs a context", number) end
    rest = rest .. ";phone-context=" .. context
  end
  local made <const> = core.uri("tel:" .. number .. ordered(rest))
  if not made then return invalid("%q is no telephone number", number) end
  return made
end

--- The sip URI of a number at a host, with user=phone (RFC 3261 19.1.6).
---@return moonsip.Uri?
---@return moonsip.Error?
function numbers.phone(given, host)
  misuse.text("sip.phone", "host", host)
  local tel, err = numbers.tel(given, host)
  if not tel then return nil, err end
  local number, rest = split(tostring(tel):sub(#"tel:" + 1))
  return core.uri(("sip:%s%s@%s;user=phone"):format(number:lower(), ordered(rest), host))
end

return numbers
