-- SPDX-License-Identifier: MIT
-- Which function answers which request: "POST /call", "GET /calls/:id", "GET /" with a
-- folder. The most specific route wins: one without parameters before one with, both
-- before folders, and longer folders before shorter ones.

local files = require "moonsip.web.files"
local misuse = require "moonsip.misuse"

---@class moonsip.Routes
---@field private exact table<string, table<string, function>>  [path][method]
---@field private patterns { pattern: string, names: string[], method: string, fn: function }[]
---@field private folders { prefix: string, folder: string }[]
local Routes = {}
Routes.__index = Routes

local routes = {}

local function split(verb, key)
  misuse.check(verb, "routes", key, "string")
  local method, path = key:match "^(%u+) (/%S*)$"
  if not method then
    misuse.argument(verb, "routes", ('"METHOD /path" expected, got %q'):format(key))
  end
  return method, path
end

-- "/calls/:id" as a pattern and the names in it.
local function pattern_of(path)
  local names = {}
  local pattern = path:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub(":([%w_]+)", function(name)
    names[#names + 1] = name
    return "([^/]+)"
  end)
  return "^" .. pattern .. "$", names
end

local function add(self, verb, key, value)
  local method, path = split(verb, key)
  if type(value) == "string" then
    if method ~= "GET" then misuse.argument(verb, key, "a folder is for GET") end
    local prefix = path:sub(-1) == "/" and path or path .. "/"
    table.insert(self.folders, { prefix = prefix, folder = misuse.text(verb, key, value) })
    return
  end
  misuse.check(verb, key, value, "function")
  if path:find(":", 1, true) then
    local pattern, names = pattern_of(path)
    table.insert(self.patterns, { pattern = pattern, names = names, method = method, fn = value })
  else
    self.exact[path] = self.exact[path] or {}
    self.exact[path][method] = value
  end
end

--- Raises for what is no route.
---@param verb string
---@param given table<string, function|string>
---@return moonsip.Routes
function routes.new(verb, given)
  local self = setmetatable({ exact = {}, patterns = {}, folders = {} }, Routes)
  for key, value in pairs(misuse.check(verb, "routes", given, "table")) do
    add(self, verb, key, value)
  end
  table.sort(self.patterns, function(a, b)
    if #a.names ~= #b.names then return #a.names < #b.names end
    return a.pattern < b.pattern
  end)
  table.sort(self.folders, function(a, b) return #a.prefix > #b.prefix end)
  return self
end

-- GET answers HEAD too; its body is left out on the way.
local function of_method(methods, method)
  return methods[method] or method == "HEAD" and methods.GET or nil
end

local function methods_text(methods)
  local names = {}
  for name in pairs(methods) do names[#names + 1] = name end
  if methods.GET then names[#names + 1] = "HEAD" end
  table.sort(names)
  return table.concat(names, ", ")
end

local function find_pattern(self, q)
  local others = {}
  for _, one in ipairs(self.patterns) do
    local found = table.pack(q.path:match(one.pattern))
    if found[1] then
      if one.method == q.method or one.method == "GET" and q.method == "HEAD" then
        for at, name in ipairs(one.names) do q.params[name] = found[at] end
        return one.fn
      end
      others[one.method] = true
    end
  end
  return nil, next(others) and others
end

local function serve_files(self, q)
  if q.method ~= "GET" and q.method ~= "HEAD" then return nil end
  for _, one in ipairs(self.folders) do
    if q.path:sub(1, #one.prefix) == one.prefix or q.path .. "/" == one.prefix then
      return function() return files.read(one.folder, q.path:sub(#one.prefix + 1)) end
    end
  end
end

--- Who answers; or a status, and fields that go with it.
---@param q moonsip.Question
---@return function?
---@return integer? status
---@return table<string, string>? fields
function Routes:find(q)
  local methods = self.exact[q.path]
  local fn = methods and of_method(methods, q.method)
  if fn then return fn end
  local others
  fn, others = find_pattern(self, q)
  fn = fn or serve_files(self, q)
  if fn then return fn end
  methods = methods or others
  if methods then return nil, 405, { Allow = methods_text(methods) } end
  return nil, 404
end

return routes
