-- SPDX-License-Identifier: MIT
--
-- lua5.4 spec/sim/run.lua KIND FIRST LAST [STEP [SIZE]]: worlds of a kind, of many seeds.
-- Prints each violation with its seed, and at the end how fast that was; exits 1 after any.
-- Every REPLAYED-th seed runs twice and has to repeat bit for bit.

local REPLAYED <const> = 25

local name <const> = assert(arg[1], "a kind of world expected")
local kind <const> = require("spec.sim." .. name)
local first <const>, last <const> = tonumber(arg[2]), tonumber(arg[3])
local step <const>, size <const> = tonumber(arg[4] or 1), tonumber(arg[5] or 24)

local sum <const> = { worlds = 0, failed = 0, virtual = 0, messages = 0, told = 0 }

local function live(seed)
  local one <close> = kind.new(seed, size)
  local ok, err = xpcall(kind.run, debug.traceback, one)
  if not ok then one:fail("%s", err) end
  kind.check(one)
  sum.worlds, sum.virtual = sum.worlds + 1, sum.virtual + one.net:now()
  sum.messages = sum.messages + one.net.wire.journal.count
  sum.told = sum.told + #one.promises
  return one.failures, one.net:hash()
end

local began <const> = os.clock()
for seed = first, last, step do
  local failures, hash = live(seed)
  if seed % REPLAYED == 0 and select(2, live(seed)) ~= hash then
    failures[#failures + 1] = "it does not repeat"
  end
  if #failures > 0 then
    sum.failed = sum.failed + 1
    io.stderr:write(("%s, seed %d:\n  %s\n"):format(name, seed, table.concat(failures, "\n  ")))
  end
end

local spent <const> = os.clock() - began
print(("%s: %d worlds, %d failed; %d requests, %d messages in %.0f virtual seconds; "
  .. "%.0f times real time, %.0f messages a second"):format(name, sum.worlds, sum.failed, sum.told,
  sum.messages, sum.virtual, sum.virtual / spent, sum.messages / spent))
os.exit(sum.failed == 0)
