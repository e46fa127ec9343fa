-- SPDX-License-Identifier: MIT
-- req:leg: an INVITE as the first leg of a B2BUA: a call that is not answered yet.

local description = require "moonsip.description"
local misuse = require "moonsip.misuse"

local Leg = {}

local leg = {}

local check, send

--- Gives its verb to the class of requests.
---@param class table
---@param checks fun(req: moonsip.Request): true?, moonsip.Error?  of a user agent (8.2)
---@param sends function  request.lua's: sends a response whose arguments are right
function leg.mixin(class, checks, sends)
  check, send = checks, sends
  for name, method in pairs(Leg) do class[name] = method end
end

--- Answers what cannot become a call through us.
local function refuse(self)
  if not check(self) then return end
  -- A B2BUA counts hops too (RFC 7332 5).
  if self.message.max_forwards == 0 then return send(self, 483) end
  local _, err = description.of(self.message)
  if err then send(self, err.code, nil, err.lines) end
end

--- The call of an INVITE that came, unanswered, for call:dial and call:bridge. Leaving its
--- `<close>` scope ends it as its state asks for: 500 when nobody answered it, BYE. When
--- the checks of a user agent fail it has been refused, and has ended.
---@return moonsip.Call
function Leg:leg()
  if self.message.method ~= "INVITE" then
    misuse.raise("req:leg: only an INVITE is a leg, not %s", self.message.method)
  end
  if self.message.to.tag then misuse.raise "req:leg: it is inside a call already" end
  local call = self.call
  if call.is_leg then return call end
  call.is_leg = true
  if not self.final then refuse(self) end
  return call
end

return leg
