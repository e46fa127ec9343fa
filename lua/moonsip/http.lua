-- SPDX-License-Identifier: MIT
-- `require "moonsip.http"`: a small HTTP server and client on the same loop, of the default
-- context.

local default = require "moonsip.default"
local web = require "moonsip.web"

return setmetatable({}, {
  __name = "moonsip.http",
  __index = function(self, key)
    if not rawget(self, "serve") then
      for name, value in pairs(web.of(default.context())) do rawset(self, name, value) end
    end
    return rawget(self, key)
  end,
})
