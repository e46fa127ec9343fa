-- SPDX-License-Identifier: MIT
-- Bindings in memory, in C: the default. They end with the program.

local core = require "moonsip.core"
local request = require "moonsip.request"

---@class moonsip.location.Memory
---@field context moonsip.Context
---@field table table       core.location
---@field private timer integer?
---@field private due_at integer?  when it fires
local Memory = {}
Memory.__index = Memory

local memory = {}

-- How many addresses of record without contacts are known to have had some.
local max_away <const> = 65536

--- What fires when the next contact expires.
local Sweep = {}
Sweep.__index = Sweep

function Sweep:expire()
  local keeper = self.keeper
  keeper.timer, keeper.due_at = nil, nil
  local now = keeper.context:now()
  local location = keeper.location
  local aor, contact = keeper.table:expire(now, location:tells "expired")
  while aor do
    location:tell("expired", aor, contact)
    aor, contact = keeper.table:expire(now, true)
  end
  keeper:arm()
end

---@param location moonsip.Location
---@param is_ours fun(req: moonsip.Request): boolean  see location.is_ours
---@return moonsip.location.Memory
function memory.new(location, is_ours)
  local context = location.context
  local options = { now = context:now(), away = max_away, seed = location.seed }
  local self = setmetatable({
    context = context, location = location, is_ours = is_ours,
    table = assert(core.location(options)),
  }, Memory)
  self.sweep = setmetatable({ keeper = self }, Sweep)
  return self
end

--- Sets the timer to the next expiry: one for all contacts.
function Memory:arm()
  local at = self.table:deadline()
  if not at or self.due_at and self.due_at <= at then return end
  if self.timer then self.context.wheel:stop(self.timer) end
  self.due_at = at
  self.timer = self.context:start_timer(math.max(at - self.context:now(), 0), self.sweep)
end

--- Answers a REGISTER: status, reason or nil, changes or nil; or nil, err.
---@param registrar table    core.registrar
---@param req moonsip.Request
---@param more string?       header lines of a 200
function Memory:serve(registrar, req, more)
  local late = request.refusal(req)
  if late then return nil, late end
  if req.proof then
    more = ("%sAuthentication-Info: %s\r\n"):format(more or "", req.proof:value())
  end
  local date = self.context.driver:wall() // 1000
  local tells = self.location.handlers ~= nil
  local engine, transaction = req.agent.engine, req.transaction
  local status, reason, changes = registrar:serve(req.message, self.table, engine,
    transaction, date, tells, false, more)
  if status == nil then
    if not self.is_ours(req) then
      local done, err = request.send(req, 404)
      if not done then return nil, err end
      return 404
    end
    status, reason, changes = registrar:serve(req.message, self.table, engine,
      transaction, date, tells, true, more)
  end
  if not status then return nil, reason end
  request.answered(req, status)
  self:arm()
  return status, reason, changes
end

--- The contacts; or nil, and whether there were some once.
function Memory:find(aor)
  return self.table:find(aor, self.context:now())
end

--- Takes out all contacts, or one; those that were there.
function Memory:remove(aor, uri)
  return self.table:remove(aor, self.context:now(), uri)
end

function Memory:count()
  return self.table:counts().contacts
end

function Memory:close()
  if self.timer then self.context.wheel:stop(self.timer) end
  self.timer, self.due_at = nil, nil
  self.table:close()
end

return memory
