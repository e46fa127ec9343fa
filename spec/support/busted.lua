-- SPDX-License-Identifier: MIT
--
-- lua5.4 spec/support/busted.lua FILE COUNT: runs one spec file with busted under
-- the interpreter that runs this (the `busted` script of a distribution takes
-- whichever `lua` comes first). Prints what failed and was skipped, and writes
-- "passed failed skipped" to the file COUNT when the last test is done.

local file <const>, count <const> = ...

-- GC=handlers collects everything before and after each step of a coroutine, and
-- so around each step of a handler: the first thousand, and then some.
if os.getenv "GC" == "handlers" then
  local resume <const> = coroutine.resume
  local steps = 0

  local function collect(...)
    if steps <= 1000 or steps % 100 == 0 then collectgarbage() end
    return ...
  end

  coroutine.resume = function(...) -- luacheck: ignore 122
    steps = steps + 1
    collect()
    return collect(resume(...))
  end
end

arg = { [0] = arg[0], "--output=spec/support/report.lua", "-Xoutput", count, file }

require "busted.runner" { standalone = false }
