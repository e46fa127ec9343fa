-- SPDX-License-Identifier: MIT
-- Whether what a call sounds like before its answer is heard (RFC 3960 3, RFC 5009): the
-- option `early_media` of a call that is placed.
--
--   "any"         every early description counts; the default
--   "authorized"  only while a P-Early-Media lets it: the INVITE says that we know it
--   "none"        no audio before the answer

local misuse = require "moonsip.misuse"

local early_media = {}

local known <const> = { any = true, authorized = true, none = true }

local directions <const> = { sendrecv = true, sendonly = true, recvonly = true, inactive = true }

--- The option, checked; nil for the default. `flat` gets the header field that it needs.
---@param verb string
---@param given any
---@return string? policy
---@return boolean says_so  the INVITE is to have "P-Early-Media: supported"
function early_media.read(verb, given)
  if given == nil then return nil, false end
  if not known[given] then
    misuse.argument(verb, "early_media", "\"any\", \"authorized\" or \"none\" expected")
  end
  return given ~= "any" and given or nil, given == "authorized"
end

--- A value for a response of ours (RFC 5009 8): who may send before the answer.
function early_media.direction(verb, given)
  if given ~= nil and not directions[given] then
    misuse.argument(verb, "authorize", "a direction such as \"sendonly\" expected")
  end
  return given
end

--- What a provisional response says of it: the last one counts (RFC 5009 8).
---@param call moonsip.Call
---@param message table
function early_media.hear(call, message)
  local value = message.headers["P-Early-Media"]
  if not value then return end
  local found
  for token in value:lower():gmatch "[%w]+" do
    if directions[token] then found = token break end
  end
  if not found or found == call.early_media then return end
  call.early_media = found
  if call.session then call:session_changed() end
  call:fire("early", call, found)
end

--- True when nothing of the call is to be heard yet.
---@param call moonsip.Call
---@return boolean
function early_media.is_closed(call)
  local policy = call.early_policy
  if not policy or call.state == "connected" then return false end
  if policy == "none" then return true end
  local direction = call.early_media
  return not direction or direction == "inactive" or direction == "recvonly"
end

return early_media
