-- SPDX-License-Identifier: MIT
-- The lines of an agent: methods of the agent, and the gate that keeps a thousand of them
-- from asking one registrar in the same instant.

local errors = require "moonsip.errors"
local line = require "moonsip.line"
local line_settings = require "moonsip.line_settings"

local lines = {}

-- REGISTERs under way at one server; the others wait for their turn.
local max_at_once <const> = 32

-- ---- the gate

---@class moonsip.Gate
---@field private servers table<string, table>
local Gate = {}
Gate.__index = Gate

--- `one:go()` is called when its turn has come, perhaps at once.
---@package
function Gate:enter(server, one)
  local of = self.servers[server]
  if not of then
    of = { open = 0, first = 1, last = 0 }
    self.servers[server] = of
  end
  if of.open < max_at_once then
    of.open = of.open + 1
    return one:go()
  end
  of.last = of.last + 1
  of[of.last] = one
end

--- One that waits does not any more. Its place is left out when its turn comes.
---@package
function Gate:forget(server, one)
  local of = self.servers[server]
  for at = of and of.first or 1, of and of.last or 0 do
    if of[at] == one then of[at] = false end
  end
end

--- One that went is through.
---@package
function Gate:leave(server)
  local of = self.servers[server]
  while of.first <= of.last do
    local one = of[of.first]
    of[of.first] = nil
    of.first = of.first + 1
    if one then return one:go() end
  end
  of.open = of.open - 1
  if of.open == 0 then self.servers[server] = nil end
end

-- ---- the agent's methods

local Lines = {}

--- Gives them to a class.
function lines.mixin(class)
  for name, method in pairs(Lines) do class[name] = method end
end

--- A gate with nobody before it.
---@return moonsip.Gate
function lines.gate()
  return setmetatable({ servers = {} }, Gate)
end

--- Begins a line, which counts from now on.
local function open(self, settings)
  local one = line.new(self, settings)
  table.insert(self.lines, one)
  local user = one.uri.user
  local same = self.lines_by_user[user]
  if same then
    table.insert(same, one)
  else
    self.lines_by_user[user] = { one }
  end
  one:begin()
  return one
end

--- Registers an address of record from now on, until the line or the agent is closed.
---@param options table  see docs/lines.md
---@return moonsip.Line?
---@return moonsip.Error? err  of kind "limit" or "gone"
function Lines:register(options)
  local settings = line_settings.read(self, "agent:register", options)
  if self.closed then return nil, errors.new("gone", "the agent is closed") end
  if #self.lines >= self.max_lines then
    return nil, errors.new("limit", ("more than %d lines"):format(self.max_lines))
  end
  return open(self, settings)
end

local function take_out(list, one)
  for at, other in ipairs(list) do
    if other == one then return table.remove(list, at) end
  end
end

---@package
function Lines:forget_line(one)
  take_out(self.lines, one)
  local user = one.uri.user
  local same = self.lines_by_user[user]
  if same then take_out(same, one) end
  if same and not same[1] then self.lines_by_user[user] = nil end
end

--- All of them, as fire and forget.
---@package
function Lines:close_lines()
  local all = self.lines
  self.lines, self.lines_by_user = {}, {}
  for _, one in ipairs(all) do one:close() end
end

--- The line whose contact a request was sent to.
---@param message table
---@return moonsip.Line?
---@package
function Lines:line_of(message)
  local uri, to = message.uri, message.to
  local same = uri and self.lines_by_user[uri.user or ""]
  if not same then return nil end
  for _, one in ipairs(same) do
    if to and to.uri and one.uri.host == to.uri.host then return one end
  end
  return same[1]
end

--- Begins the lines that the option `register` named. The one line of an agent without
--- `from` is who its requests come from.
---@param agent moonsip.Agent
---@param register { lines: table[], is_one: boolean }
function lines.open(agent, register)
  for _, settings in ipairs(register.lines) do open(agent, settings) end
  if register.is_one and agent.from == nil then agent.own_line = agent.lines[1] end
end

return lines
