-- SPDX-License-Identifier: MIT
-- Bindings that a store keeps outside of this state: SQLite, Redis, or a store of the
-- script's own, which is a table of two functions:
--
--   load(aor)                     contacts, version; nil when there never were any; nil, err
--   save(aor, contacts, version)  true; false when somebody else has saved since that
--                                 version was loaded; nil, err
--
-- and of these, where it has them:
--
--   expired(now)                  takes out what has expired: a list of { aor =, contact = },
--                                 and the instant of the next one
--   added(since)                  what other programs have added behind an id: { added = { {
--                                 aor =, contact = } ... }, last = the newest id }
--   count(), close()
--
-- An address of record is "user@host"; instants are seconds since 1970. A contact is a
-- table of strings, numbers and a list (path), as docs/store.md says.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local pool = require "moonsip.pool"
local request = require "moonsip.request"

---@class moonsip.location.Stored
---@field store table
local Stored = {}
Stored.__index = Stored

local stored = {}

-- What a registrar supports beside what its agent says (RFC 3327, 5626).
local extensions <const> = "path, outbound, gruu"

-- Saves that others have overtaken before one gives up.
local max_attempts <const> = 8

-- Between two looks for what has expired.
local least_pause_ms <const> = 1000

--- What fires when the next contact expires.
local Sweep = {}
Sweep.__index = Sweep

---@param location moonsip.Location
---@param is_ours fun(req: moonsip.Request): boolean
---@param store table
function stored.new(location, is_ours, store)
  local context = location.context
  local self = setmetatable({
    context = context, location = location, is_ours = is_ours, store = store, locks = {},
  }, Stored)
  self.sweep = setmetatable({ keeper = self }, Sweep)
  return self
end

-- ---- the store

--- Any failure as an error of kind store.
local function failure(err)
  if errors.is(err) and err.kind == "store" then return err end
  if errors.is(err) and err.kind == "cancelled" then return err end
  local reason = errors.is(err) and err.reason or tostring(err)
  return errors.new("store", reason, { cause = err })
end

--- One function of the store: what it gives, or nil, err. One that raises has failed.
local function ask(self, name, ...)
  local ok, first, second = pcall(self.store[name], ...)
  if not ok then return nil, failure(first) end
  if first == nil and second ~= nil then return nil, failure(second) end
  return first, second
end

--- One REGISTER at a time for an address of record (10.3); a slot to be closed.
local function lock(self, aor)
  local one = self.locks[aor]
  if not one then
    one = { pool = pool.pool.new(self.context, 1), users = 0 }
    self.locks[aor] = one
  end
  one.users = one.users + 1
  local slot, err = one.pool:take()
  return setmetatable({}, { __close = function()
    one.users = one.users - 1
    if one.users == 0 then self.locks[aor] = nil end
    if slot then slot:release() end
  end }), err
end

-- ---- flows

--- Which run of which program a connection belongs to.
local function boot_of(context)
  context.boot = context.boot or ("%x%x"):format(os.time(), core.hash(tostring(context)) & 0xffffff)
  return context.boot
end

--- Its ends, the connection and which run it is of; and where there are nodes, the name of
--- this one and the Route by which the others reach it.
local function flow_text(context, flow, agent)
  local text = ("%s %s %d %s %d %d %s"):format(flow.transport, flow.local_ip, flow.local_port,
    flow.remote_ip, flow.remote_port, flow.connection, boot_of(context))
  local nodes = agent.others
  return nodes and ("%s %s %s"):format(text, nodes.name, nodes:route(flow)) or text
end

local flow_pattern <const> = "^(%S+) (%S+) (%d+) (%S+) (%d+) (%d+) (%S+) ?(%S*) ?(%S*)$"

--- A listener at that address; of a transport where no address is given.
local function listener_of(context, transport, ip, port)
  for _, agent in ipairs(context.agent_list) do
    for _, one in ipairs(agent.listeners) do
      local is_there = not ip or one.port == port
        and (one.ip == ip or one.ip == "0.0.0.0" or one.ip == "::")
      if one.transport == transport and is_there then return one end
    end
  end
end

--- Who has the nodes of a context.
local function nodes_of(context)
  for _, agent in ipairs(context.agent_list) do
    if agent.others then return agent.others end
  end
end

--- How a flow leads to its end again: the flow, or a Route over the node that has it. Neither
--- when it ended with another run of a program, or with another node: then the URI has to do.
--- A datagram may get through from any node.
local function way_of(context, text)
  local transport, ip, port, remote, remote_port, connection, boot, name, route =
    (text or ""):match(flow_pattern)
  if not transport then return nil end
  local nodes = name ~= "" and nodes_of(context)
  local is_elsewhere = nodes and name ~= nodes.name
  local holder = is_elsewhere and nodes.list[name]
  if holder and holder.up then return nil, route end
  connection = math.tointeger(connection)
  if connection ~= 0 and boot ~= boot_of(context) then return nil end
  if is_elsewhere then ip, port = nil, nil end
  local listener = listener_of(context, transport, ip, math.tointeger(port))
  if not listener then return nil end
  return core.flow(transport, ip or listener.ip, math.tointeger(port or listener.port), remote,
    math.tointeger(remote_port), listener.number, connection)
end

--- A contact as a store keeps it.
local function plain(context, contact, agent)
  if type(contact.flow) == "userdata" then
    contact.flow = flow_text(context, contact.flow, agent)
  end
  contact.expires = nil
  return contact
end

--- A contact as a script gets it.
local function rich(context, contact, now_s)
  local copy = {}
  for name, value in pairs(contact) do copy[name] = value end
  local flow, route = way_of(context, contact.flow)
  copy.flow = flow
  if route then copy.path = { route } end
  copy.expires = math.max(math.ceil(contact.expires_at - now_s), 0)
  return copy
end

-- ---- serving

local function answer(req, status, reason, lines)
  local done, err = request.send(req, status, reason, lines)
  if not done then return nil, err end
  return status, reason
end

local function fail(req, err)
  req:reply(err)
  return nil, err
end

--- Loads, changes and saves: status, reason, lines, changes; or nil, err.
local function update(self, registrar, req, aor)
  local message = req.message
  for _ = 1, max_attempts do
    local contacts, version = ask(self, "load", aor)
    if not contacts and version then return nil, version end
    local now = self.context.driver:wall()
    local status, reason, lines, changes, now_there =
      registrar:update(message, contacts, now, now // 1000)
    if not status then return nil, failure(reason) end
    if not changes then return status, reason, lines end
    for _, one in ipairs(now_there) do plain(self.context, one, req.agent) end
    local saved, err = ask(self, "save", aor, now_there, version)
    if saved then return status, reason, lines, changes end
    if saved == nil then return nil, err or failure "the store did not save" end
  end
  return nil, errors.new("store", "others changed the bindings at the same time")
end

--- Answers a REGISTER: status, reason or nil, changes or nil; or nil, err.
function Stored:serve(registrar, req, more)
  local allowed, err = request.check(req, extensions)
  if not allowed then return nil, err end
  local message = req.message
  local aor = registrar:aor(message)
  if not registrar:fits(message) and not self.is_ours(req) then return answer(req, 404) end
  local status, reason, lines = registrar:check(message)
  if status then return answer(req, status, reason, lines) end
  if not aor then return answer(req, 404) end
  local changes
  do
    local held <close>, refused = lock(self, aor) -- luacheck: ignore held
    if refused then return fail(req, refused) end
    status, reason, lines, changes = update(self, registrar, req, aor)
  end
  if not status then return fail(req, reason) end
  if more and status == 200 then lines = lines .. more end
  status, reason = answer(req, status, reason, lines)
  if changes then self:arm(0) end
  return status, reason, changes
end

--- The contacts; or nil, and whether there were some once; or nil, err.
function Stored:find(aor)
  local contacts, err = ask(self, "load", aor)
  if not contacts then
    if err then return nil, err end
    return nil, false
  end
  local now_s, found = self.context.driver:wall() / 1000, {}
  for _, one in ipairs(contacts) do
    if one.expires_at > now_s then found[#found + 1] = rich(self.context, one, now_s) end
  end
  if #found == 0 then return nil, true end
  return found
end

--- Takes out all contacts, or one; those that were there.
function Stored:remove(aor, uri)
  local held <close>, refused = lock(self, aor) -- luacheck: ignore held
  if refused then return nil, refused end
  local wanted = uri and core.uri(uri)
  for _ = 1, max_attempts do
    local contacts, version = ask(self, "load", aor)
    if not contacts then return version and nil or {}, version end
    local gone, kept, now_s = {}, {}, self.context.driver:wall() / 1000
    for _, one in ipairs(contacts) do
      if not uri or one.uri == uri or wanted and core.uri(one.uri) == wanted then
        gone[#gone + 1] = rich(self.context, one, now_s)
      else
        kept[#kept + 1] = one
      end
    end
    if #gone == 0 then return gone end
    local saved, err = ask(self, "save", aor, kept, version)
    if saved then return gone end
    if saved == nil then return nil, err end
  end
  return nil, errors.new("store", "others changed the bindings at the same time")
end

function Stored:count()
  if not self.store.count then return nil end
  return ask(self, "count")
end

-- ---- expiry

--- Looks for what has expired in so many milliseconds, when somebody wants to know.
function Stored:arm(ms)
  if not self.store.expired or not self.location:tells "expired" or self.closed then return end
  local at = self.context:now() + math.max(ms, least_pause_ms)
  if self.due_at and self.due_at <= at then return end
  if self.timer then self.context.wheel:stop(self.timer) end
  self.due_at, self.timer = at, self.context:start_timer(at - self.context:now(), self.sweep)
end

local function sweep(self)
  local now_s = self.context.driver:wall() / 1000
  local gone, next_at = ask(self, "expired", now_s)
  if not gone then return self:arm(10 * least_pause_ms) end
  for _, one in ipairs(gone) do
    self.location:tell("expired", one.aor, rich(self.context, one.contact, now_s))
  end
  if next_at then self:arm(math.ceil((next_at - now_s) * 1000)) end
end

-- ---- what other programs add

--- What fires when it is time to look.
local Look = {}
Look.__index = Look

local function look(self)
  local found = ask(self, "added", self.seen)
  if self.closed then return end
  if found then self.seen = found.last end
  local now_s = self.context.driver:wall() / 1000
  for _, one in ipairs(found and found.added or {}) do
    self.location:tell("registered", one.aor, rich(self.context, one.contact, now_s))
  end
  self.is_watched = self.location:tells "registered"
  if not self.is_watched then return end
  self.look_timer = self.context:start_timer(least_pause_ms,
    setmetatable({ keeper = self }, Look))
end

function Look:expire()
  self.keeper.look_timer = nil
  self.keeper.context.tasks:spawn(nil, look, self.keeper)
end

--- Somebody listens: contacts that another program adds to the same file are told too.
function Stored:watch()
  if self.is_watched or not self.store.added or not self.location:tells "registered" then return end
  self.is_watched = true
  self.context.tasks:spawn(nil, look, self)
end

function Sweep:expire()
  local keeper = self.keeper
  keeper.timer, keeper.due_at = nil, nil
  keeper.context.tasks:spawn(nil, sweep, keeper)
end

function Stored:close()
  self.closed = true
  if self.timer then self.context.wheel:stop(self.timer) end
  if self.look_timer then self.context.wheel:stop(self.look_timer) end
  self.timer, self.look_timer = nil, nil
  if self.store.close then self.store.close() end
end

return stored
