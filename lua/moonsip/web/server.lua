-- SPDX-License-Identifier: MIT
-- A port that answers HTTP by routes. Each request is a task: a route may wait.

local errors = require "moonsip.errors"
local json = require "moonsip.web.json"
local listen = require "moonsip.listen"
local misuse = require "moonsip.misuse"
local duration = require "moonsip.duration"
local question = require "moonsip.web.question"
local routes = require "moonsip.web.routes"
local tls = require "moonsip.tls"

---@class moonsip.HttpServer
---@field ip string
---@field port integer
---@field secure boolean
local Server = {}
Server.__index = Server
Server.__name = "moonsip.http_server"

local server = {}

local verb <const> = "http.serve"

local default_port <const>, default_secure_port <const> = 80, 443

local known <const> = { tls = true, timeout = true, max_body = true, max_connections = true }

-- ---- answers

local function field_lines(fields)
  local lines = {}
  for name, value in pairs(fields) do
    local text = tostring(value)
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+%-.^_`|~]+$"
      or text:find "[\r\n%z]" then
      error("a header field that cannot be sent: " .. tostring(name), 0)
    end
    lines[#lines + 1] = ("%s: %s\r\n"):format(name, text)
  end
  table.sort(lines)
  return table.concat(lines)
end

local function has_field(fields, name)
  for key in pairs(fields) do
    if type(key) == "string" and key:lower() == name then return true end
  end
  return false
end

local plain <const>, as_json <const> = "text/plain; charset=utf-8", "application/json"

-- Status, field lines and body out of what a route returned.
local function answer_of(status, body, fields)
  if type(status) ~= "number" then status, body, fields = nil, status, body end
  status = status or (body == nil and 204 or 200)
  if math.type(status) ~= "integer" or status < 200 or status > 599 then
    error(("a route returned the status %s"):format(tostring(status)), 0)
  end
  local all = {}
  for name, value in pairs(fields or {}) do all[name] = value end
  local kind = plain
  if type(body) == "table" then
    body, kind = json.encode("http", body), as_json
  elseif body ~= nil then
    body = tostring(body)
  end
  if body and not has_field(all, "content-type") then all["Content-Type"] = kind end
  return status, field_lines(all), body or ""
end

-- ---- one request

---@class moonsip.HttpAnswer
local Answer = {}
Answer.__index = Answer

local function send(self, status, body, fields)
  if self.done then return end
  local lines, text
  status, lines, text = answer_of(status, body, fields)
  self.done = true
  self.context.driver:http_answer(self.id, status, lines, text)
  self.context:touch()
end

--- Its task has ended; an error is the log's, but for what the peer sent.
function Answer:task_done(_, err, trace)
  if err == nil or self.done then return end
  if getmetatable(err) == question.Bad then return send(self, 400, err.reason .. "\n") end
  if not errors.is_quiet(err) then
    self.context.log:error("error in a route for %s: %s", self.what, trace or tostring(err))
  end
  send(self, 500, "The server made a mistake.\n")
end

function Answer:task_waits() end -- luacheck: ignore self

local function run(self, fn, q) send(self, fn(q)) end

local clear <const> = {
  [400] = "That is no path.\n", [404] = "There is nothing at that path.\n",
  [405] = "That path has other methods.\n",
}

local function take(context, table_of_routes, id, of)
  local self = setmetatable({ context = context, id = id, done = false,
                              what = of.method .. " " .. of.target }, Answer)
  local q = question.new(of)
  if not q then return send(self, 400, clear[400]) end
  local fn, status, fields = table_of_routes:find(q)
  if not fn then return send(self, status, clear[status], fields) end
  context.tasks:start(self, run, self, fn, q)
end

--- A function for the driver that answers by routes.
---@param context moonsip.Context
---@param table_of_routes moonsip.Routes
function server.handler(context, table_of_routes)
  return function(id, method, target, headers, body, remote)
    context.tasks:enter(take, context, table_of_routes, id, { method = method,
      target = target, headers = headers, body = body, remote = remote })
  end
end

-- ---- ports

local function tls_of(context, given)
  if given == nil then return nil end
  local config = tls.read(given)
  if #config.identities == 0 then
    misuse.argument(verb, "tls.cert", "string expected, got nil")
  end
  return context.driver:load_tls(config)
end

--- Serves HTTP on a port by routes: { ["POST /call"] = function(q) return 202 end }.
---@param context moonsip.Context
---@param address string  ":8080", "127.0.0.1:8080", "[::1]:8080"
---@param given table<string, function|string>
---@param options table?
---@return moonsip.HttpServer?
---@return moonsip.Error? err  also in the log
function server.new(context, address, given, options)
  options = misuse.options(verb, options, known)
  local host, port = listen.place(verb, address,
    options.tls and default_secure_port or default_port)
  local table_of_routes = routes.new(verb, given)
  local spec = { ip = host, port = port,
    timeout_ms = options.timeout and duration.check(verb, "timeout", options.timeout) or nil,
    max_body = options.max_body
      and misuse.integer(verb, "max_body", options.max_body, 1, 1 << 30) or nil,
    max_connections = options.max_connections
      and misuse.integer(verb, "max_connections", options.max_connections, 1, 65535) or nil }
  local err, opened
  spec.tls, err = tls_of(context, options.tls)
  if not err then
    opened, err = context.driver:http_listen(spec, server.handler(context, table_of_routes))
  end
  if not opened then
    context.log:error("%s %s: %s", verb, address, tostring(err))
    return nil, err
  end
  context:touch()
  return setmetatable({ context = context, number = opened.number, ip = opened.ip,
                        port = opened.port, secure = options.tls ~= nil }, Server)
end

--- Its port, and the connections to it.
function Server:close()
  if not self.number then return end
  self.context.driver:http_close(self.number)
  self.number = nil
end

Server.__close = Server.close

--- "http://127.0.0.1:8080"
function Server:__tostring()
  local host = self.ip:find(":", 1, true) and "[" .. self.ip .. "]" or self.ip
  return ("%s://%s:%d"):format(self.secure and "https" or "http", host, self.port)
end

return server
