-- SPDX-License-Identifier: MIT
-- What the Warning of a 488 says (RFC 3261 20.43, 21.4.26): why nothing of an offer fits.

local codecs = require "moonsip.codecs"
local place = require "moonsip.place"

local warning = {}

-- RFC 3261 20.43.
local incompatible_address <const> = 301
local incompatible_transport <const> = 302
local no_media_type <const> = 304
local incompatible_format <const> = 305
local miscellaneous <const> = 399

local function quoted(text)
  return '"' .. text:gsub("[%c\127]", "?"):gsub('[\\"]', "\\%0") .. '"'
end

--- Header lines of a warning.
---@param host string  who warns
local function lines(host, code, text)
  host = host:find(":", 1, true) and "[" .. host .. "]" or host
  return { "Warning", ("%d %s %s"):format(code, host, quoted(text)) }
end

--- Audio sections of an offer that are in use, by whether we speak their protocol.
local function audio_of(offer)
  local usable, others = {}, {}
  for _, medium in ipairs(offer.media) do
    if medium.type:lower() == "audio" and medium.port ~= 0 then
      local list = medium.proto == "RTP/AVP" and usable or others
      list[#list + 1] = medium
    end
  end
  return usable, others
end

--- For an offer of which nothing fits what we can do.
---@param host string
---@param offer moonsip.Sdp
---@param ours moonsip.Codec[]
---@return string[] lines
function warning.nothing_fits(host, offer, ours)
  local usable, others = audio_of(offer)
  if #usable == 0 and #others == 0 then
    return lines(host, no_media_type, "no audio is offered")
  elseif #usable == 0 then
    return lines(host, incompatible_transport,
      ("%s is not spoken here, RTP/AVP is"):format(others[1].proto))
  end
  local kind = place.kind(host)
  if usable[1].addrtype ~= kind then
    return lines(host, incompatible_address,
      ("%s is offered, %s is spoken here"):format(usable[1].addrtype, kind))
  end
  local offered = codecs.text(usable[1].codecs)
  return lines(host, incompatible_format, ("no codec in common: offered %s, here %s")
    :format(offered == "" and "none that is known" or offered, codecs.text(ours)))
end

--- For everything else.
function warning.other(host, text)
  return lines(host, miscellaneous, text)
end

return warning
