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
    { "--cert", value = "FILE",
      help = "certificate of agents whose script names none, for TLS; PEM" },
    { "--key", value = "FILE", help = "its key, where that is not in the same file" },
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

--- error(text, 0): a script says what is wrong with how it was called, not where in it.
local function is_said(text)
  return debug.getinfo(3, "f").func == error and not text:find "^[^\n]-:%d+: "
end

local function with_traceback(err)
  if errors.is_quiet(err) then return err end
  local text = type(err) == "string" and err or tostring(err)
  return is_said(text) and text or debug.traceback(text, 2)
end

-- Where the library's own files are, as tracebacks spell it.
local own_files <const> = debug.getinfo(1, "S").short_src:match "^(.*[/\\])cli[/\\]" or "?"

local function is_script(line)
  local frame = line:match "^%s+(.*)$"
  return frame and not frame:find "^%[C%]" and not frame:find "^%(%.%.%." and
    frame:sub(1, #own_files) ~= own_files
end

--- The library's frames, above the script's and below, say nothing to its writer.
local function shorten(trace)
  local text, frames = trace:match "^(.-\nstack traceback:\n)(.*)$"
  if not text then return trace end
  local lines, first = {}, nil
  for line in frames:gsub("\n%s*%[C%]: in function 'xpcall'.*$", ""):gmatch "[^\n]+" do
    first = first or is_script(line)
    if first then lines[#lines + 1] = line end
  end
  return text .. (first and table.concat(lines, "\n") or frames)
end

function run.run(given, operands)
  local path = operands[1]
  if not path then return 2, "run needs a script" end
  local chunk, why = loadfile(path ~= "-" and path or nil)
  if not chunk then return complain(why) end
  if given.key and not given.cert then return 2, "--key is the key of a --cert" end
  local own = context.new {
    listen = given.listen, log = { level = given.log },
    tls = given.cert and { cert = given.cert, key = given.key } or nil,
  }
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
