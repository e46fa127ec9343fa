-- SPDX-License-Identifier: MIT
-- Handlers of one level (an agent, an exchange, a call, a dialog): what `on` put
-- there, found by name and filter (api.md rule 1).

local filter = require "moonsip.filter"
local misuse = require "moonsip.misuse"

---@class moonsip.Handlers
---@field lists table<string|integer, table[]>  by key, the most specific first
---@field sole table<string|integer, function>  by key, where there is one and it has no filter
local Handlers = {}
Handlers.__index = Handlers

local handlers = {}

local none <const> = {}

--- Returned by a handler: the next handler that fits has its turn. Calling it gives
--- it, so that `return sip.next()` means the same.
local next_handler <const> = setmetatable({}, {
  __name = "moonsip.next",
  __tostring = function() return "sip.next" end,
  __call = function(self) return self end,
})

handlers.next = next_handler

--- Upper case, with the other characters of a token (RFC 3261 25.1).
local method_pattern <const> = "^[%u%d%-%.!%%%*_%+`'~]*%u[%u%d%-%.!%%%*_%+`'~]*$"

--- The key that `what` of on(what) is kept under: a method, "4xx", an exact status
--- as an integer, or an event's name.
---@return string|integer key
---@return "method"|"class"|"status"|"event" sort
function handlers.key(verb, what)
  local number = math.tointeger(tonumber(what))
  if number and (type(what) == "number" or what:find "^%d+$") then
    if number < 100 or number > 699 then
      misuse.argument(verb, "what", ("%d is no status: 100 to 699"):format(number))
    end
    return number, "status"
  end
  if type(what) ~= "string" then
    misuse.argument(verb, "what", "string or status expected, got " .. type(what))
  end
  if what:find "^[1-6]xx$" then return what, "class" end
  if what:find(method_pattern) then return what, "method" end
  if what:find "^[%l_]+$" then return what, "event" end
  misuse.argument(verb, "what",
    ("%q is no METHOD, status, class such as \"4xx\" or event"):format(what))
end

-- Events whose handlers get a message.
local has_message <const> = { request = true, response = true, routed = true, stray = true }

---@return moonsip.Handlers
function handlers.new()
  return setmetatable({ lists = {}, sole = {} }, Handlers)
end

local function set(self, key, list)
  local first = list[1]
  self.lists[key] = first and list
  self.sole[key] = first and not list[2] and not first.filter and first.fn or nil
end

--- Adds a handler behind those as specific as it.
function Handlers:add(verb, what, wanted, fn)
  if fn == nil and type(wanted) == "function" then
    wanted, fn = nil, wanted
  end
  misuse.check(verb, "fn", fn, "function")
  local key, sort = handlers.key(verb, what)
  local one = { fn = fn, filter = nil, weight = 0 }
  if wanted ~= nil then
    if sort == "event" and not has_message[key] then
      misuse.argument(verb, "filter",
        ("the event %q has no message to filter"):format(key))
    end
    one.filter = filter.new(verb, wanted)
    one.weight = one.filter.weight
    one.method = wanted.method
  end
  -- A new list: who runs through the old one is not disturbed.
  local list = table.move(self.lists[key] or none, 1, #(self.lists[key] or none), 1, {})
  local at = #list + 1
  while at > 1 and list[at - 1].weight < one.weight do at = at - 1 end
  table.insert(list, at, one)
  set(self, key, list)
  return key, sort
end

--- Removes the handlers of a key; only `fn` when it is given.
function Handlers:remove(verb, what, fn)
  misuse.optional(verb, "fn", fn, "function")
  local key = handlers.key(verb, what)
  local list = self.lists[key]
  if not list then return key end
  local kept = {}
  for _, one in ipairs(list) do
    if fn and one.fn ~= fn then kept[#kept + 1] = one end
  end
  set(self, key, kept)
  return key
end

--- True when something is registered under the key.
---@param key string|integer
function Handlers:has(key)
  return self.lists[key] ~= nil
end

--- Runs the first handler under a key that fits, and the one after it when that
--- returns sip.next, and so on. In a task of the caller.
---@param tasks moonsip.Tasks
---@param key string|integer
---@param subject table  the message it gets
---@param consumed boolean?  a response that was made use of: only for `all = true`
---@return boolean taken  one of them took it
function Handlers:run(tasks, key, subject, consumed)
  local list = self.lists[key]
  if not list then return false end
  for at = 1, #list do
    local one = list[at]
    local wanted = one.filter
    if not wanted and not consumed
      or wanted and (wanted.all or not consumed) and filter.fits(wanted, subject) then
      tasks.current.fn = one.fn -- whom the watchdog names
      if one.fn(subject) ~= next_handler then return true end
    end
  end
  return false
end

--- The methods that the filters of a key name, as keys; all of them when one names none.
---@param key string
---@param all table<string, true>
---@return table<string, true>
function Handlers:methods_of(key, all)
  local found = {}
  for _, one in ipairs(self.lists[key] or none) do
    local wanted = one.method
    if type(wanted) == "string" then wanted = { wanted } end
    if type(wanted) ~= "table" then return all end
    for _, name in ipairs(wanted) do
      if type(name) ~= "string" or name:sub(1, 1) == "^" then return all end
      found[name] = true
    end
  end
  return found
end

--- The functions registered for an event, in order.
---@return function[]
function Handlers:of_event(name)
  local found = {}
  for at, one in ipairs(self.lists[name] or none) do found[at] = one.fn end
  return found
end

--- Gives a class `on` and `off`. `changed(object, key, sort)` hears of each.
---@param class table
---@param name string  of the object, in messages: "agent"
---@param changed (fun(object: table, key: string|integer, sort: string))?
function handlers.mixin(class, name, changed)
  local on <const>, off <const> = name .. ":on", name .. ":off"

  function class:on(what, wanted, fn)
    local list = self.handlers
    if not list then
      list = handlers.new()
      self.handlers = list
    end
    local key, sort = list:add(on, what, wanted, fn)
    if changed then changed(self, key, sort) end
    return self
  end

  function class:off(what, fn)
    if self.handlers then
      local key = self.handlers:remove(off, what, fn)
      if changed then changed(self, key, "removed") end
    end
    return self
  end
end

return handlers
