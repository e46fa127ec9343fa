-- SPDX-License-Identifier: MIT
-- moonsip.test: scripts and agents on a network in memory, under a virtual clock.
--
--   local test = require "moonsip.test"
--   local net <close> = test.net { loss = 0.1, seed = 7 }
--   local pbx = net:load("pbx.lua", "10.0.0.1")
--   local alice = net:agent "sip:alice@example.com"
--   assert(alice:call(pbx))
--   net:settle()
--   print(net:ladder())

local network = require "moonsip.test.network"

local test = {}

--- A network of its own.
---@param options { seed: integer?, loss: number?, duplicate: number?, reorder: number?, delay: (integer|integer[])?, mtu: integer?, keep: integer? }?
---  seed: of everything that is left to chance, 1
---  loss, duplicate, reorder: probabilities for each datagram, 0
---  delay: ms one way, or { least, most }, 1
---  mtu: bytes of an IP packet past which a datagram is lost, 65535
---  keep: messages kept for counting and drawing, 20000
---@return moonsip.test.Network
function test.net(options)
  return network.new(options)
end

return test
