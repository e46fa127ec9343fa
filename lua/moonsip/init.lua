-- SPDX-License-Identifier: MIT
-- `require "moonsip"`: the face of a default context, made when it is first used.

local default = require "moonsip.default"
local face = require "moonsip.face"

return setmetatable({}, {
  __name = "moonsip",
  __index = function(self, key)
    if not rawget(self, "agent") then
      for name, value in pairs(face.of(default.context())) do rawset(self, name, value) end
    end
    return rawget(self, key)
  end,
})
