---@meta moonsip.identity
-- SPDX-License-Identifier: MIT
--
-- Types of who calls whom: numbers, identities, and where a call has been.

---@class moonsip.NumbersOptions
---@field country string
---@field national string?
---@field international string?
---@field area string?
---@field length integer?
---@field short integer?

---@class moonsip.Numbers
local Numbers = {}
---@param number string|moonsip.Uri|moonsip.Address
---@return string?
---@return moonsip.Error? err
function Numbers:e164(number) end
---@param number string|moonsip.Uri|moonsip.Address
---@return string?
---@return moonsip.Error? err
function Numbers:dial(number) end
---@param a string|moonsip.Uri|moonsip.Address
---@param b string|moonsip.Uri|moonsip.Address
---@return boolean
function Numbers:equal(a, b) end

---@class moonsip.TrustOptions
---@field networks string|string[]|nil
---@field gateways moonsip.Gateways?

---@class moonsip.Trust
local Trust = {}
---@param who moonsip.Request|moonsip.Gateway|moonsip.Uri|string
---@return boolean
function Trust:has(who) end
---@param req moonsip.Request
---@return moonsip.Address[]?
---@return moonsip.Error? err
function Trust:identity(req) end
---@param req moonsip.Request
---@param allowed (string|moonsip.Uri)[]
---@return string
function Trust:prefer(req, allowed) end
---@param req moonsip.Request
---@param options { to: moonsip.Gateway|moonsip.Uri|string, asserted: string|string[]|nil }
---@return { trusted: boolean, headers: table, forward: table, from: string? }?
---@return moonsip.Error? err
function Trust:cross(req, options) end

---@class moonsip.Diversion
---@field total integer
---@field limit integer?
local Diversion = {}
---@param options { uri: string|moonsip.Uri, reason: string?, counter: integer?, limit: integer?, privacy: "full"|"name"|"uri"|"off"|nil, screen: "yes"|"no"|nil }
---@return moonsip.Diversion?
---@return moonsip.Error? err
function Diversion:add(options) end
---@param options { trusted: boolean? }?
---@return string[]?
function Diversion:values(options) end

---@class moonsip.History
local History = {}
---@param target string|moonsip.Uri
---@param options { rc: string|true|nil, mp: string|true|nil, np: string|true|nil, privacy: boolean? }?
---@return string? index
---@return moonsip.Error? err
function History:add(target, options) end
---@param index string
---@param outcome moonsip.Response|moonsip.Error|integer
function History:answered(index, outcome) end
---@param options { trusted: boolean? }?
---@return string[]
function History:values(options) end
