-- SPDX-License-Identifier: MIT
-- --trace and --trace=ladder: every message on stderr while it happens.

local ladder = require "moonsip.ladder"
local trace = require "moonsip.trace"

local tracer = {}

---@type moonsip.cli.Option
tracer.option = {
  "--trace", value = "FORM", optional = "messages", kind = "trace",
  help = "show every message on stderr; with =ladder as a call flow",
}

local writers <const> = {
  messages = function(since)
    return function(record) io.stderr:write(trace.text(record, since)) end
  end,
  ladder = function(since)
    local live = ladder.live { since = since, own = "moonsip" }
    return function(record) io.stderr:write(live(record)) end
  end,
}

--- True for a form there is.
function tracer.knows(form)
  return writers[form] ~= nil
end

--- Has the messages of a context shown.
---@param context moonsip.Context
---@param form "messages"|"ladder"|nil  nil: not at all
function tracer.attach(context, form)
  if form then context:record(writers[form](context:now())) end
end

return tracer
