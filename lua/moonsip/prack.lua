-- SPDX-License-Identifier: MIT
-- PRACKs that the core does not send by itself (RFC 3262 4, 5): with an answer, with an offer,
-- with proofs of who we are, or when the script said `own_prack`.

local credentials = require "moonsip.credentials"
local description = require "moonsip.description"
local plan = require "moonsip.plan"
local wish = require "moonsip.wish"

local Prack = {}

local prack = {}

--- Gives its methods to the class of calls.
function prack.mixin(class)
  for name, method in pairs(Prack) do class[name] = method end
end

--- PRACKs a reliable response.
---@param message table  it
---@param number integer  the dialog
---@param options { sdp: any, headers: table?, timeout: (number|string)? }
---@return moonsip.Exchange
---@package
function Prack:acknowledge_provisional(message, number, options)
  local made = plan.inside("res:prack", { headers = options.headers, timeout = options.timeout },
    "PRACK")
  local flat = made.headers or {}
  flat[#flat + 1] = "RAck"
  flat[#flat + 1] = ("%s %d INVITE"):format(message.headers["RSeq"], message.cseq)
  made.headers, made.sdp, made.content_type = flat, options.sdp, description.content_type
  made.credentials = self.invite and wish.credentials(self.invite)
  return self:start_request("res:prack", "PRACK", made,
    { session = self:session_of(number), number = number })
end

--- A reliable response came, and the core left its PRACK to us.
---@param invite moonsip.Exchange
---@param message table
---@param number integer
---@package
function Prack:owe_prack(invite, message, number)
  local sets = wish.credentials(invite)
  if sets then credentials.taken_up(sets) end
  if invite.plan.own_prack ~= "script" then
    self:acknowledge_provisional(message, number, {})
  end
end

return prack
