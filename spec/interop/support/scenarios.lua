-- SPDX-License-Identifier: MIT
--
-- The scenario files of spec/interop/sipp, and what each shows: the comment at its head.

local scenarios <const> = {}

scenarios.folder = "spec/interop/sipp/"

--- The comment at the head of a scenario, as one line. It names its clauses.
---@param name string  without ".xml"
---@return string
function scenarios.title(name)
  local file <close> = assert(io.open(scenarios.folder .. name .. ".xml"))
  local comment = file:read("a"):match "<!%-%-%s*(.-)%s*%-%->"
  return (comment:gsub("%s+", " "))
end

--- The names of all of them, sorted.
---@return string[]
function scenarios.names()
  local names = {}
  local pipe <close> = assert(io.popen("ls " .. scenarios.folder))
  for file in pipe:lines() do names[#names + 1] = file:match "^(.*)%.xml$" end
  table.sort(names)
  return names
end

return scenarios
