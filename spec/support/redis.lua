-- SPDX-License-Identifier: MIT
--
-- A redis-server of a spec's own, on a free port of the loopback, which keeps nothing unless
-- it is told to.

local redis <const> = {}

local Server <const> = {}
Server.__index = Server

local function output(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

-- Whether it answers a PING.
function Server:answers()
  local said <const> = output(("redis-cli -p %d PING 2>/dev/null"):format(self.port))
  return said:find "PONG" ~= nil or said:find "NOAUTH" ~= nil
end

-- Starts it, and waits until it answers.
function Server:start()
  local line <const> = ("redis-server --port %d --bind 127.0.0.1 --save '' --daemonize no %s "
    .. ">/dev/null 2>&1 & echo $!"):format(self.port, self.options)
  self.pid = math.tointeger(tonumber(output(line)))
  for _ = 1, 500 do
    if self:answers() then return self end
    os.execute "sleep 0.02"
  end
  error "redis-server does not answer"
end

-- Ends it at once, or stops and continues it.
function Server:signal(name)
  os.execute(("kill -%s %d"):format(name, self.pid))
end

function Server:stop()
  self:signal "KILL"
  while self:answers() do os.execute "sleep 0.02" end
end

Server.__close = Server.stop

-- o: `folder`, where every write is kept before it is answered; `password`.
function redis.start(o)
  o = o or {}
  local options = "--appendonly no"
  if o.folder then
    options = ("--appendonly yes --appendfsync always --dir '%s'"):format(o.folder)
  end
  if o.password then options = options .. " --requirepass " .. o.password end
  local core <const> = require "moonsip.core"
  local engine <const>, loop <const> = core.engine { now = 0 }, core.loop()
  loop:attach(engine, function() end)
  local _, _, port <const> = loop:listen(engine, "tcp", "127.0.0.1", 0, {})
  loop:close()
  local url <const> = ("redis://127.0.0.1:%d/1"):format(port)
  return setmetatable({ port = port, options = options, url = url }, Server):start()
end

return redis
