-- SPDX-License-Identifier: MIT
-- The door of a conference: who knows a PIN comes in, with the rights that go with it.

local errors = require "moonsip.errors"
local member = require "moonsip.conference.member"
local misuse = require "moonsip.misuse"
local prompt = require "moonsip.prompt"

---@class moonsip.Door
---@field private context moonsip.Context
---@field private pins fun(pin: string, call: moonsip.Call): table|boolean|nil
---@field private longest integer
---@field private ask moonsip.Prompt
---@field private wrong moonsip.Prompt?
---@field private tries integer
local Door = {}
Door.__index = Door

local door = {}

local default_tries <const>, max_tries <const>, max_digits <const> = 3, 100, 32
local default_ask <const> = { tone = "beep" }

--- PINs and their rights as a function, and how long the longest may be.
local function read_pins(name, given)
  if type(given) == "function" then return given, max_digits end
  if type(given) == "string" then given = { [given] = true } end
  misuse.check(name, "pin", given, "table")
  local rights, longest = {}, 0
  for pin, options in pairs(given) do
    if type(pin) ~= "string" or not pin:find "^[%d%*]+$" or #pin > max_digits then
      misuse.argument(name, "pin", ("strings of 1 to %d digits expected"):format(max_digits))
    end
    rights[pin] = options == true and {} or options
    member.seat(name, rights[pin]) -- refuses what is no option
    longest = math.max(longest, #pin)
  end
  if longest == 0 then misuse.argument(name, "pin", "nobody could come in") end
  return function(pin) return rights[pin] end, longest
end

--- Of the options of sip.conference; nil: everybody may come in.
---@param name string
---@param context moonsip.Context
---@param options table
---@return moonsip.Door?
function door.new(name, context, options)
  if options.pin == nil then
    for _, other in ipairs { "ask", "wrong", "tries" } do
      if options[other] ~= nil then misuse.argument(name, other, "there is no pin to ask for") end
    end
    return nil
  end
  local pins, longest = read_pins(name, options.pin)
  prompt.items(name, options.ask)
  prompt.items(name, options.wrong)
  return setmetatable({
    context = context, pins = pins, longest = longest,
    ask = options.ask or default_ask, wrong = options.wrong,
    tries = misuse.integer(name, "tries", options.tries or default_tries, 1, max_tries),
  }, Door)
end

--- The seat that a PIN gives; nil when it is none. A function that raises opens nothing.
local function seat_of(self, pin, call, options)
  local _, seat = xpcall(function()
    local rights = self.pins(pin, call)
    return rights and member.seat("sip.conference", options, rights ~= true and rights or nil)
  end, function(err)
    self.context.report(self.pins, err, debug.traceback(tostring(err), 2))
  end)
  return seat or nil
end

--- Asks for a PIN, a few times: the seat that it gives, or why none. Waits, in a task.
---@param call moonsip.Call
---@param options table?  of conference:join
---@return moonsip.Seat?
---@return moonsip.Error? err  auth, or that of call:gather
function Door:open(call, options)
  local refused = false
  for _ = 1, self.tries do
    if refused and self.wrong then call:play(self.wrong) end
    local pin, err = call:gather { play = self.ask, max = self.longest }
    local seat = pin and seat_of(self, pin, call, options)
    if seat then return seat end
    if err and err.kind ~= "noinput" then return nil, err end
    refused = true
  end
  return nil, errors.new("auth", "no PIN of the conference")
end

return door
