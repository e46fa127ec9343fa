---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of lines: addresses of record that an agent registers.

---@class moonsip.LineOptions
---@field uri string|moonsip.Uri|moonsip.Address
---@field username string?
---@field password string?
---@field ha1 string?
---@field realm string?
---@field credentials moonsip.Credentials|moonsip.Credentials[]|nil
---@field registrar string|string[]|nil
---@field via string|string[]|nil
---@field expires moonsip.Duration?
---@field q number?
---@field instance string?
---@field gruu "public"|"temporary"|false|nil
---@field outbound boolean|string|string[]|nil
---@field keep_alive moonsip.Duration|false|nil
---@field headers moonsip.Headers?
---@field transport string?
---@field timeout moonsip.Duration?
---@field retry { first: moonsip.Duration?, other: moonsip.Duration?, most: moonsip.Duration?, refused: moonsip.Duration|false|nil }?

---@class moonsip.Line
---@field agent moonsip.Agent
---@field uri moonsip.Uri
---@field state "registering"|"registered"|"waiting"|"refused"|"closed"
---@field registered boolean
---@field closed boolean
---@field error moonsip.Error|false
---@field expires integer?
---@field retry_in number?
---@field contact string?
---@field service_route string?
---@field path string?
---@field flows { reg_id: integer?, state: string, registered: boolean, edge: string?, outbound: boolean, keep_alive: number?, error: moonsip.Error|false }[]
---@field gruu string?
---@field temp_gruu string?
local Line = {}
---@param what "registered"|"refreshed"|"failed"|"lost"|"unregistered"
---@param fn fun(line: moonsip.Line, what: moonsip.Response|moonsip.Error|nil)
---@return moonsip.Line
function Line:on(what, fn) end
---@param what string
---@param fn function?
---@return moonsip.Line
function Line:off(what, fn) end
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function Line:wait(fn) end
function Line:refresh() end
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function Line:unregister(fn) end
function Line:close() end
---@param method string
---@param target moonsip.Target
---@param options moonsip.RequestOptions?
---@return moonsip.Exchange
function Line:request(method, target, options) end
---@param target moonsip.Target
---@param options moonsip.CallOptions?
---@param fn fun(call: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Line:call(target, options, fn) end
---@param target moonsip.Target
---@param options moonsip.CallOptions?
---@return moonsip.Call
function Line:start_call(target, options) end
