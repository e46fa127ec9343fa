-- SPDX-License-Identifier: MIT
--
-- An agent with lines, and a registrar of example.com whose answers a spec writes.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

local lines <const> = {}

local World <const> = {}
World.__index = World

local EVENTS <const> = { "registered", "refreshed", "failed", "lost", "unregistered" }

-- options: of alice's agent; link: of the network.
function lines.new(options, link)
  local seeded <const> = { seed = 3 }
  for name, value in pairs(link or {}) do seeded[name] = value end
  local net <const> = test.net(seeded)
  net:dns("example.com", { "10.0.0.1" })
  net:dns("example.net", { "10.0.0.1" })
  local self <const> = setmetatable({ net = net, asked = {}, times = {}, heard = {}, errors = {} },
    World)
  self.server = net:agent("sip:registrar@example.com",
    { address = "10.0.0.1", domains = { "example.com", "example.net" } })
  self.answer = function(req) self:grant(req, req.contact.expires) end
  self.server:on("REGISTER", function(req)
    self.asked[#self.asked + 1] = req.message:copy()
    self.times[#self.times + 1] = net:now() * 1000 // 1
    self.answer(req)
  end)
  local given <const> = { address = "10.0.0.2" }
  for name, value in pairs(options or {}) do given[name] = value end
  self.alice = net:agent("sip:alice@10.0.0.2", given)
  self.sip = face.of(self.alice.context)
  for _, name in ipairs(EVENTS) do
    self.alice:on(name, function(_, what)
      self.heard[#self.heard + 1] = name
      if name == "failed" or name == "lost" then self.errors[#self.errors + 1] = what end
    end)
  end
  return self
end

-- A line of alice@example.com; options are those of agent:register.
function World:line(options)
  local given <const> = { uri = "sip:alice@example.com" }
  for name, value in pairs(options or {}) do given[name] = value end
  return self.alice:register(given)
end

-- 200 with the contact of the request for so many seconds; 0 without it.
function World:grant(req, seconds, headers)
  local fields <const> = {}
  for name, value in pairs(headers or {}) do fields[name] = value end
  if seconds > 0 then
    local text <const> = req.contact.text:gsub(";expires=%d+", "")
    fields.Contact = ("%s;expires=%d"):format(text, seconds)
  end
  req:reply(200, fields)
end

-- Refuses with this status and these header fields, so often; then grants.
function World:refuse(times, code, headers)
  local left = times
  self.answer = function(req)
    if left == 0 then return self:grant(req, req.contact.expires) end
    left = left - 1
    req:reply(code, headers and (type(headers) == "function" and headers(req) or headers))
  end
end

-- From now on whoever registers proves that he knows the password.
function World:challenge(password)
  self.auth = face.of(self.server.context).digest {
    realm = "example.com", secret = function() return password end,
  }
  self.answer = function(req)
    if self.auth:check(req) then self:grant(req, req.contact.expires) end
  end
end

-- The registrar forgets its nonces, as one that was started again does.
function World:stale()
  self:challenge "wonderland"
end

function World:close()
  self.net:close()
end

World.__close = World.close

return lines
