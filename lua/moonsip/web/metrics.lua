-- SPDX-License-Identifier: MIT
-- The counters of a context for Prometheus (text exposition format 0.0.4).

local metrics = {}

metrics.fields = { ["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8" }

-- What goes up and down; all else only goes up.
local gauges <const> = {
  tasks = true, agents = true, server_transactions = true, client_transactions = true,
  dialogs = true, events = true, packets = true, queries = true, timers = true,
  live_bytes = true, live_blocks = true, calls = true, guard_sources = true,
}

local function sort_of(name)
  return (gauges[name] or name:find "^gateways_") and "gauge" or "counter"
end

--- One sample for each counter, by name.
---@param context moonsip.Context
---@return string
function metrics.text(context)
  local counters = require("moonsip.face").metrics(context)
  local calls = 0
  for _, agent in ipairs(context.agent_list) do calls = calls + #agent.calls end
  counters.calls = calls
  local names, lines = {}, {}
  for name in pairs(counters) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local sort = sort_of(name)
    local full = "moonsip_" .. name .. (sort == "counter" and "_total" or "")
    lines[#lines + 1] = ("# TYPE %s %s"):format(full, sort)
    lines[#lines + 1] = ("%s %d"):format(full, counters[name])
  end
  lines[#lines + 1] = ""
  return table.concat(lines, "\n")
end

return metrics
