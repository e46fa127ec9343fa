-- SPDX-License-Identifier: MIT
-- REFER from the side that asks (RFC 3515): what becomes of it, step by step.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local plan = require "moonsip.plan"
local replaces = require "moonsip.replaces"
local sipfrag = require "moonsip.sipfrag"
local subscriber = require "moonsip.subscriber"
local target = require "moonsip.target"

--- What is known of a referral.
---@class moonsip.ReferStep
---@field code integer?          status that the referred request got, or the REFER itself
---@field reason string?
---@field final boolean          nothing further comes
---@field error moonsip.Error?   the REFER was refused, or nobody tells what became of it
---@field replaces string?       of a call that was answered: its dialog, as a value of Replaces,
---  where the other side tells
---@field message table?         the NOTIFY

---@class moonsip.Referral: moonsip.Subscriber
local Referral = {}
Referral.__name = "moonsip.referral"

local refer = {}

-- How long we wait for NOTIFYs, unless the other side says.
local patience_s <const> = 180

local own_options <const> = { to = true, referred_by = true, subscribe = true,
                              target_dialog = true, replaces = true }

-- ---- what is asked for

--- The URI of who is to be asked, with the call to replace in it where there is one.
local function refer_to(verb, given, other)
  local text = given and tostring(given.uri or given)
  if other then
    text = text or other.target
    local ids = replaces.text(other)
    if not text or not ids then misuse.argument(verb, "to", "the call has no dialog") end
    local uri = core.uri(text)
    uri.headers["Replaces"] = ids
    uri.headers["Require"] = "replaces"
    text = tostring(uri)
  end
  misuse.text(verb, "to", text)
  if text:find("<", 1, true) then return text end
  if not core.uri(text) then misuse.argument(verb, "to", ("%q is no URI"):format(text)) end
  return "<" .. text .. ">"
end

--- A name-addr of what a script gave.
local function name_addr(verb, name, given)
  local text = misuse.text(verb, name, tostring(given))
  return text:find("<", 1, true) and text or "<" .. text .. ">"
end

--- Splits options: those of a REFER as header fields, and the rest.
local function read(verb, options, own_uri)
  local own, rest = {}, {}
  for name, value in pairs(misuse.optional(verb, "options", options, "table") or {}) do
    if own_options[name] then own[name] = value else rest[name] = value end
  end
  local to, other = own.to, own.replaces
  if type(to) == "table" and to.is_call then to, other = nil, to end
  if to == nil and not other then misuse.argument(verb, "to", "URI or call expected, got nil") end
  local flat = { "Refer-To", refer_to(verb, to, other) }
  local function add(name, value) flat[#flat + 1], flat[#flat + 2] = name, value end
  local by = own.referred_by
  if by == nil then by = own_uri end
  if by then add("Referred-By", name_addr(verb, "referred_by", by)) end
  if own.subscribe == false then
    add("Refer-Sub", "false")
    add("Supported", "norefersub")
  end
  if own.target_dialog then
    add("Target-Dialog", replaces.target_text(own.target_dialog)
      or misuse.argument(verb, "target_dialog", "the call has no dialog"))
    add("Require", "tdialog")
  end
  return rest, flat
end

-- ---- steps

local Step = {}

--- "486 Busy Here"
function Step:__tostring() return ("%d %s"):format(self.code or 0, self.reason or "") end

local function step_of(message)
  local body = message and message.body
  local status = body and sipfrag.parse(body)
  return setmetatable({ code = status and status.code, reason = status and status.reason,
           replaces = status and sipfrag.replaces(status.headers) or nil,
           final = false, message = message }, Step)
end

---@package
function Referral:news(message)
  local step = step_of(message)
  if not step.code then return end
  self.code = step.code
  self:feed(step)
end

--- Its last NOTIFY came; without a final status in it nobody knows what became of the request.
---@package
function Referral:over(message, _, code)
  local step = step_of(message)
  step.final = true
  if not step.code or step.code < 200 then
    local why = require("moonsip.subscription").why(code)
    local kind = why.kind == "timeout" and "timeout" or "noanswer"
    step.code = step.code or 408
    step.error = errors.new(kind, "nobody says what became of it: " .. why.reason,
      { code = 408 })
  end
  self:feed(step)
  self:finish()
end

---@package
function Referral:refused(err)
  self:feed { code = err.code, reason = err.reason, final = true, error = err }
  self:finish()
end

--- It was accepted. Where the other side will not tell (RFC 4488 4), that is all.
---@package
function Referral:accepted(response)
  local told = response.message.headers["Refer-Sub"]
  if not told or not told:lower():find "^%s*false" then return end
  self:forget_origin()
  self:feed { code = response.code, reason = response.reason, final = true }
  self:finish()
end

subscriber.class(Referral)

--- Sends a REFER.
---@param wish { verb: string, agent: moonsip.Agent, given: any, dialog: moonsip.Dialog?, options: table?, fn: function? }
---@return moonsip.Referral
function refer.open(wish)
  local verb, agent, of = wish.verb, wish.agent, wish.dialog
  local rest, flat = read(verb, wish.options, of and of.local_uri)
  local self = setmetatable(subscriber.fields(agent, verb, "refer"), Referral)
  self.fn = wish.fn or false
  local made, targets
  if of then
    made, targets = plan.inside(verb, rest, "REFER"), { {} }
  else
    made = plan.new(agent, verb, rest, "REFER")
    targets = target.list(verb, wish.given, agent.credential_sets)
  end
  made.headers = headers.flatten(verb, nil, made.headers) or {}
  for at = 1, #flat do made.headers[#made.headers + 1] = flat[at] end
  self:ask("REFER", targets, made, { expires = patience_s, dialog = of })
  return self
end

-- ---- verbs

local OfAgent, OfCall = {}, {}

--- Asks somebody to place a request: `for step in agent:refer(target, { to = uri }) do`, one
--- step for each NOTIFY, the last with `final` or `error`. Leaving the loop ends the interest,
--- not the request.
---@param given any   who is asked
---@param options table  those of request; to, referred_by, subscribe, target_dialog
function OfAgent:refer(given, options)
  local self_referral = refer.open { verb = "agent:refer", agent = self, given = given,
                                     options = options }
  return subscriber.next, self_referral, nil, self_referral
end

--- The same of the other side of a call, inside it.
---@param options table  to, referred_by, subscribe, headers, timeout
function OfCall:refer(options)
  local one = refer.open { verb = "call:refer", agent = self.agent, dialog = self,
                           options = options }
  return subscriber.next, one, nil, one
end

--- Gives agents and calls their verbs.
function refer.mixin(class, name)
  for method, fn in pairs(name == "call" and OfCall or OfAgent) do class[method] = fn end
end

return refer
