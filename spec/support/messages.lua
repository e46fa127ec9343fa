-- SPDX-License-Identifier: MIT
--
-- Messages of a hand-made peer: each builder takes a table of what the test is
-- about and fills in the rest. Extra header lines go into `lines`.

local messages <const> = {}

local FLOWLESS <const> = "SIP/2.0/UDP 10.0.0.9:5060"

local function join(first, o, body)
  local lines <const> = { first }
  for _, via in ipairs(o.vias or { o.via or (FLOWLESS .. ";branch="
    .. (o.branch or "z9hG4bKpeer1")) }) do
    lines[#lines + 1] = "Via: " .. via
  end
  for _, line in ipairs {
    "Max-Forwards: " .. (o.max_forwards or 70),
    "From: " .. (o.from or ("<sip:peer@10.0.0.9>;tag=" .. (o.from_tag or "peertag"))),
    "To: " .. (o.to or "<sip:bob@10.0.0.1>") .. (o.to_tag and ";tag=" .. o.to_tag or ""),
    "Call-ID: " .. (o.call_id or "call-1@10.0.0.9"),
    ("CSeq: %d %s"):format(o.cseq or 1, o.cseq_method or o.method),
  } do
    lines[#lines + 1] = line
  end
  if o.contact ~= false then lines[#lines + 1] = "Contact: "
    .. (o.contact or "<sip:peer@10.0.0.9:5060>") end
  for _, line in ipairs(o.lines or {}) do lines[#lines + 1] = line end
  lines[#lines + 1] = "Content-Length: " .. #body
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

function messages.request(o)
  return join(("%s %s SIP/2.0"):format(o.method, o.uri or "sip:bob@10.0.0.1"), o,
    o.body or "")
end

-- A request of any method, e.g. messages.invite { branch = "z9hG4bKx" }.
setmetatable(messages, {
  __index = function(_, name)
    local method <const> = name:upper()
    return function(o)
      o = o or {}
      local copy <const> = { method = method }
      for key, value in pairs(o) do copy[key] = value end
      return messages.request(copy)
    end
  end,
})

local function all(text, name)
  local found <const> = {}
  for line in text:gmatch "[^\r\n]+" do
    local value = line:match("^" .. name .. ":%s*(.*)$")
    if value then found[#found + 1] = value end
  end
  return found
end

-- First value of a header in a message's text, nil when absent.
function messages.header(text, name)
  return all(text, name)[1]
end

messages.headers = all

-- "INVITE" or 200, the second result the CSeq method.
function messages.kind(text)
  local status <const> = text:match "^SIP/2.0 (%d+)"
  local method <const> = messages.header(text, "CSeq"):match "%a+"
  return status and math.tointeger(tonumber(status)) or text:match "^%S+", method
end

function messages.tag(text, name)
  return (messages.header(text, name) or ""):match ";tag=([^;%s]+)"
end

function messages.branch(text)
  return messages.header(text, "Via"):match ";branch=([^;%s]+)"
end

-- The peer's answer to a request that the engine sent.
function messages.answer(request, status, o)
  o = o or {}
  local lines <const> = { ("SIP/2.0 %d %s"):format(status, o.reason or "Reason") }
  for _, via in ipairs(o.vias or all(request, "Via")) do lines[#lines + 1] = "Via: "
    .. via end
  for _, route in ipairs(o.record_routes or {}) do lines[#lines + 1] = "Record-Route: "
    .. route end
  local tag <const> = o.to_tag or (status > 100 and "answertag")
  local to <const> = messages.header(request, "To")
  lines[#lines + 1] = "From: " .. messages.header(request, "From")
  lines[#lines + 1] = "To: " .. to .. ((tag and not to:find ";tag=") and ";tag="
    .. tag or "")
  lines[#lines + 1] = "Call-ID: " .. messages.header(request, "Call%-ID")
  lines[#lines + 1] = "CSeq: " .. (o.cseq or messages.header(request, "CSeq"))
  if o.contact ~= false then lines[#lines + 1] = "Contact: "
    .. (o.contact or "<sip:peer@10.0.0.9:5060>") end
  for _, line in ipairs(o.lines or {}) do lines[#lines + 1] = line end
  local body <const> = o.body or ""
  lines[#lines + 1] = "Content-Length: " .. #body
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

return messages
