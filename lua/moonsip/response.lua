-- SPDX-License-Identifier: MIT
-- A response that came to one of our requests.

local message = require "moonsip.message"

---@class moonsip.Response
---@field message table                 the core's message; its fields are this object's
---@field request moonsip.Exchange      what it answers
---@field call moonsip.Call?            the call it belongs to
---@field dialog moonsip.Dialog?        the dialog it made, or came in
local Response = {}
Response.__name = "moonsip.response"

local response = {}

local getters <const> = {}

--- The call of an INVITE, or that the request was sent in.
function getters:call()
  return self.request.call
end

message.class(Response, getters)

---@param exchange moonsip.Exchange
---@param of table  the core's message
---@return moonsip.Response
function response.new(exchange, of, dialog)
  return setmetatable({
    message = of, request = exchange, dialog = dialog or false,
  }, Response)
end

--- 4 for a 404.
---@return integer
function Response:class()
  return self.message.code // 100
end

response.Response = Response

return response
