-- SPDX-License-Identifier: MIT
-- The sound of one call: its session in core.media from our first description to the end,
-- and the verbs that run in it.

local codecs = require "moonsip.codecs"
local errors = require "moonsip.errors"
local media = require "moonsip.media"
local place = require "moonsip.place"
local prompt = require "moonsip.prompt"

---@class moonsip.Sound
---@field call moonsip.Call
---@field hub moonsip.MediaHub
---@field settings moonsip.MediaSettings
---@field id integer            of the session in core.media
---@field port integer          of RTP
---@field address string        that our descriptions say
---@field running boolean       offer and answer have said who sends what
---@field private verbs table<integer, { one: moonsip.Wait, finish: function }>
---@field private line table[]  speaking verbs whose prompts are being fetched, in order
---@field private stats table?  the last ones, when it is closed
local Sound = {}
Sound.__index = Sound

local sound = {}

--- Opens it; `peer` is an address that it should lead to.
---@param call moonsip.Call
---@param peer string?
---@return moonsip.Sound?
---@return moonsip.Error? err
function sound.open(call, peer)
  local agent = call.agent
  local settings = agent.media
  local hub, err = media.of(agent.context, settings)
  if not hub then return nil, err end
  local bound = settings.address or place.bound(call, peer) or place.bound(call)
  if not bound then
    return nil, errors.new("media", "no address of ours leads to the other side", { code = 488 })
  end
  local id, port = hub.core:open(bound)
  if not id then return nil, port end
  local self = setmetatable({
    call = call, hub = hub, settings = settings, id = id, port = port, running = false,
    address = settings.advertise or place.said(call, bound), verbs = {}, line = {},
  }, Sound)
  hub:register(id, self)
  return self
end

--- The medium that our offers and answers make of it (core.sdp_offer).
---@param wanted moonsip.Codec[]|false  that the script wants in this call
---@param holding boolean
---@param is_answer boolean
function Sound:medium(wanted, holding, is_answer)
  local settings = self.settings
  local offered, accepted = codecs.spoken()
  local chosen = wanted or settings.codecs or is_answer and accepted or offered
  local list = codecs.with_auxiliary(chosen, settings.hears.rfc4733, settings.comfort_noise)
  return {
    port = self.port, codecs = list, direction = holding and "sendonly" or "sendrecv",
    ptime = settings.ptime ~= 20 and settings.ptime or nil, rtcp_mux = is_answer,
  }
end

local function is_ip(address)
  return address:find "^%d+%.%d+%.%d+%.%d+$" ~= nil or address:find(":", 1, true) ~= nil
end

local function set(self, stream, ip)
  local settings = self.settings
  local ok, err = self.hub.core:apply(self.id, {
    remote_ip = ip, remote_port = ip and stream.port,
    remote_rtcp_port = ip and not stream.rtcp_mux and stream.rtcp.port or nil,
    rtcp_mux = stream.rtcp_mux, send = stream.sends, receive = stream.receives,
    codecs = stream.codecs, ptime = stream.ptime or settings.ptime,
    events = stream.events, comfort_noise = stream.comfort_noise,
    inband = not stream.events and settings.hears.inband or false,
    latch = settings.latch, inactivity = settings.inactivity_ms, jitter = settings.jitter,
  })
  self.running = ok == true
  if not ok then return self.call:note("no audio: %s", err.reason) end
  local text = ("%s, %s"):format(stream.codec.name, stream.direction)
  if text ~= self.described then self.call:note("audio: %s", text) end
  self.described = text
end

--- Silences it: the medium was refused, or is not used any more.
local function unset(self)
  if not self.applied then return end
  local stream = {}
  for name, value in pairs(self.applied) do stream[name] = value end
  stream.sends, stream.receives = false, false
  set(self, stream, self.ip)
  self.running = false
end

--- Puts in force what offer and answer came to.
---@param stream moonsip.Media?
function Sound:apply(stream)
  if self.closed then return end
  if not stream then return unset(self) end
  self.applied = stream
  local address = stream.address
  if is_ip(address) then
    self.ip = not place.is_any(address) and address or nil
    return set(self, stream, self.ip)
  end
  -- A name (RFC 8866 5.7): until it is known nothing is sent but to whom is heard.
  self.ip = nil
  set(self, stream, nil)
  local context = self.call.agent.context
  context.driver:resolve(address, function(addresses)
    context.tasks:enter(function()
      if self.applied ~= stream or self.closed or not addresses then return end
      self.ip = addresses[1]
      set(self, stream, self.ip)
    end)
  end)
end

--- What clips are to be ready as: the wire's encoding, and samples at the codec's rate.
---@return (string|integer)[]
function Sound:wanted()
  local codec = self.applied and self.applied.codec
  if not codec then return { "PCMU", 8000 } end
  return { codec.name, codecs.sample_rate(codec) }
end

-- ---- verbs

local function stopped()
  return errors.new("cancelled", "it was stopped", { by = "local" })
end

sound.stopped = stopped

--- Why no verb can run now; nil when one can.
---@return moonsip.Error?
function Sound:trouble()
  if self.closed then
    return self.call.why or errors.new("gone", "the call has no sound any more")
  end
  if self.running then return nil end
  return errors.new("media", "the call has no audio: it is not answered, or none was agreed on")
end

--- Runs a verb of core.media for a wait: `finish(one, why, info)` when it has ended.
---@param one moonsip.Wait
---@param method string  "play"
---@param options table  of core.media
---@param finish fun(one: moonsip.Wait, why: string, info: table)
---@return integer? number
function Sound:run(one, method, options, finish)
  if one.resolved then return end
  local hub = self.hub.core
  -- What it finds wrong in the options (a tone's text, say) is the script's to hear.
  local ok, number, err = pcall(hub[method], hub, self.id, options)
  if not ok then
    one:resolve(nil, errors.new("invalid", (tostring(number):gsub("^[^:]*:%d+: ", ""))))
    return nil
  elseif not number then
    one:resolve(nil, err)
    return nil
  end
  self.verbs[number] = { one = one, finish = finish }
  one.undo = function() self:stop(number) end
  return number
end

--- Ends one, or all that speak.
---@param number integer?
function Sound:stop(number)
  if not self.closed then self.hub.core:stop(self.id, number) end
end

--- A place in the line of speaking verbs: they begin in the order in which they were
--- called, however long their prompts take to be fetched.
---@param one moonsip.Wait
---@return fun(fn: function) ready  to be called once: `fn()` when its turn has come
function Sound:queue(one)
  local line = self.line
  local entry = { one = one, fn = false }
  table.insert(line, entry)
  return function(fn)
    entry.fn = fn
    while line[1] and line[1].fn do table.remove(line, 1).fn() end
  end
end

--- Ends all verbs that speak, those too whose prompts are not there yet.
function Sound:stop_all()
  for _, entry in ipairs({ table.unpack(self.line) }) do entry.one:cancel(stopped()) end
  self:stop()
end

--- What is heard when nothing else is: music, a ringing tone. None takes it away.
---@param items table[]  of prompt.items
---@param fn fun(): boolean?  false: it is too late for it
function Sound:play_beside(items, fn)
  if self.closed then return end
  if #items == 0 then return self.hub.core:background(self.id, nil) end
  prompt.fetch(self, items, function(program, err)
    if err then return self.call:note("not played: %s", err.reason) end
    if not self.closed and (not fn or fn()) then self.hub.core:background(self.id, program) end
  end)
end

-- ---- what core.media tells

local on = {}

on["end"] = function(self, number, why, info)
  local verb = self.verbs[number]
  self.verbs[number] = nil
  if verb then verb.finish(verb.one, why, info or {}) end
end

function on.digit(self, digit, how)
  self.call:note("digit %s", digit)
  for _, one in pairs(self.verbs) do
    if one.owner then one.owner:digit(digit) end -- a stream's
  end
  self.call:fire("dtmf", digit, self.call, { how = how == "event" and "rfc4733" or how })
end

function on.inactivity(self)
  self.call:fail(errors.new("media",
    ("no RTP came for %g s"):format(self.settings.inactivity_ms / 1000),
    { by = "local", code = 408 }))
end

function on.latched(self, ip, port)
  self.latched = { ip = ip, port = port }
end

--- What streams hear of, each by a method of who opened it.
local of_stream <const> = { frames = "readable", xon = "writable", xoff = "full",
                            mark = "reached" }

for kind, method in pairs(of_stream) do
  on[kind] = function(self, number, ...)
    local verb = self.verbs[number]
    local owner = verb and verb.owner
    if owner and owner[method] then owner[method](owner, ...) end
  end
end

function on.closed(self, stats)
  self.last_stats = stats
end

--- An event of the session.
---@package
function Sound:heard(kind, ...)
  local fn = on[kind]
  if fn then fn(self, ...) end
end

-- ---- figures and the end

--- Figures of RTP and RTCP, both ways.
---@return table?
---@return moonsip.Error? err
function Sound:stats()
  if self.last_stats then return self.last_stats end
  return self.hub.core:stats(self.id)
end

--- Ends the session: verbs end, files are complete when core.media says so.
function Sound:close()
  if self.closed then return end
  self.last_stats = self.hub.core:stats(self.id)
  self.closed, self.running = true, false
  for _, entry in ipairs({ table.unpack(self.line) }) do entry.one:cancel(self.call.why) end
  self.hub.core:close(self.id)
end

return sound
