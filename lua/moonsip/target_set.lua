-- SPDX-License-Identifier: MIT
-- The set that a request is proxied to: targets and options in one table
--
--   mode          "q" (default), "parallel" or "serial", within each group
--   record_route  stay in the path of the dialog
--   path          of a REGISTER: put a Path of ours in front (RFC 3327)
--   timeout       how long a target may take
--   headers       set in what is forwarded; false removes
--   recurse       follow 3xx: true, or how often
--   stateless     req:forward: keep no transaction
--
-- A target is a URI string, a URI or address object, or a table with `uri`; a list in
-- place of one is a group of its own.

local duration = require "moonsip.duration"
local gateway = require "moonsip.gateway"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"

local target_set = {}

local options <const> = { mode = true, record_route = true, path = true, timeout = true,
                          headers = true, recurse = true, stateless = true }

local modes <const> = { q = true, parallel = true, serial = true }

local default_recursions <const>, max_recursions <const> = 5, 64

--- Header fields to set, flat, and names to take away, out of `{ Name = value or false }`.
local function split_headers(verb, fields)
  if fields == nil then return nil, nil end
  misuse.check(verb, "headers", fields, "table")
  local set, drop = fields, nil
  for name, value in pairs(fields) do
    if value == false then
      if not drop then set, drop = {}, {} end
      drop[#drop + 1] = misuse.text(verb, "headers", name)
    end
  end
  if drop then
    table.sort(drop)
    for name, value in pairs(fields) do
      if value ~= false then set[name] = value end
    end
  end
  local flat = headers.flatten(verb, set)
  return flat and #flat > 0 and flat or nil, drop
end

--- Those of a target come in place of those of the set with the same name.
local function merge(flat, drop, own, own_drop)
  if not flat then return own, own_drop or drop end
  if not own and not own_drop then return flat, drop end
  local taken, merged = {}, {}
  for at = 1, own and #own or 0, 2 do taken[own[at]:lower()] = true end
  for _, name in ipairs(own_drop or {}) do taken[name:lower()] = true end
  for at = 1, #flat, 2 do
    if not taken[flat[at]:lower()] then
      merged[#merged + 1], merged[#merged + 2] = flat[at], flat[at + 1]
    end
  end
  table.move(own or {}, 1, own and #own or 0, #merged + 1, merged)
  return merged, own_drop or drop
end

--- A Path or Route value as text: values of a list joined, each in brackets.
local function routes_of(verb, name, value)
  if value == nil then return nil end
  if type(value) ~= "table" then value = { value } end
  local list = {}
  for at, one in ipairs(value) do
    local text = misuse.text(verb, name, tostring(one))
    if not text:find("<", 1, true) then
      if not text:find(":", 1, true) then text = "sip:" .. text end
      text = "<" .. text .. (text:find(";lr", 1, true) and ">" or ";lr>")
    end
    list[at] = text
  end
  return #list > 0 and table.concat(list, ",") or nil
end

local function join(first, second)
  return first and second and first .. "," .. second or first or second
end

--- A preference: 0 to 1.
local function q_of(verb, value)
  if value == nil then return 1 end
  local q = tonumber(value)
  if not q or q < 0 or q > 1 then misuse.argument(verb, "q", "0 to 1 expected") end
  return q
end

local function of_table(verb, given, set)
  if given.from ~= nil then
    misuse.argument(verb, "from", "a proxy must not change From; call it as a user agent")
  end
  local flat, drop = split_headers(verb, given.headers)
  flat, drop = merge(set.flat, set.drop, flat, drop)
  local transport = given.transport
  if transport ~= nil then
    transport = misuse.text(verb, "transport", transport):lower()
  end
  return {
    given = given, gateway = gateway.is(given) and given or nil,
    uri = misuse.text(verb, "uri", tostring(given.uri)),
    q = q_of(verb, given.q),
    via = given.via and misuse.text(verb, "via", tostring(given.via)) or nil,
    routes = join(routes_of(verb, "path", given.path),
      routes_of(verb, "routes", given.routes)),
    flow = given.flow, transport = transport, flat = flat, drop = drop,
    timeout_ms = given.timeout and duration.check(verb, "timeout", given.timeout)
      or set.timeout_ms,
  }
end

local function of_uri(verb, given, uri, set)
  return { given = given, uri = misuse.text(verb, "target", uri), q = 1,
           flat = set.flat, drop = set.drop, timeout_ms = set.timeout_ms }
end

local function is_list(value)
  return type(value) == "table" and value.uri == nil
end

local function read_target(verb, given, set)
  local kind = type(given)
  if kind == "string" then return of_uri(verb, given, given, set) end
  if kind == "userdata" then
    local one = of_uri(verb, given, tostring(given.uri or given), set)
    one.q = given.uri and given.q or 1 -- an address has a URI, and may have a q
    return one
  end
  if kind == "table" then return of_table(verb, given, set) end
  misuse.argument(verb, "target",
    ("URI, address, gateway or a list of them expected, got %s"):format(kind))
end

--- Several flows of one device: the first is tried, each other when the one before has failed
--- (RFC 5626 7). They follow it in the list.
local function with_spares(found)
  local last, list = {}, {}
  for _, one in ipairs(found) do
    local given = one.given
    local device = type(given) == "table" and given.reg_id and given.instance
    local before = device and last[device]
    if device then last[device] = one end
    if before then
      one.spare_of = before
      local at = #list
      while list[at] ~= before do at = at - 1 end
      table.insert(list, at + 1, one)
    else
      list[#list + 1] = one
    end
  end
  return list
end

--- Appends the targets of a group, each with the number of when it has its turn.
local function add_group(verb, list, set)
  local found = {}
  for _, given in ipairs(list) do
    if is_list(given) then misuse.argument(verb, "target", "a list in a group") end
    local one = read_target(verb, given, set)
    found[#found + 1] = one
    one.at = #found
  end
  if set.mode ~= "parallel" and found[2] then
    table.sort(found, function(a, b)
      if a.q ~= b.q then return a.q > b.q end
      return a.at < b.at
    end)
  end
  local turn, last_q = set.turns + 1, found[1] and found[1].q
  for at, one in ipairs(with_spares(found)) do
    local is_next = not one.spare_of and (set.mode == "serial"
      or set.mode == "q" and one.q ~= last_q)
    if is_next and at > 1 then turn = turn + 1 end
    one.turn = turn
    if not one.spare_of then last_q = one.q end
    set.targets[#set.targets + 1] = one
  end
  set.turns = turn
end

local function has_lists(given)
  for _, one in ipairs(given) do
    if is_list(one) then return true end
  end
  return false
end

local function read_options(verb, given, set)
  for name in pairs(given) do
    if math.type(name) ~= "integer" and not options[name] then
      misuse.argument(verb, tostring(name), "no such option")
    end
  end
  set.mode = given.mode or "q"
  if not modes[set.mode] then
    misuse.argument(verb, "mode", "\"q\", \"parallel\" or \"serial\" expected")
  end
  if given.timeout ~= nil then
    set.timeout_ms = duration.check(verb, "timeout", given.timeout)
  end
  set.flat, set.drop = split_headers(verb, given.headers)
  if given.path then
    set.stay = "path"
  elseif given.record_route then
    set.stay = "record_route"
  end
  local recurse = given.recurse
  if recurse == true then recurse = default_recursions end
  set.recursions = recurse and misuse.integer(verb, "recurse", recurse, 0, max_recursions)
    or 0
  set.stateless = given.stateless and true or false
end

--- Reads a set.
---@param verb string
---@param given any?  the table; nil, a URI or an object alone are fine too
---@return { targets: table[], stay: string?, recursions: integer, stateless: boolean, aimed: boolean }
function target_set.read(verb, given)
  if given == nil then given = {} end
  if type(given) ~= "table" or given.uri ~= nil then given = { given } end
  local set = { targets = {}, turns = 0, aimed = #given > 0 }
  read_options(verb, given, set)
  if not set.aimed then
    set.targets[1] = { turn = 1, flat = set.flat, drop = set.drop,
                       timeout_ms = set.timeout_ms }
    return set
  end
  if not has_lists(given) then
    add_group(verb, given, set)
    return set
  end
  for _, one in ipairs(given) do add_group(verb, is_list(one) and one or { one }, set) end
  return set
end

return target_set
