-- SPDX-License-Identifier: MIT
--
-- A world of three nodes that share a store, found by SRV records (RFC 3263). One of them
-- loses its power, and may get it back; the store is down for a while; and on half of all
-- networks datagrams are lost. On the other half everybody who lives is served:
-- registrations, new calls, and what happens in calls that are established go on.

local invariants <const> = require "spec.sim.invariants"
local random <const> = require "moonsip.test.random"
local world <const> = require "spec.sim.world"

local names <const> = { "a", "b", "c" }
local people <const> = { "alice", "bob", "carol", "dave" }
local ZONE <const> = [[
_sip._udp.nodes.example  SRV  10 10 5060 a.nodes.example
_sip._udp.nodes.example  SRV  10 10 5060 b.nodes.example
_sip._udp.nodes.example  SRV  10 10 5060 c.nodes.example
_sip._tcp.nodes.example  SRV  10 10 5060 a.nodes.example
_sip._tcp.nodes.example  SRV  10 10 5060 b.nodes.example
_sip._tcp.nodes.example  SRV  10 10 5060 c.nodes.example
a.nodes.example          A    10.0.0.1
b.nodes.example          A    10.0.0.2
c.nodes.example          A    10.0.0.3
]]

-- While one is begun, how long the others take to notice that a node is gone, and how often
-- a phone registers.
local BEGUN_MS <const>, NOTICED_MS <const>, REGISTER_MS <const> = 60000, 10000, 15000

-- ---- what must go on

-- What happened to the world of late, by when it is over.
local function disturbed(self)
  self.disturbed_until = math.max(self.disturbed_until, self.net.wire.now + NOTICED_MS)
end

local function is_calm(self)
  return self.is_lossless and not self.shared.is_down
    and self.net.wire.now >= self.disturbed_until
end

-- Told once, in any world; where nothing is wrong, of success.
local function expect(self, what)
  local told, was_calm, began = self:promise(what), is_calm(self), self.disturbed_until
  return function(result, err)
    if told(result, err) then return result end
    -- A node that died meanwhile took the transaction with it.
    if was_calm and self.disturbed_until == began and not self.shared.is_down then
      self:fail("%s at %.3f s: %s", what, self.net:now(), err)
    end
  end
end

-- Established calls go on also while others notice: nothing of a node is needed for them.
local function expect_in_call(self, what)
  local told, deaths = self:promise(what), self.deaths
  return function(result, err)
    if told(result, err) then return result end
    local is_over = err.kind == "hangup" or err.kind == "gone" or err.code == 481
    if self.is_lossless and self.deaths == deaths and not is_over then
      self:fail("%s at %.3f s: %s", what, self.net:now(), err)
    end
  end
end

-- ---- people

local function talk(self, call)
  local chance = self.chance
  for _ = 1, chance:between(1, 4) do
    self.net:sleep(chance:between(1000, 9000) / 1000)
    if call.state ~= "connected" then return end
    local what = chance:between(1, 3)
    -- One after the other: one that had to go elsewhere would come too late (12.2.2).
    if what == 1 then expect_in_call(self, "an INFO in a call")(call:request("INFO"):wait()) end
    if what == 2 then expect_in_call(self, "a further INVITE")(call:reinvite()) end
  end
  call:hangup()
end

local function serve(self, one)
  one:on("INVITE", function(req)
    if req.call then return req:answer() end
    req:ring()
    self.net:sleep(self.chance:between(0, 2000) / 1000)
    local call = req:answer()
    if call and self.chance:chance(0.5) then talk(self, call) end
  end)
  one:on("INFO", function(req) return req:reply(200) end)
  one:on("MESSAGE", function(req) return req:reply(200) end)
end

local function register(self, one)
  local told = expect(self, one.aor .. " registers")
  one:register(one.way, { expires = 60 }, function(res, err)
    if told(res, err) then one.registered_at = self.net.wire.now end
  end)
  self:later(REGISTER_MS, function()
    if self.net.wire.now < BEGUN_MS then register(self, one) end
  end)
end

-- Reached by a connection it has to come back after a node is gone.
local function is_there(self, one)
  return one.registered_at and (not one.by_connection or one.registered_at > self.died_at)
end

local operations <const> = {
  function(self, from, to)
    from:request("MESSAGE", to.aor):wait(is_there(self, to) and expect(self, "a MESSAGE")
      or self:promise "a MESSAGE to who may be away")
  end,
  function(self, from, to)
    local told = is_there(self, to) and expect(self, "a call")
      or self:promise "a call to who may be away"
    from:call(to.aor, { ring = 30 }, function(call, err)
      if told(call, err) then talk(self, call) end
    end)
  end,
}

-- ---- what happens to nodes

local function die(self)
  local script = self:pick(self.scripts)
  self.deaths, self.died_at = self.deaths + 1, self.net.wire.now
  disturbed(self)
  self.powerless[script.host] = true
  script:kill()
  if self.chance:chance(0.5) then return end
  self:later(self.chance:between(2000, 25000), function()
    self.died_at = self.net.wire.now -- it remembers no connection
    disturbed(self)
    script:restart()
  end)
end

local function lose_store(self)
  self.shared.is_down = true
  self:later(self.chance:between(500, 5000), function()
    self.shared.is_down = false
    disturbed(self)
  end)
end

-- ---- a world

local nodes <const> = {}

local function add_nodes(self)
  local places = {}
  for at, name in ipairs(names) do places[name] = ("10.0.0.%d:5060"):format(at) end
  for at, name in ipairs(names) do
    self.scripts[at] = self.net:load("spec/sim/scripts/node.lua", "10.0.0." .. at,
      { name, places, self.shared, random.new(self.seed + 100 + at), name = name })
    self.proxies[self.scripts[at].host] = true
  end
end

local function add_people(self)
  for at, name in ipairs(people) do
    local one = self.net:agent(("sip:%s@example.com"):format(name),
      { media = false, password = name .. "'s", failover = "8s" })
    one.by_connection = self.chance:chance(0.5)
    one.way = "sip:nodes.example" .. (one.by_connection and ";transport=tcp" or "")
    serve(self, one)
    self.agents[at] = one
    self:later(self.chance:between(0, 1000), function() register(self, one) end)
  end
end

--- `size`: how much is begun.
function nodes.new(seed, size)
  local is_lossless = seed % 2 == 1
  local self = world.new(seed, is_lossless and { delay = { 1, 40 } }
    or { loss = 0.05, duplicate = 0.05, reorder = 0.05, delay = { 1, 200 } })
  self.is_lossless, self.shared = is_lossless, { records = {}, is_down = false }
  self.deaths, self.died_at, self.disturbed_until = 0, 0, 0
  self.net:zone(ZONE)
  add_nodes(self)
  add_people(self)
  for _ = 1, size do
    self:later(self.chance:between(3000, BEGUN_MS), function()
      local from = self.chance:between(1, #self.agents)
      local to = (from + self.chance:between(0, #self.agents - 2)) % #self.agents + 1
      self:pick(operations)(self, self.agents[from], self.agents[to])
    end)
  end
  self:later(self.chance:between(5000, 40000), function() die(self) end)
  if self.chance:chance(0.3) then
    self:later(self.chance:between(5000, 40000), function() lose_store(self) end)
  end
  return self
end

function nodes.run(self)
  self:live()
  self.net:advance "60s"
  self:hang_up_all()
  self.net:advance "40s"
  self:settle()
end

function nodes.check(self)
  invariants.of_all(self)
  invariants.wire(self)
end

return nodes
