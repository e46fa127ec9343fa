-- SPDX-License-Identifier: MIT
-- Changes of a call's session: ours by a further INVITE or by UPDATE (RFC 3261 14, RFC
-- 3311), hold and resume (RFC 3264 8.4), and theirs that no handler took. Changes of ours
-- have their turn one after the other.

local codecs = require "moonsip.codecs"
local description = require "moonsip.description"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local plan = require "moonsip.plan"
local prompt = require "moonsip.prompt"

local Change = {}

local change = {}

--- Gives its verbs to the class of calls.
function change.mixin(class)
  for name, method in pairs(Change) do class[name] = method end
end

local start_change

--- An UPDATE, a PRACK or a further INVITE that no handler took is answered from what we can do
--- (14.2, RFC 3311 5.2).
---@param request moonsip.Request
---@package
function Change:refresh(request)
  local has_offer = request.message.body ~= ""
  if request.message.method ~= "INVITE" and not has_offer then
    return request:reply(200)
  end
  return request:answer()
end

-- Nobody waits for a refresh that the core asks for: what comes of it is its timer's matter.
local Unattended = {}
Unattended.__index = Unattended
function Unattended:resolve() self.resolved = true end
Unattended.cancel = Unattended.resolve

--- The session is to be refreshed from here (RFC 4028 7.4, 10): by a further INVITE whose
--- offer says that nothing has changed, as the other side knows no UPDATE; or, after a
--- challenge, by UPDATE with a proof.
---@param code integer  0, or the challenge's
---@package
function Change:refresh_session(code)
  local wish = { method = code == 0 and "INVITE" or "UPDATE", verb = "call:refresh", options = {} }
  if code ~= 0 then wish.sdp = false end
  start_change(setmetatable({}, Unattended), self, wish)
end

--- Sends it; `one` is resolved with the 2xx.
local function begin(one, self, wish)
  local session = self.session
  if one.resolved then return session:change_done() end -- it was given up meanwhile
  local options = wish.options
  local made = plan.inside(wish.verb, { headers = options.headers, timeout = options.timeout },
    wish.method)
  made.sdp, made.holding, made.from = wish.sdp, wish.holding, wish.from
  made.content_type = description.content_type
  local before = session.holding
  self:start_request(wish.verb, wish.method, made, { session = session,
    on_done = function(_, final, err)
      if err then session.holding = before end
      session:change_done()
      if err then return one:resolve(nil, err) end
      if wish.holding ~= nil and self.sound then self.sound:play_beside(wish.music) end
      one:resolve(wish.result or final)
    end })
end

function start_change(one, self, wish)
  if self.state == "ended" then return one:resolve(nil, self.why) end
  if not self.number then
    return one:resolve(nil, errors.new("invalid", "the call has no dialog yet"))
  end
  if wish.from and not self.agent.engine:dialog_info(self.number).peer_renames then
    return one:resolve(nil, errors.new("invalid",
      "the other side does not support from-change (RFC 4916 4.4)"))
  end
  self:keep_wait(one)
  local session = self:negotiation()
  if wish.codecs then session.codecs = wish.codecs end
  -- In an early dialog nobody's turn comes: what may be sent now, may be.
  if self.state ~= "connected" then return begin(one, self, wish) end
  if not session:when_free(function() begin(one, self, wish) end) then
    one:resolve(nil, errors.new("limit", "too many changes of the session are waiting"))
  end
end

local change_options <const> = { sdp = true, codecs = true, headers = true, timeout = true,
                                from = true }

local function change_by(self, method, verb, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options(verb, options, change_options)
  local sdp = options.sdp
  if sdp ~= nil and sdp ~= false and type(sdp) ~= "function" then
    sdp = description.text(verb, sdp)
  end
  local wish = { method = method, verb = verb, options = options, sdp = sdp,
                 codecs = options.codecs and codecs.list(verb, options.codecs, self.agent.media),
                 from = options.from and plan.from_of(self.agent, verb, options.from) }
  return self:await(verb, callback, start_change, self, wish)
end

--- Changes the session by a further INVITE (14): with `sdp`, or what we can do now. A
--- function edits that; false asks the other side for an offer.
--- `from` says who we are from then on (RFC 4916).
---@param options { sdp: any, codecs: string[]?, headers: table?, timeout: (number|string)?, from: any }?
---@return moonsip.Response?
---@return moonsip.Error? err
function Change:reinvite(options, callback)
  return change_by(self, "INVITE", "call:reinvite", options, callback)
end

--- The same by UPDATE (RFC 3311); with `sdp = false` it only refreshes the target.
---@param options { sdp: any, codecs: string[]?, headers: table?, timeout: (number|string)?, from: any }?
---@return moonsip.Response?
---@return moonsip.Error? err
function Change:update(options, callback)
  return change_by(self, "UPDATE", "call:update", options, callback)
end

local hold_options <const> = { headers = true, timeout = true, music = true }
local resume_options <const> = { headers = true, timeout = true }

local function hold_or_resume(self, verb, holding, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options(verb, options, holding and hold_options or resume_options)
  local wish = { method = "INVITE", verb = verb, options = options, holding = holding,
                 result = true, music = prompt.items(verb, options.music) }
  return self:await(verb, callback, start_change, self, wish)
end

--- Puts the other side on hold: an offer that is sendonly, or inactive where we did not
--- send (RFC 3264 8.4). Doing it twice refreshes it.
---@param options { music: any, headers: table?, timeout: (number|string)? }?  music: what it hears meanwhile
---@return true?
---@return moonsip.Error? err
function Change:hold(options, callback)
  return hold_or_resume(self, "call:hold", true, options, callback)
end

--- Takes the other side off hold.
---@param options { headers: table?, timeout: (number|string)? }?
---@return true?
---@return moonsip.Error? err
function Change:resume(options, callback)
  return hold_or_resume(self, "call:resume", false, options, callback)
end

return change
