-- SPDX-License-Identifier: MIT
-- The servers that are compared. Each is pinned to one core and has one thread, or
-- worker, that takes messages.

local machine = require "spec.bench.machine"

local servers = {}

local here <const> = "spec/bench/server/"
local build <const> = (os.getenv "BUILD" or "build") .. "/bench"

local flags <const> = "cc -std=c11 -O2 -Wall -Wno-address -o "

--- Compiles the load generator.
function servers.build_load()
  assert(machine.output("mkdir -p " .. build))
  assert(machine.output(flags .. build .. "/load " .. here .. "load/*.c -lcrypto"))
end

--- Compiles the load generator and the sofia-sip server.
function servers.build()
  servers.build_load()
  assert(machine.output(flags .. build .. "/sofia " .. here .. "sofia.c"
    .. " $(pkg-config --cflags --libs sofia-sip-ua)"))
end

--- The path of the load generator.
servers.load = build .. "/load"

-- Seconds that a server keeps completed transactions: before, its memory still grows,
-- and what is measured is the system that provides it.
local keeps <const> = { moonsip = 32, sofia = 32, kamailio = 5 }

local commands <const> = {}

function commands.moonsip(port, stateful)
  return ("lua5.4 %smoonsip.lua %d %s"):format(here, port, stateful and "handlers" or "")
end

function commands.sofia(port)
  return ("%s/sofia %d"):format(build, port)
end

--- How to start kamailio with kamailio.cfg and kamailio.lua of a folder. Memory as large
--- as it likes, from the allocator that costs least (-x fm).
function servers.kamailio(from, port)
  local folder = assert(machine.output("realpath " .. from)):gsub("\n", "")
  local scratch = assert(machine.output("realpath " .. build)):gsub("\n", "")
  local modules = assert(machine.output "dirname $(ls /usr/lib/*/kamailio/modules/app_lua.so)")
  local source <close> = assert(io.open(from .. "kamailio.cfg"))
  local config <close> = assert(io.open(build .. "/kamailio.cfg", "w"))
  config:write((source:read "a":gsub("PORT", tostring(port)):gsub("FOLDER", folder)
    :gsub("MODULES", modules:gsub("\n", "") .. "/")))
  return ("kamailio -DD -E -m 4096 -M 32 -x fm -X fm -b 4194304 -w %s -Y %s -f %s/kamailio.cfg")
    :format(scratch, scratch, scratch)
end

function commands.kamailio(port)
  return servers.kamailio(here, port)
end

--- Starts a command on a core and waits until it listens. It must be closed.
---@param name "moonsip"|"kamailio"|"sofia"
---@param command string
---@param options { core: integer, port: integer, stateful: boolean }
function servers.launch(name, command, options)
  local program = machine.start(command,
    { core = options.core, log = ("%s/%s.log"):format(build, name) })
  program.port, program.warm = options.port, options.stateful and keeps[name] + 2 or 1
  local ok, err = pcall(program.await_port, program, options.port)
  if ok then return program end
  program:stop()
  error(name .. " " .. err)
end

--- Starts one of those above.
function servers.start(name, core, stateful)
  local port = machine.free_port()
  return servers.launch(name, commands[name](port, stateful),
    { core = core, port = port, stateful = stateful })
end

return servers
