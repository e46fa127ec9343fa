-- SPDX-License-Identifier: MIT
-- Errors as values (api.md rule 4): what `nil, err` carries. The core makes them
-- for its own failures; this file gives all of them their methods and maps
-- statuses to kinds and back.

local core = require "moonsip.core"

local errors = {}

---@class moonsip.Error
---@field kind string       what went wrong, for scripts to branch on
---@field reason string     for people
---@field code integer?     SIP status that came, or that stands for what happened
---@field name string?      the core's own name ("GONE", "NO_ROUTE")
---@field response moonsip.Response?  that brought it
---@field gateway moonsip.Gateway?  that takes no call now
---@field retry_after integer?  seconds after which trying again makes sense
local Error = core.error
Error.__name = "moonsip.error"

-- Kinds with the status that a request deserves whose handling failed so.
local status_of_kind <const> = {
  hangup = 487, cancelled = 487, timeout = 408, noanswer = 480, busy = 486,
  rejected = 603, transport = 500, dns = 500, media = 488, nomatch = 480,
  noinput = 480, auth = 403, gone = 481, store = 500, notfound = 404, limit = 503,
  io = 500, invalid = 500,
}

-- Statuses whose kind is not that of their class.
local kind_of_status <const> = {
  [401] = "auth", [407] = "auth", [404] = "notfound", [410] = "notfound",
  [604] = "notfound", [408] = "timeout", [480] = "noanswer", [481] = "gone",
  [486] = "busy", [487] = "cancelled", [488] = "media", [600] = "busy", [606] = "media",
}

-- A failure without a response counts as this status (RFC 3261 8.1.3.1).
local status_of_failure <const> = {
  timeout = 408, transport = 503, dns = 503, cancelled = 487,
}

-- Errors made by the core carry no code of their own.
function Error:__index(key)
  local value = Error[key]
  if value ~= nil then return value end
  if key == "code" then return status_of_failure[rawget(self, "kind")] end
  local bye = key == "header" and rawget(self, "bye")
  return bye and bye.headers["Reason"] or nil
end

-- Another target, or the same one later, may do better; every other status is an
-- answer and not an outage.
local retryable_kind <const> = { timeout = true, transport = true, dns = true,
                                 store = true, limit = true }
local retryable_status <const> = { [408] = true, [430] = true, [500] = true, [502] = true,
                                   [503] = true, [504] = true }

-- Seconds in the Retry-After of a refusal that will pass.
local retry_after_s <const> = 30
local passes <const> = { store = true, limit = true }

--- A new error object.
---@param kind string
---@param reason string
---@param fields table?  code, name, response, retry_after
---@return moonsip.Error
function errors.new(kind, reason, fields)
  local err = fields or {}
  err.kind, err.reason = kind, reason
  return setmetatable(err, Error)
end

--- True for error objects of this library.
function errors.is(value)
  return getmetatable(value) == Error
end

--- The error that a final response of 300 and up is to the one who waits for it.
---@param response moonsip.Response
---@return moonsip.Error
function errors.of_response(response)
  local code = response.code
  local kind = kind_of_status[code] or "rejected"
  -- A call that rang out is not answered; for other methods 408 is a time-out.
  if code == 408 and response.cseq_method == "INVITE" then kind = "noanswer" end
  return errors.new(kind, response.reason, { code = code, response = response })
end

-- What failures of transports mean, by the system's names and the core's.
local meaning <const> = {
  ECONNREFUSED = "connection refused: nobody listens there",
  ECONNRESET = "the connection was reset", EPIPE = "the connection was closed",
  EHOSTUNREACH = "no route to that host", ENETUNREACH = "no route to that network",
  ETIMEDOUT = "no connection in time", NO_ROUTE = "no way there from this machine",
}

--- The error for a failure that brought no response.
---@param name string  the core's name of it
---@return moonsip.Error
function errors.of_failure(name)
  local kind = ({ TIMEOUT = "timeout", DNS = "dns", DNS_TIMEOUT = "dns",
                  DNS_FAILED = "dns", CANCELLED = "cancelled",
                  EXPIRED = "timeout", LIMIT = "limit", MEMORY = "limit",
                  NEEDS_TCP = "limit", URI = "invalid",
                  GONE = "gone" })[name] or "transport"
  if name == "EXPIRED" then
    return errors.new(kind, "the session was not refreshed in time (RFC 4028 10)",
      { name = name, code = 408 })
  end
  local reason = ({ NEEDS_TCP = "a MESSAGE too large for UDP, and no way by TCP (RFC 3428 8)",
                    DNS_TIMEOUT = "no answer from the DNS in time",
                    DNS_FAILED = "no DNS server is there, or all of them fail" })[name]
    or ({ timeout = "no response", dns = "name not found",
          cancelled = "cancelled", limit = "a limit is reached",
          invalid = "malformed URI", gone = "the object has ended" })[kind]
    or meaning[name] or ("transport failed: %s"):format(name)
  return errors.new(kind, reason, { name = name })
end

--- The end of a call that a BYE is, with what its Reason says (RFC 3326).
---@param bye table  message
---@return moonsip.Error
function errors.hangup(bye)
  return errors.new("hangup", "the other side hung up",
    { by = "remote", bye = bye })
end

--- Ends its handler without noise when nobody catches it (api.md, Traps).
---@param err any
function errors.is_quiet(err)
  return getmetatable(err) == Error and (err.kind == "hangup" or err.kind == "cancelled")
end

--- The status that answers a request which failed with this error. A status that
--- came from elsewhere is passed on, but 401 and 407 make no sense without that
--- server's challenge, and a 503 would say that this server is overloaded (RFC 3261 16.7).
---@param req moonsip.Request?  what is answered: who has not proven himself does not learn
---  whether a user exists
---@return integer status
---@return integer? retry_after  seconds
function Error:status(req)
  local code = self.response and self.code or nil
  if code == 401 or code == 407 then code = 403 end
  if code == 503 then code = 500 end
  if not code and (self.kind == "notfound" or self.gateway) then
    local hidden = req and not req.authenticated and rawget(self, "to_strangers")
    code = hidden or self.code
  end
  code = code or status_of_kind[self.kind] or 500
  return code, self.retry_after or (passes[self.kind] and retry_after_s or nil)
end

--- True when another target, or the same one later, may do better: an outage
--- rather than an answer.
---@return boolean
function Error:retryable()
  if self.response then return retryable_status[self.code] or false end
  return retryable_kind[self.kind] or false
end

function Error:__tostring()
  if self.code then
    return ("%s: %d %s"):format(self.kind, self.code, self.reason or "")
  end
  return ("%s: %s"):format(self.kind, self.reason or self.name or "")
end

return errors
