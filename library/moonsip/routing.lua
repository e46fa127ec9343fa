---@meta moonsip.routing
-- SPDX-License-Identifier: MIT
--
-- Types of what routes calls: rates.

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
