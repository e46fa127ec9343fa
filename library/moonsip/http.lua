---@meta moonsip.http
-- SPDX-License-Identifier: MIT
--
-- Types of `require "moonsip.http"` (docs/http.md).

---@class moonsip.Http
---@field null lightuserdata
local http = {}

---@class moonsip.QuestionFields
---@field method string
---@field path string
---@field params table<string, string>
---@field query table<string, string>
---@field headers table<string, string>
---@field body string
---@field form table<string, string>
---@field json any
---@field remote string

---@alias moonsip.Route fun(q: moonsip.QuestionFields): ((integer|string|table)?, (string|table)?, table<string, string>?)

---@class moonsip.HttpResponseFields
---@field code integer
---@field headers table<string, string>
---@field body string
---@field json any

---@class moonsip.HttpServer
---@field ip string
---@field port integer
---@field secure boolean
local Server = {}
function Server:close() end

---@class moonsip.HttpServeOptions
---@field tls moonsip.TlsOptions?
---@field timeout moonsip.Duration?
---@field max_body integer?
---@field max_connections integer?

---@class moonsip.HttpAskOptions
---@field json any
---@field form table<string, string|number|boolean>?
---@field body string?
---@field headers table<string, string>?
---@field timeout moonsip.Duration?
---@field max_body integer?
---@field redirects integer?
---@field ca string?

---@param address string
---@param routes table<string, moonsip.Route|string>
---@param options moonsip.HttpServeOptions?
---@return moonsip.HttpServer?
---@return moonsip.Error? err
function http.serve(address, routes, options) end
---@param url string
---@param options moonsip.HttpAskOptions?
---@param fn fun(res: moonsip.HttpResponseFields?, err: moonsip.Error?)?
---@return moonsip.HttpResponseFields?
---@return moonsip.Error? err
function http.get(url, options, fn) end
---@param url string
---@param options moonsip.HttpAskOptions?
---@param fn fun(res: moonsip.HttpResponseFields?, err: moonsip.Error?)?
---@return moonsip.HttpResponseFields?
---@return moonsip.Error? err
function http.post(url, options, fn) end
---@param method string
---@param url string
---@param options moonsip.HttpAskOptions?
---@param fn fun(res: moonsip.HttpResponseFields?, err: moonsip.Error?)?
---@return moonsip.HttpResponseFields?
---@return moonsip.Error? err
function http.request(method, url, options, fn) end
---@return integer status
---@return string text
---@return table<string, string> fields
function http.metrics() end
---@param value any
---@return string
function http.encode(value) end
---@param text string
---@return any value
---@return moonsip.Error? err
function http.decode(text) end
---@generic T: table
---@param table T
---@return T
function http.list(table) end

return http
