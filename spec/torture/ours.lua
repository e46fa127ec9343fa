-- SPDX-License-Identifier: MIT
--
-- The torture messages of our own, by the names of the RFCs': bytes.

return function(name)
  local file <close> = assert(io.open(("spec/torture/messages/%s.sip"):format(name), "rb"))
  return file:read "a"
end
