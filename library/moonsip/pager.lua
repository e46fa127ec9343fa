---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of instant messages, and of what waits for who is away.

---@class moonsip.MessageOptions: moonsip.RequestOptions
---@field expires moonsip.Duration?
---@field user string?

---@class moonsip.Pager  of agents
local Pager = {}
---@param target moonsip.Target
---@param text string
---@param options moonsip.MessageOptions?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Pager:message(target, text, options, fn) end
---@param target moonsip.Target
---@param options moonsip.RequestOptions?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Pager:options(target, options, fn) end

---@class moonsip.QueueOptions
---@field most integer?
---@field per_key integer?
---@field size integer?
---@field tries integer?
---@field expires moonsip.Duration?
---@field lease moonsip.Duration?
---@field retry moonsip.Duration[]?

---@class moonsip.Queue: moonsip.Observable
---@field store "memory"|"sqlite"
local Queue = {}
---@param key string|number
---@param message any
---@param options { expires: moonsip.Duration?, expires_at: number? }?
---@return true?
---@return moonsip.Error? err
function Queue:push(key, message, options) end
---@param key string|number
---@return fun(): any, fun(): true?, moonsip.Error?
function Queue:pending(key) end
---@param key string|number|nil
---@return integer?
---@return moonsip.Error? err
function Queue:count(key) end
function Queue:close() end
