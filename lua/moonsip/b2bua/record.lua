-- SPDX-License-Identifier: MIT
-- What a call through a B2BUA came to: the record that call:bridge returns, and that
-- on("cdr") gets of a leg which was never joined.

---@class moonsip.CallRecord
---@field call moonsip.Call      who called
---@field leg moonsip.Call?      who answered
---@field direction string
---@field from userdata
---@field to userdata
---@field disposition "answered"|"busy"|"noanswer"|"cancelled"|"rejected"|"failed"
---@field began number           sip.now() of the INVITE
---@field rang number?           of the first response that said it rings
---@field answered number?       of the answer
---@field ended number
---@field pdd number?            seconds until it rang (post-dial delay)
---@field seconds number         that both were joined, or the call was answered
---@field billsec integer        the same, begun seconds counted whole
---@field minutes number
---@field by "caller"|"callee"|"local"  who ended it
---@field code integer?          status of what was not answered
---@field reason string?
---@field why moonsip.Error?
---@field left moonsip.Call?     who left the bridge; nil when it was taken apart
---@field attempts moonsip.DialAttempt[]
---@field transfers table[]?     { by, to, at, code }, in their order
local Record = {}
Record.__name = "moonsip.call_record"

--- Who called and who was called are read when somebody asks.
function Record:__index(key)
  if key == "from" or key == "to" then return self.call[key] end
  return Record[key]
end

local record = {}

-- Attempts to reach somebody that a call keeps.
local max_attempts <const> = 64

local disposition_of <const> = { busy = "busy", noanswer = "noanswer", timeout = "noanswer",
                                 cancelled = "cancelled", rejected = "rejected" }

--- Adds fields of the script's own.
---@param fields table
---@return moonsip.CallRecord self
function Record:merge(fields)
  for name, value in pairs(fields) do self[name] = value end
  return self
end

--- True for records.
function record.is(value)
  return getmetatable(value) == Record
end

--- One more attempt on behalf of a call.
function record.note(call, attempt)
  local list = call.attempts
  if not list then
    list = {}
    call.attempts = list
  end
  if #list >= max_attempts then table.remove(list, 1) end
  list[#list + 1] = attempt
end

local function first_ring(attempts)
  local rang
  for _, one in ipairs(attempts) do
    if one.rang and (not rang or one.rang < rang) then rang = one.rang end
  end
  return rang
end

--- Who ended it: the one who called, or who is in his place by a transfer.
local function by(is_caller, why)
  if not why or why.by ~= "remote" then return "local" end
  return is_caller and "caller" or "callee"
end

local function make(call, fields)
  local attempts = call.attempts or {}
  local self = fields
  self.call, self.direction, self.attempts = call, call.direction, attempts
  self.began, self.rang = call.began_at / 1000, first_ring(attempts)
  self.ended = call.agent.context:now() / 1000
  self.pdd = self.rang and self.rang - self.began
  self.seconds = self.answered and self.ended - self.answered or 0
  self.billsec, self.minutes = math.ceil(self.seconds), self.seconds / 60
  return setmetatable(self, Record)
end

--- Of two that were joined.
---@param ticket moonsip.BridgeTicket
---@param left moonsip.Call?
---@param at integer?  its place
---@param why moonsip.Error?
---@return moonsip.CallRecord
function record.of_bridge(ticket, left, at, why)
  local call = ticket.call
  local self = make(call, { leg = ticket.leg, answered = ticket.began_at / 1000, left = left,
                            why = why, disposition = "answered",
                            by = by(at == ticket.place, why),
                            transfers = ticket.transfers or nil })
  call.last_record = self
  return self
end

--- Of two that could not be joined: one had ended, or the caller could not be answered.
---@return moonsip.CallRecord
function record.of_failure(call, leg, why)
  local left = call.state == "ended" and call or leg
  local self = make(call, { leg = leg, left = left, why = why, code = why.code,
    reason = why.reason, by = by(left == call, why),
    disposition = disposition_of[why.kind] or "failed" })
  call.last_record = self
  return self
end

--- Of a leg that has ended.
---@param call moonsip.Call
---@return moonsip.CallRecord
local function of_leg(call)
  if call.last_record then return call.last_record end
  local why, answered = call.why, call.answered_at
  local code = call.req and call.req.final or nil
  local last = call.attempts and call.attempts[#call.attempts]
  local kind = why.kind == "cancelled" and "cancelled" or last and last.kind or "rejected"
  return make(call, {
    answered = answered and answered / 1000 or nil, why = why, by = by(true, why),
    code = not answered and code or nil, reason = why.reason,
    disposition = answered and "answered" or disposition_of[kind] or "failed" })
end

--- Tells on("cdr") of a leg, once: when it has ended and its handler is through, unless
--- that has emitted its record.
---@param call moonsip.Call
function record.settle(call)
  if call.is_told or call.state ~= "ended" or not call.is_served then return end
  call.is_told = true
  local agent = call.agent
  if agent.handlers:has "cdr" then agent:emit("cdr", of_leg(call)) end
end

--- The handler of a leg's INVITE is through.
---@param call moonsip.Call
function record.serve(call)
  call.is_served = true
  return record.settle(call)
end

--- A script emits a record by itself.
---@param value any
function record.told(value)
  if record.is(value) and value.call.is_leg then value.call.is_told = true end
end

return record
