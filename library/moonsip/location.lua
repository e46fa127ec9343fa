---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of the location service.

---@class moonsip.LocationOptions
---@field store string|{ load: function, save: function, expired: function?, count: function?, close: function? }|nil
---@field max_contacts integer?
---@field when_full "refuse"|"replace"|nil
---@field expires { [1]: moonsip.Duration?, [2]: moonsip.Duration?, default: moonsip.Duration? }?
---@field path "supported"|"any"|nil
---@field service_route string|string[]|nil
---@field domain string?
---@field gruu boolean?
---@field flow_timer moonsip.Duration?
---@field secret string?
---@field known (fun(uri: moonsip.Uri): boolean)?

---@class moonsip.Location
---@field store string
local Location = {}
---@param req moonsip.Request
---@param options { headers: moonsip.Headers? }?
---@return true?
---@return moonsip.Error? err
function Location:save(req, options) end
---@param uri string|moonsip.Uri|moonsip.Address
---@return moonsip.Contact[]?
---@return moonsip.Error? err
function Location:lookup(uri) end
---@param uri string|moonsip.Uri|moonsip.Address
---@param contact string|moonsip.Contact|nil
---@return moonsip.Contact[]?
---@return moonsip.Error? err
function Location:remove(uri, contact) end
---@param what "registered"|"refreshed"|"removed"|"expired"
---@param fn fun(aor: moonsip.Uri, contact: moonsip.Contact)
---@return moonsip.Location
function Location:on(what, fn) end
---@param what string
---@param fn function?
---@return moonsip.Location
function Location:off(what, fn) end
---@return integer?
---@return moonsip.Error? err
function Location:count() end
function Location:close() end

---@class moonsip.Contact
---@field uri string
---@field q number
---@field expires integer
---@field path string[]?
---@field flow userdata?
---@field instance string?
---@field reg_id integer?
---@field params string?
---@field call_id string
---@field cseq integer
local Contact = {}
