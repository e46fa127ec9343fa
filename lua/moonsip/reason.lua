-- SPDX-License-Identifier: MIT
-- Why a request was sent (RFC 3326), and what the causes of telephony are as statuses and
-- back (RFC 3398 7.2.4.1 and 8.2.6.1).

local misuse = require "moonsip.misuse"

local reason = {}

-- RFC 3398 7.2.4.1: statuses of Q.850 causes; 31 and others become 480 and 500.
local status_of_cause <const> = {
  [1] = 404, [2] = 404, [3] = 404, [16] = 487, [17] = 486, [18] = 408, [19] = 480,
  [20] = 480, [21] = 403, [22] = 410, [23] = 410, [26] = 404, [27] = 502, [28] = 484,
  [29] = 501, [31] = 480, [34] = 503, [38] = 503, [41] = 503, [42] = 503, [47] = 503,
  [55] = 403, [57] = 403, [58] = 503, [65] = 488, [70] = 488, [79] = 501, [87] = 403,
  [88] = 503, [102] = 504, [111] = 500, [127] = 500,
}

-- RFC 3398 8.2.6.1: causes of statuses.
local cause_of_status <const> = {
  [400] = 41, [401] = 21, [402] = 21, [403] = 21, [404] = 1, [405] = 63, [406] = 79,
  [407] = 21, [408] = 102, [410] = 22, [413] = 127, [414] = 127, [415] = 79, [416] = 127,
  [420] = 127, [421] = 127, [423] = 127, [480] = 18, [481] = 41, [482] = 25, [483] = 25,
  [484] = 28, [485] = 1, [486] = 17, [487] = 16, [488] = 65, [500] = 41, [501] = 79,
  [502] = 38, [503] = 41, [504] = 102, [505] = 127, [513] = 127, [600] = 17, [603] = 21,
  [604] = 1, [606] = 65,
}

--- The status of a Q.850 cause.
---@return integer
function reason.status(cause)
  misuse.integer("sip.status", "cause", cause, 1, 127)
  return status_of_cause[cause] or 500
end

--- The Q.850 cause of a status of 300 and up.
---@return integer
function reason.cause(status)
  misuse.integer("sip.cause", "status", status, 300, 699)
  return cause_of_status[status] or 31
end

--- A value of Reason.
---@return string
function reason.value(protocol, cause, text)
  misuse.text("sip.reason", "protocol", protocol)
  if not protocol:find "^[%w%-%.!%%%*_%+`'~]+$" then
    misuse.argument("sip.reason", "protocol", "token expected")
  end
  local value = protocol
  if cause ~= nil then
    local least, most = 0, 999
    if protocol:lower() == "q.850" then least, most = 1, 127 end
    value = value .. ";cause=" .. misuse.integer("sip.reason", "cause", cause, least, most)
  end
  if text ~= nil then
    misuse.text("sip.reason", "text", text)
    value = ('%s;text="%s"'):format(value, (text:gsub('[\\"]', "\\%0")))
  end
  return value
end

return reason
