-- SPDX-License-Identifier: MIT
-- moonsip ping URI

local json = require "moonsip.cli.json"
local session = require "moonsip.cli.session"
local timer = require "moonsip.timer"

---@type moonsip.cli.Command
local ping = {
  name = "ping",
  usage = "[OPTION]... URI",
  summary = "Asks a SIP server whether it is there (OPTIONS), and how long that took.",
  help = [[
Prints a line for each answer. The exit code is 0 when every answer was 200, 1 when
there was another one, and 3 when there was none in time, or no way to the server.

  moonsip ping sip:pbx.example
  moonsip ping 192.0.2.1:5070 --count 5 --interval 0.5 --transport tcp]],
  options = {
    { "--count", short = "-c", value = "N", kind = "integer", help = "how often (1)" },
    { "--interval", short = "-i", value = "SPAN", kind = "duration",
      help = "from one to the next: seconds, or 500ms (1s)" },
    { "--timeout", short = "-W", value = "SPAN", kind = "duration",
      help = "how long to wait for an answer (5s)" },
    table.unpack(session.options),
  },
}

local default_interval_ms <const>, default_timeout_ms <const> = 1000, 5000

-- One request: what it came to.
local function ask(open, uri, given, serial)
  local began = open:clock()
  local exchange = open.agent:request("OPTIONS", uri, session.plan(given))
  local response, err = exchange:wait()
  response = response or err.response
  local result = { serial = serial, ms = open:clock() - began }
  if response then
    result.status, result.reason = response.code, response.reason
    result.source = tostring(response.source)
    result.server = response.headers["Server"]
  else
    result.kind, result.why = err.kind, session.explain(err)
  end
  return result
end

local function print_result(result, uri)
  if result.status then
    print(("%d %s from %s: seq=%d time=%.2f ms"):format(result.status, result.reason,
      result.source, result.serial, result.ms))
  else
    print(("%s: %s: seq=%d"):format(uri, result.why, result.serial))
  end
end

local function result_json(result)
  return json.object {
    { "seq", result.serial }, { "status", result.status }, { "reason", result.reason },
    { "source", result.source }, { "server", result.server },
    { "error", result.kind }, { "message", result.why },
    { "time_ms", result.status and result.ms },
  }
end

local function summary_of(results)
  local sum = { sent = #results, answered = 0, total = 0 }
  for _, result in ipairs(results) do
    if result.status then
      sum.answered, sum.total = sum.answered + 1, sum.total + result.ms
      sum.least = math.min(sum.least or result.ms, result.ms)
      sum.most = math.max(sum.most or result.ms, result.ms)
    end
  end
  sum.mean = sum.answered > 0 and sum.total / sum.answered or nil
  return sum
end

local function print_summary(sum)
  print(("%d sent, %d answered, %d lost"):format(sum.sent, sum.answered,
    sum.sent - sum.answered))
  if sum.mean then
    print(("time least/mean/most %.2f/%.2f/%.2f ms"):format(sum.least, sum.mean,
      sum.most))
  end
end

local function print_json(uri, results, sum)
  local list = {}
  for at, result in ipairs(results) do list[at] = result_json(result) end
  print(json.encode(json.object {
    { "uri", uri }, { "sent", sum.sent }, { "answered", sum.answered },
    { "lost", sum.sent - sum.answered }, { "least_ms", sum.least },
    { "mean_ms", sum.mean }, { "most_ms", sum.most }, { "replies", list },
  }))
end

local function exit_code(results)
  local code = 0
  for _, result in ipairs(results) do
    if not result.status then return 3 end
    if result.status ~= 200 then code = 1 end
  end
  return code
end

function ping.run(given, operands)
  if #operands ~= 1 then return 2, "ping needs one URI" end
  local uri, why = session.uri(operands[1])
  if not uri then return 2, why end
  given.timeout = given.timeout or default_timeout_ms
  local open <close>, failure = session.open(given)
  if not open then return session.fail(failure) end
  local results, count = {}, given.count or 1
  local next_at = open:clock()
  for serial = 1, count do
    results[serial] = ask(open, uri, given, serial)
    if not given.json then print_result(results[serial], uri) end
    next_at = next_at + (given.interval or default_interval_ms)
    local left = next_at - open:clock()
    if serial < count and left > 0 then timer.sleep(open.context, left / 1000) end
  end
  local sum = summary_of(results)
  if given.json then
    print_json(uri, results, sum)
  elseif count > 1 then
    print_summary(sum)
  end
  return exit_code(results)
end

return ping
