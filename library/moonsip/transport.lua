---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of how messages travel: TLS, and names as servers.

---@class moonsip.TlsPairOptions
---@field cert string  PEM file
---@field key string?  PEM file

---@class moonsip.TlsOptions
---@field [integer] moonsip.TlsPairOptions
---@field cert string?
---@field key string?
---@field ca string?
---@field crl string?
---@field verify boolean?
---@field clients "any"|"checked"|"required"|nil
---@field version "1.2"|"1.3"|nil
---@field ciphers string?
---@field reload "watch"|moonsip.Duration|nil

---@class moonsip.QueryOptions
---@field host string
---@field port integer?
---@field transport string?
---@field secure boolean

---@class moonsip.ServerAddress
---@field transport string?
---@field ip string
---@field port integer?
