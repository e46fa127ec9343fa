-- SPDX-License-Identifier: MIT
-- Digits: ours, by whatever way was agreed on, and those that come by SIP INFO.

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local timer = require "moonsip.timer"
local verb = require "moonsip.verbs.verb"

local Dtmf = {}

local dtmf = {}

--- Gives its verb to the class of calls.
function dtmf.mixin(class)
  for name, method in pairs(Dtmf) do class[name] = method end
end

local relay_type <const>, plain_type <const> = "application/dtmf-relay", "application/dtmf"

-- As keypad signals are numbered in RFC 4733 3.2, which some senders of INFO do too.
local signal_of_number <const> = { ["10"] = "*", ["11"] = "#", ["12"] = "A", ["13"] = "B",
                                   ["14"] = "C", ["15"] = "D" }

local default_ms <const> = 100

-- ---- by INFO

--- The digit in the body of an INFO: "Signal=5\r\nDuration=160", or "5".
---@param content_type string  in lower case
---@param body string
---@return string? digit
---@return integer? ms
function dtmf.parse_info(content_type, body)
  local signal = body:match "[Ss]ignal%s*=%s*([%w%*#]+)"
  if content_type == plain_type and not signal then signal = body:match "^%s*([%w%*#]+)%s*$" end
  signal = signal and (signal_of_number[signal] or signal:upper())
  if not signal or not signal:find "^[%dA-D%*#]$" then return nil end
  local ms = math.tointeger(tonumber(body:match "[Dd]uration%s*=%s*(%d+)"))
  return signal, ms and ms > 0 and ms < 10000 and ms or default_ms
end

--- An INFO inside a call: answered here when it is a digit and the call listens for those.
---@param req moonsip.Request
---@param call moonsip.Call
---@return boolean taken
function dtmf.take_info(req, call)
  local settings, kind = call.agent.media, req.message.content_type
  local value = kind and kind.value:lower()
  if not settings or not settings.hears.info or not call.sound
    or value ~= relay_type and value ~= plain_type then
    return false
  end
  local digit, ms = dtmf.parse_info(value, req.message.body)
  if digit then call.sound.hub.core:digit(call.sound.id, digit, ms) end
  req:reply(digit and 200 or 400)
  return true
end

--- Sends digits one by one, each when the one before is answered.
local function send_infos(call, wish)
  for digit in wish.digits:gmatch "." do
    local pause = digit == "w" and 500 or digit == "," and 500 or digit == "W" and 1000
    if not pause then
      local res, err = call:request("INFO", {
        content_type = relay_type,
        body = ("Signal=%s\r\nDuration=%d\r\n"):format(digit:upper(), wish.ms),
      }):wait()
      if not res then return nil, err end
      pause = wish.gap
    end
    local done, err = timer.sleep(call.agent.context, pause / 1000)
    if not done then return nil, err end
  end
  return true
end

local function start_infos(one, call, wish)
  call:keep_wait(one)
  call.agent.context.tasks:spawn(call, function() one:resolve(send_infos(call, wish)) end)
end

-- ---- ours

local dtmf_options <const> = { duration = true, gap = true, how = true, volume = true }
local default_gap <const> = 70
local max_digits <const> = 64
local hows <const> = { rfc4733 = "events", inband = "inband", info = "info" }

-- Codecs that carry the tones of digits well enough.
local carries_tones <const> = { PCMU = true, PCMA = true, G722 = true, L16 = true }

--- The first way of the agent's that both sides know.
local function way_of(call, media)
  for _, way in ipairs(call.agent.media.dtmf) do
    if way == "rfc4733" and media.events or way == "info"
      or way == "inband" and carries_tones[media.codec.name:upper()] then
      return way
    end
  end
  return "inband"
end

local function start(one, call, wish)
  local sound = verb.sound(one, call)
  if not sound then return end
  local way = wish.how or way_of(call, sound.applied)
  call:note("send %s by %s", wish.digits, way)
  if way == "info" then return start_infos(one, call, wish) end
  call:keep_wait(one)
  sound:queue(one)(function()
    if one.resolved then return end
    sound:run(one, "dtmf", { digits = wish.digits, ms = wish.ms, gap = wish.gap,
                             volume = wish.volume, how = hows[way] },
      function(_, why)
        if why == "done" then return one:resolve(true) end
        if why == "failed" then
          return one:resolve(nil, errors.new("media", "no telephone events were agreed on"))
        end
        verb.resolve_other(one, call, why)
      end)
  end)
end

--- Sends digits (0-9 * # A-D; w and , pause half a second, W a second): as telephone
--- events (RFC 4733), as tones, or by INFO.
---@param digits string
---@param options { duration: any, gap: any, how: "rfc4733"|"inband"|"info"|nil, volume: integer? }?  100 ms, 70 ms
---@param callback fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function Dtmf:dtmf(digits, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local name <const> = "call:dtmf"
  options = misuse.options(name, options, dtmf_options)
  digits = tostring(digits)
  if digits == "" or #digits > max_digits or digits:find "[^%d%*#A-Da-dwW,]" then
    misuse.argument(name, "digits", ("1 to %d of 0-9 * # A-D w W , expected"):format(max_digits))
  end
  if options.how ~= nil and not hows[options.how] then
    misuse.argument(name, "how", "\"rfc4733\", \"inband\" or \"info\" expected")
  end
  local wish = {
    digits = digits, how = options.how, volume = options.volume,
    ms = options.duration and duration.check(name, "duration", options.duration) or default_ms,
    gap = options.gap and duration.check(name, "gap", options.gap) or default_gap,
  }
  return self:await(name, callback, start, self, wish)
end

return dtmf
