-- SPDX-License-Identifier: MIT
-- Bodies of type message/sipfrag (RFC 3420) as a REFER's NOTIFYs have them: a status line, and
-- whatever header fields are of interest.

local core = require "moonsip.core"
local errors = require "moonsip.errors"

local sipfrag = {}

sipfrag.content_type = "message/sipfrag;version=2.0"

--- The fragment that says no more than a status (RFC 3515 2.4.5).
---@param code integer
---@param reason string?
---@return string
function sipfrag.status(code, reason)
  reason = (reason or core.reason(code)):gsub("%c", " ")
  return ("SIP/2.0 %d %s\r\n"):format(code, reason)
end

--- Code and reason phrase of a fragment.
---@param body string
---@return { code: integer, reason: string, headers: string }?
---@return moonsip.Error? err  it has no status line
function sipfrag.parse(body)
  local code, reason, rest = body:match "^SIP/2%.0 (%d%d%d)%s?([^\r\n]*)\r?\n?(.*)$"
  code = math.tointeger(tonumber(code))
  if not code or code < 100 or code > 699 then
    return nil, errors.new("invalid", "a fragment without a status line (RFC 3515 2.4.5)")
  end
  return { code = code, reason = reason, headers = rest }
end

return sipfrag
