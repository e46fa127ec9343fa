-- SPDX-License-Identifier: MIT
-- What we propose: the offers and answers of a session (RFC 3264 5, 6, 8), by the core
-- out of what we can do, as text of the script's, or as it edits them.

local codecs = require "moonsip.codecs"
local core = require "moonsip.core"
local description = require "moonsip.description"
local errors = require "moonsip.errors"
local place = require "moonsip.place"
local warning = require "moonsip.warning"

local proposal = {}

-- Nothing is received, so no port is open: discard, as other placeholders do.
local discard_port <const> = 9

local function own_codecs(self, is_offer)
  return self.codecs or (is_offer and codecs.basic or codecs.names_only)
end

--- The address that the audio of an offer is sent from (RFC 6157 4.1: ours is to be of its
--- kind); nil for a name, or when there is none.
local function peer_of(offer)
  for _, medium in ipairs(offer and offer.media or {}) do
    if medium.port ~= 0 and medium.type:lower() == "audio" then
      return medium.address and medium.address:find "^[%x.:]+$" and medium.address or nil
    end
  end
end

--- What we can do: nil, err when there is no port for it.
local function capable(self, offer)
  local call, peer = self.call, peer_of(offer)
  self.id = self.id or call.agent:session_number()
  local made = { id = self.id, sent = self.ours and core.sdp(self.ours) or nil }
  if call.agent.media then
    local sound, err = call:open_sound(peer)
    if not sound then return nil, err end
    made.address = sound.address
    made.media = { sound:medium(self.codecs, self.holding, offer ~= nil) }
  else
    local bound = place.bound(call, peer) or place.bound(call)
    made.address = place.said(call, bound or "0.0.0.0")
    made.media = { { port = discard_port, direction = "inactive",
                     codecs = own_codecs(self, not offer) } }
  end
  return made
end

local function payloads_of(self)
  if not self.payloads then
    self.payloads = core.sdp_payloads()
    for _, text in ipairs { self.ours or "", self.theirs or "" } do
      local object = core.sdp(text)
      if object then self.payloads:note(object) end
    end
  end
  return self.payloads
end

--- With a version that no other description of ours had.
local function revise(self, text)
  local last = self.last and text ~= self.last and core.sdp(self.last)
  local made = last and core.sdp(text)
  local revised = made and core.sdp_revise(made, last)
  return revised and tostring(revised) or text
end

--- A new text goes through the script's edit first.
local function finish(self, verb, text)
  if self.edit then text = description.edit(verb, self.edit, text) end
  return revise(self, text)
end

--- What the script said our description is to be; the text when it is one already.
local function wish(self, verb, wanted)
  if type(wanted) == "function" then
    self.edit = wanted
  elseif wanted ~= nil then
    self.own = description.text(verb, wanted)
    return self.own
  end
end

--- The script's own, as it gave it last: what was refused or held since is asked for again.
local function own_text(self)
  return self.holding and description.hold(self.own) or self.own
end

--- An offer of ours (RFC 3264 5, 8).
---@param verb string  for messages
---@param wanted any   the option `sdp`
---@return string? text
---@return moonsip.Error? err
function proposal.offer(self, verb, wanted)
  local text = wish(self, verb, wanted)
  if text then return text end
  if self.own then return revise(self, own_text(self)) end
  if self.ours and not self.call.agent.media then return self.ours end
  local options, err = capable(self)
  if not options then return nil, err end
  options.payloads = self.ours and payloads_of(self) or nil
  local made
  made, err = core.sdp_offer(options)
  if not made then return nil, err end
  return finish(self, verb, tostring(made))
end

local function refused(self, err, lines)
  local host = place.said(self.call, place.bound(self.call) or "0.0.0.0")
  return nil, errors.new("media", err.reason,
    { code = 488, lines = lines or warning.other(host, err.reason) })
end

local function own_answer(self, offer)
  local text = description.answer_with(own_text(self), offer)
  if text then return revise(self, text) end
  return refused(self, { reason = "the offer has other media than the session" })
end

--- Our answer to their offer (RFC 3264 6).
---@param verb string
---@param offer string
---@param wanted any
---@param cannot_refuse boolean?  the offer came in a response (RFC 6337 5.2.4)
---@return string? text
---@return moonsip.Error? err  488, with lines for the response
function proposal.answer(self, verb, offer, wanted, cannot_refuse)
  local text = wish(self, verb, wanted)
  if text then return text end
  if self.own then return own_answer(self, offer) end
  local object, err = core.sdp(offer)
  if not object then return refused(self, err) end
  local options
  options, err = capable(self, object)
  if not options then return nil, err end
  options.one_codec = true
  options.our_order = self.codecs ~= false or self.call.agent.media ~= false
  options.cannot_refuse = cannot_refuse
  local made
  made, err = core.sdp_answer(object, options)
  if made then return finish(self, verb, tostring(made)) end
  local lines = err.name == "SDP_MEDIA" and warning.nothing_fits(options.address, object,
    options.media[1].codecs) or nil
  return refused(self, err, lines)
end

return proposal
