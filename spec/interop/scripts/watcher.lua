-- SPDX-License-Identifier: MIT
-- Watches, or asks to call, and says what it is told, for the scenarios.
--
--   moonsip run spec/interop/scripts/watcher.lua 127.0.0.1:5070 watch URI [PACKAGE [TIMES]]
--   moonsip run spec/interop/scripts/watcher.lua 127.0.0.1:5070 refer URI TO

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1], from = "watcher", media = false })

local things <const> = {}

--- Leaves when it is told so, or after so many.
function things.watch(uri, package, times)
  local count = 0
  for info, doc in agent:watch(uri, package or "x-n", { expires = 600 }) do
    doc = doc and doc:match "^%s*(.-)%s*$"
    print(info.state, doc or info.error or info.reason)
    count = count + 1
    if doc == "leave" or count == tonumber(times) then break end
  end
end

function things.refer(uri, to)
  for step in agent:refer(uri, { to = to, referred_by = "sip:boss@example.com" }) do
    print(step.code, step.final and "final" or "", step.error or "")
  end
end

things[arg[2]](table.unpack(arg, 3))
print "bye"
