-- SPDX-License-Identifier: MIT
-- The presence package (RFC 3856) with PIDF (RFC 3863).

local pidf = require "moonsip.pidf"

---@type moonsip.EventPackage
return {
  name = "presence",
  content_type = pidf.content_type,
  expires = 3600, -- 6.4
  interval = 5,   -- 6.10
  parse = pidf.parse,
  compose = pidf.compose,
  --- A table as pidf takes it, or true and false for open and closed.
  format = function(value, uri)
    if type(value) == "boolean" then value = { basic = value and "open" or "closed" } end
    local made = { entity = uri }
    for name, each in pairs(value) do made[name] = each end
    return pidf.write(made)
  end,
}
