-- SPDX-License-Identifier: MIT
-- The nodes of an agent: agents in other programs that have the same secret, each with a
-- name of its own in all its tags, branches and routes. The core hands over to a node what
-- only that node can do; here is who is there. Each is asked by OPTIONS from time to time,
-- and any answer at all says that it lives.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local guard = require "moonsip.guard"
local misuse = require "moonsip.misuse"
local probe = require "moonsip.probe"

---@class moonsip.Node
---@field name string
---@field uri string
---@field up boolean
---@field since number        sip.now() when that last changed
---@field why moonsip.Error?  what took it down
local Node = {}
Node.__index = Node
Node.__name = "moonsip.node"

---@class moonsip.Nodes
---@field own string                         what our URI has behind the "@"
---@field list table<string, moonsip.Node>   the others by name
local Nodes = {}
Nodes.__index = Nodes

local nodes = {}

local verb <const> = "sip.agent"

-- Two questions in a row without an answer take a node down, one answer brings it up.
local probe_ms <const>, timeout_ms <const>, down_after <const> = 2000, 1000, 2

local max_nodes <const> = 65 -- ourselves, and as many as the core knows of others

--- "10.0.0.2:5060;transport=tcp" out of a URI, or of the same without its scheme.
local function place_of(name, given)
  local text = misuse.text(verb, "nodes." .. name, given)
  local uri = core.uri(text:find "^sips?:" and text or "sip:" .. text)
  if not uri or uri.scheme ~= "sip" or uri.user then
    misuse.argument(verb, "nodes." .. name, ("%q is no sip URI of a host"):format(text))
  end
  return tostring(uri):match "^sip:(.*)$"
end

--- The option `nodes` of sip.agent, checked: places by name.
---@param given table<string, string>?
---@param node string?    our own name
---@param secret string?
---@return table<string, string>?
function nodes.read(given, node, secret)
  if given == nil then return nil end
  misuse.check(verb, "nodes", given, "table")
  if not (node and secret) then
    misuse.argument(verb, "nodes", "they need a secret that they share, and a node: who this is")
  end
  local places, count = {}, 0
  for name, value in pairs(given) do
    if type(name) ~= "string" or not name:find "^%w+$" or #name > 8 then
      misuse.argument(verb, "nodes", "a name is 1 to 8 letters and digits")
    end
    places[name], count = place_of(name, value), count + 1
  end
  if not places[node] then misuse.argument(verb, "nodes", ("%q is not among them"):format(node)) end
  if count > max_nodes then misuse.argument(verb, "nodes", "more than " .. max_nodes) end
  return places
end

--- What it is now, for the core and for those who listen.
local function tell(self)
  local agent = self.agent
  self.since = agent.context:now() / 1000
  agent.engine:set_node(self.name, self.place, self.up)
  agent:emit("node", self)
end

---@param agent moonsip.Agent
---@param places table<string, string>  of nodes.read
---@param own string                    our name
---@return moonsip.Nodes
function nodes.new(agent, places, own)
  local context = agent.context
  local self = setmetatable({ agent = agent, own = places[own], name = own, list = {} }, Nodes)
  local names = {}
  for name in pairs(places) do names[#names + 1] = name end
  table.sort(names) -- a simulation asks them in the same order every time
  for _, name in ipairs(names) do
    local place = places[name]
    if name ~= own then
      local one = setmetatable({
        name = name, place = place, uri = "sip:" .. place, up = true, since = context:now() / 1000,
        context = context, agent = agent, missed_in_row = 0, seen = {},
        probe_ms = probe_ms, probe_timeout_ms = timeout_ms, hold_until = 0,
      }, Node)
      self.list[name] = one
      agent.engine:set_node(name, place, true)
      one:seen_at(core.uri(one.uri).host:gsub("[%[%]]", ""))
      one.probe = probe.new(one, agent)
    end
  end
  return self
end

--- Asks no more.
function Nodes:stop()
  for _, one in pairs(self.list) do one.probe:stop() end
end

--- A Route by which the others reach who is at the end of a flow of ours.
---@param flow userdata
---@return string
function Nodes:route(flow)
  return ("<sip:%s@%s;lr>"):format(self.agent.engine:flow_token(flow), self.own)
end

-- ---- what a probe asks of whom it asks, as a gateway has it (gateway.lua)

local no_place <const> = { release = function() end }

---@package
function Node:target() return { uri = self.uri, gateway = self } end
---@package
function Node:claim() return no_place end -- luacheck: ignore self
---@package
function Node:is_doubtful() return self.up == (self.missed_in_row > 0) end

--- Other nodes are no strangers to the guard.
---@package
function Node:seen_at(ip)
  if self.seen[ip] or not core.addresses { ip } then return end
  self.seen[ip] = true
  guard.add_peers(self.context, { ip })
end

---@package
function Node:heard()
  self.missed_in_row = 0
  if self.up then return end
  self.up, self.why = true, nil
  tell(self)
end

---@package
function Node:missed(err)
  self.missed_in_row = self.missed_in_row + 1
  if not self.up or self.missed_in_row < down_after then return end
  self.up = false
  self.why = errors.new("transport", ("node %s does not answer"):format(self.name), { cause = err })
  tell(self)
end

function Node:__tostring()
  return ("node %s (%s, %s)"):format(self.name, self.uri, self.up and "up" or "down")
end

return nodes
