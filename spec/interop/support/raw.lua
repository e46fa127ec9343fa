-- SPDX-License-Identifier: MIT
--
-- A peer made of bytes: sockets that send what they are told, whatever it is.

local place <const> = require "spec.interop.support.place"
local turn <const> = require "spec.interop.support.turn"
local uv <const> = require "luv"

local raw <const> = {}

local function split(address)
  local ip, port = address:match "^(.*):(%d+)$"
  return ip, tonumber(port)
end

local count = 0

--- A request as text, right unless told otherwise.
---@param method string
---@param o { user: string?, to: string, from: string, transport: string, call: string?, cseq: integer?, branch: string?, to_tag: string?, headers: string?, body: string? }
---@return string
function raw.request(method, o)
  count = count + 1
  local body = o.body or ""
  return table.concat({
    ("%s sip:%s@%s SIP/2.0"):format(method, o.user or "bob", o.to),
    ("Via: SIP/2.0/%s %s;branch=%s"):format(o.transport:upper(), o.from,
      o.branch or "z9hG4bKraw" .. count),
    "Max-Forwards: 70",
    ("From: <sip:raw@%s>;tag=raw"):format(o.from),
    ("To: <sip:%s@%s>%s"):format(o.user or "bob", o.to, o.to_tag and ";tag=" .. o.to_tag or ""),
    ("Call-ID: %s@%s"):format(o.call or "raw-" .. count, o.from),
    ("CSeq: %d %s"):format(o.cseq or count, method),
    ("Contact: <sip:raw@%s;transport=%s>"):format(o.from, o.transport),
    (o.headers or "") .. ("Content-Length: %d"):format(#body),
    "", body }, "\r\n")
end

local Peer <const> = {}
Peer.__index = Peer

--- Waits until what came has a pattern; takes everything up to its end.
---@param pattern string
---@return string taken
function Peer:expect(pattern)
  local last
  turn.until_true(("%q at a raw peer"):format(pattern), function()
    last = select(2, self.received:find(pattern))
    return last
  end, function() return self.received end)
  local taken = self.received:sub(1, last)
  self.received = self.received:sub(last + 1)
  return taken
end

--- Sends a request, and waits for its final response, which is returned whole.
---@return string
function Peer:ask(to, method, o)
  o = o or {}
  o.to, o.from, o.transport = to, self.address, self.transport
  self:send(raw.request(method, o), to)
  return self:response(method)
end

--- The next final response to a method, whole.
---@param method string
---@return string
function Peer:response(method)
  local found
  turn.until_true("final response to " .. method, function()
    for response in (self.received):gmatch "SIP/2%.0 [2-6].-\r\n\r\n" do
      if response:find("CSeq: %d+ " .. method .. "\r\n") then found = response end
    end
    return found
  end, function() return self.received end)
  local length = tonumber(found:match "Content%-Length: (%d+)") or 0
  local at = select(2, self.received:find(found, 1, true))
  turn.until_true("body of the response", function() return #self.received >= at + length end)
  found = found .. self.received:sub(at + 1, at + length)
  self.received = self.received:sub(at + length + 1)
  return found
end

--- Ends a connection without a farewell: the other side gets a reset.
function Peer:reset()
  if not self.socket:is_closing() then self.socket:close_reset() end
  uv.run "nowait"
end

function Peer:close()
  if not self.socket:is_closing() then self.socket:close() end
  uv.run "nowait"
end

Peer.__close = Peer.close

--- A UDP socket of its own.
function raw.udp()
  local self = setmetatable({ transport = "udp", address = place.address(), received = "",
                              socket = uv.new_udp() }, Peer)
  assert(self.socket:bind(split(self.address)))
  self.socket:recv_start(function(_, data)
    if data then self.received = self.received .. data end
  end)
  function self.send(_, bytes, to)
    local ip, port = split(to)
    assert(self.socket:try_send(bytes, ip, port))
  end
  return self
end

--- A TCP connection to an address. `is_closed` once the other side closed or reset it.
---@param to string
---@param options { reads: boolean? }?  reads = false: what comes is left in the socket
function raw.tcp(to, options)
  local self = setmetatable({ transport = "tcp", address = place.address(), received = "",
                              socket = uv.new_tcp(), is_closed = false, unsent = 0 }, Peer)
  assert(self.socket:bind(split(self.address)))
  local is_connected
  local ip, port = split(to)
  self.socket:connect(ip, port, function(err)
    assert(not err, err)
    is_connected = true
  end)
  turn.until_true("connection to " .. to, function() return is_connected end)
  self.socket:nodelay(true)
  if not options or options.reads ~= false then
    self.socket:read_start(function(_, data)
      if data then self.received = self.received .. data else self.is_closed = true end
    end)
  end
  function self.send(_, bytes)
    self.unsent = self.unsent + 1
    self.socket:write(bytes, function(err)
      self.unsent = self.unsent - 1
      if err then self.is_closed = true end
    end)
  end
  return self
end

return raw
