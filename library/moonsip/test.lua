---@meta moonsip.test
-- SPDX-License-Identifier: MIT
--
-- Types of `require "moonsip.test"` (docs/test.md).

---@class moonsip.test
local test = {}

---@param options { seed: integer?, loss: number?, duplicate: number?, reorder: number?, delay: integer|integer[]|nil, mtu: integer?, keep: integer? }?
---@return moonsip.test.Network
function test.net(options) end

---@alias moonsip.test.Host string|moonsip.test.Script|moonsip.Agent|moonsip.test.Endpoint

---@class moonsip.test.Filter
---@field method string?
---@field code integer?
---@field class string?
---@field from moonsip.test.Host?
---@field to moonsip.test.Host?
---@field transport "udp"|"tcp"|nil
---@field call_id string?
---@field retransmissions boolean?
---@field lost boolean?

---@class moonsip.test.Record
---@field at integer  ms
---@field transport string
---@field from string
---@field to string
---@field bytes string
---@field lost string?
---@field again boolean

---@class moonsip.test.Network
---@field http moonsip.Http
local Network = {}

---@param path string
---@param address string|string[]
---@param args table?
---@return moonsip.test.Script
function Network:load(path, address, args) end

---@param uri string
---@param options table?
---@return moonsip.test.Caller
function Network:agent(uri, options) end

---@param address string
---@param name string?
---@return moonsip.test.Endpoint
function Network:endpoint(address, name) end

---@param address string
---@param fn fun(peer: moonsip.test.Peer)?
---@return { peers: moonsip.test.Peer[], port: integer }
function Network:server(address, fn) end

---@class moonsip.test.Peer
---@field received string
---@field unsent string
---@field ended string?
---@field on_data fun(peer: moonsip.test.Peer, bytes: string)?
---@field on_end fun(peer: moonsip.test.Peer, err: moonsip.Error?)?
local Peer = {}
---@param bytes string
function Peer:send(bytes) end
---@param is_held boolean
function Peer:hold(is_held) end
function Peer:close() end
function Peer:reset() end

---@param a moonsip.test.Host
---@param b moonsip.test.Host?
function Network:cut(a, b) end

---@param a moonsip.test.Host?
---@param b moonsip.test.Host?
function Network:heal(a, b) end

---@param a moonsip.test.Host
---@param b moonsip.test.Host
---@param options { loss: number?, duplicate: number?, reorder: number?, delay: integer|integer[]|nil, mtu: integer?, one_way: boolean? }
function Network:link(a, b, options) end

---@param fn (fun(bytes: string, from: string, to: string): any)?
function Network:drop(fn) end

---@param name string
---@param targets string|table|nil
function Network:dns(name, targets) end

---@param url string  "https://sms.example"
---@param routes table<string, moonsip.Route|string>
function Network:site(url, routes) end

---@param text string?  records as a zone file has them
function Network:zone(text) end

---@param uri string|moonsip.Uri
---@param options { transports: string[]? }?
---@param fn function?
---@return moonsip.ServerAddress[]?
---@return moonsip.Error? err
function Network:resolve(uri, options, fn) end

---@param number string
---@param options { service: string?, suffix: string? }?
---@param fn function?
---@return string[]?
---@return moonsip.Error? err
function Network:enum(number, options, fn) end

---@param span moonsip.Duration
function Network:advance(span) end

---@param limit moonsip.Duration?
---@return boolean? quiet
---@return moonsip.Error? err
function Network:settle(limit) end

---@param span moonsip.Duration
---@param fn function?
---@return boolean?
---@return moonsip.Error? err
function Network:sleep(span, fn) end

---@return number seconds
function Network:now() end

---@param filter moonsip.test.Filter?
---@return moonsip.test.Record[]
function Network:messages(filter) end

---@param filter moonsip.test.Filter?
---@return integer
function Network:count(filter) end

---@param options { filter: moonsip.test.Filter?, width: integer? }?
---@return string
function Network:ladder(options) end

---@return string
function Network:trace() end

---@return string
function Network:hash() end

---@return integer total
---@return table<string, integer> parts
function Network:live() end

function Network:close() end

---@class moonsip.test.Caller: moonsip.Agent
---@field aor string
---@field contact string
---@field username string?
---@field password string?
local Caller = {}

---@param what moonsip.Prompt
---@param options { within: moonsip.Duration?, likeness: number? }?
---@return number? at  seconds
---@return moonsip.Error? err
function Caller:hears(what, options) end
---@param digits string
---@param options table?
---@return true?
---@return moonsip.Error? err
function Caller:press(digits, options) end
---@param what moonsip.Prompt
---@return true?
---@return moonsip.Error? err
function Caller:says(what) end
---@return boolean done
function Caller:hangup() end

---@param server moonsip.test.Host|moonsip.LineOptions
---@param options { expires: moonsip.Duration? }?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Caller:register(server, options, fn) end

---@class moonsip.test.Script
---@field path string
---@field name string
---@field state "loading"|"running"|"ended"|"failed"|"down"
---@field output string[]
---@field log string[]
---@field sip moonsip.Sip
---@field err string?
local Script = {}

---@param pattern string
---@return boolean
function Script:printed(pattern) end
---@param grace moonsip.Duration?
function Script:stop(grace) end
function Script:kill() end
function Script:restart() end

---@class moonsip.test.Received
---@field bytes string
---@field from string
---@field at integer  ms

---@class moonsip.test.Endpoint
---@field address string
---@field ip string
---@field port integer
---@field transport "udp"|"tcp"|"tls"|"ws"|"wss"
---@field received moonsip.test.Received[]
---@field closed string?  why its last connection ended
---@field shakes_hands boolean?  false: handshakes of TLS and WebSocket stay half done
local Endpoint = {}

---@param bytes string
---@param to string?
---@return moonsip.test.Endpoint
function Endpoint:send(bytes, to) end

---@param to string
---@return moonsip.test.Endpoint
function Endpoint:connect(to) end

---@param is_held boolean
---@return moonsip.test.Endpoint
function Endpoint:hold(is_held) end

---@param what string|integer|moonsip.test.Filter|(fun(bytes: string, received: moonsip.test.Received): boolean)|nil
---@param within integer?  ms
---@return moonsip.test.Received?
---@return moonsip.Error? err
function Endpoint:expect(what, within) end

---@param received moonsip.test.Received
---@param status integer
---@param reason string
---@param headers string?
---@param body string?
---@return moonsip.test.Endpoint
function Endpoint:reply(received, status, reason, headers, body) end

function Endpoint:disconnect() end
function Endpoint:close() end

return test
