-- SPDX-License-Identifier: MIT
-- The flows of lines that the core keeps alive and watches (RFC 5626 4.4, RFC 6223): which
-- registrations each is of. Lines at one server share one flow, and one keeper.

local errors = require "moonsip.errors"
local registration_answer = require "moonsip.registration_answer"

local keepers = {}

-- RFC 5626 4.4.1, 4.4.2, where nobody recommends anything.
local stream_ms <const>, datagram_ms <const> = 120000, 29000

--- How often, and whether silence counts; nil: it is not kept alive.
local function wish_of(self, message)
  local settings = self.line.settings
  local keep = registration_answer.keep(message)
  if settings.keep_alive then return settings.keep_alive, keep.is_answered end
  if settings.keep_alive == false or not keep.is_answered then return nil end
  local most = message.transport == "udp" and datagram_ms or stream_ms
  return keep.seconds and keep.seconds * 1000 or most, true
end

--- Watches the flow that a REGISTER was answered by. A connection is watched also where it is
--- not kept alive: when it breaks, the registrar's way to us may be gone.
---@param self moonsip.Registration
---@param message table  the answer
function keepers.watch(self, message)
  local ms, is_answered = wish_of(self, message)
  local is_stream = message.transport ~= "udp"
  local agent, flow = self.line.agent, message.flow
  if not ms and not is_stream and not self.reg_id then return keepers.leave(agent, self) end
  local keeper = agent.engine:keep_alive(flow, ms or 0, is_answered or false)
  keepers.leave(agent, self) -- the one before: often the same
  if not keeper then return end -- past the limit of the core: as if nobody answered them
  self.keeper, self.flow, self.keep_ms = keeper, self.reg_id and flow or false, ms or 0
  local set = agent.keepers[keeper]
  if not set then
    set = {}
    agent.keepers[keeper] = set
  end
  set[self] = true
end

--- One registration does not care for it any more.
---@param agent moonsip.Agent
---@param self moonsip.Registration
function keepers.leave(agent, self)
  local keeper = self.keeper
  local set = keeper and agent.keepers[keeper]
  self.keeper, self.flow = false, false
  if not set then return end
  set[self] = nil
  if not next(set) then agent.keepers[keeper] = nil end
  if not agent.closed then agent.engine:leave_alone(keeper) end
end

--- It has failed (from the dispatcher).
---@param agent moonsip.Agent
---@param keeper integer
---@param code string  the core's name of why
function keepers.failed(agent, keeper, code)
  local set = agent.keepers[keeper]
  agent.keepers[keeper] = nil
  local all = {}
  for one in pairs(set or {}) do all[#all + 1] = one end
  table.sort(all, function(a, b) return a.call_id < b.call_id end)
  for _, one in ipairs(all) do
    local err = code == "TIMEOUT"
      and errors.new("timeout", "no answer to a keep-alive (RFC 5626 4.4)", { name = code })
      or errors.new("transport", "the flow has failed", { name = code })
    one:flow_failed(err)
  end
end

return keepers
