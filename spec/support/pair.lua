-- SPDX-License-Identifier: MIT
--
-- Two agents on a test network, for specs of what passes between them:
--
--   local net, alice, bob
--   before_each(function() net, alice, bob = pair.new() end)
--   after_each(function() net:close() end)

local test <const> = require "moonsip.test"

local pair <const> = {}

--- A network with two agents on it, whose calls are silent; options as of test.net.
function pair.new(options)
  local net <const> = test.net(options)
  return net, net:agent("sip:alice@example.com", { media = false }),
    net:agent("sip:bob@example.com", { media = false })
end

--- Has an agent answer every call; options as of req:answer.
function pair.answers(who, options)
  who:on("INVITE", function(req) assert(req:answer(options)) end)
end

--- A call from one to the other, who answers it: both ends, the ACK is there.
function pair.connect(net, from, to, options)
  local near <const> = assert(from:call(to, options))
  net:advance(1)
  return near, to.calls[1]
end

return pair
