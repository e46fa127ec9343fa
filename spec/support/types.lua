-- SPDX-License-Identifier: MIT
--
-- The names that the definition files of library/ declare, and that docs/ describes.

local types <const> = {}

local function class_of(classes, name, parents)
  local one = { name = name, parents = {}, fields = {}, optional = {}, methods = {} }
  for parent in (parents:match "^:%s*([%w_., ]+)" or ""):gmatch "moonsip[%w_.]+" do
    table.insert(one.parents, parent)
  end
  classes[name] = one
  return one
end

--- Classes of definition files: name -> { parents, fields, optional, methods }.
function types.library(...)
  local classes, locals, current = {}, {}, nil
  for _, path in ipairs { ... } do
    for line in io.lines(path) do
      local name, parents = line:match "^%-%-%-@class ([%w_.]+)(.*)$"
      if name then current = class_of(classes, name, parents) end
      local field = line:match "^%-%-%-@field ([%w_]+) "
      if field then
        current.fields[field] = true
        current.optional[field] = ((line .. " "):find "%? " or line:find "|nil") ~= nil
      end
      local variable = line:match "^local (%w+) = {}$"
      if variable then locals[variable] = current end
      local owner, method = line:match "^function (%w+)[.:]([%w_]+)%("
      local one = owner and locals[owner]
      if one then one.methods[method] = true end
    end
  end
  return classes
end

--- Everything that a class has, with what it inherits: name -> "field", "method", or
--- "optional" when those are asked for.
function types.members(classes, name, with_optional)
  local found = {}
  local one = assert(classes[name], name)
  for _, parent in ipairs(one.parents) do
    local inherited = types.members(classes, parent, with_optional)
    for member, sort in pairs(inherited) do found[member] = sort end
  end
  for field in pairs(one.fields) do
    found[field] = with_optional and one.optional[field] and "optional" or "field"
  end
  for method in pairs(one.methods) do found[method] = "method" end
  return found
end

--- Classes of a page: name -> { member -> "field" or "method" }. A line "Class `X`"
--- begins one; rows of a table that has a "field" column are its fields, headings such as
--- "### `call:close([err])`" its methods.
function types.page(path)
  local classes, current, in_fields = {}, nil, false
  for line in io.lines(path) do
    local name = line:match "^Class `([%w_.]+)`"
    if name then
      current = {}
      classes[name] = current
    end
    if not line:find "^|" then in_fields = false end
    if line:find "^| field |" then in_fields = true end
    local field = in_fields and line:match "^| `([%w_]+)` |"
    if field then current[field] = "field" end
    local heading = line:match "^### `[%w]+[.:]([%w_]+)"
    if heading and current then
      current[heading] = line:find "^### `[%w.:_]+%(" and "method" or "field"
    end
  end
  return classes
end

return types
