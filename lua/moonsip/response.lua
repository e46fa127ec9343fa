-- SPDX-License-Identifier: MIT
-- A response that came to one of our requests.

local errors = require "moonsip.errors"
local message = require "moonsip.message"
local misuse = require "moonsip.misuse"

---@class moonsip.Response
---@field message table                 the core's message; its fields are this object's
---@field request moonsip.Exchange      what it answers
---@field call moonsip.Call?            the call it belongs to
---@field dialog moonsip.Dialog?        the dialog it made, or came in
---@field reliable boolean              a provisional one that is acknowledged (RFC 3262)
local Response = {}
Response.__name = "moonsip.response"

local response = {}

local getters <const> = {}

--- The call of an INVITE, or that the request was sent in.
function getters:call()
  return self.request.call
end

message.class(Response, getters)

Response.reliable, Response.number = false, false

---@param exchange moonsip.Exchange
---@param of table  the core's message
---@param number integer?  of a reliable 1xx: its dialog
---@return moonsip.Response
function response.new(exchange, of, dialog, number)
  local self = { message = of, request = exchange, dialog = dialog or false }
  if number then self.reliable, self.number = true, number end
  return setmetatable(self, Response)
end

--- Acknowledges a reliable provisional response of a call that was placed with `own_prack`.
--- An offer in it is answered; `sdp` is our answer to that, or true or a description for an
--- offer in the PRACK (RFC 3262 5).
---@param options { sdp: any, headers: table?, timeout: (number|string)? }?
---@return moonsip.Exchange?
---@return moonsip.Error? err  it is no such response
function Response:prack(options)
  options = misuse.options("res:prack", options, { sdp = true, headers = true, timeout = true })
  local call = self.call
  if not self.reliable or self.request.plan.own_prack ~= "script" or not call
    or call.state == "ended" then
    return nil, errors.new("invalid", "no PRACK of the script's is due")
  end
  return call:acknowledge_provisional(self.message, self.number, options)
end

--- 4 for a 404.
---@return integer
function Response:class()
  return self.message.code // 100
end

response.Response = Response

return response
