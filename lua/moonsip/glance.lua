-- SPDX-License-Identifier: MIT
-- What one line of a trace needs to know of a message. Traces show what was on
-- the wire, also when it was no SIP at all, so this reads bytes and never fails;
-- everything that acts on a message uses the real parser.

local glance = {}

---@class moonsip.Glance
---@field kind "request"|"response"|"ping"|"pong"|"other"
---@field method string?       of a request; for a response that of its CSeq
---@field uri string?          Request-URI
---@field code integer?
---@field reason string?
---@field cseq integer?
---@field call_id string?
---@field sdp boolean          carries a session description
---@field size integer         bytes

-- Header names with their compact forms (RFC 3261 7.3.3).
local wanted <const> = {
  ["cseq"] = "cseq", ["call-id"] = "call_id", ["i"] = "call_id",
  ["content-type"] = "content_type", ["c"] = "content_type",
}

-- Keepalives of RFC 5626 3.5.1.
local keepalive <const> = { ["\r\n\r\n"] = "ping", ["\r\n"] = "pong" }

local function read_start_line(line, result)
  local code, reason = line:match "^SIP/2%.0 (%d%d%d) ?(.*)$"
  if code then
    result.kind, result.code, result.reason = "response", tonumber(code), reason
    return
  end
  local method, uri = line:match "^([%w%-%.!%%%*_%+`'~]+) (.*) SIP/2%.0$"
  if method then result.kind, result.method, result.uri = "request", method, uri end
end

--- What a message is, at a glance.
---@param bytes string
---@return moonsip.Glance
function glance.at(bytes)
  local result = { kind = keepalive[bytes] or "other", size = #bytes, sdp = false }
  if result.kind ~= "other" then return result end
  local head_end = bytes:find("\r\n\r\n", 1, true) or #bytes + 1
  local head = bytes:sub(1, head_end - 1):gsub("\r?\n[ \t]+", " ")
  local values = {}
  read_start_line(head:match "^([^\r\n]*)", result)
  for name, value in head:gmatch "\n([^%s:]+)[ \t]*:[ \t]*([^\r\n]*)" do
    local key = wanted[name:lower()]
    if key and not values[key] then values[key] = value end
  end
  result.call_id = values.call_id
  local number, method = (values.cseq or ""):match "^(%d+)%s+(%S+)"
  result.cseq = math.tointeger(tonumber(number))
  if result.kind == "response" then result.method = method end
  result.sdp = (values.content_type or ""):lower():find("application/sdp", 1, true) ~= nil
    and head_end + 4 <= #bytes -- a body follows
  return result
end

--- True for a message that a filter names: every field given must fit.
---   method  with neither code nor class: requests of it; else responses to it
---   code, class ("2xx")
---@param seen moonsip.Glance
---@param filter { method: string?, code: integer?, class: string? }
---@return boolean
function glance.fits(seen, filter)
  if filter.code or filter.class then
    if seen.kind ~= "response" then return false end
    if filter.code and seen.code ~= filter.code then return false end
    local class = ("%dxx"):format(seen.code // 100)
    if filter.class and filter.class ~= class then return false end
  elseif filter.method and seen.kind ~= "request" then
    return false
  end
  return not filter.method or seen.method == filter.method
end

return glance
