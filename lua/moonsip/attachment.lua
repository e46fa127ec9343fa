-- SPDX-License-Identifier: MIT
-- Another program at the end of an audio stream: a server that speaks one of the framings
-- (framing/). What is heard goes to it as it comes; what it sends is said. Nothing grows: a
-- server that reads slowly leaves the audio in the stream's buffer, and one that sends faster
-- than people speak is not read while that buffer is full.

local attached_speech = require "moonsip.attached_speech"
local errors = require "moonsip.errors"
local settings = require "moonsip.attachment_settings"

---@class moonsip.Attachment
---@field stream moonsip.AudioStream
---@field uuid string
---@field private driver moonsip.Driver
---@field private framing moonsip.Framing
---@field private id integer?        of the connection
---@field private unsent string      bytes that the system did not take
---@field private speech moonsip.AttachedSpeech  what the server has said
---@field private heard_at integer   when the server sent something last
local Attachment = {}
Attachment.__index = Attachment

local attachment = {}

-- Bytes that the system keeps for a server that does not read: two seconds at 8 kHz.
local send_buffer <const> = 32768

-- Samples that are taken from the stream at once, in frames.
local frames_at_once <const> = 50

-- After our last frame, until the server closes too.
local linger_ms <const> = 2000

-- Bytes that may wait for a server that asks for answers and reads none of them.
local max_unsent <const> = 262144

-- ---- the end

local function context_of(self) return self.call.agent.context end

--- One timer of a name at most: `fn()` in `ms`.
local function start_timer(self, name, ms, fn)
  self.timers[name] = context_of(self):start_timer(ms, { expire = function()
    self.timers[name] = nil
    fn(self)
  end })
end

local function stop_timer(self, name)
  local id = self.timers[name]
  self.timers[name] = nil
  if id then context_of(self).wheel:stop(id) end
end

local function close(self)
  if self.id then self.driver:channel_close(self.id) end
  self.id = nil
  for _, name in ipairs { "stall", "idle", "linger" } do stop_timer(self, name) end
end

--- Says good-bye and closes when the server has, or does not.
local function leave(self)
  if not self.id then return close(self) end
  self.is_leaving = true
  if self.unsent == "" then
    self.driver:channel_write(self.id, self.framing:bye())
    if self.is_held then self.driver:channel_hold(self.id, false) end
    self.driver:channel_finish(self.id)
  end
  stop_timer(self, "idle")
  start_timer(self, "linger", linger_ms, close)
end

--- The stream has ended, whoever ended it.
---@package
function Attachment:stream_ended()
  if not self.is_gone then leave(self) end
end

--- The connection is of no use any more: the stream ends with it.
local function fail(self, err)
  self.is_gone = true
  if self.id and err.close_code then
    self.driver:channel_write(self.id, self.framing:bye(err))
  end
  close(self)
  if not self.stream then return self.one:resolve(nil, err) end
  self.call:note("stream: %s", err.reason)
  self.stream:fail(err)
end

--- The server sends no more: what it sent is said first. `err`: why it was no good end.
local function finish(self, err)
  self.is_finishing = true
  self.stream.err = err
  if self.speech:is_given() then self.stream:finish() end
end

-- ---- from the server

local take, opened, send = {}, nil, nil

function take.ready(self) opened(self) end
function take.hangup(self) finish(self) end
function take.failed(self, err) fail(self, err) end
function take.ignored() end

function take.digit(self, digit)
  if digit:find "[%d%*#A-Da-d]" then self.call:dtmf(digit, function() end) end
end

local function hold(self, is_held)
  self.is_held = is_held
  self.driver:channel_hold(self.id, is_held)
end

function take.audio(self, samples)
  self.speech:add(samples)
  if self.speech.bytes > self.wish.ahead and not self.is_held then hold(self, true) end
end

function take.mark(self, name)
  local done, err = self.speech:mark(name)
  if not done then fail(self, err) end
end

function take.clear(self) self.stream:clear() end
function take.clear_marks(self) self.speech:clear_marks() end

--- What waits for the connection has these bytes behind it.
local function answer(self, bytes)
  if bytes == "" or not self.id or self.is_leaving then return end
  if self.unsent == "" then return send(self, bytes) end
  if #self.unsent + #bytes > max_unsent then
    return fail(self, errors.new("limit", "the server asks and does not read the answers"))
  end
  self.unsent = self.unsent .. bytes
end

take.reply = answer

local function read_all(self)
  local framing = self.framing
  while self.id and not self.is_finishing and not self.is_held do
    local kind, value = framing:next()
    if not kind then
      if value then fail(self, value) end
      return
    end
    take[kind](self, value)
  end
end

--- Reads the server again when little enough waits.
local function go_on(self)
  if not self.id or not self.is_held or self.speech.bytes > self.wish.ahead // 2 then return end
  self.is_held = false
  read_all(self) -- what is here first: only then is there room for more
  if self.id and not self.is_held then hold(self, false) end
end

--- There is room in the stream again.
---@package
function Attachment:writable()
  self.speech:give()
  if self.is_finishing then
    if self.speech:is_given() then self.stream:finish() end
    return
  end
  go_on(self)
end

--- What was not said yet is dropped.
---@package
function Attachment:cleared()
  self.speech:clear()
  go_on(self)
end

-- ---- to the server

local function silent(self, what)
  return errors.new("timeout",
    ("the server %s nothing for %g s"):format(what, self.wish.patience / 1000))
end

local function stalled(self)
  fail(self, silent(self, "read"))
end

--- Sends what it can of `bytes`; the rest waits for "writable".
function send(self, bytes)
  local taken, err = self.driver:channel_write(self.id, bytes)
  if not taken then return fail(self, err) end
  self.unsent = bytes:sub(taken + 1)
  if self.unsent == "" or self.timers.stall or not self.wish.patience then return end
  start_timer(self, "stall", self.wish.patience, stalled)
end

--- It is to be told what happens: it is connected, and neither of us is on the way out.
local function listens(self)
  return self.id and not self.is_leaving and not self.is_finishing
end

--- Sends what is heard.
---@package
function Attachment:readable()
  local size <const> = self.wish.frame
  while listens(self) and self.unsent == "" do
    local samples = self.stream:take(size * frames_at_once)
    if not samples or samples == "" then return end
    send(self, self.framing:audio(samples))
  end
end

--- A digit was pressed.
---@package
function Attachment:digit(digit)
  if self.wish.digits and listens(self) then answer(self, self.framing:digit(digit)) end
end

-- ---- what the connection tells

local on = {}

function on.data(self, bytes)
  if self.is_leaving then return end
  self.heard_at = context_of(self):now()
  self.framing:feed(bytes)
  read_all(self)
end

function on.writable(self)
  stop_timer(self, "stall")
  local bytes = self.unsent
  self.unsent = ""
  if bytes ~= "" then send(self, bytes) end
  if not self.id or self.unsent ~= "" then return end
  if self.is_leaving then
    self.driver:channel_write(self.id, self.framing:bye())
    return self.driver:channel_finish(self.id)
  end
  if self.stream then self:readable() end
end

on["end"] = function(self)
  if self.is_leaving then return close(self) end
  if not self.stream then return fail(self, self.framing:cut()) end
  finish(self, self.framing:cut())
end

function on.failed(self, err)
  self.id = nil
  if self.is_leaving then return end
  if err.name == "ETIMEDOUT" then err = silent(self, "acknowledged") end
  fail(self, err)
end

--- A server that has to speak is given up when it is silent for too long.
local function watch(self)
  local now = context_of(self):now()
  if self.is_held then self.heard_at = now end -- one that we do not read is not silent
  local left = self.heard_at + self.wish.idle - now
  if left > 0 then return start_timer(self, "idle", left, watch) end
  if self.is_finishing then return end
  fail(self, errors.new("timeout",
    ("the server sent nothing for %g s"):format(self.wish.idle / 1000)))
end

-- ---- opening

--- The server is there: so is the stream.
function opened(self)
  local one = self.one
  local stream, err = self.open_stream(self)
  if not stream then
    close(self)
    return one:resolve(nil, err)
  end
  self.stream, stream.uuid = stream, self.wish.uuid
  self.speech = attached_speech.new(stream, function(name, was_cleared)
    answer(self, self.framing:reached(name, was_cleared))
  end)
  self.heard_at = context_of(self):now()
  self.call:note("stream to %s:%d, %s", self.wish.host, self.wish.port, self.wish.uuid)
  if self.wish.idle then watch(self) end
  send(self, self.framing:begun())
  one:resolve(stream)
end

local connect

local is_of_tls <const> = { TLS = true, CERTIFICATE = true }

local function told(self, kind, value)
  if self.is_connected then
    if on[kind] then on[kind](self, value) end
  elseif kind == "open" then
    self.is_connected = true
    if self.framing.is_ready then return opened(self) end
    send(self, self.framing:hello())
  elseif kind == "failed" then
    -- a server that is there and cannot be trusted says more than an address without one
    local says_more = self.err and is_of_tls[self.err.name]
    self.id, self.err = nil, says_more and self.err or value
    connect(self)
  end
end

--- Tries the next address.
function connect(self)
  local wish, tasks = self.wish, context_of(self).tasks
  local ip = table.remove(self.addresses, 1)
  if not ip then return self.one:resolve(nil, self.err) end
  local id, err = self.driver:connect(ip, wish.port,
    { patience_ms = wish.patience, send_buffer = send_buffer, tls = wish.tls, name = wish.name },
    function(kind, value) tasks:enter(told, self, kind, value) end)
  if id then
    self.id = id
  else
    self.err = err
    connect(self)
  end
end

local function is_ip(host)
  return host:find "^%d+%.%d+%.%d+%.%d+$" ~= nil or host:find(":", 1, true) ~= nil
end

--- Connects to a server; `one` gets the stream.
---@param one moonsip.Wait
---@param call moonsip.Call
---@param wish table  of attachment_settings.read
---@param open_stream fun(self: moonsip.Attachment): moonsip.AudioStream?, moonsip.Error?
function attachment.start(one, call, wish, open_stream)
  local context = call.agent.context
  local self = setmetatable({
    one = one, call = call, wish = wish, driver = context.driver, open_stream = open_stream,
    framing = settings.framing(wish, call), unsent = "", timers = {},
  }, Attachment)
  if wish.secure then
    local err
    wish.tls, err = settings.load_tls(context, wish.secure)
    if err then return one:resolve(nil, err) end
  end
  call:keep_wait(one)
  one.undo = function() close(self) end
  if wish.timeout then
    one:expire_in(wish.timeout, errors.new("timeout",
      ("%s:%d did not answer within %g s"):format(wish.host, wish.port, wish.timeout / 1000)))
  end
  if is_ip(wish.host) then
    self.addresses = { wish.host }
    return connect(self)
  end
  context.driver:resolve(wish.host, function(addresses, err)
    context.tasks:enter(function()
      if one.resolved then return end
      if not addresses then return one:resolve(nil, err) end
      self.addresses = addresses
      connect(self)
    end)
  end)
end

return attachment
