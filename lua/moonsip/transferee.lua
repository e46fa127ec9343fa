-- SPDX-License-Identifier: MIT
-- REFER from the side that is asked (RFC 3515 2.4.2 and following): the call is placed, and who
-- asked is told how it goes.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local parts = require "moonsip.parts"
local sipfrag = require "moonsip.sipfrag"
local subscription = require "moonsip.subscription"
local wait = require "moonsip.wait"

local Transferee = {}

local transferee = {}

--- Gives its verb to the class of requests.
function transferee.mixin(class)
  for name, method in pairs(Transferee) do class[name] = method end
end

-- Header fields that a Refer-To may bring into our INVITE; others are a stranger's (RFC 3261
-- 19.1.5).
local taken <const> = { replaces = "Replaces", join = "Join", require = "Require",
                        ["accept-contact"] = "Accept-Contact",
                        ["reject-contact"] = "Reject-Contact",
                        ["request-disposition"] = "Request-Disposition",
                        subject = "Subject", ["answer-mode"] = "Answer-Mode" }

--- What a REFER asks for.
---@param req moonsip.Request
---@param takes_numbers boolean?  a tel URI too, for who routes it
---@return string? uri      without its header fields
---@return table|integer    those that are taken; or a status
function transferee.read(req, takes_numbers)
  local message = req.message
  local values = req:header_values "Refer-To"
  if #values ~= 1 then return nil, 400 end -- 2.4.2
  local address = core.address(values[1])
  local uri = address and address.uri
  if not uri then return nil, 400 end
  local scheme = uri.scheme
  if scheme ~= "sip" and scheme ~= "sips" and not (takes_numbers and scheme == "tel") then
    return nil, 416
  end
  local method = uri.params.method
  if method and method:upper() ~= "INVITE" then return nil, 501 end
  local fields = {}
  for name, value in pairs(uri.headers) do
    local known = taken[name:lower()]
    if known then fields[known] = value end
  end
  local by = message.headers["Referred-By"]
  if by then fields["Referred-By"] = by end -- RFC 3892 2.2
  local plain = tostring(uri):match "^[^?]*"
  return plain, fields
end

--- The token of a Referred-By, which goes along as it came (RFC 3892 2.2): a list of that part.
local function token_of(message)
  local by = message.headers["Referred-By"]
  local id = by and (by:match ';%s*[cC][iI][dD]%s*=%s*"([^"]*)"')
  local part = id and parts.by_id(message, id)
  return part and { part }
end

--- Tells who asked; the last time when it is over.
---@param req moonsip.Request
---@param code integer
---@param reason string?
---@param lines string?  what else it is told
---@return boolean told  false when nobody wants to know, or knows already
function transferee.tell(req, code, reason, lines)
  local number = req.refer_number
  if not number then return false end
  local engine, body = req.agent.engine, sipfrag.status(code, reason) .. (lines or "")
  if code >= 200 then
    req.refer_number = nil
    engine:terminate(number, "noresource", 0, body, sipfrag.content_type)
  else
    engine:notify(number, body, sipfrag.content_type)
  end
  return true
end

--- Tells who asked how it ended; `fn` is called when that has come, or cannot come any more.
---@param fn fun()
function transferee.conclude(req, code, reason, fn)
  req.refer_over = fn
  if not transferee.tell(req, code, reason) then fn() end
end

local function is_false(req)
  local value = req.message.headers["Refer-Sub"]
  return value ~= nil and value:lower():find "^%s*false" ~= nil
end

--- 200 and a subscription, or 200 without one where none is wanted (RFC 4488 4). 202, which RFC
--- 3515 has, is no more than 200 (RFC 6665 8.3.1).
---@param req moonsip.Request
---@return true?
---@return moonsip.Error? err  it was refused
function transferee.accept(req)
  if is_false(req) then
    local was_outside = not req.dialog
    local done, err = req:reply(200, { ["Refer-Sub"] = "false" })
    if done and was_outside and req.dialog then req.dialog:close() end -- nothing lives in it
    return done, err
  end
  local number, err = subscription.accept(req, { default = 180, most = 180 },
    sipfrag.status(100), sipfrag.content_type)
  if not number then return nil, err end
  req.refer_number = number
  req.agent.subscriptions[number] = {
    subscription_ended = function()
      req.refer_number = nil
      if req.refer_over then req.refer_over() end
    end,
    challenged = function(_, of, message)
      subscription.prove(req.agent, of, message, req.agent.credentials, "NOTIFY")
    end,
  }
  return true
end

local was_given_up <const> = { noanswer = true, hangup = true, cancelled = true }

--- What the INVITE got; 487 is what one gets that we gave up (RFC 5589 6.3.2).
local function status_of(err)
  local response = err.response
  if response then return response.code, response.reason end
  return was_given_up[err.kind] and 487 or err.code or 503
end

local function start(one, req, uri, options, own)
  local call = req.agent:start_call(uri, options)
  if own.provisional ~= false then
    call.invite:on("1xx", function(res)
      if res.code > 100 then transferee.tell(req, res.code, res.reason) end
    end)
  end
  one.undo = function() call:close() end
  call:wait(function(answered, err)
    one.undo = nil
    if answered then
      transferee.tell(req, 200, nil, own.tell_dialog and sipfrag.dialog(call) or nil)
    else
      transferee.tell(req, status_of(err))
    end
    if answered then return one:resolve(call) end
    one:resolve(nil, err)
  end)
end

local own_options <const> = { provisional = true, tell_dialog = true }

--- Does what a REFER asks for: answers it, places the call that it names, with its Replaces and
--- Referred-By, and tells who asked of each step. Returns the call when it is answered, or `nil,
--- err`. It is refused with 400 for a Refer-To that is none, 416 for one of another scheme, 501
--- for one of another method than INVITE. Whether to do so at all is the script's to say before.
---@param options table?   of agent:call; headers: beside those that the REFER brings;
---  provisional: false: of ringing and the like nobody is told; tell_dialog: who asked is told the
---  dialog of the call that was answered, and may replace it then
---@param callback fun(call: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Transferee:follow_refer(options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local verb <const> = "req:follow_refer"
  if self.message.method ~= "REFER" then
    misuse.raise("%s: a REFER is followed, not %s", verb, self.message.method)
  end
  local made, own = {}, {}
  for name, value in pairs(misuse.optional(verb, "options", options, "table") or {}) do
    if own_options[name] then own[name] = value else made[name] = value end
  end
  local uri, fields = transferee.read(self)
  if not uri then
    self:reply(fields)
    return nil, errors.new("rejected", "the REFER was refused", { code = fields })
  end
  for name, value in pairs(misuse.optional(verb, "headers", made.headers, "table") or {}) do
    fields[name] = value
  end
  made.headers = next(fields) and fields or nil
  made.parts = made.parts or token_of(self.message)
  local done, err = transferee.accept(self)
  if not done then return nil, err end
  return wait.await(self.agent.context, verb, self.agent, callback, start, self, uri, made, own)
end

return transferee
