-- SPDX-License-Identifier: MIT
-- What the load generator measures of a server in some seconds, on cores that are quiet.

local machine = require "spec.bench.machine"
local servers = require "spec.bench.server.servers"

local window = {}

-- One is repeated when others had more than this share of a core, at most twice.
local noise_limit <const> = 0.08
local attempts <const> = 3

--- Seconds of each window, and whether there is no warm-up: a first look.
window.seconds = tonumber(os.getenv "SECONDS" or 3)
window.quick = os.getenv "QUICK" ~= nil

local function take(server, words, core)
  machine.wait_quiet()
  local text = assert(machine.output(
    ("taskset -c %d %s %d %d %s warm=%d time=%g"):format(core, server.load or servers.load,
      server.port, server.session, words, window.quick and 1 or server.warm, window.seconds)))
  local fields = {}
  for name, value in text:gmatch "([%w_]+)=(%S+)" do fields[name] = tonumber(value) end
  return fields
end

--- The least disturbed of at most three: `us` a request or call of the server's CPU,
--- `per_s`, `failed`; `server`, `own` and `foreign` shares of a core; `noisy` when even
--- that was disturbed.
---@param server Program  with `port` and `warm`, and `load` when it is another generator's
---@param words string    of the load generator
---@param core integer    for it
---@return table<string, number|boolean>
function window.measure(server, words, core)
  local best
  for _ = 1, attempts do
    local one = take(server, words, core)
    if not best or one.foreign < best.foreign then best = one end
    if best.foreign <= noise_limit then break end
  end
  best.noisy = best.foreign > noise_limit
  return best
end

--- What there is to say against it: "" when nothing.
---@param one table<string, number|boolean>
---@return string
function window.blemishes(one)
  return (one.failed > 0 and (", %d FAILED"):format(one.failed) or "")
    .. (one.noisy and (", disturbed: others had %.0f %% of a core"):format(one.foreign * 100)
      or "")
end

return window
