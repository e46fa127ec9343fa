-- SPDX-License-Identifier: MIT
-- Session descriptions for calls without media of ours: everything that is offered in
-- a codec we know the name of is accepted and set inactive, so that a soft-phone stays
-- connected in silence (RFC 3264 6, RFC 4566).

local errors = require "moonsip.errors"

local silence = {}

-- Codecs that every phone has, by their static payload types (RFC 3551 6).
local static_codecs <const> = { ["0"] = "PCMU/8000", ["8"] = "PCMA/8000",
                                ["9"] = "G722/8000", ["3"] = "GSM/8000",
                                ["18"] = "G729/8000" }
local dynamic_codecs <const> = { PCMU = true, PCMA = true, G722 = true, GSM = true,
                                 G729 = true, OPUS = true, SPEEX = true, ILBC = true,
                                 AMR = true }

-- Nothing is received, so no port is open: discard, as other placeholders do.
local discard_port <const> = 9

local max_media <const> = 32

local function session_lines(ip, number, version)
  local kind = ip:find(":", 1, true) and "IP6" or "IP4"
  return { "v=0", ("o=- %d %d IN %s %s"):format(number, version or 1, kind, ip), "s=-",
           ("c=IN %s %s"):format(kind, ip), "t=0 0" }
end

--- An offer of PCMU and PCMA, inactive.
---@param ip string       of ours
---@param number integer  session id
---@param version integer? of the session, 1
---@return string sdp
function silence.offer(ip, number, version)
  local lines = session_lines(ip, number, version)
  lines[#lines + 1] = ("m=audio %d RTP/AVP 0 8"):format(discard_port)
  lines[#lines + 1] = "a=rtpmap:0 PCMU/8000"
  lines[#lines + 1] = "a=rtpmap:8 PCMA/8000"
  lines[#lines + 1] = "a=inactive"
  return table.concat(lines, "\r\n") .. "\r\n"
end

--- The media sections of a description: { type, port, protocol, formats, maps }.
local function sections_of(sdp)
  local sections = {}
  for line in sdp:gmatch "[^\r\n]+" do
    local kind, port, protocol, formats = line:match "^m=(%S+) (%d+)%S* (%S+) (.+)$"
    if kind then
      sections[#sections + 1] = { kind = kind, port = tonumber(port), protocol = protocol,
                                  formats = formats, maps = {} }
    elseif line:find "^m=" then
      return nil
    elseif #sections > 0 then
      local format, codec = line:match "^a=rtpmap:(%d+) +(%S+)"
      if format then sections[#sections].maps[format] = codec end
    end
  end
  return sections
end

--- The first format of a section whose codec we know, and its name.
local function pick(section)
  if section.kind ~= "audio" or section.port == 0 or section.protocol ~= "RTP/AVP" then
    return nil
  end
  for format in section.formats:gmatch "%S+" do
    local codec = section.maps[format] or static_codecs[format]
    if codec and dynamic_codecs[(codec:match "^[^/]+"):upper()] then
      return format, codec
    end
  end
end

--- The answer to an offer: each section in its place, the first known audio codec
--- accepted as inactive, other sections refused with port 0 (RFC 3264 6).
---@param offer string
---@param ip string
---@param number integer  session id
---@param version integer? of the session, 1
---@return string? sdp
---@return moonsip.Error? err  of kind "media" when there is nothing to accept
function silence.answer(offer, ip, number, version)
  local sections = sections_of(offer)
  if not sections or #sections > max_media then
    return nil, errors.new("media", "malformed session description", { code = 488 })
  end
  local lines = session_lines(ip, number, version)
  local accepted = false
  for _, section in ipairs(sections) do
    local format, codec = pick(section)
    if format then
      accepted = true
      lines[#lines + 1] = ("m=audio %d RTP/AVP %s"):format(discard_port, format)
      lines[#lines + 1] = ("a=rtpmap:%s %s"):format(format, codec)
      lines[#lines + 1] = "a=inactive"
    else
      local first = section.formats:match "%S+"
      lines[#lines + 1] = ("m=%s 0 %s %s"):format(section.kind, section.protocol, first)
    end
  end
  if not accepted then
    return nil, errors.new("media", "no codec in common", { code = 488 })
  end
  return table.concat(lines, "\r\n") .. "\r\n"
end

return silence
