-- SPDX-License-Identifier: MIT
--
-- lua5.4 spec/sim/run.lua FIRST LAST [STEP [SIZE]]: worlds of many seeds. Prints each
-- violation with its seed, and at the end how fast that was; exits 1 after any.
-- Every REPLAYED-th seed runs twice and has to repeat bit for bit.

local invariants <const> = require "spec.sim.invariants"
local world <const> = require "spec.sim.world"

local REPLAYED <const> = 25

local first <const>, last <const> = tonumber(arg[1]), tonumber(arg[2])
local step <const>, size <const> = tonumber(arg[3] or 1), tonumber(arg[4] or 24)

local sum <const> = { worlds = 0, failed = 0, virtual = 0, messages = 0, told = 0 }

local function live(seed)
  local one <close> = world.new(seed, size)
  local ok, err = xpcall(one.run, debug.traceback, one)
  if not ok then one:fail("%s", err) end
  invariants.check(one)
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
    io.stderr:write(("seed %d:\n  %s\n"):format(seed, table.concat(failures, "\n  ")))
  end
end

local spent <const> = os.clock() - began
print(("%d worlds, %d failed; %d requests, %d messages in %.0f virtual seconds; "
  .. "%.0f times real time, %.0f messages a second"):format(sum.worlds, sum.failed, sum.told,
  sum.messages, sum.virtual, sum.virtual / spent, sum.messages / spent))
os.exit(sum.failed == 0)
