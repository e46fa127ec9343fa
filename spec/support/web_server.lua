-- SPDX-License-Identifier: MIT
--
-- A server of WebSockets on the test network, for one connection after the other:
--
--   web_server.serve(peer, { protocol =, on_message = function(one, kind, bytes) ... end })

local core <const> = require "moonsip.core"
local json <const> = require "moonsip.web.json"

local web_server <const> = {}

local Server <const> = {}
Server.__index = Server

--- A message, or a control frame.
function Server:send(kind, bytes) self.peer:send(self.socket:frame(kind, bytes)) end

--- An object as JSON.
function Server:say(object) self:send("text", json.encode("spec", object)) end

--- All that came of an event, or of a type of messages.
function Server:of_event(name)
  local found <const> = {}
  for _, one in ipairs(self.objects) do
    if one.event == name or one.type == name then found[#found + 1] = one end
  end
  return found
end

local take <const> = {}

function take.asked(self, head)
  self.head = head
  if self.wish.answer then return self.peer:send(self.wish.answer) end
  local bytes <const> = assert(self.socket:accept(head, self.wish.protocol))
  self.peer:send(bytes)
  if self.wish.on_open then self.wish.on_open(self) end
end

function take.text(self, text)
  local object <const> = assert(json.decode("spec", text))
  self.objects[#self.objects + 1] = object
end

function take.binary(self, bytes) self.pieces[#self.pieces + 1] = bytes end

function take.close(self, code)
  self.closed = code
  if not self.has_closed then self:send("close", "") end
end

local function on_data(self, bytes)
  self.socket:feed(bytes)
  local kind, value, code = self.socket:next()
  while kind do
    assert(kind ~= "broken", value)
    if take[kind] then take[kind](self, value, code) end
    if self.wish.on_message and (kind == "text" or kind == "binary") then
      self.wish.on_message(self, kind, value)
    end
    kind, value, code = self.socket:next()
  end
end

---@param peer moonsip.test.Peer
---@param wish { protocol: string?, answer: string?, on_open: function?, on_message: function? }?
function web_server.serve(peer, wish)
  local self <const> = setmetatable({ peer = peer, wish = wish or {}, objects = {}, pieces = {},
    socket = core.websocket { is_server = true, max = 1 << 20 } }, Server)
  peer.on_data = function(_, bytes) on_data(self, bytes) end
  return self
end

return web_server
