---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of what blocks elsewhere: threads, and databases in files.

---@class moonsip.Workers
---@field threads integer
---@field waiting integer
local Workers = {}
---@param fn function
---@param ... any
---@return any ...
function Workers:run(fn, ...) end
function Workers:close() end

---@class moonsip.Sqlite
---@field path string
local Sqlite = {}
---@param sql string
---@param ... nil|boolean|number|string
---@return table[]? rows
---@return integer|moonsip.Error changes_or_err
---@return integer? last_id
function Sqlite:query(sql, ...) end
---@param statements table[]
---@return table[][]?
---@return moonsip.Error? err
function Sqlite:transaction(statements) end
function Sqlite:close() end

---@class moonsip.Redis
---@field host string
---@field port integer
---@field db integer
local Redis = {}
---@param ... string|number
---@return string|integer|false|table|nil reply
---@return moonsip.Error? err
function Redis:command(...) end
function Redis:close() end
