---@meta moonsip.routing
-- SPDX-License-Identifier: MIT
--
-- Types of what routes calls, and of who is let in: gateways, rates, guards.

---@class moonsip.RateSourceOptions
---@field file string?
---@field rows table[]?
---@field separator string?
---@field columns string[]|table<string, string>|nil
---@field numbers string[]?
---@field set table<string, string|number>?

---@alias moonsip.RateSource string|moonsip.RateSourceOptions|table[]

---@alias moonsip.RateRow { prefix: string, carrier: string?, cost: number?, line: integer, [string]: string|number }

---@class moonsip.Rates
---@field rows integer
---@field prefixes integer
---@field memory integer  bytes
---@field columns string[]
local Rates = {}
---@param number string|moonsip.Uri
---@param options { at: number?, every: boolean? }?
---@return moonsip.RateRow[]?
---@return moonsip.Error? err
function Rates:lookup(number, options) end
---@param number string|moonsip.Uri
---@param options { at: number? }?
---@return moonsip.RateRow[]?
---@return moonsip.Error? err
function Rates:cheapest(number, options) end
---@param source moonsip.RateSource?
---@return true?
---@return moonsip.Error? err
function Rates:reload(source) end
function Rates:close() end

---@class moonsip.GatewaySetOptions
---@field agent moonsip.Agent?  who probes
---@field probe moonsip.Duration|false|nil
---@field probe_timeout moonsip.Duration?
---@field down_after integer?
---@field up_after integer?
---@field hold moonsip.Duration?

---@class moonsip.GatewayOptions: moonsip.GatewaySetOptions
---@field name string?  in a list
---@field uri string|moonsip.Uri
---@field username string?
---@field password string?
---@field ha1 string?
---@field realm string?
---@field credentials moonsip.Credentials|moonsip.Credentials[]|nil
---@field headers moonsip.Headers?
---@field from string|moonsip.Uri|moonsip.Address|nil
---@field routes string|string[]|nil
---@field transport "udp"|"tcp"|nil
---@field sources string|string[]|nil
---@field priority integer?
---@field weight integer?
---@field cps integer|string|nil
---@field max_calls integer?

---@class moonsip.Gateway
---@field name string
---@field uri string
---@field up boolean
---@field state "up"|"down"|"draining"
---@field calls integer
---@field why moonsip.Error?
---@field since number  sip.now()
---@field attempts integer
---@field answered integer
---@field failures integer
---@field priority integer
---@field weight integer
---@field max_calls integer?
local Gateway = {}
---@return boolean
---@return moonsip.Error? why
function Gateway:available() end
function Gateway:drain() end
function Gateway:resume() end

---@class moonsip.Gateways  by name, and these
local Gateways = {}
---@param options { order: "listed"|"weighted"|"cost"|nil, rates: moonsip.Rates?, number: string|moonsip.Uri|nil, at: number?, limit: integer? }?
---@return moonsip.Gateway[]?
---@return moonsip.RateRow[]|moonsip.Error|nil
function Gateways:select(options) end
---@param event "up"|"down"|"draining"|"drained"
---@param fn fun(gateway: moonsip.Gateway, err: moonsip.Error?)
---@return moonsip.Gateways
function Gateways:on(event, fn) end
---@param event "up"|"down"|"draining"|"drained"
---@param fn function?
---@return moonsip.Gateways
function Gateways:off(event, fn) end
---@param req moonsip.Request
---@return moonsip.Gateway?
function Gateways:sender(req) end
function Gateways:close() end

---@class moonsip.GuardOptions
---@field per_ip string|false|nil
---@field per_user string|false|nil
---@field ban moonsip.Duration?
---@field scanners "drop"|string[]|false|nil
---@field allow string|string[]|nil
---@field deny string|string[]|nil
---@field overload { late: moonsip.Duration?, calm: moonsip.Duration? }|false|nil
---@field known moonsip.Duration?
---@field capacity integer?
---@field max_size integer?

---@class moonsip.Guard
---@field share number
local Guard = {}
---@param networks string|string[]
---@return true?
---@return moonsip.Error? err
function Guard:allow(networks) end
---@param networks string|string[]
---@return true?
---@return moonsip.Error? err
function Guard:deny(networks) end
---@param networks string|string[]
---@return integer?
---@return moonsip.Error? err
function Guard:forget(networks) end
---@param ip string
---@param span moonsip.Duration
---@return true?
---@return moonsip.Error? err
function Guard:ban(ip, span) end
---@param ip string
---@return true?
---@return moonsip.Error? err
function Guard:unban(ip) end
