-- SPDX-License-Identifier: MIT
--
-- kamailio as our neighbour (spec/interop/kamailio): the edge before us and the gateway
-- behind us, each at an address of its own; as a presence agent; and as
-- the registrar of lines of ours.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local turn <const> = require "spec.interop.support.turn"

local kamailio <const> = {}

local settings <const> = "spec/interop/kamailio/"

-- Tables of its databases in text files, as its package brings them, empty.
local tables <const> = "/usr/share/kamailio/dbtext/kamailio"

local function open(address)
  return place.is_open("udp", address) and place.is_open("tcp", address)
end

--- Starts it with settings whose words between @ are filled in, and waits until it listens
--- at all of these addresses.
local function start(name, folder, words, addresses)
  local file <close> = assert(io.open(settings .. name))
  local path = folder:write("kamailio.cfg", (file:read("a"):gsub("@([%u_]+)@", words)))
  local self = process.start({ "kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-Y", folder.path,
    "-w", folder.path, "-f", path }, { group = true })
  turn.until_true("kamailio at " .. addresses[1], function()
    for _, address in ipairs(addresses) do
      if not open(address) then return self.code end
    end
    return true
  end, function() return self:tell() end, true)
  if self.code then error(self:tell(), 0) end
  return self
end

--- Starts it, and waits until it listens.
---@param options { server: string, carrier: string?, transport: "udp"|"tcp" }
---@return Process  with `edge` and `gateway`
function kamailio.start(options)
  local edge, gateway = place.address(), place.address()
  local folder <close> = scratch.folder()
  local self = start("kamailio.cfg", folder, {
    EDGE = edge, GATEWAY = gateway, GATEWAY_PORT = gateway:match "%d+$", SERVER = options.server,
    CARRIER = options.carrier or options.server, TRANSPORT = options.transport,
  }, { edge, gateway })
  self.edge, self.gateway = edge, gateway
  return self
end

--- Starts it as a presence agent, which publishes and watches at a server.
---@param options { server: string, transport: "udp"|"tcp" }
---@return Process  with `edge`, and `folder`, which is to be removed behind it
function kamailio.presence(options)
  local edge, folder = place.address(), scratch.folder()
  folder:run(("cp -r %s %s/db"):format(tables, scratch.quote(folder.path)))
  local self = start("presence.cfg", folder, {
    EDGE = edge, FOLDER = folder.path, SERVER = options.server,
    SERVER_IP = options.server:match "^(.*):", TRANSPORT = options.transport,
  }, { edge })
  self.edge, self.folder = edge, folder
  return self
end

--- Starts it as a registrar, whose users have the password "wonderland".
---@param options { address: string, min_expires: integer?, flow_timer: integer? }  seconds
---@return Process
function kamailio.registrar(options)
  local folder <close> = scratch.folder()
  return start("registrar.cfg", folder, {
    ADDRESS = options.address, HOST = options.address:match "^(.*):%d+$",
    MIN_EXPIRES = tostring(options.min_expires or 1),
    FLOW_TIMER = tostring(options.flow_timer or 25),
  }, { options.address })
end

return kamailio
