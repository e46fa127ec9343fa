-- SPDX-License-Identifier: MIT
-- Header fields that name another dialog: Replaces (RFC 3891), Join (RFC 3911) and
-- Target-Dialog (RFC 4538). Who knows both tags of a dialog is one of its ends, or was told by
-- one.

local core = require "moonsip.core"

local replaces = {}

--- The ids of a call as the other side has them: a value of Replaces or Join.
---@param call moonsip.Call
---@return string?  nil before it has a dialog
function replaces.text(call)
  local info = call.number and call.agent.engine:dialog_info(call.number)
  if not info or info.remote_tag == "" then return nil end
  return ("%s;to-tag=%s;from-tag=%s"):format(info.call_id, info.remote_tag, info.local_tag)
end

--- The same as Target-Dialog says it (RFC 4538 7): as the sender has them.
function replaces.target_text(call)
  local info = call.number and call.agent.engine:dialog_info(call.number)
  if not info then return nil end
  return ("%s;local-tag=%s;remote-tag=%s"):format(info.call_id, info.remote_tag, info.local_tag)
end

local function find(agent, ids)
  local number = agent.engine:find_dialog(ids.call_id, ids.to_tag, ids.from_tag)
  local of = number and agent.dialogs[number]
  return of and of.is_call and of or nil
end

--- The call of ours that a value of Replaces names, as a Refer-To brings one.
---@param agent moonsip.Agent
---@param text string
---@return moonsip.Call?
function replaces.named(agent, text)
  local ids = core.header("Replaces", text)
  return ids and find(agent, ids)
end

--- The call that such a header of a request names.
---@param req moonsip.Request
---@param name "Replaces"|"Join"|"Target-Dialog"
---@return moonsip.Call?
---@return table? ids  what it says
function replaces.call_of(req, name)
  local message = req.message
  if not message.headers[name] then return nil end
  local ids = message:typed(name)
  if not ids then return nil end
  return find(req.agent, ids), ids
end

--- A header field of an extension that an agent does not support is ignored (RFC 3261 8.2.2).
local function counts(req, name)
  if not req.message.headers[name] then return false end
  for tag in req.agent.supported:gmatch "[^,%s]+" do
    if tag:lower() == name:lower() then return true end
  end
  return false
end

--- True for a call that is over, or whose BYE has no answer yet.
local function has_ended(engine, ids)
  local number = engine:find_dialog(ids.call_id, ids.to_tag, ids.from_tag)
  local info = number and engine:dialog_info(number)
  if info then return info.state == "terminated" end
  return engine:dialog_ended(ids.call_id, ids.to_tag, ids.from_tag)
end

--- What refuses an INVITE for its Replaces or Join (3; RFC 3911 4): a status, or nil. The call
--- is remembered in it.
---@param req moonsip.Request
---@return integer?
function replaces.trouble(req)
  local has_replaces, has_join = counts(req, "Replaces"), counts(req, "Join")
  if not has_replaces and not has_join or req.message.to.tag then return nil end
  if has_replaces and has_join then return 400 end
  local call, ids = replaces.call_of(req, has_replaces and "Replaces" or "Join")
  if not ids then return 400 end
  if not call then return has_ended(req.agent.engine, ids) and 603 or 481 end
  if has_join then return nil end -- early ones too
  local early = call.state ~= "connected"
  if ids.early_only and not early then return 486 end
  if early and call.direction == "in" then return 481 end
  req.replaced = call
  return nil
end

--- The INVITE was accepted: what it replaces ends, by BYE or CANCEL, and hears by whom.
---@param req moonsip.Request
function replaces.finish(req)
  local old = req.replaced
  if not old then return end
  req.replaced = nil
  if old.state == "ended" then return end
  old:fire("replaced", req.call)
  old:hangup()
end

return replaces
