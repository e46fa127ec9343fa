-- SPDX-License-Identifier: MIT
-- moonsip version

local options = {}

---@type moonsip.cli.Command
local version = {
  name = "version",
  usage = "",
  summary = "Prints the version of moonsip and of the Lua it runs on.",
  options = options,
}

function version.run(_, operands)
  if #operands > 0 then return 2, "version takes no operand" end
  io.stdout:write(("moonsip %s (%s)\n"):format(require "moonsip.version", _VERSION))
  return 0
end

return version
