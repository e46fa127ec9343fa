-- SPDX-License-Identifier: MIT
-- INFO inside a call: of an Info Package that the other side receives, or as it was before
-- there were any (RFC 6086 4).

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local info_package = require "moonsip.info_package"
local misuse = require "moonsip.misuse"
local plan = require "moonsip.plan"
local recv_info = require "moonsip.recv_info"
local wait = require "moonsip.wait"

local Info = {}

local info = {}

local none <const> = {}

--- Gives its verb to the class of calls, and what the other side receives.
---@param class table
---@param getters table
function info.mixin(class, getters)
  for name, method in pairs(Info) do class[name] = method end

  function getters:info_packages()
    local state = self.info_state
    local set = state and state.heard[self.number or 0]
    if not set then return nil end
    local list = {}
    for name in pairs(set) do list[#list + 1] = name end
    table.sort(list)
    return list
  end
end

-- ---- theirs

--- One of a package that we did not say we receive is refused (4.2.2).
---@param req moonsip.Request
---@param call moonsip.Call
---@return boolean taken
function info.refuse(req, call)
  local name = info_package.of(req.message)
  if not name or not call.agent.speaks_info or call.relay then return false end
  local said = recv_info.of(call).said or none
  if said[name] then return false end
  req:reply(469, { ["Recv-Info"] = recv_info.text(said) })
  return true
end

--- What the handlers of its package take, for the Accept of a 415 (4.2.2); nil for an INFO
--- that is of none, or whose handlers take anything.
---@param req moonsip.Request
---@return string?
function info.accepted_types(req)
  local name, call, found = info_package.of(req.message), req.dialog, {}
  if not name or not call or not call.is_call then return nil end
  for _, of in ipairs { call.handlers or none, call.agent_handlers } do
    for _, one in ipairs(of.lists and of.lists.INFO or none) do
      local filter = one.filter
      for _, each in ipairs(filter and filter.packages or none) do
        for _, kind in ipairs(each == name and filter.content_types or none) do
          found[kind] = true
        end
      end
    end
  end
  return next(found) and recv_info.text(found) or nil
end

-- ---- ours

--- Why none of a package may be sent now (4.2.1); nil when it may.
local function trouble(call, name)
  if call.state == "ended" then return call.why end
  if not call.number then return errors.new("invalid", "the call has no dialog yet") end
  local state = call.info_state
  local set = state and state.heard[call.number]
  if set and set[name] then return nil end
  return errors.new("rejected", ("the other side receives no INFO of the package %s "
    .. "(RFC 6086 4.2.1)"):format(name), { code = 469 })
end

local function refused(one, err) one:resolve(nil, err) end

local function add(made, name, value)
  made.headers = made.headers or {}
  table.insert(made.headers, name)
  table.insert(made.headers, value)
end

--- Sends an INFO and waits for its response: of a package, which must be one that the other
--- side receives, or of none when the first argument is the options.
---@param package string|table  "name", or "name;param=value"
---@param options { body: string?, content_type: string?, headers: table?, timeout: any }?
---@param callback fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err  rejected with code 469: that package is not received
function Info:info(package, options, callback)
  local verb <const> = "call:info"
  if type(package) == "table" then package, options, callback = nil, package, options end
  if type(options) == "function" then options, callback = nil, options end
  local made = plan.inside(verb, options, "INFO")
  if package ~= nil then
    misuse.text(verb, "package", package)
    if not core.header("Info-Package", package) then
      misuse.argument(verb, "package", "the name of an Info Package expected")
    end
    local err = trouble(self, info_package.name(package))
    if err then
      return wait.await(self.agent.context, verb, self, callback, refused, err)
    end
    add(made, "Info-Package", package)
    if made.body then add(made, "Content-Disposition", "Info-Package") end
  end
  return self:start_request(verb, "INFO", made):wait(callback)
end

return info
