-- SPDX-License-Identifier: MIT
--
-- One seed, one world: people and programs on a bad network, and what is going to happen
-- to them. What happens, and when, is the seed's. Who lives there is the kind's: calls.lua,
-- proxy.lua and nodes.lua.

local random <const> = require "moonsip.test.random"
local test <const> = require "moonsip.test"

---@class spec.sim.World
---@field seed integer
---@field net moonsip.test.Network
---@field chance moonsip.test.Random
---@field promises table[]    who waits for something, and how often each was told
---@field failures string[]
---@field agents table[]      people
---@field scripts table[]     programs
---@field powerless table     [host] = true: it lost its power at least once
---@field proxies table       [host] = true
local World <const> = {}
World.__index = World

-- While things are begun.
local operations_ms <const> = 20000

---@param seed integer
---@param options table  of the network
---@return spec.sim.World
local function new(seed, options)
  options.seed, options.keep = seed, 1 << 20
  return setmetatable({
    seed = seed, net = test.net(options), chance = random.new(seed + 77), agenda = {},
    serial = 0, promises = {}, failures = {}, agents = {}, scripts = {}, powerless = {},
    proxies = {},
  }, World)
end

function World:fail(format, ...)
  self.failures[#self.failures + 1] = format:format(...)
end

--- One of a list.
function World:pick(list)
  return list[self.chance:between(1, #list)]
end

--- Remembers that somebody waits, and how often he was told.
---@param what string
---@return fun(result, err): any  what he is told by
function World:promise(what)
  local one = { what = what, told = 0 }
  self.promises[#self.promises + 1] = one
  return function(result, err)
    one.told = one.told + 1
    if not result and not err then self:fail("%s was told neither a result nor an error", what) end
    return result
  end
end

-- ---- what is going to happen

--- Has something done in the main chunk, `ms` from now.
function World:later(ms, fn)
  self.serial = self.serial + 1
  table.insert(self.agenda, { at = self.net.wire.now + ms, serial = self.serial, fn = fn })
end

--- Has something done at `count` instants while things are begun.
function World:often(count, fn)
  for _ = 1, count do self:later(self.chance:between(0, operations_ms), fn) end
end

--- Cuts the network between two, for a while.
function World:cut(a, b)
  if a == b then return end
  self.net:cut(a, b)
  self:later(self.chance:between(100, 9000), function() self.net:heal(a, b) end)
end

--- Cuts the power of a program, for a while.
function World:power_failure(script)
  if script.state ~= "running" then return end
  self.powerless[script.host] = true
  script:kill()
  self:later(self.chance:between(100, 9000), function() script:restart() end)
end

local function next_of(agenda)
  local best
  for at, one in ipairs(agenda) do
    local other = agenda[best]
    if not best or one.at < other.at or one.at == other.at and one.serial < other.serial then
      best = at
    end
  end
  return best and table.remove(agenda, best)
end

--- Does what is on the agenda, also what is put there meanwhile.
function World:live()
  for one in next_of, self.agenda do
    self.net:advance(math.max(0, one.at - self.net.wire.now) / 1000)
    one.fn()
  end
end

-- ---- its end

function World:hang_up_all()
  for _, one in ipairs(self.agents) do
    for _, call in ipairs(one.calls) do call:hangup() end
  end
end

--- Stops every program, and waits for quiet.
function World:settle()
  for _, one in ipairs(self.scripts) do one:stop() end -- those without power know nothing of it
  local quiet, err = self.net:settle()
  if not quiet then self:fail("no quiet: %s", err) end
end

function World:close()
  self.net:close()
end

World.__close = World.close

return { new = new }
