-- SPDX-License-Identifier: MIT
--
-- A world with a proxy in its middle: phones register there, most people have several, and
-- call each other through it by a bad network, with cuts and power failures, and a stranger
-- who sends what belongs to nothing.

local forwarded <const> = require "spec.sim.forwarded"
local invariants <const> = require "spec.sim.invariants"
local people <const> = require "spec.sim.people"
local random <const> = require "moonsip.test.random"
local world <const> = require "spec.sim.world"

local PROXY <const>, VOICEMAIL <const>, STRANGER <const> = "10.0.0.1", "10.0.0.9", "10.0.0.66"

-- Some proxies have room for so few requests that they have to refuse.
local FEW <const> = 12

local phones <const> = { "alice", "bob", "bob", "bob", "carol", "carol" }
local numbers <const> = { "alice", "bob", "carol", "nobody" }

local operations <const> = {
  function(self, from, to) people.ask(self, from, to) end,
  people.call,
  people.call,
  people.give_up,
}

-- A request or response that nobody waits for (bug class 30).
local function stray(self)
  local chance, method = self.chance, self:pick { "ACK", "CANCEL", "PRACK", "BYE", "200" }
  local first = method == "200" and "SIP/2.0 200 OK"
    or ("%s sip:bob@example.com SIP/2.0"):format(method)
  local tag = chance:chance(0.5) and ";tag=" .. chance:between(1, 3) or ""
  return table.concat({
    first,
    ("Via: SIP/2.0/UDP %s:5060;branch=z9hG4bKs%d"):format(STRANGER, chance:between(1, 1 << 40)),
    "Max-Forwards: 70", "From: <sip:stranger@10.0.0.66>;tag=1",
    "To: <sip:bob@example.com>" .. tag, "Call-ID: " .. chance:between(1, 3),
    "CSeq: 1 " .. (method == "200" and "INVITE" or method), "Content-Length: 0", "", "",
  }, "\r\n")
end

local faults <const> = {
  function(self) self:cut(self:pick(self.agents), self.scripts[1]) end,
  function(self)
    if self.has_power_failures then self:power_failure(self.scripts[1]) end
  end,
  function(self) self.stranger:send(stray(self), PROXY .. ":5060") end,
}

-- Keeps a phone registered, by UDP or by a connection.
local function register(self, phone)
  local told = self:promise "a registration"
  phone:register(phone.way, { expires = self:pick { 0, 60, 600, 600 } }, told)
  self:later(self.chance:between(3000, 9000), function()
    if self.net:now() < 20 then register(self, phone) end
  end)
end

-- What a proxy holds is looked at all the time.
local function watch(self)
  for _, agent in ipairs(self.scripts[1].context.agent_list) do
    local counts = agent:counts()
    local live = counts.server_transactions + counts.client_transactions
    if self.limit and live > self.limit then
      self:fail("%d transactions at %.3f s: more than %d", live, self.net:now(), self.limit)
    end
    if counts.dialogs > 0 then self:fail("a proxy has a dialog at %.3f s", self.net:now()) end
  end
  if self.net:now() < 60 then self:later(250, function() watch(self) end) end
end

local proxy <const> = {}

--- `size`: how much is begun.
function proxy.new(seed, size)
  local self = world.new(seed, { loss = 0.1, duplicate = 0.1, reorder = 0.1,
                                 delay = { 0, 2000 } })
  self.has_power_failures, self.limit = seed % 3 == 0, seed % 5 == 0 and FEW or nil
  self.scripts[1] = self.net:load("spec/sim/scripts/proxy.lua", PROXY,
    { random.new(seed + 99), { max_transactions = self.limit } })
  self.scripts[2] = self.net:load("spec/test/scripts/answer.lua", VOICEMAIL, { "0.0.0.0:5060", 0 })
  self.proxies[self.scripts[1].host] = true
  self.stranger = self.net:endpoint(STRANGER .. ":5060")
  for at, name in ipairs(phones) do
    local one = self.net:agent(("sip:%s@example.com"):format(name),
      { name = name .. at, media = false, outbound_proxy = ("sip:%s;lr"):format(PROXY) })
    one.way = "sip:" .. PROXY .. (self.chance:chance(0.3) and ";transport=tcp" or "")
    people.serve(self, one)
    self.agents[at] = one
    register(self, one)
  end
  self:often(size, function()
    local to = ("sip:%s@example.com"):format(self:pick(numbers))
    self:pick(operations)(self, self:pick(self.agents), to)
  end)
  self:often(size // 4, function() self:pick(faults)(self) end)
  watch(self)
  return self
end

function proxy.run(self)
  self:live()
  self.net:heal()
  self.net:advance "260s" -- Timer C, after the most patient handler
  self:hang_up_all()
  self.net:advance "40s" -- through the proxy
  self:settle()
end

function proxy.check(self)
  invariants.of_all(self)
  invariants.wire(self)
  invariants.numbers(self)
  forwarded.check(self, self.scripts[1].host)
end

return proxy
