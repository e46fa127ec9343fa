-- SPDX-License-Identifier: MIT
-- Answers with a session description: accepting an INVITE or UPDATE, and early media.

local acceptance = require "moonsip.acceptance"
local codecs = require "moonsip.codecs"
local description = require "moonsip.description"
local early_media = require "moonsip.early_media"
local errors = require "moonsip.errors"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local provisional = require "moonsip.provisional"
local session_timer = require "moonsip.session_timer"
local replaces = require "moonsip.replaces"

local Answer = {}

local answer = {}

local send

--- Gives its verbs to the class of requests.
---@param class table
---@param reply function  request.lua's: sends a response whose arguments are right
function answer.mixin(class, reply)
  send = reply
  for name, method in pairs(Answer) do class[name] = method end
end

local function check_sdp(verb, given)
  if given == true then return nil end
  if given == nil or given == false or type(given) == "function" then return given end
  return description.text(verb, given)
end

--- What both verbs need to know: { headers, sdp, codecs, extra }; extra is for the core.
local function read(verb, has_media, options, known)
  options = misuse.options(verb, options, known)
  local timer, extra = options.session_timer, nil
  if timer ~= nil then extra = session_timer.read(verb, timer) end
  if options.reliable ~= nil then
    extra = extra or {}
    extra.reliable = misuse.check(verb, "reliable", options.reliable, "boolean")
  end
  local flat = headers.flatten(verb, options.headers)
  if options.authorize then
    flat = flat or {}
    flat[#flat + 1] = "P-Early-Media"
    flat[#flat + 1] = early_media.direction(verb, options.authorize)
  end
  return {
    verb = verb, flat = flat, sdp = check_sdp(verb, options.sdp), extra = extra,
    codecs = options.codecs and codecs.list(verb, options.codecs, has_media),
  }
end

--- Refuses what cannot be accepted: 415 for its body, 406 for who takes no description of
--- ours, 488 with a Warning for its offer, what fits when there is no port left for it.
local function refuse(self, err)
  if err.code then send(self, err.code, nil, err.lines) else self:reply(err) end
  return nil, err
end

--- Our description for a response; nil for none; nil, err after it was refused.
local function describe(self, read_options)
  local _, err = description.of(self.message)
  if err then return refuse(self, err) end
  if read_options.sdp == false then return nil end
  if not acceptance.takes(self.message, description.content_type) then
    return refuse(self, errors.new("media", "no session description is accepted", { code = 406 }))
  end
  local session = self.call:negotiation()
  local status = session:hear_request(self)
  if status then
    return refuse(self, errors.new("invalid", "an offer is under way", { code = status }))
  end
  if read_options.codecs then session.codecs = read_options.codecs end
  local sdp
  sdp, err = session:describe(read_options.verb, read_options.sdp)
  if err then return refuse(self, err) end
  return sdp
end

local function respond(self, status, read_options, sdp)
  return send(self, status, nil, read_options.flat, sdp and description.content_type, sdp,
    read_options.extra)
end

local answer_options <const> = { sdp = true, headers = true, codecs = true,
                                session_timer = true }
local has_description <const> = { INVITE = true, UPDATE = true, PRACK = true }

--- Accepts an INVITE, or an UPDATE or PRACK inside a call: 200 with a session description,
--- made from the offer unless `sdp` is one (or a function that edits it, or false for none).
--- After a reliable 1xx with our description the 200 has none, and waits for its PRACK
--- (RFC 3262 3).
---@param options { sdp: any, codecs: string[]?, headers: table?, session_timer: any }?
---@return moonsip.Call?
---@return moonsip.Error? err
function Answer:answer(options)
  local method = self.message.method
  if not has_description[method] then
    misuse.raise("req:answer: only INVITE, UPDATE and PRACK are answered with a call, not %s",
      method)
  end
  local wanted = read("req:answer", self.agent.media, options, answer_options)
  if self.final then return self:reply(200) end -- says why not
  local sdp, err = describe(self, wanted)
  if err then return nil, err end
  local call = self.call
  local done
  done, err = respond(self, 200, wanted, sdp)
  if not done then return nil, err end
  replaces.finish(self)
  return call
end

local early_options <const> = { sdp = true, headers = true, codecs = true, reliable = true,
                               authorize = true }

--- The offer is answered before the call is (RFC 3960): a provisional response with our
--- description, so that the caller hears what is played. Where it is reliable it may be our
--- offer as well (RFC 3262 5).
---@param status integer
---@param options table?
---@return moonsip.Call?
---@return moonsip.Error? err
---@package
function Answer:answer_early(status, options)
  local wanted = read("req:progress", self.agent.media, options, early_options)
  if self.final then return self:reply(status) end
  local offer, err = description.of(self.message)
  local reliable = wanted.extra and wanted.extra.reliable
  if not offer and not err
    and not (reliable ~= false and provisional.is_supported(self)) then
    return nil, errors.new("invalid", "the INVITE has no offer, and ours needs a response "
      .. "that is reliable (RFC 3262 5)")
  end
  local sdp
  sdp, err = describe(self, wanted)
  if err then return nil, err end
  local call = self.call
  local done
  done, err = respond(self, status, wanted, sdp)
  if not done then return nil, err end
  return call
end

-- The same for who has the call and not its INVITE.
local OfCall = {}

--- Gives its verbs to the class of calls.
function answer.call_mixin(class)
  for name, method in pairs(OfCall) do class[name] = method end
end

local function invite_of(self, verb)
  if not self.req then misuse.raise("%s: this call was placed by us", verb) end
  return self.req
end

--- Accepts it, as req:answer.
---@param options { sdp: any, codecs: string[]?, headers: table?, session_timer: any }?
---@return moonsip.Call?
---@return moonsip.Error? err
function OfCall:answer(options)
  return invite_of(self, "call:answer"):answer(options)
end

--- 180 Ringing.
function OfCall:ring(options)
  return invite_of(self, "call:ring"):ring(options)
end

--- Early media: 183 with our answer, so that what is played is heard before the call is
--- answered.
--- `authorize` is a P-Early-Media (RFC 5009): "sendonly" where our audio may be heard.
---@param options { sdp: any, codecs: string[]?, headers: table?, code: integer?, reliable: boolean?, authorize: string? }?
---@return moonsip.Call?
---@return moonsip.Error? err
function OfCall:early(options)
  local made = { sdp = true }
  for name, value in pairs(misuse.optional("call:early", "options", options, "table") or {}) do
    made[name] = value
  end
  local code = made.code
  made.code = nil
  return invite_of(self, "call:early"):progress(code or 183, made)
end

--- Rejects it, as req:reject.
function OfCall:reject(code, reason, options)
  return invite_of(self, "call:reject"):reject(code, reason, options)
end

--- Tells the caller to try elsewhere, as req:redirect.
function OfCall:redirect(targets, options)
  return invite_of(self, "call:redirect"):redirect(targets, options)
end

return answer
