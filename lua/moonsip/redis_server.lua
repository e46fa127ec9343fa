-- SPDX-License-Identifier: MIT
-- Connections to Redis servers, from inside a thread (redis.lua): one for each server, opened
-- again when it is lost. Plain values in, plain values out.

local core = require "moonsip.core"

local redis_server = {}

local open <const> = {} -- by what names the server

--- A connection that has shown its password and chosen its database.
local function connect(server)
  local made, err = core.redis(server.host, server.port, server.timeout_ms)
  if not made then return nil, err end
  for _, words in ipairs { server.password and { "AUTH", server.password } or false,
    server.db ~= 0 and { "SELECT", tostring(server.db) } or false } do
    local done
    if words then done, err = made:command(table.unpack(words)) end
    if words and done == nil then return nil, err end
  end
  return made
end

--- The reply to a command; or nil, err. A nil of Redis is false.
function redis_server.command(server, ...)
  local key = ("%s:%d/%d"):format(server.host, server.port, server.db)
  local err
  for _ = 1, 2 do -- a connection that the server has closed is noticed by using it
    local one, is_old = open[key], open[key] ~= nil
    if not one then one, err = connect(server) end
    if not one then return nil, err end
    open[key] = one
    local reply
    reply, err = one:command(...)
    if reply ~= nil then return reply end
    if err.name ~= "IO" then return nil, err end
    one:close()
    open[key] = nil
    if not is_old then return nil, err end
  end
  return nil, err
end

return redis_server
