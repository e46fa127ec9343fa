-- SPDX-License-Identifier: MIT
-- What is answered when no handler takes a request that reached Lua: inside a dialog,
-- when filters did not fit, or after sip.next (api.md rule 7). Methods without any
-- handler are answered by the core before a script runs, in the same way.

local info_method = require "moonsip.info"

local defaults = {}

local known <const> = {
  INVITE = true, ACK = true, BYE = true, CANCEL = true, REGISTER = true, OPTIONS = true,
  PRACK = true, SUBSCRIBE = true, NOTIFY = true, PUBLISH = true, INFO = true,
  REFER = true, MESSAGE = true, UPDATE = true,
}

defaults.known = known

--- Each known method, and one that stands for those that are not.
local any <const> = { extension = true }
for method in pairs(known) do any[method] = true end

defaults.any = any

--- Methods with a status of their own: no such dialog (15.1.2), no such event package
--- (RFC 6665 4.2.1.1), no such subscription (4.1.3), declined (RFC 3515 2.4.4). Inside a
--- dialog nothing gets 481, which would end the whole of it at the other side (RFC 5057 5.1).
local own_status <const> = { BYE = 481, SUBSCRIBE = 489, NOTIFY = 481,
                             REFER = 603 }

local has_description <const> = { INVITE = true, UPDATE = true, PRACK = true }

local function answer_options(req, agent)
  return req:reply(200, { Allow = agent.allow, Accept = agent.accept,
                          Supported = agent.supported ~= "" and agent.supported or nil })
end

--- A REFER alone asks for that event (RFC 3515 2.4.4).
local function asks_for_refer(req)
  local event = req.message.headers["Event"]
  return event ~= nil and event:find "^%s*refer%f[^%w.-]" ~= nil
end

local function refuse(req, agent, method)
  local status = own_status[method] or known[method] and 405 or 501
  if method == "NOTIFY" and req.dialog then status = 489 end
  if method == "SUBSCRIBE" and asks_for_refer(req) then status = 403 end
  if status == 405 or status == 501 then
    return req:reply(status, { Allow = agent.allow })
  end
  if status == 489 then return req:reply(489, { ["Allow-Events"] = agent:allow_events() }) end
  return req:reply(status)
end

--- Answers a request that nobody took.
---@param req moonsip.Request
---@param handlers moonsip.Handlers  that had their turn
function defaults.answer(req, handlers)
  local agent, method, dialog = req.agent, req.message.method, req.dialog
  if method == "OPTIONS" then return answer_options(req, agent) end
  if dialog then
    if method == "BYE" then return req:reply(200) end
    local accept = method == "INFO" and info_method.accepted_types(req)
    if accept then return req:reply(415, { Accept = accept }) end
    if dialog.is_call and has_description[method] then return dialog:refresh(req) end
  elseif handlers:has(method) and not own_status[method] then
    return req:reply(404) -- the method is spoken here, but not for that address
  end
  return refuse(req, agent, method)
end

return defaults
