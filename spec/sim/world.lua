-- SPDX-License-Identifier: MIT
--
-- One seed, one world: agents and a script that call and message each other through a
-- bad network with cuts and power failures. What happens, and when, is the seed's.

local random <const> = require "moonsip.test.random"
local test <const> = require "moonsip.test"

local World <const> = {}
World.__index = World

local operations_ms <const> = 20000 -- while things are begun
local script <const> = "spec/test/scripts/answer.lua"

-- One of a list.
local function pick(chance, list)
  return list[chance:between(1, #list)]
end

-- ---- what those who are asked do

local answers <const> = {
  function(_, req) return req:answer() end,
  function(self, req)
    req:ring()
    self.net:sleep(self.chance:between(0, 5000) / 1000)
    return req:answer()
  end,
  function(self, req)
    local call = req:answer()
    if call then call:limit(self.chance:between(1, 15000) / 1000) end
  end,
  function(_, req) return req:reply(486) end,
  function(self, req)
    req:reply(183)
    self.net:sleep(self.chance:between(0, 3000) / 1000)
    return req:reply(603)
  end,
  function(self, req) -- rings until the caller gives up
    req:ring()
    self.net:sleep "150s"
    return req:reply(480)
  end,
  function() error("a handler that raises", 0) end,
  function(_, req) return req:redirect "sip:nobody@10.0.9.9" end,
}

local replies <const> = {
  function(_, req) return req:reply(200) end,
  function(_, req) return req:reply(404) end,
  function(self, req)
    self.net:sleep(self.chance:between(0, 8000) / 1000)
    return req:reply(202)
  end,
  function(_, req) return req:defer() end,
  function() error("a handler that raises", 0) end,
}

local function serve(self, one)
  one:on("INVITE", function(req) return pick(self.chance, answers)(self, req) end)
  for _, method in ipairs { "MESSAGE", "INFO" } do
    one:on(method, function(req) return pick(self.chance, replies)(self, req) end)
  end
end

-- ---- what those who ask do

-- Remembers that somebody waits, and how often he was told.
local function promise(self, what)
  local one = { what = what, told = 0 }
  self.promises[#self.promises + 1] = one
  return function(result, err)
    one.told = one.told + 1
    if not result and not err then self:fail(what .. " was told neither a result nor an error") end
    return result
  end
end

local function target_of(self, from)
  local to
  repeat to = pick(self.chance, self.ends) until to ~= from
  return to
end

-- After an answer: something inside the call, then its end by us or by the other side.
local function talk(self, call)
  local chance = self.chance
  self.net:sleep(chance:between(0, 4000) / 1000)
  local what = chance:between(1, 4)
  if what == 1 then call:reinvite(promise(self, "a further INVITE")) end
  if what == 2 then call:request("INFO"):wait(promise(self, "an INFO in a call")) end
  if what == 3 then call:update(promise(self, "an UPDATE")) end
  self.net:sleep(chance:between(0, 6000) / 1000)
  if chance:chance(0.7) then call:hangup() end
end

local operations <const> = {
  function(self, from, to)
    local transport = self.chance:chance(0.2) and "tcp" or nil
    from:request(pick(self.chance, { "MESSAGE", "OPTIONS", "INFO" }), to, { transport = transport })
      :wait(promise(self, "a request"))
  end,
  function(self, from, to)
    local told = promise(self, "a call")
    from:call(to, { ring = self.chance:between(1, 30) }, function(call, err)
      if told(call, err) then talk(self, call) end
    end)
  end,
  function(self, from, to)
    local call = from:start_call(to)
    call:wait(promise(self, "a call that is given up"))
    self:later(self.chance:between(0, 6000), function() call:hangup() end)
  end,
}

local faults <const> = {
  function(self)
    local a, b = pick(self.chance, self.ends), pick(self.chance, self.ends)
    if a == b then return end
    self.net:cut(a, b)
    self:later(self.chance:between(100, 9000), function() self.net:heal(a, b) end)
  end,
  function(self)
    if self.script.state ~= "running" then return end
    self.script:kill()
    self:later(self.chance:between(100, 9000), function() self.script:restart() end)
  end,
}

-- ---- a world and its history

-- `size`: how much is begun.
local function new(seed, size)
  local net = test.net { seed = seed, loss = 0.1, duplicate = 0.1, reorder = 0.1,
                         delay = { 0, 2000 }, keep = 1 << 20 }
  local self = setmetatable({
    seed = seed, net = net, chance = random.new(seed + 77), agenda = {}, serial = 0,
    promises = {}, failures = {}, ends = {}, agents = {},
  }, World)
  for _, name in ipairs { "alice", "bob", "carol" } do
    local one = net:agent(("sip:%s@example.com"):format(name), { media = false })
    serve(self, one)
    self.ends[#self.ends + 1], self.agents[#self.agents + 1] = one, one
  end
  self.script = net:load(script, "10.0.0.1")
  self.ends[#self.ends + 1] = self.script
  for _ = 1, size do
    local from = pick(self.chance, self.agents)
    self:later(self.chance:between(0, operations_ms), function()
      pick(self.chance, operations)(self, from, target_of(self, from))
    end)
  end
  for _ = 1, size // 6 do
    self:later(self.chance:between(0, operations_ms), function()
      pick(self.chance, faults)(self)
    end)
  end
  return self
end

function World:fail(format, ...)
  self.failures[#self.failures + 1] = format:format(...)
end

-- Has something done in the main chunk, `ms` from now.
function World:later(ms, fn)
  self.serial = self.serial + 1
  table.insert(self.agenda, { at = self.net.wire.now + ms, serial = self.serial, fn = fn })
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

-- Runs everything, ends what is left, and waits for quiet.
function World:run()
  local net = self.net
  for one in next_of, self.agenda do
    net:advance(math.max(0, one.at - net.wire.now) / 1000)
    one.fn()
  end
  net:heal()
  net:advance "200s" -- the most patient handler
  for _, one in ipairs(self.agents) do
    for _, call in ipairs(one.calls) do call:hangup() end
  end
  self.script:stop()
  local quiet, err = net:settle()
  if not quiet then self:fail("no quiet: %s", err) end
  return self
end

function World:close()
  self.net:close()
end

World.__close = World.close

return { new = new }
