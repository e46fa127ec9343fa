-- SPDX-License-Identifier: MIT
-- Codecs by the names that scripts use, "PCMU" or "L16/16000", as session descriptions
-- have them (RFC 3551, RFC 7587).

local core = require "moonsip.core"
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

-- ---- those that sound comes in

-- What costs least first: a G.711 prompt is sent as it was encoded once, an opus frame costs
-- hundreds of times as much. Each is there when its library was found by the build.
local by_cost <const> = { "PCMU", "PCMA", "G722", "L16/8000", "L16/16000", "opus" }
local offered <const> = { PCMU = true, PCMA = true, G722 = true, opus = true }

local can -- of this build: [name in lower case] = { [rate] = codec of core.media_codecs }

local function find_spoken(name, rate)
  if not can then
    can = {}
    for _, one in ipairs(core.media_codecs()) do
      local key = one.name:lower()
      can[key] = can[key] or {}
      can[key][one.rate] = one
    end
  end
  local rates = can[name:lower()]
  return rates and rates[rate]
end

--- Whether core.media speaks a codec of a session description.
---@param one moonsip.Codec
function codecs.is_spoken(one)
  return find_spoken(one.name, one.rate) ~= nil
end

local spoken

--- What is offered and what is accepted when a script names none.
---@return moonsip.Codec[] offer
---@return moonsip.Codec[] answer
function codecs.spoken()
  if spoken then return spoken.offer, spoken.answer end
  spoken = { offer = {}, answer = {} }
  for _, text in ipairs(by_cost) do
    local name, rate = text:match "^([^/]+)/?(%d*)$"
    local one = known[name:lower()]
    if rate ~= "" and tonumber(rate) ~= one.rate then
      one = entry(name, math.tointeger(tonumber(rate)))
    end
    if codecs.is_spoken(one) then
      table.insert(spoken.answer, one)
      if offered[text] then table.insert(spoken.offer, one) end
    end
  end
  return spoken.offer, spoken.answer
end

-- RFC 4733 2.4.1: the keys of a telephone. 101 is what everybody expects it at.
local events_fmtp <const>, events_type <const> = "0-15", 101

--- A list with what goes beside its codecs: telephone events for each clock (RFC 4733
--- 2.1), comfort noise.
---@param list moonsip.Codec[]
---@param with_events boolean
---@param with_noise boolean
---@return moonsip.Codec[]
function codecs.with_auxiliary(list, with_events, with_noise)
  local all, rates = table.move(list, 1, #list, 1, {}), {}
  for _, one in ipairs(list) do
    if with_events and not rates[one.rate] then
      all[#all + 1] = entry("telephone-event", one.rate, { fmtp = events_fmtp,
        payload_type = one.rate == 8000 and events_type or nil })
    end
    rates[one.rate] = true
  end
  if with_noise and rates[8000] then
    all[#all + 1] = entry("CN", 8000, { payload_type = 13 }) -- RFC 3389
  end
  return all
end

-- RFC 3551 4.5.2: the clock of G722 is not its sampling rate.
local g722_rate <const> = 16000

--- Samples in a second of its audio.
---@param one moonsip.Codec
---@return integer
function codecs.sample_rate(one)
  return one.name:upper() == "G722" and g722_rate or one.rate
end

-- ---- names that scripts use

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
---@param with_sound boolean?  only those that core.media speaks
---@return moonsip.Codec[]
function codecs.list(verb, names, with_sound)
  misuse.check(verb, "codecs", names, "table")
  local list = {}
  for at, name in ipairs(names) do
    if at > max_codecs then misuse.argument(verb, "codecs", "too many") end
    local one = parse(verb, misuse.text(verb, "codecs", name))
    -- One that is known but whose library the build did not find is passed over.
    if not with_sound or codecs.is_spoken(one) then
      list[#list + 1] = one
    elseif not known[one.name:lower()] then
      misuse.argument(verb, "codecs", ("nobody here speaks %s"):format(name))
    end
  end
  if #list == 0 then
    misuse.argument(verb, "codecs", #names == 0 and "the list is empty"
      or "this build speaks none of them")
  end
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
