-- SPDX-License-Identifier: MIT
-- HTTP for the scripts of one context: the table that `require "moonsip.http"` returns.

local client = require "moonsip.web.client"
local json = require "moonsip.web.json"
local metrics = require "moonsip.web.metrics"
local server = require "moonsip.web.server"

local web = {}

--- Each call gives a new table.
---@param context moonsip.Context
---@return moonsip.Http
function web.of(context)
  local http = { null = json.null, list = json.list }
  function http.serve(address, routes, options)
    return server.new(context, address, routes, options)
  end
  function http.request(method, url, options, fn)
    return client.request(context, "http.request", method, url, options, fn)
  end
  function http.get(url, options, fn)
    return client.request(context, "http.get", "GET", url, options, fn)
  end
  function http.post(url, options, fn)
    return client.request(context, "http.post", "POST", url, options, fn)
  end
  function http.metrics() return 200, metrics.text(context), metrics.fields end
  function http.encode(value) return json.encode("http.encode", value) end
  function http.decode(text) return json.decode("http.decode", text) end
  return http
end

return web
