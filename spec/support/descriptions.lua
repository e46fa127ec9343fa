-- SPDX-License-Identifier: MIT
--
-- Session descriptions for specs: only what a test is about is written out.

local core <const> = require "moonsip.core"

local descriptions <const> = {}

--- Lines as a description.
function descriptions.text(lines)
  return table.concat(lines, "\r\n") .. "\r\n"
end

--- A description with these lines behind the session's; `session` are further lines of it.
function descriptions.audio(lines, session)
  local all <const> = { "v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1",
                        "t=0 0" }
  for _, line in ipairs(session or {}) do all[#all + 1] = line end
  for _, line in ipairs(lines) do all[#all + 1] = line end
  return descriptions.text(all)
end

--- Audio in PCMU at a port, with further lines of that medium.
function descriptions.talks(port, lines)
  return descriptions.audio { ("m=audio %d RTP/AVP 0"):format(port),
                              table.unpack(lines or {}) }
end

--- The same, parsed.
function descriptions.parsed(lines, session)
  return assert(core.sdp(descriptions.audio(lines, session)))
end

--- Codecs from "PCMU/8000" or "0=PCMU/8000" or "96=opus/48000/2 stereo=1".
function descriptions.codecs(list)
  local made <const> = {}
  for _, text in ipairs(list) do
    local map, fmtp = text:match "^(%S+) (.+)$"
    local type, rest = (map or text):match "^(%d+)=(.+)$"
    local name <const>, rate <const>, channels <const> =
      (rest or map or text):match "^([^/]+)/(%d+)/?(%d*)$"
    made[#made + 1] = { name = name, rate = math.tointeger(rate), fmtp = fmtp,
                        channels = math.tointeger(channels), payload_type = math.tointeger(type) }
  end
  return made
end

--- Options of core.sdp_offer and core.sdp_answer: one medium, or `media`.
function descriptions.capable(options)
  local one <const> = {}
  for name, value in pairs(options) do one[name] = value end
  local made <const> = { id = 7, address = "192.0.2.7", sent = one.sent, payloads = one.payloads,
                         our_order = one.our_order, one_codec = one.one_codec,
                         cannot_refuse = one.cannot_refuse, version = one.version,
                         username = one.username }
  local media = one.media
  if not media then
    one.port = one.port or 4000
    media = { one }
  end
  made.media = {}
  for i, medium in ipairs(media) do
    local copy <const> = {}
    for name, value in pairs(medium) do copy[name] = value end
    copy.codecs = descriptions.codecs(medium.codecs or { "0=PCMU/8000" })
    made.media[i] = copy
  end
  if options.address then made.address, made.media[1].address = options.address, nil end
  return made
end

--- The lines of a description from its first m= line on.
function descriptions.media_lines(description)
  local lines <const>, found = {}, false
  for line in description.text:gmatch "[^\r\n]+" do
    found = found or line:find "^m="
    if found then lines[#lines + 1] = line end
  end
  return lines
end

return descriptions
