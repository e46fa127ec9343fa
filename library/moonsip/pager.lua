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
