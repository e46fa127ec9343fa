-- SPDX-License-Identifier: MIT
-- sip.hunt: a group of phones behind one number. Who is free has his turn, in the group's
-- order; a member takes so many calls at once, from this group or from any other.
--
-- To an exchange a member is what a gateway is: it is asked for leave before an INVITE, and
-- gives a permit that goes back when the call is over.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local probe = require "moonsip.probe"
local target = require "moonsip.target"

---@class moonsip.HuntMember
---@field uri string
---@field calls integer      at once, now
---@field idle_since number  sip.now() of the end of its last call
---@field answered integer
---@field private hunt moonsip.Hunt
---@field private way table  as target.list has it
local Member = {}
Member.__index = Member
Member.__name = "moonsip.hunt_member"

---@class moonsip.Hunt
---@field members moonsip.HuntMember[]
---@field order string
---@field free integer       members that take a call now
---@field private context moonsip.Context
---@field private next integer  of "circular"
local Hunt = {}
Hunt.__name = "moonsip.hunt"

local hunt = {}

local max_members <const>, max_calls <const> = 64, 1000

local Permit = {}
Permit.__index = Permit

function Permit:release()
  local of = self.member
  if not of then return end
  self.member = nil
  of.calls = of.calls - 1
  of.idle_since = of.hunt.context:now() / 1000
end

local free_permit <const> = setmetatable({}, Permit)

local function is_free(member) return member.calls < member.hunt.max_calls end

---@package
function Member:claim(method)
  if method ~= "INVITE" then return free_permit end
  if not is_free(self) then
    return nil, errors.new("busy", ("%s has %d calls already"):format(self.uri, self.calls),
      { code = 486 })
  end
  self.calls = self.calls + 1
  return setmetatable({ member = self }, Permit)
end

--- Where an INVITE goes that is for it, as target.list has it.
---@package
function Member:target()
  local made = { gateway = self }
  for name, value in pairs(self.way) do made[name] = value end
  return made
end

-- What else an exchange tells a gateway.
function Member:heard() end
function Member:missed() end
function Member:seen_at() end
function Member:succeeded() self.answered = self.answered + 1 end

local orders = {}

function orders.listed(_, list) return list end

--- Behind the one that had the last call.
function orders.circular(self, list)
  local turned = {}
  for at = 1, #list do turned[at] = list[(self.next + at - 2) % #list + 1] end
  self.next = self.next % #self.members + 1
  return turned
end

function orders.longest_idle(_, list)
  table.sort(list, function(a, b)
    if a.idle_since ~= b.idle_since then return a.idle_since < b.idle_since end
    return a.place < b.place
  end)
  return list
end

function orders.random(self, list)
  for at = #list, 2, -1 do
    local other = math.floor(probe.chance(self.context) * at) + 1
    list[at], list[other] = list[other], list[at]
  end
  return list
end

orders.all = orders.listed

local getters <const> = {}

function getters:free()
  local count = 0
  for _, one in ipairs(self.members) do
    if is_free(one) then count = count + 1 end
  end
  return count
end

Hunt.__index = core.lookup(Hunt, getters)

local hunt_options <const> = { order = true, calls = true, each = true }

--- A group.
---@param context moonsip.Context
---@param members any[]   URIs, addresses, contacts, tables with `uri`
---@param options { order: string?, calls: integer?, each: any }?
---@return moonsip.Hunt
function hunt.new(context, members, options)
  misuse.check("sip.hunt", "members", members, "table")
  options = misuse.options("sip.hunt", options, hunt_options)
  local order = options.order or "listed"
  if not orders[order] then
    misuse.argument("sip.hunt", "order",
      "listed, circular, longest_idle, random or all expected")
  end
  local self = setmetatable({ context = context, order = order, members = {}, next = 1,
    each = options.each,
    max_calls = misuse.integer("sip.hunt", "calls", options.calls or 1, 1, max_calls) }, Hunt)
  local now = context:now() / 1000
  for _, one in ipairs(target.list("sip.hunt", members, {})) do
    if one.gateway then misuse.argument("sip.hunt", "members", "a gateway is none") end
    if #self.members >= max_members then
      misuse.argument("sip.hunt", "members", "too many")
    end
    local member = setmetatable({ hunt = self, uri = one.uri, way = one, calls = 0,
      answered = 0, idle_since = now, place = #self.members + 1 }, Member)
    table.insert(self.members, member)
  end
  return self
end

--- Who is free, in the order in which they have their turn now.
---@return moonsip.HuntMember[]
function Hunt:line()
  local list = {}
  for _, one in ipairs(self.members) do
    if is_free(one) then list[#list + 1] = one end
  end
  return orders[self.order](self, list)
end

--- Dials the group on behalf of a call: as call:dial with `hunt = true`, or with all at once
--- ("all"). `nil, err` of kind busy when nobody is free.
---@param call moonsip.Call
---@param options table?  of call:dial
---@param callback fun(leg: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Hunt:dial(call, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  local chosen = { hunt = true, each = self.each }
  for name, value in pairs(misuse.optional("hunt:dial", "options", options, "table") or {}) do
    chosen[name] = value
  end
  if self.order == "all" then chosen.mode = "parallel" end
  local line = self:line()
  if #line == 0 then
    local err = errors.new("busy", "everybody of the group has a call", { code = 486 })
    if callback then self.context.tasks:spawn(call, callback, nil, err) end
    return nil, err
  end
  return call:dial(line, chosen, callback)
end

hunt.Hunt, hunt.Member = Hunt, Member

return hunt
