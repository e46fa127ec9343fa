-- SPDX-License-Identifier: MIT
-- moonsip run SCRIPT [ARGUMENT]...

local context = require "moonsip.context"
local errors = require "moonsip.errors"
local face = require "moonsip.face"
local lifecycle = require "moonsip.lifecycle"
local tracer = require "moonsip.cli.tracer"

---@type moonsip.cli.Command
local run = {
  name = "run",
  usage = "[OPTION]... SCRIPT [ARGUMENT]...",
  summary = "Runs a script until it ends, or until SIGINT or SIGTERM.",
  help = [[
The script gets its arguments in `...` and in the table `arg`; an option that moonsip
run does not know and that follows SCRIPT is an argument too, and so is everything
after --. SCRIPT - is read from standard input.

SIGINT ends calls and leaves; SIGTERM takes no new calls and leaves when the live ones
have ended. The exit code is 0, or 1 when the script has a syntax error or raises.]],
  rest = true,
  options = {
    { "--listen", value = "ADDRESS", list = true,
      help = "listen there, whatever the script says: udp:127.0.0.1:5070;\n"
        .. "without a transport UDP and TCP; may come several times" },
    { "--log", value = "LEVEL", kind = "level",
      help = "debug, info (the default), warn, error or none" },
    tracer.option,
    { "--help", short = "-h", help = "print this" },
  },
}

local function complain(text)
  io.stderr:write("moonsip: ", text, "\n")
  return 1
end

local function with_traceback(err)
  if errors.is_quiet(err) then return err end
  local text = type(err) == "string" and err or tostring(err)
  return debug.traceback(text, 2)
end

--- The frames of this program below the script's own say nothing to its writer.
local function shorten(trace)
  return (trace:gsub("\n%s*%[C%]: in function 'xpcall'.*$", ""))
end

function run.run(given, operands)
  local path = operands[1]
  if not path then return 2, "run needs a script" end
  local chunk, why = loadfile(path ~= "-" and path or nil)
  if not chunk then return complain(why) end
  local own = context.new { listen = given.listen, log = { level = given.log } }
  own:look_beside(path)
  tracer.attach(own, given.trace)
  package.loaded["moonsip"] = face.of(own)
  arg = { [0] = path, table.unpack(operands, 2) } -- luacheck: globals arg
  io.stdout:setvbuf "line"
  lifecycle.hold_signals(own)
  local ok, trace = xpcall(chunk, with_traceback, table.unpack(operands, 2))
  lifecycle.close(own)
  -- A loop that took no notice of the end was ended, which is what was asked for.
  if ok or own.refusals > 0 and errors.is_quiet(trace) then return 0 end
  return complain(shorten(tostring(trace)))
end

return run
