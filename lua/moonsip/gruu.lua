-- SPDX-License-Identifier: MIT
-- Requests inside dialogs of others that are sent to a GRUU of a domain of ours (RFC 5627 6):
-- they go to the device that it names, as the locations of the program know it. No script has
-- to do with them, as with any other request inside a dialog.

local errors = require "moonsip.errors"

local gruu = {}

-- Requests whose Record-Route an end may need that has lost its dialog (RFC 3261 16.6).
local refreshes <const> = { INVITE = true, UPDATE = true, SUBSCRIBE = true, NOTIFY = true,
                            REFER = true }

--- A location of the program knows GRUUs from now on, or not any more.
---@param context moonsip.Context
---@param location moonsip.Location
---@param is_open boolean
function gruu.serve(context, location, is_open)
  context.gruu_locations[location] = is_open or nil
  local served = next(context.gruu_locations) ~= nil
  for _, agent in ipairs(context.agent_list) do agent.engine:handles_routed("gruu", served) end
end

--- What a new agent has to know of that.
---@param agent moonsip.Agent
function gruu.attach(agent)
  if next(agent.context.gruu_locations) then agent.engine:handles_routed("gruu", true) end
end

local function lookup(req)
  local why = errors.new("notfound", "no such device", { code = 404 })
  for location in pairs(req.agent.context.gruu_locations) do
    local contacts, err = location:lookup(req.message.uri)
    if contacts then return contacts end
    if err.code ~= 404 then why = err end
  end
  return nil, why
end

--- Sends it on.
---@param req moonsip.Request
function gruu.forward(req)
  local contacts, err = lookup(req)
  if req.stray then -- an ACK, which nobody answers
    if contacts then req:forward { contacts[1] } end
  elseif contacts then
    req:forward { contacts, record_route = refreshes[req.message.method] }
  else
    req:reply(err)
  end
end

return gruu
