-- SPDX-License-Identifier: MIT
-- sip.redis: a Redis server, whose verbs wait. The connections are those of a few threads.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local sqlite = require "moonsip.sqlite"
local workers = require "moonsip.workers"

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
local threads <const>, waiting <const> = 4, 10000

--- "redis://[:password@]host[:port][/db]"
local function parse(verb, url)
  local rest = misuse.text(verb, "url", url):match "^redis://(.+)$"
  local password, place = (rest or ""):match "^:?([^@]*)@(.+)$"
  local host, port, db = (place or rest or ""):match "^([%w%.%-_]+):?(%d*)/?(%d*)$"
  if not host then
    misuse.argument(verb, "url", "redis://[:password@]host[:port][/db] expected")
  end
  return { host = host, port = math.tointeger(port) or default_port,
           db = math.tointeger(db) or 0, password = password ~= "" and password or nil }
end

---@param context moonsip.Context
---@param url string
---@param options { timeout: (number|string)? }?  for connecting, and for each reply (2 s)
---@return moonsip.Redis
function redis.new(context, url, options)
  if not core.redis then
    misuse.raise "sip.redis: built without Redis; install libhiredis-dev and build again"
  end
  options = misuse.options("sip.redis", options, { timeout = true })
  local server = parse("sip.redis", url)
  server.timeout_ms = duration.check("sip.redis", "timeout", options.timeout or default_timeout_s)
  local own = workers.new(context, { threads = threads, waiting = waiting })
  own.timeout_ms = 2 * server.timeout_ms + 1000
  return setmetatable({
    host = server.host, port = server.port, db = server.db, server = server, workers = own,
  }, Redis)
end

--- Sends a command and waits for its reply: a string, a number, a list, false for a nil of
--- Redis; or nil, err of kind store.
---@param ... string|number
function Redis:command(...)
  return sqlite.result(workers.run(self.workers, "redis:command", function(...)
    return require("moonsip.redis_server").command(...)
  end, self.server, ...))
end

function Redis:close()
  self.workers:close()
end

Redis.__close = Redis.close

return redis
