-- SPDX-License-Identifier: MIT
-- Messages that were on the wire, as records and as text.
--
-- A record is what a driver's tap and the test network make of each message; the
-- ladder draws the same records. The text is safe to print: control bytes are
-- escaped and what proves an identity or opens a media stream is masked.

local trace = {}

---@class moonsip.Record
---@field at integer         instant, ms on the clock of the driver
---@field direction "in"|"out"|nil  as our side saw it; nil when both ends are ours
---@field transport string   "udp"
---@field from string        "192.0.2.1:5060"
---@field to string
---@field bytes string
---@field lost string?       why it never arrived (test network only)

--- "192.0.2.1:5060", or "[2001:db8::1]:5060".
---@param ip string
---@param port integer
function trace.address(ip, port)
  return (ip:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(ip, port)
end

--- The record of a message on a flow, as core.engine's history makes them too.
---@param at integer
---@param direction "in"|"out"
---@param bytes string
---@param flow table  core.flow
---@return moonsip.Record
function trace.record(at, direction, bytes, flow)
  local own, peer = flow.local_address, flow.remote_address
  local inward = direction == "in"
  return { at = at, direction = direction, transport = flow.transport,
           from = inward and peer or own, to = inward and own or peer, bytes = bytes }
end

-- Parameters that prove who sent them (RFC 3261 25.1), wherever they stand: a
-- message too broken to have headers must not give them away either.
local secret <const> = { response = true, rspauth = true, password = true }
local mask_text <const> = "***"

local function caseless(word)
  return (word:gsub("%a", function(letter)
    return ("[%s%s]"):format(letter:upper(), letter:lower())
  end))
end

-- One token after the scheme is the secret itself ("Basic ...", "Bearer ...").
local bearer <const> = "(" .. caseless "authorization" ..
  "%s*:%s*[%w%-]+%s+)[%w%-%._~%+/]+=*(%s*[\r\n])"

-- "sip:user:password@".
local uri_password <const> = "(" .. caseless "sip" .. "[sS]?:[^%s:@<>\"]+:)[^%s@<>\"]+@"

local function mask_parameter(name, equals, value)
  if not secret[name:lower()] then return nil end
  local quote = value:sub(1, 1) == '"' and '"' or ""
  return name .. equals .. quote .. mask_text .. quote
end

--- A message without its secrets: proofs in credentials, passwords in SIP URIs,
--- key material of SDP (RFC 4568 inline keys).
---@param bytes string
---@return string
function trace.mask(bytes)
  local head_end = bytes:find("\r\n\r\n", 1, true)
  head_end = head_end and head_end + 3 or #bytes
  local head, body = bytes:sub(1, head_end), bytes:sub(head_end + 1)
  head = head:gsub('([%w%-]+)(%s*=%s*)("[^"]*"?)', mask_parameter)
  head = head:gsub('([%w%-]+)(%s*=%s*)([^%s",;]+)', mask_parameter)
  head = head:gsub(bearer, "%1" .. mask_text .. "%2")
  head = head:gsub(uri_password, "%1" .. mask_text .. "@")
  body = body:gsub("(a=crypto:%d+ %S+ inline:)[^%s|]+", "%1" .. mask_text)
  return head .. body
end

-- Characters that move the cursor or turn the writing direction around.
local function is_hostile(code)
  return code < 0x20 or code >= 0x7f and code < 0xa0 or code == 0xad
    or code >= 0x200b and code <= 0x200f or code >= 0x2028 and code <= 0x202e
    or code >= 0x2060 and code <= 0x206f or code == 0xfeff
end

local function escape_byte(byte)
  return ("\\x%02x"):format(byte:byte())
end

--- A line with everything escaped that could fool who reads it.
---@param line string
function trace.escape(line)
  if not line:find "[^ -~\t]" then return line end
  if not utf8.len(line) then return (line:gsub("[^ -~\t]", escape_byte)) end
  return (line:gsub(utf8.charpattern, function(char)
    if char ~= "\t" and is_hostile(utf8.codepoint(char)) then
      return (char:gsub(".", escape_byte))
    end
  end))
end

-- How the end of a line is shown; only CRLF, or the end of the bytes, is right.
local line_mark <const> = { ["\r\n"] = "", [""] = "", ["\r"] = "\\r", ["\n"] = "\\n" }

--- The lines of a message, each escaped; a CR or LF alone ends a line visibly.
---@param bytes string
---@return string[]
function trace.lines(bytes)
  local lines, at = {}, 1
  while at <= #bytes do
    local ends = bytes:find("[\r\n]", at) or #bytes + 1
    local feed = bytes:match("^\r?\n?", ends)
    lines[#lines + 1] = trace.escape(bytes:sub(at, ends - 1)) .. line_mark[feed]
    at = ends + math.max(#feed, 1)
  end
  return lines
end

--- Seconds with three decimals of an instant.
---@param at integer  ms
function trace.time(at)
  return ("%d.%03d"):format(at // 1000, at % 1000)
end

local arrow_of <const> = { ["in"] = "<-  ", out = "->  " }

--- The record as text, a heading and the message indented beneath it:
---
---   12.034  <-  udp 192.0.2.1:5060 -> 192.0.2.2:5060  478 bytes
---@param record moonsip.Record
---@param since integer?  the instant that counts as 0
---@return string
function trace.text(record, since)
  local arrow = arrow_of[record.direction] or ""
  local lines = trace.lines(trace.mask(record.bytes))
  table.insert(lines, 1, ("%s  %s%s %s -> %s  %d bytes%s"):format(
    trace.time(record.at - (since or 0)), arrow, record.transport, record.from, record.to,
    #record.bytes, record.lost and (" (%s)"):format(record.lost) or ""))
  return table.concat(lines, "\n    ") .. "\n"
end

return trace
