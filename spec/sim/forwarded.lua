-- SPDX-License-Identifier: MIT
--
-- What holds of all that a proxy passes on, read from the wire alone (RFC 3261 16): requests
-- are those that came, with one hop less; each INVITE that it has taken up gets a final
-- response; no 2xx that reaches it is lost; CANCEL and ACK follow what they belong to.

local invariants <const> = require "spec.sim.invariants"

local forwarded <const> = {}

-- A 2xx that comes later may find the branch's transaction gone: Timer B, less the time that
-- messages take (17.1.1.2).
local SURE_MS <const> = 32000 - 4000

local function key_of(branch, method) return branch .. " " .. method end

-- From their users to the proxy, and from there on: what of a request nobody may change.
local function same(message)
  return table.concat({ tostring(message.from), tostring(message.to), message.call_id,
                        message.cseq, message.method, message.body }, "\n")
end

local Reader <const> = {}
Reader.__index = Reader

function Reader:is_proxy(address) return self.wire:host_of(address) == self.proxy end

-- ---- requests

local function check_copy(world, message, original)
  if same(message) ~= same(original) then
    world:fail("%s %s was changed on its way", message.method, message.branch)
  end
  if message.max_forwards ~= original.max_forwards - 1 then
    world:fail("%s %s has %d hops left of %d", message.method, message.branch,
      message.max_forwards, original.max_forwards)
  end
end

function Reader:asked(record, message)
  local world, branch = self.world, message.branch
  local key = key_of(branch, message.method)
  if not self:is_proxy(record.from) then
    self.originals[key] = message
    return
  end
  local vias = message.vias
  if #vias > 1 then
    local original = self.originals[key_of(vias[2].branch, message.method)]
    if not original then
      world:fail("%s %s came from nobody", message.method, branch)
    else
      check_copy(world, message, original)
    end
    if message.method == "INVITE" then self.invites[branch] = self.invites[branch] or record.at end
  elseif message.method == "CANCEL" then
    -- Not before its INVITE was heard of (9.1).
    if self.is_sure and not self.rang[branch] then
      world:fail("CANCEL %s came too soon", branch)
    end
  elseif message.method == "ACK" and self.is_sure and not self.refused[branch] then
    world:fail("ACK %s acknowledges nothing", branch)
  end
end

-- ---- responses

-- To the proxy, of those whom it asked.
function Reader:answered_proxy(record, message)
  local vias, code = message.vias, message.code
  if record.lost or message.cseq_method ~= "INVITE" then return end
  local branch = vias[1].branch
  local began = self.invites[branch]
  if not began then return end
  if code < 200 then self.rang[branch] = true end
  if code >= 300 then self.refused[branch] = true end
  if code // 100 == 2 and record.at - began < SURE_MS then
    table.insert(self.accepted, { branch = vias[2].branch, tag = message.to.tag })
  end
end

-- Of the proxy, to those who asked it.
function Reader:answered(record, message)
  if message.cseq_method ~= "INVITE" then return end
  local branch, code = message.branch, message.code
  local one = self.outcomes[branch]
  if not one then
    one = { tags = {}, to = record.to }
    self.outcomes[branch] = one
    self.order[#self.order + 1] = branch
  end
  if code >= 200 then one.final = one.final or code end
  if code // 100 == 2 then one.tags[message.to.tag] = true end
end

function Reader:read()
  for record, message in invariants.messages(self.world) do
    if message.method then
      self:asked(record, message)
    elseif self:is_proxy(record.from) then
      self:answered(record, message)
    elseif self:is_proxy(record.to) then
      self:answered_proxy(record, message)
    end
  end
end

-- ---- all of it

---@param world spec.sim.World
---@param proxy table  its host
function forwarded.check(world, proxy)
  local self = setmetatable({
    world = world, proxy = proxy, wire = world.net.wire,
    -- One that lost its power has lost promises with its memory, and copies of messages.
    is_sure = not world.powerless[proxy],
    originals = {},              -- [branch method] = request of a user
    invites = {},                -- [branch of ours] = when it was sent
    rang = {}, refused = {},     -- [branch of ours] = true
    accepted = {},               -- 2xx that came: the user's branch, and the tag
    outcomes = {}, order = {},   -- [branch of a user] = what went back
  }, Reader)
  self:read()
  if not self.is_sure then return end
  for _, branch in ipairs(self.order) do
    if not self.outcomes[branch].final then
      world:fail("INVITE %s was taken up and got no final response", branch)
    end
  end
  for _, one in ipairs(self.accepted) do
    local outcome = self.outcomes[one.branch]
    if not outcome or not outcome.tags[one.tag] then
      world:fail("a 2xx to INVITE %s was lost (tag %s)", one.branch, one.tag)
    end
  end
end

return forwarded
