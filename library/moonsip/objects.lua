---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of what agents hand out: errors, messages, requests, exchanges.

-- Errors --------------------------------------------------------------------------------

---@class moonsip.Error
---@field kind string
---@field reason string
---@field code integer?
---@field name string?
---@field response moonsip.Response?
---@field retry_after integer?
---@field gateway moonsip.Gateway?
---@field by "local"|"remote"|nil
---@field at integer?
local Error = {}
---@return integer status
---@return integer? retry_after  seconds
function Error:status() end
---@return boolean
function Error:retryable() end

-- Messages --------------------------------------------------------------------------------

---@class moonsip.Parameters: { [string]: string|true|nil }

---@class moonsip.Uri
---@field scheme string
---@field user string?
---@field password string?
---@field host string?
---@field port integer?
---@field params moonsip.Parameters
---@field headers moonsip.Parameters
---@field transport string?
---@field secure boolean
---@field text string
local Uri = {}
---@return moonsip.Uri
function Uri:copy() end
---@return boolean?
function Uri:is_local() end

---@class moonsip.Address
---@field uri moonsip.Uri
---@field display string?
---@field tag string?
---@field params moonsip.Parameters
---@field user string?
---@field host string?
---@field q number?
---@field expires integer?
---@field star boolean
---@field text string
local Address = {}
---@return string
function Address:bare() end
---@return moonsip.Address
function Address:copy() end
---@return boolean?
function Address:is_local() end

---@class moonsip.Source
---@field transport string
---@field ip string
---@field port integer

---@class moonsip.Fields  what messages, requests and responses share
---@field method string?
---@field code integer?
---@field reason string?
---@field uri moonsip.Uri?
---@field from moonsip.Address?
---@field to moonsip.Address?
---@field contact moonsip.Address?
---@field contacts moonsip.Address[]
---@field via table?
---@field vias table[]
---@field call_id string?
---@field cseq integer?
---@field cseq_method string?
---@field branch string?
---@field max_forwards integer?
---@field expires integer?
---@field content_type { value: string, type: string, subtype: string, params: table }?
---@field body string
---@field headers { [string]: string|nil }
---@field text string
---@field transport string?
---@field source_ip string?
---@field source_port integer?
---@field local_ip string?
---@field local_port integer?
---@field flow userdata?
local Fields = {}
---@param name string
---@return string[]
function Fields:header_values(name) end
---@param name string
---@param token string
---@return boolean
function Fields:has_token(name, token) end

---@class moonsip.Message: moonsip.Fields
local Message = {}
---@param name string
---@return any
---@return moonsip.Error? err
function Message:typed(name) end
---@return true?
---@return moonsip.Error? err
function Message:check() end
---@return table[]?
---@return moonsip.Error? err
function Message:parts() end
---@return moonsip.Message
function Message:copy() end

---@class moonsip.Response: moonsip.Fields
---@field sdp moonsip.Sdp?
---@field request moonsip.Exchange|moonsip.Request
---@field call moonsip.Call?
---@field dialog moonsip.Dialog?
---@field branch moonsip.Branch?
---@field source moonsip.Source?
---@field message moonsip.Message
---@field reliable boolean
local Response = {}
---@return integer
function Response:class() end
---@param options { sdp: moonsip.SdpOption|true, headers: moonsip.Headers?, timeout: moonsip.Duration? }?
---@return moonsip.Exchange?
---@return moonsip.Error? err
function Response:prack(options) end

-- Requests that came ------------------------------------------------------------------------

---@class moonsip.ReplyOptions
---@field headers moonsip.Headers?
---@field body string?
---@field content_type string?
---@field stateless boolean?
---@field reliable boolean?
---@field session_timer moonsip.SessionTimer?

---@class moonsip.ProxyTarget
---@field uri string|moonsip.Uri
---@field q number?
---@field path string|string[]|nil
---@field routes string|string[]|nil
---@field via string|moonsip.Uri|nil
---@field flow userdata?
---@field transport "udp"|"tcp"|nil
---@field headers table<string, string|number|string[]|false>?
---@field timeout moonsip.Duration?

---@class moonsip.ProxySetOptions
---@field mode "q"|"parallel"|"serial"|nil
---@field record_route boolean?
---@field path boolean?
---@field timeout moonsip.Duration?
---@field headers table<string, string|number|string[]|false>?
---@field recurse boolean|integer|nil
---@field stateless boolean?
---@field [integer] string|moonsip.Uri|moonsip.Address|moonsip.ProxyTarget|(string|moonsip.Uri|moonsip.Address|moonsip.ProxyTarget)[]

---@class moonsip.Proxied
local Proxied = {}
---@param set moonsip.ProxySetOptions?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Proxied:proxy(set, fn) end
---@param set moonsip.ProxySetOptions?
---@return true?
---@return moonsip.Error? err
function Proxied:forward(set) end
---@param res moonsip.Response?
---@param err moonsip.Error?
---@return true?
---@return moonsip.Error? why
function Proxied:finish(res, err) end
---@param options { headers: moonsip.Headers? }?
---@return true?
---@return moonsip.Error? err
function Proxied:cancel(options) end
---@generic T
---@param self T
---@param what string|integer
---@param filter moonsip.Filter
---@param fn fun(what: any): any
---@return T
---@overload fun(self: T, what: string|integer, fn: fun(what: any): any): T
function Proxied:on(what, filter, fn) end
---@generic T
---@param self T
---@param what string|integer
---@param fn function?
---@return T
function Proxied:off(what, fn) end
---@return boolean
function Proxied:is_local() end
---@return boolean
function Proxied:is_routed() end

---@class moonsip.Branch
---@field request moonsip.Request
---@field number integer
---@field uri string
---@field target any?
---@field state "trying"|"ringing"|"answered"|"failed"
---@field code integer?
local Branch = {}
---@param options { headers: moonsip.Headers? }?
---@return true?
---@return moonsip.Error? err
function Branch:cancel(options) end

---@class moonsip.Request: moonsip.Fields, moonsip.Proxied
---@field sdp moonsip.Sdp?
---@field agent moonsip.Agent
---@field call moonsip.Call?
---@field dialog moonsip.Dialog|false|nil
---@field line moonsip.Line?
---@field final integer|false
---@field cancelled boolean
---@field deferred boolean
---@field authenticated string?
---@field info { package: string, params: table<string, string>, content_type: string?, body: string }?
---@field expires_at number?
---@field replaces moonsip.Call?
---@field joins moonsip.Call?
---@field target_dialog moonsip.Call?
---@field source moonsip.Source?
---@field message moonsip.Message
local Request = {}
---@param code integer|moonsip.Error
---@param reason string?
---@param options moonsip.ReplyOptions|table?  other names are header fields
---@return true?
---@return moonsip.Error? err
---@overload fun(self: moonsip.Request, code: integer|moonsip.Error, options: table?): true?, moonsip.Error?
function Request:reply(code, reason, options) end
---@param code integer|moonsip.Error
---@param reason string?
---@param options moonsip.ReplyOptions|table?
---@return true?
---@return moonsip.Error? err
function Request:reject(code, reason, options) end
---@return moonsip.Call
function Request:leg() end
---@param options moonsip.ReplyOptions|table?
---@return true?
---@return moonsip.Error? err
function Request:ring(options) end
---@param code integer?
---@param options moonsip.ReplyOptions|moonsip.AnswerOptions|table?
---@return moonsip.Call|true|nil
---@return moonsip.Error? err
function Request:progress(code, options) end
---@param targets string|moonsip.Uri|moonsip.Address|(string|moonsip.Uri|moonsip.Address)[]
---@param options { code: integer?, headers: moonsip.Headers? }?
---@return true?
---@return moonsip.Error? err
function Request:redirect(targets, options) end
---@param options moonsip.AnswerOptions?
---@return moonsip.Call?
---@return moonsip.Error? err
function Request:answer(options) end
---@return moonsip.Request
function Request:defer() end
---@param options moonsip.AcceptOptions?
---@return moonsip.Subscription?
---@return moonsip.Error? err
function Request:accept(options) end
---@param options moonsip.FollowOptions?
---@param fn fun(call: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Request:follow_refer(options, fn) end

-- Requests of ours --------------------------------------------------------------------------

---@class moonsip.Exchange: moonsip.Observable
---@field agent moonsip.Agent
---@field method string
---@field target string
---@field call moonsip.Call?
---@field done boolean
---@field final moonsip.Response?
---@field error moonsip.Error?
local Exchange = {}
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Exchange:wait(fn) end
---@return fun(...): moonsip.Response?
function Exchange:responses() end
---@param options { headers: moonsip.Headers? }?
---@return true?
---@return moonsip.Error? err
function Exchange:cancel(options) end
function Exchange:close() end
