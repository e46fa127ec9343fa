-- SPDX-License-Identifier: MIT
-- Recv-Info (RFC 6086 5): which Info Packages each side of a call is willing to receive. It
-- is said in INVITE and UPDATE and in their responses, and holds until it is said anew.
--
-- Ours are those of the agent's option `recv_info`, and those that handlers are for:
-- on("INFO", { package = "foo" }, fn). An agent that has neither does not speak of them at
-- all: INFO is then what it was before (2).

local info_package = require "moonsip.info_package"

---@class moonsip.RecvInfo  of a call
---@field said table<string, true>|false    what we said last
---@field before table<string, true>|false  what that goes back to when it is rejected (5.2.4)
---@field heard table<integer, table<string, true>>  what they said last, by dialog: a fork each

local recv_info = {}

local none <const> = {}

--- What a message says; nil when it says nothing.
local function of_message(message)
  if not message.headers["Recv-Info"] then return nil end
  local set = {}
  for _, value in ipairs(message:header_values "Recv-Info") do
    local name = info_package.name(value)
    if name then set[name] = true end
  end
  return set
end

--- A set as a value of the header: "", where there is none (5.2.2).
---@param set table<string, true>
---@return string
function recv_info.text(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ", ")
end

local function add(set, handlers)
  for _, one in ipairs(handlers and handlers.lists.INFO or none) do
    for _, name in ipairs(one.filter and one.filter.packages or none) do set[name] = true end
  end
  return set
end

--- True when one of some handlers is for a package.
---@param handlers moonsip.Handlers
---@return boolean
function recv_info.is_told(handlers) return next(add({}, handlers)) ~= nil end

--- True when something of an agent's is about packages.
---@param agent moonsip.Agent
---@return boolean
function recv_info.is_spoken(agent)
  return agent.recv_info ~= nil or recv_info.is_told(agent.handlers)
end

--- Those that we are willing to receive in a call.
local function ours(call)
  local set = {}
  for _, name in ipairs(call.agent.recv_info or none) do set[name] = true end
  return add(add(set, call.agent_handlers), call.handlers)
end

--- Where a call stands.
---@param call moonsip.Call
---@return moonsip.RecvInfo
function recv_info.of(call)
  if not call.info_state then call.info_state = { said = false, before = false, heard = {} } end
  return call.info_state
end

-- ---- what leaves

--- The set in a flat list of header fields; nil when the script gave none itself.
local function given_in(flat)
  for at = 1, #(flat or none), 2 do
    if flat[at]:lower() == "recv-info" then
      local set = {}
      for value in flat[at + 1]:gmatch "[^,]+" do
        local name = info_package.name(value)
        if name then set[name] = true end
      end
      return set
    end
  end
end

--- The header fields with our Recv-Info, and what it says; nil where it is another leg's to
--- say.
local function with_ours(call, flat)
  local set = given_in(flat)
  if set then return flat, set end
  if call.relay or call.joint then return flat, nil end
  set = ours(call)
  flat = flat and table.move(flat, 1, #flat, 1, {}) or {}
  flat[#flat + 1], flat[#flat + 2] = "Recv-Info", recv_info.text(set)
  return flat, set
end

--- An INVITE or UPDATE of ours is about to leave (5.2.3).
---@param exchange moonsip.Exchange
---@param flat string[]?  its header fields
---@return string[]?
function recv_info.ask(exchange, flat)
  local call, method = exchange.call, exchange.method
  if not call or method ~= "INVITE" and method ~= "UPDATE" then return flat end
  local set
  flat, set = with_ours(call, flat)
  if not set then return flat end
  local state = recv_info.of(call)
  if not exchange.says_info then
    exchange.says_info, state.before = true, state.said
  end
  state.said = set
  return flat
end

--- A response to it came, in or for a dialog.
---@param exchange moonsip.Exchange
---@param message table
---@param number integer
function recv_info.hear(exchange, message, number)
  local set = message.code < 300 and of_message(message)
  if not set then return end
  local heard = recv_info.of(exchange.call).heard
  if number == 0 then number = exchange.call.number or 0 end
  exchange.heard_info = exchange.heard_info or { number, heard[number] }
  heard[number] = set
end

--- It was rejected, or nobody answered: all is as it was before (5.2.4).
---@param exchange moonsip.Exchange
function recv_info.roll_back(exchange)
  local state, heard = recv_info.of(exchange.call), exchange.heard_info
  state.said = state.before
  if heard then state.heard[heard[1]] = heard[2] end
end

-- ---- what came

local carries <const> = { INVITE = true, UPDATE = true, PRACK = true }

--- The header fields of a response to a request that says what they receive (5.2.3).
---@param req moonsip.Request
---@param status integer
---@param flat string[]|string|nil  lines are of the core's own making
---@return string[]|string|nil
function recv_info.answer(req, status, flat)
  local message = req.message
  if status <= 100 or status >= 300 or not carries[message.method] or type(flat) == "string"
    or not message.headers["Recv-Info"] or not req.call then
    return flat
  end
  flat, req.says_info = with_ours(req.call, flat)
  return flat
end

--- It has left; what both said holds from now on, or no more.
---@param req moonsip.Request
---@param status integer
---@param number integer  the dialog that it made, or 0
function recv_info.answered(req, status, number)
  if not req.says_info or status <= 100 then return end
  local state, before = recv_info.of(req.call), req.info_before
  if number == 0 then number = req.call.number or 0 end
  if status < 300 then
    if not before then req.info_before = { state.said, state.heard[number], number } end
    state.said, state.heard[number] = req.says_info, of_message(req.message)
  elseif before then
    state.said, state.heard[before[3]] = before[1], before[2]
  end
end

return recv_info
