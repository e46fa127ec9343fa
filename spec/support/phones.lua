-- SPDX-License-Identifier: MIT
--
-- A test network with a proxy for example.com, a caller, and three phones behind it.

local test <const> = require "moonsip.test"

local Phones <const> = {}
Phones.__index = Phones

local PROXY <const> = "10.0.0.1"
local addresses <const> = { bob = "10.0.0.20", carol = "10.0.0.30", dave = "10.0.0.40" }

local phones <const> = { PROXY = PROXY, addresses = addresses }

-- Where a phone is.
function phones.uri(name) return "sip:" .. name .. "@" .. addresses[name] end

function phones.new()
  local net = test.net()
  local self = setmetatable({
    net = net, at = {},
    proxy = net:agent("sip:p@example.com", { address = PROXY, domains = { "example.com" } }),
    alice = net:agent("sip:alice@example.com", { address = "10.0.0.10" }),
  }, Phones)
  for name, address in pairs(addresses) do
    self.at[name] = net:agent(("sip:%s@example.com"):format(name), { address = address })
  end
  return self
end

-- Nothing may live once all is quiet.
function Phones:close()
  assert(self.net:settle())
  local left, parts = self.net:live()
  if left ~= 0 then
    for name, count in pairs(parts) do print(name, count) end
    error(left .. " are left", 0)
  end
  self.net:close()
end

-- What a phone does with an INVITE: rings so long, then answers so.
function Phones:phone(name, ring, status)
  self.at[name]:on("INVITE", function(req)
    if ring then
      req:ring()
      self.net:sleep(ring)
    end
    if status then return req:reply(status) end
    return req:answer()
  end)
end

-- Alice calls Bob by the proxy.
function Phones:call(options)
  return self.alice:call("sip:bob@" .. PROXY, options)
end

-- How many requests of a method (INVITE) a phone was sent.
function Phones:sent_to(name, method)
  return self.net:count { method = method or "INVITE", to = self.at[name],
                          retransmissions = false }
end

return phones
