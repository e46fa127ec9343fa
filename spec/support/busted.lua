-- SPDX-License-Identifier: MIT
--
-- lua5.4 spec/support/busted.lua FILE COUNT: runs one spec file with busted under
-- the interpreter that runs this (the `busted` script of a distribution takes
-- whichever `lua` comes first). Prints what failed and was skipped, and writes
-- "passed failed skipped" to the file COUNT when the last test is done.

local file <const>, count <const> = ...
arg = { [0] = arg[0], "--output=spec/support/report.lua", "-Xoutput", count, file }

require "busted.runner" { standalone = false }
