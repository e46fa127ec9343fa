-- SPDX-License-Identifier: MIT
--
-- A phone made of bytes, over UDP or TCP: it registers, calls and is called, and talks to
-- whichever server it is told to, as one does whose first server is gone (RFC 3263 4.3).
-- With `inside` it is behind an address translation: the address that it names is one that
-- nobody reaches.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"
local raw <const> = require "spec.interop.support.raw"
local turn <const> = require "spec.interop.support.turn"

local phone <const> = {}

---@class Phone
---@field user string
---@field contact string
---@field heard string[]   messages that nobody has asked for yet
local Phone <const> = {}
Phone.__index = Phone

---@class PhoneDialog
local Dialog <const> = {}
Dialog.__index = Dialog

local serial = 0

local function token(prefix)
  serial = serial + 1
  return prefix .. serial
end

--- `lines`: header lines of each REGISTER.
---@param o { user: string, password: string?, domain: string, transport: "udp"|"tcp", server: string?, inside: string?, lines: string[]? }
---@return Phone
function phone.new(o)
  local peer = o.transport == "tcp" and raw.tcp(o.server) or raw.udp()
  local self = setmetatable({ peer = peer, user = o.user, password = o.password,
    domain = o.domain, transport = o.transport, lines = o.lines or {}, heard = {},
    call_id = token "reg-" .. o.user, place = o.inside or peer.address, cseq = 0 }, Phone)
  self.contact = ("<sip:%s@%s;transport=%s>"):format(o.user, self.place, o.transport)
  return self
end

--- The length of a body by whichever form its head says it in (RFC 3261 7.3.1, 7.3.3).
local function length_of(head)
  head = head:lower()
  return tonumber(head:match "\r\ncontent%-length[ \t]*:%s*(%d+)"
    or head:match "\r\nl[ \t]*:%s*(%d+)") or 0
end

--- Takes whole messages out of what came.
local function read(self)
  local peer = self.peer
  while true do
    local head = peer.received:match "^.-\r\n\r\n"
    local length = head and length_of(head) or 0
    if not head or #peer.received < #head + length then return end
    self.heard[#self.heard + 1] = peer.received:sub(1, #head + length)
    peer.received = peer.received:sub(#head + length + 1)
  end
end

--- Waits for a message that `fits`, and takes it.
local function take(self, what, fits)
  local found
  turn.until_true(("%s at the phone of %s"):format(what, self.user), function()
    read(self)
    for at, text in ipairs(self.heard) do
      if fits(text) then
        found = table.remove(self.heard, at)
        return true
      end
    end
  end, function() return table.concat(self.heard, "----\n") end)
  return found
end

local function send(self, lines, server)
  lines[#lines + 1] = "Content-Length: 0\r\n\r\n"
  self.peer:send(table.concat(lines, "\r\n"), server)
end

local function via(self, branch)
  return ("Via: SIP/2.0/%s %s;branch=%s;rport"):format(self.transport:upper(), self.place, branch)
end

--- The next request of a method.
---@return string
function Phone:request(method)
  return take(self, method, function(text) return text:find("^" .. method .. " ") end)
end

--- The final response to a request of ours.
local function final(self, cseq)
  return take(self, "final response to " .. cseq, function(text)
    return text:find "^SIP/2%.0 [2-6]" and text:find("\r\nCSeq: " .. cseq .. "\r\n", 1, true)
  end)
end

local function status(text) return math.tointeger(tonumber(text:match "^SIP/2%.0 (%d+)")) end

--- A request outside of dialogs; the final response, whole.
local function ask(self, server, o)
  self.cseq = self.cseq + 1
  local cseq = ("%d %s"):format(self.cseq, o.method)
  local lines = { ("%s %s SIP/2.0"):format(o.method, o.uri), via(self, token "z9hG4bKph"),
    "Max-Forwards: 70", ("From: <sip:%s@%s>;tag=%s"):format(self.user, self.domain, o.tag),
    "To: <" .. o.to .. ">", "Call-ID: " .. o.call_id, "CSeq: " .. cseq,
    "Contact: " .. self.contact }
  for _, line in ipairs(o.lines or {}) do lines[#lines + 1] = line end
  send(self, lines, server)
  return final(self, cseq), lines
end

--- The answer to a challenge of MD5 and qop=auth (RFC 7616 3.4).
local function credentials(self, challenge, method, uri)
  local realm, nonce = challenge:match 'realm="([^"]+)"', challenge:match 'nonce="([^"]+)"'
  self.count = nonce == self.nonce and self.count + 1 or 1
  self.nonce = nonce
  local nc = ("%08x"):format(self.count)
  local response = core.digest.response { algorithm = "MD5", username = self.user,
    realm = realm, password = self.password, nonce = nonce, nc = nc, cnonce = "c", qop = "auth",
    method = method, uri = uri }
  return ('Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", '
    .. 'response="%s", algorithm=MD5, qop=auth, nc=%s, cnonce="c"'):format(self.user, realm, nonce,
    uri, response, nc)
end

--- Registers with a server: its status, and how often it was challenged. A challenge that it
--- has from any server it answers at once.
---@param server string
---@return integer status
---@return integer challenges
function Phone:register(server)
  local uri, challenges = "sip:" .. self.domain, 0
  local o = { method = "REGISTER", uri = uri, to = ("sip:%s@%s"):format(self.user, self.domain),
              call_id = self.call_id, tag = "reg" }
  while true do
    o.lines = table.move(self.lines, 1, #self.lines, 2, { "Expires: 600" })
    if self.challenge then
      o.lines[#o.lines + 1] = credentials(self, self.challenge, "REGISTER", uri)
    end
    local answer = ask(self, server, o)
    if status(answer) ~= 401 or challenges == 2 then return status(answer), challenges end
    challenges = challenges + 1
    for _, one in ipairs(messages.headers(answer, "WWW%-Authenticate")) do
      if one:find "MD5" then self.challenge = one end
    end
  end
end

local function routes_of(text)
  return messages.headers(text, "Record%-Route")
end

local function reversed(list)
  local values = {}
  for value in table.concat(list, ","):gmatch "<[^>]*>" do table.insert(values, 1, value) end
  return values
end

local function target_of(text) return (messages.header(text, "Contact") or ""):match "<(.-)>" end

--- Begins a call; `call:answered()` waits for its answer.
function Phone:invite(server, user)
  local uri = ("sip:%s@%s"):format(user, self.domain)
  local self_tag, call_id = token "tag", token "call-" .. self.user
  self.cseq = self.cseq + 1
  local cseq = self.cseq .. " INVITE"
  local lines = { ("INVITE %s SIP/2.0"):format(uri), via(self, token "z9hG4bKph"),
    "Max-Forwards: 70", ("From: <sip:%s@%s>;tag=%s"):format(self.user, self.domain, self_tag),
    "To: <" .. uri .. ">", "Call-ID: " .. call_id, "CSeq: " .. cseq,
    "Contact: " .. self.contact }
  local cancel = { table.unpack(lines, 1, #lines - 1) }
  send(self, lines, server)
  return setmetatable({ phone = self, invite_cseq = cseq, call_id = call_id, cseq = self.cseq,
    cancel_lines = cancel }, Dialog)
end

--- Waits until it rings.
function Dialog:ringing()
  take(self.phone, "180", function(text) return text:find "^SIP/2%.0 180 " end)
end

--- Gives it up: the status of the CANCEL.
function Dialog:cancel(server)
  local lines, cseq = self.cancel_lines, self.invite_cseq:gsub("INVITE", "CANCEL")
  lines[1], lines[#lines] = lines[1]:gsub("^INVITE", "CANCEL"), "CSeq: " .. cseq
  send(self.phone, lines, server)
  return status(final(self.phone, cseq))
end

--- The answer: its status. A 2xx is acknowledged by way of `server`.
function Dialog:answered(server)
  local answer = final(self.phone, self.invite_cseq)
  if status(answer) >= 300 then return status(answer) end
  self.ours, self.theirs = messages.header(answer, "From"), messages.header(answer, "To")
  self.target, self.routes = target_of(answer), reversed(routes_of(answer))
  self:send("ACK", server, self.invite_cseq:match "%d+")
  return status(answer)
end

--- Answers a request: with 200 to an INVITE there is a dialog, which is returned.
---@param text string  the request
---@param code integer
---@return PhoneDialog
function Phone:answer(text, code, server)
  local lines = { ("SIP/2.0 %d Because"):format(code) }
  for _, name in ipairs { "Via", "Record%-Route" } do
    for _, value in ipairs(messages.headers(text, name)) do
      lines[#lines + 1] = name:gsub("%%", "") .. ": " .. value
    end
  end
  local to = messages.header(text, "To")
  if not to:find ";tag=" then to = to .. ";tag=" .. token "tag" end
  for _, name in ipairs { "From", "Call%-ID", "CSeq" } do
    lines[#lines + 1] = name:gsub("%%", "") .. ": " .. messages.header(text, name)
  end
  lines[#lines + 1] = "To: " .. to
  lines[#lines + 1] = "Contact: " .. self.contact
  send(self, lines, server)
  return setmetatable({ phone = self, ours = to, theirs = messages.header(text, "From"),
    call_id = messages.header(text, "Call%-ID"), cseq = 100, target = target_of(text),
    routes = reversed(reversed(routes_of(text))) }, Dialog)
end

--- A request inside the dialog, by way of a server.
---@param cseq string|integer|nil  of an ACK
function Dialog:send(method, server, cseq)
  if not cseq then
    self.cseq = self.cseq + 1
    cseq = self.cseq
  end
  local lines = { ("%s %s SIP/2.0"):format(method, self.target), via(self.phone, token "z9hG4bKph"),
    "Max-Forwards: 70", "From: " .. self.ours, "To: " .. self.theirs, "Call-ID: " .. self.call_id,
    ("CSeq: %s %s"):format(cseq, method), "Contact: " .. self.phone.contact }
  for _, route in ipairs(self.routes) do lines[#lines + 1] = "Route: " .. route end
  send(self.phone, lines, server)
  return ("%s %s"):format(cseq, method)
end

--- Such a request, and its final status; `other`, at the far end, gets it and answers 200 by
--- way of where it came from.
---@param other Phone
function Dialog:ask(method, server, other)
  local cseq = self:send(method, server)
  local came = other:request(method)
  local top = messages.header(came, "Via")
  local host = top:match "SIP/2%.0/%u+ ([^;]+)"
  other:answer(came, 200, host)
  local answer = final(self.phone, cseq)
  if method == "INVITE" then
    self:send("ACK", server, cseq:match "%d+")
    other:request "ACK"
  end
  return status(answer)
end

function Phone:close() self.peer:close() end
Phone.__close = Phone.close

return phone
