-- SPDX-License-Identifier: MIT
-- A branch of a proxied request, as a script sees it.

local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"

---@class moonsip.Branch
---@field request moonsip.Request
---@field number integer   1 and up, in the order of the set
---@field uri string       its Request-URI
---@field target any       as the script gave it; nil when a 3xx brought it
---@field state "trying"|"ringing"|"answered"|"failed"
---@field code integer?    the last status, or what counts for one
local Branch = {}
Branch.__index = Branch
Branch.__name = "moonsip.branch"

local branch = {}

---@param request moonsip.Request
---@param number integer
---@param target table?  of target_set.read
---@return moonsip.Branch
function branch.new(request, number, target)
  local engine, transaction = request.agent.engine, request.transaction
  return setmetatable({
    request = request, number = number, target = target and target.given,
    uri = target and target.uri or engine:proxy_uri(transaction, number) or "",
    state = "trying",
  }, Branch)
end

--- What the core tells of it; code 0: it begins.
---@param code integer
---@package
function Branch:become(code)
  if code == 0 then return end
  self.code = code
  if code < 200 then
    self.state = "ringing"
  elseif self.state ~= "answered" then
    self.state = code < 300 and "answered" or "failed"
  end
end

local cancel_options <const> = { headers = true }

--- Cancels this branch alone (9.1).
---@param options { headers: table? }?  e.g. Reason
---@return true?
---@return moonsip.Error? err
function Branch:cancel(options)
  options = misuse.options("branch:cancel", options, cancel_options)
  local flat = headers.flatten("branch:cancel", options.headers)
  local request = self.request
  return request.agent.engine:proxy_cancel(request.transaction, self.number, flat)
end

branch.Branch = Branch

return branch
