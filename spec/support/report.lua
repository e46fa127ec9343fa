-- SPDX-License-Identifier: MIT
--
-- A busted output handler: silent about what passed, and exact about the rest.

local function place(element, trace)
  local at = element.trace or trace
  if not at or not at.short_src then return "?" end
  return ("%s:%d"):format(at.short_src, at.currentline)
end

return function(options)
  local busted <const> = require "busted"
  local handler <const> = require "busted.outputHandlers.base"()

  local function show(word, list)
    for _, item in ipairs(list) do
      print(("%s  %s  (%s)"):format(word, item.name, place(item.element, item.trace)))
      if item.message then print("  " .. tostring(item.message):gsub("\n", "\n  ")) end
      local traceback = item.isError and item.trace and item.trace.traceback
      if traceback then print("  " .. traceback:gsub("^%s+", ""):gsub("\n", "\n  ")) end
    end
  end

  busted.subscribe({ "suite", "end" }, function()
    show("FAILED", handler.failures)
    show("ERROR", handler.errors)
    show("skipped", handler.pendings)
    local out <close> = assert(io.open(options.arguments[1], "w"))
    out:write(("%d %d %d\n"):format(handler.successesCount,
      handler.failuresCount + handler.errorsCount, handler.pendingsCount))
    return nil, true
  end)

  return handler
end
