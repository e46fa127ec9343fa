-- SPDX-License-Identifier: MIT
-- The context of a program that runs one script: made when it is first asked for.

local context = require "moonsip.context"

local default = {}

local made

---@return moonsip.Context
function default.context()
  made = made or context.new()
  return made
end

return default
