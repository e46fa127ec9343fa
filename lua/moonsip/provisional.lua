-- SPDX-License-Identifier: MIT
-- Reliable provisional responses (RFC 3262): the option `reliable`, of an agent and of a call
-- that is placed.
--
--   "supported"  ours are reliable where they have a description; the default
--   "required"   all of them are, and who does not support that gets 421, or is not called
--   "off"        neither supported nor used

local misuse = require "moonsip.misuse"

local provisional = {}

local known <const> = { supported = true, required = true, off = true }

--- The option, checked.
function provisional.read(verb, given)
  if given ~= nil and not known[given] then
    misuse.argument(verb, "reliable", "\"supported\", \"required\" or \"off\" expected")
  end
  return given
end

--- Whether a 101 to 199 of ours is to be reliable where the other side supports it.
---@param agent moonsip.Agent
---@param body string?
---@param given boolean?  what the script said of this one
---@return boolean
function provisional.is_wanted(agent, body, given)
  if given ~= nil then return given end
  local policy = agent.reliable
  return policy == "required" or policy == "supported" and body ~= nil
end

--- Whether a 1xx to this INVITE can be reliable (RFC 3262 3).
---@param req moonsip.Request
---@return boolean
function provisional.is_supported(req)
  local message = req.message
  return req.agent.reliable ~= "off" and (message:has_token("Supported", "100rel")
    or message:has_token("Require", "100rel"))
end

--- A first 1xx that has to be reliable needs our offer where the INVITE has none (RFC 3261
--- 13.2.1, RFC 3262 5).
---@param req moonsip.Request
---@return boolean
function provisional.must_offer(req)
  return req.message.method == "INVITE" and req.message.body == ""
    and req.message:has_token("Require", "100rel")
end

return provisional
