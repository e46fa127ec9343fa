-- SPDX-License-Identifier: MIT
-- The session description of a message, wherever in its body it is; and what is done to
-- descriptions that a script owns.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

local description = {}

local session_text <const> = core.session_text

local sdp_type <const> = "application/sdp"
description.content_type = sdp_type

local function unsupported(reason, lines)
  return nil, errors.new("media", reason, { code = 415, lines = lines })
end

--- RFC 3261 20.11: what a body is for, when it is not said, is the session.
local function is_session(disposition)
  local kind = disposition and disposition:lower():match "^%s*([^%s;]+)"
  return kind == nil or kind == "session"
end

local function is_optional(disposition)
  return disposition and disposition:lower():find "handling%s*=%s*\"?optional" ~= nil
end

--- Of a body of several parts (RFC 5621 3.1): the one that is for the session.
local function of_parts(message)
  local parts, err = message:parts()
  if not parts then return unsupported(err.reason) end
  for _, part in ipairs(parts) do
    local kind, disposition = part.content_type, part.headers["content-disposition"]
    if kind and kind.value:lower() == sdp_type and is_session(disposition) then
      return part.body
    end
    if not is_optional(disposition) then
      return unsupported("a part of the body is not understood", { "Accept", sdp_type })
    end
  end
end

--- The session description that a message carries; nil when it has none; nil and an
--- error (415, with `lines` for the response) for a body that is not understood (8.2.3).
---@param message table  of the core
---@return string? sdp
---@return moonsip.Error? err
function description.of(message)
  local text = session_text(message)
  if text ~= false then return text end
  local body = message.body
  if not body or body == "" then return nil end
  local headers = message.headers
  local encoding = headers["Content-Encoding"]
  if encoding and encoding:lower() ~= "identity" then
    return unsupported("the body is encoded: " .. encoding, { "Accept-Encoding", "identity" })
  end
  local disposition, kind = headers["Content-Disposition"], message.content_type
  local value = kind and kind.value:lower()
  if value == sdp_type and is_session(disposition) then return body end
  if value and value:find "^multipart/" then return of_parts(message) end
  if is_optional(disposition) then return nil end
  return unsupported("the body is no session description", { "Accept", sdp_type })
end

--- The text that a script gave as a description: a string or an object.
---@return string
function description.text(verb, given)
  if type(given) == "userdata" then given = tostring(given) end
  return misuse.check(verb, "sdp", given, "string")
end

--- What a script's function makes of a description of ours. It may change the object
--- that it gets, or return another, or a text.
---@param edit fun(sdp: moonsip.Sdp): any
---@param text string
---@return string
function description.edit(verb, edit, text)
  local object = assert(core.sdp(text))
  local result = edit(object)
  return description.text(verb, result == nil and object or result)
end

-- Directions as what they let us do (RFC 3264 5.1), and the other side's view of them.
local sends <const> = { sendrecv = true, sendonly = true }
local receives <const> = { sendrecv = true, recvonly = true }

local function direction(sending, receiving)
  return sending and (receiving and "sendrecv" or "sendonly")
    or receiving and "recvonly" or "inactive"
end

--- What is left of our wish when the other side offers theirs (RFC 3264 6.1).
---@param ours string
---@param theirs string
function description.agree(ours, theirs)
  return direction(sends[ours] and receives[theirs], receives[ours] and sends[theirs])
end

--- A description of a script's own as the answer to an offer: the same but for what is
--- refused there and for directions. nil: it has other m= lines.
---@param own string
---@param offer string
---@return string?
function description.answer_with(own, offer)
  local ours, theirs = core.sdp(own), core.sdp(offer)
  if not ours or not theirs or #ours.media ~= #theirs.media then return nil end
  for at, medium in ipairs(ours.media) do
    local other = theirs.media[at]
    if other.port == 0 then medium.port = 0 end
    local agreed = description.agree(medium.direction, other.direction)
    if agreed ~= medium.direction then medium.direction = agreed end
  end
  return tostring(ours)
end

--- A description of a script's own that puts the other side on hold (RFC 3264 8.4).
---@param own string
---@return string
function description.hold(own)
  local ours = core.sdp(own)
  if not ours then return own end
  for _, medium in ipairs(ours.media) do
    local held = direction(sends[medium.direction], false)
    if held ~= medium.direction then medium.direction = held end
  end
  return tostring(ours)
end

--- A description as its side would offer it by itself: what it may not send, because ours does
--- not want it (RFC 3264 8.4), it may send to somebody else.
---@param theirs string
---@param ours string?
---@return string
function description.released(theirs, ours)
  local a, b = ours and core.sdp(ours), core.sdp(theirs)
  if not a or not b then return theirs end
  local is_changed = false
  for at, medium in ipairs(b.media) do
    local wish, said = a.media[at] and a.media[at].direction, medium.direction
    if wish and not receives[wish] and not sends[said] then
      medium.direction = direction(true, receives[said] or not sends[wish])
      is_changed = true
    end
  end
  return is_changed and tostring(b) or theirs
end

--- The audio of two descriptions that were agreed on: a table of core.sdp_stream with its
--- `number`, or nil when neither side sends or receives any.
---@param ours string?
---@param theirs string?
---@return moonsip.Media?
function description.audio(ours, theirs)
  local a, b = ours and core.sdp(ours), theirs and core.sdp(theirs)
  if not a or not b then return nil end
  for number, medium in ipairs(b.media) do
    if medium.type:lower() == "audio" then
      local stream = core.sdp_stream(a, b, number)
      if stream and stream.active then
        stream.number = number
        return stream
      end
    end
  end
end

return description
