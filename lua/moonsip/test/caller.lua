-- SPDX-License-Identifier: MIT
-- The other ends of a test: real agents, each with a host and a context of its own,
-- that know the network they are on. Where a verb of an agent takes a target, theirs
-- take a script, another agent or an endpoint too.

local agent = require "moonsip.agent"
local context = require "moonsip.context"
local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local target = require "moonsip.target"
local trace = require "moonsip.trace"

---@class moonsip.test.Caller: moonsip.Agent
---@field net moonsip.test.Network
---@field host moonsip.test.Host
---@field aor string            "sip:alice@example.com"
---@field contact string        "sip:alice@10.0.1.1:5060"
---@field username string?
---@field password string?      for servers that ask who it is
local Caller = {}
for name, value in pairs(agent.Agent) do Caller[name] = value end

function Caller:__index(key)
  local value = Caller[key]
  if value ~= nil then return value end
  return agent.Agent.__index(self, key)
end

local caller = {}

local own_options <const> = { name = true, address = true, username = true,
                              password = true }

-- How long a registration is asked for (RFC 3261 10.2.1.1).
local default_expires <const> = "1h"

local sip_port <const> = 5060

local function listen_of(host)
  local list = {}
  for _, ip in ipairs(host.addresses) do
    list[#list + 1] = "udp:" .. trace.address(ip, sip_port)
    list[#list + 1] = "tcp:" .. trace.address(ip, sip_port)
  end
  return list
end

--- An agent on a host of the network.
---@param net moonsip.test.Network
---@param host moonsip.test.Host
---@param uri string      who it is
---@param options table   of net:agent
---@return moonsip.test.Caller
function caller.new(net, host, uri, options)
  local function log(line) table.insert(net.log_lines, host.name .. ": " .. line) end
  local own = context.new {
    driver = net:new_driver(host), tasks = net.root.tasks, log = { write = log },
  }
  net:adopt(own)
  local chosen = { from = uri, listen = listen_of(host) }
  for name, value in pairs(options) do
    if not own_options[name] then chosen[name] = value end
  end
  local self, err = agent.new(own, chosen)
  if not self then misuse.raise("net:agent: %s", tostring(err)) end
  self.net, self.host, self.aor = net, host, uri
  self.username = options.username or uri:match "^sips?:([^@;?:]+)@"
  self.password = options.password
  local first = self.listeners[1]
  local place = trace.address(first.ip, first.port)
  self.contact = ("sip:%s%s"):format(self.username and self.username .. "@" or "", place)
  return setmetatable(self, Caller)
end

--- The URI at which something of the network is reached directly; other targets as
--- they are.
local function resolve(given)
  if type(given) ~= "table" or not given.host then return given end
  if given.contact then return given.contact end
  if given.address then
    local transport = given.transport ~= "udp" and ";transport=" .. given.transport or ""
    return "sip:" .. given.address .. transport
  end
  return "sip:" .. trace.address(given.host.addresses[1], sip_port)
end

function Caller:call(given, options, callback)
  return agent.Agent.call(self, resolve(given), options, callback)
end

function Caller:start_call(given, options)
  return agent.Agent.start_call(self, resolve(given), options)
end

function Caller:request(method, given, options)
  return agent.Agent.request(self, method, resolve(given), options)
end

--- Registers its address of record (RFC 3261 10.2) at a server, through which all its
--- requests go from then on. Expires 0 takes the registration back.
---@param server any  a script of the network, or a URI
---@param options { expires: number|string|nil }?  a duration
---@param callback function?
---@return moonsip.Response?
---@return moonsip.Error? err
function Caller:register(server, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options("agent:register", options, { expires = true })
  local expires = options.expires or default_expires
  local ms = duration.check("agent:register", "expires", expires)
  self.routes = target.routes("agent:register", "server", resolve(server))
  local domain = self.aor:gsub("^(sips?:)[^@]*@", "%1")
  return self:request("REGISTER", domain, {
    to = self.aor,
    headers = { Contact = ("<%s>"):format(self.contact), Expires = tostring(ms // 1000) },
  }):wait(callback)
end

return caller
