-- SPDX-License-Identifier: MIT
-- An agent: listeners, handlers, and what is under way on them (api.md rule 1).

local blame = require "moonsip.blame"
local call = require "moonsip.call"
local core = require "moonsip.core"
local defaults = require "moonsip.defaults"
local dispatch = require "moonsip.dispatch"
local dns = require "moonsip.dns"
local exchange = require "moonsip.exchange"
local gruu = require "moonsip.gruu"
local guard = require "moonsip.guard"
local handlers = require "moonsip.handlers"
local lifecycle = require "moonsip.lifecycle"
local lines = require "moonsip.lines"
local listen = require "moonsip.listen"
local misuse = require "moonsip.misuse"
local nodes = require "moonsip.nodes"
local options_method = require "moonsip.options"
local pager = require "moonsip.pager"
local notifier = require "moonsip.notifier"
local plan = require "moonsip.plan"
local record = require "moonsip.b2bua.record"
local recv_info = require "moonsip.recv_info"
local refer = require "moonsip.refer"
local server = require "moonsip.web.server"
local settings = require "moonsip.settings"
local tap = require "moonsip.tap"
local target = require "moonsip.target"
local tls = require "moonsip.tls"
local underway = require "moonsip.underway"
local watching = require "moonsip.watch"

---@class moonsip.Agent
---@field context moonsip.Context
---@field listeners moonsip.Listener[]  as they were opened
---@field calls moonsip.Call[]          that did not end, oldest first
---@field handlers moonsip.Handlers     of this script generation
---@field allow string                  methods it speaks, as Allow says
---@field accept string
---@field supported string
---@field closed boolean
---@field generation integer            of its handlers: counts reloads
---@field guard moonsip.Guard|false
---@field nodes table<string, moonsip.Node>  the others, by name
---@field others moonsip.Nodes|false
---@field lines moonsip.Line[]          that it registers, in the order in which they began
local Agent = {}
Agent.__name = "moonsip.agent"

local agent = {}

local getters <const> = {}

function getters:calls()
  local list = {}
  for one in pairs(self.call_set) do list[#list + 1] = one end
  table.sort(list, function(a, b) return a.serial < b.serial end)
  return setmetatable(list, self.calls_meta)
end

function getters:nodes() return self.others and self.others.list or {} end

Agent.__index = core.lookup(Agent, getters)

Agent.getters = getters

-- Methods that come with calls, whoever starts them.
local call_methods <const> = { "ACK", "BYE", "CANCEL", "INVITE", "PRACK", "UPDATE" }

-- Those whose answers say which Info Packages we receive (RFC 6086 5.2.3).
local says_info <const> = { PRACK = true, UPDATE = true }

--- Digits come by INFO too.
local function hears_info(self) return self.media and self.media.hears.info end

--- Tells the core which methods become events, and what Allow says.
local function update_methods(self)
  local engine, of = self.engine, self.handlers
  self.speaks_info = self.speaks_info or recv_info.is_spoken(self)
  local names = { OPTIONS = true }
  for method in pairs(defaults.known) do
    local handled = of:has(method)
    engine:handles(method, handled or self.shown[method] or false
      or method == "ACK" and self.acks_wanted > 0
      or self.speaks_info and says_info[method] or false
      or method == "INFO" and hears_info(self))
    if handled then names[method] = true end
  end
  if names.INVITE or self.places_calls then
    for _, method in ipairs(call_methods) do names[method] = true end
    if self.reliable == "off" then names.PRACK = of:has "PRACK" or nil end
    if hears_info(self) or self.shown.INFO then names.INFO = true end
    for method in pairs(self.spoken or {}) do names[method] = true end
  end
  local has_extension = false
  for key in pairs(of.lists) do
    if type(key) == "string" and key:find "%u" and not defaults.known[key] then
      names[key], has_extension = true, true
    end
  end
  engine:handles("extension", has_extension)
  engine:want_report(of:has "guard")
  engine:handles("*", of:has "request")
  local routed = of:methods_of("routed", defaults.any)
  for method in pairs(defaults.any) do engine:handles_routed(method, routed[method] or false) end
  for method in pairs(routed) do engine:handles_routed(method, true) end
  if self.byes_wanted > 0 then engine:handles_routed("BYE", true) end
  engine:handles_routed("stray", of:has "stray")
  if self.fixed_allow then return end
  local list = {}
  for name in pairs(names) do list[#list + 1] = name end
  table.sort(list)
  self.allow = table.concat(list, ", ")
  engine:identity { allow = self.allow }
end

local function handlers_changed(self, _, sort)
  if sort == "method" or sort == "event" or sort == "removed" then
    update_methods(self)
  end
end

handlers.mixin(Agent, "agent", handlers_changed)
underway.mixin(Agent)
blame.mixin(Agent)
tls.mixin(Agent)
refer.mixin(Agent, "agent")
lines.mixin(Agent)
pager.mixin(Agent, true)
options_method.mixin(Agent, true)

--- A new agent. `nil, err` when it cannot listen (the error names the address).
---@param context moonsip.Context
---@param options table  see settings.lua
---@return moonsip.Agent?
---@return moonsip.Error? err
function agent.new(context, options)
  local chosen = settings.read(context, options)
  local certified = context.driver:has_certificate(chosen.tls)
  local wanted, err = listen.list("sip.agent", chosen.listen, certified)
  if not wanted then return nil, err end
  listen.advertise("sip.agent", wanted, options.advertise)
  local engine
  engine, err = core.engine(chosen.engine)
  if not engine then return nil, err end
  local watch = false
  if chosen.guard then
    watch, err = guard.new(engine, chosen.guard)
    if not watch then return nil, err end
  end
  local self = setmetatable({
    context = context, engine = engine, listeners = false, handlers = handlers.new(),
    guard = watch, others = false,
    requests = {}, exchanges = {}, dialogs = {}, subscriptions = {}, call_set = {},
    serial = 0, forked = {}, reliable = chosen.reliable,
    allow = "", accept = chosen.accept, supported = chosen.supported,
    fixed_allow = chosen.allow ~= nil, places_calls = false, shown = {},
    acks_wanted = 0, byes_wanted = 0, proxied_calls = {}, closed = false, generation = 1,
    domains = chosen.domains, peers = chosen.peers, routes = chosen.routes,
    media = chosen.media, from = chosen.from, credentials = chosen.credentials,
    credential_sets = chosen.credential_sets, deferred_ms = chosen.deferred_ms,
    call_watchers = {}, notifiers = {}, recv_info = chosen.recv_info, speaks_info = false,
    pager = {},
    lines = {}, lines_by_user = {}, max_lines = chosen.max_lines, registrars = lines.gate(),
    own_line = false, keepers = {},
  }, Agent)
  -- A list of its calls says whose it is: a source of the dialog package.
  self.calls_meta = { __name = "moonsip.calls", agent = self }
  self.engine:keep_history(chosen.history)
  if chosen.domains then engine:domains(chosen.domains) end
  engine:identity { allow = chosen.allow, accept = chosen.accept,
                    supported = chosen.supported, required = chosen.required,
                    user_agent = chosen.user_agent }
  engine:session_timer(chosen.session_timer)
  if chosen.allow then self.allow = chosen.allow end
  local tasks = context.tasks
  context.driver:attach(engine, function() tasks:enter(dispatch.drain, self) end)
  local done
  done, err = tls.attach(self, chosen.tls)
  if done then
    local door = chosen.websocket
    self.listeners, err = listen.open(context.driver, engine, wanted,
      { tls = self.tls, paths = door.paths, origins = door.origins,
        http = door.routes and server.handler(context, door.routes) })
  end
  if self.listeners and chosen.tls and not certified then
    done, err = listen.open(context.driver, engine, listen.outgoing(wanted), { tls = self.tls })
    self.listeners = done and self.listeners
  end
  if not self.listeners then
    tls.detach(self)
    context.driver:detach(engine)
    return nil, err
  end
  dns.attach(self, chosen.resolve)
  update_methods(self)
  context:add_agent(self)
  guard.add_gateways(self)
  gruu.attach(self)
  if chosen.nodes then self.others = nodes.new(self, chosen.nodes, chosen.node) end
  lines.open(self, chosen.register)
  return self
end

--- So many more BYEs of ours wait for the ACK before them (15).
---@param change integer
---@package
function Agent:want_acks(change)
  self.acks_wanted = self.acks_wanted + change
  self.engine:handles("ACK", self.acks_wanted > 0 or self.handlers:has "ACK")
end

--- So many more calls are proxied whose BYE is waited for.
---@param change integer
---@package
function Agent:want_routed_byes(change)
  local wanted = self.byes_wanted > 0
  self.byes_wanted = self.byes_wanted + change
  if not self.closed and wanted ~= (self.byes_wanted > 0) then update_methods(self) end
end

--- A call has a handler for a method that the core answers itself otherwise.
---@param method string
---@param speaks_info boolean?  it may be about an Info Package
---@package
function Agent:show(method, speaks_info)
  self.speaks_info = self.speaks_info or speaks_info or false
  if self.shown[method] then return end
  self.shown[method] = true
  update_methods(self)
end

--- Its bridges take a method inside calls: Allow says so.
---@package
function Agent:speak(method)
  self.spoken = self.spoken or {}
  if self.spoken[method] then return end
  self.spoken[method] = true
  update_methods(self)
end

--- Raises unless it is a method that a script may send.
---@package
function Agent:check_method(verb, method) -- luacheck: ignore self
  misuse.check(verb, "method", method, "string")
  local _, sort = handlers.key(verb, method)
  if sort ~= "method" then
    misuse.argument(verb, "method", "a METHOD in upper case expected")
  end
  if method == "ACK" or method == "CANCEL" then
    misuse.argument(verb, "method",
      method .. " belongs to an INVITE and is sent by the core")
  end
end

--- Sends a request; the exchange is returned at once.
---@param method string  any but ACK and CANCEL
---@param given any      URI, address, gateway, or a list of them tried in order
---@param options table? see plan.lua
---@return moonsip.Exchange
function Agent:request(method, given, options)
  self:check_method("agent:request", method)
  if method == "MESSAGE" then pager.check("agent:request", options) end
  local targets = target.list("agent:request", given, self.credential_sets)
  local made = plan.new(self, "agent:request", options, method)
  if method ~= "INVITE" then
    if made.user then target.set_user(targets, made.user) end
    return exchange.start(self, "agent:request", method, targets, made)
  end
  made.is_raw = true
  return self:invite("agent:request", targets, made).invite
end

--- A call whose INVITE is on its way.
---@package
function Agent:invite(verb, targets, made)
  if not self.places_calls then
    self.places_calls = true
    update_methods(self)
  end
  if made.user then target.set_user(targets, made.user) end
  local one = call.outgoing(self, made.from, made.to or targets[1].uri)
  one.call_id = self.engine:token()
  made.call_id = one.call_id
  self:add_call(one)
  local session = one:negotiation()
  session.codecs = made.codecs or false
  one.early_policy = made.early_policy
  one.invite = exchange.start(self, verb, "INVITE", targets, made,
    { call = one, session = session, on_done = call.invite_done })
  return one
end

--- Places a call and returns at once; `call:wait()` waits for the answer.
---@param given any      URI, address, gateway, or a list of them tried in order
---@param options table? see plan.lua
---@return moonsip.Call
function Agent:start_call(given, options)
  local targets = target.list("agent:start_call", given, self.credential_sets)
  local made = plan.call(self, "agent:start_call", options)
  return self:invite("agent:start_call", targets, made)
end

--- Places a call and waits until it is answered.
---@param given any
---@param options table?
---@param callback fun(call: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Agent:call(given, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local targets = target.list("agent:call", given, self.credential_sets)
  local made = plan.call(self, "agent:call", options)
  return self:invite("agent:call", targets, made):wait(callback)
end

--- Tells others of the state of resources, in an event package (notifier.lua).
---@param package string|moonsip.EventPackage
---@param options table?
---@return moonsip.Notifier
function Agent:event(package, options)
  return notifier.new(self, package, options)
end

--- The value of Allow-Events (RFC 6665 4.4.4); nil for none.
---@return string?
---@package
function Agent:allow_events()
  local list = {}
  for name in pairs(self.notifiers) do list[#list + 1] = name end
  table.sort(list)
  return #list > 0 and table.concat(list, ", ") or nil
end

--- Watches a resource: `for info, doc in agent:watch(uri, package) do`. Leaving the loop
--- un-subscribes. With a function at the end that is called for each NOTIFY, it returns at
--- once; `:close()` un-subscribes.
---@param given any       as for request
---@param package string|moonsip.EventPackage
---@param options table?  those of request; expires, accept, id
---@param fn fun(info: moonsip.WatchInfo, doc: string?)?
function Agent:watch(given, package, options, fn)
  return watching.open(self, given, package, options, fn)
end

--- Runs the handlers of an event, each in a task of its own.
---@param name string
function Agent:emit(name, ...)
  local _, sort = handlers.key("agent:emit", name)
  if sort ~= "event" then
    misuse.argument("agent:emit", "name", "an event in lower case expected")
  end
  if name == "cdr" then record.told((...)) end
  for _, fn in ipairs(self.handlers:of_event(name)) do
    self.context.tasks:spawn(self, fn, ...)
  end
end

--- Replaces all handlers at once: `fn(agent)` registers new ones, which are for what
--- comes from now on; calls, dialogs and requests under way keep theirs. When it raises,
--- the old ones stay.
---@param fn fun(agent: moonsip.Agent)
---@return true?
---@return any err  what it raised
function Agent:reload(fn)
  misuse.check("agent:reload", "fn", fn, "function")
  local old = self.handlers
  self.handlers = handlers.new()
  local ok, err = pcall(fn, self)
  if not ok then self.handlers = old end
  update_methods(self)
  if not ok then return nil, err end
  self.generation = self.generation + 1
  return true
end

--- Shows every message that comes or goes from now on: in a file (its name, or
--- `{ file =, append = true }`), or to `fn(record)`. Secrets in the file are masked.
---@param where string|table|(fun(record: moonsip.Record))
---@return moonsip.Tap?  `:stop()` ends it
---@return moonsip.Error? err
function Agent:trace(where)
  return tap.open(self, where)
end

--- True when the script said that a host is to be asked by UDP only.
---@param uri string
---@package
function Agent:no_tcp_to(uri)
  if not self.peers or not uri then return false end
  local host = uri:match "^%a+:[^@]*@([^;:?>]+)" or uri:match "^%a+:([^;:?>@]+)"
  local peer = host and self.peers[host:lower()]
  return peer ~= nil and peer.no_tcp == true
end

--- The value of From for what a script gave.
---@package
function Agent:from_header(verb, given)
  return plan.from_of(self, verb, given)
end

--- True when a URI is at one of our domains, or at an address that we listen on.
---@param uri string|userdata
---@return boolean
function Agent:is_local(uri)
  local one = type(uri) == "string" and core.uri(misuse.text("agent:is_local", "uri", uri)) or uri
  if type(one) == "userdata" and one.uri then one = one.uri end
  if type(one) ~= "userdata" then return false end
  return self.engine:is_own(one)
end

--- No new requests outside dialogs: 503 with Retry-After.
function Agent:drain(retry_after_s)
  self.engine:draining(retry_after_s)
end

--- True when nothing of a script's own is under way.
---@return boolean
---@package
function Agent:is_idle()
  return next(self.call_set) == nil and next(self.requests) == nil
    and next(self.exchanges) == nil and (self.closed or not self.engine:is_asking())
end

--- True while something of ours waits for its answer, a BYE for the ACK before it, or a
--- subscription that was left for its last NOTIFY.
---@return boolean
---@package
function Agent:is_sending()
  if self.closed then return false end
  for _, of in pairs(self.dialogs) do
    if of.bye then return true end
  end
  return self.engine:is_asking() or self.engine:counts().subscriptions > 0
end

--- Counters of the engine, by name.
---@return table<string, integer>
function Agent:counts()
  return self.engine:counts()
end

--- Ends calls, requests and exchanges as their states ask for; the agent stays.
---@package
function Agent:end_all()
  for _, one in ipairs(self.calls) do one:close() end
  for _, one in pairs(self.notifiers) do one:close() end
  self:close_lines()
  local numbers = {}
  for number in pairs(self.subscriptions) do numbers[#numbers + 1] = number end
  table.sort(numbers)
  for _, number in ipairs(numbers) do
    local one = self.subscriptions[number]
    if one and one.close then one:close() end
  end
  local left = {}
  for number, req in pairs(self.requests) do left[#left + 1] = { number, req } end
  for number, one in pairs(self.exchanges) do
    if not one.outlives then left[#left + 1] = { number, one } end
  end
  table.sort(left, function(a, b) return a[1] < b[1] end)
  for _, pair in ipairs(left) do
    if pair[2].reply then pair[2]:reply(503) else pair[2]:close() end
  end
end

--- Ends what is under way and closes the listeners. In the main chunk it waits up to
--- two seconds for the answers to what that sent. Doing it twice is fine.
function Agent:close()
  if self.closed then return end
  self:end_all()
  if self.others then self.others:stop() end
  lifecycle.linger(self.context, self)
  self.closed = true
  tls.detach(self)
  self.context.driver:detach(self.engine)
  self.context:remove_agent(self)
end

Agent.__close = Agent.close

--- "udp:192.0.2.1:5060, tcp:192.0.2.1:5060": where it listens.
---@return string
function Agent:__tostring()
  local list = {}
  for at, one in ipairs(self.listeners) do list[at] = listen.text(one) end
  return table.concat(list, ", ")
end

agent.Agent = Agent

return agent
