---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of calls that belong together: legs, records, hunt groups, limits.

---@class moonsip.HeaderPolicyOptions  other names are header fields
---@field pass string|string[]|nil
---@field drop string|string[]|nil

---@class moonsip.DialOptions: moonsip.CallOptions
---@field mode "serial"|"parallel"|nil
---@field hunt boolean?
---@field each moonsip.Duration?
---@field recurse boolean|integer|nil
---@field early "relay"|"ring"|false|nil
---@field media "relay"|"direct"|"pass"|nil
---@field hide boolean?
---@field headers moonsip.HeaderPolicyOptions|moonsip.Headers|nil
---@field hold_music moonsip.Prompt?
---@field ringback boolean|string|nil

---@class moonsip.CallRecord
---@field call moonsip.Call
---@field leg moonsip.Call?
---@field direction "in"|"out"
---@field from moonsip.Address
---@field to moonsip.Address
---@field disposition "answered"|"busy"|"noanswer"|"cancelled"|"rejected"|"failed"
---@field began number
---@field rang number?
---@field answered number?
---@field ended number
---@field pdd number?
---@field seconds number
---@field billsec integer
---@field minutes number
---@field by "caller"|"callee"|"local"
---@field left moonsip.Call?
---@field code integer?
---@field reason string?
---@field why moonsip.Error?
---@field attempts { uri: string, gateway: string?, began: number, rang: number?, ended: number?, kind: string?, code: integer? }[]
---@field transfers { by: "caller"|"callee", to: string, at: number, code: integer }[]?
local CallRecord = {}
---@param fields table
---@return moonsip.CallRecord
function CallRecord:merge(fields) end

---@class moonsip.HuntOptions
---@field order "listed"|"circular"|"longest_idle"|"random"|"all"|nil
---@field calls integer?
---@field each moonsip.Duration?

---@class moonsip.Hunt
---@field members moonsip.HuntMember[]
---@field order string
---@field free integer
local Hunt = {}
---@param call moonsip.Call
---@param options moonsip.DialOptions?
---@param fn fun(leg: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call? leg
---@return moonsip.Error? err
function Hunt:dial(call, options, fn) end
---@return moonsip.HuntMember[]
function Hunt:line() end

---@class moonsip.HuntMember
---@field uri string
---@field calls integer
---@field answered integer
---@field idle_since number

---@class moonsip.CallLimit
---@field most integer
local CallLimit = {}
---@param key string
---@return moonsip.CallPlace?
---@return moonsip.Error? err
function CallLimit:take(key) end
---@param key string
---@return integer
function CallLimit:count(key) end

---@class moonsip.CallPlace
---@field key string
local CallPlace = {}
function CallPlace:release() end
