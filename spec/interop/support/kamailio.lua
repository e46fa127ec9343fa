-- SPDX-License-Identifier: MIT
--
-- kamailio as our neighbour (spec/interop/kamailio): the edge before us and the gateway
-- behind us, each at an address of its own.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local turn <const> = require "spec.interop.support.turn"

local kamailio <const> = {}

local settings <const> = "spec/interop/kamailio/kamailio.cfg"

local function open(address)
  return place.is_open("udp", address) and place.is_open("tcp", address)
end

--- Starts it, and waits until it listens.
---@param options { server: string, carrier: string?, transport: "udp"|"tcp" }
---@return Process  with `edge` and `gateway`
function kamailio.start(options)
  local edge, gateway = place.address(), place.address()
  local folder <close> = scratch.folder()
  local file <close> = assert(io.open(settings))
  local words = { EDGE = edge, GATEWAY = gateway, GATEWAY_PORT = gateway:match "%d+$",
                  SERVER = options.server, CARRIER = options.carrier or options.server,
                  TRANSPORT = options.transport }
  local path = folder:write("kamailio.cfg", (file:read("a"):gsub("@([%u_]+)@", words)))
  local self = process.start({ "kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-Y", folder.path,
    "-w", folder.path, "-f", path }, { group = true })
  self.edge, self.gateway = edge, gateway
  turn.until_true("kamailio at " .. edge, function()
    return self.code or open(edge) and open(gateway)
  end, function() return self:tell() end, true)
  if self.code then error(self:tell(), 0) end
  return self
end

return kamailio
