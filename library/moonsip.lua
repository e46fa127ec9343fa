---@meta moonsip
-- SPDX-License-Identifier: MIT
--
-- Types of `require "moonsip"` for the Lua language server: add this folder to its
-- `workspace.library`. docs/ says more of each name; a spec compares both with the
-- real objects.

---@alias moonsip.Duration number|string  seconds, or "250ms", "5s", "1h30m"
---@alias moonsip.Headers table<string, string|number|string[]>|string[][]
---@alias moonsip.Target string|moonsip.Uri|moonsip.Address|moonsip.Gateway|moonsip.TargetOptions|moonsip.Contact|moonsip.HuntMember|moonsip.Target[]
---@alias moonsip.FilterValue string|string[]|fun(value: any, message: moonsip.Message): boolean

---@alias moonsip.Credentials { username: string, password: string?, ha1: string?, realm: string? }

---@class moonsip.TargetOptions
---@field uri string|moonsip.Uri
---@field from string|moonsip.Uri|moonsip.Address|nil
---@field headers moonsip.Headers?
---@field routes string|string[]|nil
---@field transport "udp"|"tcp"|nil
---@field name string?
---@field username string?
---@field password string?
---@field ha1 string?
---@field realm string?
---@field credentials moonsip.Credentials|moonsip.Credentials[]|nil

---@class moonsip.Filter
---@field to moonsip.FilterValue?
---@field from moonsip.FilterValue?
---@field uri moonsip.FilterValue?
---@field user moonsip.FilterValue?
---@field host moonsip.FilterValue?
---@field method moonsip.FilterValue?
---@field event moonsip.FilterValue?
---@field content_type moonsip.FilterValue?
---@field transport moonsip.FilterValue?
---@field source moonsip.FilterValue?
---@field headers table<string, moonsip.FilterValue>?
---@field all boolean?

---@class moonsip.Observable  what has handlers
local Observable = {}
---@generic T
---@param self T
---@param what string|integer
---@param filter moonsip.Filter
---@param fn fun(what: any): any
---@return T
---@overload fun(self: T, what: string|integer, fn: fun(what: any): any): T
function Observable:on(what, filter, fn) end
---@generic T
---@param self T
---@param what string|integer
---@param fn function?
---@return T
function Observable:off(what, fn) end

---@class moonsip.Pending  a verb with a callback that is not through yet
local Pending = {}
function Pending:cancel() end

-- The module --------------------------------------------------------------------------

---@class moonsip.Sip
---@field next table       returned by a handler: the next one that fits has its turn
---@field log moonsip.Log
local sip = {}

---@class moonsip.AgentOptions
---@field listen string|string[]
---@field advertise string|table<string, string>|nil
---@field outbound_proxy string|string[]|nil
---@field from string|moonsip.Uri|moonsip.Address|nil
---@field domains string|string[]|nil
---@field secret string?
---@field node string?
---@field nodes table<string, string>?
---@field media moonsip.MediaOptions|false|nil
---@field tls moonsip.TlsOptions?
---@field websocket { paths: string|string[]|nil, origins: string|string[]|nil, routes: table<string, moonsip.Route|string>? }?
---@field user_agent string?
---@field username string?
---@field password string?
---@field ha1 string?
---@field realm string?
---@field credentials moonsip.Credentials|moonsip.Credentials[]|nil
---@field allow string|string[]|nil
---@field recv_info string|string[]|nil
---@field accept string|string[]|nil
---@field supported string|string[]|nil
---@field session_timer moonsip.SessionTimer?
---@field reliable "supported"|"required"|"off"|nil
---@field peers table<string, { no_tcp: boolean? }>?
---@field t1 moonsip.Duration?
---@field t2 moonsip.Duration?
---@field t4 moonsip.Duration?
---@field timer_c moonsip.Duration?
---@field failover moonsip.Duration?
---@field dead_target moonsip.Duration?
---@field resolve (fun(query: moonsip.QueryOptions): moonsip.ServerAddress[]|moonsip.ServerAddress|nil, moonsip.Error?)|nil
---@field mtu integer?
---@field max_transactions integer?
---@field max_dialogs integer?
---@field max_subscriptions integer?
---@field max_events integer?
---@field register moonsip.LineOptions|moonsip.LineOptions[]|nil
---@field max_lines integer?
---@field keep_alive moonsip.Duration|false|nil
---@field guard moonsip.GuardOptions|false|nil
---@field history integer?
---@field limits table<string, integer>?

---@param options moonsip.AgentOptions
---@return moonsip.Agent?
---@return moonsip.Error? err
function sip.agent(options) end
---@param options { realm: string, secret: fun(user: string, realm: string): (string|{ ha1: string }|nil), algorithms: string|string[]|nil, qop: string|string[]|nil, lifetime: moonsip.Duration?, capacity: integer?, key: string?, any_uri: boolean?, without_qop: boolean?, mutual: boolean? }
---@return moonsip.Digest
function sip.digest(options) end
---@param command string[]  the program and its arguments
---@param options { input: string?, timeout: moonsip.Duration?, env: table<string, string>?, folder: string?, max_output: integer? }?
---@param fn fun(output: string?, errors_or_err: string|moonsip.Error)?
---@return string? output
---@return string|moonsip.Error errors_or_err
function sip.exec(command, options, fn) end
---@param path string
---@param options { busy: moonsip.Duration? }?
---@return moonsip.Sqlite
function sip.sqlite(path, options) end
---@param url string  "redis://[:password@]host[:port][/db]"
---@param options { timeout: moonsip.Duration? }?
---@return moonsip.Redis
function sip.redis(url, options) end
---@param fn function
---@param ... any
---@return any ...
function sip.offload(fn, ...) end
---@param options { threads: integer?, waiting: integer? }?
---@return moonsip.Workers
function sip.workers(options) end
---@param store string|moonsip.QueueOptions|nil
---@param options moonsip.QueueOptions?
---@return moonsip.Queue
function sip.queue(store, options) end
---@param options moonsip.LocationOptions?
---@return moonsip.Location
function sip.location(options) end
---@param options { drain: moonsip.Duration?, signals: boolean?, rest: boolean? }?
---@return boolean? done
---@return moonsip.Error? err
function sip.run(options) end
---@param grace moonsip.Duration?
function sip.stop(grace) end
---@return table<string, integer>
function sip.metrics() end
---@param duration moonsip.Duration
---@param fn fun(done: boolean?, err: moonsip.Error?)?
---@return boolean?
---@return moonsip.Error? err
function sip.sleep(duration, fn) end
---@param duration moonsip.Duration
---@param fn fun()
---@return moonsip.Timer
function sip.after(duration, fn) end
---@param duration moonsip.Duration
---@param fn fun()
---@return moonsip.Timer
function sip.every(duration, fn) end
---@return number seconds
function sip.now() end
---@param options { servers: string|string[], timeout: moonsip.Duration? }
---@return boolean? done
---@return moonsip.Error? err
function sip.dns(options) end
---@param uri string|moonsip.Uri
---@param options { transports: string[]? }?
---@param fn fun(targets: moonsip.ServerAddress[]?, err: moonsip.Error?)?
---@return moonsip.ServerAddress[]?
---@return moonsip.Error? err
function sip.resolve(uri, options, fn) end
---@param kind "A"|"SRV"|"NAPTR"
---@param name string
---@param fn fun(records: (string|table)[]?, err: moonsip.Error?)?
---@return (string|table)[]?
---@return moonsip.Error? err
function sip.lookup(kind, name, fn) end
---@param number string  "+4930123"
---@param options { service: string?, suffix: string? }?
---@param fn fun(uris: string[]?, err: moonsip.Error?)?
---@return string[]?
---@return moonsip.Error? err
function sip.enum(number, options, fn) end
---@param value moonsip.Duration
---@return number seconds
function sip.duration(value) end
---@param fn fun(...)
---@return moonsip.Job
function sip.go(fn, ...) end
---@return moonsip.Group
function sip.group() end
---@param size integer
---@return moonsip.Pool
function sip.pool(size) end
---@param text string  "5/1s"
---@return moonsip.Rate
function sip.rate(text) end
---@param members moonsip.Target
---@param options moonsip.HuntOptions?
---@return moonsip.Hunt
function sip.hunt(members, options) end
---@param most integer
---@return moonsip.CallLimit
function sip.call_limit(most) end
---@param list table<string, moonsip.GatewayOptions>|moonsip.GatewayOptions[]
---@param options moonsip.GatewaySetOptions?
---@return moonsip.Gateways
function sip.gateways(list, options) end
---@param source moonsip.RateSource
---@param fn fun(rates: moonsip.Rates?, err: moonsip.Error?)?
---@return moonsip.Rates|moonsip.Job|nil  a job with `fn`
---@return moonsip.Error? err
function sip.rates(source, fn) end
---@param options moonsip.NumbersOptions
---@return moonsip.Numbers
function sip.numbers(options) end
---@param number string|moonsip.Uri|moonsip.Address
---@param context string?
---@return moonsip.Uri?
---@return moonsip.Error? err
function sip.tel(number, context) end
---@param number string|moonsip.Uri|moonsip.Address
---@param host string
---@return moonsip.Uri?
---@return moonsip.Error? err
function sip.phone(number, host) end
---@param options moonsip.TrustOptions
---@return moonsip.Trust
function sip.trust(options) end
---@param req moonsip.Request
---@return moonsip.Diversion?
---@return moonsip.Error? err
function sip.diversion(req) end
---@param req moonsip.Request
---@return moonsip.History?
---@return moonsip.Error? err
function sip.history(req) end
---@param protocol string  "SIP", "Q.850"
---@param cause integer?
---@param text string?
---@return string
function sip.reason(protocol, cause, text) end
---@param cause integer
---@return integer
function sip.status(cause) end
---@param status integer
---@return integer
function sip.cause(status) end
---@param text string
---@return moonsip.Uri?
---@return moonsip.Error? err
function sip.uri(text) end
---@param text string
---@return moonsip.Address?
---@return moonsip.Error? err
function sip.address(text) end
---@param text string
---@return moonsip.Message?
---@return moonsip.Error? err
function sip.message(text) end
---@param options moonsip.ConferenceOptions?
---@return moonsip.Conference?
---@return moonsip.Error? err
function sip.conference(options) end
---@param text string
---@return moonsip.Sdp?
---@return moonsip.Error? err
function sip.sdp(text) end
---@param text string
---@return string
function sip.escape(text) end
---@param text string
---@return string?
---@return moonsip.Error? err
function sip.unescape(text) end
---@return integer
function sip.pollfd() end
---@return string
function sip.events() end
---@return number? seconds
function sip.timeout() end
---@param timeout moonsip.Duration?
---@return boolean
function sip.step(timeout) end
---@return boolean
function sip.empty() end
---@param fn fun()?
function sip.on_wake(fn) end
---@param run fun()?
---@param stop fun()?
function sip.host(run, stop) end

---@class moonsip.Log
---@field level "debug"|"info"|"warn"|"error"|"none"
---@field write fun(line: string, level: string)
local Log = {}
---@param format string
function Log:debug(format, ...) end
---@param format string
function Log:info(format, ...) end
---@param format string
function Log:warn(format, ...) end
---@param format string
function Log:error(format, ...) end
---@param level "debug"|"info"|"warn"|"error"|"none"
function Log:set_level(level) end
---@class moonsip.Digest
---@field realm string
local Digest = {}
---@param req moonsip.Request
---@param options { proxy: boolean? }?
---@return string? user
---@return moonsip.Error? err
function Digest:check(req, options) end
---@param req moonsip.Request
---@param options { proxy: boolean?, stale: boolean? }?
---@return true? done
---@return moonsip.Error? err
function Digest:challenge(req, options) end

---@class moonsip.Timer
local Timer = {}
function Timer:stop() end
---@class moonsip.Job
---@field done boolean
local Job = {}
---@param fn function?
---@return any ...
function Job:wait(fn) end
function Job:cancel() end
---@class moonsip.Group
---@field count integer
---@field failed integer
local Group = {}
---@param fn fun(...)
---@return moonsip.Job?
---@return moonsip.Error? err
function Group:go(fn, ...) end
---@param fn function?
---@return boolean?
---@return any err
function Group:wait(fn) end
function Group:cancel() end
---@class moonsip.Pool
---@field size integer
---@field free integer
local Pool = {}
---@param fn fun(slot: moonsip.Slot?, err: moonsip.Error?)?
---@return moonsip.Slot?
---@return moonsip.Error? err
function Pool:take(fn) end
---@class moonsip.Slot
local Slot = {}
function Slot:release() end
---@class moonsip.Rate
---@field count integer
---@field span number  seconds
local Rate = {}
---@param fn function?
---@return boolean?
---@return moonsip.Error? err
function Rate:wait(fn) end
---@return boolean
function Rate:allow() end

---@class moonsip.Node
---@field name string
---@field uri string
---@field up boolean
---@field since number
---@field why moonsip.Error?

-- Agents ----------------------------------------------------------------------------------

---@class moonsip.Listener
---@field transport string
---@field ip string
---@field port integer
---@field advertise_host string?
---@field advertise_port integer?

---@class moonsip.Tap
local Tap = {}
function Tap:stop() end

---@class moonsip.Agent: moonsip.Observable, moonsip.Pager
---@field listeners moonsip.Listener[]
---@field calls moonsip.Call[]
---@field allow string
---@field accept string
---@field supported string
---@field closed boolean
---@field guard moonsip.Guard|false
---@field generation integer
---@field nodes table<string, moonsip.Node>
---@field lines moonsip.Line[]
local Agent = {}

---@class moonsip.RequestOptions
---@field headers moonsip.Headers?
---@field body string?
---@field content_type string?
---@field from string|moonsip.Uri|moonsip.Address|nil
---@field to string|moonsip.Uri|moonsip.Address|nil
---@field via string|moonsip.Uri|moonsip.TargetOptions|nil
---@field routes string|string[]|nil
---@field timeout moonsip.Duration?
---@field transport "udp"|"tcp"|nil
---@field no_tcp boolean?
---@field contact string|moonsip.Uri|nil
---@field line moonsip.Line?
---@field username string?
---@field password string?
---@field ha1 string?
---@field realm string?
---@field credentials moonsip.Credentials|moonsip.Credentials[]|nil

---@alias moonsip.Part string|{ content_type: string, body: string, headers: moonsip.Headers? }

---@class moonsip.CallOptions: moonsip.RequestOptions
---@field parts moonsip.Part[]?
---@field ring moonsip.Duration?
---@field pdd moonsip.Duration?
---@field reliable "supported"|"required"|"off"|nil
---@field own_prack boolean?
---@field session_timer moonsip.SessionTimer?
---@field early_media "any"|"authorized"|"none"|nil
---@field user string?
---@field codecs string[]?
---@field sdp moonsip.SdpOption

---@param fn fun(agent: moonsip.Agent)
---@return true?
---@return any err
function Agent:reload(fn) end
---@return boolean? done
---@return moonsip.Error? err
function Agent:reload_tls() end
---@param where string|{ file: string, append: boolean? }|(fun(record: moonsip.test.Record))
---@return moonsip.Tap?
---@return moonsip.Error? err
function Agent:trace(where) end
---@param method string
---@param target moonsip.Target
---@param options moonsip.RequestOptions?
---@return moonsip.Exchange
function Agent:request(method, target, options) end
---@param target moonsip.Target
---@param options moonsip.CallOptions?
---@param fn fun(call: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Agent:call(target, options, fn) end
---@param target moonsip.Target
---@param options moonsip.CallOptions?
---@return moonsip.Call
function Agent:start_call(target, options) end
---@param options moonsip.LineOptions
---@return moonsip.Line?
---@return moonsip.Error? err
function Agent:register(options) end
---@param name string
function Agent:emit(name, ...) end
---@param package string|moonsip.EventPackage
---@param options moonsip.EventOptions?
---@return moonsip.Notifier
function Agent:event(package, options) end
---@param target moonsip.Target
---@param options moonsip.ReferOptions
---@return fun(): moonsip.ReferStep?
function Agent:refer(target, options) end
---@param target moonsip.Target
---@param package string|moonsip.EventPackage
---@param options moonsip.WatchOptions?
---@param fn fun(info: moonsip.WatchInfo, doc: string?)?
---@return fun(): moonsip.WatchInfo?, string?
function Agent:watch(target, package, options, fn) end
---@param uri string|moonsip.Uri|moonsip.Address
---@return boolean
function Agent:is_local(uri) end
---@param retry_after integer  seconds; 0 ends it
function Agent:drain(retry_after) end
function Agent:close() end
---@return table<string, integer>
function Agent:counts() end

return sip
