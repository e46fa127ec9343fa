-- SPDX-License-Identifier: MIT
-- How a bench prints: notes, and figures with a goal, one a line that ends with "met"
-- or "missed" (.ci/bench counts those).

local report = {}

local missed = 0

function report.note(format, ...)
  print(format:format(...))
  io.stdout:flush()
end

local function judge(what, value, relation, limit, unit, met)
  if not met then missed = missed + 1 end
  unit = unit and " " .. unit or ""
  report.note("%-58s %9s%s, goal at %s %s: %s", what, report.number(value), unit, relation,
    report.number(limit), met and "met" or "missed")
end

--- A figure that should not be above a limit. One that is no number is a miss.
function report.at_most(what, value, limit, unit)
  judge(what, value, "most", limit, unit, value <= limit)
end

--- A figure that should not be below a limit.
function report.at_least(what, value, limit, unit)
  judge(what, value, "least", limit, unit, value >= limit)
end

--- Something that could not be measured, and why: a miss.
function report.failed(what, why)
  missed = missed + 1
  report.note("%-58s %s: missed", what, why)
end

--- Three digits that matter.
function report.number(value)
  if value ~= value or value == math.huge then return "none" end
  if value == math.floor(value) or math.abs(value) >= 1000 then return ("%.0f"):format(value) end
  return ("%.3g"):format(value)
end

local function sorted(values)
  local list = table.move(values, 1, #values, 1, {})
  table.sort(list)
  return list
end

--- The middle one; between the two middle ones of an even number.
function report.median(values)
  local list = sorted(values)
  local half = #list // 2
  if #list == 0 then return 0 / 0 end
  return #list % 2 == 1 and list[half + 1] or (list[half] + list[half + 1]) / 2
end

--- "5.1 (4.9..5.6)"
function report.spread(values)
  local list = sorted(values)
  if #list == 0 then return "none" end
  return ("%s (%s..%s)"):format(report.number(report.median(list)), report.number(list[1]),
    report.number(list[#list]))
end

--- Ends the bench: its exit status says whether every goal was met.
function report.finish()
  os.exit(missed == 0, true)
end

return report
