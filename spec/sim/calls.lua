-- SPDX-License-Identifier: MIT
--
-- A world of calls: three agents and a script that call and message each other through a
-- bad network, with cuts and power failures.

local invariants <const> = require "spec.sim.invariants"
local people <const> = require "spec.sim.people"
local world <const> = require "spec.sim.world"

local script <const> = "spec/test/scripts/answer.lua"

local operations <const> = {
  function(self, from, to)
    people.ask(self, from, to, { transport = self.chance:chance(0.2) and "tcp" or nil })
  end,
  people.call,
  people.give_up,
}

local faults <const> = {
  function(self) self:cut(self:pick(self.ends), self:pick(self.ends)) end,
  function(self) self:power_failure(self.scripts[1]) end,
}

local function target_of(self, from)
  local to
  repeat to = self:pick(self.ends) until to ~= from
  return to
end

local calls <const> = {}

--- `size`: how much is begun.
function calls.new(seed, size)
  local self = world.new(seed, { loss = 0.1, duplicate = 0.1, reorder = 0.1,
                                 delay = { 0, 2000 } })
  self.ends = {}
  for at, name in ipairs { "alice", "bob", "carol" } do
    local one = self.net:agent(("sip:%s@example.com"):format(name), { media = false })
    people.serve(self, one)
    self.ends[at], self.agents[at] = one, one
  end
  self.scripts[1] = self.net:load(script, "10.0.0.1")
  self.ends[#self.ends + 1] = self.scripts[1]
  self:often(size, function()
    local from = self:pick(self.agents)
    self:pick(operations)(self, from, target_of(self, from))
  end)
  self:often(size // 6, function() self:pick(faults)(self) end)
  return self
end

function calls.run(self)
  self:live()
  self.net:heal()
  self.net:advance "200s" -- the most patient handler
  self:hang_up_all()
  self:settle()
end

function calls.check(self)
  invariants.of_all(self)
  invariants.wire(self)
  invariants.numbers(self)
end

return calls
