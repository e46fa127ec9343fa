-- SPDX-License-Identifier: MIT
-- sip.redis: a Redis server, whose commands wait. One connection of the loop has them all, one
-- behind the other.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

---@class moonsip.Redis
---@field host string
---@field port integer
---@field db integer
local Redis = {}
Redis.__index = Redis
Redis.__name = "moonsip.redis"

local redis = {}

local default_port <const> = 6379
local default_timeout_s <const> = 2
local waiting <const> = 10000

-- After these come replies that no command asked for.
local streams <const> = { SUBSCRIBE = true, PSUBSCRIBE = true, SSUBSCRIBE = true, MONITOR = true }

--- "redis://[:password@]host[:port][/db]"
local function parse(verb, url)
  local rest = misuse.text(verb, "url", url):match "^redis://(.+)$"
  local password, place = (rest or ""):match "^:?([^@]*)@(.+)$"
  local host, port, db = (place or rest or ""):match "^([%w%.%-_]+):?(%d*)/?(%d*)$"
  port = math.tointeger(tonumber(port)) or default_port
  db = math.tointeger(tonumber(db)) or 0
  if not host or port > 65535 or db > 2147483647 then
    misuse.argument(verb, "url", "redis://[:password@]host[:port][/db] expected")
  end
  return { host = host, port = port, database = db, waiting = waiting,
           password = password ~= "" and password or nil }
end

---@param context moonsip.Context
---@param url string
---@param options { timeout: (number|string)? }?  from a command to its reply (2 s)
---@return moonsip.Redis
function redis.new(context, url, options)
  if not core.redis then
    misuse.raise "sip.redis: built without Redis; install libhiredis-dev and build again"
  end
  options = misuse.options("sip.redis", options, { timeout = true })
  local server = parse("sip.redis", url)
  server.timeout = duration.check("sip.redis", "timeout", options.timeout or default_timeout_s)
  return setmetatable({ context = context, host = server.host, port = server.port,
                        db = server.database, server = server }, Redis)
end

local function start(one, self, ...)
  local function answered(reply, name, reason)
    if name then return one:resolve(nil, errors.new("store", reason, { name = name })) end
    one:resolve(reply)
  end
  local asked, err = self.context.driver:ask_redis(self.server, answered, ...)
  if not asked then one:resolve(nil, err) end
end

--- Sends a command and waits for its reply: a string, a number, a list, false for a nil of
--- Redis; or nil, err of kind store, or limit when 10 000 commands wait.
---@param ... string|number
---@return any reply
---@return moonsip.Error? err
function Redis:command(...)
  if self.closed then return nil, errors.new("gone", "it is closed") end
  local name = misuse.text("redis:command", "name", (...))
  if streams[name:upper()] then
    misuse.argument("redis:command", "name", name .. " has replies that nobody asks for")
  end
  for at = 2, select("#", ...) do
    local kind = type(select(at, ...))
    if kind ~= "string" and kind ~= "number" then
      misuse.argument("redis:command", "word " .. at, "string or number expected, got " .. kind)
    end
  end
  return wait.await(self.context, "redis:command", nil, nil, start, self, ...)
end

--- Closes the connection. Whoever waits for a reply gets `cancelled`.
function Redis:close()
  if self.closed then return end
  self.closed = true
  self.context.driver:end_redis(self.server)
end

Redis.__close = Redis.close

return redis
