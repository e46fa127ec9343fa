-- SPDX-License-Identifier: MIT
-- The test network: hosts that run scripts, agents and hand-made peers over one wire
-- and one virtual clock. The C engines are the real ones; there is no socket, no
-- thread, no wall clock and no sleeping, and the same seed gives the same run.

local address = require "moonsip.test.address"
local audio = require "moonsip.test.audio"
local caller = require "moonsip.test.caller"
local channel = require "moonsip.test.channel"
local context = require "moonsip.context"
local core = require "moonsip.core"
local dns = require "moonsip.dns"
local driver = require "moonsip.test.driver"
local duration = require "moonsip.duration"
local endpoint = require "moonsip.test.endpoint"
local enum = require "moonsip.enum"
local errors = require "moonsip.errors"
local lifecycle = require "moonsip.lifecycle"
local link = require "moonsip.test.link"
local misuse = require "moonsip.misuse"
local names = require "moonsip.test.names"
local prompts = require "moonsip.test.prompts"
local random = require "moonsip.test.random"
local routes = require "moonsip.web.routes"
local script = require "moonsip.test.script"
local server = require "moonsip.web.server"
local sites = require "moonsip.test.sites"
local story = require "moonsip.test.story"
local timer = require "moonsip.timer"
local trace = require "moonsip.trace"
local web = require "moonsip.web"
local wire = require "moonsip.test.wire"

---@class moonsip.test.Network
---@field wire moonsip.test.Wire
---@field names moonsip.test.Names
---@field http moonsip.Http      asks the web of the network, as a script's moonsip.http does
---@field root moonsip.Context   keeps the tasks and the timers of the network itself
---@field log_lines string[]     of agents; a script keeps its own
local Network = {}
Network.__index = Network
Network.__name = "moonsip.test.network"

local network = {}

-- What tells the chance of names from that of the wire.
local names_stream <const> = 0x444e53

-- Messages kept for counting and drawing, some 1 KB each.
local default_keep <const> = 20000

-- Virtual time after which `settle` gives up on a quiet that does not come.
local default_settle_ms <const> = 3600000

-- No session is refreshed sooner: half of the shortest interval is 45 s (RFC 4028 4), and the
-- wheel wakes a little earlier.
local least_refresh_ms <const> = 30000

-- Things done at one instant before it is clear that they go round in circles.
local max_at_one_instant <const> = 1000000

local net_options <const> = { seed = true, keep = true }
for name in pairs(link.options) do net_options[name] = true end

---@param options table?  of moonsip.test.net
---@return moonsip.test.Network
function network.new(options)
  options = misuse.options("test.net", options, net_options)
  local seed = misuse.integer("test.net", "seed", options.seed or 1, math.mininteger,
    math.maxinteger)
  local self = setmetatable({
    wire = wire.new {
      seed = seed, link = link.new("test.net", options),
      keep = misuse.integer("test.net", "keep", options.keep or default_keep, 1, 1 << 31),
    },
    seed = seed, names = names.new(random.new(seed ~ names_stream)),
    clock = core.clock(0),
    seeds = random.new(~seed), -- of engines: another stream of chance than the wire's
    drivers = {},
    contexts = {},
    marked = {}, first_marked = 1, last_marked = 0,
    labels = {}, -- [address of an endpoint] = name
    agents_made = 0, instant = 0, done_at_instant = 0,
    log_lines = {},
    prompt_folders = {},
    clips = {}, -- [path] = what was loaded to be played
    web = sites.new(),
  }, Network)
  self.wire.tick = function(now) self.clock:set(now) end
  self.root = context.new {
    driver = self:new_driver { name = "net", addresses = {}, is_down = false },
    log = { write = function(line) table.insert(self.log_lines, line) end },
  }
  self:adopt(self.root)
  self.http = web.of(self.root)
  return self
end

-- ---- hosts

--- A driver for a host; its contexts are told to `adopt`.
function Network:new_driver(host)
  local one = driver.new(self, host)
  table.insert(self.drivers, one)
  return one
end

--- A context that lives on this network: whatever acts on it, also from a handler on
--- another host, has its driver looked at.
function Network:adopt(one)
  table.insert(self.contexts, one)
  one.on_clip = function(path, clip) self.clips[path] = clip end
  function one.touch() one.driver:changed() end
end

--- A core.media for a host: all of them share one audio.
function Network:open_media(fn)
  self.audio = self.audio or audio.new(self.wire, self.seed)
  return self.audio:open(fn)
end

local function links_changed(self)
  if self.audio then self.audio:set_links() end
end

--- Takes a context out of the network, without another byte from it.
function Network:forget(one)
  one.driver:close()
  self.root.tasks:abandon(one)
  for at, other in ipairs(self.contexts) do
    if other == one then table.remove(self.contexts, at) break end
  end
  for at, other in ipairs(self.drivers) do
    if other == one.driver then table.remove(self.drivers, at) break end
  end
end

--- The seed of the next engine.
function Network:engine_seed()
  return self.seeds:bits()
end

local function add_host(self, verb, name, addresses)
  local host = { name = name, addresses = addresses, is_down = false }
  if not self.wire:add_host(host) then
    misuse.argument(verb, "address",
      "another host has it: " .. table.concat(addresses, ", "))
  end
  return host
end

local function check_addresses(verb, value)
  local found = {}
  for at, text in ipairs(type(value) == "table" and value or { value }) do
    local parts = address.check(verb, text)
    if not parts.is_bare then
      misuse.argument(verb, "address", "IP address without port expected")
    end
    found[at] = parts.ip
  end
  if #found == 0 then misuse.argument(verb, "address", "IP address expected") end
  return found
end

--- Loads a script, unchanged, onto a host of its own, and turns the network until the
--- script waits in sip.run() or has ended. Its `listen` options are mapped to the host.
---@param path string
---@param ip string|string[]  of the host: at most one of each family is usual
---@param args table?  the script's arguments; `name` is its column in ladders
---@return moonsip.test.Script
function Network:load(path, ip, args)
  misuse.check("net:load", "path", path, "string")
  args = misuse.optional("net:load", "args", args, "table") or {}
  local addresses = check_addresses("net:load", ip)
  local host = add_host(self, "net:load", args.name or addresses[1], addresses)
  local one, why = script.new(self, host, path, args)
  if not one then misuse.raise("net:load: %s", why) end
  self:await_loaded(one)
  return one
end

--- Turns the network until a script has got through its main chunk.
function Network:await_loaded(one)
  if self.root.tasks.depth > 0 then return end -- in a handler it goes on by itself
  while one.state == "loading" and self:turn() do end
  if one.state == "failed" then misuse.raise("net:load: %s", one.err or "cancelled") end
end

--- An agent at the other end, on a host of its own: a real agent, as sip.agent makes
--- it, with some more words (caller.lua).
---@param uri string
---@param options table?  password, name, address ("10.0.1.1" and up), and those of sip.agent
---@return moonsip.Agent
function Network:agent(uri, options)
  misuse.text("net:agent", "uri", uri)
  options = misuse.optional("net:agent", "options", options, "table") or {}
  local addresses = check_addresses("net:agent", options.address or self:free_address())
  local name = options.name or uri:match "^sips?:([^@;?]+)@" or uri
  return caller.new(self, add_host(self, "net:agent", name, addresses), uri, options)
end

--- An address that no host has.
function Network:free_address()
  repeat
    self.agents_made = self.agents_made + 1
    local made = self.agents_made
    local ip = ("10.0.%d.%d"):format(1 + made // 254, 1 + (made - 1) % 254)
    if not self.wire.hosts[ip] then return ip end
  until false
end

--- A peer made by hand.
---@param at string  "10.0.0.9:5060", "tcp:[fd00::9]:5060"
---@param name string?  its column in ladders
---@return moonsip.test.Endpoint
function Network:endpoint(at, name)
  local parts = address.check("net:endpoint", at)
  local host = self.wire.hosts[parts.ip]
    or add_host(self, "net:endpoint", parts.ip, { parts.ip })
  local one = endpoint.new(self, host, parts)
  self.labels[one.address] = name or one.address
  return one
end

--- A server of bytes over TCP, for scripts that connect to one: `fn(peer)` for each
--- connection (channel.lua).
---@param at string  "10.0.0.9:9092"
---@param fn fun(peer: moonsip.test.Peer)?
---@return { peers: moonsip.test.Peer[], port: integer }
function Network:server(at, fn)
  local parts = address.check("net:server", at)
  local _ = self.wire.hosts[parts.ip] or add_host(self, "net:server", parts.ip, { parts.ip })
  local one, err = channel.listen(self.wire, parts.ip, parts.port or 0, fn)
  if not one then misuse.raise("net:server: %s", err.reason) end
  return one
end

--- The host that somebody is on.
---@package
function Network:host_for(verb, who)
  local host = who
  if type(who) == "string" then
    host = self.wire.hosts[address.check(verb, who).ip]
  elseif type(who) == "table" then
    host = who.host
  end
  if not host or not host.addresses then
    misuse.argument(verb, "host",
      "script, agent, endpoint or address of this network expected")
  end
  return host
end

-- Calls fn(from, to) for both directions; without b, for every other host.
local function each_hop(self, verb, a, b, fn)
  local from = self:host_for(verb, a)
  if b ~= nil then
    local to = self:host_for(verb, b)
    fn(from, to)
    fn(to, from)
    return
  end
  for _, other in pairs(self.wire.hosts) do
    if other ~= from then
      fn(from, other)
      fn(other, from)
    end
  end
end

--- Cuts the network between two hosts; without b, around one.
function Network:cut(a, b)
  each_hop(self, "net:cut", a, b, function(from, to)
    self.wire:hop(from, to).is_cut = true
  end)
  links_changed(self)
end

--- Makes it whole again: between two hosts, around one, or everywhere.
function Network:heal(a, b)
  if a == nil then
    self.wire:heal()
  else
    each_hop(self, "net:heal", a, b, function(from, to)
      self.wire:hop(from, to).is_cut = false
    end)
  end
  self.wire:resume_streams()
  links_changed(self)
end

--- Settings of the hop between two hosts (see link.lua), in both directions; with
--- `options.one_way` only from a to b. Those not given stay those of the network.
function Network:link(a, b, options)
  local verb <const> = "net:link"
  local from, to = self:host_for(verb, a), self:host_for(verb, b)
  misuse.check(verb, "options", options, "table")
  for name in pairs(options) do
    if not link.options[name] and name ~= "one_way" then
      misuse.argument(verb, tostring(name), "no such option")
    end
  end
  local there, back = self.wire:hop(from, to), self.wire:hop(to, from)
  there.link = link.new(verb, options, there.link)
  if not options.one_way then back.link = link.new(verb, options, back.link) end
  links_changed(self)
end

--- Loses datagrams of a script's choice: `fn(bytes, from, to)` of each that is sent; true
--- loses it. nil: none any more.
---@param fn (fun(bytes: string, from: string, to: string): any)?
function Network:drop(fn)
  self.wire.loses = misuse.optional("net:drop", "fn", fn, "function") or false
end

--- What a name stands for: an address, or a list of addresses and of
--- { ip =, port =, transport = } in order of preference; nil: no such name; false: its
--- name servers do not answer.
function Network:dns(name, targets)
  self.names:set("net:dns", name, targets)
end

--- What sip.resolve and sip.enum find on this network.
function Network:resolve(uri, options, fn)
  return dns.resolve(self.root, uri, options, fn)
end

function Network:enum(number, options, fn)
  return enum.look_up(self.root, number, options, fn)
end

--- What the world outside of the network answers for URLs that begin so: a route for each
--- request, as http.serve has them.
---@param url string  "https://sms.example"
---@param given table<string, function|string>
function Network:site(url, given)
  misuse.text("net:site", "url", url)
  self.web:add(url:match "^(https?://[^/?#]+)/?$" or misuse.argument("net:site", "url",
    '"https://host" expected'), server.handler(self.root, routes.new("net:site", given)))
end

--- Adds records as a zone file has them (zone.lua); nil forgets all of them.
---@param text string?
function Network:zone(text)
  self.names:set_zone("net:zone", text)
end

-- ---- time

--- Puts a driver on the list of those to look at before the clock moves on.
function Network:mark(one)
  if one.is_marked then return end
  one.is_marked = true
  self.last_marked = self.last_marked + 1
  self.marked[self.last_marked] = one
end

-- Takes the next driver to look at: one whose engine somebody acted on, or one that
-- said that something changed.
local function next_driver(self)
  local one = self.clock:next_acted()
  if one or self.first_marked > self.last_marked then return one end
  one = self.marked[self.first_marked]
  self.marked[self.first_marked] = nil
  self.first_marked = self.first_marked + 1
  if self.first_marked > self.last_marked then
    self.first_marked, self.last_marked = 1, 0
  end
  one.is_marked = false
  return one
end

--- The instant of what comes next; nil when nothing does. What waits for the present
--- one is done first.
---@return integer? ms
function Network:next_at()
  local one = next_driver(self)
  if one then
    self:mark(one)
    return self.wire.now
  end
  local at, due = self.wire.queue:next_at(), self.audio and self.audio:deadline()
  return at and due and math.min(at, due) or at or due
end

local function check_progress(self)
  if self.wire.now ~= self.instant then
    self.instant, self.done_at_instant = self.wire.now, 0
  end
  self.done_at_instant = self.done_at_instant + 1
  if self.done_at_instant > max_at_one_instant then
    error("the network goes round in circles at " .. trace.time(self.wire.now) .. " s", 0)
  end
end

--- Does the next thing there is to do, moving the clock to it.
---@param within_ms integer?  nothing later than this
---@return boolean  false when there is nothing
function Network:turn(within_ms)
  check_progress(self)
  local one = next_driver(self)
  if one then
    one:turn()
    return true
  end
  local limit = within_ms and self.wire.now + within_ms
  if not self.audio then return self.wire:next(limit) ~= nil end
  return self.audio:turn(limit)
end

local function check_main(self, verb)
  if self.root.tasks.depth > 0 then
    misuse.raise("%s cannot turn the network inside a handler; wait there with net:sleep",
      verb)
  end
end

-- Does everything up to an instant.
local function run_until(self, at)
  while self:turn(at - self.wire.now) do end
end

--- Moves the clock on by a span: everything due up to then has happened.
---@param span number|string  seconds, or "40s"
function Network:advance(span)
  check_main(self, "net:advance")
  local at = self.wire.now + duration.check("net:advance", "span", span)
  repeat run_until(self, at) until not self.audio or not self.audio:run(at)
  self.wire:set_now(at)
end

-- Nothing but refreshes of sessions (RFC 4028), which go on for as long as there are calls.
local function is_at_rest(self)
  for _, one in ipairs(self.contexts) do
    if one.wheel:deadline() then return false end
    for _, agent in ipairs(one.agent_list) do
      local counts = agent:counts()
      if counts.timers > counts.session_timers then return false end
    end
  end
  return true
end

--- Runs until nothing can happen any more, but for calls that are refreshed (RFC 4028).
---@param limit number|string|nil  virtual time after which it gives up, "1h"
---@return boolean? quiet
---@return moonsip.Error? err
function Network:settle(limit)
  check_main(self, "net:settle")
  local ms = limit and duration.check("net:settle", "limit", limit) or default_settle_ms
  local at = self.wire.now + ms
  repeat
    local next_at = self:next_at()
    if not next_at or next_at - self.wire.now >= least_refresh_ms and is_at_rest(self) then
      return true
    end
  until not self:turn(at - self.wire.now)
  return nil, errors.new("timeout", ("not quiet after %d s"):format(ms // 1000))
end

--- Waits for a span of virtual time, in a handler and in the main chunk.
function Network:sleep(span, fn)
  return timer.sleep(self.root, span, fn)
end

--- Virtual seconds since the network was made.
---@return number
function Network:now()
  return self.wire.now / 1000
end

--- Ends everything: agents and scripts are closed, nothing more is sent.
function Network:close()
  for at = #self.contexts, 1, -1 do lifecycle.close(self.contexts[at]) end
  self.contexts, self.drivers = {}, {}
  if self.audio then self.audio:close() end
  self.audio = nil
end

Network.__close = Network.close

story.mixin(Network)
prompts.mixin(Network)

return network
