-- SPDX-License-Identifier: MIT
-- moonsip send METHOD URI

local json = require "moonsip.cli.json"
local session = require "moonsip.cli.session"

---@type moonsip.cli.Command
local send = {
  name = "send",
  usage = "[OPTION]... METHOD URI",
  summary = "Sends one request and prints the final response.",
  help = [[
Prints the status line and the body of the response; --include prints its header
fields as well. An INVITE that is answered is acknowledged and ended at once. The exit
code is 0 for a 2xx, 1 for another final response, and 3 when none came.

  moonsip send MESSAGE sip:bob@192.0.2.1 --body "hello"
  moonsip send OPTIONS sip:192.0.2.1 --include
  moonsip send NOTIFY sip:bob@192.0.2.1 -H "Event: check-sync" --json]],
  options = {
    { "--body", value = "TEXT", help = "the body" },
    { "--body-file", value = "FILE",
      help = "the body, from a file; - is standard input" },
    { "--type", value = "TYPE", help = "Content-Type of the body (text/plain)" },
    { "--to", value = "URI", help = "To of the request; the URI it goes to otherwise" },
    { "--timeout", short = "-W", value = "SPAN", kind = "duration",
      help = "how long to wait for a final response (32s)" },
    { "--include", short = "-i", help = "print the header fields of the response too" },
    table.unpack(session.options),
  },
}

local function read_body(given)
  if not given.body_file then return given.body end
  if given.body then return nil, "--body and --body-file exclude each other" end
  if given.body_file == "-" then return io.stdin:read "a" end
  local file <close>, why = io.open(given.body_file, "rb")
  if not file then return nil, why end
  return file:read "a"
end

local function plan_of(given, body)
  local plan = session.plan(given)
  plan.body, plan.to, plan.content_type = body, given.to, given.type
  return plan
end

local function print_text(response, with_head)
  if with_head then
    io.stdout:write(response.text)
    if response.body ~= "" and response.body:sub(-1) ~= "\n" then io.stdout:write "\n" end
    return
  end
  print(("%d %s"):format(response.code, response.reason))
  if response.body ~= "" then
    print("\n" .. (response.body:gsub("\r?\n$", "")))
  end
end

local function header_list(response)
  local list = {}
  for name, value in pairs(response.headers) do
    list[#list + 1] = json.object { { "name", name }, { "value", value } }
  end
  return list
end

local function print_json(uri, method, result)
  local response = result.response
  local fields = { { "method", method }, { "uri", uri },
                   { "provisional", result.provisional } }
  if response then
    table.move({
      { "status", response.code }, { "reason", response.reason },
      { "source", tostring(response.source) },
      { "headers", header_list(response) }, { "body", response.body },
    }, 1, 5, #fields + 1, fields)
  else
    fields[#fields + 1] = { "error", result.err.kind }
    fields[#fields + 1] = { "message", session.explain(result.err) }
  end
  fields[#fields + 1] = { "time_ms", result.ms }
  print(json.encode(json.object(fields)))
end

-- Sends it and waits: the final response or an error, and what came before.
local function perform(open, method, uri, plan)
  local began, provisional = open:clock(), {}
  local exchange = open.agent:request(method, uri, plan)
  exchange:on("1xx", function(res)
    provisional[#provisional + 1] = json.object { { "status", res.code },
                                                  { "reason", res.reason } }
  end)
  local response, err = exchange:wait()
  local result = { response = response or err.response, err = err,
                   provisional = provisional, ms = open:clock() - began }
  local call = result.response and result.response.call
  if call then call:hangup() end
  return result
end

function send.run(given, operands)
  if #operands ~= 2 then return 2, "send needs a method and a URI" end
  local method = operands[1]:upper()
  local uri, why = session.uri(operands[2])
  if not uri then return 2, why end
  local body
  body, why = read_body(given)
  if why then return 2, why end
  local open <close>, failure = session.open(given)
  if not open then return session.fail(failure) end
  -- Wrong arguments of the request are those of the command line.
  local ok, result = pcall(perform, open, method, uri, plan_of(given, body))
  if not ok then return 2, session.misuse(result) end
  if given.json then
    print_json(uri, method, result)
  elseif result.response then
    print_text(result.response, given.include)
  else
    io.stderr:write(("moonsip: %s: %s\n"):format(uri, session.explain(result.err)))
  end
  if not result.response then return 3 end
  return result.response.code < 300 and 0 or 1
end

return send
