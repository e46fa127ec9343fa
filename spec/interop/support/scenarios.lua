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

--- A test for each scenario of a list and each transport (both, or those of its `over`):
--- `run(transport, one)`. Inside a `describe`.
---@param list (string|table)[]  a name, or a table that begins with it; what follows in that
---  goes into the test's title
---@param it function  of the spec, which busted gives it
---@param run fun(transport: "udp"|"tcp", one: table)
function scenarios.each(list, it, run)
  for _, given in ipairs(list) do
    local one = type(given) == "string" and { given } or given
    for _, transport in ipairs(one.over or { "udp", "tcp" }) do
      local way = table.concat({ transport, table.unpack(one, 2) }, ", ")
      it(("over %s: %s"):format(way, scenarios.title(one[1])), function() run(transport, one) end)
    end
  end
end

return scenarios
