-- SPDX-License-Identifier: MIT
--
-- A dnsmasq of a spec's own, on a free port of the loopback, which knows what it is told
-- and asks nobody.

local core <const> = require "moonsip.core"
local scratch <const> = require "spec.support.scratch"

local dnsmasq <const> = {}

local Server <const> = {}
Server.__index = Server

local function output(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

local function free_port()
  local engine <const>, loop <const> = core.engine { now = 0 }, core.loop()
  loop:attach(engine, function() end)
  local _, _, port <const> = loop:listen(engine, "udp", "127.0.0.1", 0, {})
  loop:close()
  return port
end

-- Whether it answers.
local function answers(port)
  local loop <close> = core.loop { name_servers = "127.0.0.1:" .. port, resolve_ms = 500 }
  local known
  loop:lookup("A", "started.test", function(records) known = records and #records > 0 or false end)
  while known == nil do loop:step(20) end
  return known
end

--- Starts it with lines of its configuration ("srv-host=..."), and waits until it answers.
function dnsmasq.start(lines)
  local self <const> = setmetatable({ port = free_port(), folder = scratch.folder() }, Server)
  local path <const> = self.folder:write("dnsmasq.conf", table.concat({
    "port=" .. self.port, "listen-address=127.0.0.1", "bind-interfaces", "no-resolv",
    "no-hosts", "local-ttl=60", "local=/test/", "local=/arpa/", "pid-file",
    "host-record=started.test,127.0.0.1", lines }, "\n"))
  local command <const> = ("PATH=$PATH:/usr/sbin; dnsmasq -k -u $(id -un) -C %s >/dev/null 2>&1 "
    .. "& echo $!"):format(path)
  self.pid = math.tointeger(tonumber(output(command)))
  for _ = 1, 100 do
    if answers(self.port) then return self end
    os.execute "sleep 0.05" -- refused at once: it has not begun to listen
  end
  error "dnsmasq does not answer"
end

function Server:stop()
  os.execute(("kill -KILL %d"):format(self.pid))
  self.folder:remove()
end

Server.__close = Server.stop

return dnsmasq
