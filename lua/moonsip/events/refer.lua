-- SPDX-License-Identifier: MIT
-- The refer package (RFC 3515 3): how far a request has come that somebody was asked for.

local sipfrag = require "moonsip.sipfrag"

---@type moonsip.EventPackage
return {
  name = "refer",
  content_type = sipfrag.content_type,
  expires = 180,
  interval = 0, -- 3.10 allows one a second; a final status must not wait
  format = function(value) return sipfrag.status(value.code, value.reason) end,
  parse = sipfrag.parse,
}
