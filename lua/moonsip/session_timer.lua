-- SPDX-License-Identifier: MIT
-- The option `session_timer` (RFC 4028): of an agent, of a call that is placed, of an
-- answer. The timers themselves run in the core, which refreshes calls by UPDATE without a
-- script; a call whose other side knows no UPDATE is refreshed from here.
--
--   1800, "30m"   the interval; false: no timer
--   { interval =, min =, refresher = "us" | "them" }

local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"

local session_timer = {}

local default_s <const> = 1800

-- RFC 4028 4: no interval is shorter.
local least_s <const>, most_s <const> = 90, 4294967294

local known <const> = { interval = true, min = true, refresher = true }

local function seconds(verb, name, given)
  local whole = (duration.check(verb, name, given) + 500) // 1000
  if whole < least_s or whole > most_s then
    misuse.argument(verb, name, ("%d s at least expected (RFC 4028 4)"):format(least_s))
  end
  return whole
end

--- What the core gets to know: { session_expires, min_se, refresher } or { no_timer }.
---@param verb string
---@param given any
---@return table
function session_timer.read(verb, given)
  if given == false then return { no_timer = true } end
  if given == true then return { session_expires = default_s } end
  if type(given) ~= "table" then
    return { session_expires = seconds(verb, "session_timer", given) }
  end
  misuse.options(verb, given, known)
  local refresher = given.refresher
  if refresher ~= nil and refresher ~= "us" and refresher ~= "them" then
    misuse.argument(verb, "session_timer.refresher", "\"us\" or \"them\" expected")
  end
  local min = given.min and seconds(verb, "session_timer.min", given.min)
  local interval = given.interval and seconds(verb, "session_timer.interval", given.interval)
  return { session_expires = interval or math.max(default_s, min or 0), min_se = min,
           refresher = refresher }
end

--- What a call has agreed on: nil without a timer.
---@return { interval: integer, refresher: "us"|"them", ends_in: number }?  seconds
function session_timer.of(call)
  local info = call.number and call.agent.engine:dialog_info(call.number)
  if not info or not info.session_expires then return nil end
  return { interval = info.session_expires,
           refresher = info.session_is_ours and "us" or "them",
           ends_in = (info.session_ends_at - call.agent.context:now()) / 1000 }
end

return session_timer
