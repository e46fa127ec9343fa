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

--- The lines that name the dialog of a call: From, To and Call-ID as they were in its INVITE's
--- 2xx.
---@param call moonsip.Call
---@return string
function sipfrag.dialog(call)
  return ("From: %s;tag=%s\r\nTo: %s;tag=%s\r\nCall-ID: %s\r\n"):format(call.local_uri,
    call.local_tag, call.remote_uri, call.remote_tag, call.call_id)
end

local function value_of(lines, name)
  return ("\n" .. lines):match("\n" .. name .. "%s*:%s*([^\r\n]*)")
end

--- What names that dialog to the one who answered, as a value of Replaces.
---@param lines string  header fields of a fragment
---@return string?
function sipfrag.replaces(lines)
  local from, to = value_of(lines, "From"), value_of(lines, "To")
  local call_id = value_of(lines, "Call%-ID")
  from, to = from and core.address(from), to and core.address(to)
  if not call_id or not from or not to or not from.tag or not to.tag then return nil end
  return ("%s;to-tag=%s;from-tag=%s"):format(call_id, to.tag, from.tag)
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
