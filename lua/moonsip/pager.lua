-- SPDX-License-Identifier: MIT
-- Instant messages in pager mode: MESSAGE (RFC 3428). How large one may be is the core's to
-- say (NEEDS_TCP); here is that they go one after the other to each who is written to (8),
-- what they may not carry (4, 7), and when they expire.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local plan = require "moonsip.plan"

local pager = {}

-- Messages to one URI that wait for the one before them.
local max_waiting <const> = 1000

-- ---- one after the other

--- Whom the messages of a queue are for: a URI, or a dialog.
local function key_of(exchange)
  return exchange.dialog or exchange.targets[exchange.at].uri
end

--- True when a MESSAGE may leave now. False when another to the same URI, or in the same
--- dialog, has no final response yet: it is sent when its turn comes.
---@param exchange moonsip.Exchange
---@return boolean?
---@return moonsip.Error? err  too many wait
function pager.enter(exchange)
  local key <const> = key_of(exchange)
  if exchange.pager_key == key then return true end
  pager.leave(exchange)
  local lanes = exchange.agent.pager
  local lane = lanes[key]
  if not lane then
    lanes[key] = { exchange }
  elseif #lane > max_waiting then
    return nil, errors.new("limit", ("%d messages to %s wait already"):format(max_waiting, key))
  else
    lane[#lane + 1] = exchange
  end
  exchange.pager_key = key
  return lane == nil
end

--- It is over, or goes elsewhere: the next one has its turn.
---@param exchange moonsip.Exchange
function pager.leave(exchange)
  local key, lanes = exchange.pager_key, exchange.agent.pager
  if not key then return end
  exchange.pager_key = nil
  local lane = lanes[key]
  for at = 1, #lane do
    if lane[at] == exchange then
      table.remove(lane, at)
      if at == 1 and lane[1] then lane[1]:again() end
      break
    end
  end
  if not lane[1] then lanes[key] = nil end
end

-- ---- what they carry

--- A MESSAGE names no Contact (4).
---@param verb string
---@param options table?
function pager.check(verb, options)
  if type(options) ~= "table" then return end
  local flat = options.headers
  local has_contact = options.contact ~= nil
  for name, value in pairs(type(flat) == "table" and flat or {}) do
    name = type(value) == "table" and type(name) == "number" and value[1] or name
    local lower = type(name) == "string" and name:lower()
    has_contact = has_contact or lower == "contact" or lower == "m"
  end
  if has_contact then misuse.argument(verb, "contact", "a MESSAGE has none (RFC 3428 4)") end
end

--- A 2xx to one has neither body nor Contact (7).
---@param verb string
---@param options table  of req:reply
---@param flat string[]?
function pager.check_reply(verb, options, flat)
  if options.body then misuse.argument(verb, "body", "a 2xx to MESSAGE has none (RFC 3428 7)") end
  for at = 1, #(flat or {}), 2 do
    local name = flat[at]:lower()
    if name == "contact" or name == "m" then
      misuse.argument(verb, flat[at], "a 2xx to MESSAGE has none (RFC 3428 7)")
    end
  end
end

--- When a MESSAGE that came expires, in seconds since 1970 (7); nil: never.
---@param req moonsip.Request
---@return number?
function pager.expires_at(req)
  local message = req.message
  local seconds = message.method == "MESSAGE" and message.expires
  if not seconds then return nil end
  local sent_at = message:typed "Date" or req.agent.context.driver:wall() // 1000
  return sent_at + seconds
end

-- ---- sending

local Verbs = {}

--- Gives its verb to a class: of agents, or of calls and dialogs.
---@param class table
---@param is_agent boolean
function pager.mixin(class, is_agent)
  class.message = is_agent and Verbs.outside or Verbs.inside
end

--- Expires with the Date that it counts from (4).
local function add_expiry(context, verb, options)
  local given = options.expires
  if given == nil then return options end
  local made = {}
  for name, value in pairs(options) do made[name] = value end
  made.expires = nil
  local fields = {}
  for name, value in pairs(options.headers or {}) do fields[name] = value end
  fields["Expires"] = tostring(duration.check(verb, "expires", given) // 1000)
  fields["Date"] = core.date(context.driver:wall() // 1000)
  made.headers = fields
  return made
end

--- The options with the text in them.
local function read(context, verb, text, options)
  options = misuse.optional(verb, "options", options, "table") or {}
  misuse.check(verb, "text", text, "string")
  if options.body ~= nil then misuse.argument(verb, "body", "the text is the body") end
  local made = { body = text }
  for name, value in pairs(add_expiry(context, verb, options)) do made[name] = value end
  return made
end

--- Sends an instant message and waits for its final response: 200 when it was delivered,
--- 202 when somebody keeps it for later.
---@param given any       URI, address, gateway, or a list of them tried in order
---@param text string     text/plain, unless options.content_type says otherwise
---@param options table?  those of agent:request; expires: how long it is worth reading
---@param callback fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err  limit: too large for UDP, and TCP does not lead there
function Verbs:outside(given, text, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  return self:request("MESSAGE", given, read(self.context, "agent:message", text, options))
    :wait(callback)
end

--- The same inside a call or another dialog.
---@param text string
---@param options table?  those of call:request, and expires
---@param callback fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Verbs:inside(text, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local verb <const> = self.is_call and "call:message" or "dialog:message"
  local made = read(self.agent.context, verb, text, options)
  pager.check(verb, made)
  return self:start_request(verb, "MESSAGE", plan.inside(verb, made, "MESSAGE")):wait(callback)
end

return pager
