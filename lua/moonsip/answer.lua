-- SPDX-License-Identifier: MIT
-- Answers with a session description: accepting an INVITE or UPDATE, and early media.

local codecs = require "moonsip.codecs"
local description = require "moonsip.description"
local errors = require "moonsip.errors"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"

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

--- What both verbs need to know: { headers, sdp, codecs }.
local function read(verb, has_media, options, known)
  options = misuse.options(verb, options, known)
  return {
    verb = verb, flat = headers.flatten(verb, options.headers),
    sdp = check_sdp(verb, options.sdp),
    codecs = options.codecs and codecs.list(verb, options.codecs, has_media),
  }
end

--- Refuses what cannot be accepted: 415 for its body, 488 with a Warning for its offer,
--- what fits when there is no port left for it.
local function refuse(self, err)
  if err.code then send(self, err.code, nil, err.lines) else self:reply(err) end
  return nil, err
end

--- Our description for a response; nil for none; nil, err after it was refused.
local function describe(self, read_options)
  local _, err = description.of(self.message)
  if err then return refuse(self, err) end
  if read_options.sdp == false then return nil end
  local session = self.call:negotiation()
  local status = session:hear_request(self)
  if status then
    return refuse(self, errors.new("invalid", "an offer is under way", { code = status }))
  end
  if read_options.codecs then session.codecs = read_options.codecs end
  local sdp
  sdp, err = session:describe(read_options.verb, read_options.sdp)
  if not sdp then return refuse(self, err) end
  return sdp
end

local function respond(self, status, read_options, sdp)
  return send(self, status, nil, read_options.flat, sdp and description.content_type, sdp)
end

local answer_options <const> = { sdp = true, headers = true, codecs = true }

--- Accepts an INVITE, or an UPDATE inside a call: 200 with a session description, made
--- from the offer unless `sdp` is one (or a function that edits it, or false for none).
---@param options { sdp: any, codecs: string[]?, headers: table? }?
---@return moonsip.Call?
---@return moonsip.Error? err
function Answer:answer(options)
  local method = self.message.method
  if method ~= "INVITE" and method ~= "UPDATE" then
    misuse.raise("req:answer: only INVITE and UPDATE are answered with a call, not %s",
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
  return call
end

local early_options <const> = { sdp = true, headers = true, codecs = true }

--- The offer is answered before the call is (RFC 3960): a provisional response with our
--- description, so that the caller hears what is played.
---@param status integer
---@param options table?
---@return moonsip.Call?
---@return moonsip.Error? err
---@package
function Answer:answer_early(status, options)
  local wanted = read("req:progress", self.agent.media, options, early_options)
  if self.final then return self:reply(status) end
  local offer, err = description.of(self.message)
  if not offer and not err then
    return nil, errors.new("invalid", "the INVITE has no offer, and ours needs a response "
      .. "that is reliable (RFC 3262 5)")
  end
  local sdp
  sdp, err = describe(self, wanted)
  if not sdp then return nil, err end
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
---@param options { sdp: any, codecs: string[]?, headers: table? }?
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
---@param options { sdp: any, codecs: string[]?, headers: table?, code: integer? }?
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
