-- SPDX-License-Identifier: MIT
-- OPTIONS (RFC 3261 11): asking another side what it can do.

local Verbs = {}

local options = {}

--- Gives its verb to a class: of agents, or of calls and dialogs.
---@param class table
---@param is_agent boolean
function options.mixin(class, is_agent)
  class.options = is_agent and Verbs.outside or Verbs.inside
end

--- Asks and waits: the 2xx says what it can do in Allow, Accept, Supported and Allow-Events;
--- `res:has_token("Allow", "UPDATE")`.
---@param given any       URI, address, gateway, or a list of them tried in order
---@param wanted table?   those of agent:request
---@param callback fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err  the status of a failure is what an INVITE would get (11.2)
function Verbs:outside(given, wanted, callback)
  if type(wanted) == "function" then wanted, callback = nil, wanted end
  return self:request("OPTIONS", given, wanted):wait(callback)
end

--- The same inside a call or another dialog.
---@param wanted table?  those of call:request
---@param callback fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Verbs:inside(wanted, callback)
  if type(wanted) == "function" then wanted, callback = nil, wanted end
  return self:request("OPTIONS", wanted):wait(callback)
end

return options
