-- SPDX-License-Identifier: MIT
-- The other ends of a test: real agents, each with a host and a context of its own,
-- that know the network they are on. Where a verb of an agent takes a target, theirs
-- take a script, another agent or an endpoint too.

local agent = require "moonsip.agent"
local context = require "moonsip.context"
local duration = require "moonsip.duration"
local ear = require "moonsip.test.ear"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local prompt = require "moonsip.prompt"
local target = require "moonsip.target"
local trace = require "moonsip.trace"
local verb = require "moonsip.verbs.verb"
local wait = require "moonsip.wait"

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

-- What a URI says of a transport that is not the first choice (RFC 3261 19.1.1, RFC 7118 5.2).
local function way_of(transport)
  return transport == "udp" and "" or ";transport=" .. transport
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
    driver = net:new_driver(host), tasks = net.root.tasks, log = { write = log, level = "warn" },
  }
  net:adopt(own)
  own.prompts = net.prompt_folders
  local chosen = { from = uri, listen = listen_of(host) }
  for name, value in pairs(options) do
    if not own_options[name] then chosen[name] = value end
  end
  local username = options.username or uri:match "^sips?:([^@;?:]+)@"
  if options.password and username then
    chosen.credentials = chosen.credentials
      or { username = username, password = options.password }
  end
  local self, err = agent.new(own, chosen)
  if not self then misuse.raise("net:agent: %s", tostring(err)) end
  self.net, self.host, self.aor, self.on_audio = net, host, uri, ear.of
  self.username = username
  self.password = options.password
  local first = self.listeners[1]
  local place = trace.address(first.ip, first.port)
  self.contact = ("sip:%s%s%s"):format(self.username and self.username .. "@" or "", place,
    way_of(first.transport))
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

function Caller:watch(given, package, options, fn)
  return agent.Agent.watch(self, resolve(given), package, options, fn)
end

-- ---- who hears and speaks

--- Its call: the one that began last and goes on.
local function current(self)
  local calls = self.calls
  local call = calls[#calls] or self.last_call
  if not call then return nil, errors.new("invalid", "there is no call") end
  self.last_call = call
  return call
end

--- Presses keys.
---@param digits string
---@param options table?  of call:dtmf
---@return true?
---@return moonsip.Error? err
function Caller:press(digits, options)
  local call, err = current(self)
  if not call then return nil, err end
  return call:dtmf(digits, options)
end

--- Says something: a file, or whatever call:play plays. Returns when it is said.
---@param what any
---@return true?
---@return moonsip.Error? err
function Caller:says(what)
  local call, err = current(self)
  if not call then return nil, err end
  return call:play(what)
end

--- Hangs up.
---@return boolean done
function Caller:hangup()
  local call = current(self)
  return call ~= nil and call:hangup()
end

--- Samples of every prompt that was played on the network, for who heard another.
local function known_prompts(self)
  local found = {}
  for path, clip in pairs(self.net.clips) do
    found[self.net:prompt_name(path)] = clip:samples(8000)
  end
  return found
end

--- The samples of a file, or of a spoken text, as who plays it would have them.
local function fetch(self, call, items)
  return wait.await(self.context, "caller:hears", nil, nil, function(one)
    prompt.fetch(call.sound, items, function(program, err)
      if not program then return one:resolve(nil, err) end
      if not program[1].clip then
        return one:resolve(nil, errors.new("invalid",
          "only files and spoken texts are told apart"))
      end
      one:resolve(program[1].clip:samples(8000))
    end)
  end)
end

local hears_options <const> = { within = true, likeness = true }
local default_within <const>, default_likeness <const> = "10s", 0.8

--- Waits until a prompt is heard: a file, or `{ say = text }`. What was heard before it is
--- skipped, and the next one is looked for behind it.
---@param what any
---@param options { within: number|string|nil, likeness: number? }?  10 s from its length on; how much of it must be heard, 0.8
---@return number? at   seconds of the call's audio that it began at
---@return moonsip.Error? err  of kind timeout or hangup: says what was heard instead
function Caller:hears(what, options)
  local name <const> = "caller:hears"
  options = misuse.options(name, options, hears_options)
  local within = duration.check(name, "within", options.within or default_within)
  local items = prompt.items(name, what)
  if #items ~= 1 then misuse.argument(name, "what", "one prompt expected") end
  local call, err = current(self)
  if not call then return nil, err end
  local listener
  listener, err = ear.of(call)
  if not listener then return nil, err end
  local said
  said, err = fetch(self, call, items)
  if not said then return nil, err end
  return listener:hears(said, verb.text(items), {
    within_ms = within + #said // 16, likeness = options.likeness or default_likeness,
    others = function() return known_prompts(self) end,
  })
end

--- Registers its address of record (RFC 3261 10.2) at a server, through which all its
--- requests go from then on. Expires 0 takes the registration back. The options of a line,
--- instead of a server, are those of agent:register.
---@param server any  a script of the network, or a URI
---@param options { expires: number|string|nil }?  a duration
---@param callback function?
---@return moonsip.Response?
---@return moonsip.Error? err
function Caller:register(server, options, callback)
  if type(server) == "table" and server.uri and not server.host then
    return agent.Agent.register(self, server)
  end
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
