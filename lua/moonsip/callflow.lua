-- SPDX-License-Identifier: MIT
-- The call flow of one Call-ID, from the last messages that an agent's engine kept.

local glance = require "moonsip.glance"
local ladder = require "moonsip.ladder"

local callflow = {}

local own_name <const> = "moonsip"

--- Draws it; "" when no message of it is kept (any more).
---@param agent moonsip.Agent
---@param call_id string?
---@param width integer?  of the picture, 100
---@param notes (integer|string)[]|nil  what we did meanwhile, as for ladder.draw
---@return string
function callflow.draw(agent, call_id, width, notes)
  if not call_id then return "" end
  local records, ours = {}, {}
  for _, record in ipairs((agent.engine:history(0, call_id))) do
    if glance.at(record.bytes).call_id == call_id then
      records[#records + 1] = record
      ours[record.direction == "in" and record.to or record.from] = own_name
    end
  end
  return ladder.draw(records, { names = ours, width = width, notes = notes,
                                noter = own_name })
end

return callflow
