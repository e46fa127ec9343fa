-- SPDX-License-Identifier: MIT
-- The moonsip command. Results go to stdout, everything else to stderr.
--
-- Exit codes: 0 it worked, 1 it did not (a script that fails, a final response that
-- is no success), 2 the command line is wrong, 3 no answer came.

local options = require "moonsip.cli.options"

local cli = {}

local command_names <const> = { "run", "ping", "send", "version" }

local function command(name)
  return require("moonsip.cli." .. name)
end

local function overview()
  local lines = { "usage: moonsip COMMAND ...", "" }
  for _, name in ipairs(command_names) do
    local one = command(name)
    lines[#lines + 1] = ("  %-8s %s"):format(name, one.summary)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "moonsip COMMAND --help tells more of each."
  return table.concat(lines, "\n") .. "\n"
end

local function usage_error(text, hint)
  io.stderr:write("moonsip: ", text, "\n", hint, "\n")
  return 2
end

local function is_command(name)
  for _, one in ipairs(command_names) do
    if one == name then return true end
  end
  return false
end

local spelling <const> = { ["--version"] = "version", ["-V"] = "version" }

--- Runs a command line.
---@param argv string[]  without the program's name
---@return integer exit_code
function cli.main(argv)
  local name = spelling[argv[1]] or argv[1]
  if name == nil then
    io.stderr:write(overview())
    return 2
  end
  local wants_help = name == "help" or name == "--help" or name == "-h"
  if wants_help and not argv[2] then
    io.stdout:write(overview())
    return 0
  elseif wants_help then
    name = argv[2]
  end
  if not is_command(name) then
    return usage_error(("there is no command %q"):format(name),
      "moonsip --help lists them.")
  end
  local one = command(name)
  local given, operands = options.parse(one, { table.unpack(argv, 2) })
  if wants_help or given and given.help then
    io.stdout:write(options.help(one))
    return 0
  end
  if not given then
    return usage_error(operands --[[@as string]],
      ("moonsip %s --help tells what it takes."):format(name))
  end
  local code, why = one.run(given, operands)
  if code == 2 and why then
    return usage_error(why, ("moonsip %s --help tells what it takes."):format(name))
  end
  return code
end

return cli
