-- SPDX-License-Identifier: MIT
-- Whether the sender of a request takes a body of some type in what it is answered with
-- (RFC 3261 20.1).

local acceptance = {}

--- True when Accept has the type or a range of it, or is not there: then each method and
--- event package has its own type. An empty one takes nothing; one that breaks its grammar
--- says nothing.
---@param message table        of the core
---@param content_type string  "application/sdp"
function acceptance.takes(message, content_type)
  local list = message:typed "Accept"
  if not list then return true end
  local wanted = content_type:lower()
  local range = wanted:match "^[^/]+" .. "/*"
  for _, one in ipairs(list) do
    local is_it = one.value == wanted or one.value == range or one.value == "*/*"
    if is_it and one.q ~= 0 then return true end
  end
  return false
end

return acceptance
