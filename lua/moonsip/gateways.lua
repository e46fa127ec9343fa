-- SPDX-License-Identifier: MIT
-- sip.gateways: the ways out of a script, by name: which of them are up, and in what order
-- they are tried.

local errors = require "moonsip.errors"
local gateway = require "moonsip.gateway"
local gateway_settings = require "moonsip.gateway_settings"
local misuse = require "moonsip.misuse"
local probe = require "moonsip.probe"

---@class moonsip.Gateways
---@field [string] moonsip.Gateway
local Gateways = {}
Gateways.__index = Gateways
Gateways.__name = "moonsip.gateways"

local gateways = {}

-- Where a set keeps what is its own: every string is the name of a gateway.
local OWN <const> = {}

local events <const> = { up = true, down = true, draining = true, drained = true }

-- As many targets as a request takes.
local max_selected <const> = 64

local function check_name(set, name)
  if type(name) ~= "string" or not name:find "^[%w_][%w_.%-]*$" then
    misuse.argument("sip.gateways", tostring(name), "a gateway has a name: letters, digits, _.-")
  end
  if Gateways[name] ~= nil then
    misuse.argument("sip.gateways", name, ("trunks:%s is a method: no gateway can be called so")
      :format(name))
  end
  if rawget(set, name) then misuse.argument("sip.gateways", name, "two gateways have this name") end
end

--- Names and options in order: that of the list, or of the names.
local function in_order(given)
  local list = {}
  for _, options in ipairs(given) do
    misuse.check("sip.gateways", "gateway", options, "table")
    list[#list + 1] = { options.name, options }
  end
  if #list > 0 then return list end
  for name, options in pairs(given) do
    misuse.check("sip.gateways", tostring(name), options, "table")
    list[#list + 1] = { name, options }
  end
  table.sort(list, function(a, b) return tostring(a[1]) < tostring(b[1]) end)
  return list
end

--- Tells those who listen for an event.
local function tell(own, one, event, err)
  for _, fn in ipairs(own.handlers[event] or {}) do own.context.tasks:spawn(nil, fn, one, err) end
end

local function by_priority(a, b)
  if a.priority ~= b.priority then return a.priority < b.priority end
  return a.place < b.place
end

--- A set of gateways, which are probed from now on.
---@param context moonsip.Context
---@param given table    by name, or a list of tables with `name`
---@param options table? see gateway_settings.lua; `agent`: who probes
---@return moonsip.Gateways
function gateways.new(context, given, options)
  misuse.check("sip.gateways", "gateways", given, "table")
  local shared = gateway_settings.of_set(options)
  local self = setmetatable({}, Gateways)
  local own = { context = context, list = {}, handlers = {} }
  local function changed(one, event, err) tell(own, one, event, err) end
  for place, pair in ipairs(in_order(given)) do
    local name, settings = pair[1], pair[2]
    check_name(self, name)
    local one = gateway.new(gateway_settings.read(context, name, settings, shared), changed)
    one.place = place
    rawset(self, name, one)
    own.list[place] = one
  end
  if #own.list == 0 then misuse.argument("sip.gateways", "gateways", "there is none") end
  table.sort(own.list, by_priority)
  for _, one in ipairs(own.list) do
    if one.probe_ms then one.probe = probe.new(one, shared.agent) end
  end
  rawset(self, OWN, own)
  table.insert(context.gateway_sets, self)
  return self
end

--- `fn(gateway, err)` for each gateway that comes "up", goes "down" (err says why), is
--- "draining", or has been "drained".
---@param event string
---@param fn fun(gateway: moonsip.Gateway, err: moonsip.Error?)
---@return moonsip.Gateways
function Gateways:on(event, fn)
  if not events[event] then
    misuse.argument("gateways:on", "event", "up, down, draining or drained expected")
  end
  misuse.check("gateways:on", "fn", fn, "function")
  local all = self[OWN].handlers
  all[event] = all[event] or {}
  table.insert(all[event], fn)
  return self
end

--- Removes handlers; only `fn` when it is given.
---@param event string
---@param fn function?
---@return moonsip.Gateways
function Gateways:off(event, fn)
  local kept = {}
  for _, one in ipairs(fn and self[OWN].handlers[event] or {}) do
    if one ~= fn then kept[#kept + 1] = one end
  end
  self[OWN].handlers[event] = kept
  return self
end

--- One after the other by chance, each with its weight among those left (RFC 2782).
local function draw_weighted(context, list)
  local left, drawn = {}, {}
  for _, one in ipairs(list) do -- those of weight 0 first: they get their turn seldom
    table.insert(left, one.weight == 0 and 1 or #left + 1, one)
  end
  while #left > 0 do
    local sum = 0
    for _, one in ipairs(left) do sum = sum + one.weight end
    local mark, running, at = math.floor(probe.chance(context) * (sum + 1)), 0, #left
    for place, one in ipairs(left) do
      running = running + one.weight
      if running >= mark then
        at = place
        break
      end
    end
    drawn[#drawn + 1] = table.remove(left, at)
  end
  return drawn
end

--- Within each priority by chance and weight.
local function weighted(own)
  local ordered, at = {}, 1
  while at <= #own.list do
    local equals, priority = {}, own.list[at].priority
    while own.list[at] and own.list[at].priority == priority do
      equals[#equals + 1] = own.list[at]
      at = at + 1
    end
    for _, one in ipairs(draw_weighted(own.context, equals)) do ordered[#ordered + 1] = one end
  end
  return ordered
end

--- The gateways of the carriers that have a rate for the number, the cheapest first, and
--- the rows of them.
local function cheapest(self, options)
  local rows, err = options.rates:cheapest(options.number, { at = options.at })
  if not rows then return nil, err end
  local ordered, found, unknown = {}, {}, {}
  for _, row in ipairs(rows) do
    local one = rawget(self, row.carrier or "")
    if one then
      ordered[#ordered + 1], found[#found + 1] = one, row
    else
      unknown[#unknown + 1] = tostring(row.carrier)
    end
  end
  if #ordered == 0 then
    return nil, errors.new("notfound", "no gateway is a carrier for it: "
      .. table.concat(unknown, ", "), { code = 404 })
  end
  return ordered, found
end

local select_options <const> = { order = true, rates = true, number = true, at = true,
                                 limit = true }

local function ordered_by(self, options)
  local order = options.order or (options.rates and "cost" or "listed")
  if order == "cost" then
    misuse.check("gateways:select", "rates", options.rates, "table")
    if options.number == nil then
      misuse.argument("gateways:select", "number", "whose rates?")
    end
    return cheapest(self, options)
  elseif order == "weighted" then
    return weighted(self[OWN])
  elseif order == "listed" then
    return self[OWN].list
  end
  misuse.argument("gateways:select", "order", "listed, weighted or cost expected")
end

--- The gateways that take a call now, in the order in which they are to be tried; also a
--- target for agent:call. With `rates` and `number` the cheapest first, and the rows of them.
---@param options { order: string?, rates: moonsip.Rates?, number: any, at: number?, limit: integer? }?
---@return moonsip.Gateway[]?
---@return table[]|moonsip.Error|nil
function Gateways:select(options)
  options = misuse.options("gateways:select", options, select_options)
  local limit = misuse.integer("gateways:select", "limit", options.limit or max_selected, 1,
    max_selected)
  local ordered, rows = ordered_by(self, options)
  if not ordered then return nil, rows end
  local chosen, of_chosen, refusal = {}, {}, nil
  for at, one in ipairs(ordered) do
    local takes, why = one:available()
    if takes and #chosen < limit then
      chosen[#chosen + 1] = one
      if rows then of_chosen[#chosen] = rows[at] end
    elseif not takes then
      refusal = refusal or why
    end
  end
  if #chosen == 0 then return nil, refusal end
  return chosen, rows and of_chosen or nil
end

--- The gateway that a request came from, by its address; nil when it is none of these.
---@param req moonsip.Request
---@return moonsip.Gateway?
function Gateways:sender(req)
  misuse.check("gateways:sender", "req", req, "table")
  for _, one in ipairs(self[OWN].list) do
    if one:is_at(req.source_ip) then return one end
  end
end

--- Probes no more. The gateways stay what they are.
function Gateways:close()
  for _, one in ipairs(self[OWN].list) do
    if one.probe then
      one.probe:stop()
      one.probe = nil
    end
  end
end

Gateways.__close = Gateways.close

--- In order of priority.
function Gateways:__pairs()
  local list, at = self[OWN].list, 0
  return function()
    at = at + 1
    if list[at] then return list[at].name, list[at] end
  end
end

function Gateways:__len() return #self[OWN].list end

gateways.Gateways = Gateways

return gateways
