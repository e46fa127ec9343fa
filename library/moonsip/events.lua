---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of event notification.

---@alias moonsip.EventPackage { name: string, content_type: string?, expires: integer?, interval: number?, number: string?, format: (fun(value: any, uri: moonsip.Uri): string, string?)?, parse: (fun(body: string): any, moonsip.Error?)?, compose: (fun(bodies: string[], uri: moonsip.Uri): string)?, open: (fun(notifier: moonsip.Notifier, source: any): table?, string?)? }

---@class moonsip.EventOptions
---@field state (fun(aor: moonsip.Uri, self: moonsip.Notifier): any)?
---@field source any
---@field allow (fun(req: moonsip.Request, watcher: moonsip.Uri, aor: moonsip.Uri): boolean|"pending"|nil)?
---@field expires moonsip.Duration|moonsip.Duration[]|nil
---@field accept string?
---@field interval moonsip.Duration?

---@class moonsip.Notifier
---@field agent moonsip.Agent
---@field package moonsip.EventPackage
local Notifier = {}
---@param aor string|moonsip.Uri|nil
---@return integer told
function Notifier:notify(aor) end
---@param req moonsip.Request
---@return true?
---@return moonsip.Error? err
function Notifier:publish(req) end
---@param aor string|moonsip.Uri
---@return string?
function Notifier:published(aor) end
---@param aor string|moonsip.Uri|nil
---@return moonsip.Subscription[]
function Notifier:subscriptions(aor) end

---@class moonsip.AcceptOptions
---@field expires moonsip.Duration?
---@field min moonsip.Duration?
---@field pending boolean?
---@field body string?
---@field content_type string?
---@field headers moonsip.Headers?
---@field interval moonsip.Duration?

---@class moonsip.Subscription
---@field agent moonsip.Agent
---@field state "pending"|"active"|"ending"|"ended"
---@field expires integer
---@field event string
---@field watcher moonsip.Uri?
---@field uri moonsip.Uri?
---@field why moonsip.Error|false
local Subscription = {}
---@param body string?
---@param content_type string?
---@return true?
---@return moonsip.Error? err
function Subscription:notify(body, content_type) end
---@return true?
---@return moonsip.Error? err
function Subscription:allow() end
---@param options { reason: string?, retry_after: moonsip.Duration?, body: string?, content_type: string? }?
---@return true?
---@return moonsip.Error? err
function Subscription:terminate(options) end
function Subscription:close() end
---@param what "end"|"refresh"
---@param fn fun(what: any)
---@return moonsip.Subscription
function Subscription:on(what, fn) end
---@param what string
---@param fn function?
---@return moonsip.Subscription
function Subscription:off(what, fn) end

---@class moonsip.WatchOptions
---@field expires moonsip.Duration?
---@field accept string?
---@field id string?

---@class moonsip.Watch
local Watch = {}
function Watch:close() end

---@class moonsip.ReferOptions
---@field to string|moonsip.Uri|moonsip.Address|moonsip.Call|nil
---@field referred_by string|moonsip.Uri|moonsip.Address|false|nil
---@field subscribe boolean?
---@field target_dialog moonsip.Call?
---@field replaces moonsip.Call?

---@class moonsip.FollowOptions: moonsip.CallOptions
---@field provisional boolean?
---@field tell_dialog boolean?

---@alias moonsip.ReferStep { code: integer, reason: string?, final: boolean, error: moonsip.Error?, replaces: string?, message: moonsip.Message? }

---@class moonsip.WatchInfo
---@field state "pending"|"active"|"terminated"
---@field reason string?
---@field expires integer?
---@field retry number?
---@field error moonsip.Error?
---@field content_type string?
---@field fork integer?
---@field message moonsip.Message?
local WatchInfo = {}
---@return any
---@return moonsip.Error? err
function WatchInfo:parse() end
