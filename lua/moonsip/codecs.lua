-- SPDX-License-Identifier: MIT
-- Codecs by the names that scripts use, "PCMU" or "L16/16000", as session descriptions
-- have them (RFC 3551, RFC 7587).

local misuse = require "moonsip.misuse"

local codecs = {}

---@class moonsip.Codec
---@field name string           its encoding name, "PCMU"
---@field rate integer          RTP clock, Hz: 8000 for G722 too (RFC 3551 4.5.2)
---@field channels integer?     1
---@field payload_type integer?
---@field fmtp string?

local max_codecs <const> = 64

local function entry(name, rate, fields)
  fields = fields or {}
  fields.name, fields.rate = name, rate
  return fields
end

local known <const> = {}

for _, one in ipairs {
  entry("PCMU", 8000, { payload_type = 0 }), entry("PCMA", 8000, { payload_type = 8 }),
  entry("G722", 8000, { payload_type = 9 }), entry("GSM", 8000, { payload_type = 3 }),
  entry("G729", 8000, { payload_type = 18 }), entry("L16", 8000),
  entry("opus", 48000, { channels = 2, fmtp = "useinbandfec=1" }), -- RFC 7587 7: always 2
  entry("speex", 8000), entry("iLBC", 8000), entry("AMR", 8000), entry("AMR-WB", 16000),
} do
  known[one.name:lower()] = one
end

--- What every phone has.
codecs.basic = { known.pcmu, known.pcma }

--- What is accepted where nothing is sent or heard: the names that phones offer.
codecs.names_only = {
  known.pcmu, known.pcma, known.g722, known.gsm, known.g729,
  entry("opus", 48000, { channels = 2 }), known.speex, entry("speex", 16000), known.ilbc,
  known.amr, known["amr-wb"], known.l16,
}

--- "L16/16000/2"; what is left out is as known of that name.
local function parse(verb, text)
  local name, rate, channels = text:match "^([%w%.%-_]+)/(%d+)/?(%d*)$"
  local one = known[(name or text):lower()]
  if one and (not rate or tonumber(rate) == one.rate) then return one end
  if not name then
    misuse.argument(verb, "codecs", ("%q is no codec that is known; say its clock rate too, "
      .. "as in \"L16/16000\""):format(text))
  end
  return entry(one and one.name or name, math.tointeger(tonumber(rate)),
    { channels = math.tointeger(tonumber(channels)) })
end

--- The codecs that a script names, best first.
---@param verb string
---@param names string[]
---@return moonsip.Codec[]
function codecs.list(verb, names)
  misuse.check(verb, "codecs", names, "table")
  local list = {}
  for at, name in ipairs(names) do
    if at > max_codecs then misuse.argument(verb, "codecs", "too many") end
    list[at] = parse(verb, misuse.text(verb, "codecs", name))
  end
  if #list == 0 then misuse.argument(verb, "codecs", "the list is empty") end
  return list
end

--- "PCMU, opus": for people.
---@param list moonsip.Codec[]
---@return string
function codecs.text(list)
  local names, seen = {}, {}
  for _, one in ipairs(list) do
    if not seen[one.name] then names[#names + 1] = one.name end
    seen[one.name] = true
  end
  return table.concat(names, ", ")
end

return codecs
