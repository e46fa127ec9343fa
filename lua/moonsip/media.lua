-- SPDX-License-Identifier: MIT
-- The media of a context: core.media, whose sessions, conferences and events belong to the
-- objects that are registered here; and the option `media` of an agent, checked:
--
--   ports          { 16384, 32766 }: even ports of RTP, the odd one above is RTCP's
--   address        IP address that media are received at, instead of the signalling's
--   advertise      IP address that descriptions say instead of it
--   codecs         names, best first: what is offered and accepted
--   ptime          ms of audio in a packet of ours: 20, 40 or 60
--   dtmf           ways of digits: { "rfc4733", "inband", "info" }, in that order for ours
--   inactivity     a call that sends no RTP for so long is ended; false: never
--   latch          whom audio goes to behind a NAT: "once", "relearn" or "off"
--   jitter         { min =, max =, fixed = }: durations, of the jitter buffer
--   comfort_noise  silence is said in words (RFC 3389) where both sides know how
--   prompts        folders that prompts are looked for in
--   say            how text is spoken (speech.lua)
--   realtime, io_uring, max_sessions   of the one media thread, which the first agent settles

local codecs = require "moonsip.codecs"
local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local speech = require "moonsip.speech"

---@class moonsip.MediaSettings
---@field ports integer[]
---@field address string?
---@field advertise string?
---@field codecs moonsip.Codec[]?  that the script wants
---@field ptime integer
---@field dtmf string[]
---@field hears table<string, true>  of those ways
---@field inactivity_ms integer
---@field latch string
---@field jitter table?
---@field comfort_noise boolean
---@field prompts string[]?
---@field say table
---@field realtime boolean
---@field io_uring boolean
---@field max_sessions integer

---@class moonsip.MediaHub
---@field core userdata
---@field private context moonsip.Context
---@field private owners table<integer, table>
local Hub = {}
Hub.__index = Hub

local media = {}

local verb <const> = "sip.agent"

local known <const> = {
  ports = true, address = true, advertise = true, codecs = true, ptime = true, dtmf = true,
  inactivity = true, latch = true, jitter = true, comfort_noise = true, prompts = true,
  say = true, realtime = true, io_uring = true, max_sessions = true,
}

local default_ports <const> = { 16384, 32766 }
local default_max_sessions <const> = 4096
local default_dtmf <const> = { "rfc4733", "inband", "info" }
local known_dtmf <const> = { rfc4733 = true, inband = true, info = true }
local known_latch <const> = { once = true, relearn = true, off = true }
local known_ptime <const> = { [20] = true, [40] = true, [60] = true }

local function check_ports(given)
  local list = misuse.check(verb, "media.ports", given or default_ports, "table")
  local first = misuse.integer(verb, "media.ports", list[1], 1024, 65534)
  local last = misuse.integer(verb, "media.ports", list[2], 1024, 65534)
  if first > last then misuse.argument(verb, "media.ports", "the range is empty") end
  return { first + first % 2, last - last % 2 }
end

local function check_address(name, given)
  if given == nil then return nil end
  local text = misuse.text(verb, "media." .. name, given)
  if not text:find "^%d+%.%d+%.%d+%.%d+$" and not text:find "^[%x:.]*:[%x:.]*$" then
    misuse.argument(verb, "media." .. name, "IP address expected")
  end
  return text
end

local function one_of(name, given, allowed)
  if not allowed[given] then
    misuse.argument(verb, "media." .. name, ("%s is none of its values"):format(tostring(given)))
  end
  return given
end

local function check_dtmf(given)
  local list, hears = {}, {}
  for at, way in ipairs(misuse.check(verb, "media.dtmf", given or default_dtmf, "table")) do
    list[at] = one_of("dtmf", way, known_dtmf)
    hears[way] = true
  end
  return list, hears
end

local function check_jitter(given)
  if given == nil then return nil end
  misuse.options(verb, given, { min = true, max = true, fixed = true })
  local made = { fixed = given.fixed and true or false }
  for _, name in ipairs { "min", "max" } do
    if given[name] ~= nil then
      made[name] = duration.check(verb, "media.jitter." .. name, given[name])
    end
  end
  return made
end

local function check_folders(given)
  if type(given) == "string" then given = { given } end
  for _, folder in ipairs(misuse.optional(verb, "media.prompts", given, "table") or {}) do
    misuse.text(verb, "media.prompts", folder)
  end
  return given
end

--- The settings that the option means; false when there is to be no media of ours.
---@param options table|false|nil
---@return moonsip.MediaSettings|false
function media.read(options)
  if options == false then return false end
  options = misuse.options(verb, options, known)
  local dtmf, hears = check_dtmf(options.dtmf)
  local inactivity = options.inactivity
  return {
    ports = check_ports(options.ports), address = check_address("address", options.address),
    advertise = check_address("advertise", options.advertise),
    codecs = options.codecs and codecs.list(verb, options.codecs, true) or nil,
    ptime = one_of("ptime", options.ptime or 20, known_ptime), dtmf = dtmf, hears = hears,
    inactivity_ms = inactivity and duration.check(verb, "media.inactivity", inactivity) or 0,
    latch = one_of("latch", options.latch or "once", known_latch),
    jitter = check_jitter(options.jitter), comfort_noise = options.comfort_noise or false,
    prompts = check_folders(options.prompts), say = speech.read(verb, options.say),
    realtime = options.realtime ~= false, io_uring = options.io_uring ~= false,
    max_sessions = misuse.integer(verb, "media.max_sessions",
      options.max_sessions or default_max_sessions, 1, 1 << 20),
  }
end

-- ---- one for all agents of a context

--- What happened to a session or conference, told to its owner: `owner:heard(kind, ...)`.
local function tell(self, kind, id, ...)
  local owner = self.owners[id]
  if kind == "closed" then self.owners[id] = nil end
  if owner then owner:heard(kind, ...) end
end

--- The media of a context, made when they are first asked for.
---@param context moonsip.Context
---@param settings moonsip.MediaSettings
---@return moonsip.MediaHub?
---@return moonsip.Error? err
function media.of(context, settings)
  if context.media then return context.media end
  local self = setmetatable({ context = context, owners = {} }, Hub)
  local made, err = context.driver:open_media({
    ports = settings.ports, realtime = settings.realtime, io_uring = settings.io_uring,
    max_sessions = settings.max_sessions,
  }, function(...) context.tasks:enter(tell, self, ...) end)
  if not made then return nil, err end
  self.core, context.media = made, self
  return self
end

--- Has an owner told of what happens to a session or conference.
function Hub:register(id, owner)
  self.owners[id] = owner
end

--- Loads a file, converted to what is wanted: `fn(clip, err)` in a later turn.
function Hub:load(path, wanted, fn)
  local context = self.context
  self.core:load(path, wanted, function(clip, err)
    if clip and context.on_clip then context.on_clip(path, clip) end
    context.tasks:enter(fn, clip, err)
  end)
end

return media
